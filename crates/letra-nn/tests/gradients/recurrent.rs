//! Recurrent layers: over sequences with and without padding, in every direction, with states given
//! and asked for, and with dropout.

use letra_nn::ops::{Backward, Forward, Op};
use letra_nn::prelude::*;
use letra_nn::{BuildError, layers};

use crate::comparison::{assert_alike, batch, set_parameters, singles};
use crate::dropped::{compare_step, compiled, draw};
use crate::layers::behind_identity;
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Cell, Recurred, Stack, Twin};

pub(crate) const CELLS: [Cell; 4] = [
    Cell::Lstm,
    Cell::Gru { reset_after: true },
    Cell::Gru { reset_after: false },
    Cell::SimpleRnn,
];

/// What a step that is padding consists of: no number that is drawn.
pub(crate) const PADDING: f32 = -2.0;

/// A layer with Keras's defaults.
pub(crate) fn usual(cell: Cell, [steps, features, units]: [usize; 3]) -> Recurred {
    Recurred {
        cell,
        steps,
        features,
        units,
        bias: true,
        activation: ActivationFunction::Tanh,
        recurrent_activation: ActivationFunction::Sigmoid,
        return_sequences: false,
        return_state: false,
        go_backwards: false,
        in_order: false,
        zero_output_for_mask: false,
        initial_state: false,
        mask: vec![true; steps],
        dropout: [vec![1.0; features], vec![1.0; units]],
    }
}

/// The layer that a twin stands for.
pub(crate) fn layer(twin: &Recurred) -> layers::Recurrent {
    macro_rules! with_settings {
        ($layer:expr) => {
            $layer
                .activation(twin.activation)
                .use_bias(twin.bias)
                .return_sequences(twin.return_sequences)
                .return_state(twin.return_state)
                .go_backwards(twin.go_backwards)
                .zero_output_for_mask(twin.zero_output_for_mask)
                .into()
        };
    }
    let gates = twin.recurrent_activation;
    match twin.cell {
        Cell::Lstm => with_settings!(Lstm::new(twin.units).recurrent_activation(gates)),
        Cell::Gru { reset_after } => {
            let layer = Gru::new(twin.units).recurrent_activation(gates);
            with_settings!(layer.reset_after(reset_after))
        }
        Cell::SimpleRnn => with_settings!(SimpleRnn::new(twin.units)),
    }
}

pub(crate) fn add(
    model: &mut Model,
    layer: layers::Recurrent,
    inputs: &[layers::Value],
) -> layers::Value {
    match layer {
        layers::Recurrent::Lstm(layer) => model.layer(layer, inputs),
        layers::Recurrent::Gru(layer) => model.layer(layer, inputs),
        layers::Recurrent::SimpleRnn(layer) => model.layer(layer, inputs),
    }
}

/// Some values of a flat input, under a shape.
#[derive(Debug, Clone)]
struct Part {
    first: usize,
    shape: Vec<usize>,
}

impl Part {
    fn length(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Op for Part {
    fn output_shapes(&self, _: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        Ok(vec![self.shape.clone().into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let inputs = pass.inputs[0].chunks(pass.inputs[0].len() / pass.samples);
        for (output, input) in pass.outputs[0].chunks_mut(self.length()).zip(inputs) {
            output.copy_from_slice(&input[self.first..][..self.length()]);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(gradient) = &mut pass.input_gradients[0] {
            gradient.fill(0.0);
            let inputs = gradient.chunks_mut(pass.inputs[0].len() / pass.samples);
            for (input, output) in inputs.zip(pass.output_gradients[0].chunks(self.length())) {
                input[self.first..][..self.length()].copy_from_slice(output);
            }
        }
    }
}

fn part(first: usize, shape: &[usize]) -> Lambda {
    let shape = shape.to_vec();
    Lambda::new(move |inputs, emit| {
        let part = Part {
            first,
            shape: shape.clone(),
        };
        Ok(vec![emit.op(part, inputs, &[])?])
    })
}

/// A network around a layer of so many states, from a flat input, the sequence and the states it takes, to
/// a flat output, all that `layer`
/// gives. The first of its layers is an identity.
pub(crate) fn flat_network(
    twin: &Recurred,
    states: usize,
    masked: bool,
    layer: impl FnOnce(&mut Model, &[layers::Value]) -> layers::Value,
) -> Model {
    let Recurred {
        steps,
        features,
        units,
        ..
    } = *twin;
    let taken = if twin.initial_state { states } else { 0 };
    let given = if twin.return_state { states } else { 0 };
    let mut model = Model::new();
    let input = model.input([steps * features + taken * units]);
    let all = model.layer(Activation::linear(), [input]);
    let mut sequence = model.layer(part(0, &[steps, features]), [all]);
    if masked {
        sequence = model.layer(Masking::new(PADDING), [sequence]);
    }
    let mut inputs = vec![sequence];
    for state in 0..taken {
        let first = steps * features + state * units;
        inputs.push(model.layer(part(first, &[units]), [all]));
    }
    let first = layer(&mut model, &inputs);
    let mut outputs = model.outputs_of(first);
    if twin.return_sequences {
        // Of two that go apart, both are sequences.
        let sequences = outputs.len() - given;
        for output in &mut outputs[..sequences] {
            let open = model.layer(Unmask, [*output]);
            *output = model.layer(Flatten, [open]);
        }
    }
    let output = match outputs[..] {
        [output] => output,
        _ => model.layer(Concatenate, outputs),
    };
    model.outputs([output])
}

fn network(twin: &Recurred, masked: bool) -> Model {
    flat_network(twin, twin.cell.states(), masked, |model, inputs| {
        add(model, layer(twin), inputs)
    })
}

/// A mask of each kind there is: no padding, at the end, at the beginning, anywhere, nothing else.
pub(crate) fn random_mask(steps: usize, noise: &mut Noise) -> Vec<bool> {
    let edge = noise.between(0, steps);
    match noise.between(0, 5) {
        0 => vec![true; steps],
        1 => (0..steps).map(|step| step < edge).collect(),
        2 => (0..steps).map(|step| step >= edge).collect(),
        3 => vec![false; steps],
        _ => (0..steps).map(|_| noise.between(0, 1) == 0).collect(),
    }
}

/// A sample's sequence, with its padding, and its states.
pub(crate) fn random_row(twin: &Recurred, states: usize, noise: &mut Noise) -> Vec<f64> {
    let mut row = draw(&[twin.steps * twin.features], noise).concat();
    for (step, values) in row.chunks_mut(twin.features).enumerate() {
        if !twin.mask[step] {
            values.fill(f64::from(PADDING));
        }
    }
    if twin.initial_state {
        row.extend(draw(&[states * twin.units], noise).concat());
    }
    row
}

/// Parameters of such a size that states neither explode nor vanish.
pub(crate) fn random_parameters(
    twin: &dyn Twin,
    [features, units]: [usize; 2],
    noise: &mut Noise,
) -> Vec<Vec<f64>> {
    let lengths = twin.parameters();
    // With or without a bias.
    let parts = if lengths.len().is_multiple_of(3) {
        3
    } else {
        2
    };
    let mut parameters = draw(&lengths, noise);
    for (number, values) in parameters.iter_mut().enumerate() {
        let scale = match number % parts {
            0 => 1.0 / (features as f64).sqrt(),
            1 => 1.0 / (units as f64).sqrt(),
            _ => 1.0,
        };
        for value in values {
            *value = f64::from((*value * scale) as f32);
        }
    }
    parameters
}

pub(crate) fn predictions(
    what: &str,
    network: Trainer,
    twins: &[Stack],
    rows: &[Vec<f64>],
    parameters: &[Vec<f64>],
) {
    let mut network = network;
    set_parameters(&mut network, parameters);
    let inputs: Vec<f32> = singles(&rows.concat());
    let shape = [&[rows.len()], network.input_shape()].concat();
    let predicted = network
        .predict(&Tensor::new(shape, inputs).unwrap())
        .unwrap();
    let wanted = twins.iter().zip(rows);
    let wanted: Vec<f64> = wanted
        .flat_map(|(twin, row)| twin.forward(row, parameters))
        .collect();
    assert_alike(
        &format!("{what}: predictions"),
        predicted.data(),
        &wanted,
        1.0,
    );
}

/// Holds a layer against its twin over some samples, each with padding of its own where there is any.
fn check(twin: &Recurred, masked: bool, samples: usize, noise: &mut Noise) {
    let what = format!("{twin:?}, {samples} samples, masked {masked}");
    let mut twins = Vec::new();
    let mut rows = Vec::new();
    for _ in 0..samples {
        let mut own = twin.clone();
        if masked {
            own.mask = random_mask(own.steps, noise);
        }
        rows.push(random_row(&own, own.cell.states(), noise));
        if own.steps * own.features * own.units * own.cell.gates() < 200 {
            prove(&what, &own, rows[0].len(), noise);
        }
        twins.push(Stack::default().then(own));
    }
    let parameters = random_parameters(twin, [twin.features, twin.units], noise);
    predictions(
        &what,
        compiled(network(twin, masked), 2),
        &twins,
        &rows,
        &parameters,
    );
    compare_step(
        &what,
        network(twin, masked),
        &twins,
        &rows,
        &parameters,
        noise,
    );
}

fn random(cell: Cell, noise: &mut Noise) -> Recurred {
    let sizes = [
        noise.between(1, 9),
        noise.between(1, 9),
        noise.one_of(&[1, 2, 3, 5, 16, 17, 33]),
    ];
    let mut yes = || noise.between(0, 1) == 1;
    Recurred {
        bias: yes() || yes(),
        return_sequences: yes(),
        return_state: yes(),
        go_backwards: yes(),
        zero_output_for_mask: yes(),
        initial_state: yes(),
        ..usual(cell, sizes)
    }
}

#[test]
fn of_every_kind() {
    let mut noise = Noise::new(201);
    for cell in CELLS {
        for round in 0..24 {
            let (twin, samples) = (random(cell, &mut noise), noise.between(1, 13));
            check(&twin, round % 2 == 1, samples, &mut noise);
        }
    }
}

#[test]
fn with_functions_of_ones_own() {
    let mut noise = Noise::new(202);
    use ActivationFunction::{Elu, LeakyRelu, Linear, Relu, Selu, Sigmoid, Softplus, Tanh};
    for cell in CELLS {
        for function in [Elu, LeakyRelu, Linear, Relu, Selu, Sigmoid, Softplus, Tanh] {
            let mut twin = random(cell, &mut noise);
            (twin.activation, twin.units) = (function, noise.between(1, 5));
            twin.dropout[1].resize(twin.units, 1.0);
            twin.recurrent_activation = noise.one_of(&[Sigmoid, Tanh, Linear]);
            check(&twin, false, 3, &mut noise);
        }
    }
}

/// Sizes that no vector, panel or shard divides, or that are as small as can be.
#[test]
fn of_awkward_sizes() {
    let mut noise = Noise::new(203);
    for cell in CELLS {
        for (sizes, samples) in [
            ([1, 1, 1], 1),
            ([1, 3, 17], 2),
            ([7, 1, 1], 13),
            ([3, 28, 100], 7),
            ([4, 65, 64], 5),
            ([2, 2, 129], 12),
        ] {
            for return_sequences in [false, true] {
                let twin = Recurred {
                    return_sequences,
                    ..usual(cell, sizes)
                };
                check(&twin, false, samples, &mut noise);
                check(&twin, true, samples, &mut noise);
            }
        }
    }
}

/// Back through fifty steps, also where they are more than a prediction takes at a time.
#[test]
fn through_many_steps() {
    let mut noise = Noise::new(204);
    for cell in CELLS {
        let twin = usual(cell, [50, 1, 2]);
        check(&twin, false, 3, &mut noise);
        prove(&format!("{twin:?}"), &twin, 50, &mut noise);
        let twin = Recurred {
            initial_state: true,
            return_state: true,
            return_sequences: true,
            ..usual(cell, [150, 2, 5])
        };
        check(&twin, false, 3, &mut noise);
        check(&twin, true, 6, &mut noise);
        let twin = Recurred {
            go_backwards: true,
            ..twin
        };
        check(&twin, true, 6, &mut noise);
        let twin = Recurred {
            return_sequences: false,
            ..twin
        };
        check(&twin, true, 6, &mut noise);
    }
}

/// What each sample's features and state are multiplied by in the first step of training: read from
/// gradients of a layer whose draws are the same. Of all samples only the one looked at has an input
/// and an error.
fn drawn_dropout(twin: &Recurred, rates: [f32; 2], samples: usize) -> Vec<[Vec<f64>; 2]> {
    let [steps, features, units] = [twin.steps, twin.features, twin.units];
    let layer = SimpleRnn::new(units)
        .activation(ActivationFunction::Linear)
        .dropout(rates[0])
        .recurrent_dropout(rates[1]);
    let mut network = compiled(behind_identity([steps, features]).add(layer), 1);
    let parameters = [
        vec![1.0; features * units],
        vec![0.0; units * units],
        vec![1.0; units],
    ];
    set_parameters(&mut network, &parameters);
    let look = |sample: usize| {
        let row = |of: usize, [value, other]: [f64; 2], length: usize| {
            vec![if of == sample { value } else { other }; length]
        };
        let rows: Vec<_> = (0..samples)
            .map(|of| row(of, [1.0, 0.0], steps * features))
            .collect();
        let targets: Vec<_> = (0..samples).map(|of| row(of, [1e6, 1.0], units)).collect();
        let seen = network
            .back_propagate(&batch(&network, &rows, &targets))
            .unwrap();
        let of_input = seen.pre_activation_gradients[0].1.data();
        let last = &of_input[((sample + 1) * steps - 1) * features..][..features];
        let of_kernel = seen.gradients[1].1.data().chunks(units);
        let states: Vec<f32> = of_kernel.map(|row| row[0]).collect();
        let kept = |gradients: &[f32], rate: f32| {
            let factor = 1.0 / (1.0 - f64::from(rate));
            let of = |gradient: &f32| if *gradient == 0.0 { 0.0 } else { factor };
            gradients.iter().map(of).collect()
        };
        [kept(last, rates[0]), kept(&states, rates[1])]
    };
    (0..samples).map(look).collect()
}

/// The same features and values of the state are missing in every step of a sequence; a prediction has
/// them all.
#[test]
fn dropout() {
    let mut noise = Noise::new(205);
    for cell in CELLS {
        for rates in [[0.0, 0.5], [0.3, 0.0], [0.4, 0.25]] {
            let samples = noise.between(1, 40);
            let sizes = [
                noise.between(2, 6),
                noise.between(1, 7),
                noise.between(1, 20),
            ];
            let twin = Recurred {
                return_sequences: true,
                ..usual(cell, sizes)
            };
            let what = format!("{twin:?}, {rates:?} dropped, {samples} samples");
            let add_to = |network: Sequential| match layer(&twin) {
                layers::Recurrent::Lstm(layer) => {
                    network.add(layer.dropout(rates[0]).recurrent_dropout(rates[1]))
                }
                layers::Recurrent::Gru(layer) => {
                    network.add(layer.dropout(rates[0]).recurrent_dropout(rates[1]))
                }
                layers::Recurrent::SimpleRnn(layer) => {
                    network.add(layer.dropout(rates[0]).recurrent_dropout(rates[1]))
                }
            };
            let network = || add_to(behind_identity([sizes[0], sizes[1]]));
            let drawn = drawn_dropout(&twin, rates, samples);
            let factors = drawn.iter().flatten().flatten();
            if samples > 5 {
                let missing = factors.filter(|factor| **factor == 0.0).count();
                assert!(missing > 0, "{what}: nothing was dropped");
            }
            let twins: Vec<Stack> = drawn
                .into_iter()
                .map(|dropout| {
                    let twin = Recurred {
                        dropout,
                        ..twin.clone()
                    };
                    if twin.steps * twin.features * twin.units < 30 {
                        prove(&what, &twin, twin.steps * twin.features, &mut noise);
                    }
                    Stack::default().then(twin)
                })
                .collect();
            let rows: Vec<_> = (0..samples)
                .map(|_| random_row(&twin, 0, &mut noise))
                .collect();
            let parameters = random_parameters(&twin, [twin.features, twin.units], &mut noise);
            compare_step(&what, network(), &twins, &rows, &parameters, &mut noise);
            let whole: Vec<Stack> = rows
                .iter()
                .map(|_| Stack::default().then(twin.clone()))
                .collect();
            predictions(&what, compiled(network(), 2), &whole, &rows, &parameters);
        }
    }
}
