//! Small text made larger.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_nn::schedules::OneCycle;
use letra_type::Picture;
use maud::Markup;

use super::restoring::examiner::{Examiner, Question, mean};
use super::restoring::ink::{Ink, Levels};
use super::restoring::quality::{psnr, ssim};
use super::restoring::residual::{from_channels, judge, residual, to_channels};
use super::restoring::text::{Lines, fonts};
use super::restoring::{Restorer, figure_column};
use super::{Task, Work};
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::Gallery;
use crate::lab::tasks::{Part, Training, measured};
use crate::report::numbers::percent;
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "super-resolution",
    title: "Super-resolution",
    about: "Lines of text are drawn, made smaller to a half and a quarter of their size until their capitals are 6 to 12 pixels high, and \
            enlarged again: by cubic convolution (bicubic), by a residual network that learnt to be near pixel by pixel (SRResNet), \
            and by the same network once another has judged it (SRGAN, Ledig and others 2017). PSNR and SSIM are of what comes out \
            beside what was drawn. What counts is what is understood: how often the first family that letra identify names is right, \
            and what share of the characters letra read reads, by the height of the small text's capitals. \
            Texts and places of the test are others than those that were learnt; the faces are the same.",
    run,
};

/// Heights of the small text's capitals in pixels.
const HEIGHTS: [f32; 4] = [6.0, 8.0, 10.0, 12.0];

/// The names of their figures.
const FAMILY: [&str; 4] = ["family_6px", "family_8px", "family_10px", "family_12px"];
const CHARACTERS: [&str; 4] = [
    "characters_6px",
    "characters_8px",
    "characters_10px",
    "characters_12px",
];
const PSNR: &str = "psnr";
const SSIM: &str = "ssim";

/// Of the trainings. The weights of content and judgement are the paper's.
const STEPS: usize = 1500;
const JUDGED_STEPS: usize = 400;
const RATE: f64 = 2e-3;
const JUDGED_RATE: f64 = 2e-4;
const WEIGHTS: [f32; 2] = [1.0, 1e-3];
const BATCH: usize = 16;
/// Height and width of the small parts of lines that are learnt.
const PART: [usize; 2] = [16, 48];
/// Lines that these are cut out of, and the heights of their capitals.
const POOL: usize = 400;
const LEARNT: [f32; 2] = [5.5, 13.0];

/// Place of the random numbers of what is drawn.
const PLACE: usize = 1 << 15;

/// What is done with a small picture: a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Small,
    Bicubic,
    Content,
    Judged,
    /// It was drawn so large.
    Drawn,
}

const METHODS: [(Method, usize); 9] = [
    (Method::Small, 1),
    (Method::Bicubic, 2),
    (Method::Content, 2),
    (Method::Judged, 2),
    (Method::Drawn, 2),
    (Method::Bicubic, 4),
    (Method::Content, 4),
    (Method::Judged, 4),
    (Method::Drawn, 4),
];

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Bicubic => "bicubic",
            Self::Content => "srresnet",
            Self::Judged => "srgan",
            Self::Drawn => "drawn",
        }
    }

    fn title(self, factor: usize) -> String {
        match self {
            Self::Small => "As it is".into(),
            Self::Bicubic => format!("× {factor}, bicubic"),
            Self::Content => format!("× {factor}, SRResNet"),
            Self::Judged => format!("× {factor}, SRGAN"),
            Self::Drawn => format!("Drawn × {factor}"),
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Small => "The small picture.",
            Self::Bicubic => "Cubic convolution (Keys 1981).",
            Self::Content => {
                "Four residual blocks of 24 filters on the small picture, whose channels become the pixels of the large one \
                 (Shi and others 2016); the mean squared error."
            }
            Self::Judged => {
                "The same network, trained further under a second that tells its pictures from drawn ones."
            }
            Self::Drawn => "What nothing was lost of: the best that an enlargement could be.",
        }
    }
}

fn row_name(method: Method, factor: usize) -> String {
    match method {
        Method::Small => format!("{}-small", TASK.name),
        method => format!("{}-{}-{factor}", TASK.name, method.name()),
    }
}

fn columns() -> Vec<Column> {
    vec![
        figure_column!(PSNR, "PSNR", |decibels| format!("{decibels:.2}")),
        figure_column!(SSIM, "SSIM", |similarity| format!("{similarity:.3}")),
        figure_column!(FAMILY[0], "Family, 6 px", percent),
        figure_column!(FAMILY[1], "8 px", percent),
        figure_column!(FAMILY[2], "10 px", percent),
        figure_column!(FAMILY[3], "12 px", percent),
        figure_column!(CHARACTERS[0], "Characters, 6 px", percent),
        figure_column!(CHARACTERS[1], "8 px", percent),
        figure_column!(CHARACTERS[2], "10 px", percent),
        figure_column!(CHARACTERS[3], "12 px", percent),
    ]
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let (examiner, known) = Examiner::of(&fonts(&work.fonts)?)?;
    let lines = Lines::new(known)?;
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let mut shown = Vec::new();
    let seeds = work.lots.experiment.seeds.clone();
    let trials = work.lots.each_of(seeds, |seed| {
        let Some(enlargers) = enlargers(work, &lines, seed)? else {
            return Ok(None);
        };
        let tests = Tests::of(&lines, work.lines, seed)?;
        if shown.is_empty() {
            shown = examples(&tests, &enlargers)?;
        }
        trials(work, &examiner, &tests, enlargers, seed)
    })?;
    let Some(trials) = trials else {
        return Ok(part);
    };
    for ((method, factor), trials) in METHODS.into_iter().zip(trials) {
        let name = row_name(method, factor);
        part.rows
            .push(Row::new(name, method.title(factor), method.about(), trials));
    }
    part.findings = findings(&part.rows, &lines, work.lines);
    part.shown = shown;
    Ok(part)
}

fn findings(rows: &[Row], lines: &Lines, count: usize) -> Vec<String> {
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let mut families: Vec<&str> = lines.fonts.iter().map(|font| font.family()).collect();
    families.sort_unstable();
    families.dedup();
    let mut findings = vec![format!(
        "{count} lines of each size, in {} faces of {} families.",
        lines.fonts.len(),
        families.len()
    )];
    let signed = |points: f64| format!("{:+.1}", 100.0 * points);
    for factor in [2, 4] {
        let row = |method| named(rows, &row_name(method, factor));
        let (Some(bicubic), Some(content), Some(judged), Some(drawn)) = (
            row(Method::Bicubic),
            row(Method::Content),
            row(Method::Judged),
            row(Method::Drawn),
        ) else {
            continue;
        };
        let beside = |row: &Row, name: &str| signed(mean(row, name) - mean(bicubic, name));
        for height in [0, 1] {
            findings.push(format!(
                "Capitals of {} pixels, enlarged {factor} times, beside bicubic: right families {} points with SRResNet and {} with \
                 SRGAN, of {} that could be had; characters {} and {} points.",
                HEIGHTS[height],
                beside(content, FAMILY[height]),
                beside(judged, FAMILY[height]),
                beside(drawn, FAMILY[height]),
                beside(content, CHARACTERS[height]),
                beside(judged, CHARACTERS[height]),
            ));
        }
    }
    findings
}

/// What enlarges by a factor.
struct Enlarger {
    factor: usize,
    content: Trainer,
    judged: Trainer,
    /// Steps and seconds of each.
    taken: [(u64, f64); 2],
}

fn failed(error: Error) -> Failure {
    Failure::network("super-resolution", &error)
}

impl Enlarger {
    /// A picture made larger.
    fn enlarged(&self, small: &Picture, method: Method) -> Result<Picture, Failure> {
        let levels = Levels::of(small);
        let ink = Ink::of(small, levels);
        let large = match method {
            Method::Content => self.by_network(&self.content, &ink)?,
            Method::Judged => self.by_network(&self.judged, &ink)?,
            _ => ink.enlarged(self.factor),
        };
        large.picture(levels)
    }

    fn by_network(&self, network: &Network, ink: &Ink) -> Result<Ink, Failure> {
        let shape = [ink.height(), ink.width, 1];
        let enlarge = || {
            let network = network.with_input_shape(shape)?;
            let picture = Tensor::new([&[1], &shape[..]].concat(), ink.values.clone())?;
            network.predict(&picture)
        };
        let width = ink.width * self.factor;
        let values = from_channels(enlarge().map_err(failed)?.data(), width, self.factor);
        Ok(Ink { width, values })
    }
}

/// Trains an enlarger for each factor; nothing if the reader asked to stop.
fn enlargers(work: &Work<'_>, lines: &Lines, seed: u64) -> Result<Option<[Enlarger; 2]>, Failure> {
    let mut both = Vec::new();
    for factor in [2, 4] {
        let Some(enlarger) = enlarger(work, lines, factor, seed)? else {
            return Ok(None);
        };
        both.push(enlarger);
    }
    Ok(both.try_into().ok())
}

fn enlarger(
    work: &Work<'_>,
    lines: &Lines,
    factor: usize,
    seed: u64,
) -> Result<Option<Enlarger>, Failure> {
    let pool = Pool::drawn(lines, factor, work.lots.scaled(POOL).min(POOL), seed)?;
    let steps = [STEPS, JUDGED_STEPS].map(|steps| work.lots.scaled(steps));
    let compile = |rate: OneCycle| {
        Compile::new(Adam::new(rate))
            .loss(MeanSquaredError)
            .seed(seed)
            .threads(work.lots.threads())
    };
    let channels = factor * factor;
    let network = |rate: f64, steps: usize| {
        residual(PART, 1, channels).compile(compile(OneCycle::new(rate, steps as u64)))
    };
    let title = |method: Method| format!("{} × {factor}", method.name());

    let content = network(RATE, steps[0]).map_err(failed)?;
    let mut restorer = Restorer::of_content(content);
    let training = Training::new(work.lots.experiment, &title(Method::Content), "", steps[0]);
    let Some(first) = trained(&mut restorer, &pool, training, steps[0], (seed, 0))? else {
        return Ok(None);
    };
    let content = restorer.generator;

    let judged = network(JUDGED_RATE, steps[1]).map_err(failed)?;
    judged.take_parameters(&content).map_err(failed)?;
    let judge = judge([PART[0], PART[1], channels]).compile(
        Compile::new(Adam::new(JUDGED_RATE).betas(0.5, 0.999))
            .loss(BinaryCrossEntropy::from_logits())
            .seed(seed)
            .threads(work.lots.threads()),
    );
    let mut restorer = Restorer::judged(judged, judge.map_err(failed)?, WEIGHTS);
    let training = Training::new(work.lots.experiment, &title(Method::Judged), "", steps[1]);
    let Some(second) = trained(&mut restorer, &pool, training, steps[1], (seed, 1))? else {
        return Ok(None);
    };
    Ok(Some(Enlarger {
        factor,
        content,
        judged: restorer.generator,
        taken: [first, second],
    }))
}

/// Trains on parts of the pool's lines; steps and seconds, or nothing if the reader asked to stop.
fn trained(
    restorer: &mut Restorer,
    pool: &Pool,
    training: Training<'_>,
    steps: usize,
    (seed, number): (u64, usize),
) -> Result<Option<(u64, f64)>, Failure> {
    for step in 0..steps {
        if training.stopped() {
            return Ok(None);
        }
        let random = Random::new(seed, Domain::Data, PLACE + number, step as u64);
        let error = pool
            .batch(&random)
            .and_then(|(small, large)| restorer.step(&small, &large))
            .map_err(failed)?;
        if step % 20 == 0 {
            training.at(step, format!("error {error:.5}"));
        }
    }
    Ok(Some((restorer.generator.steps(), training.seconds())))
}

/// Lines, small and large.
struct Pool {
    factor: usize,
    lines: Vec<[Ink; 2]>,
}

impl Pool {
    fn drawn(lines: &Lines, factor: usize, count: usize, seed: u64) -> Result<Self, Failure> {
        let seed = seed ^ 0x706f_6f6c;
        let line = |place: usize| -> Result<[Ink; 2], Failure> {
            let random = Random::new(seed, Domain::Data, PLACE, place as u64).uniform(0, 4);
            let font = (random[0] * lines.fonts.len() as f32) as usize;
            let [low, high] = LEARNT;
            let capitals = factor as f32 * low * (high / low).powf(random[1]);
            let text = lines.text(font, seed, place);
            let moved = [2, 3].map(|which| random[which] * factor as f32);
            let large = lines.draw(font, &text, capitals, moved)?;
            let small = large.reduced(factor);
            // As pictures are: by the levels that are found in them.
            let full = {
                let picture = small.picture(Levels {
                    ink: 255.0,
                    ground: 0.0,
                })?;
                Levels::of(&picture).ink / 255.0
            };
            Ok([small, large].map(|ink| Ink {
                values: ink.values.iter().map(|share| share / full).collect(),
                ..ink
            }))
        };
        Ok(Self {
            factor,
            lines: (0..count).map(line).collect::<Result<_, _>>()?,
        })
    }

    /// Parts of lines: small `[batch, height, width, 1]`, and large `[batch, height, width, factor²]`.
    fn batch(&self, random: &Random) -> Result<(Tensor, Tensor), Error> {
        let [height, width] = PART;
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for sample in 0..BATCH {
            let random = random.uniform(sample, 3);
            let [one, whole] = &self.lines[(random[0] * self.lines.len() as f32) as usize];
            let at = |share: f32, length: usize, part: usize| {
                (share * (length.saturating_sub(part) + 1) as f32) as usize
            };
            let corner = [
                at(random[1], one.width, width),
                at(random[2], one.height(), height),
            ];
            small.extend(one.part(corner, [width, height]).values);
            let part = whole.part(
                corner.map(|place| place * self.factor),
                [width, height].map(|side| side * self.factor),
            );
            large.extend(to_channels(&part.values, part.width, self.factor));
        }
        let channels = self.factor * self.factor;
        Ok((
            Tensor::new([BATCH, height, width, 1], small)?,
            Tensor::new([BATCH, height, width, channels], large)?,
        ))
    }
}

/// A line that is tested: as it was drawn at four times its size, and what is made of that.
struct Tested {
    family: String,
    text: String,
    /// Which of the heights.
    height: usize,
    small: Picture,
    /// Drawn at twice and at four times its size.
    drawn: [Picture; 2],
}

struct Tests(Vec<Tested>);

impl Tests {
    fn of(lines: &Lines, count: usize, seed: u64) -> Result<Self, Failure> {
        let seed = seed ^ 0x7465_7374;
        let order = Random::new(seed, Domain::Shuffle, PLACE, 0).permutation(lines.fonts.len());
        let tested = |place: usize| {
            let (line, height) = (place / HEIGHTS.len(), place % HEIGHTS.len());
            let font = order[line % order.len()];
            let text = lines.text(font, seed, line);
            let random = Random::new(seed, Domain::Data, PLACE, place as u64).uniform(0, 5);
            let moved = [random[0], random[1]].map(|share| 4.0 * share);
            let large = lines.draw(font, &text, 4.0 * HEIGHTS[height], moved)?;
            let dark = 70.0 * random[2];
            let light = 255.0 - 70.0 * random[3];
            let levels = match random[4] < 0.7 {
                true => Levels {
                    ink: dark,
                    ground: light,
                },
                false => Levels {
                    ink: light,
                    ground: dark,
                },
            };
            Ok(Tested {
                family: lines.fonts[font].family().into(),
                text,
                height,
                small: large.reduced(4).picture(levels)?,
                drawn: [large.reduced(2).picture(levels)?, large.picture(levels)?],
            })
        };
        let all = (0..count * HEIGHTS.len()).map(tested);
        Ok(Self(all.collect::<Result<_, Failure>>()?))
    }
}

/// What a method makes of a line.
fn made(
    tested: &Tested,
    method: Method,
    factor: usize,
    by: &[Enlarger; 2],
) -> Result<Picture, Failure> {
    let which = usize::from(factor == 4);
    match method {
        Method::Small => Ok(tested.small.clone()),
        Method::Drawn => Ok(tested.drawn[which].clone()),
        method => by[which].enlarged(&tested.small, method),
    }
}

/// A trial for each method.
fn trials(
    work: &Work<'_>,
    examiner: &Examiner,
    Tests(tests): &Tests,
    by: [Enlarger; 2],
    seed: u64,
) -> Result<Option<Vec<Trial>>, Failure> {
    let mut trials = Vec::new();
    let training = Training::new(
        work.lots.experiment,
        "Naming and reading",
        "",
        METHODS.len(),
    );
    for (number, (method, factor)) in METHODS.into_iter().enumerate() {
        if training.stopped() {
            return Ok(None);
        }
        let mut questions = Vec::new();
        let (mut ratio, mut similar) = (Vec::new(), Vec::new());
        for tested in tests {
            let picture = made(tested, method, factor, &by)?;
            if matches!(method, Method::Bicubic | Method::Content | Method::Judged) {
                let whole = &tested.drawn[usize::from(factor == 4)];
                let [one, other] = [&picture, whole].map(shares);
                ratio.push(psnr(&one, &other));
                similar.extend(ssim(&one, &other, whole.width()));
            }
            questions.push(Question {
                picture,
                family: tested.family.clone(),
                text: tested.text.clone(),
                place: None,
            });
        }
        let understood = examiner.ask(&questions, work.lots.threads())?;
        let mut trial = Trial::of_seed(seed);
        for height in 0..HEIGHTS.len() {
            let of_height = tests.iter().zip(&understood);
            let of_height = of_height.filter(|(tested, _)| tested.height == height);
            let mean = mean(&of_height.map(|(_, one)| *one).collect::<Vec<_>>());
            trial.measured.insert(FAMILY[height], mean.family);
            trial.measured.insert(CHARACTERS[height], mean.characters);
        }
        let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        if !ratio.is_empty() {
            trial.measured.insert(PSNR, average(&ratio));
            trial.measured.insert(SSIM, average(&similar));
        }
        trials.push(trial);
        training.at(number + 1, method.title(factor));
    }
    for enlarger in by {
        let at = |method: Method| {
            METHODS
                .iter()
                .position(|one| *one == (method, enlarger.factor))
                .expect("a row")
        };
        let places = [at(Method::Content), at(Method::Judged)];
        for (place, (steps, seconds)) in places.into_iter().zip(enlarger.taken) {
            (trials[place].steps, trials[place].seconds) = (steps, seconds);
        }
        trials[places[0]].network = Some(enlarger.content);
        trials[places[1]].network = Some(enlarger.judged);
    }
    Ok(Some(trials))
}

/// Levels as shares of white.
fn shares(picture: &Picture) -> Vec<f32> {
    let levels = picture.pixels().iter();
    levels.map(|&level| f32::from(level) / 255.0).collect()
}

/// Lines of the test, each way, at one size.
fn examples(Tests(tests): &Tests, by: &[Enlarger; 2]) -> Result<Vec<Markup>, Failure> {
    const COLUMNS: usize = 480;
    let mut shown = Vec::new();
    for (height, pixels) in HEIGHTS.into_iter().enumerate().take(3) {
        let mut of_height = tests.iter().filter(|tested| tested.height == height);
        let mut rows = Vec::new();
        let Some(tested) = of_height.nth(height) else {
            continue;
        };
        for (method, factor) in METHODS {
            if (method, factor) == (Method::Drawn, 2) {
                continue;
            }
            let picture = made(tested, method, factor, by)?;
            let ink = Ink::of(&picture, Levels::of(&tested.small)).repeated(4 / factor);
            let wide = ink.width.min(COLUMNS);
            let ink = ink.part([0, 0], [wide, ink.height()]);
            let values = ink
                .values
                .iter()
                .map(|share| share.clamp(0.0, 1.0))
                .collect();
            rows.push((method.title(factor), vec![Grid::new(ink.width, values)]));
        }
        let gallery = Gallery {
            title: &format!("Capitals of {pixels} pixels"),
            note: "Part of a line of the test, each pixel of the small picture as a square of 4 × 4.",
            headings: Vec::new(),
            rows,
        };
        shown.push(gallery.drawn()?);
    }
    Ok(shown)
}
