//! The gradient of the input of a convolution that goes in steps, which is also a transposed
//! convolution: a correlation without steps for each phase.

use super::FEWEST_CHANNELS;
use super::correlation::Correlation;
use crate::convolution::algorithm::parts;
use crate::convolution::product::Start;
use crate::convolution::{Geometry, Padding2};
use crate::simd::Instructions;

/// With stride s, a row of the input sees every s-th row of the kernel only, and which of them
/// repeats after s rows: those rows that see the same ones are a phase, and likewise for columns. A
/// phase is the correlation of the gradient at z with its part of the kernel, turned, without any zeros
/// between the cells (Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?").
#[derive(Clone, Debug)]
pub(in crate::convolution) struct Phases {
    geometry: Geometry,
    phases: Vec<Phase>,
    /// Whether some of the input sees no tap at all.
    has_blanks: bool,
}

#[derive(Clone, Debug)]
struct Phase {
    correlation: Correlation,
    /// Its first row and column of the input.
    first: [usize; 2],
    /// The kernel's first row and column that it sees.
    tap: [usize; 2],
}

/// A phase along one axis.
struct Axis {
    first: usize,
    taps: usize,
    positions: usize,
    /// Zeros before and after the gradient at z.
    padding: [usize; 2],
}

impl Phases {
    /// The plan, where the shape is one for it.
    pub(in crate::convolution) fn new(
        geometry: Geometry,
        instructions: Instructions,
    ) -> Option<Self> {
        let suits = geometry.groups == 1
            && geometry.dilation == [1, 1]
            && geometry.stride != [1, 1]
            && geometry.channels >= FEWEST_CHANNELS
            && geometry.output_len() > 0;
        if !suits {
            return None;
        }
        let [rows, columns] = [0, 1].map(|axis| {
            let phases = 0..geometry.stride[axis].min(geometry.kernel[axis]);
            let phases = phases.map(|phase| along(&geometry, axis, phase));
            phases.collect::<Option<Vec<Axis>>>()
        });
        let (rows, columns) = (rows?, columns?);
        let mut phases = Vec::new();
        for (row, down) in rows.iter().enumerate() {
            for (column, right) in columns.iter().enumerate() {
                if down.positions * right.positions == 0 {
                    continue;
                }
                let correlation = Geometry {
                    height: geometry.output_height(),
                    width: geometry.output_width(),
                    channels: geometry.filters,
                    filters: geometry.channels,
                    kernel: [down.taps, right.taps],
                    stride: [1, 1],
                    padding: Padding2::new(down.padding, right.padding),
                    ..geometry
                };
                phases.push(Phase {
                    correlation: Correlation::new(correlation, instructions),
                    first: [down.first, right.first],
                    tap: [row, column],
                });
            }
        }
        Some(Self {
            geometry,
            phases,
            has_blanks: (0..2).any(|axis| geometry.kernel[axis] < geometry.stride[axis]),
        })
    }

    /// Elements of what [`prepare`](Self::prepare) writes.
    pub(in crate::convolution) fn prepared_len(&self) -> usize {
        self.phases.iter().map(Phase::weights_len).sum()
    }

    /// The kernel `[rows, columns, channels, filters]` cut into those of the phases, each turned,
    /// `[taps, filters, channels]`, with the channels filled up to whole vectors.
    pub(in crate::convolution) fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        let Geometry {
            channels, filters, ..
        } = self.geometry;
        let [stride_down, stride_right] = self.geometry.stride;
        let mut rest = prepared;
        for phase in &self.phases {
            let weights;
            (weights, rest) = rest.split_at_mut(phase.weights_len());
            let [down, right] = phase.correlation.geometry.kernel;
            let wide = phase.correlation.filters;
            for (place, weights) in weights.chunks_exact_mut(filters * wide).enumerate() {
                let row = phase.tap[0] + (down - 1 - place / right) * stride_down;
                let column = phase.tap[1] + (right - 1 - place % right) * stride_right;
                let tap = (row * self.geometry.kernel[1] + column) * channels * filters;
                transpose(&kernel[tap..][..channels * filters], filters, weights, wide);
            }
        }
    }

    /// Elements of scratch space that [`input_gradient`](Self::input_gradient) wants.
    pub(in crate::convolution) fn scratch_len(&self) -> usize {
        self.lens().iter().sum()
    }

    /// Of the padded gradient, of a phase's map, and of a line.
    fn lens(&self) -> [usize; 3] {
        let most = |len: &dyn Fn(&Correlation) -> usize| {
            let phases = self.phases.iter();
            phases
                .map(|phase| len(&phase.correlation))
                .max()
                .unwrap_or(0)
        };
        [
            most(&|phase| phase.padded.len()),
            most(&|phase| phase.geometry.output_len()),
            most(&Correlation::line_len),
        ]
    }

    /// The gradient of one sample's input from that at z; `prepared` is what
    /// [`prepare`](Self::prepare) made of the kernel.
    pub(in crate::convolution) fn input_gradient(
        &self,
        prepared: &[f32],
        gradient: &[f32],
        input_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let [padded, map, line] = parts(self.lens(), scratch);
        if self.has_blanks {
            input_gradient.fill(0.0);
        }
        let Geometry {
            width, channels, ..
        } = self.geometry;
        let [down, right] = self.geometry.stride;
        let mut rest = prepared;
        for phase in &self.phases {
            let weights;
            (weights, rest) = rest.split_at(phase.weights_len());
            let correlation = &phase.correlation;
            let space = &mut padded[..correlation.padded.len()];
            let gradient = correlation.padded.pad(gradient, space);
            let map = &mut map[..correlation.geometry.output_len()];
            correlation.outputs(gradient, weights, Start::Zero, false, map, line);
            let columns = correlation.geometry.output_width();
            for (row, map) in map.chunks_exact(columns * channels).enumerate() {
                let start = (phase.first[0] + row * down) * width + phase.first[1];
                let cells = input_gradient[start * channels..].chunks_mut(right * channels);
                for (cell, values) in cells.zip(map.chunks_exact(channels)) {
                    cell[..channels].copy_from_slice(values);
                }
            }
        }
    }
}

impl Phase {
    fn weights_len(&self) -> usize {
        self.correlation.geometry.patch_len() * self.correlation.filters
    }
}

/// A phase along one axis, where it takes no cells away from the gradient at z.
fn along(geometry: &Geometry, axis: usize, phase: usize) -> Option<Axis> {
    let Padding2 { top, left, .. } = geometry.padding;
    let (before, size, outputs) = match axis {
        0 => (top, geometry.height, geometry.output_height()),
        _ => (left, geometry.width, geometry.output_width()),
    };
    let stride = geometry.stride[axis];
    let taps = (geometry.kernel[axis] - phase).div_ceil(stride);
    // Row y of the input sees row (y + before − tap) / stride of z.
    let first = (phase + stride - before % stride) % stride;
    let positions = size.saturating_sub(first).div_ceil(stride);
    let of_first = (first + before - phase) / stride;
    let zeros = (taps - 1).checked_sub(of_first)?;
    let seen = (positions + taps - 1).checked_sub(zeros)?;
    Some(Axis {
        first,
        taps,
        positions,
        padding: [zeros, seen.checked_sub(outputs)?],
    })
}

/// Writes `from`, rows of so many columns, as its transpose in rows of `wide` elements, filled up with
/// zeros.
fn transpose(from: &[f32], columns: usize, to: &mut [f32], wide: usize) {
    let rows = from.len() / columns;
    for (column, to) in to.chunks_exact_mut(wide).enumerate() {
        let (values, filling) = to.split_at_mut(rows);
        let from = from[column..].iter().step_by(columns);
        values
            .iter_mut()
            .zip(from)
            .for_each(|(to, from)| *to = *from);
        filling.fill(0.0);
    }
}
