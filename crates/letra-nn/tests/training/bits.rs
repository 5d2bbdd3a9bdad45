//! One seed, one result: the same bits on any number of threads.

use letra_nn::prelude::*;

use super::data::{bytes, one_hot_quadrants, quadrants};

/// Networks whose sizes no vector or shard divides, small and large.
pub(crate) fn networks() -> Vec<(&'static str, Sequential)> {
    let pictures = || Sequential::new([8, 8, 1]);
    vec![
        ("logistic", pictures().add(Flatten).add(Dense::new(4))),
        (
            "large kernels",
            pictures()
                .add(Flatten)
                .add(Dense::new(301).relu())
                .add(Dropout::new(0.5))
                .add(Dense::new(67).tanh())
                .add(Dense::new(4)),
        ),
        (
            "missing weights",
            pictures()
                .add(Flatten)
                .add(DropConnect::new(301, 0.3).draws(20).relu())
                .add(DropConnect::new(33, 0.5).draws(20).tanh())
                .add(AnnealedDropout::new(0.5, 3))
                .add(Standout::new(67).beta(0.5).relu())
                .add(Dense::new(4)),
        ),
        (
            "two convolutions",
            pictures()
                .add(Conv2d::new(5, 3).relu())
                .add(Dropout::new(0.1))
                .add(Conv2d::new(7, [2, 3]).stride([1, 2]).same())
                .add(Activation::tanh())
                .add(MaxPool2d::new(2).same())
                .add(Flatten)
                .add(Dense::new(4)),
        ),
        (
            "maxout and learned slopes",
            pictures()
                .add(MaxoutConv2d::new(3, 3, 2).same())
                .add(Conv2d::new(4, 2).activation(ActivationFunction::Gelu))
                .add(PRelu::new().shared_axes([1, 2]))
                .add(Flatten)
                .add(Maxout::new(70, 3))
                .add(Dense::new(20).activation(ActivationFunction::Silu))
                .add(LeakyRelu::default())
                .add(Elu::default())
                .add(Dense::new(4)),
        ),
        (
            "pictures moved at random",
            pictures()
                .add(RandomTranslation::new(0.2, 0.1))
                .add(RandomRotation::new(0.1))
                .add(RandomZoom::new(0.2).fill_mode(FillMode::Wrap))
                .add(RandomContrast::new(0.5))
                .add(GaussianNoise::new(0.1))
                .add(Conv2d::new(5, 3).relu())
                .add(SpatialDropout2d::new(0.3))
                .add(Flatten)
                .add(Dense::new(4)),
        ),
        (
            "batch normalisation",
            pictures()
                .add(Conv2d::new(5, 3).use_bias(false))
                .add(BatchNormalization::new())
                .add(Activation::relu())
                .add(MaxPool2d::new(2))
                .add(Dropout::new(0.1))
                .add(Flatten)
                .add(Dense::new(301))
                .add(BatchNormalization::new().momentum(0.5))
                .add(LayerNormalization::new())
                .add(Dense::new(4)),
        ),
        (
            "groups, flips and numbers that are given",
            pictures()
                .add(Rescaling::new(2.0).offset(-0.5))
                .add(RandomFlip::new())
                .add(Conv2d::new(6, 3))
                .add(GroupNormalization::new().groups(3))
                .add(Activation::relu())
                .add(Permute::new([3, 1, 2]))
                .add(Normalization::new([0.25], [0.5]))
                .add(Flatten)
                .add(Dense::new(4)),
        ),
        (
            "sequences and attention",
            pictures()
                .add(Reshape::new([8, 8]))
                .add(SeparableConv1d::new(7, 3).same().relu())
                .add(
                    MultiHeadAttention::new(3, 5)
                        .dropout(0.1)
                        .use_causal_mask(true),
                )
                .add(UpSampling1d::new(2))
                .add(Conv1dTranspose::new(5, 3).stride(2))
                .add(MultiHeadAttention::new(2, 3).value_dim(4))
                .add(Flatten)
                .add(Dense::new(4)),
        ),
        (
            "recurrent layers",
            pictures()
                .add(Reshape::new([16, 4]))
                .add(Lstm::new(19).dropout(0.1).return_sequences(true))
                .add(Bidirectional::new(
                    Gru::new(9).recurrent_dropout(0.2).return_sequences(true),
                ))
                .add(Gru::new(7).reset_after(false).return_sequences(true))
                .add(SimpleRnn::new(33).go_backwards(true))
                .add(Dense::new(4)),
        ),
        (
            "many values a sample",
            pictures()
                .add(Conv2d::new(67, 5).same().relu())
                .add(Conv2d::new(33, 1).sigmoid())
                .add(MaxPool2d::new(3).stride(1))
                .add(Flatten)
                .add(Dense::new(4)),
        ),
    ]
}

fn trained(network: Sequential, batch: usize, rows: bool, threads: usize) -> Vec<u8> {
    let data = match rows {
        true => one_hot_quadrants(61),
        false => quadrants(61),
    };
    let compile = match rows {
        true => Compile::new(Adam::new(0.01)).loss(SumSquaredError),
        false => Compile::new(Sgd::new(0.05).momentum(0.5)),
    };
    let compile = compile.metric(Accuracy).seed(5).threads(threads);
    let mut network = network.compile(compile).unwrap();
    let history = network
        .fit(&data, Fit::epochs(2).batch_size(batch))
        .unwrap();
    let logs = serde_json::to_vec(&history).unwrap();
    let evaluated = network.evaluate(&data).unwrap().loss.to_le_bytes();
    let predicted = network.predict(data.inputs()).unwrap();
    let predicted = predicted.data().iter().flat_map(|p| p.to_le_bytes());
    [
        bytes(&network),
        logs,
        evaluated.to_vec(),
        predicted.collect(),
    ]
    .concat()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for (name, network) in networks() {
        for batch in [1, 3, 17, 61] {
            for rows in [false, true] {
                let one = trained(network.clone(), batch, rows, 1);
                for threads in [2, 3] {
                    let more = trained(network.clone(), batch, rows, threads);
                    assert!(one == more, "{name}, batch {batch}, {threads} threads");
                }
            }
        }
    }
}

#[test]
fn another_seed_gives_other_numbers() {
    let initial = |seed: u64| {
        let network = Sequential::new([8]).add(Dense::new(4));
        let compile = Compile::new(Sgd::new(0.1)).seed(seed);
        bytes(&network.compile(compile).unwrap())
    };
    assert_eq!(initial(1), initial(1));
    assert_ne!(initial(1), initial(2));
    assert_ne!(initial(1), initial(1 + (1 << 40)));
}
