//! Networks that find out what varies in pictures.

mod drawing;
mod predicting;

use letra_nn::learners::{
    Adversarial, AdversarialTrainer, Autoencoder, AutoencoderTrainer, Information, Noise,
    dcgan_discriminator, dcgan_generator,
};
use letra_nn::prelude::*;
use letra_nn::schedules::OneCycle;
use maud::{Markup, html};

use self::drawing::{CHARACTERS, Drawer, FACTORS, Glyphs, SIDE};
use self::predicting::{Predicted, purity};
use super::showing::{drawn, signed};
use super::watching::PairWatch;
use super::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, grids};
use crate::lab::tasks::lots::{self, Lot};
use crate::lab::tasks::{Part, Training, Watch, measured};
use crate::report::numbers::{percent, thousands};
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "factors",
    title: "What varies in a glyph",
    about: "Glyphs of five characters are drawn with any weight, slant, size and width, each independent of the others, \
            and no network is told of these. InfoGAN (Chen et al. 2016) has codes beside its noise, one of five \
            values and four that are numbers, and must draw so that they can be read off its glyphs; a variational \
            autoencoder has ten numbers a glyph, once by itself and once with its codes held to be independent four \
            times as strongly (β-VAE, Higgins et al. 2017). Of test glyphs, how much of the variance of each \
            factor does the one code tell that tells most of it, by a straight line? And by how much more than the \
            second: only codes with a lead have a factor to themselves.",
    run,
};

/// Glyphs to learn, to test, and in a batch.
const TRAIN: usize = 5000;
const TEST: usize = 1000;
const BATCH: usize = 64;

/// Numbers of InfoGAN's noise besides codes, its filters, units of the head, and what the term counts.
const NOISE: usize = 16;
const FILTERS: usize = 24;
const HIDDEN: usize = 64;
const WEIGHT: f32 = 1.0;
const STEPS: usize = 2000;
const RATES: [f64; 2] = [1e-3, 3e-4];

/// Numbers of an autoencoder's code, units of its layers, and what a β-VAE's divergence counts.
const CODE: usize = 10;
const UNITS: [usize; 2] = [400, 200];
const BETA: f32 = 4.0;
const EPOCHS: usize = 30;
const RATE: f64 = 0.002;

/// Values of a code that is moved.
const MOVED: usize = 11;
/// How far codes of an autoencoder are moved, in deviations.
const FAR: f32 = 2.0;

/// The share of a factor's variance from which on a code is called by it.
const TELLING: f64 = 0.2;

const LEAD: &str = "lead";
const PURITY: &str = "characters_apart";

/// The networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    InfoGan,
    Variational,
    Independent,
}

impl Kind {
    const ALL: [Self; 3] = [Self::InfoGan, Self::Variational, Self::Independent];

    fn name(self) -> &'static str {
        match self {
            Self::InfoGan => "infogan",
            Self::Variational => "vae",
            Self::Independent => "beta-vae",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::InfoGan => "InfoGAN",
            Self::Variational => "VAE",
            Self::Independent => "β-VAE",
        }
    }

    fn about(self, work: &lots::Work<'_>) -> String {
        let [first, second] = UNITS;
        let autoencoder = format!(
            "{first} and {second} rectifiers on both sides of a code of {CODE}; {} epochs of Adam, batches of {BATCH}.",
            work.scaled(EPOCHS)
        );
        match self {
            Self::InfoGan => format!(
                "A DCGAN of {FILTERS} filters, {NOISE} numbers of noise; {} steps of Adam, batches of {BATCH}.",
                thousands(work.scaled(STEPS) as u64)
            ),
            Self::Variational => autoencoder,
            Self::Independent => format!("The same with β = {BETA}. {autoencoder}"),
        }
    }
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let work = &work.lots;
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let drawer = Drawer::new()?;
    let mut shown = Vec::new();
    let trials = work.each(|lot| {
        let Some((trials, drawn)) = all(work, lot, &drawer)? else {
            return Ok(None);
        };
        if shown.is_empty() {
            shown = drawn;
        }
        Ok(Some(trials))
    })?;
    let Some(trials) = trials else {
        return Ok(part);
    };
    for (kind, trials) in Kind::ALL.into_iter().zip(trials) {
        let name = format!("{}-{}", TASK.name, kind.name());
        part.rows
            .push(Row::new(name, kind.title(), kind.about(work), trials));
    }
    part.findings = findings(&part.rows);
    part.shown = shown;
    Ok(part)
}

fn columns() -> Vec<Column> {
    let share = |name, heading, figure| Column {
        name,
        heading,
        figure,
        show: percent,
    };
    vec![
        share(FACTORS[0], "Weight", |trial| measured(trial, FACTORS[0])),
        share(FACTORS[1], "Slant", |trial| measured(trial, FACTORS[1])),
        share(FACTORS[2], "Size", |trial| measured(trial, FACTORS[2])),
        share(FACTORS[3], "Width", |trial| measured(trial, FACTORS[3])),
        share(LEAD, "Lead over the second code", |trial| {
            measured(trial, LEAD)
        }),
        share(PURITY, "Characters told apart", |trial| {
            measured(trial, PURITY)
        }),
    ]
}

fn findings(rows: &[Row]) -> Vec<String> {
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let row = |kind: Kind| named(rows, &format!("{}-{}", TASK.name, kind.name()));
    let mut findings = Vec::new();
    if let Some(row) = row(Kind::InfoGan) {
        let best = FACTORS.map(|factor| (factor, mean(row, factor)));
        let (factor, share) = best
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or(("", f64::NAN));
        findings.push(format!(
            "Nobody told InfoGAN what varies: one of its codes tells {} of the variance of the {factor}, and its choice of \
             five tells the five characters apart in {} of the test glyphs (by chance 20 to 25%).",
            percent(share),
            percent(mean(row, PURITY)),
        ));
    }
    let known = |row: &&Row| mean(row, LEAD).is_finite();
    let lead = |row: &Row| mean(row, LEAD);
    if let Some(best) = rows
        .iter()
        .filter(known)
        .max_by(|a, b| lead(a).total_cmp(&lead(b)))
    {
        findings.push(format!(
            "Factors have codes most to themselves in {}: the best code of each is ahead of the second by {}.",
            best.title,
            percent(lead(best))
        ));
    }
    findings
}

/// A trial of each network, and what is to be seen.
type Outcome = (Vec<Trial>, Vec<Markup>);

/// All of it from one seed; nothing if the reader asked to stop.
fn all(work: &lots::Work<'_>, lot: &Lot, drawer: &Drawer) -> Result<Option<Outcome>, Failure> {
    let failed = |error: Error| Failure::network("the glyphs", &error);
    let count = |usual: usize| work.scaled(usual).clamp(2 * BATCH, usual);
    let train = drawer.draw(count(TRAIN), lot.seed, 0).map_err(failed)?;
    let test = drawer.draw(count(TEST), lot.seed, 1).map_err(failed)?;
    let some: Vec<usize> = (0..2 * MOVED).collect();
    let given = Gallery {
        title: "Glyphs that are learnt",
        note: "Weight, slant, size and width are drawn by chance.",
        headings: Vec::new(),
        rows: grids(&train.pictures.select(&some), SIDE)
            .chunks(MOVED)
            .map(|row| (String::new(), row.to_vec()))
            .collect(),
    };
    let (mut trials, mut shown) = (Vec::new(), vec![given.drawn()?]);
    for kind in Kind::ALL {
        let done = match kind {
            Kind::InfoGan => infogan(work, lot, &train, &test)?,
            _ => variational(work, lot, kind, &train, &test)?,
        };
        let Some((trial, drawn)) = done else {
            return Ok(None);
        };
        trials.push(trial);
        shown.extend(drawn);
    }
    Ok(Some((trials, shown)))
}

fn codes() -> Information {
    Information::new()
        .categorical(CHARACTERS.len())
        .continuous(FACTORS.len())
        .hidden(HIDDEN)
        .weight(WEIGHT)
}

fn infogan(
    work: &lots::Work<'_>,
    lot: &Lot,
    train: &Glyphs,
    test: &Glyphs,
) -> Result<Option<(Trial, Vec<Markup>)>, Failure> {
    let kind = Kind::InfoGan;
    let failed = |error: Error| Failure::network(kind.title(), &error);
    let compile = |rate: f64| {
        Compile::new(Adam::new(rate).betas(0.5, 0.999))
            .seed(lot.seed)
            .threads(work.threads())
    };
    let generator = dcgan_generator(NOISE + codes().values(), FILTERS, 1);
    let pair = Adversarial::new(generator, dcgan_discriminator(FILTERS, 1));
    let mut pair = pair
        .noise(Noise::Uniform)
        .information(codes())
        .average(0.995)
        .compile(compile(RATES[0]), compile(RATES[1]))
        .map_err(failed)?;
    let steps = work.scaled(STEPS);
    let training = work.training(kind.title(), lot, steps);
    let data = Dataset::unlabelled(signed(&train.pictures)).map_err(failed)?;
    let noise = pair.noise(1, lot.seed);
    let mut watch = PairWatch::new(&training, steps, noise, Vec::new());
    let ended = watch.teach(&mut pair, &data, BATCH)?;
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = finished(lot, &training, pair.taken_steps()[1]);
    trial.diverged = !ended;
    let Some(said) = pair.information().filter(|_| ended) else {
        return Ok(Some((trial, Vec::new())));
    };
    let said = said.predict(&signed(&test.pictures)).map_err(failed)?;
    let characters = CHARACTERS.len();
    let likeliest = |sample: usize| {
        let logits = said.sample(sample)[..characters].iter().enumerate();
        logits
            .max_by(|a, b| a.1.total_cmp(b.1))
            .map_or(0, |(category, _)| category)
    };
    let categories: Vec<usize> = (0..said.samples()).map(likeliest).collect();
    trial.measured.insert(PURITY, purity(&categories, test));
    let numbers = (0..said.samples()).flat_map(|sample| &said.sample(sample)[characters..]);
    let numbers = Tensor::new([said.samples(), FACTORS.len()], numbers.copied().collect());
    let predicted = Predicted::of(&numbers.map_err(failed)?, test);
    enter(&mut trial, &predicted);
    let moved = moved_codes(&pair, &predicted, lot.seed).map_err(failed)?;
    Ok(Some((trial, vec![moved.drawn()?, told(kind, &predicted)])))
}

fn finished(lot: &Lot, training: &Training<'_>, steps: u64) -> Trial {
    Trial {
        steps,
        seconds: training.seconds(),
        ..lot.trial()
    }
}

fn enter(trial: &mut Trial, predicted: &Predicted) {
    for (factor, name) in FACTORS.into_iter().enumerate() {
        trial.measured.insert(name, predicted.best(factor).1);
    }
    trial.measured.insert(LEAD, predicted.lead());
}

/// What a code is called, by the factor that it tells best of all codes, if it tells something of it.
fn code_name(predicted: &Predicted, code: usize) -> String {
    let tells = (0..FACTORS.len()).filter(|&factor| {
        let (best, share) = predicted.best(factor);
        best == code && share >= TELLING
    });
    let tells: Vec<&str> = tells.map(|factor| FACTORS[factor]).collect();
    match tells.is_empty() {
        true => format!("code {}", code + 1),
        false => format!("code {} ({})", code + 1, tells.join(", ")),
    }
}

/// The same noise, with one code moved from end to end in each row.
fn moved_codes(
    pair: &AdversarialTrainer,
    predicted: &Predicted,
    seed: u64,
) -> Result<Gallery<'static>, Error> {
    let (characters, numbers) = (CHARACTERS.len(), FACTORS.len());
    let (rows, values) = (characters + numbers * 2, NOISE + codes().values());
    let start = pair.noise(1, seed);
    let mut noise = Tensor::zeros([rows * MOVED, values]);
    let mut names = Vec::new();
    for (row, block) in noise
        .data_mut()
        .chunks_exact_mut(MOVED * values)
        .enumerate()
    {
        // The numbers first, each with two categories, then all categories along a slant of all.
        let (category, number) = match row.checked_sub(2 * numbers) {
            None => (row % 2 * 2, Some(row / 2)),
            Some(category) => (category, None),
        };
        names.push(match number {
            Some(number) => code_name(predicted, number),
            None => format!("value {} of the choice", category + 1),
        });
        for (column, noise) in block.chunks_exact_mut(values).enumerate() {
            let (free, codes) = noise.split_at_mut(NOISE);
            free.copy_from_slice(&start.data()[..NOISE]);
            codes[category] = 1.0;
            let place = 2.0 * column as f32 / (MOVED - 1) as f32 - 1.0;
            match number {
                Some(number) => codes[characters + number] = place,
                // Other noise instead, the same in all of these rows.
                None => {
                    let other = pair.noise(MOVED, seed);
                    free.copy_from_slice(&other.sample(column)[..NOISE]);
                    let drawn = &other.sample(column)[NOISE + characters..];
                    codes[characters..].copy_from_slice(drawn);
                }
            }
        }
    }
    let pictures = drawn(&pair.generate(&noise, &[])?, SIDE);
    Ok(Gallery {
        title: "InfoGAN: one code moved at a time",
        note: "In a row, all noise and all other codes stay; in brackets, the factor that the code tells best. Below, each \
               value of the choice with the same columns of other codes and noise.",
        headings: Vec::new(),
        rows: rows_of(names, &pictures),
    })
}

fn rows_of(names: Vec<String>, pictures: &[Grid]) -> Vec<(String, Vec<Grid>)> {
    let rows = names.into_iter().zip(pictures.chunks(MOVED));
    rows.map(|(name, row)| (name, row.to_vec())).collect()
}

/// How much of each factor each code tells.
fn told(kind: Kind, predicted: &Predicted) -> Markup {
    let codes = predicted.shares[0].len();
    html! {
        figure.card {
            figcaption { (kind.title()) ": how much of each factor each code tells" }
            div.scroll {
                table.result {
                    thead {
                        tr {
                            th scope="col" {}
                            @for code in 1..=codes { th.number scope="col" { (code) } }
                        }
                    }
                    tbody {
                        @for (factor, shares) in FACTORS.iter().zip(&predicted.shares) {
                            tr {
                                th scope="row" { (factor) }
                                @for share in shares {
                                    td.number style=(format!("background: rgb(206 56 40 / {:.2})", 0.7 * share)) {
                                        (format!("{:.0}", 100.0 * share))
                                    }
                                }
                            }
                        }
                    }
                }
            }
            p.note { "Per cent of the variance, by a straight line." }
        }
    }
}

fn variational(
    work: &lots::Work<'_>,
    lot: &Lot,
    kind: Kind,
    train: &Glyphs,
    test: &Glyphs,
) -> Result<Option<(Trial, Vec<Markup>)>, Failure> {
    let failed = |error: Error| Failure::network(kind.title(), &error);
    let epochs = work.scaled(EPOCHS);
    let data = Dataset::unlabelled(train.pictures.clone()).map_err(failed)?;
    let steps = data.samples().div_ceil(BATCH) * epochs;
    let compile = Compile::new(Adam::new(OneCycle::new(RATE, steps as u64)))
        .loss(BinaryCrossEntropy::from_logits())
        .seed(lot.seed)
        .threads(work.threads());
    let [first, second] = UNITS;
    let encoder = Sequential::new([SIDE, SIDE, 1])
        .add(Flatten)
        .add(Dense::new(first).relu())
        .add(Dense::new(second).relu())
        .add(Dense::new(2 * CODE));
    let decoder = Sequential::new([CODE])
        .add(Dense::new(second).relu())
        .add(Dense::new(first).relu())
        .add(Dense::new(SIDE * SIDE))
        .add(Reshape::new([SIDE, SIDE, 1]));
    let autoencoder = Autoencoder::new(encoder, decoder);
    let autoencoder = match kind {
        Kind::Independent => autoencoder.variational_by(BETA / (SIDE * SIDE) as f32),
        _ => autoencoder.variational(),
    };
    let mut autoencoder = autoencoder.compile(compile).map_err(failed)?;
    let training = work.training(kind.title(), lot, epochs);
    let fitted = {
        let mut watch = Watch::new(&training);
        let fit = Fit::epochs(epochs).batch_size(BATCH).callback(&mut watch);
        autoencoder.fit(&data, fit)
    };
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = finished(lot, &training, autoencoder.steps());
    match fitted {
        Err(Error::Diverged { .. }) => {
            trial.diverged = true;
            return Ok(Some((trial, Vec::new())));
        }
        fitted => drop(fitted.map_err(failed)?),
    }
    let [means, _] = autoencoder.moments(&test.pictures).map_err(failed)?;
    let predicted = Predicted::of(&means, test);
    enter(&mut trial, &predicted);
    let moved = moved_means(kind, &autoencoder, &predicted, test).map_err(failed)?;
    Ok(Some((trial, vec![moved, told(kind, &predicted)])))
}

/// A glyph's code, with the number moved in each row that tells a factor best.
fn moved_means(
    kind: Kind,
    autoencoder: &AutoencoderTrainer,
    predicted: &Predicted,
    test: &Glyphs,
) -> Result<Markup, Error> {
    let [start, _] = autoencoder.moments(&test.pictures.select(&[0]))?;
    let mut moved: Vec<usize> = (0..FACTORS.len())
        .map(|factor| predicted.best(factor).0)
        .collect();
    moved.sort_unstable();
    moved.dedup();
    let mut codes = Tensor::zeros([moved.len() * MOVED, CODE]);
    for (place, code) in codes.data_mut().chunks_exact_mut(CODE).enumerate() {
        code.copy_from_slice(start.data());
        let share = 2.0 * (place % MOVED) as f32 / (MOVED - 1) as f32 - 1.0;
        code[moved[place / MOVED]] = FAR * share;
    }
    let pictures = grids(&autoencoder.decoder().predict(&codes)?, SIDE);
    let names = moved.iter().map(|&code| code_name(predicted, code));
    let gallery = Gallery {
        title: &format!("{}: one code moved at a time", kind.title()),
        note: "The code of a test glyph, of which one number is moved from −2 to 2; those that tell a factor best.",
        headings: Vec::new(),
        rows: rows_of(names.collect(), &pictures),
    };
    gallery
        .drawn()
        .map_err(|failure| Error::data(failure.to_string()))
}
