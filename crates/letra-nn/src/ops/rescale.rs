use std::sync::Arc;

use super::{Backward, Forward, Op};
use crate::kernels::normalisation::{normalise, repeat, row_length};

/// Values moved and stretched by numbers that are given, not learned, for each channel (last axis):
/// *y* = (*x* − *m*) · *s* + *o*, ∂*x* = *s* ∂*y*.
#[derive(Debug, Clone)]
pub(crate) struct Rescale {
    rows: Arc<Rows>,
}

/// Each number repeated over a row, as [`normalise`] takes them.
#[derive(Debug)]
struct Rows {
    minus: Vec<f32>,
    times: Vec<f32>,
    plus: Vec<f32>,
    zeros: Vec<f32>,
}

impl Rescale {
    /// With *m*, *s* and *o* of a channel, in this order.
    pub(crate) fn by_channel(channels: usize, numbers: impl Fn(usize) -> [f32; 3]) -> Self {
        let row = |which: usize| {
            let mut row = vec![0.0; row_length(channels)];
            repeat(channels, |channel| numbers(channel)[which], &mut row);
            row
        };
        let zeros = vec![0.0; row_length(channels)];
        let (minus, times, plus) = (row(0), row(1), row(2));
        let rows = Rows {
            minus,
            times,
            plus,
            zeros,
        };
        Rescale {
            rows: Arc::new(rows),
        }
    }

    /// With *s* and *o* for all values.
    pub(crate) fn by(scale: f32, offset: f32) -> Self {
        Self::by_channel(1, |_| [0.0, scale, offset])
    }
}

impl Rescale {
    /// What it does with a gradient: times *s*.
    pub(crate) fn way_back(&self) -> Self {
        let Rows { times, zeros, .. } = &*self.rows;
        let rows = Rows {
            minus: zeros.clone(),
            times: times.clone(),
            plus: zeros.clone(),
            zeros: zeros.clone(),
        };
        Rescale {
            rows: Arc::new(rows),
        }
    }
}

/// No least value.
const OPEN: f32 = f32::NEG_INFINITY;

impl Op for Rescale {
    fn forward(&self, pass: &mut Forward<'_>) {
        let (rows, x) = (&*self.rows, pass.inputs[0]);
        let output = &mut *pass.outputs[0];
        normalise(&rows.minus, &rows.times, &rows.plus, OPEN, x, output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let (rows, gradient) = (&*self.rows, &*pass.output_gradients[0]);
            let Rows { times, zeros, .. } = rows;
            normalise(zeros, times, zeros, OPEN, gradient, input_gradient);
        }
    }
}
