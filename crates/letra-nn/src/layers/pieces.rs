//! The largest of several linear pieces, behind whichever layer computes them.

use super::{Build, Layer};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::maxout;
use crate::plan::pass::{
    Backward, Forward, InputGradients, ParameterGradient, ParameterGradients, ShardGradient,
};

/// Pieces that are still credible.
const MOST: usize = 1 << 16;

/// A linear layer whose output's last axis holds `pieces` times `units` values, piece by
/// piece, and the maximum over the pieces behind it.
pub(super) struct Pieces<'a, L> {
    pub(super) linear: &'a L,
    pub(super) pieces: usize,
    pub(super) units: usize,
}

/// `units` for each of `pieces`; what has no pieces or too many is caught when building.
pub(super) fn together(units: usize, pieces: usize) -> usize {
    units.saturating_mul(pieces.clamp(1, MOST))
}

/// What a [`Pieces`] leaves for its passes, beside what the linear layer left.
struct Sizes {
    /// Values a sample that the linear layer keeps.
    kept: usize,
    /// Values a sample of the linear layer's output.
    values: usize,
}

impl<L: Layer> Pieces<'_, L> {
    /// Builds the linear layer, makes room for its output, and takes the pieces together.
    pub(super) fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let Pieces { pieces, units, .. } = *self;
        if !(2..=MOST).contains(&pieces) {
            return Err(BuildError::configuration(format!(
                "has {pieces} pieces: a maximum needs at least 2 of them, and at most {MOST}"
            )));
        }
        let mut sizes = self.linear.build(inputs, build)?.sizes().to_vec();
        // Each piece is a layer of its own to the initializer.
        for parameter in &mut build.parameters {
            parameter.fans[1] /= pieces;
        }
        let (kept, values) = (build.keep, sizes.iter().product::<usize>());
        // The pieces, and behind them their gradients.
        build.keep(values.saturating_mul(2).saturating_add(kept));
        let linear_scratch = build.scratch.take();
        build.scratch(move |samples| {
            let scratch = linear_scratch
                .as_ref()
                .map_or(0, |scratch| scratch(samples));
            samples * values + scratch
        });
        if let Some(last) = sizes.last_mut() {
            *last = units;
        }
        Ok(sizes.into())
    }

    /// How many values a sample the linear layer keeps and gives.
    fn sizes(&self, output: usize, keep: usize) -> Sizes {
        let values = output * self.pieces;
        Sizes {
            kept: keep - 2 * values,
            values,
        }
    }

    pub(super) fn forward(&self, pass: &mut Forward<'_>) {
        let samples = pass.samples;
        let values = pass.output.len() * self.pieces;
        let (room, scratch) = pass.scratch.split_at_mut(values);
        let (keep, pieces) = match pass.keep.is_empty() {
            true => (&mut *pass.keep, room),
            false => {
                let keep_values = pass.keep.len() / samples;
                let Sizes { kept, .. } = self.sizes(pass.output.len() / samples, keep_values);
                let (keep, rest) = pass.keep.split_at_mut(kept * samples);
                (keep, &mut rest[..values])
            }
        };
        self.linear.forward(&mut Forward {
            output: &mut *pieces,
            keep,
            scratch,
            shard_sums: &mut [],
            ..*pass
        });
        maxout::forward(self.pieces, self.units, pieces, pass.output);
    }

    pub(super) fn backward(&self, pass: &mut Backward<'_>) {
        let samples = pass.samples;
        let Sizes { kept, values } =
            self.sizes(pass.output.len() / samples, pass.keep.len() / samples);
        let (keep, rest) = pass.keep.split_at_mut(kept * samples);
        let (pieces, gradient) = rest.split_at_mut(values * samples);
        maxout::backward(
            self.pieces,
            self.units,
            pieces,
            pass.output,
            pass.output_gradient,
            gradient,
        );
        self.linear.backward(&mut Backward {
            output: pieces,
            output_gradient: gradient,
            keep,
            scratch: &mut pass.scratch[values * samples..],
            shard_sums: &mut [],
            input_gradients: InputGradients {
                buffers: &mut *pass.input_gradients.buffers,
                ..pass.input_gradients
            },
            parameter_gradients: ParameterGradients {
                values: &mut *pass.parameter_gradients.values,
                ..pass.parameter_gradients
            },
            ..*pass
        });
    }

    pub(super) fn parameter_gradient(&self, pass: &mut ParameterGradient<'_>) {
        for (number, shard) in pass.shards.iter().enumerate() {
            let values = shard.output_gradient.len() * self.pieces;
            let linear = ShardGradient {
                output_gradient: &shard.keep[shard.keep.len() - values..],
                ..*shard
            };
            self.linear.parameter_gradient(&mut ParameterGradient {
                rows: pass.rows.clone(),
                columns: pass.columns.clone(),
                shards: &[linear],
                accumulate: pass.accumulate || number > 0,
                gradient: &mut *pass.gradient,
                ..*pass
            });
        }
    }
}
