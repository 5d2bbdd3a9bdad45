//! Recurrent layers as Keras and PyTorch have them, forward and backward, with every kind of padding.

use letra_nn::layers::{Merge, Recurrent};
use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_tensor, list, name, numbers, single, tensor};

fn function(value: &Value) -> Option<ActivationFunction> {
    Some(match value.as_str()? {
        "softplus" => ActivationFunction::Softplus,
        "tanh" => ActivationFunction::Tanh,
        other => panic!("the test knows no {other}"),
    })
}

fn layer(case: &Value) -> Recurrent {
    let settings = &case["settings"];
    let is = |setting: &str| settings[setting].as_bool();
    macro_rules! with_settings {
        ($layer:expr) => {
            $layer
                .activation(function(&settings["activation"]).unwrap_or(ActivationFunction::Tanh))
                .use_bias(is("use_bias") != Some(false))
                .return_sequences(is("return_sequences") == Some(true))
                .return_state(is("return_state") == Some(true))
                .go_backwards(is("go_backwards") == Some(true))
                .zero_output_for_mask(is("zero_output_for_mask") == Some(true))
                .into()
        };
    }
    let gates = function(&settings["recurrent_activation"]).unwrap_or(ActivationFunction::Sigmoid);
    match case["kind"].as_str().unwrap() {
        "lstm" => with_settings!(Lstm::new(3).recurrent_activation(gates)),
        "gru" => {
            let layer = Gru::new(3).recurrent_activation(gates);
            with_settings!(layer.reset_after(is("reset_after") != Some(false)))
        }
        _ => with_settings!(SimpleRnn::new(3)),
    }
}

fn merge(value: &Value) -> Option<Merge> {
    Some(match value.as_str()? {
        "concatenate" => Merge::Concatenate,
        "sum" => Merge::Sum,
        "average" => Merge::Average,
        "multiply" => Merge::Multiply,
        _ => Merge::Apart,
    })
}

fn network(case: &Value, inputs: &[Tensor], mask_value: f32) -> Trainer {
    let mut model = Model::new();
    let shapes = inputs.iter().map(|input| &input.shape()[1..]);
    let mut values: Vec<_> = shapes.map(|shape| model.input(shape)).collect();
    if case["masked"] == true {
        values[0] = model.layer(Masking::new(mask_value), [values[0]]);
    }
    let given = match (merge(&case["merge"]), layer(case)) {
        (Some(merge), layer) => model.layer(
            Bidirectional::new(layer).merge_mode(merge).named("own"),
            values,
        ),
        (None, Recurrent::Lstm(layer)) => model.layer(layer.named("own"), values),
        (None, Recurrent::Gru(layer)) => model.layer(layer.named("own"), values),
        (None, Recurrent::SimpleRnn(layer)) => model.layer(layer.named("own"), values),
    };
    let outputs = model.outputs_of(given);
    let mut compile = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
    for _ in 1..outputs.len() {
        compile = compile.next_output().loss(MeanSquaredError);
    }
    model.outputs(outputs).compile(compile.threads(2)).unwrap()
}

#[test]
fn outputs_and_gradients() {
    let numbers = numbers("recurrent");
    for case in list(&numbers["cases"]) {
        let inputs: Vec<Tensor> = list(&case["inputs"]).iter().map(tensor).collect();
        let mut network = network(case, &inputs, single(&numbers["mask_value"]));
        for (parameter, values) in case["parameters"].as_object().unwrap() {
            let name = format!("own/{parameter}");
            network.set_parameter(&name, &tensor(values)).unwrap();
        }
        let mut data = Dataset::values(inputs[0].clone(), Tensor::zeros([3, 1])).unwrap();
        for input in &inputs[1..] {
            data = data.and_input(input.clone()).unwrap();
        }
        let what = |part: &str, number: usize| format!("{}: {part} {number}", name(case));
        let outputs = network.predict_all(&data).unwrap();
        let wanted = list(&case["outputs"]);
        assert_eq!(outputs.len(), wanted.len(), "{}", name(case));
        for (number, (output, wanted)) in outputs.iter().zip(wanted).enumerate() {
            assert_tensor(&what("output", number), output, wanted, 1e-5);
        }
        let upstream: Vec<Tensor> = list(&case["output_gradients"]).iter().map(tensor).collect();
        let (gradients, of_inputs) = network.backward(&data, &upstream).unwrap();
        let wanted = list(&case["input_gradients"]);
        for (number, (gradient, wanted)) in of_inputs.iter().zip(wanted).enumerate() {
            assert_tensor(&what("gradient of input", number), gradient, wanted, 1e-5);
        }
        for (parameter, wanted) in case["parameter_gradients"].as_object().unwrap() {
            let found = gradients.get(&format!("own/{parameter}")).unwrap();
            assert_tensor(&what(parameter, 0), &found, wanted, 1e-5);
        }
    }
}
