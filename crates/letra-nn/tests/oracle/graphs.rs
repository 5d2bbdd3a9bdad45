//! Twenty steps of a model with two inputs, two outputs and a shared layer, as Keras and
//! PyTorch take them.

use letra_nn::prelude::*;

use super::reading::{
    assert_close, assert_tensor, doubles, labels, list, numbers, single, tensor, whole,
};

#[test]
fn twenty_steps_of_a_model_with_two_inputs_and_two_outputs() {
    let run = numbers("graphs");
    let inputs: Vec<Tensor> = list(&run["inputs"]).iter().map(tensor).collect();
    let features = inputs[0].sample_values();
    let mut model = Model::new();
    let (left, right) = (model.input([features]), model.input([features]));
    let first = model.layer(Dense::new(whole(&run["code"])).tanh(), [left]);
    let second = model.again(first, [right]);
    let sum = model.layer(Add, [first, second]);
    let product = model.layer(Multiply, [first, second]);
    let both = model.layer(Concatenate, [sum, product, first]);
    let class = model.layer(Dense::new(whole(&run["classes"])), [both]);
    let distance = model.layer(Dense::new(1), [both]);
    let mut network = model
        .outputs([class, distance])
        .compile(
            Compile::new(Sgd::new(single(&run["rate"])))
                .next_output()
                .loss(MeanSquaredError)
                .loss_weight(single(&run["weight"]))
                .threads(2),
        )
        .unwrap();
    assert_eq!(network.summary().parameters, whole(&run["parameters"]));
    for (name, values) in run["start"].as_object().unwrap() {
        network.set_parameter(name, &tensor(values)).unwrap();
    }
    let classes = labels(&run["labels"]);
    let data = Dataset::classes(inputs[0].clone(), classes, whole(&run["classes"]))
        .and_then(|data| data.and_input(inputs[1].clone()))
        .and_then(|data| data.and_targets(Targets::Values(tensor(&run["distances"]))))
        .unwrap();
    let wanted = doubles(&run["losses"]);
    let parts = ["class_losses", "distance_losses"].map(|name| doubles(&run[name]));
    for (step, wanted) in wanted.iter().enumerate() {
        let scores = network.train_on_batch(&data).unwrap();
        let [class, distance] = ["dense_1_loss", "dense_2_loss"].map(|name| scores.metric(name));
        let found = [scores.loss, class.unwrap(), distance.unwrap()].map(|loss| loss as f32);
        let wanted = [*wanted, parts[0][step], parts[1][step]];
        assert_close(&format!("losses of step {step}"), &found, &wanted, 1e-5);
    }
    for (name, wanted) in run["final"].as_object().unwrap() {
        assert_tensor(name, &network.parameter(name).unwrap(), wanted, 1e-5);
    }
    let predicted = network.predict_all(&data).unwrap();
    assert_tensor("probabilities", &predicted[0], &run["probabilities"], 1e-5);
    assert_tensor(
        "distances",
        &predicted[1],
        &run["predicted_distances"],
        1e-5,
    );
}
