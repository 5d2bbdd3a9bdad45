//! The dense layer on inputs that are mostly zero, as pictures of ink on paper are.
//!
//! Zeros are skipped, so an infinite or undefined weight that meets only zeros leaves no trace
//! where 0 · ∞ would have given NaN; otherwise results agree with [`super::dense`] within
//! rounding.

use std::ops::Range;

/// Where the values other than zero of a shard's input lie, kept in memory the caller lends.
#[derive(Clone, Copy, Debug)]
pub struct SparseRows<'a> {
    samples: usize,
    inputs: usize,
    starts: &'a [u32],
    columns: &'a [u32],
}

impl<'a> SparseRows<'a> {
    /// Words of memory that [`SparseRows::build`] wants.
    pub fn scratch_len(samples: usize, inputs: usize) -> usize {
        samples + 2 + samples * inputs
    }

    /// Notes in `scratch` where `input` [samples, inputs] is not zero; `None` where more than
    /// `limit` (a fraction) of it is not, for then the dense kernels are faster.
    pub fn build(
        samples: usize,
        inputs: usize,
        input: &[f32],
        scratch: &'a mut [u32],
        limit: f32,
    ) -> Option<SparseRows<'a>> {
        assert_eq!(
            input.len(),
            samples * inputs,
            "input is not samples × inputs"
        );
        let (head, columns) = scratch.split_at_mut(samples + 2);
        let mut count = 0;
        for sample in 0..samples {
            for column in 0..inputs {
                if input[sample * inputs + column] != 0.0 {
                    columns[count] = column as u32;
                    count += 1;
                }
            }
            head[sample + 2] = count as u32;
        }
        head[0] = u32::from(count as f32 <= limit * (samples * inputs) as f32);
        head[1] = 0;
        SparseRows::open(samples, inputs, scratch)
    }

    /// What an earlier [`SparseRows::build`] of the same shape left in `scratch`; a forward pass
    /// builds, the backward pass opens.
    pub fn open(samples: usize, inputs: usize, scratch: &'a [u32]) -> Option<SparseRows<'a>> {
        let (head, columns) = scratch.split_at(samples + 2);
        (head[0] == 1).then_some(SparseRows {
            samples,
            inputs,
            starts: &head[1..],
            columns,
        })
    }

    fn row(&self, sample: usize) -> &'a [u32] {
        &self.columns[self.starts[sample] as usize..self.starts[sample + 1] as usize]
    }
}

/// output = input · kernel + bias; shapes as in [`super::dense::forward`].
pub fn forward(
    rows: &SparseRows<'_>,
    units: usize,
    input: &[f32],
    kernel: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    for sample in 0..rows.samples {
        let output = &mut output[sample * units..][..units];
        match bias {
            Some(bias) => output.copy_from_slice(bias),
            None => output.fill(0.0),
        }
        for &column in rows.row(sample) {
            let column = column as usize;
            let value = input[sample * rows.inputs + column];
            let weights = &kernel[column * units..][..units];
            for (sum, weight) in output.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
}

/// Adds the rows `range` of inputᵀ · delta to `kernel_gradient` [range.len(), units].
pub fn kernel_gradient(
    rows: &SparseRows<'_>,
    units: usize,
    range: Range<usize>,
    input: &[f32],
    delta: &[f32],
    kernel_gradient: &mut [f32],
) {
    for sample in 0..rows.samples {
        let delta = &delta[sample * units..][..units];
        for &column in rows.row(sample) {
            let column = column as usize;
            if range.contains(&column) {
                let value = input[sample * rows.inputs + column];
                let gradient = &mut kernel_gradient[(column - range.start) * units..][..units];
                for (sum, delta) in gradient.iter_mut().zip(delta) {
                    *sum += value * delta;
                }
            }
        }
    }
}
