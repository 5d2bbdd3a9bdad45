//! Worn text made clean.

use letra_nn::learners::{Autoencoder, Corruption};
use letra_nn::prelude::*;
use letra_nn::schedules::OneCycle;
use letra_type::{Distortions, Font, LINE_HEIGHT, LineSampler, TextLine, WINDOW_WIDTH, Workbench};
use maud::Markup;

use super::restoring::examiner::{Examiner, Question, mean};
use super::restoring::ink::{Ink, Levels};
use super::restoring::quality::{psnr, ssim};
use super::restoring::residual::{from_channels, judge, residual, to_channels};
use super::restoring::text::fonts;
use super::restoring::{Restorer, figure_column};
use super::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::Gallery;
use crate::lab::tasks::{Part, Training, Watch, measured};
use crate::report::numbers::percent;
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "denoising",
    title: "Denoising",
    about: "Lines of text are drawn worn, as screenshots, scans and photographs wear them, with capitals of 8 to 32 pixels, and once more clean; \
            both in the form in which letra reads lines, their letters 20 pixels high. Networks clean the worn ones: a denoising autoencoder that \
            saw clean lines and noise alone, and the residual network of super-resolution, which learnt from worn and clean \
            lines, first pixel by pixel and then under a judge. PSNR and SSIM are of ink beside the clean line; what counts is how often \
            the first family that letra identify names is right, and what share of the characters letra read reads.",
    run,
};

/// Where worn text comes from, and its share among what is learnt.
const ORIGINS: [&str; 3] = ["screenshots", "scans", "photographs"];
const FAMILY: [&str; 3] = ["family_screenshots", "family_scans", "family_photographs"];
const CHARACTERS: [&str; 3] = [
    "characters_screenshots",
    "characters_scans",
    "characters_photographs",
];
const PSNR: &str = "psnr";
const SSIM: &str = "ssim";
const CAPITALS: (f32, f32) = (8.0, 32.0);

/// Of the trainings.
const STEPS: usize = 1500;
const JUDGED_STEPS: usize = 400;
const BATCH: usize = 8;
const RATE: f64 = 2e-3;
const JUDGED_RATE: f64 = 2e-4;
const WEIGHTS: [f32; 2] = [1.0, 1e-3];

/// Of the autoencoder.
const CLEAN_LINES: usize = 1024;
const EPOCHS: usize = 12;
const CLEAN_BATCH: usize = 32;
const CLEAN_RATE: f64 = 3e-3;
const NOISE: f32 = 0.25;

/// Pixels of a line that is learnt, and of one that is tested.
const LEARNT: usize = WINDOW_WIDTH;
const TESTED: usize = 3 * WINDOW_WIDTH;

/// Pixels of a square whose pixels are channels.
const FACTOR: usize = 2;

/// Ground around a line that is tested.
const AROUND: usize = 12;

/// Row of a line's baseline, and the height of its letters, in the form in which it is read.
const BASELINE: f32 = 29.0;
const LETTERS: f32 = 20.0;

/// What is done with a worn line: a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Worn,
    Autoencoder,
    Content,
    Judged,
    Clean,
}

impl Method {
    const ALL: [Self; 5] = [
        Self::Worn,
        Self::Autoencoder,
        Self::Content,
        Self::Judged,
        Self::Clean,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Worn => "worn",
            Self::Autoencoder => "autoencoder",
            Self::Content => "residual",
            Self::Judged => "adversarial",
            Self::Clean => "clean",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Worn => "As it is",
            Self::Autoencoder => "Denoising autoencoder",
            Self::Content => "Residual network",
            Self::Judged => "The same, judged",
            Self::Clean => "Drawn clean",
        }
    }

    fn about(self) -> String {
        match self {
            Self::Worn => "The worn line, levelled as letra does before it reads.".into(),
            Self::Autoencoder => format!(
                "Two convolutions of stride 2 and two transposed ones; it gives clean lines back that normal noise of {NOISE} was added to \
                 (Vincent and others 2010)."
            ),
            Self::Content => {
                "Four residual blocks of 24 filters at half the resolution; the mean squared error."
                    .into()
            }
            Self::Judged => {
                "Trained further under a network that tells cleaned lines from clean ones.".into()
            }
            Self::Clean => "What nothing has worn: the best that cleaning could give.".into(),
        }
    }
}

fn columns() -> Vec<Column> {
    vec![
        figure_column!(PSNR, "PSNR", |decibels| format!("{decibels:.2}")),
        figure_column!(SSIM, "SSIM", |similarity| format!("{similarity:.3}")),
        figure_column!(FAMILY[0], "Family, screenshots", percent),
        figure_column!(FAMILY[1], "scans", percent),
        figure_column!(FAMILY[2], "photographs", percent),
        figure_column!(CHARACTERS[0], "Characters, screenshots", percent),
        figure_column!(CHARACTERS[1], "scans", percent),
        figure_column!(CHARACTERS[2], "photographs", percent),
    ]
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let (examiner, known) = Examiner::of(&fonts(&work.fonts)?)?;
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let mut shown = Vec::new();
    let seeds = work.lots.experiment.seeds.clone();
    let trials = work.lots.each_of(seeds, |seed| {
        let Some(cleaners) = Cleaners::learn(work, &known, seed)? else {
            return Ok(None);
        };
        let tests = tests(&known, work.lines, seed)?;
        if shown.is_empty() {
            shown = examples(&tests, &cleaners)?;
        }
        trials(work, &examiner, &tests, cleaners, seed)
    })?;
    let Some(trials) = trials else {
        return Ok(part);
    };
    for (method, trials) in Method::ALL.into_iter().zip(trials) {
        let name = format!("{}-{}", TASK.name, method.name());
        part.rows
            .push(Row::new(name, method.title(), method.about(), trials));
    }
    part.findings = findings(&part.rows, work.lines);
    part.shown = shown;
    Ok(part)
}

fn findings(rows: &[Row], count: usize) -> Vec<String> {
    let mean = |row: &Row, names: [&str; 3]| {
        let of = |name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
        names.map(of).iter().sum::<f64>() / 3.0
    };
    let row = |method: Method| named(rows, &format!("{}-{}", TASK.name, method.name()));
    let mut findings = vec![format!("{count} lines of each origin.")];
    let Some(worn) = row(Method::Worn) else {
        return findings;
    };
    for (method, called) in [
        (Method::Autoencoder, "the autoencoder"),
        (Method::Content, "the residual network"),
        (Method::Judged, "the judged one"),
    ] {
        if let Some(row) = row(method) {
            let change = |names| 100.0 * (mean(row, names) - mean(worn, names));
            findings.push(format!(
                "After {called}, beside the worn lines: right families {:+.1} points, characters {:+.1} points.",
                change(FAMILY),
                change(CHARACTERS)
            ));
        }
    }
    findings
}

fn failed(error: Error) -> Failure {
    Failure::network("denoising", &error)
}

/// A sampler of lines of one origin, or of all as they usually come.
fn sampler(fonts: &[Font], origin: Option<usize>) -> Result<LineSampler, Failure> {
    let usual = Distortions {
        cap_height: CAPITALS,
        ..Distortions::default()
    };
    let distortions = match origin {
        None => usual,
        Some(origin) => {
            let mut origins = [0.0; 3];
            origins[origin] = 1.0;
            Distortions { origins, ..usual }
        }
    };
    Ok(LineSampler::new(fonts, distortions)?)
}

/// Grey levels as shares of ink.
fn ink(levels: &[u8]) -> Vec<f32> {
    levels
        .iter()
        .map(|&level| f32::from(255 - level) / 255.0)
        .collect()
}

/// Pairs of worn and clean lines with squares as channels.
fn batch(
    sampler: &LineSampler,
    bench: &mut Workbench,
    seed: u64,
    step: usize,
) -> Result<(Tensor, Tensor), Error> {
    let (mut worn, mut clean) = (Vec::new(), Vec::new());
    let mut strips = [(); 2].map(|()| vec![0; LINE_HEIGHT * LEARNT]);
    let mut text = String::new();
    for sample in 0..BATCH {
        let [one, other] = &mut strips;
        let index = (step * BATCH + sample) as u64;
        sampler.draw_pair(seed, index, bench, [one, other], &mut text);
        worn.extend(to_channels(&ink(one), LEARNT, FACTOR));
        clean.extend(to_channels(&ink(other), LEARNT, FACTOR));
    }
    let shape = [
        BATCH,
        LINE_HEIGHT / FACTOR,
        LEARNT / FACTOR,
        FACTOR * FACTOR,
    ];
    Ok((Tensor::new(shape, worn)?, Tensor::new(shape, clean)?))
}

/// What cleans lines.
struct Cleaners {
    encoder: Network,
    decoder: Network,
    content: Trainer,
    judged: Trainer,
    /// Steps and seconds of each.
    taken: [(u64, f64); 3],
}

impl Cleaners {
    /// Trains all; nothing if the reader asked to stop.
    fn learn(work: &Work<'_>, fonts: &[Font], seed: u64) -> Result<Option<Self>, Failure> {
        let sampler = sampler(fonts, None)?;
        let Some((encoder, decoder, first)) = autoencoder(work, &sampler, seed)? else {
            return Ok(None);
        };
        let steps = [STEPS, JUDGED_STEPS].map(|steps| work.lots.scaled(steps));
        let [height, width] = [LINE_HEIGHT / FACTOR, LEARNT / FACTOR];
        let channels = FACTOR * FACTOR;
        let network = |rate: f64, steps: usize| {
            let compile = Compile::new(Adam::new(OneCycle::new(rate, steps as u64)))
                .loss(MeanSquaredError)
                .seed(seed)
                .threads(work.lots.threads());
            residual([height, width], channels, channels).compile(compile)
        };
        let mut restorer = Restorer::of_content(network(RATE, steps[0]).map_err(failed)?);
        let Some(second) = trained(
            work,
            &mut restorer,
            &sampler,
            Method::Content,
            (steps[0], seed),
        )?
        else {
            return Ok(None);
        };
        let content = restorer.generator;
        let judged = network(JUDGED_RATE, steps[1]).map_err(failed)?;
        judged.take_parameters(&content).map_err(failed)?;
        let judge = judge([height, width, channels]).compile(
            Compile::new(Adam::new(JUDGED_RATE).betas(0.5, 0.999))
                .loss(BinaryCrossEntropy::from_logits())
                .seed(seed)
                .threads(work.lots.threads()),
        );
        let mut restorer = Restorer::judged(judged, judge.map_err(failed)?, WEIGHTS);
        let after = (steps[1], seed ^ 0x6a75_6467_6564);
        let Some(third) = trained(work, &mut restorer, &sampler, Method::Judged, after)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            encoder,
            decoder,
            content,
            judged: restorer.generator,
            taken: [first, second, third],
        }))
    }

    /// A worn line, cleaned: shares of ink in rows of [`TESTED`].
    fn cleaned(&self, tested: &Tested, method: Method) -> Result<Vec<f32>, Failure> {
        let clean = |network: &Network| -> Result<Vec<f32>, Error> {
            let shape = [LINE_HEIGHT / FACTOR, TESTED / FACTOR, FACTOR * FACTOR];
            let values = to_channels(&tested.worn, TESTED, FACTOR);
            let worn = Tensor::new([&[1], &shape[..]].concat(), values)?;
            let cleaned = network.with_input_shape(shape)?.predict(&worn)?;
            Ok(from_channels(cleaned.data(), TESTED, FACTOR))
        };
        let through = || -> Result<Vec<f32>, Error> {
            let encoder = self.encoder.with_input_shape([LINE_HEIGHT, TESTED, 1])?;
            let codes = encoder.predict(&Tensor::new(
                [1, LINE_HEIGHT, TESTED, 1],
                tested.worn.clone(),
            )?)?;
            let decoder = self.decoder.with_input_shape(codes.shape()[1..].to_vec())?;
            Ok(decoder.predict(&codes)?.into_data())
        };
        let cleaned = match method {
            Method::Worn => Ok(tested.worn.clone()),
            Method::Clean => Ok(tested.clean.clone()),
            Method::Autoencoder => through(),
            Method::Content => clean(&self.content),
            Method::Judged => clean(&self.judged),
        };
        cleaned.map_err(failed)
    }
}

/// Encoder and decoder, and the steps and seconds that they took.
type Coders = (Network, Network, (u64, f64));

/// The denoising autoencoder of clean lines.
fn autoencoder(
    work: &Work<'_>,
    sampler: &LineSampler,
    seed: u64,
) -> Result<Option<Coders>, Failure> {
    let epochs = work.lots.scaled(EPOCHS);
    let count = work
        .lots
        .scaled(CLEAN_LINES)
        .clamp(CLEAN_BATCH, CLEAN_LINES);
    let mut clean = Vec::new();
    let (mut bench, mut text) = (Workbench::default(), String::new());
    let mut strips = [(); 2].map(|()| vec![0; LINE_HEIGHT * LEARNT]);
    for index in 0..count {
        let [one, other] = &mut strips;
        sampler.draw_pair(seed, index as u64, &mut bench, [one, other], &mut text);
        clean.extend(ink(other));
    }
    let encoder = Sequential::new([LINE_HEIGHT, LEARNT, 1])
        .add(Conv2d::new(16, 3).same().stride(2).relu())
        .add(Conv2d::new(32, 3).same().stride(2).relu());
    let decoder = Sequential::new([LINE_HEIGHT / 4, LEARNT / 4, 32])
        .add(Conv2dTranspose::new(16, 4).same().stride(2).relu())
        .add(Conv2dTranspose::new(1, 4).same().stride(2));
    let steps = count.div_ceil(CLEAN_BATCH) * epochs;
    let compile = Compile::new(Adam::new(OneCycle::new(CLEAN_RATE, steps as u64)))
        .loss(MeanSquaredError)
        .seed(seed)
        .threads(work.lots.threads());
    let training = Training::new(
        work.lots.experiment,
        Method::Autoencoder.title(),
        "",
        epochs,
    );
    let learn = || {
        let data = Dataset::unlabelled(Tensor::new([count, LINE_HEIGHT, LEARNT, 1], clean)?)?;
        let mut autoencoder = Autoencoder::new(encoder, decoder)
            .corruption(Corruption::Gaussian(NOISE))
            .compile(compile)?;
        let mut watch = Watch::new(&training);
        let fit = Fit::epochs(epochs).batch_size(CLEAN_BATCH);
        autoencoder.fit(&data, fit.callback(&mut watch))?;
        let steps = autoencoder.steps();
        Ok((
            autoencoder.encoder().clone(),
            autoencoder.decoder().clone(),
            steps,
        ))
    };
    let (encoder, decoder, steps) = learn().map_err(failed)?;
    Ok(match training.stopped() {
        true => None,
        false => Some((encoder, decoder, (steps, training.seconds()))),
    })
}

/// Trains on pairs that are drawn; steps and seconds, or nothing if the reader asked to stop.
fn trained(
    work: &Work<'_>,
    restorer: &mut Restorer,
    sampler: &LineSampler,
    method: Method,
    (steps, seed): (usize, u64),
) -> Result<Option<(u64, f64)>, Failure> {
    let training = Training::new(work.lots.experiment, method.title(), "", steps);
    let mut bench = Workbench::default();
    for step in 0..steps {
        if training.stopped() {
            return Ok(None);
        }
        let error = batch(sampler, &mut bench, seed, step)
            .and_then(|(worn, clean)| restorer.step(&worn, &clean))
            .map_err(failed)?;
        if step % 20 == 0 {
            training.at(step, format!("error {error:.5}"));
        }
    }
    Ok(Some((restorer.generator.steps(), training.seconds())))
}

/// A line that is tested, worn and clean: shares of ink in rows of [`TESTED`].
struct Tested {
    family: String,
    text: String,
    origin: usize,
    worn: Vec<f32>,
    clean: Vec<f32>,
    /// Columns that its ink begins and ends at.
    columns: [usize; 2],
}

fn tests(fonts: &[Font], count: usize, seed: u64) -> Result<Vec<Tested>, Failure> {
    let mut tests = Vec::new();
    let mut bench = Workbench::default();
    for origin in 0..ORIGINS.len() {
        let sampler = sampler(fonts, Some(origin))?;
        for index in 0..count as u64 {
            let mut strips = [(); 2].map(|()| vec![0; LINE_HEIGHT * TESTED]);
            let mut text = String::new();
            let [worn, clean] = &mut strips;
            let seed = seed ^ 0x7465_7374;
            let face = sampler.draw_pair(seed, index, &mut bench, [worn, clean], &mut text);
            let [worn, clean] = strips.map(|strip| ink(&strip));
            tests.push(Tested {
                family: sampler.fonts()[face].family().into(),
                text,
                origin,
                columns: inked(&clean),
                worn,
                clean,
            });
        }
    }
    Ok(tests)
}

/// The columns that have ink between the height of capitals and the baseline.
fn inked(clean: &[f32]) -> [usize; 2] {
    let rows = (BASELINE - LETTERS) as usize..BASELINE as usize;
    let inked = |column: &usize| rows.clone().any(|row| clean[row * TESTED + column] > 0.5);
    let first = (0..TESTED).find(inked).unwrap_or(0);
    let last = (0..TESTED).rev().find(inked).unwrap_or(TESTED - 1);
    [first, last + 1]
}

impl Tested {
    /// A line of this form as a picture with ground around it, and where the line is in it.
    fn question(&self, ink: Vec<f32>) -> Result<Question, Failure> {
        let ink = Ink {
            width: TESTED,
            values: ink,
        };
        let (width, height) = (TESTED + 2 * AROUND, LINE_HEIGHT + 2 * AROUND);
        let mut values = vec![0.0; width * height];
        for (row, line) in ink.values.chunks_exact(TESTED).enumerate() {
            values[(row + AROUND) * width + AROUND..][..TESTED].copy_from_slice(line);
        }
        let around = Ink { width, values };
        let [first, last] = self.columns;
        Ok(Question {
            picture: around.picture(Levels {
                ink: 0.0,
                ground: 255.0,
            })?,
            family: self.family.clone(),
            text: self.text.clone(),
            place: Some(TextLine {
                left: (AROUND + first) as f32,
                baseline: AROUND as f32 + BASELINE,
                width: (last - first) as f32,
                slope: 0.0,
                lean: 0.0,
                letter_height: LETTERS,
                x_height: 0.7 * LETTERS,
                light_on_dark: false,
                letters: self.text.chars().count(),
            }),
        })
    }
}

/// A trial for each method.
fn trials(
    work: &Work<'_>,
    examiner: &Examiner,
    tests: &[Tested],
    by: Cleaners,
    seed: u64,
) -> Result<Option<Vec<Trial>>, Failure> {
    let mut trials = Vec::new();
    let training = Training::new(
        work.lots.experiment,
        "Naming and reading",
        "",
        Method::ALL.len(),
    );
    for (number, method) in Method::ALL.into_iter().enumerate() {
        if training.stopped() {
            return Ok(None);
        }
        let (mut questions, mut ratio, mut similar) = (Vec::new(), 0.0, 0.0);
        for tested in tests {
            let cleaned = by.cleaned(tested, method)?;
            ratio += psnr(&cleaned, &tested.clean) / tests.len() as f64;
            similar +=
                ssim(&cleaned, &tested.clean, TESTED).unwrap_or(f64::NAN) / tests.len() as f64;
            questions.push(tested.question(cleaned)?);
        }
        let understood = examiner.ask(&questions, work.lots.threads())?;
        let mut trial = Trial::of_seed(seed);
        for origin in 0..ORIGINS.len() {
            let of_origin = tests.iter().zip(&understood);
            let of_origin = of_origin.filter(|(tested, _)| tested.origin == origin);
            let mean = mean(&of_origin.map(|(_, one)| *one).collect::<Vec<_>>());
            trial.measured.insert(FAMILY[origin], mean.family);
            trial.measured.insert(CHARACTERS[origin], mean.characters);
        }
        if method != Method::Clean {
            trial.measured.insert(PSNR, ratio);
            trial.measured.insert(SSIM, similar);
        }
        trials.push(trial);
        training.at(number + 1, method.title());
    }
    for (trial, (steps, seconds)) in trials[1..].iter_mut().zip(by.taken) {
        (trial.steps, trial.seconds) = (steps, seconds);
    }
    trials[2].network = Some(by.content);
    trials[3].network = Some(by.judged);
    Ok(Some(trials))
}

/// Lines of the test of each origin, each way.
fn examples(tests: &[Tested], by: &Cleaners) -> Result<Vec<Markup>, Failure> {
    let mut shown = Vec::new();
    for (origin, name) in ORIGINS.into_iter().enumerate() {
        let of_origin = |tested: &&Tested| tested.origin == origin;
        // Not the shortest of the first lines.
        let some = tests.iter().filter(of_origin).take(12);
        let Some(tested) = some.max_by_key(|tested| tested.columns[1] - tested.columns[0]) else {
            continue;
        };
        let mut rows = Vec::new();
        for method in Method::ALL {
            let values = by.cleaned(tested, method)?;
            let values = values
                .into_iter()
                .map(|share| share.clamp(0.0, 1.0))
                .collect();
            rows.push((method.title().to_owned(), vec![Grid::new(TESTED, values)]));
        }
        let title = format!("A line of the {name}");
        let gallery = Gallery {
            title: &title,
            note: "As letra sees it: its letters 20 pixels high, dark on light.",
            headings: Vec::new(),
            rows,
        };
        shown.push(gallery.drawn()?);
    }
    Ok(shown)
}
