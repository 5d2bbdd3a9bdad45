//! Activation functions, in place, and their derivatives from the output.

use super::math::{exp, largest, sigmoid, sum, tanh};
use super::simd::{dispatch, kernel};

/// The activation functions that have a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationKind {
    /// y = x
    Linear,
    /// y = max(x, 0)
    Relu,
    /// y = 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// y = tanh x
    Tanh,
    /// yᵢ = e^xᵢ / Σⱼ e^xⱼ over the units of a sample
    Softmax,
}

/// Replaces `values` `[samples, units]` by their activation.
pub fn forward(kind: ActivationKind, units: usize, values: &mut [f32]) {
    match kind {
        ActivationKind::Linear => {}
        ActivationKind::Relu => dispatch(Relu { values }),
        ActivationKind::Sigmoid => dispatch(Sigmoid { values }),
        ActivationKind::Tanh => dispatch(Tanh { values }),
        ActivationKind::Softmax => dispatch(Softmax { units, values }),
    }
}

kernel! {
    struct Relu<'a>(values: &'a mut [f32]) {
        for value in values {
            // The addition keeps the compiler from masked stores, which some processors take ten
            // times as long for.
            *value = if 0.0 > *value { 0.0 } else { *value } + 0.0;
        }
    }
}

kernel! {
    struct Sigmoid<'a>(values: &'a mut [f32]) {
        for value in values {
            *value = sigmoid(*value);
        }
    }
}

kernel! {
    struct Tanh<'a>(values: &'a mut [f32]) {
        for value in values {
            *value = tanh(*value);
        }
    }
}

kernel! {
    struct Softmax<'a>(units: usize, values: &'a mut [f32]) {
        for rows in values.chunks_mut(rows_together(units) * units) {
            for row in rows.chunks_exact_mut(units) {
                // Shifted by the largest, no exponential is infinite.
                let largest = largest(row);
                for value in row {
                    *value -= largest;
                }
            }
            for value in rows.iter_mut() {
                *value = exp(*value);
            }
            for row in rows.chunks_exact_mut(units) {
                let share = 1.0 / sum(row);
                for value in row {
                    *value *= share;
                }
            }
        }
    }
}

/// How many rows of `units` values to take through the exponential in one go: enough to fill
/// vectors however short the rows, and few enough to stay in the first-level cache.
#[inline(always)]
pub(super) fn rows_together(units: usize) -> usize {
    (1024 / units).max(1)
}

/// Turns `gradient`, the gradient by the activation's `output` `[samples, units]`, into the
/// gradient by its input: f′(x) of it, which for softmax is yᵢ (gᵢ − Σⱼ gⱼ yⱼ).
pub fn backward(kind: ActivationKind, units: usize, output: &[f32], gradient: &mut [f32]) {
    assert_eq!(
        output.len(),
        gradient.len(),
        "gradient and output differ in length"
    );
    match kind {
        ActivationKind::Linear => {}
        ActivationKind::Relu => dispatch(ReluBackward { output, gradient }),
        ActivationKind::Sigmoid => dispatch(SigmoidBackward { output, gradient }),
        ActivationKind::Tanh => dispatch(TanhBackward { output, gradient }),
        ActivationKind::Softmax => dispatch(SoftmaxBackward {
            units,
            output,
            gradient,
        }),
    }
}

kernel! {
    struct ReluBackward<'a>(output: &'a [f32], gradient: &'a mut [f32]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient *= f32::from(u8::from(*output > 0.0));
        }
    }
}

kernel! {
    struct SigmoidBackward<'a>(output: &'a [f32], gradient: &'a mut [f32]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient *= output * (1.0 - output);
        }
    }
}

kernel! {
    struct TanhBackward<'a>(output: &'a [f32], gradient: &'a mut [f32]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient *= 1.0 - output * output;
        }
    }
}

kernel! {
    struct SoftmaxBackward<'a>(units: usize, output: &'a [f32], gradient: &'a mut [f32]) {
        let outputs = output.chunks_exact(units);
        for (gradient, output) in gradient.chunks_exact_mut(units).zip(outputs) {
            for (gradient, output) in gradient.iter_mut().zip(output) {
                *gradient *= output;
            }
            let total = sum(gradient);
            for (gradient, output) in gradient.iter_mut().zip(output) {
                *gradient -= total * output;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::noise::Noise;
    use crate::kernels::simd::tests::on_each_instruction_set;

    const KINDS: [ActivationKind; 5] = [
        ActivationKind::Linear,
        ActivationKind::Relu,
        ActivationKind::Sigmoid,
        ActivationKind::Tanh,
        ActivationKind::Softmax,
    ];

    fn twin(kind: ActivationKind, units: usize, values: &[f64]) -> Vec<f64> {
        let of_row = |row: &[f64]| -> Vec<f64> {
            let total: f64 = row.iter().map(|x| x.exp()).sum();
            row.iter()
                .map(|x| match kind {
                    ActivationKind::Linear => *x,
                    ActivationKind::Relu => x.max(0.0),
                    ActivationKind::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                    ActivationKind::Tanh => x.tanh(),
                    ActivationKind::Softmax => x.exp() / total,
                })
                .collect()
        };
        values.chunks(units).flat_map(of_row).collect()
    }

    /// Gradient of Σ g · f(x) by x, from the output.
    fn twin_backward(kind: ActivationKind, units: usize, y: &[f64], g: &[f64]) -> Vec<f64> {
        let of_row = |(y, g): (&[f64], &[f64])| -> Vec<f64> {
            let total: f64 = y.iter().zip(g).map(|(y, g)| y * g).sum();
            let of_unit = |(y, g): (&f64, &f64)| match kind {
                ActivationKind::Linear => *g,
                ActivationKind::Relu if *y > 0.0 => *g,
                ActivationKind::Relu => 0.0,
                ActivationKind::Sigmoid => g * y * (1.0 - y),
                ActivationKind::Tanh => g * (1.0 - y * y),
                ActivationKind::Softmax => y * (g - total),
            };
            y.iter().zip(g).map(of_unit).collect()
        };
        y.chunks(units)
            .zip(g.chunks(units))
            .flat_map(of_row)
            .collect()
    }

    fn double(values: &[f32]) -> Vec<f64> {
        values.iter().copied().map(f64::from).collect()
    }

    #[test]
    fn the_twins_gradient_is_that_of_finite_differences() {
        let mut noise = Noise::new(9);
        let (units, step) = (4, 1e-5);
        let x = double(&noise.values(12));
        let g = double(&noise.values(12));
        for kind in KINDS {
            let gradient = twin_backward(kind, units, &twin(kind, units, &x), &g);
            let objective = |x: &[f64]| -> f64 {
                twin(kind, units, x)
                    .iter()
                    .zip(&g)
                    .map(|(y, g)| y * g)
                    .sum()
            };
            for i in 0..x.len() {
                let [mut above, mut below] = [x.clone(), x.clone()];
                above[i] += step;
                below[i] -= step;
                let slope = (objective(&above) - objective(&below)) / (2.0 * step);
                assert!((slope - gradient[i]).abs() < 1e-8, "{kind:?}");
            }
        }
    }

    #[test]
    fn agrees_with_its_twin() {
        let mut noise = Noise::new(10);
        for case in 0..60 {
            let units = noise.between(1, [6, 40, 1500][case % 3]);
            let samples = noise.between(0, [300, 20, 3][case % 3]);
            let values: Vec<f32> = noise
                .values(samples * units)
                .iter()
                .map(|value| 8.0 * value)
                .collect();
            let gradient = noise.values(samples * units);
            for kind in KINDS {
                let y = twin(kind, units, &double(&values));
                let expected = twin_backward(kind, units, &y, &double(&gradient));
                on_each_instruction_set(|| {
                    let mut output = values.clone();
                    forward(kind, units, &mut output);
                    for (output, y) in output.iter().zip(&y) {
                        assert!(
                            (f64::from(*output) - y).abs() < 1e-6 * y.abs().max(0.1),
                            "{kind:?}"
                        );
                    }
                    let mut gradient = gradient.clone();
                    backward(kind, units, &output, &mut gradient);
                    for (gradient, expected) in gradient.iter().zip(&expected) {
                        assert!((f64::from(*gradient) - expected).abs() < 2e-6, "{kind:?}");
                    }
                });
            }
        }
    }

    #[test]
    fn softmax_is_stable_and_shows_what_is_undefined() {
        on_each_instruction_set(|| {
            let infinity = f32::INFINITY;
            let mut values = [1e30, -1e30, 0.0, -infinity, 5.0, 5.0, 1.0, f32::NAN, 2.0];
            forward(ActivationKind::Softmax, 3, &mut values);
            assert_eq!(values[..6], [1.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
            assert!(values[6..].iter().all(|value| value.is_nan()));
        });
    }

    #[test]
    fn relu_keeps_what_is_undefined() {
        on_each_instruction_set(|| {
            let mut values = [f32::NAN, -f32::INFINITY, f32::INFINITY, -0.0];
            forward(ActivationKind::Relu, 4, &mut values);
            assert!(values[0].is_nan());
            assert_eq!(values[1..], [0.0, f32::INFINITY, 0.0]);
        });
    }
}
