//! Layers that join, order, rescale, group and attend: inputs and settings that make no sense.

use letra_nn::layers::Layer;
use letra_nn::prelude::*;

use super::assert_refused;

fn alone(shape: impl Into<Shape>, layer: impl Layer) -> Result<Network, Error> {
    Sequential::new(shape).add(layer).build(1)
}

fn joined(shapes: &[&[usize]], layer: impl Layer) -> Result<Network, Error> {
    let mut model = Model::new();
    let inputs: Vec<_> = shapes.iter().map(|&shape| model.input(shape)).collect();
    let output = model.layer(layer, inputs);
    model.outputs([output]).build(1)
}

#[test]
fn joins_of_too_few_too_many_or_of_several_shapes() {
    fn check(kind: &str, layer: impl Layer + Clone) {
        let two = joined(&[&[3], &[4]], layer.clone());
        assert_refused(
            kind,
            two,
            &[kind, "one shape", "[3]", "[4]", "make them equal"],
        );
        assert_refused(kind, alone([3], layer), &[kind, "given 1"]);
    }
    check("average", Average);
    check("maximum", Maximum);
    check("minimum", Minimum);
    let three = joined(&[&[3], &[3], &[3]], Subtract);
    assert_refused(
        "a difference",
        three,
        &["subtract", "given 3", "give it two"],
    );
    let two = joined(&[&[3], &[4]], Subtract);
    assert_refused("a difference", two, &["subtract", "one shape"]);
}

#[test]
fn dot_products_along_axes_that_are_none_or_differ() {
    let dot = |axes: [i32; 2]| joined(&[&[2, 3], &[4]], Dot::new(axes));
    for axes in [[0, 1], [3, 1], [-3, 1], [i32::MIN, 1], [i32::MAX, 1]] {
        let parts = ["dot", "first", &axes[0].to_string(), "from 1 to 2"];
        assert_refused("an axis", dot(axes), &parts);
    }
    assert_refused(
        "an axis",
        dot([1, 2]),
        &["dot", "second", "axis 2", "from 1 to 1"],
    );
    assert_refused("sizes", dot([1, 1]), &["dot", "one size", "[2, 3]", "[4]"]);
    assert_refused("one input", alone([3], Dot::new(1)), &["dot", "given 1"]);
}

#[test]
fn orders_that_are_none() {
    for dims in [&[1, 1][..], &[0, 1], &[2, 3], &[1, 3]] {
        let parts = ["permute", "from 1 to 2 once"];
        assert_refused("an order", alone([2, 3], Permute::new(dims)), &parts);
    }
    for dims in [&[1][..], &[2, 1, 3], &[]] {
        let parts = ["permute", "as many axes", "[2, 3]"];
        assert_refused("an order", alone([2, 3], Permute::new(dims)), &parts);
    }
}

#[test]
fn numbers_that_make_no_sense() {
    for number in [f32::NAN, f32::INFINITY] {
        let scale = alone([3], Rescaling::new(number));
        assert_refused("a scale", scale, &["rescaling", "scale", "finite"]);
        let offset = alone([3], Rescaling::new(1.0).offset(number));
        assert_refused("an offset", offset, &["rescaling", "offset", "finite"]);
        let mean = alone([3], Normalization::new([number], [1.0]));
        assert_refused("a mean", mean, &["normalization", "finite"]);
    }
    let below = alone([3], Normalization::new([0.0], [-1.0]));
    assert_refused("a variance", below, &["normalization", "not below 0"]);
    let four = Normalization::new([0.0; 4], [1.0; 4]);
    assert_refused(
        "features",
        alone([3], four),
        &["normalization", "4", "[3]", "adapt"],
    );
    let none = Normalization::new([], []);
    assert_refused("no features", alone([3], none), &["normalization", "0"]);
}

#[test]
fn groups_that_do_not_divide_the_channels() {
    let default = alone([4, 4, 8], GroupNormalization::new());
    assert_refused(
        "32 groups",
        default,
        &["group_normalization", "32 groups", "choose other"],
    );
    let none = alone([8], GroupNormalization::new().groups(0));
    assert_refused("no groups", none, &["group_normalization", "0 groups"]);
    let epsilon = alone([8], GroupNormalization::new().groups(2).epsilon(0.0));
    assert_refused("an epsilon", epsilon, &["group_normalization", "epsilon 0"]);
}

#[test]
fn sequences_that_are_none_and_settings_of_layers_over_them() {
    let is_none = ["a sequence [steps, channels]", "add Reshape"];
    assert_refused("a row", alone([3], UpSampling1d::new(2)), &is_none);
    assert_refused("a row", alone([3], Conv1dTranspose::new(2, 2)), &is_none);
    assert_refused("a row", alone([3], SeparableConv1d::new(2, 2)), &is_none);
    let none = alone([3, 2], UpSampling1d::new(0));
    assert_refused("no size", none, &["up_sampling1d", "size"]);
    let huge = alone([1 << 20, 64], UpSampling1d::new(1 << 16));
    assert_refused("a huge size", huge, &["up_sampling1d", "smaller"]);
    let none = alone([3, 2], Conv1dTranspose::new(2, 0));
    assert_refused("no kernel", none, &["conv1d_transpose", "a kernel of [0]"]);
    let huge = alone([1 << 20, 2], Conv1dTranspose::new(2, 2).stride(1 << 16));
    assert_refused("a huge stride", huge, &["conv1d_transpose", "smaller"]);
    let long = alone([3, 2], SeparableConv1d::new(2, 4));
    assert_refused(
        "a long kernel",
        long,
        &["separable_conv1d", "[4]", "smaller kernel"],
    );
    let both = alone(
        [9, 2],
        SeparableConv1d::new(2, 2).stride(2).dilation_rate(2),
    );
    assert_refused("both", both, &["separable_conv1d", "only one of them"]);
}

#[test]
fn attention_that_makes_no_sense() {
    let attention = || MultiHeadAttention::new(2, 3);
    let flat = alone([3], attention());
    assert_refused(
        "flat",
        flat,
        &["multi_head_attention", "[steps, features]", "Reshape"],
    );
    let keys = joined(&[&[4, 3], &[5, 3], &[6, 3]], attention());
    assert_refused(
        "keys",
        keys,
        &["as many keys as values", "[5, 3]", "[6, 3]"],
    );
    let four = joined(&[&[4, 3][..]; 4], attention());
    assert_refused("four", four, &["given 4", "one to three"]);
    for (layer, part) in [
        (MultiHeadAttention::new(0, 3), "heads"),
        (MultiHeadAttention::new(2, 0), "key_dim"),
        (attention().value_dim(0), "value_dim"),
        (attention().dropout(1.0), "rate 1"),
        (MultiHeadAttention::new(usize::MAX, 3), "heads"),
    ] {
        assert_refused(part, alone([4, 3], layer), &["multi_head_attention", part]);
    }
    let huge = alone([1 << 14, 3], MultiHeadAttention::new(64, 1));
    assert_refused("huge", huge, &["multi_head_attention", "smaller"]);
}

#[test]
fn a_closure_is_not_saved_and_that_shows_before_a_training_with_checkpoints() {
    let network = Sequential::new([2])
        .add(Lambda::of_values(|x| x * x, |x| 2.0 * x).named("square"))
        .add(Dense::new(1));
    let compile = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
    let mut network = network.compile(compile).unwrap();
    let parts = ["layer square", "lambda", "not saved", "Registry"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    assert_refused("a closure", network.save(&path), &parts);
    let data = Dataset::values(Tensor::zeros([4, 2]), Tensor::zeros([4, 1])).unwrap();
    let mut checkpoint = Checkpoint::new(&path);
    let fit = Fit::epochs(3).callback(&mut checkpoint);
    assert_refused("a checkpoint", network.fit(&data, fit).map(drop), &parts);
    let mut best = BestWeights::new().monitor("loss").save(&path);
    let fit = Fit::epochs(3).callback(&mut best);
    assert_refused("best weights", network.fit(&data, fit).map(drop), &parts);
    assert_eq!(network.steps(), 0);
    assert!(!path.exists());
}
