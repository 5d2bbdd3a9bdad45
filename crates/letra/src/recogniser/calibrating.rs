//! How certain a recogniser may be, measured on samples drawn for that alone.

use letra_nn::prelude::*;
use letra_type::Sampler;

use super::background::mean;
use super::calibration::{Calibration, Evidence, WINDOWS, log_of, softmax};
use super::face::KnownFace;
use super::model::{Recogniser, TrainingFacts};
use super::network::EMBEDDING;
use super::samples::Drawer;
use crate::failure::Failure;

/// Pictures that it is measured on, at least; and for each face, at least.
const READINGS: usize = 1200;
const READINGS_A_FACE: usize = 2;

/// Seed of the samples it is measured on, which no training draws.
const SEED: u64 = 0x6361_6c69_6272;

/// How many times surer of a face pictures by other programs than letra make a recogniser than samples do, which
/// hold few letters now and then; and how many times surer of whether it is known.
const SURER_OF_FACES: f32 = 1.6;
const SURER_OF_NONE: f32 = 1.3;

/// The share of pictures that are thought to be of strangers before one looks.
const STRANGERS: f32 = 0.1;

/// What certainty is measured on.
pub(super) struct Measure<'a> {
    /// Samples of all faces that were trained, as they were.
    pub(super) trained: &'a Sampler,
    /// Samples of the known faces, worn as pictures are.
    pub(super) own: &'a Sampler,
    /// Samples of strangers that were not trained, worn likewise.
    pub(super) unseen: Option<&'a Sampler>,
}

impl Recogniser {
    /// Makes a recogniser of a trained network: measures, on samples drawn for that alone, how
    /// certain its answers may be; by strangers that it has not learnt, where there are some.
    pub(super) fn calibrated(
        network: &Network,
        faces: Vec<KnownFace>,
        training: TrainingFacts,
        by: &Measure<'_>,
    ) -> Result<Self, Failure> {
        let failed = |error: Error| Failure::network("cannot calibrate", &error);
        let mut recogniser = Self::uncalibrated(network, faces, training).map_err(failed)?;
        let calibration = measure(&recogniser, by.own, by.unseen).map_err(failed)?;
        recogniser.set_calibration(calibration);
        recogniser.learn_enrolment(by.trained).map_err(failed)?;
        Ok(recogniser)
    }
}

/// A reading's first windows: its face, their mean likeness, and what they show.
struct Example {
    face: usize,
    likeness: Vec<f32>,
    evidence: Evidence,
}

/// Measures how certain a recogniser may be, on samples drawn for that.
fn measure(
    recogniser: &Recogniser,
    sampler: &Sampler,
    unseen: Option<&Sampler>,
) -> Result<Calibration, Error> {
    let readings = READINGS.max(READINGS_A_FACE * recogniser.faces().len());
    let mut examples: [Vec<Example>; 4] = Default::default();
    for_each_reading(recogniser, sampler, readings, |place, example| {
        examples[place].push(example);
    })?;
    let families = families(recogniser.faces());
    let mut calibration = Calibration::default();
    for (sharpness, examples) in calibration.sharpness.iter_mut().zip(&examples) {
        *sharpness = SURER_OF_FACES * best_sharpness(examples, &families);
    }
    if let Some(unseen) = unseen {
        let mut strangers = Vec::new();
        for_each_reading(recogniser, unseen, readings, |_, example| {
            strangers.push(example.evidence);
        })?;
        none_of_them(&mut calibration, &evidence(&examples), &strangers)?;
    } else if families.iter().any(|&family| family != 0) {
        let left_out = |example: &Example| without_own_family(example, &families);
        let strangers: Vec<Evidence> = examples.iter().flatten().map(left_out).collect();
        none_of_them(&mut calibration, &evidence(&examples), &strangers)?;
    }
    Ok(calibration)
}

/// Takes so many readings of a sampler's faces, each at all numbers of windows, with the place of the number.
fn for_each_reading(
    recogniser: &Recogniser,
    sampler: &Sampler,
    readings: usize,
    mut take: impl FnMut(usize, Example),
) -> Result<(), Error> {
    let faces = sampler.fonts().len();
    let most = WINDOWS[WINDOWS.len() - 1];
    let mut drawer = Drawer::new(sampler, 0);
    for reading in 0..readings {
        let face = reading % faces;
        let windows = drawer.draw_picture(SEED, reading as u64, face, most)?;
        let embeddings = recogniser.embed(&windows)?;
        for (place, windows) in WINDOWS.into_iter().enumerate() {
            let seen = mean(&embeddings[..windows * EMBEDDING]);
            let likeness = recogniser.likeness(&seen);
            let evidence = recogniser.evidence(&likeness, &seen, windows);
            take(
                place,
                Example {
                    face,
                    likeness,
                    evidence,
                },
            );
        }
    }
    Ok(())
}

fn evidence(examples: &[Vec<Example>; 4]) -> Vec<Evidence> {
    let examples = examples.iter().flatten();
    examples.map(|example| example.evidence).collect()
}

/// What a reading would show if its family were not known.
fn without_own_family(example: &Example, families: &[usize]) -> Evidence {
    let own = families[example.face];
    let others = example.likeness.iter().zip(families);
    let others = others.filter(|(_, family)| **family != own);
    let known = others.map(|(likeness, _)| *likeness).fold(-1.0, f32::max);
    let more = example.evidence.stranger - example.evidence.known;
    Evidence {
        known,
        stranger: known + more,
        ..example.evidence
    }
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

/// What P(none) follows from, by logistic regression.
fn none_of_them(
    calibration: &mut Calibration,
    known: &[Evidence],
    strangers: &[Evidence],
) -> Result<(), Error> {
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for (evidence, target) in [(known, 0.0), (strangers, 1.0)] {
        for one in evidence {
            inputs.extend([
                one.known,
                one.stranger - one.known,
                one.agreement,
                log_of(one.windows),
            ]);
            targets.push(target);
        }
    }
    let [bias, weight, stranger, agreement, log] = logistic_regression(inputs, targets)?[..] else {
        return Err(Error::configuration(
            "the regression has no such parameters",
        ));
    };
    calibration.none = [bias, weight, log];
    (calibration.stranger, calibration.agreement) = (stranger, agreement);
    Ok(())
}

/// The bias and the weights of a logistic regression on as many examples of strangers as of others, for
/// pictures of which a tenth are of strangers. This share and how many times surer pictures make it than samples
/// was chosen with pictures in view that `bench/recognition/pictures` drew with another seed than those of the
/// test, of other strangers.
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
    let mut all: Vec<f32> = all.map(|one| SURER_OF_NONE * one).collect();
    if let Some(bias) = all.first_mut() {
        *bias += libm::logf(STRANGERS / (1.0 - STRANGERS));
    }
    Ok(all)
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
                Example {
                    face,
                    evidence: evidence_of(0.3 + margin),
                    likeness,
                }
            })
            .collect()
    }

    fn evidence_of(known: f32) -> Evidence {
        Evidence {
            known,
            stranger: known,
            agreement: 1.0,
            windows: 2,
        }
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
        let known: Vec<Evidence> = examples(0.4).iter().map(|one| one.evidence).collect();
        let left_out = |example: &Example| without_own_family(example, &[0, 1, 2]);
        let strangers: Vec<Evidence> = examples(0.4).iter().map(left_out).collect();
        let mut calibration = Calibration::default();
        none_of_them(&mut calibration, &known, &strangers).unwrap();
        assert!(calibration.of_none(&evidence_of(0.7)) < 0.2);
        assert!(calibration.of_none(&evidence_of(0.3)) > 0.5);
    }

    #[test]
    fn what_is_like_a_stranger_that_was_learnt_is_none_of_the_known() {
        let evidence = |index: usize, more: f32| Evidence {
            stranger: 0.5 + more + 0.01 * (index % 7) as f32,
            ..evidence_of(0.5 + 0.01 * (index % 5) as f32)
        };
        let [known, strangers] = [-0.2, 0.2].map(|more| {
            (0..200)
                .map(|index| evidence(index, more))
                .collect::<Vec<_>>()
        });
        let mut calibration = Calibration::default();
        none_of_them(&mut calibration, &known, &strangers).unwrap();
        assert!(known.iter().all(|one| calibration.of_none(one) < 0.1));
        assert!(strangers.iter().all(|one| calibration.of_none(one) > 0.9));
    }
}
