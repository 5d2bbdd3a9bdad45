use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};

/// Runs four steps of `update` on [parameters, gradients, first, second state] and of `twin`
/// on the values of one parameter each, and compares.
fn check(update: impl Fn([&mut [f32]; 4], u64), twin: impl Fn([&mut f64; 4], u64)) {
    let mut noise = Noise::new(13);
    for length in [0, 1, 9, 33, 250] {
        let start = [noise.values(length), noise.values(length)];
        on_each_instruction_set(|| {
            let [mut parameters, mut gradients] = start.clone();
            let [mut first, mut second] = [vec![0.0; length], vec![0.0; length]];
            for step in 1..=4 {
                let state = [&mut parameters, &mut gradients, &mut first, &mut second];
                update(state.map(Vec::as_mut_slice), step);
            }
            for (i, parameter) in parameters.iter().enumerate() {
                let [mut expected, mut gradient] = [0, 1].map(|k| f64::from(start[k][i]));
                let [mut first, mut second] = [0.0; 2];
                for step in 1..=4 {
                    twin(
                        [&mut expected, &mut gradient, &mut first, &mut second],
                        step,
                    );
                }
                assert!((f64::from(*parameter) - expected).abs() < 1e-6);
            }
            bits(&parameters)
        });
    }
}

#[test]
fn sgd_agrees_with_its_twin() {
    check(
        |[parameters, gradients, ..], _| sgd(parameters, gradients, 0.3),
        |[w, g, ..], _| *w -= 0.3 * *g,
    );
}

#[test]
fn momentum_agrees_with_its_twin() {
    for nesterov in [false, true] {
        check(
            |[parameters, gradients, velocities, _], _| {
                momentum(parameters, gradients, velocities, 0.1, 0.9, nesterov);
            },
            |[w, g, v, _], _| {
                *v = 0.9 * *v - 0.1 * *g;
                *w += if nesterov { 0.9 * *v - 0.1 * *g } else { *v };
            },
        );
    }
}

#[test]
fn adam_agrees_with_its_twin() {
    check(
        |[parameters, gradients, first, second], step| {
            let settings = Adam {
                rate: 0.01,
                beta_1: 0.9,
                beta_2: 0.99,
                epsilon: 1e-4,
                weight_decay: 0.0,
                step,
            };
            adam(parameters, gradients, first, second, settings);
        },
        |[w, g, m, v], step| {
            let t = step as i32;
            *m = 0.9 * *m + 0.1 * *g;
            *v = 0.99 * *v + 0.01 * *g * *g;
            let alpha = 0.01 * (1.0 - 0.99_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t));
            *w -= alpha * *m / (v.sqrt() + 1e-4);
        },
    );
}

/// Runs four steps of `update` on parameters and arrays of state that begin at `start`, and of
/// `twin` on one value each in double precision, and compares the parameters.
fn check_state<const N: usize>(
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
    on_each_instruction_set(|| {
        let mut parameters = [0.5; LENGTH];
        let mut states = [[1.0_f32; LENGTH]; 9];
        for _ in 0..1500 {
            let [a, b, c, d, e, f, g, h, i] = &mut states;
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
fn adam_w_shrinks_the_parameters_first() {
    check_state(
        [0.0; 2],
        |parameters, gradients, [first, second], step| {
            let settings = Adam {
                rate: 0.01,
                beta_1: 0.9,
                beta_2: 0.99,
                epsilon: 1e-4,
                weight_decay: 0.3,
                step: step + 1,
            };
            adam(parameters, gradients, first, second, settings);
        },
        |w, g, [m, v], step| {
            let t = step as i32 + 1;
            *w -= 0.01 * 0.3 * *w;
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.99 * *v + 0.01 * g * g;
            let alpha = 0.01 * (1.0 - 0.99_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t));
            *w -= alpha * *m / (v.sqrt() + 1e-4);
        },
    );
}

#[test]
fn adagrad_agrees_with_its_twin() {
    check_state(
        [0.1],
        |parameters, gradients, [sums], _| adagrad(parameters, gradients, sums, 0.1, 1e-4),
        |w, g, [a], _| {
            *a += g * g;
            *w -= 0.1 * g / (*a + 1e-4).sqrt();
        },
    );
}

#[test]
fn adadelta_agrees_with_its_twin() {
    check_state(
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
        check_state(
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
fn ada_secant_agrees_with_its_twin() {
    for adagrad in [true, false] {
        check_state(
            ADA_SECANT_START,
            |parameters, gradients, state, step| {
                let settings = AdaSecant {
                    rate: 0.1,
                    norm: 2.0,
                    decay: 0.9,
                    gamma_clip: 1.5,
                    delta_clip: 0.9,
                    adagrad,
                    epsilon: 1e-2,
                    first: step == 0,
                };
                ada_secant(parameters, gradients, state, settings);
            },
            |w, g, state, step| {
                let [
                    g1,
                    g2,
                    d1,
                    d2,
                    up,
                    low,
                    tau,
                    ad,
                    last,
                    last_corrected,
                    a1,
                    a2,
                    sum,
                ] = state;
                let g = g / (2.0 + 1e-7);
                let mean = |old: f64, new: f64| (1.0 - 1.0 / *tau) * old + new / *tau;
                let (step_1, step_2) = if step == 0 { (g, g * g) } else { (*d1, *d2) };
                *g1 = 0.9 * *g1 + 0.1 * g;
                *g2 = 0.9 * *g2 + 0.1 * g * g;
                let gamma = (up.sqrt() / (*low + 1e-7).sqrt()).min(1.5);
                *up = mean(
                    *up,
                    ((g - *last_corrected) * (*last_corrected - *g1)).powi(2),
                );
                *low = mean(*low, ((*g1 - g) * (*last_corrected - *g1)).powi(2));
                let corrected = (g + gamma * *g1) / (1.0 + gamma);
                let alpha = g - *last;
                *a1 = mean(*a1, alpha);
                *a2 = mean(*a2, alpha * alpha);
                let eta = ((step_2 + 1e-2) / (*a2 + 1e-2)).sqrt() - *ad / (*a2 + 1e-2);
                let eta = eta.clamp(-0.9, 0.9);
                *sum += corrected * corrected;
                let bound = if adagrad { sum.sqrt().max(1.0) } else { 1.0 };
                let change = -eta * corrected / bound;
                *d1 = mean(*d1, change);
                *d2 = mean(step_2, change * change);
                *ad = mean(*ad, change * alpha);
                let outlier = (g - *g1).abs() > 2.0 * (*g2 - *g1 * *g1).sqrt()
                    || (alpha - *a1).abs() > 2.0 * (*a2 - *a1 * *a1).sqrt();
                let next = (1.0 - step_1 * step_1 / (step_2 + 1e-7)) * *tau + 1.0 + 1e-7;
                *tau = if outlier { 2.2 } else { next.clamp(1.5, 1e8) };
                (*last, *last_corrected) = (g, corrected);
                *w += 0.1 * change;
            },
        );
    }
}

/// The gradient at the displaced parameters differs by what a curvature makes of the way there.
#[test]
fn vsgd_agrees_with_its_twin() {
    const BENDS: [f64; 4] = [0.5, 2.0, 1.0, 1.5];
    check_state(
        [0.0; 5],
        |parameters, gradients, state, step| {
            let direction = match step {
                0 => gradients.to_vec(),
                _ => state[0].to_vec(),
            };
            let mut displaced = direction.clone();
            displace(parameters, &direction, &mut displaced);
            let there: Vec<f32> = displaced
                .iter()
                .zip(&*parameters)
                .zip(gradients)
                .map(|((to, from), gradient)| gradient + BENDS[step as usize] as f32 * (to - from))
                .collect();
            let settings = Vsgd {
                rate: 0.5,
                phase: match step {
                    0 => Phase::Measure { step: 1 },
                    1 => Phase::Begin { step: 2 },
                    _ => Phase::Descend,
                },
                slow_constant: 3.0,
                detect_outliers: true,
                epsilon: 1e-2,
            };
            vsgd(parameters, gradients, [&displaced, &there], state, settings);
        },
        |w, g, [g1, g2, h1, h2, tau], step| {
            let h = BENDS[step as usize];
            let memory = match step {
                0 | 1 => step as f64 + 1.0,
                _ => {
                    let outlier = (g - *g1).abs() > 2.0 * (*g2 - *g1 * *g1).max(0.0).sqrt()
                        || (h - *h1).powi(2) > 4.0 * (*h2 - *h1 * *h1) + 1e-4 * *h1 * *h1;
                    *tau + f64::from(u8::from(outlier))
                }
            };
            *g1 += (g - *g1) / memory;
            *g2 += (g * g - *g2) / memory;
            *h1 += (h - *h1) / memory;
            *h2 += (h * h - *h2) / memory;
            if step < 2 {
                *g2 *= if step == 1 { 3.0 } else { 1.0 };
                *tau = 2.0;
                return;
            }
            let share = *g1 * *g1 / *g2;
            *tau = (1.0 - share) * memory + 1.0;
            *w -= 0.5 * (*h1 + 1e-2) / (*h2 + 1e-2) * share * g;
        },
    );
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
