//! Dropout as an ensemble: the network that predicts against all the thinned networks.

use letra_nn::prelude::*;

const INPUTS: usize = 9;
const CLASSES: usize = 4;
const RATE: f64 = 0.375;

/// Values with a pattern, spread over [−1, 1].
fn values(count: usize, factor: usize) -> Vec<f32> {
    let value = |i: usize| ((i * factor + 5) % 41) as f32 / 20.5 - 1.0;
    (0..count).map(value).collect()
}

fn kernel() -> Vec<f32> {
    values(INPUTS * CLASSES, 17)
}

/// Softmax of x · W + b in double precision.
fn softmax_units(x: &[f64], kernel: &[f64], bias: &[f64]) -> Vec<f64> {
    let sums: Vec<f64> = (0..CLASSES)
        .map(|k| {
            bias[k]
                + x.iter()
                    .enumerate()
                    .map(|(i, x)| x * kernel[i * CLASSES + k])
                    .sum::<f64>()
        })
        .collect();
    let powers: Vec<f64> = sums.iter().map(|z| z.exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Softmax units after a dropout.
fn network(dropout: bool, kernel: Vec<f32>) -> Trainer {
    let network = match dropout {
        true => Sequential::new([INPUTS]).add(Dropout::new(RATE as f32)),
        false => Sequential::new([INPUTS]).add(Activation::linear()),
    };
    let compile = Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(4);
    let network = network
        .add(Dense::new(CLASSES).softmax())
        .compile(compile)
        .unwrap();
    let kernel = Tensor::new([INPUTS, CLASSES], kernel).unwrap();
    let bias = Tensor::new([CLASSES], values(CLASSES, 7)).unwrap();
    network.set_parameter("dense/kernel", &kernel).unwrap();
    network.set_parameter("dense/bias", &bias).unwrap();
    network
}

/// Whether mask number `mask` keeps value number `place`.
fn keeps(mask: usize, place: usize) -> bool {
    mask >> place & 1 == 1
}

/// The outputs of all 2ⁿ thinned networks for an input, each with its mask's probability.
fn thinned(input: &[f64]) -> Vec<(f64, Vec<f64>)> {
    let (kernel, bias) = (doubles(&kernel()), doubles(&values(CLASSES, 7)));
    let of_mask = |mask: usize| {
        let (mut probability, mut x) = (1.0, vec![0.0; INPUTS]);
        for place in 0..INPUTS {
            probability *= if keeps(mask, place) { 1.0 - RATE } else { RATE };
            if keeps(mask, place) {
                x[place] = input[place] / (1.0 - RATE);
            }
        }
        (probability, softmax_units(&x, &kernel, &bias))
    };
    (0..1 << INPUTS).map(of_mask).collect()
}

/// Hinton et al. 2012; Baldi and Sadowski 2013: for softmax units, the normalised geometric
/// mean over all masks is the network that predicts.
#[test]
fn the_geometric_mean_of_all_thinned_networks_predicts() {
    let network = network(true, kernel());
    for factor in [3, 11, 29] {
        let input = values(INPUTS, factor);
        let members = thinned(&doubles(&input));
        assert!((members.iter().map(|(p, _)| p).sum::<f64>() - 1.0).abs() < 1e-12);
        let means: Vec<f64> = (0..CLASSES)
            .map(|k| {
                members
                    .iter()
                    .map(|(p, y)| p * y[k].ln())
                    .sum::<f64>()
                    .exp()
            })
            .collect();
        let total: f64 = means.iter().sum();
        let predicted = network
            .predict(&Tensor::new([1, INPUTS], input).unwrap())
            .unwrap();
        for (found, mean) in predicted.data().iter().zip(&means) {
            assert!((f64::from(*found) - mean / total).abs() < 1e-6, "{found}");
        }
        // Not so before it is normalised, nor for the arithmetic mean.
        assert!(total < 0.99);
        let arithmetic = members.iter().map(|(p, y)| p * y[0]).sum::<f64>();
        assert!((arithmetic - means[0] / total).abs() > 1e-4);
    }
}

/// Every mask that training draws is one of those, and each comes as often as it should.
#[test]
fn training_draws_the_thinned_networks_by_their_probability() {
    const SAMPLES: usize = 40_000;
    let network = network(true, kernel());
    let input = values(INPUTS, 3);
    let inputs = Tensor::new([SAMPLES, INPUTS], input.repeat(SAMPLES)).unwrap();
    let batch = Dataset::values(inputs, Tensor::zeros([SAMPLES, CLASSES])).unwrap();
    let seen = network.back_propagate(&batch).unwrap();
    let members = thinned(&doubles(&input));
    let mut counts = vec![0.0; members.len()];
    let dropped = seen.outputs[0].1.data().chunks(INPUTS);
    for (dropped, output) in dropped.zip(seen.outputs[1].1.data().chunks(CLASSES)) {
        let kept = dropped.iter().enumerate().filter(|(_, x)| **x != 0.0);
        let mask: usize = kept.map(|(place, _)| 1 << place).sum();
        counts[mask] += 1.0;
        for (found, wanted) in output.iter().zip(&members[mask].1) {
            assert!((f64::from(*found) - wanted).abs() < 1e-5);
        }
    }
    // Pearson's χ²: its mean is the 511 degrees of freedom, its variance twice that.
    let squares = counts.iter().zip(&members).map(|(count, (p, _))| {
        let wanted = p * SAMPLES as f64;
        (count - wanted).powi(2) / wanted
    });
    let distance = (squares.sum::<f64>() - 511.0) / (2.0 * 511.0f64).sqrt();
    assert!(distance.abs() < 4.0, "{distance} standard deviations");
}

/// The slides' form: weights V, masks without a factor while training, and all weights times
/// (1 − p) when predicting. With W = (1 − p) V it is the same network.
#[test]
fn all_weights_times_one_minus_p_is_the_inverted_form() {
    let slides: Vec<f32> = kernel().iter().map(|w| w / (1.0 - RATE as f32)).collect();
    let input = values(INPUTS, 11);
    // While training: the thinned networks of both forms.
    let bias = doubles(&values(CLASSES, 7));
    for (mask, (_, inverted)) in thinned(&doubles(&input)).iter().enumerate() {
        let masked =
            |place: usize| f64::from(u8::from(keeps(mask, place))) * f64::from(input[place]);
        let masked: Vec<f64> = (0..INPUTS).map(masked).collect();
        let plain = softmax_units(&masked, &doubles(&slides), &bias);
        for (a, b) in plain.iter().zip(inverted) {
            assert!((a - b).abs() < 1e-6, "mask {mask}");
        }
    }
    // When predicting.
    let times = slides.iter().map(|v| v * (1.0 - RATE as f32)).collect();
    let inputs = Tensor::new([1, INPUTS], input).unwrap();
    let scaled = network(false, times).predict(&inputs).unwrap();
    let inverted = network(true, kernel()).predict(&inputs).unwrap();
    for (a, b) in scaled.data().iter().zip(inverted.data()) {
        assert!((a - b).abs() < 1e-6);
    }
}

/// Two layers deep the network that predicts is only close to the ensemble's mean: within
/// 2 E (1 − E) |1 − 2E| of a logistic unit's mean E, the bound of Baldi and Sadowski 2013, and
/// far closer than the members are to each other.
#[test]
fn a_deeper_network_predicts_nearly_the_mean_of_its_members() {
    const SAMPLES: usize = 40_000;
    let network = Sequential::new([INPUTS])
        .add(Dense::new(30).sigmoid())
        .add(Dropout::new(0.5))
        .add(Dense::new(20).sigmoid())
        .add(Dropout::new(0.5))
        .add(Dense::new(3).sigmoid())
        .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(8))
        .unwrap();
    let input = values(INPUTS, 29);
    let one = Tensor::new([1, INPUTS], input.clone()).unwrap();
    let predicted = network.predict(&one).unwrap();
    let inputs = Tensor::new([SAMPLES, INPUTS], input.repeat(SAMPLES)).unwrap();
    let batch = Dataset::values(inputs, Tensor::zeros([SAMPLES, 3])).unwrap();
    let seen = network.back_propagate(&batch).unwrap();
    let outputs = seen.outputs[4].1.data();
    for unit in 0..3 {
        let members = || outputs.iter().skip(unit).step_by(3).map(|&y| f64::from(y));
        let mean = members().sum::<f64>() / SAMPLES as f64;
        let variance = members().map(|y| (y - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
        let distance = (f64::from(predicted.data()[unit]) - mean).abs();
        let error = 4.0 * (variance / SAMPLES as f64).sqrt();
        let bound = 2.0 * mean * (1.0 - mean) * (1.0 - 2.0 * mean).abs();
        assert!(
            distance <= bound + error,
            "unit {unit}: {distance} beyond {bound}"
        );
        assert!(
            distance <= variance.sqrt() / 5.0,
            "unit {unit}: {distance} from the mean of members that spread by {}",
            variance.sqrt()
        );
        assert!(variance.sqrt() > 0.01, "the members differ");
    }
}
