//! Losses on what layers in the middle give.

use letra_nn::prelude::*;

use super::data::bytes;

fn data() -> Dataset {
    let values = (0..120).map(|i| ((i * 29) % 17) as f32 / 17.0 - 0.4);
    let inputs = Tensor::new([20, 6], values.collect()).unwrap();
    let goal = Tensor::new([20, 2], (0..40).map(|i| (i % 3) as f32).collect()).unwrap();
    Dataset::values(inputs, goal)
        .unwrap()
        .and_targets(Targets::Classes {
            labels: (0..20).map(|i| i % 3).collect(),
            count: 3,
        })
        .unwrap()
}

fn layers() -> Sequential {
    Sequential::new([6])
        .add(Dense::new(5).tanh())
        .add(Dense::new(3))
        .add(Dense::new(2))
}

fn compile() -> Compile {
    Compile::new(Sgd::new(0.2).momentum(0.9))
        .loss(MeanSquaredError)
        .seed(4)
        .threads(2)
}

fn with_inner() -> Trainer {
    let compile = compile().layer("dense_1").loss(CrossEntropy::from_logits());
    layers()
        .compile(compile.loss_weight(0.3).metric(Accuracy))
        .unwrap()
}

/// The same as a network that gives both.
fn of_two_outputs() -> Trainer {
    let mut model = Model::new();
    let input = model.input([6]);
    let hidden = model.layer(Dense::new(5).tanh(), [input]);
    let inner = model.layer(Dense::new(3), [hidden]);
    let last = model.layer(Dense::new(2), [inner]);
    let compile = compile().next_output().loss(CrossEntropy::from_logits());
    let compile = compile.loss_weight(0.3).metric(Accuracy);
    model.outputs([last, inner]).compile(compile).unwrap()
}

#[test]
fn an_inner_loss_trains_as_that_of_a_further_output_does() {
    let (mut inner, mut outer, data) = (with_inner(), of_two_outputs(), data());
    let history = inner.fit(&data, Fit::epochs(5).batch_size(8)).unwrap();
    assert_eq!(
        history,
        outer.fit(&data, Fit::epochs(5).batch_size(8)).unwrap()
    );
    for (inner, outer) in inner.parameters().zip(outer.parameters()) {
        assert_eq!(inner, outer);
    }
    let scores = inner.evaluate(&data).unwrap();
    assert_eq!(scores, outer.evaluate(&data).unwrap());
    assert!(scores.metric("dense_1_accuracy").is_some());
    // It is asked as ever.
    assert_eq!(inner.predict(data.inputs()).unwrap().shape(), [20, 2]);
}

#[test]
fn an_inner_loss_is_saved_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inner.letra");
    let (mut trainer, data) = (with_inner(), data());
    trainer.fit(&data, Fit::epochs(2)).unwrap();
    trainer.save(&file).unwrap();
    let loaded = Trainer::load(&file).unwrap();
    assert!(bytes(&loaded) == bytes(&trainer));
    assert_eq!(
        loaded.evaluate(&data).unwrap(),
        trainer.evaluate(&data).unwrap()
    );
    let network = Network::load(&file).unwrap();
    assert_eq!(network.output_shapes().len(), 1);
    assert!(network.to_bytes().unwrap() == bytes(&trainer));
}

#[test]
fn its_weight_is_changed_between_steps() {
    let (mut trainer, data) = (with_inner(), data());
    let [with, without] = [0.3, 0.0].map(|weight| {
        trainer.set_loss_weight(1, weight).unwrap();
        trainer.evaluate(&data).unwrap()
    });
    let inner = with.metric("dense_1_loss").unwrap();
    assert!((with.loss - without.loss - 0.3 * inner).abs() < 1e-6);
}

#[test]
fn inner_losses_that_make_no_sense_are_refused() {
    let refused = |compile: Compile, word: &str| {
        let error = layers().compile(compile).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(compile().layer("dense_7"), "no layer is called \"dense_7\"");
    refused(compile().layer("dense_2"), "has a loss already");
    refused(
        compile().layer("dense").layer("dense"),
        "has a loss already",
    );
    refused(compile().layer("dense").loss_weight(-1.0), "weight -1");
    let without_targets = Dataset::values(Tensor::zeros([4, 6]), Tensor::zeros([4, 2])).unwrap();
    let error = with_inner()
        .fit(&without_targets, Fit::epochs(1))
        .unwrap_err();
    assert!(error.to_string().contains("targets for 1"), "{error}");
}
