//! Masks, embeddings, layers over steps and padding as Keras has them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{
    assert_close, assert_tensor, labels, list, name, numbers, single, singles, tensor, whole,
};

/// The layers of a case, and what each of its parameters is called here.
fn layers(case: &Value, network: Sequential) -> (Sequential, fn(&str) -> String) {
    let dense = || Dense::new(3);
    let of = |network: Sequential, name: fn(&str) -> String| (network, name);
    match name(case) {
        "embedded_mean" => of(
            network
                .add(Embedding::new(5, 4).mask_zero(true))
                .add(dense().tanh())
                .add(GlobalAveragePool1d::new()),
            |name| match name {
                "embeddings" => "embedding/embeddings".into(),
                _ => format!("dense/{name}"),
            },
        ),
        "over_steps_dense" => of(network.add(TimeDistributed::new(dense().tanh())), |name| {
            format!("time_distributed/{name}")
        }),
        "over_steps_conv2d" => of(
            network.add(TimeDistributed::new(Conv2d::new(3, 2))),
            |name| format!("time_distributed/{name}"),
        ),
        "causal_1" => of(network.add(Conv1d::new(3, 3).causal()), |name| {
            format!("conv1d/{name}")
        }),
        "causal_2" => of(
            network.add(Conv1d::new(3, 3).causal().dilation_rate(2)),
            |name| format!("conv1d/{name}"),
        ),
        "repeated" => of(network.add(dense()).add(RepeatVector::new(4)), |name| {
            format!("dense/{name}")
        }),
        case => panic!("the test knows no {case}"),
    }
}

#[test]
fn outputs_and_gradients() {
    let numbers = numbers("sequences");
    for case in list(&numbers["cases"]) {
        let what = |part: &str| format!("{}, {part}", name(case));
        let input = tensor(&case["input"]);
        let (layers, own_name) = layers(case, Sequential::new(&input.shape()[1..]));
        let compile = Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .threads(2);
        let mut network = layers.compile(compile).unwrap();
        for (parameter, values) in case["parameters"].as_object().unwrap() {
            let name = own_name(parameter);
            network.set_parameter(&name, &tensor(values)).unwrap();
        }
        let predicted = network.predict(&input).unwrap();
        assert_tensor(&what("output"), &predicted, &case["output"], 1e-5);
        let upstream = tensor(&case["output_gradient"]);
        let (gradients, _) = network.backward(&input, &[upstream]).unwrap();
        for (parameter, wanted) in case["parameter_gradients"].as_object().unwrap() {
            let found = gradients.get(&own_name(parameter)).unwrap();
            assert_tensor(&what(parameter), &found, wanted, 1e-5);
        }
    }
}

#[test]
fn losses_and_metrics_under_a_mask() {
    let numbers = numbers("sequences");
    for case in list(&numbers["losses"]) {
        let what = |part: &str| format!("{}, {part}", name(case));
        let input = tensor(&case["input"]);
        let layers = Sequential::new(&input.shape()[1..])
            .add(Masking::new(single(&numbers["mask_value"])))
            .add(Dense::new(3));
        let compile = Compile::new(Sgd::new(0.1)).metric(Accuracy).threads(1);
        let mut network = layers.compile(compile).unwrap();
        for (parameter, values) in case["parameters"].as_object().unwrap() {
            let name = format!("dense/{parameter}");
            network.set_parameter(&name, &tensor(values)).unwrap();
        }
        let mut data = Dataset::classes(input, labels(&case["labels"]), 3).unwrap();
        let weights = singles(&case["weights"]);
        if !weights.is_empty() {
            data = data.with_sample_weights(weights).unwrap();
        }
        let scores = network.evaluate(&data).unwrap();
        let wanted = [&case["loss"], &case["accuracy"]].map(|value| value.as_f64().unwrap());
        let found = [scores.loss, scores.metric("accuracy").unwrap()].map(|value| value as f32);
        assert_close(&what("loss and accuracy"), &found, &wanted, 1e-5);
        let gradients = network.gradients(&data).unwrap();
        for (parameter, wanted) in case["parameter_gradients"].as_object().unwrap() {
            let found = gradients.get(&format!("dense/{parameter}")).unwrap();
            assert_tensor(&what(parameter), &found, wanted, 1e-5);
        }
    }
}

#[test]
fn padded_sequences() {
    let numbers = numbers("sequences");
    let sequences: Vec<Tensor> = list(&numbers["padded_sequences"])
        .iter()
        .map(|sequence| {
            let values = singles(sequence);
            Tensor::new([values.len()], values).unwrap()
        })
        .collect();
    for case in list(&numbers["padded"]) {
        let end = |key: &str| match case[key] == "pre" {
            true => End::Pre,
            false => End::Post,
        };
        let pad = Pad::new()
            .maxlen(whole(&case["maxlen"]))
            .value(single(&case["value"]))
            .padding(end("padding"))
            .truncating(end("truncating"));
        let found = pad.values(&sequences).unwrap();
        assert_tensor("padded", &found, &case["output"], 0.0);
    }
}
