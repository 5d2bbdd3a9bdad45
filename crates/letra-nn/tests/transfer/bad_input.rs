//! What cannot be done gets an error that says what to do.

use letra_nn::learners::{
    DomainAdversarial, DomainDiscrepancy, coral_distance, maximum_mean_discrepancy,
};
use letra_nn::prelude::*;
use letra_nn::schedules::InverseTimeDecay;

use crate::domains::{compile, domains, features, labels, points};

fn says(error: Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(error.hint().is_some(), "{text:?} has no hint");
}

fn refused(learner: DomainAdversarial) -> Error {
    learner.compile(compile(1)).map(drop).unwrap_err()
}

#[test]
fn networks_that_do_not_fit_each_other() {
    let five = || Sequential::new([5]).add(Dense::new(1));
    says(
        refused(DomainAdversarial::new(features(), five(), domains())),
        &["[8]", "labels takes [5]"],
    );
    says(
        refused(DomainAdversarial::new(features(), labels(), five())),
        &["[8]", "domains takes [5]"],
    );
    says(
        refused(DomainAdversarial::new(features(), labels(), labels())),
        &["domains gives [2]", "two domains"],
    );
    says(
        refused(DomainAdversarial::new(Dense::new(8), labels(), domains())),
        &["features is a layer"],
    );
    let mut two = Model::new();
    let (one, other) = (two.input([3]), two.input([3]));
    let both = two.layer(Concatenate, [one, other]);
    let both = two.layer(Dense::new(8), [both]);
    says(
        refused(DomainAdversarial::new(
            two.outputs([both]),
            labels(),
            domains(),
        )),
        &["features has 2 inputs"],
    );
    let mut two = Model::new();
    let input = two.input([3]);
    let outputs = [
        two.layer(Dense::new(8), [input]),
        two.layer(Dense::new(8), [input]),
    ];
    says(
        refused(DomainAdversarial::new(
            two.outputs(outputs),
            labels(),
            domains(),
        )),
        &["features has 2 outputs"],
    );
    says(
        refused(DomainAdversarial::new(features(), labels(), domains()).factor(-1.0)),
        &["factor of -1"],
    );
    says(
        refused(DomainAdversarial::new(features(), labels(), domains()).schedule(10.0, 0)),
        &["0 steps"],
    );
    let covariances = DomainDiscrepancy::covariances(features(), labels(), f32::NAN);
    says(
        covariances.compile(compile(1)).map(drop).unwrap_err(),
        &["factor of NaN"],
    );
    let means = DomainDiscrepancy::means(features(), labels(), 1.0);
    let two = compile(1).next_output();
    says(
        means.compile(two).map(drop).unwrap_err(),
        &["more than the labels"],
    );
}

#[test]
fn domains_of_unlike_shapes() {
    let learner = || {
        DomainAdversarial::new(features(), labels(), domains())
            .compile(compile(1))
            .unwrap()
    };
    let (source, target) = (points(16, false), points(16, true));
    let wide = Dataset::unlabelled(Tensor::zeros([16, 4])).unwrap();
    let fit = |source: &Dataset, target: &Dataset, fit: Fit<'_>| {
        learner().fit(source, target, fit).map(drop)
    };
    let usual = || Fit::epochs(1);
    says(
        fit(&source, &wide, usual()).unwrap_err(),
        &["source", "[3]", "target", "[4]"],
    );
    let wide_source = Dataset::classes(Tensor::zeros([16, 4]), vec![0; 16], 2).unwrap();
    says(
        fit(&wide_source, &wide, usual()).unwrap_err(),
        &["features takes [3]", "[4]"],
    );
    let empty = Dataset::unlabelled(Tensor::zeros([0, 3])).unwrap();
    says(
        fit(&source, &empty, usual()).unwrap_err(),
        &["target has no samples"],
    );
    let two = target.clone().and_input(Tensor::zeros([16, 3])).unwrap();
    says(
        fit(&source, &two, usual()).unwrap_err(),
        &["target has 2 inputs"],
    );
    says(
        fit(&source, &target, usual().batch_size(1)).unwrap_err(),
        &["1 samples of each"],
    );
    let error = fit(&source, &target, usual().shuffle(false)).unwrap_err();
    says(error, &["its own batches"]);
    assert!(fit(&source, &target, usual()).is_ok());
}

#[test]
fn penalties_on_sets_that_cannot_be_compared() {
    let built = |penalty: CoralPenalty, shapes: &[usize]| {
        let mut model = Model::new();
        let inputs: Vec<_> = shapes.iter().map(|&values| model.input([values])).collect();
        let output = model.layer(penalty, inputs);
        let error = model.outputs([output]).build(0).map(drop).unwrap_err();
        error.to_string()
    };
    assert!(built(CoralPenalty::new(1.0), &[3, 4]).contains("[3] and [4]"));
    assert!(built(CoralPenalty::new(1.0), &[3]).contains("two sets"));
    assert!(built(CoralPenalty::new(1.0), &[3, 3, 3]).contains("two sets"));
    let means = MeanDiscrepancyPenalty::new(1.0).bandwidth(0.0);
    let mut model = Model::new();
    let inputs = [model.input([2]), model.input([2])];
    let output = model.layer(means, inputs);
    says(
        model.outputs([output]).build(0).map(drop).unwrap_err(),
        &["bandwidth 0"],
    );
    let few = Tensor::zeros([1, 2]);
    let other = Tensor::zeros([4, 3]);
    says(coral_distance(&few, &few).unwrap_err(), &["1 samples"]);
    says(
        maximum_mean_discrepancy(&Tensor::zeros([4, 2]), &other).unwrap_err(),
        &["2 values", "3"],
    );
}

#[test]
fn rates_and_unfreezing_of_layers_that_are_not_there() {
    let network = || Sequential::new([3]).add(Dense::new(2));
    let compiled = |compile: Compile| network().compile(compile).map(drop).unwrap_err();
    says_all(
        compiled(compile(1).layer_learning_rate_factor("base", 0.1)),
        "no layer is called \"base\"",
    );
    says(
        compiled(compile(1).layer_learning_rate_factor("dense", -1.0)),
        &["layer dense is -1"],
    );
    let mut trainer = network().compile(compile(1)).unwrap();
    let mut gradual = GradualUnfreezing::new(["base"]);
    let fit = Fit::epochs(1).callback(&mut gradual);
    says_all(
        trainer.fit(&points(4, false), fit).unwrap_err(),
        "no layer is called \"base\"",
    );
    let mut gradual = GradualUnfreezing::new(["dense"]).every(0);
    let fit = Fit::epochs(1).callback(&mut gradual);
    says(
        trainer.fit(&points(4, false), fit).unwrap_err(),
        &["every 0 epochs"],
    );
    // Where nothing is left to learn.
    let mut gradual = GradualUnfreezing::new(["dense"]);
    let fit = Fit::epochs(1).callback(&mut gradual);
    says(
        trainer.fit(&points(4, false), fit).unwrap_err(),
        &["no parameter is left"],
    );
    let rate = InverseTimeDecay::new(0.1, 10, 1.0).power(-1.0);
    let wrong = network()
        .compile(Compile::new(Sgd::new(rate)))
        .map(drop)
        .unwrap_err();
    says(wrong, &["power"]);
}

fn says_all(error: Error, words: &str) {
    assert!(error.to_string().contains(words), "{error}");
}
