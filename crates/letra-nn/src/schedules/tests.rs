use super::*;
use crate::optimizers::{Optimizer, Sgd};

fn all() -> Vec<LearningRate> {
    vec![
        0.25.into(),
        CosineDecay::new(0.1, 10).alpha(0.1).into(),
        CosineDecayRestarts::new(0.1, 4).m_mul(0.5).into(),
        ExponentialDecay::new(0.1, 3, 0.5).staircase(true).into(),
        InverseTimeDecay::new(0.1, 3, 0.5).into(),
        InverseTimeDecay::new(0.1, 30, 10.0).power(0.75).into(),
        OneCycle::new(1.0, 20).into(),
        PiecewiseConstantDecay::new([2, 5], [0.3, 0.2, 0.1]).into(),
        PolynomialDecay::new(0.1, 7).power(0.5).cycle(true).into(),
        WarmUp::new(5, CosineDecay::new(0.1, 10)).into(),
    ]
}

#[test]
fn a_schedule_survives_being_saved() {
    for rate in all() {
        let optimizer = Sgd::new(rate);
        let text = optimizer.configuration().to_string();
        let saved: Sgd = serde_json::from_str(&text).unwrap();
        assert_eq!(saved.configuration().to_string(), text);
        for step in 0..30 {
            let rates = [&optimizer, &saved].map(|sgd| sgd.rate(step));
            assert_eq!(rates[0].to_bits(), rates[1].to_bits());
        }
    }
}

#[test]
fn no_schedule_leaves_the_numbers_behind_after_many_steps() {
    for rate in all() {
        rate.check().unwrap();
        for step in [0, 1, 1 << 20, 1 << 40, u64::MAX / 2, u64::MAX] {
            let found = rate.at(step);
            assert!(
                (0.0..=1.0).contains(&found),
                "{rate:?}, step {step}: {found}"
            );
        }
    }
}

#[test]
fn restarts_begin_at_the_initial_rate_and_last_longer() {
    let schedule = CosineDecayRestarts::new(0.5, 10);
    for restart in [0, 10, 30, 70, 150] {
        assert!((schedule.rate(restart) - 0.5).abs() < 1e-9, "{restart}");
        assert!(schedule.rate(restart + 1) < 0.5);
    }
    assert!(schedule.rate(9) < 0.05 && schedule.rate(29) < 0.05 && schedule.rate(69) < 0.05);
    let evenly = CosineDecayRestarts::new(0.5, 10).t_mul(1.0).m_mul(0.5);
    for restart in 0..5u32 {
        let wanted = 0.5 * 0.5f64.powi(restart as i32);
        assert!((evenly.rate(u64::from(restart) * 10) - wanted).abs() < 1e-12);
    }
}
