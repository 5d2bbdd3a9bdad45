//! How certain a recogniser may be, measured on samples drawn for that alone.

use letra_nn::prelude::*;
use letra_type::Sampler;

use super::calibration::{Calibration, softmax};
use super::face::KnownFace;
use super::model::{Recogniser, TrainingFacts};
use super::network::EMBEDDING;
use super::samples::{Drawer, Wanted};
use crate::failure::Failure;

/// Numbers of windows that certainty is measured at.
const WINDOWS: [usize; 4] = [1, 2, 4, 8];

/// Pictures that it is measured on, at least; and for each face, at least.
const READINGS: usize = 1200;
const READINGS_A_FACE: usize = 2;

/// How many times steeper P("none of these") is than samples say. All windows of a picture are worn in one
/// way, those of a reading of samples each in another, so that likeness says more of a picture.
const STEEPER: f32 = 1.7;

/// Seed of the samples it is measured on, which no training draws.
const SEED: u64 = 0x6361_6c69_6272;

impl Recogniser {
    /// Makes a recogniser of a trained network: measures, on samples drawn for that alone, how
    /// certain its answers may be.
    pub(crate) fn calibrated(
        network: &Network,
        faces: Vec<KnownFace>,
        training: TrainingFacts,
        sampler: &Sampler,
    ) -> Result<Self, Failure> {
        let failed = |error: Error| Failure::network("cannot calibrate", &error);
        let mut recogniser = Self::uncalibrated(network, faces, training).map_err(failed)?;
        let calibration = measure(&recogniser, sampler).map_err(failed)?;
        recogniser.set_calibration(calibration);
        recogniser.learn_enrolment(sampler).map_err(failed)?;
        Ok(recogniser)
    }
}

/// The mean likeness of a reading's first windows, and its face.
struct Example {
    face: usize,
    likeness: Vec<f32>,
}

/// Measures how certain a recogniser may be, on samples drawn for that.
fn measure(recogniser: &Recogniser, sampler: &Sampler) -> Result<Calibration, Error> {
    let examples = examples(recogniser, sampler)?;
    let families = families(recogniser.faces());
    let mut calibration = Calibration::default();
    for (sharpness, examples) in calibration.sharpness.iter_mut().zip(&examples) {
        *sharpness = best_sharpness(examples, &families);
    }
    if families.iter().any(|&family| family != 0) {
        calibration.none = none_of_them(&examples, &families)?;
    }
    Ok(calibration)
}

/// Readings by the numbers of windows.
fn examples(recogniser: &Recogniser, sampler: &Sampler) -> Result<[Vec<Example>; 4], Error> {
    let most = WINDOWS[WINDOWS.len() - 1];
    let faces = recogniser.faces().len();
    let readings = READINGS.max(READINGS_A_FACE * faces);
    let mut drawer = Drawer::new(sampler, 0);
    let mut examples: [Vec<Example>; 4] = Default::default();
    const AT_ONCE: usize = 16;
    for first in (0..readings).step_by(AT_ONCE) {
        let wanted: Vec<Wanted> = (first * most..(first + AT_ONCE) * most)
            .map(|window| Wanted::Face(window / most % faces))
            .collect();
        let (windows, labels) = drawer.draw(SEED, (first * most) as u64, &wanted)?;
        let embeddings = recogniser.embed(&windows)?;
        for (labels, embeddings) in labels
            .chunks_exact(most)
            .zip(embeddings.chunks_exact(most * EMBEDDING))
        {
            for (examples, windows) in examples.iter_mut().zip(WINDOWS) {
                examples.push(Example {
                    face: labels[0] as usize,
                    likeness: recogniser.mean_likeness(&embeddings[..windows * EMBEDDING]),
                });
            }
        }
    }
    Ok(examples)
}

/// The number of each face's family.
fn families(faces: &[KnownFace]) -> Vec<usize> {
    let mut names: Vec<&str> = Vec::new();
    let mut number = |name| match names.iter().position(|known| *known == name) {
        Some(number) => number,
        None => {
            names.push(name);
            names.len() - 1
        }
    };
    faces
        .iter()
        .map(|face| number(face.family.as_str()))
        .collect()
}

/// The β of the least cross-entropy of the families, by golden section over its logarithm.
fn best_sharpness(examples: &[Example], families: &[usize]) -> f32 {
    let cost = |log: f32| -> f64 {
        let of_example = |example: &Example| {
            let shares = softmax(&example.likeness, libm::expf(log));
            let own = shares.iter().zip(families);
            let own = own.filter(|(_, family)| **family == families[example.face]);
            -libm::log(f64::from(
                own.map(|(share, _)| share).sum::<f32>().max(1e-12),
            ))
        };
        examples.iter().map(of_example).sum()
    };
    let ratio = (5.0_f32.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.0, libm::logf(400.0));
    let [mut left, mut right] = [high - ratio * (high - low), low + ratio * (high - low)];
    let [mut at_left, mut at_right] = [cost(left), cost(right)];
    while high - low > 0.01 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = cost(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = cost(right);
        }
    }
    libm::expf(f32::midpoint(low, high))
}

/// *b*, *w* and *u* of P(none), by logistic regression.
fn none_of_them(examples: &[Vec<Example>; 4], families: &[usize]) -> Result<[f32; 3], Error> {
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for (examples, windows) in examples.iter().zip(WINDOWS) {
        for example in examples {
            let own = families[example.face];
            let most = |strangers: bool| {
                let known = example.likeness.iter().zip(families);
                let known = known.filter(|(_, family)| !strangers || **family != own);
                known.map(|(likeness, _)| *likeness).fold(-1.0, f32::max)
            };
            for strangers in [false, true] {
                inputs.extend([most(strangers), libm::logf(windows as f32)]);
                targets.push(f32::from(u8::from(strangers)));
            }
        }
    }
    match logistic_regression(inputs, targets)?[..] {
        [bias, weight, log] => Ok([bias, weight, log]),
        _ => Err(Error::configuration(
            "the regression has no such parameters",
        )),
    }
}

/// The bias and the weights of a logistic regression on as many examples of strangers as of others, all made
/// steeper. So one picture in two is thought to be of a stranger before one looks: fewer would have most
/// strangers named after a family that they resemble.
pub(super) fn logistic_regression(inputs: Vec<f32>, targets: Vec<f32>) -> Result<Vec<f32>, Error> {
    let count = targets.len();
    let width = inputs.len() / count.max(1);
    let data = Dataset::values(
        Tensor::new([count, width], inputs)?,
        Tensor::new([count, 1], targets)?,
    )?;
    let mut network = Sequential::new([width])
        .add(Dense::new(1).kernel_initializer(Initializer::Zeros))
        .compile(Compile::new(Adam::new(0.3)).loss(BinaryCrossEntropy::from_logits()))?;
    network.fit(&data, Fit::epochs(400).batch_size(count).shuffle(false))?;
    let parameter = |name: &str| network.parameter(name).map(Tensor::into_data);
    let bias = parameter("dense/bias").unwrap_or_default();
    let kernel = parameter("dense/kernel").unwrap_or_default();
    let all = bias.into_iter().chain(kernel);
    Ok(all.map(|one| STEEPER * one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(margin: f32) -> Vec<Example> {
        // Three faces of two families; the right one is ahead four times in five.
        (0..200)
            .map(|index| {
                let face = index % 3;
                let mut likeness = vec![0.3; 3];
                let ahead = if index % 5 == 0 { (face + 1) % 3 } else { face };
                likeness[ahead] += margin;
                Example { face, likeness }
            })
            .collect()
    }

    #[test]
    fn certainty_is_what_answers_deserve() {
        let families = [0, 1, 2];
        for margin in [0.05, 0.4] {
            let examples = examples(margin);
            let calibration = Calibration {
                sharpness: [best_sharpness(&examples, &families); 4],
                ..Calibration::default()
            };
            let shares = calibration.of_faces(&examples[1].likeness, 3);
            assert!((shares[1] - 0.8).abs() < 0.02, "{margin}: {shares:?}");
        }
    }

    #[test]
    fn strangers_are_less_like_the_known() {
        let known = examples(0.4);
        let families = [0, 1, 2];
        let all: [Vec<Example>; 4] = std::array::from_fn(|_| examples(0.4));
        let calibration = Calibration {
            none: none_of_them(&all, &families).unwrap(),
            ..Calibration::default()
        };
        assert!(calibration.of_none(&known[1].likeness, 2) < 0.1);
        assert!(calibration.of_none(&[0.3, 0.3, 0.3], 2) > 0.5);
    }
}
