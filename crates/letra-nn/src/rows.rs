//! Which samples of a data set make up a batch, and their non-zero values.

use std::ops::Range;

use crate::kernels::sparse::{SparseRow, SparseRows};

/// Samples of a data set that make up a batch.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Neighbours, read where they are.
    Contiguous(usize, usize),
    /// Scattered, gathered first.
    Scattered(&'a [usize]),
}

impl Rows<'_> {
    pub(crate) fn count(&self) -> usize {
        match self {
            Rows::Contiguous(_, count) => *count,
            Rows::Scattered(indices) => indices.len(),
        }
    }

    /// Place in the data set of sample number `sample`.
    pub(crate) fn index(&self, sample: usize) -> usize {
        match self {
            Rows::Contiguous(start, _) => start + sample,
            Rows::Scattered(indices) => indices[sample],
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

/// Some samples of a batch, as their non-zero values.
#[derive(Clone, Copy)]
pub(crate) struct SparseInput<'a> {
    matrix: &'a SparseRows,
    rows: Rows<'a>,
    /// The first, and the one after the last.
    samples: (usize, usize),
}

impl<'a> SparseInput<'a> {
    /// Samples of a batch that comes so: the rows of `matrix` that `rows` says.
    pub(crate) fn new(matrix: &'a SparseRows, rows: Rows<'a>, samples: Range<usize>) -> Self {
        SparseInput {
            matrix,
            rows,
            samples: (samples.start, samples.end),
        }
    }

    /// The rows of an input that comes so.
    pub(crate) fn rows_of(input: Option<Self>) -> impl Iterator<Item = SparseRow<'a>> + Clone {
        let input = input.expect("an op for non-zero values meets no other batch");
        let samples = input.samples.0..input.samples.1;
        samples.map(move |sample| input.matrix.row(input.rows.index(sample)))
    }
}
