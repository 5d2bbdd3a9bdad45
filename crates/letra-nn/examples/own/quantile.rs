// A layer, a loss and a metric of one's own, which both programs know.
use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::losses::{Loss, TargetRows};
use letra_nn::metrics::{Direction, Metric, MetricRows, MetricState};
use letra_nn::{BuildError, ops, prelude::*};
use serde::{Deserialize, Serialize};

/// The square of each value.
#[derive(Debug, Serialize, Deserialize)]
struct Square;

impl Layer for Square {
    fn kind(&self) -> &'static str {
        "square"
    }
    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        Ok(vec![emit.op(
            ops::Multiply,
            &[inputs[0], inputs[0]],
            &[],
        )?])
    }
}

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

/// The share of the targets that lies below the predictions.
#[derive(Debug, Clone)]
struct Coverage;

impl Metric for Coverage {
    fn name(&self) -> String {
        "coverage".into()
    }
    fn direction(&self) -> Direction {
        Direction::Max
    }
    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        rows.add_mean(state, |row| {
            f64::from(u8::from(rows.target(row, 0) < rows.prediction(row)[0]))
        });
    }
    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

/// Lengths, and how long something took that grows with their square and varies.
fn data(first: u64, samples: usize) -> Result<Dataset, Error> {
    let mut state = first;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (lengths, times) = (0..samples)
        .map(|_| {
            let length = fraction();
            (length, length * length * (1.0 + fraction()))
        })
        .unzip();
    Dataset::values(
        Tensor::new([samples, 1], lengths)?,
        Tensor::new([samples, 1], times)?,
    )
}
