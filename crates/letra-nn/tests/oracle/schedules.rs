//! Learning rates step by step, as Keras and PyTorch have them.

use letra_nn::schedules::{
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, LearningRate, OneCycle,
    PiecewiseConstantDecay, PolynomialDecay, WarmUp,
};
use serde_json::Value;

use super::reading::{doubles, list, name, numbers, whole};

fn schedule(facts: &Value) -> LearningRate {
    let real = |key: &str| facts[key].as_f64().unwrap();
    let steps = |key: &str| whole(&facts[key]) as u64;
    let cosine = || CosineDecay::new(real("initial"), steps("steps")).alpha(real("alpha"));
    match facts["kind"].as_str().unwrap() {
        "exponential_decay" => ExponentialDecay::new(real("initial"), steps("steps"), real("rate"))
            .staircase(facts["staircase"].as_bool().unwrap())
            .into(),
        "inverse_time_decay" => {
            InverseTimeDecay::new(real("initial"), steps("steps"), real("rate"))
                .staircase(facts["staircase"].as_bool().unwrap())
                .into()
        }
        "piecewise_constant_decay" => {
            let boundaries = list(&facts["boundaries"])
                .iter()
                .map(|step| whole(step) as u64);
            let boundaries: Vec<u64> = boundaries.collect();
            PiecewiseConstantDecay::new(boundaries, doubles(&facts["values"])).into()
        }
        "cosine_decay" => cosine().into(),
        "cosine_decay_restarts" => CosineDecayRestarts::new(real("initial"), steps("steps"))
            .t_mul(real("t_mul"))
            .m_mul(real("m_mul"))
            .alpha(real("alpha"))
            .into(),
        "polynomial_decay" => PolynomialDecay::new(real("initial"), steps("steps"))
            .end_learning_rate(real("end"))
            .power(real("power"))
            .cycle(facts["cycle"].as_bool().unwrap())
            .into(),
        "warm_up" => WarmUp::new(steps("warm_up"), cosine())
            .starting_at(real("first"))
            .into(),
        "one_cycle" => {
            let cycle = OneCycle::new(real("maximum"), steps("steps"))
                .rise(real("rise"))
                .divisions(real("initial"), real("last"));
            match facts["linear"].as_bool().unwrap() {
                true => cycle.linear().into(),
                false => cycle.into(),
            }
        }
        kind => panic!("the test knows no {kind}"),
    }
}

#[test]
fn rates_of_sixty_steps() {
    let numbers = numbers("schedules");
    for case in list(&numbers["cases"]) {
        let rate = schedule(&case["schedule"]);
        rate.check().unwrap();
        let wanted = doubles(&case["rates"]);
        assert_eq!(wanted.len(), 60);
        for (step, wanted) in wanted.iter().enumerate() {
            let found = rate.at(step as u64);
            let close = (found - wanted).abs() <= 1e-8 * wanted.abs().max(1.0);
            assert!(close, "{}, step {step}: {found} for {wanted}", name(case));
        }
    }
}
