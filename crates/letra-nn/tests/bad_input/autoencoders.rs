//! Autoencoders that make no sense, and data that does not fit them.

use letra_nn::learners::{Autoencoder, Corruption, Likelihood, StackedAutoencoder};
use letra_nn::prelude::*;

fn compile() -> Compile {
    Compile::new(Adam::new(0.01)).loss(MeanSquaredError)
}

fn encoder() -> Sequential {
    Sequential::new([6]).add(Dense::new(4).sigmoid())
}

fn decoder() -> Sequential {
    Sequential::new([4]).add(Dense::new(6))
}

fn refused(autoencoder: Autoencoder, words: &[&str]) {
    let error = match autoencoder.compile(compile()) {
        Ok(_) => panic!("nothing says {words:?}"),
        Err(error) => error,
    };
    for word in words {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(error.hint().is_some(), "{error}");
}

#[test]
fn a_decoder_gives_the_inputs_shape() {
    let small = Sequential::new([4]).add(Dense::new(5));
    refused(Autoencoder::new(encoder(), small), &["gives [5]", "is [6]"]);
    let other = Sequential::new([3]).add(Dense::new(6));
    refused(
        Autoencoder::new(encoder(), other),
        &["network decoder wants [3]", "[4]"],
    );
    let square = Sequential::new([4])
        .add(Dense::new(6))
        .add(Reshape::new([2, 3]));
    refused(Autoencoder::new(encoder(), square), &["[2, 3]", "[6]"]);
}

#[test]
fn both_are_networks_of_one_input() {
    refused(
        Autoencoder::new(Dense::new(4), decoder()),
        &["encoder", "Sequential"],
    );
    refused(
        Autoencoder::new(encoder(), Dense::new(6)),
        &["decoder", "Sequential"],
    );
    let sequences = Sequential::sequences([5, 2]).add(Lstm::new(4));
    refused(
        Autoencoder::new(sequences, decoder()),
        &["encoder", "2 inputs"],
    );
    refused(Autoencoder::new(Sequential::new([6]), decoder()), &[""]);
}

#[test]
fn penalties_and_noise_suit_what_they_are_of() {
    let relu = || Sequential::new([6]).add(Dense::new(4).relu());
    refused(
        Autoencoder::new(relu(), decoder()).contractive(0.1),
        &["contraction", "sigmoid"],
    );
    let dense = || Autoencoder::new(encoder(), decoder());
    refused(dense().contractive(-1.0), &["factor -1"]);
    refused(dense().sparse(0.0, 1.0), &["target 0"]);
    refused(dense().sparse(1.0, 1.0), &["target 1"]);
    refused(dense().sparse(0.1, f32::NAN), &["factor NaN"]);
    refused(dense().corruption(Corruption::Masking(1.0)), &["rate 1"]);
    refused(
        dense().corruption(Corruption::SaltAndPepper(-0.1)),
        &["rate -0.1"],
    );
    refused(
        dense().corruption(Corruption::Gaussian(f32::INFINITY)),
        &["deviation inf"],
    );
    refused(dense().variational(), &["[4]", "[2]"]);
    let odd = Sequential::new([6]).add(Dense::new(3));
    refused(
        Autoencoder::new(odd, decoder()).variational(),
        &["even number"],
    );
    refused(dense().variational_by(-1.0), &["factor -1"]);
    // Means of more than 1 are no shares.
    let mut rectified = Autoencoder::new(relu(), decoder())
        .sparse(0.1, 1.0)
        .compile(compile())
        .unwrap();
    let large = Dataset::unlabelled(Tensor::new([2, 6], vec![100.0; 12]).unwrap()).unwrap();
    assert!(rectified.fit(&large, Fit::epochs(1)).is_err());
}

#[test]
fn tied_weights_have_a_way_back() {
    let with = |encoder: Sequential| Autoencoder::tied(encoder, ActivationFunction::Linear);
    let pictures = Sequential::new([6, 6, 1])
        .add(Conv2d::new(2, 3))
        .add(Flatten);
    refused(with(pictures), &["conv2d", "tied"]);
    refused(with(encoder().add(Dropout::new(0.1))), &["dropout", "tied"]);
    let tied = |layer: &str, units: usize| {
        let layers = Sequential::new([6]).add(Dense::new(4).named("code"));
        layers.add(TiedDense::new(layer, units)).build(0)
    };
    assert!(tied("code", 6).is_ok());
    let error = tied("code", 5).err().unwrap().to_string();
    assert!(
        error.contains("code/kernel") && error.contains("[6, 4]"),
        "{error}"
    );
    assert!(
        tied("code", 0)
            .err()
            .unwrap()
            .to_string()
            .contains("0 units")
    );
    // A name that no layer has stands for a kernel of its own.
    assert!(
        tied("another", 5)
            .unwrap()
            .parameter("another/kernel")
            .is_some()
    );
    let late = Sequential::new([4])
        .add(TiedDense::new("code", 6))
        .add(Dense::new(4).named("code"));
    let error = late.build(0).err().unwrap().to_string();
    assert!(error.contains("shares code/kernel"), "{error}");
}

#[test]
fn data_has_the_inputs_shape_and_bounds_are_of_variational_ones() {
    let mut plain = Autoencoder::new(encoder(), decoder())
        .compile(compile())
        .unwrap();
    let other = Dataset::unlabelled(Tensor::zeros([2, 5])).unwrap();
    assert!(
        plain
            .fit(&other, Fit::epochs(1))
            .unwrap_err()
            .to_string()
            .contains("[samples, 6]")
    );
    assert!(plain.evaluate(&other).is_err());
    let error = plain
        .bound(&Tensor::zeros([2, 6]), Likelihood::Bernoulli, 1, 1)
        .unwrap_err();
    assert!(error.to_string().contains("variational"), "{error}");
    let codes = Sequential::new([2]).add(Dense::new(6));
    let variational = Autoencoder::new(encoder(), codes)
        .variational()
        .compile(compile())
        .unwrap();
    let bound = |likelihood: Likelihood, draws: usize, values: usize| {
        variational.bound(&Tensor::zeros([2, values]), likelihood, draws, 1)
    };
    assert!(bound(Likelihood::Bernoulli, 0, 6).is_err());
    assert!(bound(Likelihood::Bernoulli, 1, 5).is_err());
    assert!(bound(Likelihood::Gaussian { variance: 0.0 }, 1, 6).is_err());
    assert!(bound(Likelihood::Gaussian { variance: 1.0 }, 1, 6).is_ok());
}

#[test]
fn a_stack_is_trained_before_it_is_used() {
    let stacked = || StackedAutoencoder::new([6], [4]);
    let word = |error: Error, word: &str| assert!(error.to_string().contains(word), "{error}");
    word(stacked().unrolled().unwrap_err(), "pretrain");
    word(stacked().encoder().err().unwrap(), "pretrain");
    word(stacked().into_network(2, 0).err().unwrap(), "pretrain");
    let settings = |_layer: usize| (compile(), Fit::epochs(1));
    let data = Dataset::unlabelled(Tensor::zeros([3, 6])).unwrap();
    let mut none = StackedAutoencoder::new([6], []);
    word(none.pretrain(&data, settings).unwrap_err(), "no layers");
    let other = Dataset::unlabelled(Tensor::zeros([3, 5])).unwrap();
    word(stacked().pretrain(&other, settings).unwrap_err(), "[3, 6]");
    let mut supervised = stacked().partly_supervised(1, 1.0);
    word(
        supervised.pretrain(&data, settings).unwrap_err(),
        "no classes",
    );
    let mut negative = stacked().partly_supervised(1, -1.0);
    let labelled = Dataset::classes(Tensor::zeros([3, 6]), vec![0, 1, 0], 2).unwrap();
    word(
        negative.pretrain(&labelled, settings).unwrap_err(),
        "weight -1",
    );
    word(
        StackedAutoencoder::new([6], [0])
            .pretrain(&data, settings)
            .unwrap_err(),
        "0 units",
    );
}
