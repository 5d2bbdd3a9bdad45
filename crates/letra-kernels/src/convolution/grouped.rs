//! Convolution in groups: each group of filters sees its own group of channels (Krizhevsky,
//! Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural networks",
//! section 3.2). The groups' channels are copied out and convolved one group after the other.

use super::algorithm::{Algorithm, Backward, Forward, parts};
use super::{Geometry, Pool};
use std::ops::Range;
use std::sync::Arc;

/// The algorithm for groups of several channels.
#[derive(Clone, Debug)]
pub(super) struct Grouped {
    groups: usize,
    /// The shape of one group.
    geometry: Geometry,
    /// Positions of one sample's output, after any pool.
    positions: usize,
    algorithm: Arc<dyn Algorithm>,
}

impl Grouped {
    /// The plan; `choose` finds the algorithm of one group.
    pub(super) fn new(
        geometry: Geometry,
        pool: Option<Pool>,
        choose: impl FnOnce(Geometry) -> Arc<dyn Algorithm>,
    ) -> Self {
        let groups = geometry.groups;
        let one = Geometry {
            channels: geometry.channels / groups,
            filters: geometry.filters / groups,
            groups: 1,
            ..geometry
        };
        Self {
            groups,
            geometry: one,
            positions: one.pooled_len(pool) / one.filters,
            algorithm: choose(one),
        }
    }

    /// Lengths of the parts of the scratch space: one group's input and its gradient, output and its
    /// gradient, the gradient of its kernel, and what its algorithm wants.
    fn lens(&self, samples: usize) -> [usize; 6] {
        let inputs = samples * self.geometry.input_len();
        let outputs = samples * self.positions * self.geometry.filters;
        let rest = self.algorithm.scratch_len(samples);
        let kernel = self.geometry.kernel_len();
        [inputs, inputs, outputs, outputs, kernel, rest]
    }

    /// One group's part of what [`prepare`](Algorithm::prepare) writes: its kernel, and what its
    /// algorithm made of that.
    fn prepared<'a>(&self, group: usize, prepared: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        let length = self.prepared_len() / self.groups;
        prepared[group * length..][..length].split_at(self.geometry.kernel_len())
    }

    /// One group's part of what is kept.
    fn kept(&self, group: usize, samples: usize) -> Range<usize> {
        let length = samples * self.algorithm.keep_len();
        group * length..(group + 1) * length
    }

    fn channels(&self, group: usize) -> Part {
        Part {
            columns: self.groups * self.geometry.channels,
            first: group * self.geometry.channels,
            count: self.geometry.channels,
        }
    }

    fn filters(&self, group: usize) -> Part {
        Part {
            columns: self.groups * self.geometry.filters,
            first: group * self.geometry.filters,
            count: self.geometry.filters,
        }
    }
}

/// Some columns of a matrix.
#[derive(Clone, Copy)]
struct Part {
    columns: usize,
    first: usize,
    count: usize,
}

impl Part {
    /// Copies them out.
    fn take(self, whole: &[f32], part: &mut [f32]) {
        let rows = whole.chunks_exact(self.columns);
        for (to, row) in part.chunks_exact_mut(self.count).zip(rows) {
            to.copy_from_slice(&row[self.first..][..self.count]);
        }
    }

    /// Copies them back.
    fn put(self, part: &[f32], whole: &mut [f32]) {
        let rows = whole.chunks_exact_mut(self.columns);
        for (from, row) in part.chunks_exact(self.count).zip(rows) {
            row[self.first..][..self.count].copy_from_slice(from);
        }
    }

    /// Adds to them.
    fn add(self, part: &[f32], whole: &mut [f32]) {
        let rows = whole.chunks_exact_mut(self.columns);
        for (from, row) in part.chunks_exact(self.count).zip(rows) {
            for (sum, value) in row[self.first..].iter_mut().zip(from) {
                *sum += value;
            }
        }
    }

    fn range(self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

impl Algorithm for Grouped {
    fn prepared_len(&self) -> usize {
        self.groups * (self.geometry.kernel_len() + self.algorithm.prepared_len())
    }

    fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        let length = self.prepared_len() / self.groups;
        for (group, prepared) in prepared.chunks_exact_mut(length).enumerate() {
            let (own, prepared) = prepared.split_at_mut(self.geometry.kernel_len());
            self.filters(group).take(kernel, own);
            self.algorithm.prepare(own, prepared);
        }
    }

    fn keep_len(&self) -> usize {
        self.groups * self.algorithm.keep_len()
    }

    fn scratch_len(&self, samples: usize) -> usize {
        self.lens(samples).iter().sum()
    }

    fn forward(&self, mut pass: Forward<'_>) {
        let [input, _, output, _, _, rest] = parts(self.lens(pass.samples), pass.scratch);
        for group in 0..self.groups {
            let (kernel, prepared) = self.prepared(group, pass.prepared);
            self.channels(group).take(pass.input, input);
            let keep = pass.keep.as_deref_mut();
            self.algorithm.forward(Forward {
                samples: pass.samples,
                input,
                kernel,
                prepared,
                bias: pass.bias.map(|bias| &bias[self.filters(group).range()]),
                output,
                keep: keep.map(|keep| &mut keep[self.kept(group, pass.samples)]),
                scratch: rest,
            });
            self.filters(group).put(output, pass.output);
        }
    }

    fn backward(&self, mut pass: Backward<'_>) {
        let [
            input,
            input_gradient,
            output,
            output_gradient,
            kernel_gradient,
            rest,
        ] = parts(self.lens(pass.samples), pass.scratch);
        for group in 0..self.groups {
            let (channels, filters) = (self.channels(group), self.filters(group));
            let (kernel, prepared) = self.prepared(group, pass.prepared);
            channels.take(pass.input, input);
            filters.take(pass.output, output);
            filters.take(pass.output_gradient, output_gradient);
            kernel_gradient.fill(0.0);
            let bias_gradient = pass.bias_gradient.as_deref_mut();
            let wanted = pass.input_gradient.is_some();
            let trained = pass.kernel_gradient.is_some();
            self.algorithm.backward(Backward {
                samples: pass.samples,
                input,
                kernel,
                prepared,
                output,
                output_gradient,
                keep: &pass.keep[self.kept(group, pass.samples)],
                input_gradient: wanted.then_some(&mut *input_gradient),
                kernel_gradient: trained.then_some(&mut *kernel_gradient),
                bias_gradient: bias_gradient.map(|bias| &mut bias[filters.range()]),
                scratch: rest,
            });
            if let Some(sums) = pass.kernel_gradient.as_deref_mut() {
                filters.add(kernel_gradient, sums);
            }
            filters.put(output_gradient, pass.output_gradient);
            if let Some(whole) = pass.input_gradient.as_deref_mut() {
                channels.put(input_gradient, whole);
            }
        }
    }
}
