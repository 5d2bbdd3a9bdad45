//! What a cell's answer costs.

use letra_nn::losses::{Loss, TargetRows};
use letra_nn::metrics::{Direction, Metric, MetricRows, MetricState};

/// How much more a cell of text counts than one of none; there are some ten times fewer.
const TEXT: f32 = 2.0;

/// What baseline, letter height, cosine and sine count beside the question whether a cell is text.
const GEOMETRY: [f32; 4] = [2.0, 2.0, 1.0, 1.0];

/// From this difference on the cost of geometry grows evenly; below it with the square.
const EVEN_FROM: f32 = 0.1;

/// The mean over all cells of a binary cross-entropy from the first value, a logit, and for cells of
/// text of the differences of the other four (P. Huber, Robust estimation of a location parameter, 1964,
/// divided by its threshold). Cells labelled -1 cost nothing.
#[derive(Debug)]
pub(super) struct CellLoss;

impl Loss for CellLoss {
    fn kind(&self) -> &'static str {
        "cells_of_text"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let TargetRows::Values(targets) = targets else {
            unreachable!("the trait's check wants values");
        };
        let mut sum = 0.0;
        let rows = output.chunks_exact(units).zip(targets.chunks_exact(units));
        for ((output, target), gradient) in rows.zip(gradient.chunks_exact_mut(units)) {
            gradient.fill(0.0);
            if target[0] < 0.0 {
                continue;
            }
            let is_text = target[0] > 0.5;
            let weight = if is_text { TEXT } else { 1.0 };
            let logit = output[0];
            let far = libm::expf(-logit.abs());
            let probability = match logit >= 0.0 {
                true => 1.0 / (1.0 + far),
                false => far / (1.0 + far),
            };
            let entropy = logit.max(0.0) - logit * target[0] + libm::log1pf(far);
            sum += f64::from(weight * entropy);
            gradient[0] = scale * weight * (probability - target[0]);
            if !is_text {
                continue;
            }
            for (value, weight) in GEOMETRY.into_iter().enumerate() {
                let off = output[value + 1] - target[value + 1];
                let (cost, slope) = match off.abs() < EVEN_FROM {
                    true => (off * off / (2.0 * EVEN_FROM), off / EVEN_FROM),
                    false => (off.abs() - EVEN_FROM / 2.0, off.signum()),
                };
                sum += f64::from(weight * cost);
                gradient[value + 1] = scale * weight * slope;
            }
        }
        sum
    }
}

/// The share of cells that are said to be text and are not, or the other way round.
#[derive(Debug, Clone)]
pub(super) struct CellsWrong;

/// The name of what is measured.
pub(super) const WRONG: &str = "cells_wrong";

impl Metric for CellsWrong {
    fn name(&self) -> String {
        WRONG.into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        rows.add_mean(state, |row| {
            let (said, is) = (rows.prediction(row)[0] > 0.0, rows.target(row, 0));
            f64::from(u8::from(is >= 0.0 && said != (is > 0.5)))
        });
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss by its formula, in double precision.
    fn twin(output: &[f64], target: &[f64]) -> f64 {
        if target[0] < 0.0 {
            return 0.0;
        }
        let probability = 1.0 / (1.0 + (-output[0]).exp());
        if target[0] < 0.5 {
            return -(1.0 - probability).ln();
        }
        let geometry = (1..5).map(|value| {
            let (off, from) = ((output[value] - target[value]).abs(), f64::from(EVEN_FROM));
            let cost = if off < from {
                off * off / (2.0 * from)
            } else {
                off - from / 2.0
            };
            f64::from(GEOMETRY[value - 1]) * cost
        });
        -f64::from(TEXT) * probability.ln() + geometry.sum::<f64>()
    }

    #[test]
    fn the_loss_is_its_formula_and_its_gradient_is_that_of_differences() {
        let outputs = [
            [0.7, 0.3, -0.2, 0.9, 0.1],
            [-2.5, 0.0, 0.5, 0.2, -1.0],
            [3.0, 1.0, 1.0, 1.0, 1.0],
            [-40.0, 0.02, 0.31, -0.4, 0.55],
        ];
        let targets = [
            [1.0, 0.25, 0.4, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.3, 0.0, 1.0],
        ];
        let flat = |rows: &[[f64; 5]]| {
            rows.iter()
                .flatten()
                .map(|&one| one as f32)
                .collect::<Vec<_>>()
        };
        let mut gradient = vec![9.0; 20];
        let (output, target) = (flat(&outputs), flat(&targets));
        let sum = CellLoss.evaluate(5, &output, TargetRows::Values(&target), 0.5, &mut gradient);
        let wanted: f64 = outputs.iter().zip(&targets).map(|(o, t)| twin(o, t)).sum();
        assert!((sum - wanted).abs() < 1e-4 * wanted, "{sum} {wanted}");
        for (row, (output, target)) in outputs.iter().zip(&targets).enumerate() {
            for value in 0..5 {
                let at = |change: f64| {
                    let mut output = *output;
                    output[value] += change;
                    twin(&output, target)
                };
                let slope = 0.5 * (at(1e-6) - at(-1e-6)) / 2e-6;
                let got = f64::from(gradient[5 * row + value]);
                assert!((got - slope).abs() < 1e-4, "{row} {value}: {got} {slope}");
            }
        }
    }
}
