use super::{Backward, Forward, Op, last_axis};

/// Each row (last axis) brought to length 1: *y* = *x* / |*x*|, ∂*x* = (∂*y* − *y* (*y* · ∂*y*)) / |*x*|.
/// Lengths below 10⁻⁷ count as 10⁻⁷, as in Keras, and then ∂*x* = 10⁷ ∂*y*.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitNormalize;

/// Shorter rows are divided by it.
const SHORTEST: f32 = 1e-7;

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The length of a row, and whether it is long enough to have a direction; what is no number has.
fn length(row: &[f32]) -> (f32, bool) {
    let length = dot(row, row).sqrt();
    match length < SHORTEST {
        true => (SHORTEST, false),
        false => (length, true),
    }
}

impl Op for UnitNormalize {
    fn forward(&self, pass: &mut Forward<'_>) {
        let width = last_axis(&pass.input_shapes[0]);
        let rows = pass.inputs[0].chunks_exact(width);
        for (x, y) in rows.zip(pass.outputs[0].chunks_exact_mut(width)) {
            let (length, _) = length(x);
            for (y, x) in y.iter_mut().zip(x) {
                *y = x / length;
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let width = last_axis(&pass.input_shapes[0]);
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let rows = pass.inputs[0].chunks_exact(width);
        let rows = rows.zip(pass.outputs[0].chunks_exact(width));
        let gradients = pass.output_gradients[0].chunks_exact(width);
        let rows = rows.zip(gradients.zip(input_gradient.chunks_exact_mut(width)));
        for ((x, y), (dy, dx)) in rows {
            let (length, has_direction) = length(x);
            let pull = if has_direction { dot(y, dy) } else { 0.0 };
            for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
                *dx = (dy - y * pull) / length;
            }
        }
    }
}
