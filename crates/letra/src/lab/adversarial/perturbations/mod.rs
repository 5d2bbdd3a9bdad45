//! Pictures that deceive networks, and what mends them.

mod attack;
mod menders;

use std::ops::ControlFlow;

use letra_nn::learners::AdversarialEpoch;
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use maud::Markup;

use self::attack::{Descent, Target, as_it_is, fgsm, pgd};
use self::menders::{DefenseGan, GAN_EPOCHS, MENDER_EPOCHS, ape_gan, epoch, rounded};
use super::restoring::Restorer;
use super::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, grids, pictures};
use crate::lab::tasks::lots::{Lot, labels, one_of_each, share_right};
use crate::lab::tasks::{Part, Watch, measured, scaled};
use crate::networks::{self, Recipe};
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "perturbations",
    title: "Perturbations",
    about: "Each pixel of a test picture is moved by no more than ε, in the direction that makes the network's loss larger: once by \
            the fast gradient sign method (FGSM), or in many small steps (PGD). Then the picture is mended, or the network \
            was trained on such pictures. The attacks are made for the network without its mender; the last column is of an \
            attacker who knows the mender too, and takes the gradient through it (through a rounding, as though it were none). The other networks of \
            the seminar are attacked as themselves, and mended by the APE-GAN that learnt from attacks on the CNN.",
    run,
};

/// Steps of the descent that the networks are tested with, that menders learn from, and that training goes through.
const TESTED_STEPS: usize = 20;
const LEARNT_STEPS: usize = 10;
const TRAINED_STEPS: usize = 7;

/// Of adversarial training.
const EPOCHS: usize = 40;
const BATCH: usize = 128;
const RATE: f64 = 0.002;

/// The networks of the seminar that are attacked, the one that all is about first.
const NETWORKS: [&str; 4] = ["cnn", "logistic", "feed-forward-keras", "cnn-keras"];

const CLEAN: &str = "clean_accuracy";
const FAST: &str = "fgsm_accuracy";
const SLOW: &str = "pgd_accuracy";
const SHARE: &str = "share_of_clean";
const KNOWING: &str = "knowing_accuracy";

/// The ways in which a network is defended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defence {
    None,
    Rounded,
    TrainedFast,
    TrainedSlow,
    DefenseGan,
    ApeGan,
}

impl Defence {
    const OF_THE_CNN: [Self; 6] = [
        Self::None,
        Self::Rounded,
        Self::TrainedFast,
        Self::TrainedSlow,
        Self::DefenseGan,
        Self::ApeGan,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::None => "undefended",
            Self::Rounded => "rounded",
            Self::TrainedFast => "trained-fgsm",
            Self::TrainedSlow => "trained-pgd",
            Self::DefenseGan => "defense-gan",
            Self::ApeGan => "ape-gan",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::None => "undefended",
            Self::Rounded => "pixels rounded",
            Self::TrainedFast => "trained on FGSM",
            Self::TrainedSlow => "trained on PGD",
            Self::DefenseGan => "Defense-GAN",
            Self::ApeGan => "APE-GAN",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::None => "As the seminar trains it.",
            Self::Rounded => {
                "Each pixel becomes ink or none before the network sees it (Xu, Evans and Qi 2018)."
            }
            Self::TrainedFast => {
                "Half of each batch are FGSM's pictures for the network as it is then (Goodfellow, Shlens and Szegedy 2015, \
                 section 6). 40 epochs of Adam."
            }
            Self::TrainedSlow => {
                "Each batch are PGD's pictures for the network as it is then, seven steps each (Madry and others 2018). \
                 40 epochs of Adam."
            }
            Self::DefenseGan => {
                "A Wasserstein pair with gradient penalty learns the training pictures; a picture becomes the nearest one that \
                 its generator draws (Samangouei, Kabkab and Chellappa 2018)."
            }
            Self::ApeGan => {
                "A small convolutional network, judged by another, learns from attacks on the training pictures to give \
                 back what they were (Shen, Jin, Gao and Zhang 2017)."
            }
        }
    }
}

/// A network and how it is defended: a row.
#[derive(Debug, Clone, Copy)]
struct Case {
    network: &'static str,
    defence: Defence,
}

fn cases() -> impl Iterator<Item = Case> {
    let [cnn, others @ ..] = NETWORKS;
    let of_cnn = Defence::OF_THE_CNN.into_iter().map(move |defence| Case {
        network: cnn,
        defence,
    });
    let of_others = others.into_iter().flat_map(|network| {
        [Defence::None, Defence::ApeGan].map(|defence| Case { network, defence })
    });
    of_cnn.chain(of_others)
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let mut shown = Vec::new();
    let trials = work.lots.each(|lot| {
        let Some((trials, examples)) = trials(work, lot)? else {
            return Ok(None);
        };
        if shown.is_empty() {
            shown = examples.drawn(work)?;
        }
        Ok(Some(trials))
    })?;
    let Some(trials) = trials else {
        return Ok(part);
    };
    for (case, trials) in cases().zip(trials) {
        let recipe = recipe(case.network);
        part.rows.push(Row::new(
            format!("{}-{}-{}", TASK.name, case.network, case.defence.name()),
            format!("{}, {}", recipe.title, case.defence.title()),
            format!("{} {}", recipe.about, case.defence.about()),
            trials,
        ));
    }
    part.findings = findings(&part.rows, work.epsilon);
    part.shown = shown;
    Ok(part)
}

fn recipe(name: &str) -> &'static Recipe {
    Recipe::named(name).expect("a network of the seminar")
}

fn columns() -> Vec<Column> {
    let column = |name, heading, figure| Column {
        name,
        heading,
        figure,
        show: percent,
    };
    vec![
        column(CLEAN, "Clean", |trial| measured(trial, CLEAN)),
        column(FAST, "FGSM", |trial| measured(trial, FAST)),
        column(SLOW, "PGD", |trial| measured(trial, SLOW)),
        column(SHARE, "The lower, of the undefended clean", |trial| {
            measured(trial, SHARE)
        }),
        column(KNOWING, "PGD that knows", |trial| measured(trial, KNOWING)),
    ]
}

fn findings(rows: &[Row], epsilon: f32) -> Vec<String> {
    let row = |defence: Defence| named(rows, &format!("{}-cnn-{}", TASK.name, defence.name()));
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let mut findings = Vec::new();
    if let Some(plain) = row(Defence::None) {
        findings.push(format!(
            "With ε = {epsilon} the seminar's CNN names {} of the pictures right that FGSM made and {} of PGD's, and {} of \
             the clean ones.",
            percent(mean(plain, FAST)),
            percent(mean(plain, SLOW)),
            percent(mean(plain, CLEAN))
        ));
    }
    let defended = Defence::OF_THE_CNN[1..].iter().filter_map(|&defence| {
        let row = row(defence)?;
        let share = mean(row, SHARE);
        share.is_finite().then_some((defence, row, share))
    });
    if let Some((defence, row, share)) = defended.max_by(|a, b| a.2.total_cmp(&b.2)) {
        findings.push(format!(
            "Most comes back with {}: {} of the clean accuracy under the stronger of the two attacks. An attacker who knows of \
             it leaves {}.",
            defence.title(),
            percent(share),
            percent(mean(row, KNOWING))
        ));
    }
    if let (Some(ape), Some(simple)) = (row(Defence::ApeGan), row(Defence::Rounded)) {
        findings.push(format!(
            "Beside plain rounding, APE-GAN names {:+.1} points more of PGD's pictures right.",
            100.0 * (mean(ape, SLOW) - mean(simple, SLOW))
        ));
    }
    findings
}

/// All networks and defences on the pictures of a lot, a trial each in the order of [`cases`]; nothing if the reader
/// asked to stop.
fn trials(work: &Work<'_>, lot: &Lot) -> Result<Option<(Vec<Trial>, Examples)>, Failure> {
    let Some((mut trial, cnn)) = trained(work, NETWORKS[0], lot)? else {
        return Ok(None);
    };
    let attacked = Attacked::of(work, lot, &cnn)?;
    let mut examples = Examples::of(lot, &attacked);
    attacked.measure(&mut trial, &cnn, &mut Ok)?;
    let plain = trial.measured[CLEAN];
    trial.measured.insert(KNOWING, trial.measured[SLOW]);
    let mut trials = vec![trial];

    let mut simple = lot.trial();
    attacked.measure(&mut simple, &cnn, &mut |pictures| Ok(rounded(&pictures)))?;
    let mut rounding = |pictures: &Tensor| Ok(rounded(pictures));
    attacked.measure_knowing(&mut simple, &cnn, Target::of(&cnn), &mut rounding)?;
    examples.mended("Pixels rounded", &mut |pictures| Ok(rounded(&pictures)))?;
    trials.push(simple);

    for defence in [Defence::TrainedFast, Defence::TrainedSlow] {
        let Some((mut trial, network)) = trained_on_attacks(work, lot, defence)? else {
            return Ok(None);
        };
        let own = Attacked::of(work, lot, &network)?;
        own.measure(&mut trial, &network, &mut Ok)?;
        trial.measured.insert(KNOWING, trial.measured[SLOW]);
        trial.network = Some(network);
        trials.push(trial);
    }

    let Some((mut trial, mut gan)) = defense_gan(work, lot)? else {
        return Ok(None);
    };
    let seed = lot.seed;
    attacked.measure(&mut trial, &cnn, &mut |pictures| gan.mend(&pictures, seed))?;
    examples.mended("Defense-GAN", &mut |pictures| gan.mend(&pictures, seed))?;
    examples.drawn = Some(gan.drawn(48, seed).map_err(failed)?);
    trials.push(trial);

    let Some((mut trial, mender)) = learnt_ape_gan(work, lot, &cnn)? else {
        return Ok(None);
    };
    let mut mend = |pictures: Tensor| mender.generator.predict(&pictures);
    attacked.measure(&mut trial, &cnn, &mut mend)?;
    let behind = Target::of(&cnn).and_then(|target| target.behind(&mender.generator));
    let through = mender.generator.clone();
    attacked.measure_knowing_through(&mut trial, behind, &mut |pictures| {
        cnn.predict_classes(&through.predict(pictures)?)
    })?;
    examples.mended("APE-GAN", &mut mend)?;
    trials.push(trial);

    for name in &NETWORKS[1..] {
        let Some((mut plain, network)) = trained(work, name, lot)? else {
            return Ok(None);
        };
        let own = Attacked::of(work, lot, &network)?;
        own.measure(&mut plain, &network, &mut Ok)?;
        plain.measured.insert(KNOWING, plain.measured[SLOW]);
        let clean = plain.measured[CLEAN];
        plain.measured.insert(SHARE, share(&plain, clean));
        let mut mended = lot.trial();
        own.measure(&mut mended, &network, &mut mend)?;
        mended.measured.insert(SHARE, share(&mended, clean));
        trials.extend([plain, mended]);
    }
    for trial in &mut trials[..Defence::OF_THE_CNN.len()] {
        let share = share(trial, plain);
        trial.measured.insert(SHARE, share);
    }
    trials[0].network = Some(cnn);
    trials[5].network = Some(mender.generator);
    Ok(Some((trials, examples)))
}

/// The accuracy under the stronger attack as a share of another.
fn share(trial: &Trial, clean: f64) -> f64 {
    trial.measured[FAST].min(trial.measured[SLOW]) / clean.max(f64::MIN_POSITIVE)
}

fn failed(error: Error) -> Failure {
    Failure::network("perturbations", &error)
}

/// What mends pictures.
type Mend<'a> = dyn FnMut(Tensor) -> Result<Tensor, Error> + 'a;

/// The test pictures of a lot as attacks on a network made them.
struct Attacked<'a> {
    lot: &'a Lot,
    descent: Descent,
    fast: Tensor,
    slow: Tensor,
}

impl<'a> Attacked<'a> {
    fn of(work: &Work<'_>, lot: &'a Lot, network: &Network) -> Result<Self, Failure> {
        let descent = Descent {
            epsilon: work.epsilon,
            steps: TESTED_STEPS,
            seed: lot.seed,
            number: 0,
        };
        let attack = || {
            let mut target = Target::of(network)?;
            let (pictures, labels) = (lot.test.inputs(), labels(&lot.test));
            let fast = fgsm(&mut target, pictures, labels, work.epsilon)?;
            let slow = pgd(&mut target, pictures, labels, descent, &mut as_it_is)?;
            Ok((fast, slow))
        };
        let (fast, slow) = attack().map_err(failed)?;
        Ok(Self {
            lot,
            descent,
            fast,
            slow,
        })
    }

    /// What share of the pictures a network names right once they are mended, clean and attacked.
    fn measure(
        &self,
        trial: &mut Trial,
        network: &Network,
        mend: &mut Mend<'_>,
    ) -> Result<(), Failure> {
        for (name, pictures) in [
            (CLEAN, self.lot.test.inputs()),
            (FAST, &self.fast),
            (SLOW, &self.slow),
        ] {
            let mended = mend(pictures.clone()).map_err(failed)?;
            let said = network.predict_classes(&mended).map_err(failed)?;
            let right = share_right(&said, labels(&self.lot.test));
            trial.measured.insert(name, right);
        }
        Ok(())
    }

    /// What share is left by an attacker who takes the gradient where the mender's picture is.
    fn measure_knowing(
        &self,
        trial: &mut Trial,
        network: &Network,
        target: Result<Target, Error>,
        mend: &mut dyn FnMut(&Tensor) -> Result<Tensor, Error>,
    ) -> Result<(), Failure> {
        let (pictures, labels) = (self.lot.test.inputs(), labels(&self.lot.test));
        let attack = || {
            let attacked = pgd(&mut target?, pictures, labels, self.descent, mend)?;
            network.predict_classes(&mend(&attacked)?)
        };
        let said = attack().map_err(failed)?;
        trial.measured.insert(KNOWING, share_right(&said, labels));
        Ok(())
    }

    /// What share is left by an attacker who takes the gradient through mender and network.
    fn measure_knowing_through(
        &self,
        trial: &mut Trial,
        target: Result<Target, Error>,
        says: &mut dyn FnMut(&Tensor) -> Result<Vec<u32>, Error>,
    ) -> Result<(), Failure> {
        let (pictures, labels) = (self.lot.test.inputs(), labels(&self.lot.test));
        let attack = || pgd(&mut target?, pictures, labels, self.descent, &mut as_it_is);
        let attacked = attack().map_err(failed)?;
        let said = says(&attacked).map_err(failed)?;
        trial.measured.insert(KNOWING, share_right(&said, labels));
        Ok(())
    }
}

/// A network of the seminar, trained as the seminar does; nothing if the reader asked to stop.
fn trained(work: &Work<'_>, name: &str, lot: &Lot) -> Result<Option<(Trial, Trainer)>, Failure> {
    let recipe = recipe(name);
    let samples = lot.train.samples();
    let (epochs, batch) = match recipe.training {
        networks::Training::FullBatch { steps } => (work.lots.scaled(steps), samples),
        networks::Training::MiniBatch { batch, epochs } => (work.lots.scaled(epochs), batch),
    };
    let training = work.lots.training(recipe.title, lot, epochs);
    let (shape, seed) = (work.lots.shape(), lot.seed);
    let mut network = recipe
        .build(&shape, samples, seed, work.lots.threads())
        .map_err(failed)?;
    let fitted = {
        let mut watch = Watch::new(&training);
        let fit = Fit::epochs(epochs).batch_size(batch).callback(&mut watch);
        network.fit(&lot.train, fit)
    };
    let mut trial = lot.trial();
    match fitted {
        Err(Error::Diverged { .. }) => trial.diverged = true,
        fitted => drop(fitted.map_err(failed)?),
    }
    if training.stopped() {
        return Ok(None);
    }
    trial.steps = network.steps();
    trial.seconds = training.seconds();
    Ok(Some((trial, network)))
}

/// The CNN, trained on attacked pictures.
fn trained_on_attacks(
    work: &Work<'_>,
    lot: &Lot,
    defence: Defence,
) -> Result<Option<(Trial, Trainer)>, Failure> {
    let epochs = work.lots.scaled(EPOCHS);
    let name = format!("CNN, {}", defence.title());
    let training = work.lots.training(&name, lot, epochs);
    let compile = Compile::new(Adam::new(RATE))
        .metric(Accuracy)
        .seed(lot.seed)
        .threads(work.lots.threads());
    let mut network = recipe(NETWORKS[0])
        .compile(&work.lots.shape(), compile)
        .map_err(failed)?;
    for epoch in 0..epochs {
        if training.stopped() {
            return Ok(None);
        }
        let loss = attacked_epoch(&mut network, work.epsilon, lot, defence, epoch);
        training.at(epoch + 1, format!("loss {:.4}", loss.map_err(failed)?));
    }
    let mut trial = lot.trial();
    trial.steps = network.steps();
    trial.seconds = training.seconds();
    Ok(Some((trial, network)))
}

/// A pass over the training pictures, attacked as the network is then; the last loss.
fn attacked_epoch(
    network: &mut Trainer,
    epsilon: f32,
    lot: &Lot,
    defence: Defence,
    epoch: usize,
) -> Result<f64, Error> {
    let data = &lot.train;
    let order = Random::new(lot.seed, Domain::Shuffle, 1 << 17, epoch as u64);
    let mut target = Target::of(network)?;
    let mut loss = f64::NAN;
    for (number, some) in order.permutation(data.samples()).chunks(BATCH).enumerate() {
        let batch = data.select(some);
        let (pictures, of_class) = (batch.inputs(), labels(&batch));
        let batch = match defence {
            Defence::TrainedSlow => {
                let descent = Descent {
                    epsilon,
                    steps: TRAINED_STEPS,
                    seed: lot.seed,
                    number: (epoch << 16 | number) as u64 + 1,
                };
                let attacked = pgd(&mut target, pictures, of_class, descent, &mut as_it_is)?;
                batch.with_inputs(attacked)?
            }
            _ => {
                let attacked = fgsm(&mut target, pictures, of_class, epsilon)?;
                both(&batch, &attacked)?
            }
        };
        loss = network.train_on_batch(&batch)?.loss;
    }
    Ok(loss)
}

/// The pictures of a batch and others of the same classes.
fn both(batch: &Dataset, others: &Tensor) -> Result<Dataset, Error> {
    let (one, of_class) = (batch.inputs(), labels(batch));
    let Targets::Classes { count, .. } = batch.targets() else {
        return Err(Error::data("pictures without classes"));
    };
    let shape = [&[2 * one.samples()], &one.shape()[1..]].concat();
    let pictures = Tensor::new(shape, [one.data(), others.data()].concat())?;
    Dataset::classes(pictures, [of_class, of_class].concat(), *count)
}

fn defense_gan(work: &Work<'_>, lot: &Lot) -> Result<Option<(Trial, DefenseGan)>, Failure> {
    let training = work
        .lots
        .training("Defense-GAN", lot, work.lots.scaled(GAN_EPOCHS));
    let mut watch = |epoch: &AdversarialEpoch<'_>| {
        let logs = epoch.logs();
        training.at(logs.epoch(), format!("loss {:.3}", logs.loss()));
        Ok(match training.stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    };
    let settings = (lot.seed, work.lots.threads(), work.lots.effort);
    let gan = DefenseGan::learn(lot.train.inputs(), settings, &mut watch).map_err(failed)?;
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = lot.trial();
    trial.seconds = training.seconds();
    Ok(Some((trial, gan)))
}

/// APE-GAN that learnt from both attacks on the training pictures, and from these as they are.
fn learnt_ape_gan(
    work: &Work<'_>,
    lot: &Lot,
    cnn: &Network,
) -> Result<Option<(Trial, Restorer)>, Failure> {
    let epochs = work.lots.scaled(MENDER_EPOCHS);
    let training = work.lots.training("APE-GAN", lot, epochs);
    let (pictures, of_class) = (lot.train.inputs(), labels(&lot.train));
    let pairs = || {
        let mut target = Target::of(cnn)?;
        let descent = Descent {
            epsilon: work.epsilon,
            steps: LEARNT_STEPS,
            seed: lot.seed,
            number: 1 << 20,
        };
        let fast = fgsm(&mut target, pictures, of_class, work.epsilon)?;
        let slow = pgd(&mut target, pictures, of_class, descent, &mut as_it_is)?;
        let shape = [&[3 * pictures.samples()], &pictures.shape()[1..]].concat();
        let spoilt = [pictures.data(), fast.data(), slow.data()].concat();
        let whole = [pictures.data(); 3].concat();
        Ok((
            Tensor::new(shape.clone(), spoilt)?,
            Tensor::new(shape, whole)?,
        ))
    };
    let (spoilt, whole) = pairs().map_err(failed)?;
    let shape = &pictures.shape()[1..];
    let mut mender = ape_gan(shape, lot.seed, work.lots.threads()).map_err(failed)?;
    for number in 0..epochs {
        let stopped = || training.stopped();
        let error = epoch(&mut mender, (&spoilt, &whole), (lot.seed, number), &stopped);
        training.at(number + 1, format!("error {:.5}", error.map_err(failed)?));
        if training.stopped() {
            return Ok(None);
        }
    }
    let mut trial = lot.trial();
    trial.steps = mender.generator.steps();
    trial.seconds = training.seconds();
    Ok(Some((trial, mender)))
}

/// Test pictures, attacked and mended.
struct Examples {
    clean: Tensor,
    fast: Tensor,
    slow: Tensor,
    rows: Vec<(String, Tensor)>,
    /// What the generator of Defense-GAN draws.
    drawn: Option<Tensor>,
}

impl Examples {
    fn of(lot: &Lot, attacked: &Attacked<'_>) -> Self {
        let classes = labels(&lot.test)
            .iter()
            .max()
            .map_or(0, |&most| most as usize + 1);
        let mut chosen = one_of_each(&lot.test, classes.min(8));
        let middle = lot.test.samples() / 2;
        let more: Vec<usize> = chosen
            .iter()
            .map(|place| (place + middle) % lot.test.samples())
            .collect();
        chosen.extend(more);
        Self {
            clean: lot.test.inputs().select(&chosen),
            fast: attacked.fast.select(&chosen),
            slow: attacked.slow.select(&chosen),
            rows: Vec::new(),
            drawn: None,
        }
    }

    fn mended(&mut self, name: &str, mend: &mut Mend<'_>) -> Result<(), Failure> {
        let mended = mend(self.slow.clone()).map_err(failed)?;
        self.rows.push((format!("PGD, {name}"), mended));
        Ok(())
    }

    fn drawn(self, work: &Work<'_>) -> Result<Vec<Markup>, Failure> {
        let width = work.lots.shape().width;
        let row = |name: &str, pictures: &Tensor| (name.to_owned(), grids(pictures, width));
        let mut rows = vec![
            row("Clean", &self.clean),
            row("FGSM", &self.fast),
            row("PGD", &self.slow),
        ];
        rows.extend(self.rows.iter().map(|(name, mended)| row(name, mended)));
        let gallery = Gallery {
            title: "Attacked and mended",
            note: "Test pictures, what the attacks on the CNN made of them, and what each defence makes of PGD's.",
            headings: Vec::new(),
            rows,
        };
        let mut shown = vec![gallery.drawn()?];
        if let Some(drawn) = &self.drawn {
            shown.push(pictures(
                "What the generator of Defense-GAN draws",
                "Of noise. A picture that is mended becomes the nearest of such.",
                &grids(drawn, width),
                12,
            )?);
        }
        Ok(shown)
    }
}
