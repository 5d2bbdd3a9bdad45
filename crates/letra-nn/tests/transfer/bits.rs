//! One seed gives one result, on any number of threads and after a stop.

use std::ops::ControlFlow;

use letra_nn::learners::{DomainAdversarial, DomainDiscrepancy, DomainTrainer};
use letra_nn::prelude::*;

use crate::domains::{compile, domains, features, labels, points};

fn learners(threads: usize) -> [DomainTrainer; 3] {
    // With all that is random or of a batch.
    let features = || {
        Sequential::new([3])
            .add(features())
            .add(BatchNormalization::new())
            .add(Dropout::new(0.2))
    };
    let adversarial = DomainAdversarial::new(features(), labels(), domains()).schedule(10.0, 20);
    let covariances = DomainDiscrepancy::covariances(features(), labels(), 10.0);
    let means = DomainDiscrepancy::means(features(), labels(), 1.0).schedule(10.0, 20);
    [
        adversarial.compile(compile(threads)).unwrap(),
        covariances.compile(compile(threads)).unwrap(),
        means.compile(compile(threads)).unwrap(),
    ]
}

fn values(learner: &DomainTrainer) -> Vec<Vec<f32>> {
    let parameters = learner.trainer().parameters();
    parameters.map(|known| known.values).collect()
}

#[test]
fn threads_change_no_bit() {
    let (source, target) = (points(90, false), points(70, true));
    let [one, two, three] = [1, 2, 3].map(|threads| {
        learners(threads).map(|mut learner| {
            let fit = Fit::epochs(3).batch_size(24);
            let history = learner.fit(&source, &target, fit).unwrap();
            (values(&learner), history)
        })
    });
    assert!(one == two);
    assert!(one == three);
}

#[test]
fn a_stopped_training_goes_on_as_if_it_had_not_been() {
    let (source, target) = (points(90, false), points(70, true));
    let folder = tempfile::tempdir().unwrap();
    let whole = learners(2).map(|mut learner| {
        let history = learner
            .fit(&source, &target, Fit::epochs(5).batch_size(24))
            .unwrap();
        (values(&learner), history)
    });
    let kinds = 0..whole.len();
    for ((kind, mut stopped), mut resumed) in kinds.zip(learners(2)).zip(learners(1)) {
        let path = folder.path().join(format!("{kind}.letra"));
        // In the middle of an epoch.
        let mut steps = 0;
        let mut stop = LambdaCallback::new().on_step_end(|step| {
            steps += 1;
            if steps == 7 {
                step.save_checkpoint(&path, serde_json::Value::Null)
                    .unwrap();
            }
        });
        stopped
            .fit(
                &source,
                &target,
                Fit::epochs(3).batch_size(24).callback(&mut stop),
            )
            .unwrap();
        drop(stop);
        let fit = Fit::epochs(5).batch_size(24).resume(&path);
        let history = resumed.fit(&source, &target, fit).unwrap();
        assert!((values(&resumed), history) == whole[kind], "learner {kind}");
    }
}

/// Stops after some epochs.
struct Stop(usize);

impl Callback for Stop {
    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match epoch.number == self.0 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

#[test]
fn gradual_unfreezing_with_rates_of_layers_is_resumed_to_the_bit() {
    let data = points(60, false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.letra");
    let network = |threads| {
        let base = features().build(9).unwrap();
        Sequential::new([3])
            .add(base.named("base"))
            .add(Dense::new(2).named("head"))
            .compile(compile(threads).layer_learning_rate_factor("base/dense", 0.25))
            .unwrap()
    };
    let unfreezing = || GradualUnfreezing::new(["base/dense_1", "base/dense"]).every(2);
    let mut whole = network(1);
    let mut gradual = unfreezing();
    let history = whole
        .fit(&data, Fit::epochs(7).callback(&mut gradual))
        .unwrap();

    let (mut gradual, mut keeper, mut stop) = (unfreezing(), Checkpoint::new(&path), Stop(3));
    let fit = Fit::epochs(7)
        .callback(&mut gradual)
        .callback(&mut keeper)
        .callback(&mut stop);
    network(2).fit(&data, fit).unwrap();
    let mut resumed = network(3);
    let mut gradual = unfreezing();
    let fit = Fit::epochs(7).callback(&mut gradual).resume(&path);
    assert_eq!(resumed.fit(&data, fit).unwrap(), history);
    for (one, other) in whole.parameters().zip(resumed.parameters()) {
        assert_eq!(one.values, other.values, "{}", one.name);
    }
    // Other rates are another training.
    let mut other = network(1);
    other
        .set_learning_rate_factor_of("base/dense", 0.5)
        .unwrap();
    assert!(other.fit(&data, Fit::epochs(7).resume(&path)).is_err());
}
