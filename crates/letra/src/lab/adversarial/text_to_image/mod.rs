//! Words drawn as they are told.

mod networks;
mod reading;
mod words;

use letra_nn::learners::{Adversarial, AdversarialObjective, AdversarialTrainer, Reconstruction};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_nn::schedules::{OneCycle, PolynomialDecay};
use maud::Markup;

use self::networks::{EMBEDDING, HEADS, NOISE, READER};
use self::reading::{Measured, Readers};
use self::words::{Asked, DrawnWords, WIDTH, Words};
use super::showing::{between, drawn, ink};
use super::watching::PairWatch;
use super::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, grids};
use crate::lab::tasks::lots::{self, Lot};
use crate::lab::tasks::{Part, Watch, measured};
use crate::report::numbers::{percent, thousands};

/// The task.
pub(super) const TASK: Task = Task {
    name: "text-to-image",
    title: "From text to picture",
    about: "A word of three to six letters and the name of one of five faces go in; a picture of the word comes out. An \
            embedding and an LSTM read the letters, every four columns of the picture ask by attention what stands there, and \
            transposed convolutions draw. The generator learns from words of five languages and from letters by chance, \
            first by the squared error alone, as SRGAN's does (Ledig et al. 2017), then also from a discriminator that is \
            told the same. What it draws of words that it was never trained on is given to letra's own reader, beside \
            drawings by the fonts themselves; the face is named by letra's recogniser, to which the five are \
            enrolled, and by a network that has learnt the five from such pictures.",
    run,
};

const BATCH: usize = 32;

/// Steps by the error alone, and with a discriminator.
const STEPS: usize = 7000;
const PAIR_STEPS: usize = 800;
const RATE: f64 = 0.003;
const PAIR_RATES: [f64; 2] = [2e-4, 2e-4];

/// What the squared error counts beside the discriminator's score.
const RECONSTRUCTION: f32 = 100.0;

/// Of the judge.
const JUDGE_STEPS: usize = 300;
const JUDGE_RATE: f64 = 0.004;

/// Steps of what is called an epoch.
const EPOCH: usize = 50;

/// Words that are tested, each in all faces, and words that are shown.
const TESTED: usize = 60;
const SHOWN: usize = 6;

/// Pictures on the way from one face to another.
const WAY: usize = 8;

const CHARACTERS: &str = "characters_read";
const WORDS: &str = "words_read";
const RECOGNISED: &str = "face_recognised";
const JUDGED: &str = "face_judged";

/// The rows of the table.
const ROWS: [[&str; 2]; 3] = [
    ["fonts", "Drawn by the fonts"],
    ["error", "Generator, squared error alone"],
    ["adversarial", "Generator and discriminator"],
];

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let work = &work.lots;
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let words = Words::new()?;
    let mut shown = Vec::new();
    let trials = work.each(|lot| {
        let Some((trials, drawn)) = all(work, lot, &words)? else {
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
    for ([name, title], trials) in ROWS.into_iter().zip(trials) {
        let about = about(work, name);
        let name = format!("{}-{name}", TASK.name);
        part.rows.push(Row::new(name, title, about, trials));
    }
    part.findings = findings(&part.rows, tested(work));
    part.shown = shown;
    Ok(part)
}

fn about(work: &lots::Work<'_>, name: &str) -> String {
    let [heads, values] = HEADS;
    match name {
        "error" => format!(
            "Embedding of {EMBEDDING} values, an LSTM of {READER} units, attention of {heads} heads of {values}, three transposed \
             convolutions. {} steps of Adam by the squared \
             error, batches of {BATCH}.",
            thousands(work.scaled(STEPS) as u64)
        ),
        "adversarial" => format!(
            "The same generator, {} steps more, by least squares (Mao et al. 2017) and {RECONSTRUCTION} times the squared \
             error; a discriminator of three convolutions that is told word and face by a projection.",
            thousands(work.scaled(PAIR_STEPS) as u64)
        ),
        _ => String::new(),
    }
}

fn columns() -> Vec<Column> {
    let share = |name, heading, figure| Column {
        name,
        heading,
        figure,
        show: percent,
    };
    vec![
        share(CHARACTERS, "Characters read right", |trial| {
            measured(trial, CHARACTERS)
        }),
        share(WORDS, "Words read right", |trial| measured(trial, WORDS)),
        share(RECOGNISED, "Face, by the recogniser", |trial| {
            measured(trial, RECOGNISED)
        }),
        share(JUDGED, "Face, by a judge of the five", |trial| {
            measured(trial, JUDGED)
        }),
    ]
}

fn findings(rows: &[Row], count: usize) -> Vec<String> {
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let row = |name: &str| named(rows, &format!("{}-{name}", TASK.name));
    let (Some(fonts), Some(error), Some(pair)) = (row("fonts"), row("error"), row("adversarial"))
    else {
        return Vec::new();
    };
    vec![
        format!(
            "Of {count} words that were never trained on, letra reads {} of the characters that the generator draws after \
             the error alone and {} after the discriminator had its say; of those that the fonts draw, {}.",
            percent(mean(error, CHARACTERS)),
            percent(mean(pair, CHARACTERS)),
            percent(mean(fonts, CHARACTERS)),
        ),
        format!(
            "The recogniser names {} of the generator's faces right and {} of the fonts'; the judge, {} and {}.",
            percent(mean(pair, RECOGNISED)),
            percent(mean(fonts, RECOGNISED)),
            percent(mean(pair, JUDGED)),
            percent(mean(fonts, JUDGED)),
        ),
    ]
}

/// How many words are tested.
fn tested(work: &lots::Work<'_>) -> usize {
    work.scaled(TESTED).clamp(2, TESTED)
}

/// A trial of each row, and what is to be seen.
type Outcome = (Vec<Trial>, Vec<Markup>);

/// All of it from one seed; nothing if the reader asked to stop.
fn all(work: &lots::Work<'_>, lot: &Lot, words: &Words) -> Result<Option<Outcome>, Failure> {
    let failed = |error: Error| Failure::network("text to picture", &error);
    let Some(judge) = judge(work, lot, words)? else {
        return Ok(None);
    };
    let readers = Readers::new(words, judge)?;
    let asked = words.to_test(tested(work));
    let real = words.drawn(&asked)?;
    let mut fonts = lot.trial();
    enter(&mut fonts, &readers.measure(&real, &asked)?);

    let Some((mut error, generator)) = by_error(work, lot, words)? else {
        return Ok(None);
    };
    let conditions = words.conditions(&asked).map_err(failed)?;
    let random = Random::new(lot.seed, Domain::Sampling, 0, 0);
    let noise = Tensor::new([asked.len(), NOISE], random.normal(0, asked.len() * NOISE));
    let noise = noise.map_err(failed)?;
    let [letters, faces] = &conditions;
    let plain = generator
        .predict(&[noise.clone(), letters.clone(), faces.clone()])
        .map_err(failed)?;
    enter(&mut error, &readers.measure(&ink(&plain), &asked)?);

    let Some((mut pair_trial, pair)) = by_pair(work, lot, words, generator)? else {
        return Ok(None);
    };
    let generated = pair.generate(&noise, &conditions).map_err(failed)?;
    enter(&mut pair_trial, &readers.measure(&ink(&generated), &asked)?);
    let shown = shown(
        words,
        &asked,
        [&real, &ink(&plain), &ink(&generated)],
        &pair,
    )?;
    Ok(Some((vec![fonts, error, pair_trial], shown)))
}

fn enter(trial: &mut Trial, measured: &Measured) {
    trial.measured.extend([
        (CHARACTERS, measured.characters),
        (WORDS, measured.words),
        (RECOGNISED, measured.recognised),
        (JUDGED, measured.judged),
    ]);
}

/// Epochs of so many steps, and steps of each, that are about as many steps as are asked for.
fn epochs(steps: usize) -> [usize; 2] {
    let each = EPOCH.min(steps);
    [steps / each, each]
}

/// A network that names the five faces.
fn judge(work: &lots::Work<'_>, lot: &Lot, words: &Words) -> Result<Option<Trainer>, Failure> {
    let failed = |error: Error| Failure::network("the judge", &error);
    let steps = work.scaled(JUDGE_STEPS);
    let count = steps * BATCH;
    let random = Random::new(lot.seed, Domain::Data, 1, 0);
    let asked: Vec<Asked> = (0..count)
        .map(|sample| words.asked(&random, sample))
        .collect();
    let faces = asked.iter().map(|asked| asked.face as u32).collect();
    let count = words.faces().len();
    let data = Dataset::classes(words.drawn(&asked)?, faces, count).map_err(failed)?;
    let compile = Compile::new(Adam::new(OneCycle::new(JUDGE_RATE, steps as u64)))
        .seed(lot.seed)
        .threads(work.threads());
    let mut judge = networks::judge(count).compile(compile).map_err(failed)?;
    let training = work.training("The judge of faces", lot, 1);
    {
        let mut watch = Watch::new(&training);
        let fit = Fit::epochs(1).batch_size(BATCH).callback(&mut watch);
        judge.fit(&data, fit).map_err(failed)?;
    }
    Ok((!training.stopped()).then_some(judge))
}

/// A generator that learns by the error alone; nothing if the reader asked to stop.
fn by_error(
    work: &lots::Work<'_>,
    lot: &Lot,
    words: &Words,
) -> Result<Option<(Trial, Network)>, Failure> {
    let title = ROWS[1][1];
    let failed = |error: Error| Failure::network(title, &error);
    let [epochs, each] = epochs(work.scaled(STEPS));
    let compile = Compile::new(Adam::new(OneCycle::new(RATE, (epochs * each) as u64)))
        .loss(MeanSquaredError)
        .global_clip_norm(1.0)
        .seed(lot.seed)
        .threads(work.threads());
    let generator = networks::generator(words.faces().len());
    let mut generator = generator.compile(compile).map_err(failed)?;
    let training = work.training(title, lot, epochs);
    let mut source = DrawnWords::for_a_generator(words, lot.seed, BATCH, each, NOISE);
    {
        let mut watch = Watch::new(&training);
        let fit = Fit::epochs(epochs).callback(&mut watch);
        generator.fit(&mut source, fit).map_err(failed)?;
    }
    if training.stopped() {
        return Ok(None);
    }
    let trial = Trial {
        steps: generator.steps(),
        seconds: training.seconds(),
        ..lot.trial()
    };
    Ok(Some((trial, generator.into_network())))
}

/// The same generator, taught by a discriminator, too; nothing if the reader asked to stop.
fn by_pair(
    work: &lots::Work<'_>,
    lot: &Lot,
    words: &Words,
    generator: Network,
) -> Result<Option<(Trial, AdversarialTrainer)>, Failure> {
    let title = ROWS[2][1];
    let failed = |error: Error| Failure::network(title, &error);
    let steps = work.scaled(PAIR_STEPS);
    let compile = |rate: f64| {
        let falling = PolynomialDecay::new(rate, steps as u64);
        Compile::new(Adam::new(falling).betas(0.5, 0.999))
            .seed(lot.seed)
            .threads(work.threads())
    };
    let discriminator = networks::discriminator(words.faces().len());
    let mut pair = Adversarial::new(generator, discriminator)
        .objective(AdversarialObjective::LeastSquares)
        .reconstruction(Reconstruction::Squared, RECONSTRUCTION)
        .average(0.99)
        .compile(compile(PAIR_RATES[0]), compile(PAIR_RATES[1]))
        .map_err(failed)?;
    let training = work.training(title, lot, steps);
    let seen = words.to_test(1);
    let conditions = words.conditions(&seen).map_err(failed)?;
    let noise = pair.noise(seen.len(), lot.seed);
    let mut watch = PairWatch::new(&training, steps, noise, conditions.to_vec());
    let mut source = DrawnWords::for_a_pair(words, lot.seed, BATCH, EPOCH);
    let ended = watch.teach_from(&mut pair, &mut source)?;
    if training.stopped() {
        return Ok(None);
    }
    let trial = Trial {
        steps: pair.taken_steps()[1],
        seconds: training.seconds(),
        diverged: !ended,
        ..lot.trial()
    };
    Ok(Some((trial, pair)))
}

/// Words of the test as they are and as they are drawn, and what lies between two faces.
fn shown(
    words: &Words,
    asked: &[Asked],
    pictures: [&Tensor; 3],
    pair: &AdversarialTrainer,
) -> Result<Vec<Markup>, Failure> {
    let failed = |error: Error| Failure::network("text to picture", &error);
    let faces = words.faces().len();
    let count = asked.len() / faces;
    let mut rows = Vec::new();
    for place in 0..SHOWN.min(count) {
        let word = place * count / SHOWN.min(count);
        for (name, pictures) in ["fonts", "error alone", "adversarial"].iter().zip(pictures) {
            let row: Vec<usize> = (0..faces).map(|face| word * faces + face).collect();
            let name = format!("{}, {name}", asked[word * faces].word);
            rows.push((name, grids(&pictures.select(&row), WIDTH)));
        }
    }
    let gallery = Gallery {
        title: "Words that were never trained on",
        note: "Each as the font draws it, as the generator does after the error alone, and after the discriminator's say.",
        headings: words.names(),
        rows,
    };
    let way = way(words, pair).map_err(failed)?;
    Ok(vec![gallery.drawn()?, way.drawn()?])
}

/// A word in mixtures of two faces, which nobody drew.
fn way(words: &Words, pair: &AdversarialTrainer) -> Result<Gallery<'static>, Error> {
    let names = words.names();
    let mut rows = Vec::new();
    for (from, to) in [(0, 4), (0, 1), (0, 2), (3, 4)] {
        let asked: Vec<Asked> = [from, to]
            .into_iter()
            .map(|face| Asked {
                word: words.test[words.test.len() / 2].clone(),
                face,
            })
            .collect();
        let [letters, faces] = words.conditions(&asked)?;
        let letters = letters.select(&[0; WAY]);
        let noise = pair.noise(1, 1).select(&[0; WAY]);
        let drawn_between = pair.generate(&noise, &[letters, between(&faces, WAY)?])?;
        let name = format!("{} to {}", names[from], names[to]);
        rows.push((name, drawn(&drawn_between, WIDTH)));
    }
    Ok(Gallery {
        title: "Between faces",
        note: "The generator is told a little less of one face and a little more of the other from picture to picture.",
        headings: Vec::new(),
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_networks_fit_each_other_and_their_words() {
        let words = Words::new().unwrap();
        let compile = || Compile::new(Adam::new(1e-3)).seed(1).threads(1);
        let (generator, discriminator) = (networks::generator(5), networks::discriminator(5));
        let pair = Adversarial::new(generator, discriminator);
        let mut pair = pair
            .reconstruction(Reconstruction::Squared, RECONSTRUCTION)
            .compile(compile(), compile())
            .unwrap();
        let mut source = DrawnWords::for_a_pair(&words, 1, 4, 1);
        let batch = source.batch(0).unwrap().unwrap();
        let scores = pair.train_on_batch(&batch).unwrap();
        assert!(scores.reconstruction_loss.is_some());
        assert_eq!(epochs(7), [1, 7]);
        assert_eq!(epochs(1000), [20, EPOCH]);
    }
}
