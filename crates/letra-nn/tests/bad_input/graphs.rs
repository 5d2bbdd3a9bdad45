//! Models whose layers are not connected as they should be, data that does not fit them,
//! and their files.

use letra_nn::prelude::*;
use serde_json::{Value, json};

use super::assert_refused;
use super::forgery::{File, Forgery, load};

fn settings() -> Compile {
    Compile::new(Sgd::new(0.1)).threads(1)
}

fn two_outputs() -> Compile {
    settings().next_output().loss(MeanSquaredError)
}

/// Two inputs, a shared layer, two outputs.
fn model() -> Model {
    let mut model = Model::new();
    let (left, right) = (model.input([4]), model.input([4]));
    let first = model.layer(Dense::new(3), [left]);
    let second = model.again(first, [right]);
    let sum = model.layer(Add, [first, second]);
    let last = model.layer(Dense::new(2), [sum]);
    model.outputs([sum, last])
}

fn network() -> Trainer {
    model().compile(two_outputs()).unwrap()
}

fn data() -> Dataset {
    data_with(inputs())
}

fn inputs() -> Tensor {
    Tensor::new([6, 4], (0..24).map(|i| i as f32 / 24.0).collect()).unwrap()
}

fn data_with(other_inputs: Tensor) -> Dataset {
    Dataset::classes(inputs(), vec![0, 1, 2, 0, 1, 2], 3)
        .and_then(|data| data.and_input(other_inputs))
        .and_then(|data| data.and_targets(Targets::Values(Tensor::zeros([6, 2]))))
        .unwrap()
}

#[test]
fn joins_of_different_shapes() {
    let joined = |join: fn(&mut Model, [letra_nn::Value; 2]) -> letra_nn::Value| {
        let mut model = Model::new();
        let input = model.input([4]);
        let pair = [3, 2].map(|units| model.layer(Dense::new(units), [input]));
        let last = join(&mut model, pair);
        model.outputs([last]).compile(settings())
    };
    let parts = |kind: &'static str| {
        [
            kind,
            "one shape",
            "layer 1 (dense) gives [3]",
            "layer 2 (dense_1) gives [2]",
        ]
    };
    let add = joined(|model, pair| model.layer(Add, pair));
    assert_refused("a sum", add, &parts("layer 3 (add)"));
    let multiply = joined(|model, pair| model.layer(Multiply, pair));
    assert_refused("a product", multiply, &parts("layer 3 (multiply)"));
    let alone = joined(|model, [first, second]| {
        let sum = model.layer(Add, [second]);
        model.layer(Concatenate, [first, sum])
    });
    assert_refused(
        "a sum of one",
        alone,
        &["layer 3 (add)", "given 1", "at least 2"],
    );

    let mut model = Model::new();
    let (wide, flat) = (model.input([4, 3, 2]), model.input([4, 2, 2]));
    let both = model.layer(Concatenate, [wide, flat]);
    let parts = [
        "layer 1 (concatenate)",
        "agree but for the last",
        "input 1 is [4, 3, 2]",
        "input 2 is [4, 2, 2]",
    ];
    assert_refused(
        "side by side",
        model.outputs([both]).compile(settings()),
        &parts,
    );
}

#[test]
fn a_layer_with_more_inputs_than_it_takes() {
    let mut model = Model::new();
    let (left, right) = (model.input([4]), model.input([4]));
    let last = model.layer(Dense::new(2), [left, right]);
    let parts = ["layer 1 (dense)", "takes one input", "given 2"];
    assert_refused(
        "two inputs",
        model.outputs([last]).compile(settings()),
        &parts,
    );
}

#[test]
fn values_of_another_model() {
    let (mut one, mut other) = (Model::new(), Model::new());
    let (input, foreign) = (one.input([4]), other.input([4]));
    let first = one.layer(Dense::new(3), [input]);
    let sum = one.layer(Add, [first, foreign]);
    let last = one.layer(Dense::new(2), [sum]);
    let parts = ["add", "another model"];
    assert_refused("a layer", one.outputs([last]).compile(settings()), &parts);
    let again = other.again(first, [foreign]);
    assert_refused(
        "again",
        other.outputs([again]).compile(settings()),
        &["another model"],
    );
    let mut third = Model::new();
    let input = third.input([4]);
    third.layer(Dense::new(3), [input]);
    let parts = ["the model's outputs", "another model"];
    assert_refused(
        "an output",
        third.outputs([first]).compile(settings()),
        &parts,
    );
}

#[test]
fn what_leads_nowhere() {
    let mut model = Model::new();
    let (left, right) = (model.input([4]), model.input([5]));
    let last = model.layer(Dense::new(3), [left]);
    let unread = model.clone().outputs([last]).compile(settings());
    assert_refused("an input", unread, &["input 2 leads to no output"]);
    model.layer(Dense::new(3), [right]);
    let unread = model.outputs([last]).compile(settings());
    assert_refused("a layer", unread, &["layer 2 (dense_1) leads to no output"]);
}

#[test]
fn models_without_something() {
    let compiled = |model: Model| model.compile(settings());
    assert_refused("nothing", compiled(Model::new()), &["no inputs"]);
    let mut model = Model::new();
    let input = model.input([4]);
    assert_refused("no layers", compiled(model.clone()), &["no layers"]);
    let given = compiled(model.clone().outputs([input]));
    assert_refused("an input as an output", given, &["no layers"]);
    let last = model.layer(Dense::new(3), [input]);
    assert_refused(
        "no outputs",
        compiled(model.clone()),
        &["no outputs", "outputs([…])"],
    );
    let none: [letra_nn::Value; 0] = [];
    let given = compiled(model.clone().outputs(none));
    assert_refused(
        "an empty list of outputs",
        given,
        &["outputs", "at least one"],
    );
    let given = compiled(model.clone().outputs([last, input]));
    assert_refused(
        "an output past the layers",
        given,
        &["output 2 is an input"],
    );
    let given = compiled(model.clone().outputs([last, last]));
    assert_refused("an output twice", given, &["output 2 is the same", "dense"]);
    let mut blind = model.clone();
    let nothing = blind.layer(Dense::new(1), none);
    let given = compiled(blind.outputs([nothing]));
    assert_refused("a layer that reads nothing", given, &["dense", "no values"]);
    let mut late = model.clone();
    late.input([4]);
    let given = compiled(late.outputs([last]));
    assert_refused("an input after a layer", given, &["add all inputs first"]);
    let mut twice = model;
    twice.again(input, [last]);
    let given = compiled(twice.outputs([last]));
    assert_refused("an input at a second place", given, &["only a layer can"]);
}

#[test]
fn a_shared_layer_on_inputs_of_two_shapes() {
    let mut model = Model::new();
    let (left, right) = (model.input([4]), model.input([5]));
    let first = model.layer(Dense::new(3), [left]);
    let second = model.again(first, [right]);
    let sum = model.layer(Add, [first, second]);
    let parts = [
        "layer 2 (dense (2))",
        "kernel",
        "[5, 3]",
        "[4, 3]",
        "two layers",
    ];
    assert_refused(
        "two shapes",
        model.outputs([sum]).compile(settings()),
        &parts,
    );
}

#[test]
fn losses_that_are_not_those_of_the_outputs() {
    let parts = ["2 outputs", "losses for 1", "next_output"];
    assert_refused("one loss", model().compile(settings()), &parts);
    let sequential = Sequential::new([4]).add(Dense::new(3));
    let parts = ["1 outputs", "losses for 2"];
    assert_refused("two losses", sequential.compile(two_outputs()), &parts);
    for weight in [-1.0, f32::NAN, f32::INFINITY] {
        let compile = settings().loss_weight(weight);
        let network = Sequential::new([4]).add(Dense::new(3)).compile(compile);
        assert_refused("a weight", network, &["weight", "0 or more"]);
    }
}

#[test]
fn data_that_does_not_fit() {
    let mut network = network();
    let inputs = || Tensor::zeros([6, 4]);
    let two = [inputs(), inputs()];
    let single = Dataset::classes(inputs(), vec![0; 6], 3).unwrap();
    let parts = ["2 inputs", "given 1"];
    assert_refused("one input", network.fit(&single, Fit::epochs(1)), &parts);
    let half = single.clone().and_input(inputs()).unwrap();
    let parts = ["2 outputs", "targets for 1"];
    assert_refused("one target", network.train_on_batch(&half), &parts);
    let parts = ["input 2", "[samples, 4]", "[6, 5]"];
    let result = network.predict_all(&[inputs(), Tensor::zeros([6, 5])]);
    assert_refused("another shape", result, &parts);
    let result = network.predict_all(&[inputs(), Tensor::zeros([5, 4])]);
    assert_refused(
        "fewer samples",
        result,
        &["input 2 has 5 samples", "input 1 has 6"],
    );
    assert_refused(
        "three inputs",
        network.predict_all(&[inputs(), inputs(), inputs()]),
        &["given 3"],
    );
    assert_refused(
        "one prediction",
        network.predict(&two),
        &["2 outputs", "predict_all"],
    );
    assert_refused("classes", network.predict_classes(&two), &["2 outputs"]);
    let error = single.clone().and_input(Tensor::zeros([5, 4]));
    assert_refused(
        "samples of another input",
        error,
        &["6 samples came with 5"],
    );
    let error = single.and_targets(Targets::Values(Tensor::zeros([7, 1])));
    assert_refused("other targets", error, &["6 samples came with 7"]);
    network.train_on_batch(&data()).unwrap();
    let mut others = inputs();
    others.data_mut()[9] = f32::NAN;
    let broken = data_with(others);
    assert_refused(
        "no number",
        network.train_on_batch(&broken),
        &["sample 2 holds NaN"],
    );
}

#[test]
fn layers_to_freeze_that_are_not_there() {
    let parts = ["\"conv2d\"", "dense, add, dense_1"];
    assert_refused("a layer", network().freeze("conv2d"), &parts);
    assert_refused("a layer", network().unfreeze(""), &["no layer"]);
    let other = Sequential::new([9])
        .add(Dense::new(9))
        .compile(settings())
        .unwrap();
    let result = network().take_parameters(&other);
    assert_refused(
        "parameters",
        result,
        &["no parameter of the same name and shape"],
    );
}

/// The model's file with something changed.
fn with_header(change: impl FnOnce(&mut Value)) -> Result<Trainer, Error> {
    let file = File::new(&[]);
    network().save(&file.path).unwrap();
    let mut forgery = Forgery::of(&std::fs::read(&file.path).unwrap());
    change(&mut forgery.header);
    load(&forgery.bytes())
}

#[test]
fn files_whose_graphs_cannot_be() {
    assert!(with_header(|_| {}).is_ok());
    // Values 0 and 1 are the inputs; 2 dense, 3 dense (2), 4 add, 5 dense_1.
    for (what, layer, inputs) in [
        ("itself", 2, json!([4, 3])),
        ("a later layer", 0, json!([5])),
        ("nobody", 2, json!([2, 1u64 << 40])),
        ("nothing", 3, json!([])),
    ] {
        let result = with_header(|header| header["layers"][layer]["inputs"] = inputs);
        let place = format!("layer {}", layer + 1);
        assert_refused(
            what,
            result,
            &["model.letra", &place, "does not come before"],
        );
    }
    for (what, outputs, part) in [
        ("an input", json!([0, 5]), "output 1 is an input"),
        ("nothing", json!([4, 6]), "does not exist"),
        ("a value twice", json!([5, 5]), "the same"),
        ("too few", json!([4]), "1 outputs"),
        ("too many", json!([4, 5, 3]), "3 outputs"),
    ] {
        let result = with_header(|header| header["outputs"] = outputs);
        assert_refused(what, result, &["model.letra", part]);
    }
    for (what, layer, owner) in [
        ("a later layer", 0, json!(1)),
        ("itself", 1, json!(1)),
        ("another kind", 2, json!(0)),
        ("another configuration", 3, json!(0)),
        ("a layer far away", 1, json!(1u64 << 60)),
    ] {
        let result = with_header(|header| header["layers"][layer]["shares"] = owner);
        assert_refused(what, result, &["shares"]);
    }
    let result = with_header(|header| header["layers"][0]["frozen"] = json!(true));
    assert_refused("half a frozen layer", result, &["shares"]);
    let result = with_header(|header| header["other_inputs"] = json!([]));
    assert_refused("an input less", result, &["model.letra"]);
    let result = with_header(|header| header["other_inputs"] = json!([[5]]));
    assert_refused("another input", result, &["[5, 3]"]);
    let result = with_header(|header| header["other_inputs"] = json!(vec![[4]; 10_000]));
    assert_refused("many inputs", result, &["inputs"]);
    let result = with_header(|header| header["other_outputs"] = json!([]));
    assert_refused("a loss less", result, &["2 outputs"]);
    let result = with_header(|header| header["other_outputs"][0]["weight"] = json!(-1.0));
    assert_refused("a weight", result, &["weight"]);
    let result = with_header(|header| header["other_outputs"][0]["loss"]["kind"] = json!("luck"));
    assert_refused("a loss", result, &["\"luck\""]);
}
