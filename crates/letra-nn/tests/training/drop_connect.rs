//! DropConnect: what its masks are while training, and its sampled prediction against many
//! masks.

use letra_nn::prelude::*;

const INPUTS: usize = 200;
const UNITS: usize = 6;

fn compiled(layer: DropConnect, inputs: usize, seed: u64) -> Trainer {
    let compile = Compile::new(Sgd::new(0.0)).loss(SumSquaredError);
    let network = Sequential::new([inputs])
        .add(Activation::linear())
        .add(layer);
    network.compile(compile.seed(seed)).unwrap()
}

fn input(inputs: usize) -> Vec<f32> {
    (0..inputs)
        .map(|i| ((i * 7) % 23) as f32 / 11.5 - 0.9)
        .collect()
}

/// Which weights the next step keeps in the sample at `place`, from the gradient of the kernel:
/// no other sample has an input.
fn kept(network: &Trainer, samples: usize, place: usize) -> Vec<bool> {
    let (inputs, units) = (network.input_shape()[0], network.output_shape()[0]);
    let mut values = vec![0.0; samples * inputs];
    values[place * inputs..][..inputs].fill(1.0);
    let mut targets = vec![0.0; samples * units];
    targets[place * units..][..units].fill(1e6);
    let inputs = Tensor::new([samples, inputs], values).unwrap();
    let targets = Tensor::new([samples, units], targets).unwrap();
    let seen = network
        .back_propagate(&Dataset::values(inputs, targets).unwrap())
        .unwrap();
    seen.gradients[0]
        .1
        .data()
        .iter()
        .map(|&g| g != 0.0)
        .collect()
}

fn share(mask: &[bool]) -> f64 {
    mask.iter().filter(|&&kept| kept).count() as f64 / mask.len() as f64
}

/// Share of places where two masks agree.
fn agreement(a: &[bool], b: &[bool]) -> f64 {
    let same: Vec<bool> = a.iter().zip(b).map(|(a, b)| a == b).collect();
    share(&same)
}

#[test]
fn weights_are_kept_with_their_probability_anew_for_sample_step_and_seed() {
    for rate in [0.1f32, 0.5, 0.85] {
        let mut network = compiled(DropConnect::new(70, rate), INPUTS, 3);
        let first = kept(&network, 3, 0);
        let p = 1.0 - f64::from(rate);
        // Four standard deviations of a share of 14,000 weights.
        let near = |found: f64, p: f64| (found - p).abs() < 4.0 * (p * (1.0 - p) / 14_000.0).sqrt();
        assert!(near(share(&first), p), "{}", share(&first));
        assert_eq!(first, kept(&network, 3, 0), "looking changes nothing");
        let by_chance = p * p + (1.0 - p) * (1.0 - p);
        assert!(near(agreement(&first, &kept(&network, 3, 2)), by_chance));
        let other = compiled(DropConnect::new(70, rate), INPUTS, 4);
        assert!(near(agreement(&first, &kept(&other, 3, 0)), by_chance));
        let inputs = Tensor::new([1, INPUTS], input(INPUTS)).unwrap();
        let batch = Dataset::values(inputs, Tensor::zeros([1, 70])).unwrap();
        network.train_on_batch(&batch).unwrap();
        assert!(near(agreement(&first, &kept(&network, 3, 0)), by_chance));
    }
}

/// A network with one input and parameters of such sizes that the units' means lie on both
/// sides of 0.
fn example(function: ActivationFunction, draws: usize) -> (Trainer, Tensor) {
    let layer = DropConnect::new(UNITS, 0.5)
        .activation(function)
        .draws(draws);
    let network = compiled(layer, INPUTS, 5);
    // Knuth's multiplicative hash, a pattern that the inputs' does not meet.
    let weight = |i: usize| {
        let hash = (i as u32).wrapping_mul(2_654_435_761) >> 8;
        (hash as f32 / (1 << 23) as f32 - 1.0) * 0.2
    };
    let weights = (0..INPUTS * UNITS).map(weight).collect();
    let kernel = Tensor::new([INPUTS, UNITS], weights).unwrap();
    let bias = Tensor::new([UNITS], vec![0.1, -0.2, 0.2, 0.0, -0.1, 0.3]).unwrap();
    network
        .set_parameter("drop_connect/kernel", &kernel)
        .unwrap();
    network.set_parameter("drop_connect/bias", &bias).unwrap();
    (network, Tensor::new([1, INPUTS], input(INPUTS)).unwrap())
}

/// Mean and standard deviation of the pre-activations, from their formula in double precision.
fn moments(network: &Trainer, input: &Tensor) -> Vec<(f64, f64)> {
    let parameter = |name| network.parameter(name).unwrap();
    let (kernel, bias) = (
        parameter("drop_connect/kernel"),
        parameter("drop_connect/bias"),
    );
    let of_unit = |unit: usize| {
        let weights = kernel.data().iter().skip(unit).step_by(UNITS);
        let inputs = input.data().iter().zip(weights);
        let terms = inputs.map(|(&x, &w)| f64::from(x) * f64::from(w));
        let terms = terms.chain([f64::from(bias.data()[unit])]);
        let (sum, squares) = terms.fold((0.0, 0.0), |(sum, squares), t| (sum + t, squares + t * t));
        (0.5 * sum, (0.25 * squares).sqrt())
    };
    (0..UNITS).map(of_unit).collect()
}

/// The mean output over many training masks, with its standard error.
fn sampled(network: &Trainer, input: &Tensor, samples: usize) -> Vec<(f64, f64)> {
    let inputs = Tensor::new([samples, INPUTS], input.data().repeat(samples)).unwrap();
    let batch = Dataset::values(inputs, Tensor::zeros([samples, UNITS])).unwrap();
    let seen = network.back_propagate(&batch).unwrap();
    let outputs = seen.outputs[1].1.data();
    let of_unit = |unit: usize| {
        let members = || {
            outputs
                .iter()
                .skip(unit)
                .step_by(UNITS)
                .map(|&y| f64::from(y))
        };
        let mean = members().sum::<f64>() / samples as f64;
        let variance = members().map(|y| (y - mean).powi(2)).sum::<f64>() / samples as f64;
        (mean, (variance / samples as f64).sqrt())
    };
    (0..UNITS).map(of_unit).collect()
}

/// The paper's claim: the sampled prediction is the mean over the masks, which the network of
/// mean weights is not.
#[test]
fn the_sampled_prediction_is_the_mean_over_many_masks() {
    const DRAWS: usize = 4000;
    for function in [
        ActivationFunction::Linear,
        ActivationFunction::Relu,
        ActivationFunction::Sigmoid,
        ActivationFunction::Tanh,
        ActivationFunction::Softmax,
    ] {
        let (network, input) = example(function, DRAWS);
        let predicted = network.predict(&input).unwrap();
        let masks = sampled(&network, &input, 10_000);
        let moments = moments(&network, &input);
        let mut mean_weights = [0.0; UNITS];
        for (unit, (centre, _)) in moments.iter().enumerate() {
            mean_weights[unit] = match function {
                ActivationFunction::Relu => centre.max(0.0),
                _ => *centre,
            };
        }
        let mut worst = 0.0f64;
        for unit in 0..UNITS {
            let (mean, error) = masks[unit];
            let (_, deviation) = moments[unit];
            // No function here is steeper than 1, so a draw spreads by at most σ; and a
            // hundredth of it for a sum of 200 terms not being quite normal.
            let drawn = match function {
                ActivationFunction::Linear => 1e-5,
                _ => 4.0 * deviation / (DRAWS as f64).sqrt() + 0.01 * deviation,
            };
            let found = f64::from(predicted.data()[unit]);
            assert!(
                (found - mean).abs() < 4.0 * error + drawn,
                "{function:?}, unit {unit}: predicts {found}, masks give {mean} ± {error}"
            );
            worst = worst.max((mean_weights[unit] - mean).abs() / (4.0 * error + drawn));
        }
        if function == ActivationFunction::Relu {
            assert!(worst > 2.0, "mean weights would do as well: {worst}");
        }
    }
}

/// For the rectifier the mean has a closed form: μ Φ(μ/σ) + σ φ(μ/σ).
#[test]
fn the_draws_are_normal_with_the_moments_of_the_paper() {
    const DRAWS: usize = 100_000;
    let (network, input) = example(ActivationFunction::Relu, DRAWS);
    let predicted = network.predict(&input).unwrap();
    for (unit, (mean, deviation)) in moments(&network, &input).into_iter().enumerate() {
        let z = mean / deviation;
        let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
        // Φ by Simpson's rule over its density.
        let step = z / 200.0;
        let at = |i: u32| (-(f64::from(i) * step).powi(2) / 2.0).exp();
        let inner = (1..200)
            .map(|i| f64::from(2 + 2 * (i % 2)) * at(i))
            .sum::<f64>();
        let below = 0.5 + (at(0) + inner + at(200)) * step / 3.0 / std::f64::consts::TAU.sqrt();
        let wanted = mean * below + deviation * density;
        let found = f64::from(predicted.data()[unit]);
        let bound = 4.0 * deviation / (DRAWS as f64).sqrt();
        assert!(
            (found - wanted).abs() < bound,
            "unit {unit}: {found} for {wanted}"
        );
    }
}

#[test]
fn a_prediction_depends_on_the_input_alone() {
    for function in [ActivationFunction::Relu, ActivationFunction::Softmax] {
        let (network, one) = example(function, 50);
        let alone = network.predict(&one).unwrap();
        let many: Vec<f32> = (0..77)
            .flat_map(|row| {
                one.data()
                    .iter()
                    .map(move |x| if row == 60 { *x } else { x * row as f32 })
            })
            .collect();
        let many = network
            .predict(&Tensor::new([77, INPUTS], many).unwrap())
            .unwrap();
        for (a, b) in many.data()[60 * UNITS..61 * UNITS].iter().zip(alone.data()) {
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0));
        }
        assert_eq!(network.predict(&one).unwrap(), alone);
        let layers = network.layer_outputs(&one).unwrap();
        for (a, b) in layers[1].output.data().iter().zip(alone.data()) {
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0));
        }
    }
}
