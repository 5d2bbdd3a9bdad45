//! What cannot be done gets an error that says what to do.

use letra_nn::learners::{
    Adversarial, AdversarialFit, AdversarialObjective, AdversarialTrainer, ParzenWindow,
    frechet_distance, inception_score, precision_and_recall,
};
use letra_nn::prelude::*;

fn says(error: Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(error.hint().is_some(), "{text:?} has no hint");
}

fn generator() -> Sequential {
    Sequential::new([3]).add(Dense::new(2))
}

fn discriminator() -> Sequential {
    Sequential::new([2])
        .add(Dense::new(4).relu())
        .add(Dense::new(1))
}

fn compiled(pair: Adversarial) -> Result<AdversarialTrainer, Error> {
    let compile = || Compile::new(Sgd::new(0.01)).seed(1).threads(1);
    pair.compile(compile(), compile())
}

fn refused(pair: Adversarial) -> Error {
    compiled(pair).map(|_| ()).unwrap_err()
}

fn data(samples: usize) -> Dataset {
    Dataset::unlabelled(Tensor::zeros([samples, 2])).unwrap()
}

#[test]
fn networks_that_do_not_fit_each_other() {
    let wide = Sequential::new([3]).add(Dense::new(5));
    says(
        refused(Adversarial::new(wide, discriminator())),
        &["generator gives [5]", "discriminator takes [2]"],
    );
    let mut told = Model::new();
    let (noise, label) = (told.input([3]), told.input([4]));
    let both = told.layer(Concatenate, [noise, label]);
    let output = told.layer(Dense::new(2), [both]);
    says(
        refused(Adversarial::new(told.outputs([output]), discriminator())),
        &["conditions", "[4]"],
    );
    let mut two = Model::new();
    let input = two.input([2]);
    let outputs = [
        two.layer(Dense::new(1), [input]),
        two.layer(Dense::new(1), [input]),
    ];
    says(
        refused(Adversarial::new(generator(), two.outputs(outputs))),
        &["discriminator has 2 outputs"],
    );
    says(
        refused(Adversarial::new(Dense::new(2), discriminator())),
        &["generator is a layer"],
    );
    let sure = Sequential::new([2]).add(Dense::new(1).sigmoid());
    says(
        refused(Adversarial::new(generator(), sure.clone())),
        &["sigmoid", "logits"],
    );
    let squares = Adversarial::new(generator(), sure);
    assert!(compiled(squares.objective(AdversarialObjective::LeastSquares)).is_ok());
    let stateful = Sequential::new([2])
        .add(Reshape::new([2, 1]))
        .add(Lstm::new(2).stateful(true))
        .add(Dense::new(1));
    says(
        refused(Adversarial::new(generator(), stateful)),
        &["carries states"],
    );
}

#[test]
fn settings_out_of_range() {
    let pair = || Adversarial::new(generator(), discriminator());
    says(
        refused(pair().label_smoothing(1.0)),
        &["label smoothing is 1"],
    );
    says(
        refused(pair().label_smoothing(f32::NAN)),
        &["label smoothing is NaN"],
    );
    let hinge = pair()
        .objective(AdversarialObjective::Hinge)
        .label_smoothing(0.1);
    says(refused(hinge), &["label smoothing", "Hinge"]);
    says(refused(pair().discriminator_steps(0)), &["0 steps"]);
    says(refused(pair().clip_weights(0.0)), &["clipped at 0"]);
    says(
        refused(pair().gradient_penalty(-1.0)),
        &["penalty has factor -1"],
    );
    says(refused(pair().average(1.0)), &["decay 1"]);
    let spectral = SpectralNormalization::new(Dense::new(1)).power_iterations(0);
    says(
        Sequential::new([2])
            .add(spectral)
            .build(0)
            .map(drop)
            .unwrap_err(),
        &["0 power iterations"],
    );
    let around = SpectralNormalization::new(MaxPool1d::new(1));
    says(
        Sequential::new([2, 1])
            .add(around)
            .build(0)
            .map(drop)
            .unwrap_err(),
        &["without a kernel"],
    );
    let reversal = GradientReversal::new(-1.0);
    says(
        Sequential::new([2])
            .add(reversal)
            .build(0)
            .map(drop)
            .unwrap_err(),
        &["factor of -1"],
    );
    let reversal = GradientReversal::new(1.0).schedule(10.0, 0);
    says(
        Sequential::new([2])
            .add(reversal)
            .build(0)
            .map(drop)
            .unwrap_err(),
        &["0 steps"],
    );
}

#[test]
fn a_layer_without_a_gradient_of_its_gradient_is_named() {
    let with = |layer: Sequential| {
        refused(Adversarial::new(generator(), layer.add(Dense::new(1))).gradient_penalty(10.0))
    };
    let first = || Sequential::new([2]).add(Dense::new(4));
    says(
        with(first().add(BatchNormalization::new())),
        &[
            "gradient of a gradient",
            "discriminator/batch_normalization",
            "LayerNormalization",
        ],
    );
    says(
        with(first().add(Dropout::new(0.5).named("lost"))),
        &["discriminator/lost"],
    );
    says(
        with(first().add(Activation::new(ActivationFunction::Gelu))),
        &["discriminator/activation"],
    );
    let pooled = Sequential::new([2])
        .add(Reshape::new([2, 1, 1]))
        .add(MaxPool2d::new([2, 1]));
    says(with(pooled.add(Flatten)), &["discriminator/max_pooling2d"]);
}

#[test]
fn data_that_does_not_fit() {
    let mut pair = compiled(Adversarial::new(generator(), discriminator())).unwrap();
    let wide = Dataset::unlabelled(Tensor::zeros([4, 5])).unwrap();
    let fit = || AdversarialFit::epochs(1);
    says(
        pair.fit(&wide, fit()).unwrap_err(),
        &["discriminator takes [2]", "sample is [5]"],
    );
    says(pair.train_on_batch(&data(0)).unwrap_err(), &["empty"]);
    says(pair.fit(&data(0), fit()).unwrap_err(), &["empty"]);
    says(
        pair.fit(&data(4), fit().batch_size(0)).unwrap_err(),
        &["0 samples"],
    );
    let told = data(4).and_input(Tensor::zeros([4, 1])).unwrap();
    says(
        pair.fit(&told, fit()).unwrap_err(),
        &["take 0 conditions", "given 1"],
    );
    let bad = Tensor::new([2, 2], vec![0.0, 1.0, f32::NAN, 0.0]).unwrap();
    let bad = Dataset::unlabelled(bad).unwrap();
    says(pair.fit(&bad, fit()).unwrap_err(), &["sample", "NaN"]);
}

fn conditional() -> AdversarialTrainer {
    let network = |first: usize, last: usize| {
        let mut model = Model::new();
        let (value, label) = (model.input([first]), model.input([3]));
        let both = model.layer(Concatenate, [value, label]);
        let output = model.layer(Dense::new(last), [both]);
        model.outputs([output])
    };
    compiled(Adversarial::new(network(3, 2), network(2, 1))).unwrap()
}

#[test]
fn conditions_that_do_not_fit() {
    let mut pair = conditional();
    let fit = || AdversarialFit::epochs(1);
    let wrong = data(4).and_input(Tensor::zeros([4, 2])).unwrap();
    says(
        pair.fit(&wrong, fit()).unwrap_err(),
        &["condition 1", "[4, 3]", "[4, 2]"],
    );
    says(
        pair.fit(&data(4), fit()).unwrap_err(),
        &["the data has none"],
    );
    let classes = Dataset::classes(Tensor::zeros([2, 2]), vec![0, 1], 5).unwrap();
    says(
        pair.fit(&classes, fit()).unwrap_err(),
        &["5 classes", "[3]"],
    );
    says(
        pair.sample(2, 1).unwrap_err(),
        &["take 1 conditions", "given 0"],
    );
    let wrong = Tensor::zeros([2, 4]);
    says(
        pair.sample_of(&[wrong], 1).unwrap_err(),
        &["condition 1", "[2, 3]"],
    );
}

#[test]
fn one_sample_under_a_batch_normalisation() {
    let discriminator = Sequential::new([2])
        .add(Dense::new(4))
        .add(BatchNormalization::new())
        .add(Dense::new(1));
    let mut pair = compiled(Adversarial::new(generator(), discriminator)).unwrap();
    let name = "discriminator/batch_normalization";
    says(
        pair.train_on_batch(&data(1)).unwrap_err(),
        &["1 sample", name],
    );
    let fit = |batch| AdversarialFit::epochs(1).batch_size(batch);
    says(pair.fit(&data(9), fit(4)).unwrap_err(), &["1 sample", name]);
    says(pair.fit(&data(9), fit(1)).unwrap_err(), &["1 sample", name]);
    assert!(pair.fit(&data(9), fit(3)).is_ok());
}

/// A square root of what is below 0 somewhere.
fn broken() -> Sequential {
    let root = Lambda::of_values(|x| (x + 0.5).sqrt(), |x| 0.5 / (x + 0.5).sqrt());
    Sequential::new([2]).add(root).add(Dense::new(1))
}

#[test]
fn a_discriminator_that_gives_no_number_is_named_and_both_stay_as_they_were() {
    let mut pair = compiled(Adversarial::new(generator(), broken())).unwrap();
    let all = |pair: &AdversarialTrainer| {
        let networks = [pair.generator(), pair.discriminator()];
        let parameters = networks
            .into_iter()
            .flat_map(|network| network.parameters());
        parameters
            .map(|known| (known.name, known.values))
            .collect::<Vec<_>>()
    };
    let before = all(&pair);
    let low = Dataset::unlabelled(Tensor::new([2, 2], vec![-3.0; 4]).unwrap()).unwrap();
    for error in [
        pair.train_on_batch(&low).unwrap_err(),
        pair.fit(&low, AdversarialFit::epochs(2)).unwrap_err(),
    ] {
        let text = error.to_string();
        for word in ["step 1", "discriminator/lambda", "NaN"] {
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        }
    }
    assert_eq!(before, all(&pair));
    assert_eq!(pair.taken_steps(), [0, 0]);
}

#[test]
fn a_training_that_explodes_goes_back_to_numbers() {
    let compile = || Compile::new(Sgd::new(1e30)).seed(1).threads(1);
    let pair = Adversarial::new(generator(), discriminator());
    let pair = pair.objective(AdversarialObjective::Wasserstein);
    let mut pair = pair.compile(compile(), compile()).unwrap();
    let samples = Tensor::new([8, 2], (0..16).map(|i| (i % 5) as f32 - 1.0).collect()).unwrap();
    let data = Dataset::unlabelled(samples).unwrap();
    assert!(
        pair.fit(&data, AdversarialFit::epochs(50).batch_size(4))
            .is_err()
    );
    for known in pair
        .generator()
        .parameters()
        .chain(pair.discriminator().parameters())
    {
        assert!(
            known.values.iter().all(|value| value.is_finite()),
            "{}",
            known.name
        );
    }
}

#[test]
fn measures_of_what_cannot_be_measured() {
    let (some, wide) = (Tensor::zeros([4, 2]), Tensor::zeros([4, 3]));
    let none = Tensor::zeros([0, 2]);
    let bad = Tensor::new([2, 2], vec![0.0, f32::NAN, 0.0, 1.0]).unwrap();
    says(
        frechet_distance(&some, &wide).unwrap_err(),
        &["2 values", "3"],
    );
    says(
        frechet_distance(&some, &bad).unwrap_err(),
        &["sample 0", "NaN"],
    );
    says(
        frechet_distance(&Tensor::zeros([1, 2]), &some).unwrap_err(),
        &["at least 2"],
    );
    says(
        frechet_distance(&Tensor::zeros([2, 5000]), &Tensor::zeros([2, 5000])).unwrap_err(),
        &["5000"],
    );
    says(
        precision_and_recall(&some, &some, 0).unwrap_err(),
        &["nearest 0"],
    );
    says(
        precision_and_recall(&some, &some, 4).unwrap_err(),
        &["at least 5"],
    );
    says(
        inception_score(&some).unwrap_err(),
        &["sample 0", "add up to 0"],
    );
    says(inception_score(&none).unwrap_err(), &["0 samples"]);
    says(ParzenWindow::new(&some, 0.0).unwrap_err(), &["σ = 0"]);
    says(ParzenWindow::new(&none, 1.0).unwrap_err(), &["0 samples"]);
    says(
        ParzenWindow::choose(&some, &some, &[]).unwrap_err(),
        &["no σ"],
    );
    let window = ParzenWindow::new(&some, 1.0).unwrap();
    says(window.log_likelihood(&wide).unwrap_err(), &["3"]);
}
