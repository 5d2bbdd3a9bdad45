//! Twins' gradients against central finite differences.

use crate::noise::Noise;
use crate::twins::Twin;

const STEP: f64 = 1e-6;
const TOLERANCE: f64 = 1e-6;

/// (f(x + h) − f(x − h)) / 2h at every place of `values`.
pub(crate) fn differences(values: &[f64], mut function: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut moved = values.to_vec();
    (0..values.len())
        .map(|place| {
            moved[place] = values[place] + STEP;
            let above = function(&moved);
            moved[place] = values[place] - STEP;
            let below = function(&moved);
            moved[place] = values[place];
            (above - below) / (2.0 * STEP)
        })
        .collect()
}

/// Fails unless a derived gradient is the measured one to one millionth.
pub(crate) fn assert_proven(what: &str, derived: &[f64], measured: &[f64]) {
    assert_eq!(derived.len(), measured.len(), "{what}");
    for (place, (derived, measured)) in derived.iter().zip(measured).enumerate() {
        assert!(
            (derived - measured).abs() <= TOLERANCE * measured.abs().max(1.0),
            "{what}, place {place}: derived {derived}, measured {measured}"
        );
    }
}

/// Proves the gradients of Σ gᵢ yᵢ by the input and by every parameter, for random values.
pub(crate) fn prove(what: &str, twin: &dyn Twin, inputs: usize, noise: &mut Noise) {
    let input = noise.fine(inputs);
    let parameters: Vec<Vec<f64>> = twin
        .parameters()
        .into_iter()
        .map(|length| noise.fine(length))
        .collect();
    let upstream = noise.fine(twin.forward(&input, &parameters).len());
    let value = |input: &[f64], parameters: &[Vec<f64>]| -> f64 {
        let output = twin.forward(input, parameters);
        output.iter().zip(&upstream).map(|(y, g)| y * g).sum()
    };
    let derived = twin.backward(&input, &parameters, &upstream);
    let measured = differences(&input, |moved| value(moved, &parameters));
    assert_proven(&format!("{what}: input"), &derived.input, &measured);
    assert_eq!(derived.parameters.len(), parameters.len());
    for (index, gradient) in derived.parameters.iter().enumerate() {
        let measured = differences(&parameters[index], |moved| {
            let mut others = parameters.clone();
            others[index] = moved.to_vec();
            value(&input, &others)
        });
        assert_proven(&format!("{what}: parameter {index}"), gradient, &measured);
    }
}
