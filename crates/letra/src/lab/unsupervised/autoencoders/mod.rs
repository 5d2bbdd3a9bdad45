//! Autoencoders: what they give back, what they mend, and maps of typefaces.

mod kind;

use letra_nn::learners::{AutoencoderTrainer, BeliefNetwork, ContrastiveDivergence, RbmFit};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_nn::schedules::OneCycle;
use maud::Markup;

use self::kind::{DEEP, Kind, NOISE, machines};
use super::Task;
use super::rbm::spread;
use super::watching::RbmWatch;
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, grids, map, pictures};
use crate::lab::tasks::lots::{Lot, Work, labels, squared_error};
use crate::lab::tasks::{Part, Training, Watch, measured};
use crate::report::numbers::percent;
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "autoencoders",
    title: "Autoencoders",
    about: "Networks that are to give back what goes in, and what keeps each from copying it: a small code, a code that \
            is seldom active, noise, a code that hardly moves, a code with a distribution. Errors are mean \
            squares over pixels of test pictures, with ink from 0 to 1: of what comes back, and of what comes back of \
            pictures with noise, black or white in the place of 20 % of the pixels, against the pictures as they were. How much of the \
            typeface the code knows, a linear classifier on it says.",
    run,
};

const BATCH: usize = 64;
const EPOCHS: usize = 30;
const RATE: f64 = 0.003;

/// Of the machines that pre-train.
const MACHINE_EPOCHS: usize = 15;
const MACHINE_BATCH: usize = 20;
const MACHINE_RATE: f32 = 0.1;
const MACHINE_MOMENTUM: f32 = 0.5;

/// Of the linear classifier.
const LINEAR_EPOCHS: usize = 60;
const LINEAR_RATE: f64 = 0.01;

/// Pictures on each side of the sheet that a variational decoder draws, and how far out it goes, in deviations.
const SHEET: usize = 12;
const FAR: f32 = 2.0;

const CODE: &str = "code";
const ERROR: &str = "reconstruction_error";
const MENDED: &str = "mended_error";
const NOISY: &str = "error_before_mending";
const LINEAR: &str = "linear_test_accuracy";

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let mut examples: Option<Examples> = None;
    let mut maps = Vec::new();
    for kind in Kind::ALL {
        let mut drawn = None;
        let trials = work.each(|lot| {
            let Some((trial, autoencoder)) = trial(work, kind, lot)? else {
                return Ok(None);
            };
            if drawn.is_none() {
                let failed = |error: Error| Failure::network(kind.title(), &error);
                let examples = examples.get_or_insert(Examples::of(lot).map_err(failed)?);
                examples.add(work, kind, &autoencoder).map_err(failed)?;
                drawn = Some(mapped(work, kind, lot, &autoencoder)?);
            }
            Ok(Some(vec![trial]))
        })?;
        let Some(mut trials) = trials else { break };
        let name = format!("{}-{}", TASK.name, kind.name());
        let about = format!(
            "{} {} epochs of Adam, batches of {BATCH}.",
            kind.about(),
            work.scaled(EPOCHS)
        );
        part.rows
            .push(Row::new(name, kind.title(), about, trials.remove(0)));
        maps.extend(drawn.into_iter().flatten());
    }
    if let Some(examples) = examples {
        part.shown = examples.drawn(work.shape().width)?;
    }
    part.shown.extend(maps);
    part.findings = findings(&part.rows);
    Ok(part)
}

fn columns() -> Vec<Column> {
    let error = |name, heading, figure| Column {
        name,
        heading,
        figure,
        show: |error| format!("{error:.4}"),
    };
    vec![
        Column {
            name: CODE,
            heading: "Numbers of the code",
            figure: |trial| measured(trial, CODE),
            show: |count| format!("{count:.0}"),
        },
        error(ERROR, "Error", |trial| measured(trial, ERROR)),
        error(MENDED, "Error after mending", |trial| {
            measured(trial, MENDED)
        }),
        error(NOISY, "Before mending", |trial| measured(trial, NOISY)),
        Column {
            name: LINEAR,
            heading: "Linear classifier on the code, test",
            figure: |trial| measured(trial, LINEAR),
            show: percent,
        },
    ]
}

fn findings(rows: &[Row]) -> Vec<String> {
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let row = |kind: Kind| named(rows, &format!("{}-{}", TASK.name, kind.name()));
    let mut findings = Vec::new();
    if let Some(denoising) = row(Kind::Denoising) {
        findings.push(format!(
            "Of the squared error that noise makes, the denoiser leaves {}.",
            percent(mean(denoising, MENDED) / mean(denoising, NOISY))
        ));
    }
    let known = |row: &&Row| mean(row, LINEAR).is_finite();
    if let Some(best) = rows
        .iter()
        .filter(known)
        .max_by(|a, b| mean(a, LINEAR).total_cmp(&mean(b, LINEAR)))
    {
        findings.push(format!(
            "A linear classifier names most of the test pictures right, {}, by the code of the autoencoder called {}.",
            percent(mean(best, LINEAR)),
            best.title
        ));
    }
    if let (Some(deep), Some(pretrained)) = (row(Kind::Deep), row(Kind::DeepPretrained)) {
        findings.push(format!(
            "The deep autoencoder has an error of {:.4} from random weights and of {:.4} from those of Boltzmann machines.",
            mean(deep, ERROR),
            mean(pretrained, ERROR)
        ));
    }
    findings
}

/// Trains an autoencoder; nothing if the reader asked to stop.
fn trial(
    work: &Work<'_>,
    kind: Kind,
    lot: &Lot,
) -> Result<Option<(Trial, AutoencoderTrainer)>, Failure> {
    let name = format!("Autoencoder, {}", kind.title());
    let failed = |error: Error| Failure::network(&name, &error);
    let epochs = work.scaled(EPOCHS);
    let before = match kind {
        Kind::DeepPretrained => work.scaled(MACHINE_EPOCHS) * DEEP.len(),
        _ => 0,
    };
    let mut training = work.training(&name, lot, before + epochs);
    let belief = match kind {
        Kind::DeepPretrained => Some(pretrained(work, lot, &mut training).map_err(failed)?),
        _ => None,
    };
    if training.stopped() {
        return Ok(None);
    }
    let machines: Vec<_> = (belief.iter())
        .flat_map(|belief| {
            (0..belief.directed_layers())
                .map(|layer| belief.generative(layer))
                .chain([belief.top()])
        })
        .collect();
    let steps = lot.train.samples().div_ceil(BATCH) * epochs;
    let compile = Compile::new(Adam::new(OneCycle::new(RATE, steps as u64)))
        .loss(BinaryCrossEntropy::from_logits())
        .seed(lot.seed)
        .threads(work.threads());
    let autoencoder = kind.build(work.shape(), &machines, lot.seed);
    let mut autoencoder = autoencoder
        .and_then(|autoencoder| autoencoder.compile(compile))
        .map_err(failed)?;
    let fitted = {
        let mut watch = Watch::new(&training);
        let fit = Fit::epochs(epochs).batch_size(BATCH).callback(&mut watch);
        autoencoder.fit(&lot.train, fit)
    };
    let mut trial = lot.trial();
    match fitted {
        Err(Error::Diverged { .. }) => trial.diverged = true,
        fitted => drop(fitted.map_err(failed)?),
    }
    if training.stopped() {
        return Ok(None);
    }
    trial.steps = autoencoder.steps();
    trial.seconds = training.seconds();
    if !trial.diverged {
        let clean = lot.test.inputs();
        let noisy = with_noise(clean, lot.seed);
        let back = |pictures: &Tensor| autoencoder.predict(pictures);
        trial.measured.extend([
            (
                CODE,
                autoencoder
                    .encoder()
                    .output_shape()
                    .iter()
                    .product::<usize>() as f64,
            ),
            (ERROR, squared_error(&back(clean).map_err(failed)?, clean)),
            (MENDED, squared_error(&back(&noisy).map_err(failed)?, clean)),
            (NOISY, squared_error(&noisy, clean)),
            (
                LINEAR,
                linear(work, lot, autoencoder.encoder()).map_err(failed)?,
            ),
        ]);
    }
    Ok(Some((trial, autoencoder)))
}

/// The machines of the deep autoencoder.
fn pretrained(
    work: &Work<'_>,
    lot: &Lot,
    training: &mut Training<'_>,
) -> Result<BeliefNetwork, Error> {
    let settings = ContrastiveDivergence::new(MACHINE_RATE)
        .momentum(MACHINE_MOMENTUM)
        .seed(lot.seed)
        .threads(work.threads());
    let mut watch = RbmWatch::new(training);
    let fit = RbmFit::epochs(work.scaled(MACHINE_EPOCHS))
        .batch_size(MACHINE_BATCH)
        .callback(&mut watch);
    machines(work.shape().pixels()).pretrain(&lot.train, &[settings], fit)
}

/// What share of the test pictures a linear classifier names right by their codes.
fn linear(work: &Work<'_>, lot: &Lot, encoder: &Network) -> Result<f64, Error> {
    let codes = |data: &Dataset| data.clone().with_inputs(encoder.predict(data.inputs())?);
    let (train, test) = (codes(&lot.train)?, codes(&lot.test)?);
    let epochs = work.scaled(LINEAR_EPOCHS);
    let steps = train.samples().div_ceil(BATCH) * epochs;
    let compile = Compile::new(Adam::new(OneCycle::new(LINEAR_RATE, steps as u64)));
    let mut classifier = Sequential::new([train.inputs().sample_values()])
        .add(Dense::new(work.shape().classes))
        .compile(
            compile
                .metric(Accuracy)
                .seed(lot.seed)
                .threads(work.threads()),
        )?;
    classifier.fit(&train, Fit::epochs(epochs).batch_size(BATCH))?;
    Ok(classifier
        .evaluate(&test)?
        .metric("accuracy")
        .unwrap_or(f64::NAN))
}

/// The pictures with black or white in the place of some of the pixels.
fn with_noise(pictures: &Tensor, seed: u64) -> Tensor {
    let random = Random::new(seed, Domain::Data, 0, 0);
    let (mut noisy, values) = (pictures.clone(), pictures.sample_values());
    for (sample, picture) in noisy.data_mut().chunks_exact_mut(values.max(1)).enumerate() {
        for (ink, drawn) in picture.iter_mut().zip(random.uniform(sample, values)) {
            if drawn < NOISE {
                *ink = f32::from(u8::from(drawn < NOISE / 2.0));
            }
        }
    }
    noisy
}

/// Test pictures and what each autoencoder makes of them.
struct Examples {
    clean: Tensor,
    noisy: Tensor,
    back: Vec<(String, Vec<Grid>)>,
    mended: Vec<(String, Vec<Grid>)>,
}

impl Examples {
    fn of(lot: &Lot) -> Result<Self, Error> {
        let clean = lot.test.inputs().select(&spread(lot.test.samples()));
        let noisy = with_noise(&clean, lot.seed);
        Ok(Self {
            clean,
            noisy,
            back: Vec::new(),
            mended: Vec::new(),
        })
    }

    fn add(
        &mut self,
        work: &Work<'_>,
        kind: Kind,
        autoencoder: &AutoencoderTrainer,
    ) -> Result<(), Error> {
        let of = |pictures: &Tensor| -> Result<_, Error> {
            let back = autoencoder.predict(pictures)?;
            Ok((kind.title().to_owned(), grids(&back, work.shape().width)))
        };
        self.back.push(of(&self.clean)?);
        if !kind.has_a_map() {
            self.mended.push(of(&self.noisy)?);
        }
        Ok(())
    }

    fn drawn(self, width: usize) -> Result<Vec<Markup>, Failure> {
        let row = |name: &str, pictures: &Tensor| (name.to_owned(), grids(pictures, width));
        let back = Gallery {
            title: "What comes back",
            note: "Test pictures, and what each autoencoder gives back.",
            headings: Vec::new(),
            rows: [vec![row("Test pictures", &self.clean)], self.back].concat(),
        };
        let clean = row("As they were", &self.clean);
        let mended = Gallery {
            title: "What is mended",
            note: "Test pictures with black or white in the place of 20 % of the pixels. Only the denoiser has learnt to mend.",
            headings: Vec::new(),
            rows: [vec![row("Before", &self.noisy)], self.mended, vec![clean]].concat(),
        };
        Ok(vec![back.drawn()?, mended.drawn()?])
    }
}

/// The codes of test pictures as a map; of a variational autoencoder, also what its decoder draws.
fn mapped(
    work: &Work<'_>,
    kind: Kind,
    lot: &Lot,
    autoencoder: &AutoencoderTrainer,
) -> Result<Vec<Markup>, Failure> {
    if !kind.has_a_map() {
        return Ok(Vec::new());
    }
    let failed = |error: Error| Failure::network(kind.title(), &error);
    let names = work.class_names();
    let codes = autoencoder
        .encoder()
        .predict(lot.test.inputs())
        .map_err(failed)?;
    let title = format!("{}: a map of the test pictures", kind.title());
    let note = "A place is the two numbers of the code; nobody has told the network what the colours stand for.";
    let mut shown = vec![map(&title, note, &codes, labels(&lot.test), &names)];
    if kind == Kind::Variational {
        let place = |place: usize| FAR * (2.0 * place as f32 / (SHEET - 1) as f32 - 1.0);
        let codes = (0..SHEET * SHEET).flat_map(|cell| [place(cell % SHEET), -place(cell / SHEET)]);
        let codes = Tensor::new([SHEET * SHEET, 2], codes.collect()).map_err(failed)?;
        let drawn = autoencoder.decoder().predict(&codes).map_err(failed)?;
        shown.push(pictures(
            "Variational: what the decoder draws",
            "Of codes from −2 to 2 deviations on both axes.",
            &grids(&drawn, work.shape().width),
            SHEET,
        )?);
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_pixels_are_noise_as_should_be() {
        let grey = Tensor::new([20, 500], vec![0.5; 10_000]).unwrap();
        let noisy = with_noise(&grey, 1);
        for noise in [0.0, 1.0] {
            let count = noisy.data().iter().filter(|ink| **ink == noise).count();
            assert!((900..1_100).contains(&count), "{count}");
        }
        assert_ne!(noisy, with_noise(&grey, 2));
        assert_eq!(
            noisy.sample(1),
            with_noise(&grey.select(&[0, 1]), 1).sample(1)
        );
    }
}
