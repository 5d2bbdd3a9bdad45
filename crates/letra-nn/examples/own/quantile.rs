// A loss of one's own, which both programs know.
use letra_nn::losses::{Loss, TargetRows};
use letra_nn::prelude::*;
use serde::{Deserialize, Serialize};

/// The pinball loss (Koenker and Bassett 1978): its least is where this share of the targets lies
/// below the output.
#[derive(Debug, Serialize, Deserialize)]
struct Quantile(f32);

impl Loss for Quantile {
    fn kind(&self) -> &'static str {
        "quantile"
    }
    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
    fn evaluate(
        &self,
        _: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let TargetRows::Values(targets) = targets else {
            return f64::NAN;
        };
        let each = output
            .iter()
            .zip(targets)
            .zip(gradient)
            .map(|((output, target), gradient)| {
                let slope = if target > output {
                    -self.0
                } else {
                    1.0 - self.0
                };
                *gradient = scale * slope;
                f64::from(slope * (output - target))
            });
        each.sum()
    }
}
