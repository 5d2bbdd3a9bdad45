//! What domain adaptation is for, on points whose answer is known.

use letra_nn::learners::{DomainAdversarial, DomainDiscrepancy, DomainTrainer, coral_distance};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

/// Two classes that differ in the first value, which both domains have, and in the second, by which they differ
/// more clearly but the other way round in the target; the third tells the domain.
pub(crate) fn points(samples: usize, target: bool) -> Dataset {
    let random = Random::new(7, Domain::Data, usize::from(target), 0);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for sample in 0..samples {
        let class = (sample % 2) as f32 * 2.0 - 1.0;
        let noise = random.normal(sample, 3);
        let shift = if target { 1.0 } else { -1.0 };
        values.extend([
            class + 0.4 * noise[0],
            if target {
                2.0 + 0.3 * noise[1]
            } else {
                1.5 * class + 0.3 * noise[1]
            },
            shift + 0.3 * noise[2],
        ]);
        labels.push((sample % 2) as u32);
    }
    Dataset::classes(Tensor::new([samples, 3], values).unwrap(), labels, 2).unwrap()
}

pub(crate) fn features() -> Sequential {
    Sequential::new([3])
        .add(Dense::new(16).tanh())
        .add(Dense::new(8).tanh())
}

pub(crate) fn labels() -> Sequential {
    Sequential::new([8]).add(Dense::new(2))
}

pub(crate) fn domains() -> Sequential {
    Sequential::new([8])
        .add(Dense::new(16).relu())
        .add(Dense::new(1))
}

pub(crate) fn compile(threads: usize) -> Compile {
    Compile::new(Adam::new(0.002).betas(0.5, 0.999))
        .metric(Accuracy)
        .seed(2)
        .threads(threads)
}

/// Epochs, and their steps on four batches of 32.
const EPOCHS: usize = 150;
const STEPS: u64 = 600;

fn accuracy(mut learner: DomainTrainer) -> f64 {
    let (source, target) = (points(128, false), points(128, true));
    let fit = Fit::epochs(EPOCHS).batch_size(32);
    learner.fit(&source, &target, fit).unwrap();
    assert!(learner.evaluate(&source).unwrap().metric("accuracy") > Some(0.97));
    learner
        .evaluate(&target)
        .unwrap()
        .metric("accuracy")
        .unwrap()
}

#[test]
fn each_method_works_where_the_source_alone_misleads() {
    let with = |factor: f32| {
        accuracy(
            DomainAdversarial::new(features(), labels(), domains())
                .factor(factor)
                .schedule(10.0, STEPS)
                .compile(compile(2))
                .unwrap(),
        )
    };
    let source_only = with(0.0);
    assert!(source_only < 0.7, "source only: {source_only}");
    let adversarial = with(1.0);
    let means = accuracy(
        DomainDiscrepancy::means(features(), labels(), 2.0)
            .compile(compile(2))
            .unwrap(),
    );
    assert!(adversarial > 0.85, "adversarial: {adversarial}");
    assert!(means > 0.85, "means: {means}");
}

/// Covariances do not tell the two sides of a class apart: what is promised is that they become alike.
#[test]
fn covariances_become_alike() {
    let (source, target) = (points(128, false), points(128, true));
    let apart = |factor: f32| {
        let mut learner = DomainDiscrepancy::covariances(features(), labels(), factor)
            .compile(compile(2))
            .unwrap();
        let fit = Fit::epochs(EPOCHS).batch_size(32);
        learner.fit(&source, &target, fit).unwrap();
        let of = |data: &Dataset| learner.features().predict(data.inputs()).unwrap();
        coral_distance(&of(&source), &of(&target)).unwrap()
    };
    let (free, held) = (apart(0.0), apart(100.0));
    assert!(held < 0.1 * free, "{held} of {free}");
}

#[test]
fn the_domains_are_told_unless_the_features_hide_them() {
    let told = |factor: f32| {
        let mut learner = DomainAdversarial::new(features(), labels(), domains())
            .factor(factor)
            .schedule(10.0, STEPS)
            .compile(compile(1))
            .unwrap();
        let fit = Fit::epochs(EPOCHS).batch_size(32);
        let history = learner
            .fit(&points(128, false), &points(128, true), fit)
            .unwrap();
        let last = history.last().unwrap();
        let of = |name: &str| last.get(name).unwrap();
        (of("source_domain_loss") + of("target_domain_loss")) / 2.0
    };
    assert!(told(0.0) < 0.3);
    assert!(told(1.0) > 0.6);
}

#[test]
fn the_networks_share_weights_and_are_saved() {
    let mut learner = DomainAdversarial::new(features(), labels(), domains())
        .compile(compile(1))
        .unwrap();
    let (source, target) = (points(64, false), points(64, true));
    learner.fit(&source, &target, Fit::epochs(2)).unwrap();
    let features = learner.features().predict(target.inputs()).unwrap();
    assert_eq!(features.shape(), [64, 8]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapted.letra");
    learner.network().save(&path).unwrap();
    let loaded = Network::load(&path).unwrap();
    let classes = loaded.predict_classes(target.inputs()).unwrap();
    assert_eq!(
        classes,
        learner.network().predict_classes(target.inputs()).unwrap()
    );
    let names: Vec<String> = loaded.parameters().map(|known| known.name).collect();
    assert!(
        names.iter().all(|name| !name.starts_with("domains")),
        "{names:?}"
    );
}
