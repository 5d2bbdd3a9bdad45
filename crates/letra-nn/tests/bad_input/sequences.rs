//! Sequences, lengths and numbers that make no sense, and layers that cannot take a mask.

use letra_nn::prelude::*;

use super::assert_refused;

fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(shape, values.to_vec()).unwrap()
}

fn masked() -> Sequential {
    Sequential::new([6, 4]).add(Masking::new(0.0))
}

#[test]
fn layers_that_cannot_tell_padding() {
    let layers: [(&str, Sequential); 7] = [
        ("flatten", masked().add(Flatten)),
        ("conv1d", masked().add(Conv1d::new(2, 3))),
        (
            "group_normalization",
            masked().add(GroupNormalization::new().groups(2)),
        ),
        ("max_pooling1d", masked().add(MaxPool1d::new(2))),
        (
            "reshape",
            masked().add(Dense::new(4)).add(Reshape::new([24])),
        ),
        (
            "lambda",
            masked().add(Lambda::new(|inputs, _| Ok(inputs.to_vec()))),
        ),
        ("permute", masked().add(Permute::new([2, 1]))),
    ];
    for (kind, layers) in layers {
        let parts = [kind, "mask", "GlobalAveragePool1d", "Unmask"];
        assert_refused(kind, layers.build(0), &parts);
    }
    masked().add(Unmask).add(Flatten).build(0).unwrap();
    let whole = masked().add(LayerNormalization::new().last_axes(2));
    let parts = ["layer_normalization", "padding included", "Unmask"];
    assert_refused("all axes", whole.build(0), &parts);
    let single = Sequential::sequences([6]).add(Dense::new(6));
    assert_refused("single numbers", single.build(0), &["dense", "[steps, 1]"]);
    let open = Sequential::sequences([6]).compile(Compile::new(Sgd::new(0.1)));
    assert_refused("an output without units", open, &["[6]", "[steps, 1]"]);
}

#[test]
fn masks_that_depend_on_what_is_learned() {
    let late = Sequential::new([6, 4])
        .add(Dense::new(3))
        .add(Masking::new(0.0));
    assert_refused(
        "masking",
        late.build(0),
        &["masking", "weights", "before layers that learn"],
    );
}

#[test]
fn parts_without_their_masks() {
    let network = Sequential::sequences([6, 4])
        .add(Dense::new(3))
        .add(GlobalAveragePool1d::new())
        .build(0)
        .unwrap();
    for from in ["mask_padding", "dense"] {
        let part = network.subnetwork(&[from], &["global_average_pooling1d"]);
        assert_refused(from, part.map(|_| ()), &[from, "mask", "inputs"]);
    }
    let inputs = ["input_1", "input_2"];
    network.subnetwork(&inputs, &["dense"]).unwrap();
}

#[test]
fn settings() {
    let refused =
        |layers: Sequential, parts: &[&str]| assert_refused("a setting", layers.build(0), parts);
    refused(
        Sequential::new([6, 4]).add(Masking::new(f32::NAN)),
        &["mask_value NaN"],
    );
    refused(
        Sequential::new([6]).add(Masking::new(0.0)),
        &["[steps, features]"],
    );
    refused(
        Sequential::new([6]).add(Embedding::new(0, 3)),
        &["input_dim of 0"],
    );
    refused(
        Sequential::new([6]).add(Embedding::new(1 << 25, 3)),
        &["16777216"],
    );
    refused(Sequential::new([6]).add(Embedding::new(5, 0)), &["0 units"]);
    refused(
        Sequential::new([6, 2]).add(Embedding::new(5, 3).mask_zero(true)),
        &["[steps]"],
    );
    let vectors = Tensor::zeros([4, 3]);
    refused(
        Sequential::new([6]).add(Embedding::new(5, 3).vectors(vectors)),
        &["[4, 3]", "[5, 3]"],
    );
    let vectors = tensor(&[1, 1], &[f32::NAN]);
    refused(
        Sequential::new([6]).add(Embedding::new(1, 1).vectors(vectors)),
        &["finite number"],
    );
    let computed = Sequential::new([6])
        .add(Dense::new(4))
        .add(Embedding::new(5, 3));
    refused(
        computed,
        &[
            "embedding",
            "what a layer computes",
            "an input of the network",
        ],
    );
    refused(
        Sequential::new([6]).add(RepeatVector::new(0)),
        &["steps: [0]"],
    );
    refused(
        Sequential::new([6, 2]).add(RepeatVector::new(3)),
        &["a flat input"],
    );
    refused(
        Sequential::new([6]).add(RepeatVector::new(1 << 40)),
        &["steps"],
    );
    refused(
        Sequential::new([6]).add(TimeDistributed::new(Dense::new(2))),
        &["at least one axis"],
    );
    refused(
        Sequential::new([6, 2]).add(TimeDistributed::new(Conv2d::new(2, 2))),
        &["a picture"],
    );
    let inner = TimeDistributed::new(Embedding::new(5, 2).mask_zero(true));
    refused(
        Sequential::new([3, 4]).add(inner),
        &["time_distributed", "mask of each step"],
    );
    let mut model = Model::new();
    let (steps, more) = (model.input([3, 2]), model.input([4, 2]));
    let both = model.layer(TimeDistributed::new(Concatenate), [steps, more]);
    assert_refused("steps", model.outputs([both]).build(0), &["as many steps"]);
    let mut model = Model::new();
    let steps = model.input([3, 2]);
    let only = model.layer(MaskPadding, [steps]);
    assert_refused(
        "lengths",
        model.outputs([only]).build(0),
        &["lengths", "1 values"],
    );
}

/// A number without a row is refused before anything is looked up, wherever data is given.
#[test]
fn numbers_that_have_no_row() {
    let layers = Sequential::new([2, 3])
        .add(Reshape::new([6]))
        .add(Embedding::new(5, 2).mask_zero(true))
        .add(Dense::new(2));
    let mut network = layers.compile(Compile::new(Sgd::new(0.1))).unwrap();
    let data = |number: f32| {
        let mut values = vec![1.0; 18];
        values[6 + 4] = number;
        Dataset::classes(tensor(&[3, 2, 3], &values), vec![0; 18], 2).unwrap()
    };
    for number in [5.0, -1.0, 2.5, f32::NAN, f32::INFINITY, 1e30] {
        let data = data(number);
        let place = format!("sample 1 has {number} at place 4");
        let parts = ["embedding", &place, "from 0 to 4"];
        assert_refused("predict", network.predict(&data), &parts);
        assert_refused("evaluate", network.evaluate(&data), &parts);
        assert_refused("fit", network.fit(&data, Fit::epochs(1)), &parts);
        assert_refused("gradients", network.gradients(&data), &parts);
        let upstream = [Tensor::zeros([3, 6, 2])];
        assert_refused("backward", network.backward(&data, &upstream), &parts);
        assert_refused("train_on_batch", network.train_on_batch(&data), &parts);
    }
    network.fit(&data(4.0), Fit::epochs(1)).unwrap();
}

#[test]
fn lengths_that_make_no_sense() {
    let network = Sequential::sequences([4, 1]).add(GlobalAveragePool1d::new());
    let network = network.build(0).unwrap();
    for length in [0.0, 5.0, -1.0, 2.5, f32::NAN] {
        let inputs = [Tensor::zeros([2, 4, 1]), tensor(&[2, 1], &[3.0, length])];
        let given = format!("sample 1 has {length}");
        let parts = ["lengths of sequences", &given, "from 1 to 4"];
        assert_refused("a length", network.predict(&inputs), &parts);
    }
    let alone = network.predict(&Tensor::zeros([2, 4, 1]));
    assert_refused("no lengths", alone, &["2 inputs"]);
    let refused = |lengths: &[usize], parts: &[&str]| {
        let sequences = Sequences::new(Tensor::zeros([2, 4, 1]), lengths);
        assert_refused("lengths", sequences, parts);
    };
    refused(&[1, 0], &["sequence 1 has length 0 of 4"]);
    refused(&[5, 1], &["sequence 0 has length 5 of 4"]);
    refused(&[1], &["2 sequences", "1 lengths"]);
    assert_refused(
        "no steps",
        Sequences::new(Tensor::zeros([2]), &[1, 1]),
        &["no steps"],
    );
}

#[test]
fn sequences_that_cannot_be_padded() {
    let steps = |steps: usize, features: usize| Tensor::zeros([steps, features]);
    assert_refused("none", Sequences::pad(&[]), &["no sequences"]);
    assert_refused(
        "empty",
        Sequences::pad(&[steps(2, 3), steps(0, 3)]),
        &["sequence 1 has no steps"],
    );
    assert_refused(
        "unlike",
        Sequences::pad(&[steps(2, 3), steps(2, 4)]),
        &["sequence 1", "[4]", "[3]"],
    );
    let long = Sequences::pad_to(&[steps(5, 1)], 4);
    assert_refused("long", long, &["sequence 0 has 5 steps", "4", "truncating"]);
    assert_refused(
        "nothing",
        Pad::new()
            .maxlen(0)
            .truncating(End::Pre)
            .values(&[steps(5, 1)]),
        &["maxlen"],
    );
    let before = Sequences::padded(&[steps(5, 1)], Pad::new().padding(End::Pre));
    assert_refused("before", before, &["before their first step", "Masking"]);
    let huge = Pad::new().maxlen(1 << 60).values(&[steps(1, 1)]);
    assert_refused("huge", huge, &["memory"]);
    assert_refused(
        "scalars",
        Sequences::pad(&[Tensor::zeros([])]),
        &["no steps"],
    );
    let numbers = Sequences::of_integers(&[vec![1, u32::MAX]], 4);
    assert_refused("numbers", numbers, &[]);
}

#[test]
fn weights_and_batches() {
    let layers = Sequential::sequences([4, 2]).add(Dense::new(3));
    let mut network = layers.compile(Compile::new(Sgd::new(0.1))).unwrap();
    let data = || {
        let sequences = Sequences::new(Tensor::zeros([2, 4, 2]), &[2, 4]).unwrap();
        let labels = vec![0; 8];
        sequences
            .with_targets(Targets::Classes { labels, count: 3 })
            .unwrap()
    };
    let weighted = data().with_sample_weights(vec![1.0; 6]).unwrap();
    assert_refused(
        "three a sample",
        network.evaluate(&weighted),
        &["4 places", "3 for each"],
    );
    assert_refused(
        "seven",
        data().with_sample_weights(vec![1.0; 7]),
        &["7 sample weights"],
    );
    let mut negative = vec![1.0; 8];
    negative[6] = -1.0;
    assert_refused(
        "negative",
        data().with_sample_weights(negative),
        &["sample 1", "-1"],
    );
    network
        .fit(&data(), Fit::epochs(1).batch_size(1).bucket_by_length(true))
        .unwrap();
    let mut plain = Sequential::new([2])
        .add(Dense::new(3))
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap();
    let flat = Dataset::classes(Tensor::zeros([4, 2]), vec![0; 4], 3).unwrap();
    let fit = Fit::epochs(1).bucket_by_length(true);
    assert_refused(
        "no lengths",
        plain.fit(&flat, fit),
        &["no sequences", "Sequential::sequences"],
    );
}

/// Where nothing counts, the loss is 0 and nothing is learnt.
#[test]
fn nothing_but_padding() {
    let layers = Sequential::new([3, 2])
        .add(Masking::new(0.0))
        .add(Dense::new(3));
    let mut network = layers
        .compile(Compile::new(Sgd::new(0.1)).metric(Accuracy))
        .unwrap();
    let data = Dataset::classes(Tensor::zeros([2, 3, 2]), vec![1; 6], 3).unwrap();
    let before = network.parameter("dense/kernel");
    assert_eq!(network.train_on_batch(&data).unwrap().loss, 0.0);
    assert_eq!(network.parameter("dense/kernel"), before);
    assert!(
        network
            .evaluate(&data)
            .unwrap()
            .metric("accuracy")
            .unwrap()
            .is_nan()
    );
}
