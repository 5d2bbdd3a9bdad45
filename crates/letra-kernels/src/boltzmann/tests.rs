use super::*;
use crate::noise::Noise;
use crate::random::Domain;
use crate::simd::tests::{bits, on_each_instruction_set};

fn stream(step: u64) -> Random {
    Random::new(7, Domain::Gibbs, 3, step)
}

/// Rows of five units more than the columns in the middle of them.
fn rows(units: usize) -> Rows {
    Rows {
        stride: units + 5,
        columns: 2..units + 2,
        first: 11,
    }
}

fn twin_softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[test]
fn probabilities_agree_with_their_twins_and_leave_other_columns_alone() {
    for units in [1, 15, 64, 65, 200] {
        let rows = rows(units);
        let given: Vec<f32> = Noise::new(3)
            .values(4 * rows.stride)
            .iter()
            .map(|x| 9.0 * x)
            .collect();
        on_each_instruction_set(|| {
            let (mut means, mut states) = (given.clone(), vec![5.0; given.len()]);
            bernoulli(&stream(0), &rows, 0.7, &mut means, &mut states);
            let (mut plain, mut soft) = (given.clone(), given.clone());
            logistic(&rows, 0.7, &mut plain);
            softplus_rows(&rows, &mut soft);
            assert_eq!(bits(&plain), bits(&means));
            for (place, x) in given.iter().enumerate() {
                if !rows.columns.contains(&(place % rows.stride)) {
                    assert_eq!((means[place], states[place], soft[place]), (*x, 5.0, *x));
                    continue;
                }
                let x = f64::from(*x);
                assert!((f64::from(means[place]) - 1.0 / (1.0 + (-0.7 * x).exp())).abs() < 1e-6);
                assert!((f64::from(soft[place]) - twin_softplus(x)).abs() < 2e-6);
                assert!(states[place] == 0.0 || states[place] == 1.0);
            }
            (bits(&means), bits(&states))
        });
    }
}

#[test]
fn states_have_the_moments_asked_whatever_rows_are_drawn_together() {
    let (units, chains) = (70, 3000);
    let row: Vec<f32> = (0..units).map(|unit| (unit as f32 - 35.0) * 0.1).collect();
    let deviations: Vec<f32> = (0..units).map(|unit| 0.5 + unit as f32 * 0.02).collect();
    let rows = |first: usize| Rows {
        stride: units,
        columns: 0..units,
        first,
    };
    let given = row.repeat(chains);
    let deviation = |p: f64| 4.5 * (p / chains as f64).sqrt();
    let mean = |states: &[f32], unit: usize, f: &dyn Fn(f64) -> f64| {
        let of_unit = states.iter().skip(unit).step_by(units);
        of_unit.map(|state| f(f64::from(*state))).sum::<f64>() / chains as f64
    };

    let (mut means, mut states) = (given.clone(), vec![0.0; given.len()]);
    bernoulli(&stream(1), &rows(0), 1.0, &mut means, &mut states);
    for unit in 0..units {
        let p = f64::from(means[unit]);
        assert!((mean(&states, unit, &|s| s) - p).abs() < deviation(p * (1.0 - p)));
    }
    // The last rows alone are the same.
    let (mut some, mut of_some) = (row.clone(), vec![0.0; units]);
    bernoulli(&stream(1), &rows(chains - 1), 1.0, &mut some, &mut of_some);
    assert_eq!(of_some, states[(chains - 1) * units..]);

    gaussian(&stream(2), &rows(0), &deviations, &given, &mut states);
    for unit in 0..units {
        let (m, s) = (f64::from(row[unit]), f64::from(deviations[unit]));
        assert!((mean(&states, unit, &|v| v) - m).abs() < deviation(s * s));
        let square = mean(&states, unit, &|v| (v - m) * (v - m));
        assert!((square - s * s).abs() < deviation(2.0 * s.powi(4)));
    }

    let mut means = given.clone();
    rectified(&stream(3), &rows(0), &mut means, &mut states);
    for unit in 0..units {
        // E max(0, x + s n) = x Φ(x / s) + s φ(x / s).
        let x = f64::from(row[unit]);
        let s = (1.0 / (1.0 + (-x).exp())).sqrt();
        let beyond = crate::noise::normal_tail((x / s).abs());
        let below = if x > 0.0 { 1.0 - beyond } else { beyond };
        let density = (-0.5 * (x / s) * (x / s)).exp() / std::f64::consts::TAU.sqrt();
        let wanted = x * below + s * density;
        assert!(
            (mean(&states, unit, &|v| v) - wanted).abs() < deviation(s * s),
            "{x}"
        );
        assert!(states.iter().all(|state| *state >= 0.0));
    }

    let mut means = given.clone();
    let groups = Rows {
        stride: units,
        columns: 0..units,
        first: 0,
    };
    categorical(&stream(4), &groups, 5, 2.0, &mut means, &mut states);
    let mut plain = given.clone();
    softmax(&groups, 5, 2.0, &mut plain);
    assert_eq!(plain, means);
    for group in 0..units / 5 {
        let exps: Vec<f64> = (0..5)
            .map(|unit| (2.0 * f64::from(row[5 * group + unit])).exp())
            .collect();
        for unit in 0..5 {
            let p = exps[unit] / exps.iter().sum::<f64>();
            assert!((f64::from(means[5 * group + unit]) - p).abs() < 1e-6);
            assert!((mean(&states, 5 * group + unit, &|s| s) - p).abs() < deviation(p * (1.0 - p)));
        }
    }
    for states in states.chunks(5) {
        assert_eq!(states.iter().sum::<f32>(), 1.0);
    }
}

#[test]
fn draws_have_the_same_bits_on_each_instruction_set() {
    let rows = rows(100);
    let given = Noise::new(5).values(3 * rows.stride);
    let deviations = vec![0.3; 100];
    on_each_instruction_set(|| {
        let mut all = Vec::new();
        for kind in 0..3 {
            let (mut means, mut states) = (given.clone(), vec![0.0; given.len()]);
            match kind {
                0 => gaussian(&stream(0), &rows, &deviations, &means, &mut states),
                1 => rectified(&stream(0), &rows, &mut means, &mut states),
                _ => categorical(&stream(0), &rows, 4, 1.5, &mut means, &mut states),
            }
            all.push((bits(&means), bits(&states)));
        }
        let sums = [
            softplus_sum(0.4, &given),
            softplus_difference(0.4, 0.5, &given),
            dot(&given[..150], &given[150..300]),
            squared_distance(&given[..150], &given[150..300]),
        ];
        all.push((
            sums.iter()
                .flat_map(|sum| [sum.to_bits() as u32, (sum.to_bits() >> 32) as u32])
                .collect(),
            Vec::new(),
        ));
        all
    });
}

#[test]
fn sums_agree_with_their_twins() {
    for length in [0, 1, 16, 37, 500] {
        let (a, b) = (Noise::new(1).values(length), Noise::new(2).values(length));
        let double = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let (x, y) = (double(&a), double(&b));
        let close = |found: f64, wanted: f64| {
            assert!((found - wanted).abs() < 2e-5, "{found} for {wanted}")
        };
        let soft = |scale: f64| x.iter().map(|x| twin_softplus(scale * x)).sum::<f64>();
        close(softplus_sum(3.0, &a), soft(3.0));
        close(softplus_difference(3.0, 4.0, &a), soft(4.0) - soft(3.0));
        close(dot(&a, &b), x.iter().zip(&y).map(|(x, y)| x * y).sum());
        close(
            squared_distance(&a, &b),
            x.iter().zip(&y).map(|(x, y)| (x - y) * (x - y)).sum(),
        );
    }
}

#[test]
fn updates_follow_their_formulas() {
    let (w, g, v) = (
        Noise::new(1).values(70),
        Noise::new(2).values(70),
        Noise::new(3).values(70),
    );
    on_each_instruction_set(|| {
        let mut plain = w.clone();
        assert!(ascend(&mut plain, &g, 0.1, 0.01));
        let (mut moving, mut velocities) = (w.clone(), v.clone());
        assert!(ascend_with_momentum(
            &mut moving,
            &g,
            &mut velocities,
            0.1,
            0.01,
            0.9
        ));
        let (mut fast, mut sum) = (v.clone(), vec![0.0; 70]);
        follow(&mut fast, &mut sum, &w, &g, 0.2, 0.95);
        for i in 0..70 {
            let (w, g, v) = (f64::from(w[i]), f64::from(g[i]), f64::from(v[i]));
            let step = 0.1 * (g - 0.01 * w);
            assert!((f64::from(plain[i]) - w - step).abs() < 1e-6);
            assert!((f64::from(velocities[i]) - 0.9 * v - step).abs() < 1e-6);
            assert!((f64::from(moving[i]) - w - 0.9 * v - step).abs() < 1e-6);
            assert!((f64::from(fast[i]) - 0.95 * v - 0.2 * g).abs() < 1e-6);
            assert!((f64::from(sum[i]) - w - 0.95 * v - 0.2 * g).abs() < 1e-6);
        }
        let mut bad = w.clone();
        bad[3] = f32::NAN;
        assert!(!ascend(&mut bad, &g, 0.1, 0.0));
        (bits(&plain), bits(&moving), bits(&fast))
    });
}

#[test]
fn what_is_not_a_number_shows() {
    let rows = rows(70);
    let mut given = vec![0.5; rows.stride];
    given[30] = f32::NAN;
    let (mut means, mut states) = (given.clone(), given.clone());
    bernoulli(&stream(0), &rows, 1.0, &mut means, &mut states);
    assert!(means[30].is_nan() && states[30].is_nan());
    let (mut means, mut states) = (given.clone(), vec![0.0; given.len()]);
    rectified(&stream(0), &rows, &mut means, &mut states);
    assert!(means[30].is_nan() && states[30].is_nan());
    let (mut means, mut states) = (given.clone(), vec![0.0; given.len()]);
    categorical(&stream(0), &rows, 7, 1.0, &mut means, &mut states);
    assert!(means[30].is_nan() && states[30].is_nan());
    assert!(softplus_sum(1.0, &given).is_nan() && dot(&given, &given).is_nan());
}
