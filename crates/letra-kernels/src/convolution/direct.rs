//! Convolution as matrix products that read the patches where they lie: one product a line of
//! output positions, the columns of its left matrix being the taps of the kernel, wherever in the
//! picture they are (compare Zhang, Franchetti, Low 2018, "High performance zero-memory overhead
//! direct convolutions").

mod correlation;
mod phases;

use super::algorithm::{Algorithm, Backward, Forward, parts};
use super::general::General;
use super::product::Start;
use super::tail::Tail;
use super::vector::add_filled_up;
use super::{Geometry, Pool};
use crate::simd::{Instructions, LANES};
use correlation::Correlation;
pub(super) use phases::Phases;

/// Fewest filters that fill vectors well enough.
const FEWEST_FILTERS: usize = 8;

/// Fewest channels for which the gradient of the input is computed as a correlation.
const FEWEST_CHANNELS: usize = 6;

/// The algorithm for filters enough to fill vectors.
#[derive(Clone, Debug)]
pub(super) struct Direct {
    geometry: Geometry,
    relu: bool,
    tail: Tail,
    forward: Correlation,
    /// The correlation with the turned kernel that gives the gradient of the input, for stride 1.
    turned: Option<Correlation>,
    /// The same with other strides.
    phases: Option<Phases>,
    /// For the gradient of the input in other shapes.
    general: General,
}

impl Direct {
    /// The plan, if the shape is one for this algorithm.
    pub(super) fn new(
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
        instructions: Instructions,
    ) -> Option<Self> {
        let suits = geometry.filters >= FEWEST_FILTERS && geometry.output_len() > 0;
        suits.then(|| Self {
            geometry,
            relu,
            tail: Tail::new(&geometry, relu, pool),
            forward: Correlation::new(geometry, instructions),
            turned: turned(&geometry).map(|turned| Correlation::new(turned, instructions)),
            phases: Phases::new(geometry, instructions),
            general: General::new(geometry, relu, pool),
        })
    }

    /// How the gradient of the input is computed where the convolution goes in steps.
    pub(super) fn phases(&self) -> Option<&Phases> {
        self.phases.as_ref()
    }

    /// The gradient of one sample's input where there are [phases](Self::phases); `scratch` is that of
    /// the algorithm.
    pub(super) fn input_gradient_by_phases(
        &self,
        prepared: &[f32],
        gradient: &[f32],
        input_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let [.., patches] = parts(self.lens(), scratch);
        if let Some(phases) = &self.phases {
            let weights = &prepared[self.weights_len()..];
            phases.input_gradient(weights, gradient, input_gradient, patches);
        }
    }

    /// Elements of the weights' gradient over some samples, 0 if it is summed where it belongs. Which
    /// of the two does not follow from the width of the machine's vectors, as the bits do.
    fn sums_len(&self) -> usize {
        match self.geometry.filters.is_multiple_of(LANES) {
            true => 0,
            false => self.geometry.patch_len() * self.forward.filters,
        }
    }

    /// Elements of the weights as prepared, 0 if the kernel serves as it is.
    fn weights_len(&self) -> usize {
        if self.forward.is_whole() {
            0
        } else {
            self.geometry.patch_len() * self.forward.filters
        }
    }

    /// Lengths of the parts of the scratch space: for the padded picture and the padded gradient, a
    /// map before the pool, a line, the gradient of the weights if their filters do not fill whole
    /// vectors of [`LANES`], the bias, and the gradient of the input by phases or the general algorithm.
    fn lens(&self) -> [usize; 7] {
        let turned = self.turned.as_ref();
        let line = turned.map_or(0, Correlation::line_len);
        [
            self.forward.padded.len(),
            turned.map_or(0, |turned| turned.padded.len()),
            self.tail.map_len(1),
            self.forward.line_len().max(line),
            self.sums_len(),
            self.forward.filters,
            match (turned, &self.phases) {
                (Some(_), _) => 0,
                (None, Some(phases)) => phases.scratch_len(),
                (None, None) => self.general.patches_len(1),
            },
        ]
    }

    /// The weights of forward, `[taps, filters]`, the filters filled up to whole vectors.
    fn weights<'a>(&self, kernel: &'a [f32], prepared: &'a [f32]) -> &'a [f32] {
        if self.forward.is_whole() {
            kernel
        } else {
            prepared
        }
    }
}

/// The correlation that gives the gradient of the input from the gradient at z.
fn turned(geometry: &Geometry) -> Option<Geometry> {
    let suits = geometry.stride == [1, 1] && geometry.channels >= FEWEST_CHANNELS;
    let padding = geometry.turned_padding().filter(|_| suits)?;
    Some(Geometry {
        height: geometry.output_height(),
        width: geometry.output_width(),
        channels: geometry.filters,
        filters: geometry.channels,
        padding,
        ..*geometry
    })
}

impl Algorithm for Direct {
    fn prepared_len(&self) -> usize {
        let turned = self.turned.as_ref();
        let phases = self.phases.as_ref();
        self.weights_len()
            + turned.map_or(0, |turned| turned.geometry.patch_len() * turned.filters)
            + phases.map_or(0, Phases::prepared_len)
    }

    /// The weights of forward, if they need filling up, and the turned ones,
    /// `[rows, columns, filters, channels]`, the channels filled up to whole vectors.
    fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        let Geometry {
            channels,
            filters,
            kernel: [rows, columns],
            ..
        } = self.geometry;
        let (weights, rest) = prepared.split_at_mut(self.weights_len());
        let taps = kernel.chunks_exact(filters);
        for (weights, kernel) in weights.chunks_exact_mut(self.forward.filters).zip(taps) {
            weights[..filters].copy_from_slice(kernel);
            weights[filters..].fill(0.0);
        }
        if let Some(phases) = &self.phases {
            phases.prepare(kernel, rest);
        } else if let Some(turned) = &self.turned {
            let mut to = rest.chunks_exact_mut(turned.filters);
            for tap in (0..rows * columns).rev() {
                let kernel = &kernel[tap * channels * filters..][..channels * filters];
                for (filter, to) in to.by_ref().take(filters).enumerate() {
                    let from = kernel.iter().skip(filter).step_by(filters);
                    to[channels..].fill(0.0);
                    for (to, &from) in to.iter_mut().zip(from) {
                        *to = from;
                    }
                }
            }
        }
    }

    fn keep_len(&self) -> usize {
        self.tail.keep_len()
    }

    fn scratch_len(&self, _: usize) -> usize {
        self.lens().iter().sum()
    }

    fn forward(&self, pass: Forward<'_>) {
        let [padded, _, map, line, _, bias, _] = parts(self.lens(), pass.scratch);
        let weights = self.weights(pass.kernel, pass.prepared);
        let start = pass.bias.map_or(Start::Zero, |given| {
            bias.fill(0.0);
            bias[..given.len()].copy_from_slice(given);
            Start::Row(&*bias)
        });
        let convolve = |input: &[f32], output: &mut [f32]| {
            let padded = self.forward.padded.pad(input, padded);
            self.forward
                .outputs(padded, weights, start, self.relu, output, line);
        };
        self.tail
            .forward_each(pass.input, pass.output, pass.keep, map, convolve);
    }

    fn backward(&self, mut pass: Backward<'_>) {
        let scratch = std::mem::take(&mut pass.scratch);
        let [padded, turned, map, line, weights, _, patches] = parts(self.lens(), scratch);
        weights.fill(0.0);
        let (kernel, prepared) = (pass.kernel, pass.prepared);
        let mut kernel_gradient = pass.kernel_gradient.take();
        self.tail
            .backward_each(&mut pass, map, |input, gradient, input_gradient| {
                if let Some(kernel_gradient) = kernel_gradient.as_deref_mut() {
                    let padded = self.forward.padded.pad(input, padded);
                    let weights_gradient = match self.sums_len() {
                        0 => kernel_gradient,
                        _ => &mut *weights,
                    };
                    self.forward
                        .add_weights_gradient(padded, gradient, weights_gradient, line);
                }
                let Some(input_gradient) = input_gradient else {
                    return;
                };
                let weights = &prepared[self.weights_len()..];
                if let Some(phases) = &self.phases {
                    phases.input_gradient(weights, gradient, input_gradient, patches);
                    return;
                }
                let Some(correlation) = &self.turned else {
                    self.general
                        .input_gradient(1, kernel, gradient, input_gradient, patches);
                    return;
                };
                let padded = correlation.padded.pad(gradient, turned);
                correlation.outputs(padded, weights, Start::Zero, false, input_gradient, line);
            });
        if let Some(kernel_gradient) = kernel_gradient {
            let filters = self.geometry.filters;
            add_filled_up(weights, self.forward.filters, kernel_gradient, filters);
        }
    }
}
