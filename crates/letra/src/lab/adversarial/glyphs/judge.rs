//! What says how good samples are: a network that names what a picture shows, and measures of its features.

use letra_nn::learners::{ParzenWindow, frechet_distance, precision_and_recall};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_nn::schedules::OneCycle;

use crate::failure::Failure;
use crate::lab::tasks::Watch;
use crate::lab::tasks::lots::{Lot, Work, labels, share_right};

const EPOCHS: usize = 12;
const BATCH: usize = 64;
const RATE: f64 = 0.004;

/// The most pictures that samples are held against.
const MOST: usize = 1000;

/// Training pictures that σ is chosen by.
const VALIDATION: usize = 250;

/// The values of σ of the Parzen windows, of ink from 0 to 1.
const SIGMAS: [f64; 7] = [0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.32];

/// Neighbours of the manifolds of precision and recall, as in Kynkäänniemi et al. 2019.
const NEAREST: usize = 3;

/// Places of random numbers that choose pictures.
const CHOICE: usize = (1 << 20) + 1;

/// A network that has learnt what training pictures show, and the pictures that samples are held against.
pub(super) struct Judge {
    names: Trainer,
    features: Network,
    test: Tensor,
    validation: Tensor,
    /// What the training pictures show.
    shown: Vec<u32>,
    /// The share of the test pictures that it names right.
    pub(super) accuracy: f64,
}

/// How good samples are.
pub(super) struct Measured {
    pub(super) parzen: f64,
    pub(super) frechet: f64,
    pub(super) precision: f64,
    pub(super) recall: f64,
}

/// What pictures show, as far as it is known: the character, or else the class; and how many of them there are.
fn shown(lot: &Lot) -> ([Vec<u32>; 2], usize) {
    let Some(both) = &lot.characters else {
        let both = [&lot.train, &lot.test].map(|data| labels(data).to_vec());
        let most = both.iter().flatten().max();
        let count = most.map_or(1, |most| *most as usize + 1);
        return (both, count.max(2));
    };
    let mut known = both.concat();
    known.sort_unstable();
    known.dedup();
    let number = |character: &char| known.binary_search(character).unwrap_or(0) as u32;
    let numbers = |characters: &Vec<char>| characters.iter().map(number).collect();
    (both.each_ref().map(numbers), known.len().max(2))
}

impl Judge {
    /// Trains it on the training pictures; nothing if the reader asked to stop.
    pub(super) fn learn(work: &Work<'_>, lot: &Lot) -> Result<Option<Self>, Failure> {
        let failed = |error: Error| Failure::network("the judge", &error);
        let ([train, test], classes) = shown(lot);
        let of = |data: &Dataset, labels: Vec<u32>| {
            data.clone().with_targets(Targets::Classes {
                labels,
                count: classes,
            })
        };
        let shown = train.clone();
        let train = of(&lot.train, train).map_err(failed)?;
        let test = of(&lot.test, test).map_err(failed)?;
        let epochs = work.scaled(EPOCHS);
        let steps = train.samples().div_ceil(BATCH) * epochs;
        let compile = Compile::new(Adam::new(OneCycle::new(RATE, steps as u64)))
            .metric(Accuracy)
            .seed(lot.seed)
            .threads(work.threads());
        let mut names = work
            .shape()
            .input()
            .add(Conv2d::new(16, 5).stride(2).same().relu())
            .add(Conv2d::new(32, 3).stride(2).same().relu())
            .add(Flatten)
            .add(Dense::new(64).relu().named("features"))
            .add(Dense::new(classes))
            .compile(compile)
            .map_err(failed)?;
        let training = work.training("The judge", lot, epochs);
        {
            let mut watch = Watch::new(&training);
            let fit = Fit::epochs(epochs).batch_size(BATCH).callback(&mut watch);
            names.fit(&train, fit).map_err(failed)?;
        }
        if training.stopped() {
            return Ok(None);
        }
        let some = |pictures: &Tensor, place: usize, count: usize| {
            let random = Random::new(lot.seed, Domain::Shuffle, CHOICE + place, 0);
            let order = random.permutation(pictures.samples());
            pictures.select(&order[..count.min(order.len())])
        };
        let accuracy = names.evaluate(&test).map_err(failed)?;
        Ok(Some(Self {
            features: names
                .subnetwork(&["input"], &["features"])
                .map_err(failed)?,
            names,
            test: some(test.inputs(), 0, MOST),
            validation: some(train.inputs(), 1, VALIDATION),
            shown,
            accuracy: accuracy.metric("accuracy").unwrap_or(f64::NAN),
        }))
    }

    /// Holds samples with ink from 0 to 1 against the test pictures.
    pub(super) fn measure(&self, samples: &Tensor) -> Result<Measured, Error> {
        let window = ParzenWindow::choose(samples, &self.validation, &SIGMAS)?;
        let features = |pictures: &Tensor| self.features.predict(pictures);
        let (test, drawn) = (features(&self.test)?, features(samples)?);
        let both = precision_and_recall(&test, &drawn, NEAREST)?;
        Ok(Measured {
            parzen: window.log_likelihood(&self.test)?.mean,
            frechet: frechet_distance(&test, &drawn)?,
            precision: both.precision,
            recall: both.recall,
        })
    }

    /// The share of samples that it names as what these training pictures show, one for each.
    pub(super) fn named_as(&self, samples: &Tensor, pictures: &[usize]) -> Result<f64, Error> {
        let wanted: Vec<u32> = pictures
            .iter()
            .map(|&picture| self.shown[picture])
            .collect();
        Ok(share_right(&self.names.predict_classes(samples)?, &wanted))
    }
}
