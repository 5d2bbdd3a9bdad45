//! Learning rates, schedules, clipping, penalties and limits out of their range.

use letra_nn::optimizers::Optimizer;
use letra_nn::prelude::*;
use letra_nn::schedules::{
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, OneCycle,
    PiecewiseConstantDecay, PolynomialDecay, Schedule, WarmUp,
};

use super::assert_refused;

fn compiled(compile: Compile) -> Result<Trainer, Error> {
    Sequential::new([2]).add(Dense::new(2)).compile(compile)
}

fn data() -> Dataset {
    let inputs = Tensor::new([3, 2], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    Dataset::classes(inputs, vec![0, 1, 1], 2).unwrap()
}

fn refused(optimizer: impl Optimizer + 'static, parts: &[&str]) {
    let what = format!("{optimizer:?}");
    assert_refused(&what, compiled(Compile::new(optimizer)), parts);
}

#[test]
fn settings_of_schedules() {
    refused(
        Sgd::new(CosineDecay::new(-0.1, 10)),
        &["cosine_decay", "initial rate -0.1", "0 or more"],
    );
    refused(
        Sgd::new(CosineDecay::new(0.1, 0)),
        &["cosine_decay", "decay steps 0", "at least 1"],
    );
    refused(
        Adam::new(CosineDecay::new(0.1, 9).alpha(1.5)),
        &["alpha 1.5", "from 0 to 1"],
    );
    refused(
        Adam::new(CosineDecayRestarts::new(0.1, 9).t_mul(0.5)),
        &["cosine_decay_restarts", "t_mul 0.5", "at least 1"],
    );
    refused(
        Adam::new(CosineDecayRestarts::new(0.1, 9).m_mul(f64::NAN)),
        &["m_mul NaN", "0 or more"],
    );
    refused(
        Sgd::new(PolynomialDecay::new(0.1, 0)),
        &["polynomial_decay", "decay steps 0", "at least 1"],
    );
    refused(
        Sgd::new(PolynomialDecay::new(0.1, 9).end_learning_rate(-1.0)),
        &["end rate -1", "0 or more"],
    );
    refused(
        Sgd::new(PolynomialDecay::new(0.1, 9).power(0.0)),
        &["power 0", "above 0"],
    );
    refused(
        Sgd::new(ExponentialDecay::new(f64::INFINITY, 9, 0.5)),
        &["exponential_decay", "initial rate inf"],
    );
    refused(
        Sgd::new(ExponentialDecay::new(0.1, 9, -0.5)),
        &["decay rate -0.5"],
    );
    refused(
        Sgd::new(InverseTimeDecay::new(0.1, 0, 0.5)),
        &["inverse_time_decay", "decay steps 0"],
    );
    refused(
        Sgd::new(OneCycle::new(0.1, 0)),
        &["one_cycle", "at least 1"],
    );
    refused(
        Sgd::new(OneCycle::new(0.1, 9).rise(2.0)),
        &["rise 2", "from 0 to 1"],
    );
    refused(
        Sgd::new(OneCycle::new(0.1, 9).divisions(0.0, 1.0)),
        &["initial division 0", "above 0"],
    );
    refused(
        Sgd::new(PiecewiseConstantDecay::new([3], [0.1])),
        &["1 values for 1 boundaries"],
    );
    refused(
        Sgd::new(PiecewiseConstantDecay::new([3, 3], [0.1, 0.2, 0.3])),
        &["[3, 3]", "above the one before"],
    );
    refused(
        Sgd::new(PiecewiseConstantDecay::new([3], [0.1, -0.2])),
        &["-0.2", "0 or more"],
    );
    refused(
        Sgd::new(WarmUp::new(0, 0.1)),
        &["warm_up", "steps 0", "at least 1"],
    );
    refused(
        Sgd::new(WarmUp::new(4, WarmUp::new(4, -0.5))),
        &["learning rate is -0.5"],
    );
}

/// A schedule of a user's own, whose rate falls below 0.
#[derive(Debug)]
struct Falling;

impl Schedule for Falling {
    fn kind(&self) -> &'static str {
        "falling"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn rate(&self, step: u64) -> f64 {
        match step {
            9 => f64::NAN,
            _ => 0.25 - step as f64 * 0.125,
        }
    }
}

#[test]
fn a_rate_below_nothing_stops_the_training_at_its_step() {
    let mut network = compiled(Compile::new(Sgd::new(Falling))).unwrap();
    for _ in 0..3 {
        network.train_on_batch(&data()).unwrap();
    }
    let before = network.parameter("dense/kernel");
    let parts = ["step 4", "-0.125", "0 or more"];
    assert_refused("a negative rate", network.train_on_batch(&data()), &parts);
    let fit = Fit::epochs(3).batch_size(1);
    assert_refused("a negative rate", network.fit(&data(), fit), &parts);
    assert_eq!(network.parameter("dense/kernel"), before);
    assert_eq!(network.steps(), 3);
}

#[test]
fn settings_of_optimizers() {
    refused(Adagrad::new(-1.0), &["learning rate is -1"]);
    refused(
        Adagrad::new(0.1).initial_accumulator_value(-0.5),
        &["initial accumulator value is -0.5"],
    );
    refused(Adagrad::new(0.1).epsilon(0.0), &["epsilon is 0"]);
    refused(Adadelta::new(1.0).rho(1.0), &["rho is 1", "below 1"]);
    refused(RmsProp::new(0.1).rho(f32::NAN), &["rho is NaN"]);
    refused(RmsProp::new(0.1).momentum(1.0), &["momentum is 1"]);
    refused(AdamW::new(0.1).weight_decay(-1.0), &["weight decay is -1"]);
    refused(AdamW::new(0.1).betas(0.9, 1.0), &["beta_2 is 1"]);
    refused(Adamax::new(0.1).betas(-0.1, 0.9), &["beta_1 is -0.1"]);
    refused(Adamax::new(0.1).epsilon(0.0), &["epsilon is 0"]);
    refused(Lion::new(0.1).betas(0.9, 1.0), &["beta_2 is 1"]);
    refused(Lion::new(0.1).weight_decay(-1.0), &["weight decay is -1"]);
    refused(Nadam::new(0.1).betas(1.0, 0.9), &["beta_1 is 1", "below 1"]);
    refused(
        Nadam::new(0.1).momentum_decay(f32::INFINITY),
        &["momentum decay is inf", "0 or more"],
    );
    refused(AdaSecant::new().decay(1.0), &["decay is 1"]);
    refused(AdaSecant::new().gamma_clip(-1.0), &["largest gamma is -1"]);
    refused(AdaSecant::new().rate(f32::NAN), &["learning rate is NaN"]);
    refused(AdaSecant::new().delta_clip(0.0), &["largest rate is 0"]);
    refused(
        Vsgd::new().slow_start(0),
        &["slow start is 0", "at least 1"],
    );
    refused(Vsgd::new().slow_constant(0.5), &["slow constant is 0.5"]);
}

#[test]
fn clipping() {
    let compile = || Compile::new(Sgd::new(0.1));
    for limit in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let parts = ["gradient", &format!("is {limit}"), "above 0"];
        assert_refused("value", compiled(compile().clip_value(limit)), &parts);
        assert_refused("norm", compiled(compile().clip_norm(limit)), &parts);
        let compile = compile().global_clip_norm(limit);
        assert_refused("global norm", compiled(compile), &parts);
    }
    let both = compile().clip_norm(1.0).clip_value(1.0);
    assert_refused("two ways", compiled(both), &["more than one way"]);
    let vsgd = Compile::new(Vsgd::new()).clip_norm(1.0);
    assert_refused("vsgd", compiled(vsgd), &["vsgd", "leave the clipping out"]);
}

#[test]
fn penalties_and_limits() {
    for (layer, parts) in [
        (
            Dense::new(2).kernel_regularizer(Regularizer::l1(-0.1)),
            ["layer 1 (dense)", "L1 factor -0.1"],
        ),
        (
            Dense::new(2).kernel_regularizer(Regularizer::l2(f32::NAN)),
            ["layer 1 (dense)", "L2 factor NaN"],
        ),
        (
            Dense::new(2).bias_regularizer(Regularizer::l1(f32::INFINITY)),
            ["layer 1 (dense)", "L1 factor inf"],
        ),
        (
            Dense::new(2).activity_regularizer(Regularizer::l2(-0.5)),
            ["layer 1 (dense)", "L2 factor -0.5"],
        ),
        (
            Dense::new(2).bias_constraint(Constraint::max_norm(-1.0)),
            ["layer 1 (dense)", "largest norm of -1"],
        ),
        (
            Dense::new(2).kernel_constraint(Constraint::max_norm(0.0)),
            ["layer 1 (dense)", "largest norm of 0"],
        ),
    ] {
        let compile = Compile::new(Sgd::new(0.1));
        let network = Sequential::new([2]).add(layer).compile(compile);
        assert_refused("a demand", network, &parts);
    }
}

#[test]
fn factors_and_range_tests() {
    let mut network = compiled(Compile::new(Sgd::new(0.1))).unwrap();
    for factor in [-1.0, f32::NAN, f32::INFINITY] {
        let parts = ["factor", &factor.to_string()];
        assert_refused("a factor", network.set_learning_rate_factor(factor), &parts);
    }
    assert_eq!(network.learning_rate_factor(), 1.0);
    for (from, to, steps, batch) in [
        (0.0, 1.0, 9, 3),
        (1.0, 0.1, 9, 3),
        (0.1, f32::INFINITY, 9, 3),
        (f32::NAN, 1.0, 9, 3),
        (0.1, 1.0, 1, 3),
        (0.1, 1.0, 9, 0),
    ] {
        let found = network.learning_rate_range_test(&data(), from, to, steps, batch);
        assert_refused("a range test", found, &["range test", "0 < from < to"]);
    }
}
