//! letra's single precision against the twins' double precision.

use letra_nn::prelude::*;

use crate::noise::Noise;
use crate::twins::{Stack, Twin};

const TOLERANCE: f64 = 1e-5;

/// Fails unless the values agree to a hundred-thousandth of the largest of them, or of 1.
pub(crate) fn assert_alike(what: &str, found: &[f32], wanted: &[f64]) {
    assert_eq!(
        found.len(),
        wanted.len(),
        "{what}: another number of values"
    );
    let scale = wanted
        .iter()
        .fold(1.0f64, |most, value| most.max(value.abs()));
    for (place, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        assert!(
            (f64::from(found) - wanted).abs() <= TOLERANCE * scale,
            "{what}, place {place}: {found} where the twin has {wanted}"
        );
    }
}

pub(crate) fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// What the twin computes for a batch under the sum of squared errors.
struct Wanted {
    outputs: Vec<f64>,
    input_gradient: Vec<f64>,
    parameter_gradients: Vec<Vec<f64>>,
}

fn wanted(
    twin: &Stack,
    rows: &[Vec<f64>],
    targets: &[Vec<f64>],
    parameters: &[Vec<f64>],
) -> Wanted {
    let lengths = twin.parameters();
    let mut wanted = Wanted {
        outputs: Vec::new(),
        input_gradient: Vec::new(),
        parameter_gradients: lengths.iter().map(|&length| vec![0.0; length]).collect(),
    };
    for (row, target) in rows.iter().zip(targets) {
        let output = twin.forward(row, parameters);
        let upstream: Vec<f64> = output
            .iter()
            .zip(target)
            .map(|(y, t)| 2.0 * (y - t))
            .collect();
        let gradients = twin.backward(row, parameters, &upstream);
        wanted.outputs.extend(output);
        wanted.input_gradient.extend(gradients.input);
        for (sum, gradient) in wanted
            .parameter_gradients
            .iter_mut()
            .zip(gradients.parameters)
        {
            for (sum, value) in sum.iter_mut().zip(gradient) {
                *sum += value;
            }
        }
    }
    wanted
}

/// Holds a network against its twin on a random batch: predictions, the outputs and
/// gradients that `back_propagate` shows, and the step that training takes. `network`
/// begins with an identity, whose gradient is that of the input.
pub(crate) fn compare(
    what: &str,
    network: Sequential,
    twin: &Stack,
    samples: usize,
    noise: &mut Noise,
) {
    // At rate 1/2 and with the factor 2 of the squared error, a step subtracts a number
    // of the gradient's own size.
    let compile = Compile::new(Sgd::new(0.5)).loss(SumSquaredError).threads(2);
    let mut network = network.compile(compile).unwrap();
    let inputs: usize = network.input_shape().iter().product();
    let outputs: usize = network.output_shape().iter().product();
    let rows: Vec<_> = (0..samples).map(|_| noise.coarse(inputs)).collect();
    let targets: Vec<_> = (0..samples).map(|_| noise.coarse(outputs)).collect();
    let lengths = twin.parameters();
    let parameters: Vec<_> = lengths.iter().map(|&length| noise.coarse(length)).collect();

    let names: Vec<(String, Vec<usize>)> = network
        .parameters()
        .map(|parameter| (parameter.name.to_owned(), parameter.shape.to_vec()))
        .collect();
    assert_eq!(
        names.len(),
        parameters.len(),
        "{what}: another number of parameters"
    );
    for ((name, shape), values) in names.iter().zip(&parameters) {
        let values = Tensor::new(shape.clone(), singles(values)).unwrap();
        network.set_parameter(name, &values).unwrap();
    }
    let batch = batch(&network, &rows, &targets);
    let wanted = wanted(twin, &rows, &targets, &parameters);

    let predicted = network.predict(&batch.inputs).unwrap();
    assert_alike(
        &format!("{what}: predictions"),
        predicted.data(),
        &wanted.outputs,
    );
    let seen = network.back_propagate(&batch).unwrap();
    let (_, output) = &seen.outputs[seen.outputs.len() - 1];
    assert_alike(&format!("{what}: outputs"), output.data(), &wanted.outputs);
    let (_, gradient) = &seen.pre_activation_gradients[0];
    assert_alike(
        &format!("{what}: input"),
        gradient.data(),
        &wanted.input_gradient,
    );
    for ((name, gradient), wanted) in seen.gradients.iter().zip(&wanted.parameter_gradients) {
        assert_alike(&format!("{what}: {name}"), gradient.data(), wanted);
    }

    network.train_on_batch(&batch).unwrap();
    for (index, (name, _)) in names.iter().enumerate() {
        let gradient = wanted.parameter_gradients[index].iter();
        let moved = parameters[index]
            .iter()
            .zip(gradient)
            .map(|(w, g)| w - 0.5 * g);
        let found = network.parameter(name).unwrap();
        let what = format!("{what}: {name} after a step");
        assert_alike(&what, found.data(), &moved.collect::<Vec<_>>());
    }
}

fn batch(network: &Network, rows: &[Vec<f64>], targets: &[Vec<f64>]) -> Dataset {
    let tensor = |sample: &[usize], rows: &[Vec<f64>]| {
        let mut shape = vec![rows.len()];
        shape.extend(sample);
        Tensor::new(shape, singles(&rows.concat())).unwrap()
    };
    let inputs = tensor(network.input_shape(), rows);
    Dataset::values(inputs, tensor(network.output_shape(), targets)).unwrap()
}
