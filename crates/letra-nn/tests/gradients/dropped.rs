//! Layers that draw masks, beside twins that are given the masks.

use letra_nn::prelude::*;

use crate::comparison::{HAIR, Layers, assert_alike, batch, set_parameters};
use crate::layers::{FUNCTIONS, behind_identity};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Activated, Adaptive, Masked, Multiplied, Stack, Thinned, Twin};

const SEED: u64 = 11;

pub(crate) fn compiled(network: impl Layers, threads: usize) -> Trainer {
    let compile = Compile::new(Sgd::new(0.5)).loss(SumSquaredError);
    network.compiled(compile.seed(SEED).threads(threads))
}

/// Numbers that single precision holds, a list for each length.
pub(crate) fn draw(lengths: &[usize], noise: &mut Noise) -> Vec<Vec<f64>> {
    let single = |values: Vec<f64>| values.into_iter().map(|v| f64::from(v as f32)).collect();
    lengths
        .iter()
        .map(|&length| single(noise.fine(length)))
        .collect()
}

/// Holds the next training step of a network, which begins with an identity, against a twin
/// for each sample: outputs, gradients, and parameters afterwards.
pub(crate) fn compare_step(
    what: &str,
    network: impl Layers,
    twins: &[Stack],
    rows: &[Vec<f64>],
    parameters: &[Vec<f64>],
    noise: &mut Noise,
) {
    let mut network = compiled(network, 2);
    let outputs = network.output_shape().iter().product();
    let targets = draw(&vec![outputs; rows.len()], noise);
    set_parameters(&mut network, parameters);
    let batch = batch(&network, rows, &targets);
    let mut wanted_outputs = Vec::new();
    let mut wanted_input = Vec::new();
    let mut wanted: Vec<Vec<f64>> = parameters.iter().map(|p| vec![0.0; p.len()]).collect();
    let mut largest = 1.0f64;
    for ((twin, row), target) in twins.iter().zip(rows).zip(&targets) {
        let output = twin.forward(row, parameters);
        largest = largest.max(twin.margin_and_largest(row, parameters)[1]);
        let both = output.iter().zip(target);
        let upstream: Vec<f64> = both.map(|(y, t)| 2.0 * (y - t)).collect();
        let gradients = twin.backward(row, parameters, &upstream);
        wanted_outputs.extend(output);
        wanted_input.extend(gradients.input);
        for (sum, gradient) in wanted.iter_mut().zip(gradients.parameters) {
            sum.iter_mut()
                .zip(gradient)
                .for_each(|(sum, value)| *sum += value);
        }
    }
    let alike = |part: &str, found: &[f32], wanted: &[f64]| {
        assert_alike(&format!("{what}: {part}"), found, wanted, largest);
    };
    let seen = network.back_propagate(&batch).unwrap();
    alike(
        "outputs",
        seen.outputs[seen.outputs.len() - 1].1.data(),
        &wanted_outputs,
    );
    alike(
        "input",
        seen.pre_activation_gradients[0].1.data(),
        &wanted_input,
    );
    for ((name, gradient), wanted) in seen.gradients.iter().zip(&wanted) {
        alike(name, gradient.data(), wanted);
    }
    network.train_on_batch(&batch).unwrap();
    for (index, parameter) in network.parameters().enumerate() {
        let moved = parameters[index].iter().zip(&wanted[index]);
        let moved: Vec<f64> = moved.map(|(w, g)| w - 0.5 * g).collect();
        alike(
            &format!("{} after a step", parameter.name),
            &parameter.values,
            &moved,
        );
    }
}

/// The masks that the first step draws, read from gradients: of all samples only the one looked
/// at has an input and an error, so that a weight has a gradient where it is kept.
fn masks(inputs: usize, units: usize, rate: f32, samples: usize) -> Vec<Thinned> {
    let mut network = compiled(
        behind_identity([inputs]).add(DropConnect::new(units, rate)),
        1,
    );
    let weights = vec![1.0; inputs * units];
    set_parameters(&mut network, &[weights, vec![0.0; units]]);
    let look = |sample: usize| {
        let row = |of: usize, value: f64, length: usize| {
            vec![if of == sample { value } else { 0.0 }; length]
        };
        let rows: Vec<_> = (0..samples).map(|of| row(of, 1.0, inputs)).collect();
        let targets: Vec<_> = (0..samples).map(|of| row(of, 1e6, units)).collect();
        let seen = network
            .back_propagate(&batch(&network, &rows, &targets))
            .unwrap();
        let kept = |index: usize| {
            let gradient: &Tensor = &seen.gradients[index].1;
            gradient.data().iter().map(|&g| g != 0.0).collect()
        };
        Thinned {
            inputs,
            units,
            bias: true,
            weights: kept(0),
            biases: kept(1),
        }
    };
    (0..samples).map(look).collect()
}

fn check_drop_connect(
    [inputs, units, samples]: [usize; 3],
    rate: f32,
    bias: bool,
    noise: &mut Noise,
) {
    let masks = masks(inputs, units, rate, samples);
    for function in FUNCTIONS {
        let what = format!(
            "drop_connect {inputs} → {units} {function:?}, rate {rate}, bias {bias}, {samples} samples"
        );
        let twins: Vec<Stack> = masks
            .iter()
            .map(|mask| {
                let activated = Activated {
                    function,
                    channels: units,
                };
                let thinned = Thinned {
                    bias,
                    ..mask.clone()
                };
                Stack::default().then(thinned).then(activated)
            })
            .collect();
        let (rows, parameters) = loop {
            let rows = draw(&vec![inputs; samples], noise);
            let parameters = draw(&twins[0].parameters(), noise);
            let ways = twins.iter().zip(&rows);
            if ways.fold(1.0, |most: f64, (twin, row)| {
                most.min(twin.margin_and_largest(row, &parameters)[0])
            }) > HAIR
            {
                break (rows, parameters);
            }
        };
        let layer = DropConnect::new(units, rate)
            .activation(function)
            .use_bias(bias);
        let network = behind_identity([inputs]).add(layer);
        compare_step(&what, network, &twins, &rows, &parameters, noise);
        if inputs * units < 100 {
            prove(&what, &twins[0], inputs, noise);
        }
    }
}

#[test]
fn drop_connect() {
    let mut noise = Noise::new(31);
    for sizes in [
        [1, 1, 1],
        [1, 9, 3],
        [17, 1, 5],
        [8, 32, 4],
        [33, 31, 1],
        [5, 65, 40],
    ] {
        check_drop_connect(sizes, 0.5, true, &mut noise);
    }
    for _ in 0..6 {
        let sizes = [
            noise.between(1, 40),
            noise.between(1, 70),
            noise.between(1, 20),
        ];
        let rate = noise.one_of(&[0.0, 0.1, 0.25, 0.7]);
        let bias = noise.between(0, 2) > 0;
        check_drop_connect(sizes, rate, bias, &mut noise);
    }
}

/// Masks of several words a row, for many weights.
#[test]
fn drop_connect_with_a_large_kernel() {
    check_drop_connect([300, 70, 11], 0.4, true, &mut Noise::new(32));
}

struct Case {
    sizes: [usize; 3],
    alpha: f32,
    beta: f32,
    bias: bool,
}

fn check_standout(case: Case, noise: &mut Noise) {
    let Case {
        sizes: [inputs, units, samples],
        alpha,
        beta,
        bias,
    } = case;
    let layer = |function| {
        let layer = Standout::new(units).alpha(alpha).beta(beta);
        behind_identity([inputs]).add(layer.activation(function).use_bias(bias))
    };
    let dense = || Multiplied {
        inputs,
        units,
        bias,
    };
    for function in FUNCTIONS {
        let what = format!(
            "standout {inputs} → {units} {function:?}, α {alpha}, β {beta}, bias {bias}, {samples} samples"
        );
        let adaptive = || Adaptive {
            alpha: f64::from(alpha),
            beta: f64::from(beta),
            function,
        };
        let expectation = Stack::default().then(dense()).then(adaptive());
        let (rows, parameters) = loop {
            let rows = draw(&vec![inputs; samples], noise);
            let parameters = draw(&dense().parameters(), noise);
            let margins = rows
                .iter()
                .map(|row| expectation.margin_and_largest(row, &parameters)[0]);
            if margins.fold(1.0, f64::min) > HAIR {
                break (rows, parameters);
            }
        };
        // A sigmoid is never 0, so a 0 is a unit that the mask took.
        let mut probe = compiled(layer(ActivationFunction::Sigmoid), 1);
        set_parameters(&mut probe, &parameters);
        let data = batch(&probe, &rows, &vec![vec![0.0; units]; samples]);
        let seen = probe.back_propagate(&data).unwrap();
        let kept = |row: &[f32]| row.iter().map(|&y| f64::from(u8::from(y != 0.0))).collect();
        let activated = || Activated {
            function,
            channels: units,
        };
        let twins: Vec<Stack> = seen.outputs[1]
            .1
            .data()
            .chunks(units)
            .map(|row| {
                Stack::default()
                    .then(dense())
                    .then(activated())
                    .then(Masked(kept(row)))
            })
            .collect();
        compare_step(&what, layer(function), &twins, &rows, &parameters, noise);

        let mut network = compiled(layer(function), 2);
        set_parameters(&mut network, &parameters);
        let predicted = network.predict(data.inputs()).unwrap();
        let wanted: Vec<f64> = rows
            .iter()
            .flat_map(|row| expectation.forward(row, &parameters))
            .collect();
        assert_alike(
            &format!("{what}: predictions"),
            predicted.data(),
            &wanted,
            1.0,
        );
        if inputs * units < 100 {
            prove(&what, &twins[0], inputs, noise);
            prove(&what, &expectation, inputs, noise);
        }
    }
}

#[test]
fn standout() {
    let mut noise = Noise::new(33);
    for sizes in [
        [1, 1, 1],
        [1, 9, 3],
        [17, 1, 5],
        [8, 16, 4],
        [33, 31, 1],
        [300, 70, 11],
    ] {
        let case = Case {
            sizes,
            alpha: 1.0,
            beta: 0.0,
            bias: true,
        };
        check_standout(case, &mut noise);
    }
    for _ in 0..8 {
        let case = Case {
            sizes: [
                noise.between(1, 40),
                noise.between(1, 40),
                noise.between(1, 20),
            ],
            alpha: noise.one_of(&[0.0, 0.5, 2.0, -1.0]),
            beta: noise.one_of(&[-1.0, 0.0, 0.75]),
            bias: noise.between(0, 2) > 0,
        };
        check_standout(case, &mut noise);
    }
}

/// At each step an annealed dropout is a dropout at that step's rate.
#[test]
fn annealed_dropout() {
    let mut noise = Noise::new(34);
    for [values, samples, steps] in [[1, 1, 1], [7, 3, 2], [100, 37, 4], [65, 5, 10]] {
        let annealed = AnnealedDropout::new(0.6, steps as u64);
        let network = behind_identity([values]).add(annealed.clone());
        let mut network = compiled(network, 2);
        for step in 0..steps as u64 + 2 {
            let rows = draw(&vec![values; samples], &mut noise);
            let targets = draw(&vec![values; samples], &mut noise);
            let batch = batch(&network, &rows, &targets);
            let seen = network.back_propagate(&batch).unwrap();
            let rate = (1.0 - step as f64 / steps as f64).max(0.0) * f64::from(0.6f32);
            let scale = 1.0 / (1.0 - rate);
            let outputs = seen.outputs[1].1.data().chunks(values);
            let mut gradients = seen.pre_activation_gradients[0].1.data().chunks(values);
            for ((row, target), output) in rows.iter().zip(&targets).zip(outputs) {
                let mask = output
                    .iter()
                    .zip(row)
                    .map(|(&y, &x)| match y != 0.0 || x == 0.0 {
                        true => scale,
                        false => 0.0,
                    });
                let twin = Masked(mask.collect());
                let wanted = twin.forward(row, &[]);
                assert_alike(&format!("step {step}"), output, &wanted, 1.0);
                let both = wanted.iter().zip(target);
                let upstream: Vec<f64> = both.map(|(y, t)| 2.0 * (y - t)).collect();
                let wanted = twin.backward(row, &[], &upstream).input;
                assert_alike(
                    &format!("step {step}"),
                    gradients.next().unwrap(),
                    &wanted,
                    1.0,
                );
                if step >= steps as u64 {
                    assert!(
                        twin.0.iter().all(|&m| m == 1.0),
                        "nothing is dropped any more"
                    );
                }
            }
            network.train_on_batch(&batch).unwrap();
        }
    }
}
