//! Pairs of networks that draw glyphs.

mod judge;
mod told;

use letra_nn::learners::{Adversarial, AdversarialTrainer};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use maud::Markup;

use self::judge::{Judge, Measured};
use self::told::Told;
use super::pairs::{self, CRITIC, DENSE, FILTERS, MAXOUT, NOISE};
use super::showing::{between, broad, drawn, ink, signed};
use super::watching::PairWatch;
use super::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, grids};
use crate::lab::tasks::lots::{self, Lot};
use crate::lab::tasks::{Part, measured, plot};
use crate::report::curves::Scale;
use crate::report::numbers::{percent, thousands};

/// The task.
pub(super) const TASK: Task = Task {
    name: "glyphs",
    title: "Glyphs that nobody drew",
    about: "A generator makes pictures of noise; a discriminator is shown these and real ones and learns to tell them \
            apart; the generator learns from it what would look more real, and never sees a real picture itself. Four \
            pairs: the dense one of the first paper (Goodfellow et al. 2014), a convolutional one (Radford et al. 2016), \
            one with a Wasserstein objective and a gradient penalty (Gulrajani et al. 2017), and the convolutional \
            one told which picture to make. Samples are held against test pictures that none has seen: the \
            log-likelihood of these under a Parzen window of the samples; the Fréchet distance between features of both, \
            those of a network that has learnt to name what training pictures show; the share of the samples \
            that lie among real pictures by these features (precision) and of real ones that lie among samples (recall); \
            and, where a pair is told what to draw, the share that this network names so. Real training pictures in \
            place of samples show how far one can get, and test pictures how often it is right.",
    run,
};

const BATCH: usize = 64;

/// Samples that are measured.
const SAMPLES: usize = 1000;

/// Samples of the same noise that are shown over time, of a sheet, and on the way from one to another.
const OVER_TIME: usize = 12;
const SHEET: [usize; 2] = [6, 20];
const WAYS: [usize; 2] = [4, 12];

/// Seeds of noise that is shown, and of noise that is measured.
const SHOWN: u64 = 1;
const MEASURED: u64 = 2;

const PARZEN: &str = "parzen_log_likelihood";
const FRECHET: &str = "frechet_distance";
const PRECISION: &str = "precision";
const RECALL: &str = "recall";
const AS_TOLD: &str = "named_as_told";

/// The pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dense,
    Convolutional,
    Wasserstein,
    Told,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Dense,
        Self::Convolutional,
        Self::Wasserstein,
        Self::Told,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Convolutional => "dcgan",
            Self::Wasserstein => "wgan-gp",
            Self::Told => "told",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Dense => "The dense pair of 2014",
            Self::Convolutional => "DCGAN",
            Self::Wasserstein => "WGAN-GP",
            Self::Told => "DCGAN, told what to draw",
        }
    }

    /// Steps of the generator.
    fn steps(self) -> usize {
        match self {
            Self::Dense => 800,
            Self::Convolutional => 1000,
            Self::Wasserstein => 500,
            Self::Told => 1200,
        }
    }

    /// Steps of the discriminator to one of the generator.
    fn critic_steps(self) -> usize {
        match self {
            Self::Wasserstein => 3,
            _ => 1,
        }
    }

    /// Rates of the generator and of the discriminator, and Adam's β₁.
    fn rates(self) -> [f64; 3] {
        match self {
            Self::Dense => [3e-4, 3e-4, 0.5],
            Self::Convolutional | Self::Told => [1e-3, 5e-4, 0.5],
            Self::Wasserstein => [1e-3, 1e-3, 0.0],
        }
    }

    fn about(self, steps: usize) -> String {
        let [units, pieces] = MAXOUT;
        let wide = 2 * FILTERS;
        let networks = match self {
            Self::Dense => format!(
                "Generator: two layers of {DENSE} rectifiers. Discriminator: two layers of {units} maxout units of \
                 {pieces} pieces with dropout. The paper's momentum is replaced by Adam."
            ),
            Self::Convolutional => format!(
                "Generator: a dense layer, then transposed convolutions with {FILTERS} and 1 filters, batch \
                 normalisation and rectifiers. Discriminator: convolutions with {FILTERS} and {wide} filters of 4 × 4 \
                 and stride 2."
            ),
            Self::Wasserstein => format!(
                "The same generator; a critic of such convolutions with {CRITIC} and {} filters and layer normalisation, {} \
                 steps of it to one of the generator, a gradient penalty of factor 10.",
                2 * CRITIC,
                self.critic_steps()
            ),
            Self::Told => {
                "The DCGAN, both networks told the class and, where it is known, the character, each one-hot; the \
                 discriminator by a projection (Miyato and Koyama 2018). Where characters are known, it learns from the \
                 picture of each that is nearest to the middle alone, since a place is not told: by Fréchet distance, \
                 precision and recall it is not to be held against the others."
                    .into()
            }
        };
        let [generator, discriminator, beta] = self.rates();
        format!(
            "{networks} {NOISE} numbers of noise, {} steps of Adam with rates {generator} and {discriminator} and β₁ \
             {beta}, batches of {BATCH}; samples are those of averaged weights.",
            thousands(steps as u64)
        )
    }

    fn pair(self, work: &lots::Work<'_>, told: &Told) -> Adversarial {
        let shape = work.shape();
        let pair = match self {
            Self::Dense => pairs::dense(shape),
            Self::Convolutional => pairs::convolutional(shape, 0),
            Self::Wasserstein => pairs::wasserstein(shape),
            Self::Told => pairs::convolutional(shape, told.values()),
        };
        pair.discriminator_steps(self.critic_steps())
    }
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let work = &work.lots;
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let mut shown = Vec::new();
    let trials = work.each(|lot| {
        let Some(all) = all(work, lot)? else {
            return Ok(None);
        };
        if shown.is_empty() {
            shown = all.shown;
        }
        Ok(Some(all.trials))
    })?;
    let Some(mut trials) = trials else {
        return Ok(part);
    };
    let real = trials.remove(0);
    let name = |name: &str| format!("{}-{name}", TASK.name);
    part.rows.push(Row::new(
        name("real"),
        "Real training pictures",
        "As many training pictures in the place of samples.",
        real,
    ));
    for (kind, trials) in Kind::ALL.into_iter().zip(trials) {
        let about = kind.about(work.scaled(kind.steps()));
        let row = Row::new(name(kind.name()), kind.title(), about, trials);
        part.rows.push(row);
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
        Column {
            name: PARZEN,
            heading: "Parzen log-likelihood, nats",
            figure: |trial| measured(trial, PARZEN),
            show: |value| format!("{value:.0}"),
        },
        Column {
            name: FRECHET,
            heading: "Fréchet distance",
            figure: |trial| measured(trial, FRECHET),
            show: |value| format!("{value:.1}"),
        },
        share(PRECISION, "Precision", |trial| measured(trial, PRECISION)),
        share(RECALL, "Recall", |trial| measured(trial, RECALL)),
        share(AS_TOLD, "Named as told", |trial| measured(trial, AS_TOLD)),
    ]
}

fn findings(rows: &[Row]) -> Vec<String> {
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let row = |name: &str| named(rows, &format!("{}-{name}", TASK.name));
    let Some(real) = row("real") else {
        return Vec::new();
    };
    // The pair that is told learns from other pictures.
    let pairs = ["dense", "dcgan", "wgan-gp"].into_iter().filter_map(row);
    let known = |row: &&Row| mean(row, FRECHET).is_finite();
    let drawing = pairs.filter(known);
    let mut findings = Vec::new();
    if let Some(best) = drawing.min_by(|a, b| mean(a, FRECHET).total_cmp(&mean(b, FRECHET))) {
        findings.push(format!(
            "Closest to real pictures by its features is {}: a Fréchet distance of {:.1}, where real training pictures \
             have {:.1}.",
            best.title,
            mean(best, FRECHET),
            mean(real, FRECHET)
        ));
    }
    if let Some(told) = row("told") {
        findings.push(format!(
            "Of the glyphs that a pair draws as it is told, the network that names real test pictures right in {} names {} \
             as told.",
            percent(mean(real, AS_TOLD)),
            percent(mean(told, AS_TOLD))
        ));
    }
    findings
}

/// What was done with the pictures of a lot.
struct All {
    /// Those of real pictures first.
    trials: Vec<Trial>,
    shown: Vec<Markup>,
}

/// A pair that has learnt.
struct Learnt {
    pair: AdversarialTrainer,
    trial: Trial,
    over_time: Vec<(u64, Tensor)>,
    curve: Vec<(f64, f64)>,
}

/// All of it; nothing if the reader asked to stop.
fn all(work: &lots::Work<'_>, lot: &Lot) -> Result<Option<All>, Failure> {
    let Some(judge) = Judge::learn(work, lot)? else {
        return Ok(None);
    };
    let told = Told::of(work, lot);
    let mut all = All {
        trials: Vec::new(),
        shown: Vec::new(),
    };
    let failed = |error: Error| Failure::network("real pictures", &error);
    let mut real = lot.trial();
    let pictures = real_pictures(lot);
    let measured = judge.measure(&pictures).map_err(failed)?;
    enter(&mut real, &measured);
    real.measured.insert(AS_TOLD, judge.accuracy);
    all.trials.push(real);
    let mut curves = Vec::new();
    for kind in Kind::ALL {
        let Some(mut learnt) = learnt(work, lot, kind, &told)? else {
            return Ok(None);
        };
        let failed = |error: Error| Failure::network(kind.title(), &error);
        if !learnt.trial.diverged {
            let noise = learnt.pair.noise(SAMPLES, MEASURED);
            let (like, conditions) = told.like_data(lot, SAMPLES);
            let conditions = match kind {
                Kind::Told => vec![conditions],
                _ => Vec::new(),
            };
            let samples = learnt.pair.generate(&noise, &conditions).map_err(failed)?;
            let measured = judge.measure(&ink(&samples)).map_err(failed)?;
            enter(&mut learnt.trial, &measured);
            if kind == Kind::Told {
                let share = judge.named_as(&ink(&samples), &like).map_err(failed)?;
                learnt.trial.measured.insert(AS_TOLD, share);
            }
            let mut own = shown(work, lot, kind, &told, &learnt, &samples)?;
            match kind {
                // The alphabets are what one wants to see first.
                Kind::Told => all.shown.splice(0..0, own).for_each(drop),
                _ => all.shown.append(&mut own),
            }
        }
        curves.push((kind.title().to_owned(), learnt.curve));
        all.trials.push(learnt.trial);
    }
    let title = "What the discriminator loses by, over the generator's steps";
    all.shown.push(plot(title, Scale::Values, curves)?);
    Ok(Some(all))
}

/// Training pictures, as many as there are samples.
fn real_pictures(lot: &Lot) -> Tensor {
    let pictures = lot.train.inputs();
    let random = Random::new(lot.seed, Domain::Shuffle, 0, MEASURED);
    let order = random.permutation(pictures.samples());
    pictures.select(&order[..SAMPLES.min(order.len())])
}

fn enter(trial: &mut Trial, measured: &Measured) {
    trial.measured.extend([
        (PARZEN, measured.parzen),
        (FRECHET, measured.frechet),
        (PRECISION, measured.precision),
        (RECALL, measured.recall),
    ]);
}

/// Teaches a pair; nothing if the reader asked to stop.
fn learnt(
    work: &lots::Work<'_>,
    lot: &Lot,
    kind: Kind,
    told: &Told,
) -> Result<Option<Learnt>, Failure> {
    let failed = |error: Error| Failure::network(kind.title(), &error);
    let [generator, discriminator, beta] = kind.rates();
    let compile = |rate: f64| {
        Compile::new(Adam::new(rate).betas(beta as f32, 0.999))
            .seed(lot.seed)
            .threads(work.threads())
    };
    let pair = kind.pair(work, told);
    let mut pair = pair
        .compile(compile(generator), compile(discriminator))
        .map_err(failed)?;
    let (data, conditions) = match kind {
        Kind::Told => (
            told.data(lot),
            vec![told.spread(OVER_TIME).map_err(failed)?],
        ),
        _ => (Dataset::unlabelled(signed(lot.train.inputs())), Vec::new()),
    };
    let data = data.map_err(failed)?;
    let steps = work.scaled(kind.steps());
    let training = work.training(kind.title(), lot, steps);
    let noise = pair.noise(OVER_TIME, SHOWN);
    let mut watch = PairWatch::new(&training, steps, noise, conditions);
    let ended = watch.teach(&mut pair, &data, BATCH)?;
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = lot.trial();
    trial.diverged = !ended;
    trial.steps = pair.taken_steps()[1];
    trial.seconds = training.seconds();
    let (over_time, curve) = (watch.seen, watch.curve);
    Ok(Some(Learnt {
        pair,
        trial,
        over_time,
        curve,
    }))
}

/// What is to be seen of a pair.
fn shown(
    work: &lots::Work<'_>,
    lot: &Lot,
    kind: Kind,
    told: &Told,
    learnt: &Learnt,
    samples: &Tensor,
) -> Result<Vec<Markup>, Failure> {
    let failed = |error: Error| Failure::network(kind.title(), &error);
    let (width, title) = (work.shape().width, kind.title());
    let mut shown = Vec::new();
    if kind == Kind::Told {
        shown.extend(told.alphabets(&learnt.pair, width).map_err(failed)?);
    } else {
        let [rows, columns] = SHEET;
        let some: Vec<usize> = (0..samples.samples().min(rows * columns)).collect();
        let pictures = drawn(&samples.select(&some), width);
        let note = "Samples as they come, none chosen.";
        shown.push(broad(title, note, &pictures, columns)?);
    }
    let rows = learnt.over_time.iter();
    let rows = rows.map(|(steps, samples)| (thousands(*steps), drawn(samples, width)));
    let over_time = Gallery {
        title: &format!("{title}: the same noise, learnt longer"),
        note: "In the left column, steps of the generator.",
        headings: Vec::new(),
        rows: rows.collect(),
    };
    shown.push(over_time.drawn()?);
    if kind == Kind::Convolutional {
        shown.push(ways(learnt, width).map_err(failed)?.drawn()?);
        shown.push(neighbours(lot, samples, width).drawn()?);
    }
    Ok(shown)
}

/// From some noise to other noise.
fn ways(learnt: &Learnt, width: usize) -> Result<Gallery<'static>, Error> {
    let [rows, columns] = WAYS;
    let noise = learnt.pair.noise(2 * rows, SHOWN);
    let noise = between(&noise, columns)?;
    let pictures = drawn(&learnt.pair.generate(&noise, &[])?, width);
    let rows = pictures.chunks(columns).enumerate();
    Ok(Gallery {
        title: "DCGAN: from one glyph to another",
        note: "In the noise, the way is straight and even.",
        headings: Vec::new(),
        rows: rows
            .map(|(row, pictures)| (format!("way {}", row + 1), pictures.to_vec()))
            .collect(),
    })
}

/// Samples and the training pictures that are nearest to them.
fn neighbours(lot: &Lot, samples: &Tensor, width: usize) -> Gallery<'static> {
    let shown: Vec<usize> = (0..OVER_TIME.min(samples.samples())).collect();
    let samples = ink(&samples.select(&shown));
    let train = lot.train.inputs();
    let nearest: Vec<usize> = (0..samples.samples())
        .map(|sample| nearest(train, samples.sample(sample)))
        .collect();
    Gallery {
        title: "DCGAN: samples, and the training pictures nearest to them",
        note: "By the squared distance of the pixels. A pair that only repeats what it was shown has two equal rows.",
        headings: Vec::new(),
        rows: vec![
            ("Samples".into(), grids(&samples, width)),
            ("Nearest".into(), grids(&train.select(&nearest), width)),
        ],
    }
}

fn nearest(pictures: &Tensor, sample: &[f32]) -> usize {
    let distance = |picture: usize| -> f32 {
        let both = pictures.sample(picture).iter().zip(sample);
        both.map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let all = (0..pictures.samples()).map(|picture| (picture, distance(picture)));
    all.min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(picture, _)| picture)
}
