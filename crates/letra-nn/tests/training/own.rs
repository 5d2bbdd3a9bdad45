//! What a program has of its own, saved and loaded.

use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::losses::{Loss, TargetRows};
use letra_nn::metrics::{Direction, Metric, MetricRows, MetricState};
use letra_nn::ops::Multiply;
use letra_nn::prelude::*;
use letra_nn::schedules::{Schedule, WarmUp};
use letra_nn::{BuildError, optimizers};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Power;

impl Layer for Power {
    fn kind(&self) -> &'static str {
        "power"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        Ok(vec![emit.op(Multiply, &[inputs[0], inputs[0]], &[])?])
    }
}

/// Half of the squared error.
#[derive(Debug, Serialize, Deserialize)]
struct Half {
    of: f32,
}

impl Loss for Half {
    fn kind(&self) -> &'static str {
        "half"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        self.of as f64 * MeanSquaredError.evaluate(units, output, targets, scale, gradient)
    }
}

#[derive(Debug, Clone)]
struct Largest;

impl Metric for Largest {
    fn name(&self) -> String {
        "largest".into()
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let largest = |row: &[f32]| f64::from(row.iter().copied().fold(f32::MIN, f32::max));
        rows.add_mean(state, |row| largest(rows.prediction(row)));
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

/// A rate that is high every other step.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Alternating {
    high: f64,
}

impl Schedule for Alternating {
    fn kind(&self) -> &'static str {
        "alternating"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn rate(&self, step: u64) -> f64 {
        self.high / (1 + step % 2) as f64
    }
}

fn data() -> Dataset {
    let values = (0..40).map(|i| (i % 7) as f32 / 7.0).collect();
    let inputs = Tensor::new([10, 4], values).unwrap();
    Dataset::values(inputs, Tensor::zeros([10, 2])).unwrap()
}

fn trainer() -> Trainer {
    Sequential::new([4])
        .add(Power)
        .add(Dense::new(2))
        .compile(
            Compile::new(AdamW::new(WarmUp::new(2, Alternating { high: 0.1 })))
                .loss(Half { of: 0.5 })
                .metric(Largest)
                .weighted_metric(Largest)
                .seed(1)
                .threads(1),
        )
        .unwrap()
}

fn registry() -> Registry {
    let registry = Registry::new().layer::<Power>("power").unwrap();
    registry
        .schedule::<Alternating>("alternating")
        .unwrap()
        .loss::<Half>("half")
        .unwrap()
        .metric(Largest)
        .unwrap()
}

#[test]
fn what_the_registry_knows_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.letra");
    let (mut trainer, data) = (trainer(), data());
    trainer.fit(&data, Fit::epochs(2)).unwrap();
    trainer.save(&file).unwrap();
    let error = Trainer::load(&file).err().unwrap().to_string();
    assert!(error.contains("\"power\""), "{error}");
    let loaded = Trainer::load_with(&file, &registry(), trainer.workers()).unwrap();
    assert_eq!(loaded.learning_rate(), trainer.learning_rate());
    assert_eq!(
        loaded.evaluate(&data).unwrap(),
        trainer.evaluate(&data).unwrap()
    );
    assert!(loaded.evaluate(&data).unwrap().metric("largest").is_some());
    assert!(
        loaded
            .evaluate(&data)
            .unwrap()
            .metric("weighted_largest")
            .is_some()
    );
    let network = Network::load_with(&file, &registry(), trainer.workers()).unwrap();
    assert_eq!(
        network.predict(data.inputs()).unwrap(),
        trainer.predict(data.inputs()).unwrap()
    );
}

#[test]
fn a_training_with_things_of_ones_own_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let data = data();
    let mut undisturbed = trainer();
    undisturbed.fit(&data, Fit::epochs(4)).unwrap();
    let mut checkpoint = Checkpoint::new(&file);
    let fit = Fit::epochs(2).callback(&mut checkpoint);
    trainer().fit(&data, fit).unwrap();
    let mut resumed = trainer();
    resumed.fit(&data, Fit::epochs(4).resume(&file)).unwrap();
    assert!(resumed.to_bytes().unwrap() == undisturbed.to_bytes().unwrap());
}

#[test]
fn names_that_clash_are_refused() {
    let refused = |result: Result<Registry, Error>, word: &str| {
        let error = result.err().unwrap().to_string();
        assert!(
            error.contains(word) && error.contains("another name"),
            "{error}"
        );
    };
    refused(
        Registry::new().layer::<Power>("flatten"),
        "letra's own layers",
    );
    refused(Registry::new().loss::<Half>("hinge"), "letra's own losses");
    refused(
        Registry::new().optimizer::<optimizers::Sgd>("adam"),
        "letra's own optimizers",
    );
    refused(
        Registry::new().schedule::<Alternating>("warm_up"),
        "letra's own schedules",
    );
    refused(
        registry().layer::<Power>("power"),
        "two layers of the registry",
    );
    refused(registry().metric(Largest), "two metrics of the registry");
}

/// A layer that calls itself as one of letra's.
#[derive(Debug, Serialize, Deserialize)]
struct False;

impl Layer for False {
    fn kind(&self) -> &'static str {
        "flatten"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        Ok(vec![emit.op(Multiply, &[inputs[0], inputs[0]], &[])?])
    }
}

#[test]
fn a_layer_that_would_be_read_as_another_is_not_saved() {
    let network = Sequential::new([2]).add(False).build(1).unwrap();
    let error = network.to_bytes().unwrap_err().to_string();
    assert!(
        error.contains("layer flatten") && error.contains("another kind"),
        "{error}"
    );
}

/// Things that call themselves as letra's do.
mod false_names {
    use super::*;

    #[derive(Debug, Clone)]
    pub(super) struct Named;

    impl Loss for Named {
        fn kind(&self) -> &'static str {
            "hinge"
        }

        fn configuration(&self) -> serde_json::Value {
            serde_json::json!(null)
        }

        fn task(&self) -> letra_nn::losses::Task {
            letra_nn::losses::Task::Values
        }

        fn evaluate(&self, _: usize, _: &[f32], _: TargetRows<'_>, _: f32, _: &mut [f32]) -> f64 {
            0.0
        }
    }

    impl Metric for Named {
        fn name(&self) -> String {
            "accuracy".into()
        }

        fn direction(&self) -> Direction {
            Direction::Max
        }

        fn update(&self, _: &MetricRows<'_>, _: &mut MetricState) {}

        fn result(&self, _: &MetricState) -> f64 {
            1.0
        }
    }

    impl Schedule for Named {
        fn kind(&self) -> &'static str {
            "cosine_decay"
        }

        fn configuration(&self) -> serde_json::Value {
            serde_json::json!(null)
        }

        fn check(&self) -> Result<(), Error> {
            Ok(())
        }

        fn rate(&self, _: u64) -> f64 {
            0.1
        }
    }

    impl optimizers::Optimizer for Named {
        fn kind(&self) -> &'static str {
            "sgd"
        }

        fn configuration(&self) -> serde_json::Value {
            serde_json::json!(optimizers::Sgd::new(0.1))
        }

        fn check(&self) -> Result<(), Error> {
            Ok(())
        }

        fn rate(&self, _: u64) -> f64 {
            0.1
        }

        fn slots(&self) -> &'static [&'static str] {
            &[]
        }

        fn update(&self, _: optimizers::Update<'_>) {}
    }
}

#[test]
fn what_would_be_read_as_something_of_letras_is_not_trained_with() {
    use false_names::Named;
    let usual = || Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
    for (compile, word) in [
        (
            usual().loss(Named),
            "a loss of one's own is called \"hinge\"",
        ),
        (
            usual().metric(Named),
            "a metric of one's own is called \"accuracy\"",
        ),
        (
            Compile::new(Named),
            "an optimizer of one's own is called \"sgd\"",
        ),
        (
            Compile::new(Sgd::new(Named)),
            "a schedule of one's own is called \"cosine_decay\"",
        ),
    ] {
        let error = Sequential::new([2]).add(Dense::new(2)).compile(compile);
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains(word) && error.contains("another name"),
            "{error}"
        );
    }
}

#[test]
fn metrics_are_not_called_as_what_logs_hold_besides() {
    #[derive(Debug, Clone)]
    struct Called(&'static str);

    impl Metric for Called {
        fn name(&self) -> String {
            self.0.into()
        }

        fn direction(&self) -> Direction {
            Direction::Max
        }

        fn update(&self, _: &MetricRows<'_>, _: &mut MetricState) {}

        fn result(&self, _: &MetricState) -> f64 {
            1.0
        }
    }

    let usual = || Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
    let compiled = |compile| Sequential::new([2]).add(Dense::new(2)).compile(compile);
    for name in ["loss", "val_loss", "epoch", "", "a,b"] {
        let error = compiled(usual().metric(Called(name))).err().unwrap();
        assert!(error.to_string().contains("a metric is called"), "{error}");
        assert!(Registry::new().metric(Called(name)).is_err());
    }
    let twice = usual().metric(MeanAbsoluteError).metric(MeanAbsoluteError);
    assert!(
        compiled(twice)
            .err()
            .unwrap()
            .to_string()
            .contains("two metrics")
    );
}
