//! Characters: words invented after a list of words, or a text written on.

mod corpus;
mod writing;

use letra_nn::decoding::{LanguageModel, NGram};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_nn::schedules::OneCycle;
use maud::{Markup, html};

pub(super) use self::corpus::Corpus;
use self::corpus::Kind;
use self::writing::{TEMPERATURES, Writer};
use super::cell::Cell;
use super::work::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::Training;
use crate::lab::tasks::{Part, measured, plot};
use crate::report::curves::{CurvePoint, Scale, Score};

/// The task.
pub(super) const TASK: Task = Task {
    name: "characters",
    title: "Characters, one after the other",
    about: "A network reads a word or a text character by character and says what comes next. Measured are the bits \
            that a character takes, the end of a word being one, on a tenth that was kept back: the mean of \
            −log₂ of the probability that the network gave it. Then it writes: what it says is drawn and becomes \
            its next input. The lower the temperature, by which its logits are divided, the more it keeps to \
            what is probable.",
    run,
};

const VECTOR: usize = 32;
const UNITS: usize = 128;
const DROPOUT: f32 = 0.2;
const BATCH: usize = 32;
const RATE: f64 = 0.005;

/// Steps of a training, and between two looks at the loss.
const STEPS_ON_WORDS: usize = 1000;

const STEPS_ON_TEXT: usize = 1500;
const BETWEEN: usize = 20;

const BITS: &str = "bits_per_character";

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![Column {
            name: BITS,
            heading: "Bits a character",
            figure: |trial| measured(trial, BITS),
            show: |bits| format!("{bits:.3}"),
        }],
        ..Part::default()
    };
    for corpus in &work.corpora {
        let first = part.rows.len();
        let mut samples = Vec::new();
        let seed = work.experiment.arguments.seed;
        let chain = work
            .experiment
            .each([seed], |seed| n_gram(corpus, seed).map(Some))?;
        let Some(chain) = chain else { break };
        let order = corpus.order();
        let about = format!(
            "What came after the last {} characters, counted and smoothed.",
            order - 1
        );
        part.rows.push(row(
            corpus,
            "n-gram",
            &format!("{order}-gram"),
            &about,
            chain,
        ));
        for cell in Cell::ALL {
            let mut written = None;
            let seeds = work.experiment.seeds.clone();
            let trials = work.experiment.each(seeds, |seed| {
                let Some((trial, text)) = trial(work, corpus, cell, seed)? else {
                    return Ok(None);
                };
                written.get_or_insert(text);
                Ok(Some(trial))
            })?;
            let Some(trials) = trials else { break };
            let about = format!(
                "Characters as vectors of {VECTOR}, {UNITS} units, dropout, and a softmax over {} characters.",
                corpus.classes()
            );
            part.rows
                .push(row(corpus, cell.name(), cell.title(), &about, trials));
            samples.extend(written.map(|text| (cell, text)));
        }
        part.findings.push(corpus.in_words());
        part.findings.extend(finding(corpus, &part.rows[first..]));
        part.shown.push(curves(corpus, &part.rows[first..])?);
        part.shown
            .extend(samples.iter().map(|(cell, text)| card(corpus, *cell, text)));
    }
    Ok(part)
}

fn row(corpus: &Corpus, name: &str, title: &str, about: &str, trials: Vec<Trial>) -> Row {
    let name = format!("{}-{}-{name}", TASK.name, corpus.name());
    Row::new(name, format!("{title}, {}", corpus.title()), about, trials)
}

fn bits(row: &Row) -> Option<f64> {
    row.spread(|trial| measured(trial, BITS))
        .map(|spread| spread.mean)
}

fn finding(corpus: &Corpus, rows: &[Row]) -> Option<String> {
    let best = (rows.iter().filter(|row| !row.name.ends_with("n-gram")))
        .filter_map(|row| Some((row, bits(row)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let chain = named(rows, &format!("{}-{}-n-gram", TASK.name, corpus.name()));
    let against = chain.and_then(bits).map_or(String::new(), |bits| {
        format!(
            ", where counting {} characters in a row gives {bits:.2}",
            corpus.order()
        )
    });
    Some(format!(
        "{} takes {:.2} bits a character{against}.",
        best.0.title, best.1
    ))
}

fn curves(corpus: &Corpus, rows: &[Row]) -> Result<Markup, Failure> {
    let lines = rows
        .iter()
        .filter(|row| row.trials.iter().any(|trial| !trial.curve.is_empty()));
    let lines = lines.map(|row| {
        let points = row.curve().into_iter();
        let points = points.map(|point| (point.step as f64, point.train.loss));
        (row.title.clone(), points.collect())
    });
    let title = format!(
        "Bits a character while learning {}, over steps",
        corpus.title()
    );
    plot(&title, Scale::Loss, lines.collect())
}

/// What a network wrote.
fn card(corpus: &Corpus, cell: Cell, text: &Written) -> Markup {
    html! {
        figure.card {
            figcaption { (cell.title()) ", " (corpus.title()) }
            @if let Some(before) = &text.before { p.note { "After “…" (before) "”:" } }
            @for (temperature, text) in TEMPERATURES.iter().zip(&text.texts) {
                p { span.count { "Temperature " (temperature) ": " } (text) }
            }
        }
    }
}

/// What a network wrote, at each temperature.
struct Written {
    /// What it wrote on from.
    before: Option<String>,
    texts: Vec<String>,
}

/// What counting says of the characters that were kept back.
fn n_gram(corpus: &Corpus, seed: u64) -> Result<Trial, Failure> {
    let failed = |error: Error| Failure::network("counting characters", &error);
    let start = std::time::Instant::now();
    let model = NGram::new(corpus.order(), corpus.classes(), &corpus.learnt()).map_err(failed)?;
    let mut trial = Trial::of_seed(seed);
    trial.seconds = start.elapsed().as_secs_f64();
    let (mut sum, mut count) = (0.0, 0);
    for text in corpus.kept_back() {
        for (place, &label) in text.iter().enumerate() {
            sum += model.log_probability(&text[..place], label);
        }
        count += text.len();
        if corpus.kind() == Kind::Words {
            sum += model.end_log_probability(text);
            count += 1;
        }
    }
    let nats = -sum / f64::from(u32::try_from(count).unwrap_or(u32::MAX)).max(1.0);
    trial.measured.insert(BITS, nats / std::f64::consts::LN_2);
    Ok(trial)
}

/// Trains a network, measures it and lets it write; nothing if the reader asked to stop.
fn trial(
    work: &Work<'_>,
    corpus: &Corpus,
    cell: Cell,
    seed: u64,
) -> Result<Option<(Trial, Written)>, Failure> {
    let usual = match corpus.kind() {
        Kind::Words => STEPS_ON_WORDS,
        Kind::Text => STEPS_ON_TEXT,
    };
    let steps = work.scaled(usual);
    let name = format!("Characters, {}, {}", cell.title(), corpus.title());
    let failed = |error: Error| Failure::network(&name, &error);
    let mut training = work.training(&name, seed, steps);
    let optimizer = Adam::new(OneCycle::new(RATE, steps as u64));
    let compile = work.compile(optimizer, seed).global_clip_norm(1.0);
    let network =
        Sequential::sequences([corpus.steps()]).add(Embedding::new(corpus.classes(), VECTOR));
    let mut network = cell
        .every(network.add(Dropout::new(DROPOUT)), UNITS)
        .add(Dropout::new(DROPOUT))
        .add(Dense::new(corpus.classes()))
        .compile(compile)
        .map_err(failed)?;
    let mut trial = Trial::of_seed(seed);
    let mut sum = 0.0;
    for step in 1..=steps {
        let random = Random::new(seed, Domain::Shuffle, 1, step as u64);
        let batch = corpus.batch(&random, BATCH).map_err(failed)?;
        let loss = training.step(&mut network, &batch)?;
        if training.stopped() {
            return Ok(None);
        }
        if loss.is_nan() {
            trial.diverged = true;
            break;
        }
        sum += loss / std::f64::consts::LN_2;
        if step % BETWEEN == 0 || step == steps {
            let mean = sum / ((step - 1) % BETWEEN + 1) as f64;
            sum = 0.0;
            trial.curve.push(point(&training, step, mean));
            training.at(step, format!("{mean:.3} bits"));
        }
    }
    trial.steps = network.steps();
    trial.seconds = training.seconds();
    let measured = training.apart(|_| corpus.bits(&network)).map_err(failed)?;
    trial.measured.insert(BITS, measured);
    let written = training
        .apart(|training| write(training, corpus, &network, seed))
        .map_err(failed)?;
    let Some(written) = written else {
        return Ok(None);
    };
    trial.network = (!trial.diverged).then_some(network);
    Ok(Some((trial, written)))
}

fn point(training: &Training<'_>, step: usize, bits: f64) -> CurvePoint {
    CurvePoint {
        step: step as u64,
        seconds: training.seconds(),
        train: Score {
            loss: bits,
            ..Score::UNKNOWN
        },
        test: Score::UNKNOWN,
    }
}

/// What the network writes at each temperature; nothing if the reader asked to stop.
fn write(
    training: &Training<'_>,
    corpus: &Corpus,
    network: &Trainer,
    seed: u64,
) -> Result<Option<Written>, Error> {
    let mut texts = Vec::new();
    for (number, temperature) in TEMPERATURES.into_iter().enumerate() {
        let random = Random::new(seed, Domain::Shuffle, 2 + number, 0);
        let writer = Writer {
            corpus,
            network,
            temperature,
            random,
        };
        let text = match corpus.kind() {
            Kind::Words => writer.words()?.join(", "),
            Kind::Text => writer.text(|| training.stopped())?,
        };
        if training.stopped() {
            return Ok(None);
        }
        texts.push(text);
    }
    let before = (corpus.kind() == Kind::Text).then(|| corpus.spelled(&corpus.prompt()));
    Ok(Some(Written { before, texts }))
}
