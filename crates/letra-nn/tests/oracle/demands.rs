//! Penalties and limits on the parameters of normalisations and attention, and penalties on what they
//! give, as Keras counts them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_close, assert_tensor, list, name, numbers, single, tensor, whole};

/// All that the numbers ask for of a part, such as "gamma".
fn demands(numbers: &Value, part: &str) -> (Regularizer, Constraint) {
    let limit = Constraint::max_norm(single(&numbers["limits"][part]));
    (penalty(numbers, part), limit)
}

fn penalty(numbers: &Value, part: &str) -> Regularizer {
    let factors = &numbers["penalties"][part];
    Regularizer::l1_l2(single(&factors[0]), single(&factors[1]))
}

/// A model of one layer that is asked for all penalties and limits, and of what may be fused with it.
fn network(numbers: &Value, case: &Value, rectified: bool) -> Trainer {
    let (gamma, beta) = (demands(numbers, "gamma"), demands(numbers, "beta"));
    let (kernel, bias) = (demands(numbers, "kernel"), demands(numbers, "bias"));
    let activity = penalty(numbers, "activity");
    let mut model = Model::new();
    let inputs = list(&case["inputs"]).iter().map(tensor);
    let inputs: Vec<_> = inputs.map(|x| model.input(&x.shape()[1..])).collect();
    macro_rules! normalisation {
        ($layer:expr) => {
            $layer
                .gamma_regularizer(gamma.0)
                .gamma_constraint(gamma.1)
                .beta_regularizer(beta.0)
                .beta_constraint(beta.1)
                .activity_regularizer(activity)
        };
    }
    let layer = &case["layer"];
    let mut last = match layer["kind"].as_str().unwrap() {
        "batch_normalization" => model.layer(normalisation!(BatchNormalization::new()), inputs),
        "layer_normalization" => model.layer(normalisation!(LayerNormalization::new()), inputs),
        "group_normalization" => {
            model.layer(normalisation!(GroupNormalization::new().groups(2)), inputs)
        }
        _ => {
            let attention =
                MultiHeadAttention::new(whole(&layer["num_heads"]), whole(&layer["key_dim"]))
                    .value_dim(whole(&layer["value_dim"]))
                    .kernel_regularizer(kernel.0)
                    .kernel_constraint(kernel.1)
                    .bias_regularizer(bias.0)
                    .bias_constraint(bias.1)
                    .activity_regularizer(activity);
            model.layer(attention, inputs)
        }
    };
    if rectified {
        last = model.layer(Activation::relu(), [last]);
    }
    let compile = Compile::new(Sgd::new(0.0)).loss(MeanSquaredError);
    let network = model.outputs([last]).compile(compile).unwrap();
    let kind = layer["kind"].as_str().unwrap();
    for (parameter, values) in case["parameters"].as_object().unwrap() {
        let name = format!("{kind}/{parameter}");
        network.set_parameter(&name, &tensor(values)).unwrap();
    }
    network
}

#[test]
fn the_loss_holds_the_penalties_and_a_step_brings_the_parameters_to_their_limits() {
    let numbers = numbers("demands");
    for case in list(&numbers["cases"]) {
        for rectified in [false, true] {
            let mut network = network(&numbers, case, rectified);
            let inputs: Vec<Tensor> = list(&case["inputs"]).iter().map(tensor).collect();
            let predicted = match &inputs[..] {
                [one] => network.predict(one).unwrap(),
                [one, other] => network.predict(&[one.clone(), other.clone()]).unwrap(),
                _ => unreachable!("one or two"),
            };
            // There is nothing in the loss but the penalties.
            let mut data = Dataset::values(inputs[0].clone(), predicted).unwrap();
            for other in &inputs[1..] {
                data = data.and_input(other.clone()).unwrap();
            }
            let loss = network.evaluate(&data).unwrap().loss as f32;
            let wanted = case["loss"].as_f64().unwrap();
            assert_close(name(case), &[loss], &[wanted], 1e-5);

            network.train_on_batch(&data).unwrap();
            let kind = case["layer"]["kind"].as_str().unwrap();
            for (parameter, wanted) in case["limited"].as_object().unwrap() {
                let what = format!("{}: {parameter}", name(case));
                let found = network.parameter(&format!("{kind}/{parameter}")).unwrap();
                assert_tensor(&what, &found, wanted, 1e-6);
            }
        }
    }
}
