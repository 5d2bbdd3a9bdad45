//! Which samples of a data set make up a batch, and how a shard reads them.

use super::pass::InputRows;
use crate::buffer::Buffer;
use crate::dataset::{Dataset, Inputs, Targets};
use crate::losses::TargetRows;

/// Samples of a data set that make up a batch.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Neighbours, read where they are.
    Contiguous(usize, usize),
    /// Scattered, gathered first.
    Scattered(&'a [usize]),
}

impl Rows<'_> {
    fn count(&self) -> usize {
        match self {
            Rows::Contiguous(_, count) => *count,
            Rows::Scattered(indices) => indices.len(),
        }
    }

    /// Indices in the data set.
    pub(crate) fn indices(&self) -> Vec<usize> {
        match self {
            Rows::Contiguous(start, count) => (*start..start + count).collect(),
            Rows::Scattered(indices) => indices.to_vec(),
        }
    }
}

/// Some samples of a data set.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) data: &'a Dataset,
    pub(crate) rows: Rows<'a>,
    /// A weight for each sample of the data set, where they differ.
    pub(crate) weights: Option<&'a [f32]>,
}

impl<'a> Batch<'a> {
    /// With the data's own weights.
    pub(crate) fn new(data: &'a Dataset, rows: Rows<'a>) -> Self {
        Batch {
            data,
            rows,
            weights: data.sample_weights.as_deref(),
        }
    }

    pub(super) fn samples(&self) -> usize {
        self.rows.count()
    }
}

/// Copies the inputs of a shard together, where they are scattered.
pub(super) fn gather_inputs(
    Batch { data, rows, .. }: Batch<'_>,
    first: usize,
    samples: usize,
    gathered: &mut Vec<Buffer>,
) {
    if let Rows::Scattered(indices) = rows {
        let inputs = Inputs::from(data);
        gathered.resize_with(inputs.count(), Buffer::default);
        for (number, gathered) in gathered.iter_mut().enumerate() {
            let tensor = inputs.get(number);
            gathered.resize(samples * tensor.sample_values());
            tensor.copy_samples(&indices[first..], gathered);
        }
    }
}

/// The inputs of a shard, where they are or where they were gathered.
pub(super) fn inputs<'a>(
    Batch { data, rows, .. }: Batch<'a>,
    first: usize,
    gathered: &'a [Buffer],
) -> InputRows<'a> {
    match rows {
        Rows::Contiguous(start, _) => InputRows::InPlace(data.into(), start + first),
        Rows::Scattered(_) => InputRows::Gathered(gathered),
    }
}

/// The targets of a shard for one output.
pub(super) fn gather_targets<'a>(
    targets: &'a Targets,
    rows: Rows<'a>,
    first: usize,
    samples: usize,
    gathered_labels: &'a mut [u32],
    gathered_values: &'a mut [f32],
) -> TargetRows<'a> {
    match (targets, rows) {
        (Targets::Classes { labels, .. }, Rows::Contiguous(start, _)) => {
            TargetRows::Classes(&labels[start + first..start + first + samples])
        }
        (Targets::Values(values), Rows::Contiguous(start, _)) => {
            let width = values.sample_values();
            let range = (start + first) * width..(start + first + samples) * width;
            TargetRows::Values(&values.data()[range])
        }
        (Targets::Classes { labels, .. }, Rows::Scattered(indices)) => {
            let gathered = &mut gathered_labels[..samples];
            for (label, &index) in gathered.iter_mut().zip(&indices[first..]) {
                *label = labels[index];
            }
            TargetRows::Classes(gathered)
        }
        (Targets::Values(values), Rows::Scattered(indices)) => {
            let width = values.sample_values();
            let gathered = &mut gathered_values[..samples * width];
            values.copy_samples(&indices[first..], gathered);
            TargetRows::Values(gathered)
        }
    }
}

pub(super) fn gather_weights<'a>(
    Batch { rows, weights, .. }: Batch<'a>,
    first: usize,
    samples: usize,
    gathered: &'a mut [f32],
) -> Option<&'a [f32]> {
    let weights = weights?;
    Some(match rows {
        Rows::Contiguous(start, _) => &weights[start + first..start + first + samples],
        Rows::Scattered(indices) => {
            let gathered = &mut gathered[..samples];
            for (weight, &index) in gathered.iter_mut().zip(&indices[first..]) {
                *weight = weights[index];
            }
            gathered
        }
    })
}
