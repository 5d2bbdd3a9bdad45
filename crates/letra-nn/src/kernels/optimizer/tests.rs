use super::*;
use crate::kernels::noise::Noise;
use crate::kernels::simd::tests::on_each_instruction_set;

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
