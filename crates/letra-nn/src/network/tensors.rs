//! Files of tensors. Nothing is read that is not asked for, and no memory is taken for what the file
//! does not hold.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use half::f16;
use safetensors::tensor::{Dtype, Metadata};

use super::States;
use super::file::{CARRIED, FORMAT, Header, KEY, STATE, check_finite};
use crate::Error;
use crate::graph::{OpGraph, WeightSpecification};

/// Length of a safetensors header, at most: what is read of it takes some fifteen times as much
/// memory where it lists tensors without values.
pub(super) const MOST_HEADER: u64 = 16 << 20;

/// A safetensors file whose header is read and whose length is right.
pub(super) struct TensorFile<'a, R> {
    pub(super) path: &'a Path,
    file: R,
    metadata: Metadata,
    /// Where the tensors begin.
    start: u64,
}

impl<'a> TensorFile<'a, File> {
    pub(super) fn open(path: &'a Path) -> Result<Self, Error> {
        let io = |error| Error::io(path, error);
        // Before it is opened: a pipe would wait for a writer.
        let facts = std::fs::metadata(path).map_err(io)?;
        if !facts.is_file() {
            return Err(Error::file(path, "not a file").with_hint("choose a file that letra saved"));
        }
        Self::new(path, File::open(path).map_err(io)?, facts.len())
    }
}

impl<'a, R: Read + Seek> TensorFile<'a, R> {
    pub(super) fn new(path: &'a Path, mut file: R, bytes: u64) -> Result<Self, Error> {
        let io = |error| Error::io(path, error);
        let damaged = |what: &str| {
            Error::file(path, format!("not a letra model, or cut short ({what})"))
                .with_hint("copy it again or train anew")
        };
        let mut length = [0; 8];
        if bytes < 8 {
            return Err(damaged("it has no header"));
        }
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > bytes - 8 {
            return Err(damaged("its header does not end"));
        }
        if length > MOST_HEADER {
            return Err(damaged("its header has more than 16 MiB"));
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text).map_err(io)?;
        let metadata: Metadata =
            serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))?;
        let start = 8 + length;
        if metadata.data_len() as u64 != bytes - start {
            return Err(damaged("its length is not that of its tensors"));
        }
        Ok(TensorFile {
            path,
            file,
            metadata,
            start,
        })
    }

    pub(super) fn header(&self) -> Result<Header, Error> {
        let entries = self.metadata.metadata().as_ref();
        let text = entries
            .and_then(|entries| entries.get(KEY))
            .ok_or_else(|| {
                Error::file(self.path, "a safetensors file without letra's architecture")
                    .with_hint("choose a file that letra saved")
            })?;
        let header: Header = serde_json::from_str(text).map_err(|error| {
            Error::file(
                self.path,
                format!("its architecture cannot be read: {error}"),
            )
        })?;
        if !(1..=FORMAT).contains(&header.format) {
            return Err(Error::file(
                self.path,
                format!(
                    "written in format {}, but this version of letra reads formats up to {FORMAT}",
                    header.format
                ),
            )
            .with_hint("use a matching version"));
        }
        Ok(header)
    }

    /// Checks that the file holds the parameters of a graph with each of these prefixes, perhaps what it
    /// carries on, and nothing else.
    pub(super) fn check(&self, ops: &OpGraph, prefixes: &[String]) -> Result<(), Error> {
        let specifications = &ops.weights;
        let mut bytes = self.check_carried(ops)?;
        for prefix in prefixes {
            let all = !prefix.starts_with(STATE);
            for specification in specifications.iter().filter(|known| all || !known.state) {
                let name = format!("{prefix}{}", specification.name);
                let info = self.metadata.info(&name).ok_or_else(|| {
                    let message =
                        format!("tensor {name} is missing: the file was not written whole");
                    Error::file(self.path, message)
                })?;
                if !matches!(info.dtype, Dtype::F32 | Dtype::F16)
                    || info.shape != specification.shape
                {
                    let message = format!(
                        "tensor {name} is {:?} {:?} where the architecture asks for F32 {:?}",
                        info.dtype, info.shape, specification.shape
                    );
                    return Err(Error::file(self.path, message));
                }
                bytes += info.data_offsets.1 - info.data_offsets.0;
            }
        }
        match bytes == self.metadata.data_len() {
            true => Ok(()),
            false => Err(Error::file(
                self.path,
                "it holds tensors that its architecture does not ask for",
            )
            .with_hint("choose a file that letra saved")),
        }
    }

    /// Bytes of what the graph carries on: all of it, of one number of samples, or nothing.
    fn check_carried(&self, ops: &OpGraph) -> Result<usize, Error> {
        let found = |name: &str| self.metadata.info(&format!("{CARRIED}{name}"));
        let carried = ops.carried.iter();
        let Some(samples) = self.carried_samples(ops) else {
            return Ok(0);
        };
        let mut bytes = 0;
        for known in carried {
            let shape = [&[samples], ops.shapes[known.first].sizes()].concat();
            match found(&known.name) {
                Some(info) if samples > 0 && info.dtype == Dtype::F32 && info.shape == shape => {
                    bytes += info.data_offsets.1 - info.data_offsets.0;
                }
                _ => {
                    return Err(Error::file(
                        self.path,
                        format!("state {} is missing, or is not F32 {shape:?}", known.name),
                    )
                    .with_hint("choose a file that letra saved"));
                }
            }
        }
        Ok(bytes)
    }

    /// Samples of what the graph carries on, where the file has it.
    fn carried_samples(&self, ops: &OpGraph) -> Option<usize> {
        let mut carried = ops.carried.iter();
        let info =
            carried.find_map(|known| self.metadata.info(&format!("{CARRIED}{}", known.name)));
        info.map(|info| info.shape.first().copied().unwrap_or(0))
    }

    /// What the graph carries on, which [`TensorFile::check`] has seen; zeros where the file has nothing.
    pub(super) fn states(&mut self, ops: &OpGraph) -> Result<States, Error> {
        let mut states = States::default();
        let Some(samples) = self.carried_samples(ops) else {
            return Ok(states);
        };
        states.reset_to(ops, samples);
        for (known, values) in ops.carried.iter().zip(states.values_mut()) {
            self.read(&format!("{CARRIED}{}", known.name), values)?;
        }
        Ok(states)
    }

    /// Reads the tensors with this prefix, which [`TensorFile::check`] has seen.
    pub(super) fn fill<'b>(
        &mut self,
        specifications: impl Iterator<Item = &'b WeightSpecification>,
        prefix: &str,
        values: &mut [f32],
    ) -> Result<(), Error> {
        for specification in specifications {
            let name = format!("{prefix}{}", specification.name);
            self.read(&name, &mut values[specification.range()])?;
        }
        Ok(())
    }

    /// Reads a tensor that [`TensorFile::check`] has seen.
    fn read(&mut self, name: &str, values: &mut [f32]) -> Result<(), Error> {
        let info = self.metadata.info(name).expect("check came first");
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        self.file
            .seek(SeekFrom::Start(self.start + start as u64))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|error| Error::io(self.path, error))?;
        match info.dtype {
            Dtype::F16 => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f16::from_le_bytes(*bytes).to_f32();
                }
            }
            _ => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
        }
        check_finite(name, values).map_err(|error| Error::file(self.path, error))
    }
}
