//! How a shard reads its samples.

use std::ops::Range;

use super::layout::Layout;
use crate::buffer::Buffer;
use crate::dataset::{Dataset, Inputs, Targets};
use crate::kernels::sparse::SparseRows;
use crate::places::{Counting, Places};
use crate::rows::{Rows, SparseInput};
use crate::targets::TargetRows;

/// A shard's rows of the network's inputs.
#[derive(Clone, Copy)]
pub(crate) enum InputRows<'a> {
    /// Where they are, from this sample on.
    InPlace(Inputs<'a>, usize),
    /// Copied together, a list an input.
    Gathered(&'a [Buffer]),
    /// As their non-zero values; a network's only input.
    Sparse(SparseInput<'a>),
}

impl<'a> InputRows<'a> {
    pub(super) fn get(&self, index: usize, length: usize) -> &'a [f32] {
        match self {
            InputRows::InPlace(inputs, first) => {
                let tensor = inputs.get(index);
                &tensor.data()[first * tensor.sample_values()..][..length]
            }
            InputRows::Gathered(inputs) => &inputs[index][..length],
            // Its readers take it as it is: see `Layout::takes_sparse_input`.
            InputRows::Sparse(_) => &[],
        }
    }

    /// The rows, if they come as their non-zero values.
    pub(super) fn sparse(&self) -> Option<SparseInput<'a>> {
        match self {
            InputRows::Sparse(rows) => Some(*rows),
            _ => None,
        }
    }
}

/// A shard's rows of the values that are carried from the batch before.
#[derive(Clone, Copy, Default)]
pub(crate) struct CarriedRows<'a> {
    /// `[rows, …]` each; none where all are zero.
    values: &'a [Vec<f32>],
    rows: usize,
    /// The shard's first.
    first: usize,
    zeros: &'a [f32],
}

impl<'a> CarriedRows<'a> {
    /// Those from `first` on of a batch of so many samples.
    pub(super) fn new(
        layout: &'a Layout,
        values: &'a [Vec<f32>],
        rows: usize,
        first: usize,
    ) -> Self {
        CarriedRows {
            values,
            rows,
            first,
            zeros: &layout.zeros,
        }
    }

    /// Zeros for all.
    pub(super) fn zeros(layout: &'a Layout) -> Self {
        CarriedRows::new(layout, &[], 0, 0)
    }

    pub(super) fn get(&self, index: usize, length: usize) -> &'a [f32] {
        match self.values.get(index) {
            Some(values) => {
                let width = values.len() / self.rows;
                &values[self.first * width..][..length]
            }
            None => &self.zeros[..length],
        }
    }
}

/// Some samples of a data set.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) inputs: Inputs<'a>,
    /// Where the targets are; nothing where the outputs' gradients are given.
    pub(crate) targets: Option<&'a Dataset>,
    pub(crate) rows: Rows<'a>,
    /// How much the places of each output count, where not all do alike.
    pub(crate) places: &'a [Option<Places>],
    /// The input as its non-zero values, where the network wants it so and there is only one.
    pub(crate) sparse: Option<&'a SparseRows>,
    /// What is carried from the batch before, `[samples, …]` each; nothing where all is zero.
    pub(crate) carried: &'a [Vec<f32>],
}

impl<'a> Batch<'a> {
    /// Some samples of a data set, whose places count so.
    pub(crate) fn new(data: &'a Dataset, places: &'a [Option<Places>], rows: Rows<'a>) -> Self {
        Batch {
            inputs: data.into(),
            targets: Some(data),
            rows,
            places,
            sparse: None,
            carried: &[],
        }
    }

    /// All samples of some inputs, without targets.
    pub(crate) fn of_inputs(inputs: Inputs<'a>) -> Self {
        Batch {
            inputs,
            targets: None,
            rows: Rows::Contiguous(0, inputs.samples()),
            places: &[],
            sparse: None,
            carried: &[],
        }
    }

    pub(super) fn samples(&self) -> usize {
        self.rows.count()
    }

    fn places_of(&self, output: usize) -> Option<&'a Places> {
        self.places.get(output).and_then(Option::as_ref)
    }

    /// How many rows of an output, of so many a sample, are no padding.
    pub(crate) fn counted(&self, output: usize, rows: usize) -> usize {
        match self.places_of(output) {
            Some(places) => places.counted(self.rows, rows),
            None => self.samples() * rows,
        }
    }

    /// How much the places of an output count, of some samples of the batch.
    pub(crate) fn counting<'b>(
        &self,
        output: usize,
        samples: Range<usize>,
        room: &'b mut Vec<f32>,
    ) -> Counting<'b>
    where
        'a: 'b,
    {
        match self.places_of(output) {
            Some(places) => places.of(self.rows, samples, room),
            None => Counting::default(),
        }
    }

    /// Brings columns `columns` of an input together, of the batch's samples `samples`.
    fn gather(
        &self,
        input: usize,
        samples: Range<usize>,
        columns: Range<usize>,
        gathered: &mut Buffer,
    ) {
        gathered.resize(samples.len() * columns.len());
        let samples = samples.map(|sample| self.rows.index(sample));
        let tensor = self.inputs.get(input);
        tensor.copy_samples(samples, columns, gathered);
    }

    /// Some samples of the batch, as their non-zero values, where they are there so.
    pub(super) fn sparse(&self, samples: Range<usize>) -> Option<SparseInput<'a>> {
        Some(SparseInput::new(self.sparse?, self.rows, samples))
    }

    /// All inputs of a shard, where they are, or brought together.
    pub(super) fn inputs<'b>(
        &'b self,
        samples: Range<usize>,
        gathered: &'b mut Vec<Buffer>,
    ) -> InputRows<'b> {
        if let Some(sparse) = self.sparse(samples.clone()) {
            return InputRows::Sparse(sparse);
        }
        let inputs = self.inputs;
        match self.rows {
            Rows::Contiguous(start, _) => InputRows::InPlace(inputs, start + samples.start),
            Rows::Scattered(_) => {
                gathered.resize_with(inputs.count(), Buffer::default);
                for (input, gathered) in gathered.iter_mut().enumerate() {
                    let columns = 0..inputs.get(input).sample_values();
                    self.gather(input, samples.clone(), columns, gathered);
                }
                InputRows::Gathered(gathered)
            }
        }
    }

    /// Some columns of an input of some samples, which may come with the others.
    pub(super) fn input_columns<'b>(
        &'b self,
        input: usize,
        samples: Range<usize>,
        columns: Range<usize>,
        gathered: &'b mut Buffer,
    ) -> InputColumns<'b> {
        let sparse = self.sparse(samples.clone());
        let (values, columns) = match self.rows {
            _ if sparse.is_some() => (&[][..], columns),
            Rows::Contiguous(start, _) => {
                let tensor = self.inputs.get(input);
                let width = tensor.sample_values();
                let samples = (start + samples.start) * width..(start + samples.end) * width;
                (&tensor.data()[samples], 0..width)
            }
            Rows::Scattered(_) => {
                self.gather(input, samples, columns.clone(), gathered);
                (&gathered[..], columns)
            }
        };
        InputColumns {
            values,
            columns,
            sparse,
        }
    }
}

/// Some columns of the input of some samples.
pub(super) struct InputColumns<'a> {
    /// `[samples, columns.len()]`; empty where they come as their non-zero values, or where each
    /// shard has its own.
    pub(super) values: &'a [f32],
    pub(super) columns: Range<usize>,
    pub(super) sparse: Option<SparseInput<'a>>,
}

/// The targets of a shard, which is samples `range` of the batch, for an output of `units` values a
/// row, from those of `all` samples.
pub(super) fn gather_targets<'a>(
    targets: &'a Targets,
    all: usize,
    rows: Rows<'a>,
    range: Range<usize>,
    units: usize,
    gathered_labels: &'a mut Vec<u32>,
    gathered_values: &'a mut Vec<f32>,
) -> TargetRows<'a> {
    let (first, samples) = (range.start, range.len());
    match (targets, rows) {
        (Targets::Classes { labels, .. }, _) if targets.are_values_of(units) => {
            let each = targets.labels_each(all);
            let places = range.map(|sample| rows.index(sample) * each);
            let labels = places.flat_map(|first| &labels[first..first + each]);
            gathered_values.clear();
            gathered_values.extend(labels.map(|&label| label as f32));
            TargetRows::Values(gathered_values)
        }
        (Targets::Classes { labels, .. }, Rows::Contiguous(start, _)) => {
            let each = targets.labels_each(all);
            TargetRows::Classes(&labels[(start + first) * each..(start + range.end) * each])
        }
        (Targets::Values(values), Rows::Contiguous(start, _)) => {
            let width = values.sample_values();
            let range = (start + first) * width..(start + first + samples) * width;
            TargetRows::Values(&values.data()[range])
        }
        (Targets::Classes { labels, .. }, Rows::Scattered(indices)) => {
            let each = targets.labels_each(all);
            let indices = indices[range].iter();
            gathered_labels.clear();
            match each {
                1 => gathered_labels.extend(indices.map(|&index| labels[index])),
                _ => gathered_labels
                    .extend(indices.flat_map(|&index| &labels[index * each..(index + 1) * each])),
            }
            TargetRows::Classes(gathered_labels)
        }
        (Targets::Values(values), Rows::Scattered(indices)) => {
            let width = values.sample_values();
            let gathered = &mut gathered_values[..samples * width];
            let samples = indices[first..].iter().copied();
            values.copy_samples(samples, 0..width, gathered);
            TargetRows::Values(gathered)
        }
    }
}
