//! Depthwise convolution: each filter sees one channel, so there is no sum over channels to make
//! a matrix product of (Howard et al. 2017, "MobileNets: efficient convolutional neural networks
//! for mobile vision applications", section 3.1). The lanes of a vector are channels; some
//! positions of the output are summed in registers together, so that a weight that was loaded
//! serves them all.
//!
//! Where a channel has several filters, the picture is laid out with the channel repeated: then
//! each filter has a channel of its own. Cells are filled up to whole vectors.

mod cells;
mod sums;

use super::algorithm::{Algorithm, Backward, Forward, parts};
use super::tail::Tail;
use super::vector::add_filled_up;
use super::{Geometry, Pool};
use crate::simd::Instructions;
use cells::Cells;
use sums::{KernelGradient, Outputs};

/// The algorithm for as many groups as channels.
#[derive(Clone, Debug)]
pub(super) struct Depthwise {
    geometry: Geometry,
    relu: bool,
    tail: Tail,
    /// Filters a channel.
    multiplier: usize,
    /// Filters rounded up to whole vectors.
    cell: usize,
    forward: Sweep,
    /// The sweep with the turned kernel over δ that gives the gradient of the input.
    turned: Sweep,
    /// Where each position of the output lies in δ as laid out.
    delta_positions: Vec<u32>,
    instructions: Instructions,
}

/// A kernel's way over a picture that was laid out.
#[derive(Clone, Debug)]
struct Sweep {
    cells: Cells,
    /// Where the taps of a position lie, from its first tap on.
    taps: Vec<u32>,
    /// Where the first taps of all positions lie.
    positions: Vec<u32>,
}

impl Sweep {
    fn new(
        cells: Cells,
        [rows, columns]: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> Self {
        Self {
            taps: cells.places(kernel, dilation),
            positions: cells.places([rows, columns], stride),
            cells,
        }
    }
}

impl Depthwise {
    /// The plan, if every channel is a group, and no padding is larger than the kernel's reach.
    pub(super) fn new(
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
        instructions: Instructions,
    ) -> Option<Self> {
        let Geometry {
            height,
            width,
            channels,
            filters,
            kernel,
            stride,
            padding,
            dilation,
            groups,
        } = geometry;
        if groups != channels || filters % channels != 0 {
            return None;
        }
        let cell = filters.next_multiple_of(instructions.lanes());
        let positions = [geometry.output_height(), geometry.output_width()];
        let cells = Cells {
            sizes: [height, width],
            padding,
            step: [1, 1],
            channels,
            times: filters / channels,
            cell,
        };
        let delta = Cells {
            sizes: positions,
            padding: geometry.turned_padding()?,
            step: stride,
            channels: filters,
            times: 1,
            cell,
        };
        Some(Self {
            geometry,
            relu,
            tail: Tail::new(&geometry, relu, pool),
            multiplier: filters / channels,
            cell,
            forward: Sweep::new(cells, positions, kernel, stride, dilation),
            turned: Sweep::new(delta, [height, width], kernel, [1, 1], dilation),
            delta_positions: delta.inner_places(),
            instructions,
        })
    }

    fn weights_len(&self) -> usize {
        self.geometry.kernel[0] * self.geometry.kernel[1] * self.cell
    }

    /// Lengths of the parts of the scratch space: for the picture and δ as laid out, a map before the
    /// pool, the bias, the gradient of the weights, and that of the input by each of a channel's
    /// filters.
    fn lens(&self) -> [usize; 6] {
        let shares = match self.multiplier {
            1 => 0,
            multiplier => self.geometry.input_len() * multiplier,
        };
        [
            self.forward.cells.space(),
            self.turned.cells.space(),
            self.tail.map_len(1),
            self.cell,
            self.weights_len(),
            shares,
        ]
    }

    /// The gradient of one sample's input.
    fn input_gradient(
        &self,
        prepared: &[f32],
        delta: &[f32],
        shares: &mut [f32],
        input_gradient: &mut [f32],
    ) {
        let direct = self.multiplier == 1;
        self.instructions.dispatch(Outputs {
            picture: delta,
            weights: &prepared[self.weights_len()..],
            start: None,
            relu: false,
            taps: &self.turned.taps,
            positions: &self.turned.positions,
            cell: self.cell,
            filters: self.geometry.filters,
            output: if direct {
                &mut *input_gradient
            } else {
                &mut *shares
            },
        });
        if !direct {
            let shares = shares.chunks_exact(self.multiplier);
            for (gradient, shares) in input_gradient.iter_mut().zip(shares) {
                *gradient = shares.iter().sum();
            }
        }
    }
}

impl Algorithm for Depthwise {
    fn prepared_len(&self) -> usize {
        2 * self.weights_len()
    }

    /// The weights, and after them, for the turned kernel, in reverse; the filters filled up to
    /// whole vectors.
    fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        let filters = self.geometry.filters;
        let (forward, turned) = prepared.split_at_mut(self.weights_len());
        let fill = |to: &mut [f32], from: &[f32]| {
            to[..filters].copy_from_slice(from);
            to[filters..].fill(0.0);
        };
        let taps = kernel.chunks_exact(filters);
        for (to, from) in forward.chunks_exact_mut(self.cell).zip(taps.clone()) {
            fill(to, from);
        }
        for (to, from) in turned.chunks_exact_mut(self.cell).zip(taps.rev()) {
            fill(to, from);
        }
    }

    fn keep_len(&self) -> usize {
        self.tail.keep_len()
    }

    fn scratch_len(&self, _: usize) -> usize {
        self.lens().iter().sum()
    }

    fn forward(&self, pass: Forward<'_>) {
        let [picture, _, map, start, ..] = parts(self.lens(), pass.scratch);
        let start = pass.bias.map(|bias| {
            start.fill(0.0);
            start[..bias.len()].copy_from_slice(bias);
            &*start
        });
        let convolve = |input: &[f32], output: &mut [f32]| {
            self.instructions.dispatch(Outputs {
                picture: self.forward.cells.lay(input, picture),
                weights: &pass.prepared[..self.weights_len()],
                start,
                relu: self.relu,
                taps: &self.forward.taps,
                positions: &self.forward.positions,
                cell: self.cell,
                filters: self.geometry.filters,
                output,
            });
        };
        self.tail
            .forward_each(pass.input, pass.output, pass.keep, map, convolve);
    }

    fn backward(&self, mut pass: Backward<'_>) {
        let scratch = std::mem::take(&mut pass.scratch);
        let [picture, laid_delta, map, _, weights, shares] = parts(self.lens(), scratch);
        weights.fill(0.0);
        let prepared = pass.prepared;
        let kernel_gradient = pass.kernel_gradient.take();
        let convolve = |input: &[f32], gradient: &[f32], input_gradient: Option<&mut [f32]>| {
            let delta = self.turned.cells.lay(gradient, laid_delta);
            if kernel_gradient.is_some() {
                self.instructions.dispatch(KernelGradient {
                    picture: self.forward.cells.lay(input, picture),
                    delta,
                    taps: &self.forward.taps,
                    positions: &self.forward.positions,
                    delta_positions: &self.delta_positions,
                    cell: self.cell,
                    sums: weights,
                });
            }
            if let Some(input_gradient) = input_gradient {
                self.input_gradient(prepared, delta, shares, input_gradient);
            }
        };
        self.tail.backward_each(&mut pass, map, convolve);
        if let Some(kernel_gradient) = kernel_gradient {
            let filters = self.geometry.filters;
            add_filled_up(weights, self.cell, kernel_gradient, filters);
        }
    }
}
