//! The instruction set decides how fast a result is there, and changes no bit of it.

use std::collections::BTreeMap;
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;

use letra_nn::instruction_set;
use letra_nn::losses::Loss;
use letra_nn::prelude::*;

use super::data::{bytes, one_hot_quadrants, quadrants};
use super::{bits, graphs, optimizers, sparse_inputs};

/// The names that `LETRA_SIMD` takes; a machine has some of them, and always the last.
const NAMES: [&str; 4] = ["avx512", "avx2", "neon", "scalar"];

/// Networks that go through each algorithm of each layer, beside those of the other tests.
fn networks() -> Vec<(&'static str, Sequential)> {
    let pictures = || Sequential::new([8, 8, 1]);
    let channels = |filters: usize| pictures().add(Conv2d::new(filters, 3).same().relu());
    let classes = |network: Sequential| network.add(Flatten).add(Dense::new(4));
    let row = || Sequential::new([8, 8, 1]).add(Reshape::new([16, 4]));
    let mut networks = vec![
        (
            "few filters",
            classes(
                pictures()
                    .add(Conv2d::new(4, 5).same().relu())
                    .add(MaxPool2d::new(2)),
            ),
        ),
        (
            "few filters, no pool",
            classes(pictures().add(Conv2d::new(7, 3))),
        ),
        (
            "minimal filtering",
            classes(
                channels(12)
                    .add(Conv2d::new(20, 3).same().relu())
                    .add(MaxPool2d::new(2)),
            ),
        ),
        (
            "direct",
            classes(
                channels(9)
                    .add(Conv2d::new(24, 5).same())
                    .add(Conv2d::new(9, 3).stride(2))
                    .add(Conv2d::new(8, 2)),
            ),
        ),
        (
            "dilated and grouped",
            classes(
                channels(12)
                    .add(Conv2d::new(16, 3).dilation_rate(2))
                    .add(Conv2d::new(24, 3).same().groups(2)),
            ),
        ),
        (
            "one tap",
            classes(
                channels(70)
                    .add(Conv2d::new(65, 1).relu())
                    .add(Conv2d::new(9, 1)),
            ),
        ),
        (
            "each channel alone",
            classes(
                channels(11)
                    .add(DepthwiseConv2d::new(3).same().relu())
                    .add(SeparableConv2d::new(19, 3).same())
                    .add(DepthwiseConv2d::new(2).stride(2)),
            ),
        ),
        (
            "larger and smaller",
            classes(
                channels(5)
                    .add(Conv2dTranspose::new(6, 3).stride(2))
                    .add(UpSampling2d::new(2))
                    .add(Cropping2d::new(3))
                    .add(ZeroPadding2d::new(1))
                    .add(AveragePool2d::new(3)),
            ),
        ),
        (
            "global mean",
            channels(21)
                .add(GlobalAveragePool2d::new())
                .add(Dense::new(4)),
        ),
        (
            "global maximum",
            channels(21).add(GlobalMaxPool2d::new()).add(Dense::new(4)),
        ),
        (
            "in one dimension",
            row()
                .add(Conv1d::new(10, 3).relu())
                .add(MaxPool1d::new(2))
                .add(Conv1d::new(33, 2))
                .add(AveragePool1d::new(2))
                .add(GlobalAveragePool1d::new())
                .add(Dense::new(4)),
        ),
        (
            "over steps, with a mask",
            row()
                .add(Masking::new(9.0))
                .add(TimeDistributed::new(Dense::new(10).tanh()))
                .add(BatchNormalization::new())
                .add(MultiHeadAttention::new(2, 3))
                .add(GlobalAveragePool1d::new())
                .add(Dense::new(4)),
        ),
        (
            "recurrent, with a mask",
            row()
                .add(Masking::new(9.0))
                .add(Lstm::new(19).dropout(0.1).return_sequences(true))
                .add(Bidirectional::new(
                    Gru::new(9).recurrent_dropout(0.2).return_sequences(true),
                ))
                .add(Gru::new(7).reset_after(false).return_sequences(true))
                .add(SimpleRnn::new(33).go_backwards(true))
                .add(Dense::new(4)),
        ),
        (
            "in one dimension, maximum",
            row()
                .add(Conv1d::new(6, 5))
                .add(GlobalMaxPool1d::new())
                .add(Dense::new(4)),
        ),
        (
            "features and cosines",
            pictures()
                .add(Flatten)
                .add(RandomFourierFeatures::new(530))
                .add(Dense::new(37).sigmoid())
                .add(Cosine::new(4)),
        ),
    ];
    for units in [1, 3, 8, 9, 17, 130] {
        let network = pictures().add(Flatten).add(Dense::new(600).tanh());
        networks.push((
            "dense",
            network.add(Dense::new(units).tanh()).add(Dense::new(4)),
        ));
    }
    for function in [
        ActivationFunction::Elu,
        ActivationFunction::Gelu,
        ActivationFunction::GeluTanh,
        ActivationFunction::LeakyRelu,
        ActivationFunction::Selu,
        ActivationFunction::Sigmoid,
        ActivationFunction::Silu,
        ActivationFunction::Softplus,
        ActivationFunction::Tanh,
        ActivationFunction::Softmax,
    ] {
        let network = pictures()
            .add(Flatten)
            .add(Dense::new(37).activation(function));
        networks.push(("activation", network.add(Dense::new(4))));
    }
    networks.extend(bits::networks());
    networks
}

pub(crate) fn losses() -> Vec<(&'static str, Compile)> {
    fn with(loss: impl Loss + 'static) -> Compile {
        Compile::new(Sgd::new(0.05)).loss(loss)
    }
    vec![
        ("binary cross-entropy", with(BinaryCrossEntropy::new())),
        (
            "binary cross-entropy from logits",
            with(BinaryCrossEntropy::from_logits()),
        ),
        ("categorical hinge", with(CategoricalHinge)),
        ("cross-entropy", with(CrossEntropy::new())),
        (
            "cross-entropy from logits",
            with(CrossEntropy::from_logits()),
        ),
        ("hinge", with(Hinge)),
        ("huber", with(Huber::new())),
        ("KL divergence", with(KlDivergence)),
        ("log cosh", with(LogCosh)),
        ("Poisson", with(Poisson)),
        ("percentage error", with(MeanAbsolutePercentageError)),
        ("logarithmic error", with(MeanSquaredLogarithmicError)),
        ("cosine", with(letra_nn::losses::CosineSimilarity)),
        ("binary focal", with(BinaryFocalCrossEntropy::from_logits())),
        ("focal", with(CategoricalFocalCrossEntropy::new())),
        (
            "focal, logits",
            with(CategoricalFocalCrossEntropy::from_logits()),
        ),
        ("mean absolute error", with(MeanAbsoluteError)),
        ("mean squared error", with(MeanSquaredError)),
        ("sum of squared errors", with(SumSquaredError)),
    ]
}

/// A number for the weights, the logs and the predictions after two epochs.
fn digest(mut network: Trainer, data: &Dataset, batch: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    let history = network.fit(data, Fit::epochs(2).batch_size(batch)).unwrap();
    serde_json::to_vec(&history).unwrap().hash(&mut hasher);
    bytes(&network).hash(&mut hasher);
    network
        .evaluate(data)
        .unwrap()
        .loss
        .to_bits()
        .hash(&mut hasher);
    for tensor in network.predict_all(data).unwrap() {
        let bits: Vec<u32> = tensor.data().iter().map(|value| value.to_bits()).collect();
        bits.hash(&mut hasher);
    }
    hasher.finish()
}

/// Trains every network on the instruction set of this process, and prints a line for each.
#[test]
#[ignore = "run by the test below, once with each instruction set"]
fn digests() {
    let name = instruction_set().unwrap();
    let tell = |what: &str, number: usize, network: Trainer, data: &Dataset, batch: usize| {
        println!(
            "{name}: {what} ({number}) = {:x}",
            digest(network, data, batch)
        );
    };
    let data = quadrants(61);
    for (number, (what, network)) in networks().into_iter().enumerate() {
        let compile = Compile::new(Adam::new(0.01)).seed(5).threads(1);
        tell(what, number, network.compile(compile).unwrap(), &data, 17);
    }
    for (number, (what, compile)) in optimizers::compiles().into_iter().enumerate() {
        let network = optimizers::network()
            .compile(compile.seed(5).threads(1))
            .unwrap();
        tell(what, number, network, &data, 17);
    }
    for (number, (what, compile)) in losses().into_iter().enumerate() {
        let network = Sequential::new([8, 8, 1])
            .add(Flatten)
            .add(Dense::new(4).sigmoid());
        let network = network.compile(compile.seed(5).threads(1)).unwrap();
        tell(what, number, network, &one_hot_quadrants(61), 17);
    }
    let ink = sparse_inputs::ink(150);
    for (number, network) in sparse_inputs::networks().iter().enumerate() {
        let network = sparse_inputs::compiled(network, 1);
        tell("mostly zero", number, network, &ink, 70);
    }
    let network = graphs::model().compile(graphs::compile(1)).unwrap();
    tell("two inputs", 0, network, &graphs::data(61), 17);
}

/// What [`digests`] prints with an instruction set, or nothing where this machine has it not.
fn digests_with(name: &str) -> Option<BTreeMap<String, String>> {
    let arguments = [
        "instruction_sets::digests",
        "--exact",
        "--ignored",
        "--nocapture",
    ];
    let mut child = Command::new(env::current_exe().unwrap());
    let output = child
        .args(arguments)
        .env("LETRA_SIMD", name)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("no instruction set of this machine") {
        return None;
    }
    assert!(output.status.success(), "{name}: {errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let start = format!("{name}: ");
    let lines = printed
        .lines()
        .filter_map(|line| line.split_once(&start)?.1.split_once(" = "));
    Some(
        lines
            .map(|(what, digest)| (what.to_owned(), digest.to_owned()))
            .collect(),
    )
}

#[test]
fn the_instruction_set_changes_no_bit() {
    let of_each: Vec<_> = NAMES
        .iter()
        .filter_map(|name| Some((*name, digests_with(name)?)))
        .collect();
    let (first, wanted) = &of_each[0];
    assert!(wanted.len() > 60, "{} digests", wanted.len());
    assert_eq!(of_each.last().unwrap().0, "scalar");
    if of_each.len() == 1 {
        println!("this machine has one instruction set: nothing was compared");
    }
    for (name, found) in &of_each[1..] {
        println!("{name} beside {first}");
        let other = |what: &&String| found.get(*what) != wanted.get(*what);
        let different: Vec<&String> = wanted.keys().filter(other).collect();
        assert!(
            different.is_empty(),
            "{name} and {first} differ: {different:#?}"
        );
        assert_eq!(found.len(), wanted.len());
    }
}

#[test]
fn an_unknown_instruction_set_is_named_with_those_there_are() {
    let arguments = ["instruction_sets::digests", "--exact", "--ignored"];
    let mut child = Command::new(env::current_exe().unwrap());
    let output = child
        .args(arguments)
        .env("LETRA_SIMD", "sse9")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("sse9") && printed.contains("scalar"),
        "{printed}"
    );
}
