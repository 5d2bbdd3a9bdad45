use super::*;
use crate::noise::{Noise, normal_tail};
use crate::simd::tests::{bits, on_each_instruction_set};

const KINDS: [ActivationKind; 12] = [
    ActivationKind::Elu,
    ActivationKind::Gelu,
    ActivationKind::GeluTanh,
    ActivationKind::LeakyRelu,
    ActivationKind::Linear,
    ActivationKind::Relu,
    ActivationKind::Selu,
    ActivationKind::Sigmoid,
    ActivationKind::Silu,
    ActivationKind::Softplus,
    ActivationKind::Tanh,
    ActivationKind::Softmax,
];

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

/// Share of the standard normal numbers below x.
fn share_below(x: f64) -> f64 {
    if x < 0.0 {
        normal_tail(-x)
    } else {
        1.0 - normal_tail(x)
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The argument of the approximate GELU's hyperbolic tangent.
fn cubic(x: f64) -> f64 {
    std::f64::consts::FRAC_2_PI.sqrt() * (x + 0.044_715 * x.powi(3))
}

fn twin(kind: ActivationKind, units: usize, values: &[f64]) -> Vec<f64> {
    let of_row = |row: &[f64]| -> Vec<f64> {
        let total: f64 = row.iter().map(|x| x.exp()).sum();
        let of_value = |x: &f64| match kind {
            ActivationKind::Elu if *x > 0.0 => *x,
            ActivationKind::Elu => x.exp_m1(),
            ActivationKind::Gelu => x * share_below(*x),
            ActivationKind::GeluTanh => x * sigmoid(2.0 * cubic(*x)),
            ActivationKind::LeakyRelu if *x > 0.0 => *x,
            ActivationKind::LeakyRelu => 0.2 * x,
            ActivationKind::Linear => *x,
            ActivationKind::Relu => x.max(0.0),
            ActivationKind::Selu if *x > 0.0 => SCALE * x,
            ActivationKind::Selu => SCALE * ALPHA * x.exp_m1(),
            ActivationKind::Sigmoid => sigmoid(*x),
            ActivationKind::Silu => x * sigmoid(*x),
            ActivationKind::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            ActivationKind::Tanh => x.tanh(),
            ActivationKind::Softmax => x.exp() / total,
        };
        row.iter().map(of_value).collect()
    };
    values.chunks(units).flat_map(of_row).collect()
}

/// Gradient of Σ g · f(x) by x.
fn twin_backward(kind: ActivationKind, units: usize, x: &[f64], g: &[f64]) -> Vec<f64> {
    let output = twin(kind, units, x);
    let mut gradient = g.to_vec();
    for (i, gradient) in gradient.iter_mut().enumerate() {
        let (x, y, row) = (x[i], output[i], i / units * units);
        let slope = match kind {
            ActivationKind::Elu if x > 0.0 => 1.0,
            ActivationKind::Elu => x.exp(),
            ActivationKind::Gelu => {
                let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
                share_below(x) + x * density
            }
            ActivationKind::GeluTanh => {
                let inner = std::f64::consts::FRAC_2_PI.sqrt() * (1.0 + 3.0 * 0.044_715 * x * x);
                let tanh = cubic(x).tanh();
                0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
            }
            ActivationKind::LeakyRelu if x > 0.0 => 1.0,
            ActivationKind::LeakyRelu => 0.2,
            ActivationKind::Linear => 1.0,
            ActivationKind::Relu => f64::from(x > 0.0),
            ActivationKind::Selu if x > 0.0 => SCALE,
            ActivationKind::Selu => SCALE * ALPHA * x.exp(),
            ActivationKind::Sigmoid => y * (1.0 - y),
            ActivationKind::Silu => sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))),
            ActivationKind::Softplus => sigmoid(x),
            ActivationKind::Tanh => 1.0 - y * y,
            ActivationKind::Softmax => {
                let total: f64 = (row..row + units).map(|j| g[j] * output[j]).sum();
                *gradient = y * (g[i] - total);
                continue;
            }
        };
        *gradient *= slope;
    }
    gradient
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
        let gradient = twin_backward(kind, units, &x, &g);
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
            let expected = twin_backward(kind, units, &double(&values), &double(&gradient));
            on_each_instruction_set(|| {
                let mut output = values.clone();
                let mut input = vec![f32::NAN; output.len()];
                forward(kind, units, &mut output, &mut input);
                for (output, y) in output.iter().zip(&y) {
                    assert!(
                        (f64::from(*output) - y).abs() < 1e-6 * y.abs().max(0.1),
                        "{kind:?}"
                    );
                }
                let mut gradient = gradient.clone();
                backward(kind, units, &output, &input, &mut gradient);
                for (gradient, expected) in gradient.iter().zip(&expected) {
                    assert!((f64::from(*gradient) - expected).abs() < 2e-6, "{kind:?}");
                }
                [output, gradient].map(|values| bits(&values))
            });
        }
    }
}

#[test]
fn softmax_is_stable_and_shows_what_is_undefined() {
    on_each_instruction_set(|| {
        let infinity = f32::INFINITY;
        let mut values = [1e30, -1e30, 0.0, -infinity, 5.0, 5.0, 1.0, f32::NAN, 2.0];
        forward(ActivationKind::Softmax, 3, &mut values, &mut []);
        assert_eq!(values[..6], [1.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
        assert!(values[6..].iter().all(|value| value.is_nan()));
    });
}

#[test]
fn relu_keeps_what_is_undefined() {
    on_each_instruction_set(|| {
        let mut values = [f32::NAN, -f32::INFINITY, f32::INFINITY, -0.0];
        forward(ActivationKind::Relu, 4, &mut values, &mut []);
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [0.0, f32::INFINITY, 0.0]);
    });
}

/// Where the exact value is not 0 in single precision, each is within so many units in the last
/// place: relative accuracy, in the tails too.
#[test]
fn functions_are_exact_in_their_tails() {
    let values: Vec<f32> = (-1000..=1000).map(|i| i as f32 * 0.01).collect();
    for (kind, most) in [
        (ActivationKind::Elu, 3.0),
        (ActivationKind::Selu, 4.0),
        (ActivationKind::Silu, 4.0),
        (ActivationKind::Softplus, 4.0),
        // e^(−x²/2) loses digits with x²: 50 at the end.
        (ActivationKind::Gelu, 60.0),
        // So does the sigmoid of a cube, up to 87.
        (ActivationKind::GeluTanh, 150.0),
    ] {
        on_each_instruction_set(|| {
            let mut output = values.clone();
            forward(kind, 1, &mut output, &mut []);
            for ((x, y), exact) in values
                .iter()
                .zip(&output)
                .zip(twin(kind, 1, &double(&values)))
            {
                let error = (f64::from(*y) - exact).abs();
                let unit = exact.abs() * f64::from(f32::EPSILON);
                assert!(
                    error <= most * unit + 1e-44,
                    "{kind:?}({x}) = {y}, exactly {exact}"
                );
            }
        });
    }
}

#[test]
fn ends_are_their_limits_and_what_is_undefined_shows() {
    let ends = [f32::NEG_INFINITY, -1e30, 1e30, f32::INFINITY, f32::NAN];
    for kind in KINDS {
        let lowest = match kind {
            ActivationKind::Elu => -1.0,
            ActivationKind::Selu => -1.758_099_3,
            ActivationKind::Linear | ActivationKind::LeakyRelu => f32::NEG_INFINITY,
            ActivationKind::Tanh => -1.0,
            ActivationKind::Softmax => continue,
            _ => 0.0,
        };
        let highest = match kind {
            ActivationKind::Sigmoid | ActivationKind::Tanh => 1.0,
            _ => f32::INFINITY,
        };
        on_each_instruction_set(|| {
            let (mut output, mut input) = (ends, ends);
            forward(kind, 1, &mut output, &mut input);
            assert!(
                output[0] == lowest || (output[0] - lowest).abs() < 1e-6,
                "{kind:?}"
            );
            assert_eq!(output[3], highest, "{kind:?}");
            assert!(output[4].is_nan(), "{kind:?}");
            let mut gradient = [1.0; 5];
            backward(kind, 1, &output, &input, &mut gradient);
            assert!(
                gradient[..4].iter().all(|slope| slope.is_finite()),
                "{kind:?}: {gradient:?}"
            );
        });
    }
}

#[test]
fn slopes_of_each_value() {
    let slopes = [0.5, -1.0, 0.0];
    let input = [-2.0, -3.0, -4.0, 1.0, 2.0, 0.0];
    on_each_instruction_set(|| {
        let mut output = input;
        parametric_relu(&slopes, &mut output);
        assert_eq!(output, [-1.0, 3.0, 0.0, 1.0, 2.0, 0.0]);
        let (mut gradient, mut sums) = ([1.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.25; 3]);
        parametric_relu_backward(&slopes, &input, &mut gradient, &mut sums);
        assert_eq!(gradient, [0.5, -1.0, 0.0, 3.0, 4.0, 0.0]);
        assert_eq!(sums, [-1.75, -2.75, -7.75]);
    });
}
