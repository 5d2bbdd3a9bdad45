use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};

/// Runs four steps of `update` on parameters and arrays of state that begin at `start`, and of
/// `twin` on one value each in double precision, and compares the parameters.
fn check<const N: usize>(
    start: [f32; N],
    update: impl Fn(&mut [f32], &[f32], [&mut [f32]; N], u64),
    twin: impl Fn(&mut f64, f64, &mut [f64; N], u64),
) {
    let mut noise = Noise::new(14);
    for length in [0, 1, 9, 33, 250] {
        let (first, gradients) = (noise.values(length), noise.values(length));
        on_each_instruction_set(|| {
            let mut parameters = first.clone();
            let mut state = start.map(|value| vec![value; length]);
            for step in 0..4 {
                let gradients: Vec<f32> = changed(&gradients, step).collect();
                let state = state.each_mut().map(Vec::as_mut_slice);
                update(&mut parameters, &gradients, state, step);
            }
            for (i, parameter) in parameters.iter().enumerate() {
                let mut expected = f64::from(first[i]);
                let mut state = start.map(f64::from);
                for step in 0..4 {
                    let gradient = changed(&gradients, step).nth(i).unwrap();
                    twin(&mut expected, f64::from(gradient), &mut state, step);
                }
                let difference = (f64::from(*parameter) - expected).abs();
                assert!(difference < 2e-6, "{length} values, {i}: {difference}");
            }
            bits(&parameters)
        });
    }
}

/// Gradients that differ from step to step, in size and sign.
fn changed(gradients: &[f32], step: u64) -> impl Iterator<Item = f32> {
    let factor = [1.0, -0.5, 0.25, 2.0][step as usize];
    gradients
        .iter()
        .map(move |gradient| gradient * factor + 0.125)
}

#[test]
fn sgd_agrees_with_its_twin() {
    check(
        [],
        |parameters, gradients, [], _| {
            sgd(parameters, gradients, 0.3);
        },
        |w, g, [], _| *w -= 0.3 * g,
    );
}

#[test]
fn momentum_agrees_with_its_twin() {
    for nesterov in [false, true] {
        check(
            [0.0],
            |parameters, gradients, [velocities], _| {
                momentum(parameters, gradients, velocities, 0.1, 0.9, nesterov);
            },
            |w, g, [v], _| {
                *v = 0.9 * *v - 0.1 * g;
                *w += if nesterov { 0.9 * *v - 0.1 * g } else { *v };
            },
        );
    }
}

/// What decays does not stay among the subnormal numbers, which take a processor long.
#[test]
fn states_that_decay_end_at_zero() {
    const LENGTH: usize = 37;
    let none = [0.0; LENGTH];
    let adam_settings = Adam {
        rate: 0.01,
        beta_1: 0.9,
        beta_2: 0.9,
        epsilon: 1e-7,
        weight_decay: 0.0,
        step: 1000,
    };
    let rms_settings = RmsProp {
        rate: 0.01,
        rho: 0.9,
        momentum: 0.9,
        epsilon: 1e-7,
    };
    let adadelta_settings = Adadelta {
        rate: 1.0,
        rho: 0.9,
        epsilon: 1e-7,
    };
    let nadam_settings = Nadam {
        beta_1: 0.9,
        beta_2: 0.9,
        epsilon: 1e-7,
        of_moment: 0.01,
        of_gradient: 0.01,
        of_square: 1.0,
    };
    let adamax_settings = Adamax {
        rate: 0.01,
        beta_1: 0.9,
        beta_2: 0.9,
        epsilon: 1e-7,
        step: 1000,
    };
    let lion_settings = Lion {
        rate: 0.01,
        beta_1: 0.9,
        beta_2: 0.9,
        weight_decay: 0.0,
    };
    on_each_instruction_set(|| {
        let mut parameters = [0.5; LENGTH];
        let mut states = [[1.0_f32; LENGTH]; 14];
        for _ in 0..1500 {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = &mut states;
            nadam(&mut parameters, &none, j, k, nadam_settings);
            adamax(&mut parameters, &none, l, m, adamax_settings);
            lion(&mut parameters, &none, n, lion_settings);
            momentum(&mut parameters, &none, a, 0.01, 0.9, false);
            momentum(&mut parameters, &none, b, 0.01, 0.9, true);
            adam(&mut parameters, &none, c, d, adam_settings);
            rms_prop(&mut parameters, &none, e, Some(f), Some(g), rms_settings);
            adadelta(&mut parameters, &none, h, i, adadelta_settings);
        }
        assert!(states.as_flattened().iter().all(|&state| state == 0.0));
    });
}

#[test]
fn adam_agrees_with_its_twin_and_adam_w_shrinks_the_parameters_first() {
    for weight_decay in [0.0, 0.3] {
        check(
            [0.0; 2],
            |parameters, gradients, [first, second], step| {
                let settings = Adam {
                    rate: 0.01,
                    beta_1: 0.9,
                    beta_2: 0.99,
                    epsilon: 1e-4,
                    weight_decay,
                    step: step + 1,
                };
                adam(parameters, gradients, first, second, settings);
            },
            |w, g, [m, v], step| {
                let t = step as i32 + 1;
                *w -= 0.01 * f64::from(weight_decay) * *w;
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.99 * *v + 0.01 * g * g;
                let alpha = 0.01 * (1.0 - 0.99_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t));
                *w -= alpha * *m / (v.sqrt() + 1e-4);
            },
        );
    }
}

#[test]
fn amsgrad_agrees_with_its_twin() {
    check(
        [0.0; 3],
        |parameters, gradients, [first, second, largest], step| {
            let settings = Adam {
                rate: 0.01,
                beta_1: 0.9,
                beta_2: 0.5,
                epsilon: 1e-4,
                weight_decay: 0.3,
                step: step + 1,
            };
            amsgrad(parameters, gradients, first, second, largest, settings);
        },
        |w, g, [m, v, most], step| {
            let t = step as i32 + 1;
            *w -= 0.01 * 0.3 * *w;
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.5 * *v + 0.5 * g * g;
            *most = most.max(*v);
            let alpha = 0.01 * (1.0 - 0.5_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t));
            *w -= alpha * *m / (most.sqrt() + 1e-4);
        },
    );
}

#[test]
fn nadam_agrees_with_its_twin() {
    check(
        [0.0; 2],
        |parameters, gradients, [first, second], step| {
            let settings = Nadam {
                beta_1: 0.9,
                beta_2: 0.99,
                epsilon: 1e-3,
                of_moment: 0.02,
                of_gradient: 0.01 * (1 + step) as f32,
                of_square: 4.0,
            };
            nadam(parameters, gradients, first, second, settings);
        },
        |w, g, [m, v], step| {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.99 * *v + 0.01 * g * g;
            let change = 0.02 * *m + 0.01 * (1 + step) as f64 * g;
            *w -= change / ((4.0 * *v).sqrt() + 1e-3);
        },
    );
}

#[test]
fn adamax_agrees_with_its_twin() {
    check(
        [0.0; 2],
        |parameters, gradients, [first, norms], step| {
            let settings = Adamax {
                rate: 0.01,
                beta_1: 0.9,
                beta_2: 0.8,
                epsilon: 1e-3,
                step: step + 1,
            };
            adamax(parameters, gradients, first, norms, settings);
        },
        |w, g, [m, u], step| {
            *m = 0.9 * *m + 0.1 * g;
            *u = (0.8 * *u).max(g.abs());
            *w -= 0.01 / (1.0 - 0.9_f64.powi(step as i32 + 1)) * *m / (*u + 1e-3);
        },
    );
}

#[test]
fn lion_agrees_with_its_twin() {
    for weight_decay in [0.0, 0.3] {
        check(
            [0.0],
            |parameters, gradients, [momenta], _| {
                let settings = Lion {
                    rate: 0.02,
                    beta_1: 0.75,
                    beta_2: 0.9,
                    weight_decay,
                };
                lion(parameters, gradients, momenta, settings);
            },
            |w, g, [m], _| {
                *w -= 0.02 * f64::from(weight_decay) * *w;
                *w -= 0.02 * (0.75 * *m + 0.25 * g).signum();
                *m = 0.9 * *m + 0.1 * g;
            },
        );
    }
}

/// Where a gradient is 0 from the start Lion stays, and one that is not finite is seen.
#[test]
fn lion_knows_three_signs() {
    let settings = Lion {
        rate: 0.5,
        beta_1: 0.9,
        beta_2: 0.99,
        weight_decay: 0.0,
    };
    on_each_instruction_set(|| {
        let (mut parameters, mut momenta) = ([1.0; 5], [0.0; 5]);
        lion(
            &mut parameters,
            &[0.0, -2.0, 3.0, f32::NAN, f32::INFINITY],
            &mut momenta,
            settings,
        );
        assert_eq!(parameters[..3], [1.0, 1.5, 0.5]);
        assert!(parameters[3..].iter().all(|parameter| parameter.is_nan()));
    });
}

#[test]
fn adagrad_agrees_with_its_twin() {
    check(
        [0.1],
        |parameters, gradients, [sums], _| {
            adagrad(parameters, gradients, sums, 0.1, 1e-4);
        },
        |w, g, [a], _| {
            *a += g * g;
            *w -= 0.1 * g / (*a + 1e-4).sqrt();
        },
    );
}

#[test]
fn adadelta_agrees_with_its_twin() {
    check(
        [0.0; 2],
        |parameters, gradients, [squares, steps], _| {
            let settings = Adadelta {
                rate: 0.5,
                rho: 0.9,
                epsilon: 1e-3,
            };
            adadelta(parameters, gradients, squares, steps, settings);
        },
        |w, g, [a, b], _| {
            *a = 0.9 * *a + 0.1 * g * g;
            let step = -(*b + 1e-3).sqrt() / (*a + 1e-3).sqrt() * g;
            *b = 0.9 * *b + 0.1 * step * step;
            *w += 0.5 * step;
        },
    );
}

#[test]
fn rms_prop_agrees_with_its_twin() {
    for (momentum, centered) in [(0.0, false), (0.7, false), (0.0, true), (0.7, true)] {
        check(
            [0.0; 3],
            |parameters, gradients, [squares, momenta, averages], _| {
                let settings = RmsProp {
                    rate: 0.02,
                    rho: 0.8,
                    momentum,
                    epsilon: 1e-3,
                };
                let momenta = (momentum > 0.0).then_some(momenta);
                let averages = centered.then_some(averages);
                rms_prop(parameters, gradients, squares, momenta, averages, settings);
            },
            |w, g, [v, b, a], _| {
                *v = 0.8 * *v + 0.2 * g * g;
                *a = 0.8 * *a + 0.2 * g;
                let mean = if centered { *a } else { 0.0 };
                *b = f64::from(momentum) * *b + 0.02 * g / (*v - mean * mean + 1e-3).sqrt();
                *w -= *b;
            },
        );
    }
}

#[test]
fn penalties_and_norms_agree_with_their_twins() {
    let mut noise = Noise::new(15);
    for length in [0, 1, 15, 16, 17, 100] {
        let mut values = noise.values(length);
        if let Some(first) = values.first_mut() {
            *first = 0.0;
        }
        let gradients = noise.values(length);
        on_each_instruction_set(|| {
            let mut found = gradients.clone();
            let penalty = penalize(&values, &mut found, 0.3, 0.7);
            let (mut sum, mut squares) = (0.0, 0.0);
            for (i, &w) in values.iter().enumerate() {
                let w = f64::from(w);
                let sign = if w == 0.0 { 0.0 } else { w.signum() };
                let wanted = f64::from(gradients[i]) + 0.3 * sign + 1.4 * w;
                assert!((f64::from(found[i]) - wanted).abs() < 1e-6);
                sum += f64::from(0.3f32) * w.abs() + f64::from(0.7f32) * w * w;
                squares += w * w;
            }
            assert!((penalty - sum).abs() < 1e-9);
            assert!((super::penalty(&values, 0.3, 0.7) - sum).abs() < 1e-9);
            assert!((square_sum(&values) - squares).abs() < 1e-9);
        });
    }
}

#[test]
fn columns_are_shortened_to_the_limit() {
    let mut noise = Noise::new(16);
    for (rows, columns) in [(1, 1), (7, 3), (5, 33)] {
        let values = noise.values(rows * columns);
        on_each_instruction_set(|| {
            let mut found = values.clone();
            limit_column_norms(&mut found, 0.6, &mut vec![0.0; columns]);
            for column in 0..columns {
                let norm = |values: &[f32]| {
                    let values = values.iter().skip(column).step_by(columns);
                    values.map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt()
                };
                let (before, after) = (norm(&values), norm(&found));
                assert!((after - before.min(0.6)).abs() < 1e-6);
                let kept = (0..rows).map(|row| row * columns + column);
                for i in kept {
                    let wanted = f64::from(values[i]) * after / before;
                    assert!((f64::from(found[i]) - wanted).abs() < 1e-6);
                }
            }
        });
    }
}

#[test]
fn clipping_keeps_what_is_within_the_limit() {
    let mut values = [-3.0, -0.5, 0.0, 0.25, 7.0, f32::INFINITY];
    clip(&mut values, 0.5);
    assert_eq!(values, [-0.5, -0.5, 0.0, 0.25, 0.5, 0.5]);
    scale(&mut values, 2.0);
    assert_eq!(values, [-1.0, -1.0, 0.0, 0.5, 1.0, 1.0]);
}

/// An update of parameters by gradients, its state 0 at first.
type FirstUpdate = fn(&mut [f32], &[f32]) -> bool;

const UPDATES: [FirstUpdate; 13] = [
    |w, g| sgd(w, g, 0.5),
    |w, g| momentum(w, g, &mut zeros(w), 0.5, 0.9, false),
    |w, g| momentum(w, g, &mut zeros(w), 0.5, 0.9, true),
    |w, g| adam(w, g, &mut zeros(w), &mut zeros(w), ADAM),
    |w, g| amsgrad(w, g, &mut zeros(w), &mut zeros(w), &mut zeros(w), ADAM),
    |w, g| adagrad(w, g, &mut zeros(w), 0.5, 1e-3),
    |w, g| {
        let settings = Adadelta {
            rate: 0.5,
            rho: 0.9,
            epsilon: 1e-3,
        };
        adadelta(w, g, &mut zeros(w), &mut zeros(w), settings)
    },
    |w, g| {
        let settings = Adamax {
            rate: 0.5,
            beta_1: 0.9,
            beta_2: 0.9,
            epsilon: 1e-3,
            step: 1,
        };
        adamax(w, g, &mut zeros(w), &mut zeros(w), settings)
    },
    |w, g| {
        let settings = Nadam {
            beta_1: 0.9,
            beta_2: 0.9,
            epsilon: 1e-3,
            of_moment: 0.5,
            of_gradient: 0.5,
            of_square: 1.0,
        };
        nadam(w, g, &mut zeros(w), &mut zeros(w), settings)
    },
    |w, g| {
        let settings = Lion {
            rate: 0.5,
            beta_1: 0.9,
            beta_2: 0.9,
            weight_decay: 0.0,
        };
        lion(w, g, &mut zeros(w), settings)
    },
    |w, g| rms_prop(w, g, &mut zeros(w), None, None, RMS_PROP),
    |w, g| rms_prop(w, g, &mut zeros(w), Some(&mut zeros(w)), None, RMS_PROP),
    |w, g| rms_prop(w, g, &mut zeros(w), None, Some(&mut zeros(w)), RMS_PROP),
];

const ADAM: Adam = Adam {
    rate: 0.5,
    beta_1: 0.9,
    beta_2: 0.9,
    epsilon: 1e-3,
    weight_decay: 0.0,
    step: 1,
};

const RMS_PROP: RmsProp = RmsProp {
    rate: 0.5,
    rho: 0.9,
    momentum: 0.9,
    epsilon: 1e-3,
};

fn zeros(parameters: &[f32]) -> Vec<f32> {
    vec![0.0; parameters.len()]
}

#[test]
fn each_update_says_whether_its_parameters_are_finite() {
    const BAD: [f32; 4] = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    on_each_instruction_set(|| {
        for (number, update) in UPDATES.iter().enumerate() {
            assert!(update(&mut [], &[]));
            for length in [1, 15, 16, 17, 31, 70] {
                // Large and small, none of them beyond the range.
                let sizes = [f32::MAX, -f32::MAX, -0.0, f32::MIN_POSITIVE, 1e-45, 3.0];
                let first = || sizes.iter().copied().cycle().take(length).collect();
                let mut parameters: Vec<f32> = first();
                let mut gradients = vec![0.0; length];
                assert!(update(&mut parameters, &gradients), "update {number}");
                for place in 0..length {
                    for bad in BAD {
                        let what = format!("update {number}, {bad} in place {place} of {length}");
                        let mut parameters: Vec<f32> = first();
                        parameters[place] = bad;
                        assert!(!update(&mut parameters, &gradients), "{what}");
                        gradients[place] = bad;
                        assert!(!update(&mut first(), &gradients), "gradient of {what}");
                        gradients[place] = 0.0;
                    }
                }
            }
        }
        bits(&[])
    });
}
