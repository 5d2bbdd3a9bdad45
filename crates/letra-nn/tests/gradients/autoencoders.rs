//! The gradients of autoencoders with every penalty, against finite differences of a twin's loss.

use letra_nn::learners::{Autoencoder, AutoencoderTrainer, Corruption};
use letra_nn::prelude::*;

use crate::noise::Noise;
use crate::proof::differences;

const INPUTS: usize = 5;
const UNITS: usize = 3;
const SAMPLES: usize = 7;

/// What the twin computes: the mean squared error of what comes out, and a penalty on the code.
#[derive(Clone, Copy)]
struct Twin {
    function: fn(f64) -> f64,
    /// From the value of the function.
    slope: fn(f64) -> f64,
    tied: bool,
    contraction: f64,
    sparsity: f64,
}

const SIGMOID: Twin = Twin {
    function: |z| 1.0 / (1.0 + (-z).exp()),
    slope: |h| h * (1.0 - h),
    tied: false,
    contraction: 0.0,
    sparsity: 0.0,
};

const TANH: Twin = Twin {
    function: f64::tanh,
    slope: |h| 1.0 - h * h,
    ..SIGMOID
};

const TARGET: f64 = 0.1;

impl Twin {
    /// The loss, from the kernel and bias of the encoder and those of the decoder, one after the other.
    fn loss(&self, inputs: &[f64], parameters: &[f64]) -> f64 {
        let (kernel, rest) = parameters.split_at(INPUTS * UNITS);
        let (bias, rest) = rest.split_at(UNITS);
        let (back, back_bias) = match self.tied {
            true => (kernel, rest),
            false => rest.split_at(UNITS * INPUTS),
        };
        let (mut error, mut contraction, mut means) = (0.0, 0.0, [0.0; UNITS]);
        for x in inputs.chunks_exact(INPUTS) {
            let code: Vec<f64> = (0..UNITS)
                .map(|j| {
                    let sum: f64 = (0..INPUTS).map(|i| x[i] * kernel[i * UNITS + j]).sum();
                    (self.function)(sum + bias[j])
                })
                .collect();
            for (j, h) in code.iter().enumerate() {
                means[j] += h / SAMPLES as f64;
                for i in 0..INPUTS {
                    // The Jacobian, entry by entry.
                    contraction += ((self.slope)(*h) * kernel[i * UNITS + j]).powi(2);
                }
            }
            for i in 0..INPUTS {
                let weight = |j: usize| match self.tied {
                    true => back[i * UNITS + j],
                    false => back[j * INPUTS + i],
                };
                let y: f64 = (0..UNITS).map(|j| code[j] * weight(j)).sum();
                error += (y + back_bias[i] - x[i]).powi(2);
            }
        }
        let divergence = |mean: &f64| {
            TARGET * (TARGET / mean).ln() + (1.0 - TARGET) * ((1.0 - TARGET) / (1.0 - mean)).ln()
        };
        let mut loss = error / (SAMPLES * INPUTS) as f64;
        loss += self.contraction * contraction / SAMPLES as f64;
        if self.sparsity > 0.0 {
            loss += self.sparsity * means.iter().map(divergence).sum::<f64>();
        }
        loss
    }
}

fn compile() -> Compile {
    Compile::new(Sgd::new(0.1))
        .loss(MeanSquaredError)
        .seed(3)
        .threads(2)
}

/// Compares loss and gradients; the names are those of the twin's parameters in its order.
fn compare(what: &str, twin: Twin, mut trainer: AutoencoderTrainer, names: &[&str]) {
    let mut noise = Noise::new(9);
    let inputs = noise.fine(SAMPLES * INPUTS);
    for name in names.iter().filter(|name| name.ends_with("bias")) {
        let shape = trainer.parameter(name).unwrap().shape().to_vec();
        let values: Vec<f32> = noise
            .fine(shape[0])
            .iter()
            .map(|&value| value as f32)
            .collect();
        trainer
            .set_parameter(name, &Tensor::new(shape, values).unwrap())
            .unwrap();
    }
    let singles: Vec<f32> = inputs.iter().map(|&value| value as f32).collect();
    let inputs: Vec<f64> = singles.iter().map(|&value| f64::from(value)).collect();
    let data = Dataset::unlabelled(Tensor::new([SAMPLES, INPUTS], singles).unwrap()).unwrap();
    let parameters: Vec<f64> = names
        .iter()
        .flat_map(|name| trainer.parameter(name).unwrap().into_data())
        .map(f64::from)
        .collect();
    let gradients = trainer.gradients(&data).unwrap();
    let loss = twin.loss(&inputs, &parameters);
    assert!(
        (gradients.loss() - loss).abs() < 1e-5 * loss,
        "{what}: {} for {loss}",
        gradients.loss()
    );
    let measured = differences(&parameters, |moved| twin.loss(&inputs, moved));
    let derived: Vec<f32> = names
        .iter()
        .flat_map(|name| gradients.get(name).unwrap().into_data())
        .collect();
    assert_eq!(derived.len(), measured.len(), "{what}");
    assert_eq!(gradients.names().count(), names.len(), "{what}");
    for (place, (derived, measured)) in derived.iter().zip(&measured).enumerate() {
        let distance = (f64::from(*derived) - measured).abs();
        assert!(
            distance < 2e-6 + 2e-5 * measured.abs(),
            "{what}, {place}: {derived}, measured {measured}"
        );
    }
}

const DENSE: [&str; 4] = [
    "encoder/dense/kernel",
    "encoder/dense/bias",
    "decoder/dense/kernel",
    "decoder/dense/bias",
];
const TIED: [&str; 3] = [
    "encoder/dense/kernel",
    "encoder/dense/bias",
    "decoder/tied_dense/bias",
];

fn dense(function: ActivationFunction) -> Autoencoder {
    Autoencoder::new(
        encoder(function),
        Sequential::new([UNITS]).add(Dense::new(INPUTS)),
    )
}

fn encoder(function: ActivationFunction) -> Sequential {
    Sequential::new([INPUTS]).add(Dense::new(UNITS).activation(function))
}

fn tied(function: ActivationFunction) -> Autoencoder {
    Autoencoder::tied(encoder(function), ActivationFunction::Linear)
}

#[test]
fn every_penalty_has_the_gradient_that_differences_measure() {
    use ActivationFunction::{Sigmoid, Tanh};
    let run = |what: &str, twin: Twin, autoencoder: Autoencoder| {
        let names = if twin.tied { &TIED[..] } else { &DENSE };
        compare(what, twin, autoencoder.compile(compile()).unwrap(), names);
    };
    run("plain", SIGMOID, dense(Sigmoid));
    run(
        "tied",
        Twin {
            tied: true,
            ..SIGMOID
        },
        tied(Sigmoid),
    );
    for (name, function, twin) in [("sigmoid", Sigmoid, SIGMOID), ("tanh", Tanh, TANH)] {
        let twin = Twin {
            contraction: 0.7,
            ..twin
        };
        run(
            &format!("contractive, {name}"),
            twin,
            dense(function).contractive(0.7),
        );
        let twin = Twin { tied: true, ..twin };
        run(
            &format!("contractive, {name}, tied"),
            twin,
            tied(function).contractive(0.7),
        );
    }
    let sparse = Twin {
        sparsity: 0.4,
        ..SIGMOID
    };
    run("sparse", sparse, dense(Sigmoid).sparse(TARGET as f32, 0.4));
    let all = Twin {
        contraction: 0.3,
        tied: true,
        ..sparse
    };
    run(
        "all",
        all,
        tied(Sigmoid).sparse(TARGET as f32, 0.4).contractive(0.3),
    );
}

#[test]
fn a_code_of_normal_numbers_has_the_gradient_that_differences_measure() {
    const CODE: usize = 4;
    const FACTOR: f64 = 0.3;
    let trainer = |factor: f32| {
        Sequential::new([2 * CODE])
            .add(GaussianLatent::new(factor))
            .compile(compile())
            .unwrap()
    };
    let mut noise = Noise::new(4);
    let singles: Vec<f32> = noise
        .fine(SAMPLES * 2 * CODE)
        .iter()
        .map(|&value| value as f32)
        .collect();
    let inputs: Vec<f64> = singles.iter().map(|&value| f64::from(value)).collect();
    let given = Tensor::new([SAMPLES, 2 * CODE], singles).unwrap();
    // Without a divergence, a gradient of 1 comes back as ½ σ ε.
    let ones = Tensor::new([SAMPLES, CODE], vec![1.0; SAMPLES * CODE]).unwrap();
    let (_, back) = trainer(0.0).backward(&given, &[ones]).unwrap();
    let drawn: Vec<f64> = (0..SAMPLES * CODE)
        .map(|place| {
            let at = place / CODE * 2 * CODE + CODE + place % CODE;
            2.0 * f64::from(back[0].data()[at]) / (0.5 * inputs[at]).exp()
        })
        .collect();
    let square = drawn.iter().map(|value| value * value).sum::<f64>() / drawn.len() as f64;
    assert!((0.3..3.0).contains(&square), "{square}");
    let targets = noise.fine(SAMPLES * CODE);
    let loss = |inputs: &[f64]| {
        let (mut error, mut divergence) = (0.0, 0.0);
        for sample in 0..SAMPLES {
            for unit in 0..CODE {
                let mean = inputs[sample * 2 * CODE + unit];
                let log_variance = inputs[sample * 2 * CODE + CODE + unit];
                let z = mean + (0.5 * log_variance).exp() * drawn[sample * CODE + unit];
                error += (z - targets[sample * CODE + unit]).powi(2);
                divergence += 0.5 * (mean * mean + log_variance.exp() - 1.0 - log_variance);
            }
        }
        error / (SAMPLES * CODE) as f64 + FACTOR * divergence / SAMPLES as f64
    };
    let rows = targets.iter().map(|&value| value as f32).collect();
    let data = Dataset::values(given, Tensor::new([SAMPLES, CODE], rows).unwrap()).unwrap();
    let mut trainer = trainer(FACTOR as f32);
    // There is nothing to learn, so that all there is to ask for is the inputs' gradient.
    let (gradients, of_inputs) = trainer.gradients_to_inputs(&data).unwrap();
    let wanted = loss(&inputs);
    assert!(
        (gradients.loss() - wanted).abs() < 1e-5 * wanted,
        "{} for {wanted}",
        gradients.loss()
    );
    let measured = differences(&inputs, loss);
    for (derived, measured) in of_inputs[0].data().iter().zip(&measured) {
        let distance = (f64::from(*derived) - measured).abs();
        assert!(
            distance < 2e-6 + 2e-5 * measured.abs(),
            "{derived}, measured {measured}"
        );
    }
}

#[test]
fn what_is_lost_has_no_gradient_and_the_rest_has_its_own() {
    const VALUES: usize = 400;
    const RATE: f64 = 0.3;
    let three = Tensor::new([2, VALUES], vec![3.0; 2 * VALUES]).unwrap();
    let data = Dataset::values(three, Tensor::zeros([2, VALUES])).unwrap();
    let network = Sequential::new([VALUES]);
    for (salt, network) in [
        (false, network.clone().add(MaskingNoise::new(RATE as f32))),
        (true, network.add(SaltAndPepperNoise::new(RATE as f32))),
    ] {
        let mut trainer = network.compile(compile()).unwrap();
        assert_eq!(trainer.predict(data.inputs()).unwrap(), *data.inputs());
        let (gradients, of_inputs) = trainer.gradients_to_inputs(&data).unwrap();
        let all = (2 * VALUES) as f64;
        let of_kept = (6.0 / all) as f32;
        let kept = of_inputs[0]
            .data()
            .iter()
            .filter(|&&gradient| gradient == of_kept)
            .count();
        let lost = of_inputs[0]
            .data()
            .iter()
            .filter(|&&gradient| gradient == 0.0)
            .count();
        assert_eq!(kept + lost, 2 * VALUES);
        let share = lost as f64 / all;
        assert!((share - RATE).abs() < 0.06, "{share}");
        // What was lost is 0, or as often 1.
        let ones = (gradients.loss() * all - 9.0 * kept as f64).round() / lost as f64;
        assert!(
            (ones - if salt { 0.5 } else { 0.0 }).abs() < if salt { 0.15 } else { 1e-9 },
            "{ones}"
        );
    }
}

/// Corruption is before the encoder alone: the targets are what they were.
#[test]
fn a_denoiser_is_held_to_the_clean_input() {
    let autoencoder = dense(ActivationFunction::Sigmoid).corruption(Corruption::Masking(0.999));
    let mut trainer = autoencoder.compile(compile()).unwrap();
    for name in ["encoder/dense/kernel", "decoder/dense/kernel"] {
        let zeros = Tensor::zeros(trainer.parameter(name).unwrap().shape().to_vec());
        trainer.set_parameter(name, &zeros).unwrap();
    }
    let data = Dataset::unlabelled(Tensor::new([1, INPUTS], vec![2.0; INPUTS]).unwrap()).unwrap();
    assert!((trainer.gradients(&data).unwrap().loss() - 4.0).abs() < 1e-6);
}

/// A value that is no number shows: in all of its sample, in no other, and in the loss.
#[test]
fn what_is_no_number_shows() {
    let network = Sequential::new([UNITS])
        .add(TiedDense::new("other", INPUTS))
        .build(1)
        .unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        let mut inputs = vec![0.0; 2 * UNITS];
        inputs[UNITS + 1] = bad;
        let given = network.predict(&Tensor::new([2, UNITS], inputs).unwrap());
        let given = given.unwrap();
        assert!(given.sample(0).iter().all(|value| value.is_finite()));
        assert!(given.sample(1).iter().all(|value| !value.is_finite()));
        let noise = Sequential::new([2])
            .add(SaltAndPepperNoise::new(0.5))
            .build(1)
            .unwrap();
        let given = noise
            .predict(&Tensor::new([1, 2], vec![0.0, bad]).unwrap())
            .unwrap();
        assert!(given.data()[0] == 0.0 && !given.data()[1].is_finite());
    }
    let kinds = [
        dense(ActivationFunction::Tanh).contractive(0.1),
        dense(ActivationFunction::Sigmoid).sparse(0.1, 0.1),
        Autoencoder::new(
            Sequential::new([INPUTS]).add(Dense::new(2 * UNITS)),
            Sequential::new([UNITS]).add(Dense::new(INPUTS)),
        )
        .variational(),
    ];
    for kind in kinds {
        let mut trainer = kind.compile(compile()).unwrap();
        let mut values = vec![0.5; 2 * INPUTS];
        values[1] = f32::NAN;
        let data = Dataset::unlabelled(Tensor::new([2, INPUTS], values).unwrap()).unwrap();
        assert!(trainer.gradients(&data).is_err());
    }
}
