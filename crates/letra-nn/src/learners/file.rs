//! Files of learners: safetensors, with what the tensors are in the metadata.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::de::DeserializeOwned;

use crate::Error;
use crate::network::write_whole;

/// Key of the description in the file's metadata.
const KEY: &str = "letra-learner";
/// Bytes of a file that is read, at most: sixteen gigabytes.
const MOST_BYTES: u64 = 1 << 34;

/// A tensor by its name: sizes and values.
pub(super) struct Entry<'a> {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) values: &'a [f32],
}

impl<'a> Entry<'a> {
    pub(super) fn new(name: impl Into<String>, shape: &[usize], values: &'a [f32]) -> Self {
        Entry {
            name: name.into(),
            shape: shape.to_vec(),
            values,
        }
    }
}

/// Writes a description and tensors to a file, which is there whole or not at all.
pub(super) fn write(
    path: &Path,
    description: &serde_json::Value,
    entries: &[Entry<'_>],
) -> Result<(), Error> {
    let failed = |error: safetensors::SafeTensorError| Error::file(path, error.to_string());
    let bytes: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| {
            entry
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        })
        .collect();
    let mut views = Vec::with_capacity(entries.len());
    for (entry, bytes) in entries.iter().zip(&bytes) {
        check_finite(path, &entry.name, entry.values)?;
        let view = TensorView::new(Dtype::F32, entry.shape.clone(), bytes).map_err(failed)?;
        views.push((entry.name.as_str(), view));
    }
    let metadata = HashMap::from([(KEY.to_owned(), description.to_string())]);
    let bytes = serialize(views, Some(metadata)).map_err(failed)?;
    write_whole(path, &bytes)
}

/// What a file holds.
pub(super) struct Contents<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    taken: usize,
}

impl<'a> Contents<'a> {
    pub(super) fn read(path: &'a Path) -> Result<Self, Error> {
        let io = |error| Error::io(path, error);
        // Before it is opened: a pipe would wait for a writer.
        let facts = fs::metadata(path).map_err(io)?;
        if !facts.is_file() || facts.len() > MOST_BYTES {
            return Err(Error::file(path, "not a file, or one of more than 16 GiB")
                .with_hint("choose a file that letra saved"));
        }
        let contents = Contents {
            path,
            bytes: fs::read(path).map_err(io)?,
            taken: 0,
        };
        contents.tensors().map(|_| ())?;
        Ok(contents)
    }

    fn damaged(&self, what: impl std::fmt::Display) -> Error {
        Error::file(
            self.path,
            format!("not a learner of letra's, or cut short ({what})"),
        )
        .with_hint("choose a file that letra saved, or copy it again")
    }

    fn tensors(&self) -> Result<SafeTensors<'_>, Error> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| self.damaged(error))
    }

    /// What the tensors are.
    pub(super) fn description<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let (_, metadata) =
            SafeTensors::read_metadata(&self.bytes).map_err(|error| self.damaged(error))?;
        let text = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(KEY));
        let text = text.ok_or_else(|| self.damaged("it describes none"))?;
        serde_json::from_str(text).map_err(|error| {
            Error::file(
                self.path,
                format!("its description cannot be read: {error}"),
            )
            .with_hint("use a matching version of letra")
        })
    }

    /// Reads the values of the tensor called `name` to where they belong.
    pub(super) fn take(
        &mut self,
        name: &str,
        shape: &[usize],
        values: &mut [f32],
    ) -> Result<(), Error> {
        self.check(name, shape)?;
        let tensors = self.tensors()?;
        let tensor = tensors.tensor(name).map_err(|error| self.damaged(error))?;
        for (value, bytes) in values.iter_mut().zip(tensor.data().as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
        }
        check_finite(self.path, name, values)?;
        self.taken += 1;
        Ok(())
    }

    /// Fails unless there is such a tensor, before there is memory for it.
    pub(super) fn check(&self, name: &str, shape: &[usize]) -> Result<(), Error> {
        let tensors = self.tensors()?;
        let tensor = tensors.tensor(name).map_err(|_| {
            Error::file(self.path, format!("tensor {name} is missing"))
                .with_hint("the file was not written whole: train anew")
        })?;
        match tensor.dtype() == Dtype::F32 && tensor.shape() == shape {
            true => Ok(()),
            false => Err(Error::file(
                self.path,
                format!(
                    "tensor {name} is {:?} {:?} where F32 {shape:?} is wanted",
                    tensor.dtype(),
                    tensor.shape()
                ),
            )
            .with_hint("choose a file that letra saved")),
        }
    }

    /// Refuses tensors that nobody asked for.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self.tensors()?.len() == self.taken {
            true => Ok(()),
            false => Err(self.damaged("it holds tensors that its description does not ask for")),
        }
    }
}

fn check_finite(path: &Path, name: &str, values: &[f32]) -> Result<(), Error> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(bad) => Err(Error::file(path, format!("tensor {name} holds {bad}"))
            .with_hint("the training had diverged: train again with a lower rate")),
    }
}
