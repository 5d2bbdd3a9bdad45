//! Layers that join, order, rescale, group and attend, forward and backward as Keras computes them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_tensor, list, name, numbers, single, sizes, tensor, whole};

/// A layer with padding "same" where the case has it.
macro_rules! padded {
    ($layer:ident, $new:expr) => {
        match $layer["padding"] == "same" {
            true => $new.same(),
            false => $new,
        }
    };
}

fn add(model: &mut Model, layer: &Value, inputs: &[letra_nn::Value]) -> letra_nn::Value {
    let flag = |key: &str| layer[key].as_bool().unwrap();
    let size = |key: &str| whole(&layer[key]);
    match layer["kind"].as_str().unwrap() {
        "average" => model.layer(Average, inputs),
        "subtract" => model.layer(Subtract, inputs),
        "maximum" => model.layer(Maximum, inputs),
        "minimum" => model.layer(Minimum, inputs),
        "dot" => {
            let axes = list(&layer["axes"]);
            let axes = [0, 1].map(|which: usize| axes[which].as_i64().unwrap() as i32);
            model.layer(Dot::new(axes).normalize(flag("normalize")), inputs)
        }
        "permute" => model.layer(Permute::new(sizes(&layer["dims"])), inputs),
        "rescaling" => {
            let rescaling = Rescaling::new(single(&layer["scale"]));
            model.layer(rescaling.offset(single(&layer["offset"])), inputs)
        }
        "normalization" => {
            let adapted = Normalization::adapt(&tensor(&layer["data"])).unwrap();
            model.layer(adapted.invert(flag("invert")), inputs)
        }
        "group_normalization" => {
            let layer = GroupNormalization::new()
                .groups(size("groups"))
                .epsilon(single(&layer["epsilon"]))
                .scale(flag("scale"))
                .center(flag("center"));
            model.layer(layer, inputs)
        }
        "up_sampling1d" => model.layer(UpSampling1d::new(size("size")), inputs),
        "conv1d_transpose" => {
            let longer = Conv1dTranspose::new(size("filters"), size("kernel"));
            model.layer(padded!(layer, longer.stride(size("stride"))), inputs)
        }
        "separable_conv1d" => {
            let convolution = SeparableConv1d::new(size("filters"), size("kernel"))
                .depth_multiplier(size("depth_multiplier"))
                .stride(size("stride"))
                .dilation_rate(size("dilation_rate"));
            model.layer(padded!(layer, convolution), inputs)
        }
        "multi_head_attention" => {
            let attention = MultiHeadAttention::new(size("num_heads"), size("key_dim"))
                .value_dim(size("value_dim"))
                .use_bias(flag("use_bias"))
                .use_causal_mask(flag("use_causal_mask"));
            model.layer(attention, inputs)
        }
        kind => panic!("the test knows no {kind}"),
    }
}

#[test]
fn outputs_and_gradients() {
    let numbers = numbers("more_layers");
    for case in list(&numbers["cases"]) {
        let what = |part: &str| format!("{}, {part}", name(case));
        let inputs: Vec<Tensor> = list(&case["inputs"]).iter().map(tensor).collect();
        let mut model = Model::new();
        let values: Vec<_> = (inputs.iter())
            .map(|input| model.input(&input.shape()[1..]))
            .collect();
        let output = add(&mut model, &case["layer"], &values);
        let compile = Compile::new(Sgd::new(0.1)).loss(SumSquaredError).threads(1);
        let mut network = model.outputs([output]).compile(compile).unwrap();
        let kind = case["layer"]["kind"].as_str().unwrap();
        for (parameter, values) in case["parameters"].as_object().unwrap() {
            let name = format!("{kind}/{parameter}");
            network.set_parameter(&name, &tensor(values)).unwrap();
        }
        let upstream = tensor(&case["output_gradient"]);
        let data = Dataset::values(inputs[0].clone(), upstream.clone()).unwrap();
        let mut others = inputs[1..].iter().cloned();
        let data = others.try_fold(data, Dataset::and_input).unwrap();
        let predicted = network.predict(&data).unwrap();
        assert_tensor(&what("output"), &predicted, &case["output"], 1e-5);
        let (gradients, of_inputs) = network.backward(&data, &[upstream]).unwrap();
        let wanted = list(&case["input_gradients"]);
        assert_eq!(of_inputs.len(), wanted.len());
        for (found, wanted) in of_inputs.iter().zip(wanted) {
            // A feature that never varies is divided by 10⁻⁷, and so is its gradient.
            assert_tensor(&what("input gradient"), found, wanted, 1e-5);
        }
        for (parameter, wanted) in case["parameter_gradients"].as_object().unwrap() {
            let found = gradients.get(&format!("{kind}/{parameter}")).unwrap();
            assert_tensor(&what(parameter), &found, wanted, 1e-5);
        }
    }
}

#[test]
fn moments_are_those_of_keras() {
    let numbers = numbers("more_layers");
    let kind = |case: &&Value| case["layer"]["kind"] == "normalization";
    for case in list(&numbers["cases"]).iter().filter(kind) {
        let adapted = Normalization::adapt(&tensor(&case["layer"]["data"])).unwrap();
        let saved = letra_nn::layers::Layer::configuration(&adapted);
        for part in ["mean", "variance"] {
            let pairs = list(&saved[part]).iter().zip(list(&case["layer"][part]));
            for (found, wanted) in pairs {
                let (found, wanted) = (found.as_f64().unwrap(), wanted.as_f64().unwrap());
                assert!(
                    (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0),
                    "{part}"
                );
            }
        }
    }
}
