//! Drawings in place of pictures: which wear has to be drawn.

mod drawing;

use letra_nn::prelude::*;
use letra_nn::schedules::OneCycle;
use maud::Markup;

use self::drawing::{Drawings, Glyphs, Kind};
use super::work::{Task, Transfer};
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::gallery::Gallery;
use crate::lab::tasks::lots::{Lot, share_right};
use crate::lab::tasks::{Part, Watch, measured};
use crate::report::numbers::percent;
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "simulation",
    title: "Drawings in place of pictures",
    about: "A network learns to read characters from drawings alone, made anew for every step in a few typefaces, and is \
            tested on pictures in typefaces that it never saw: those of --data, or of the built-in typeface that is kept \
            back. The drawings are clean, or worn in one way, in all ways, or in all but one: that says what each kind of \
            wear buys. Upper and lower case count as one character.",
    run,
};

const ACCURACY: &str = "test_accuracy";
const DRAWN: &str = "drawn_accuracy";

const STEPS: usize = 400;
const BATCH: usize = 64;
const RATE: f64 = 0.002;

/// Which wear the drawings of a row have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worn {
    Not,
    Only(Kind),
    Without(Kind),
    All,
}

impl Worn {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Not];
        all.extend(Kind::ALL.map(Self::Only));
        all.extend(Kind::ALL.map(Self::Without));
        all.push(Self::All);
        all
    }

    fn kinds(self) -> Vec<Kind> {
        let kinds = Kind::ALL.into_iter();
        kinds
            .filter(|kind| match self {
                Self::Not => false,
                Self::Only(only) => *kind == only,
                Self::Without(without) => *kind != without,
                Self::All => true,
            })
            .collect()
    }

    fn name(self) -> String {
        match self {
            Self::Not => "clean".into(),
            Self::Only(kind) => format!("only-{}", kind.name()),
            Self::Without(kind) => format!("without-{}", kind.name()),
            Self::All => "all".into(),
        }
    }

    fn title(self) -> String {
        match self {
            Self::Not => "Clean drawings".into(),
            Self::Only(kind) => format!("Only {}", kind.title()),
            Self::Without(kind) => format!("All but {}", kind.title()),
            Self::All => "All wear".into(),
        }
    }

    fn about(self) -> String {
        let kinds: Vec<&str> = self.kinds().into_iter().map(Kind::about).collect();
        let drawn = match kinds.is_empty() {
            true => "Glyphs in the middle of the picture.".to_owned(),
            false => format!("Glyphs {}.", kinds.join(", ")),
        };
        format!(
            "{drawn} Three convolutions, of 16, 32 and 48 filters, each pooled, and 96 units; {STEPS} steps of Adam on {BATCH} \
             drawings, one cycle of the rate up to {RATE}."
        )
    }
}

/// Pictures to be read, and which characters they show.
struct Test {
    pictures: Tensor,
    characters: Vec<u32>,
}

fn run(transfer: &Transfer<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![
            Column {
                name: ACCURACY,
                heading: "Pictures, test",
                figure: |trial| measured(trial, ACCURACY),
                show: percent,
            },
            Column {
                name: DRAWN,
                heading: "Drawings",
                figure: |trial| measured(trial, DRAWN),
                show: percent,
            },
        ],
        ..Part::default()
    };
    if transfer.work.set.is_some() {
        return Err(unknown());
    }
    let has_data = transfer.work.experiment.arguments.data.is_some();
    let fonts = match (has_data, transfer.fonts.len()) {
        // The last one is kept for the test.
        (false, 2..) => &transfer.fonts[..transfer.fonts.len() - 1],
        _ => &transfer.fonts[..],
    };
    let glyphs = Glyphs::of(fonts)?;
    let test = match has_data {
        true => of_examples(transfer)?,
        false => of_glyphs(&Glyphs::of(&transfer.fonts[transfer.fonts.len() - 1..])?)?,
    };
    for worn in Worn::all() {
        let rows = transfer
            .work
            .each(|lot| Ok(trial(transfer, worn, &glyphs, &test, lot)?.map(|trial| vec![trial])))?;
        let Some(mut rows) = rows else { break };
        let name = format!("{}-{}", TASK.name, worn.name());
        part.rows
            .push(Row::new(name, worn.title(), worn.about(), rows.remove(0)));
    }
    part.findings = findings(&part.rows);
    part.shown.push(samples(&glyphs, &test)?);
    Ok(part)
}

/// The pictures of the file, where their characters are known.
fn of_examples(transfer: &Transfer<'_>) -> Result<Test, Failure> {
    let examples = &transfer.work.experiment.examples;
    let all: Vec<usize> = (0..examples.count()).collect();
    let characters = all
        .iter()
        .map(|&picture| examples.character(picture).and_then(drawing::number_of));
    let characters: Option<Vec<u32>> = characters.collect();
    let Some(characters) = characters else {
        return Err(unknown());
    };
    let pictures = examples.dataset(&all)?.inputs().clone();
    let side = letra_type::SIDE;
    if pictures.shape()[1..3] != [side, side] {
        return Err(Failure::new(format!(
            "the pictures are of {} × {} pixels",
            pictures.shape()[1],
            pictures.shape()[2]
        ))
        .hint(format!("take pictures of {side} × {side}")));
    }
    Ok(Test {
        pictures,
        characters,
    })
}

fn unknown() -> Failure {
    Failure::new("the pictures do not say which characters they show")
        .hint("take pictures in the seminar's order, or leave --data out")
}

/// The glyphs of a typeface at nine places each.
fn of_glyphs(glyphs: &Glyphs) -> Result<Test, Failure> {
    let (ink, characters) = glyphs.at_nine_places();
    let side = letra_type::SIDE;
    let pictures = Tensor::new([characters.len(), side, side, 1], ink)
        .map_err(|error| Failure::network("the pictures", &error))?;
    Ok(Test {
        pictures,
        characters,
    })
}

fn findings(rows: &[Row]) -> Vec<String> {
    let accuracy = |row: &Row| row.mean(|trial| measured(trial, ACCURACY).unwrap_or(f64::NAN));
    let named = |worn: Worn| {
        crate::experiment::named(rows, &format!("{}-{}", TASK.name, worn.name())).map(accuracy)
    };
    let mut findings = Vec::new();
    if let (Some(clean), Some(all)) = (named(Worn::Not), named(Worn::All)) {
        findings.push(format!(
            "Of the pictures, {} are read right by what learnt from clean drawings, and {} by what learnt from worn ones.",
            percent(clean),
            percent(all)
        ));
        let buys = Kind::ALL.map(|kind| (kind, named(Worn::Only(kind)).map(|only| only - clean)));
        let most = buys
            .iter()
            .filter_map(|(kind, buys)| Some((kind, (*buys)?)));
        if let Some((kind, points)) = most.max_by(|a, b| a.1.total_cmp(&b.1)) {
            findings.push(format!(
                "By itself, {} buys most: {:+.1} points.",
                kind.title(),
                100.0 * points
            ));
        }
        let costs = Kind::ALL.map(|kind| (kind, named(Worn::Without(kind)).map(|left| all - left)));
        let most = costs
            .iter()
            .filter_map(|(kind, costs)| Some((kind, (*costs)?)));
        if let Some((kind, points)) = most.max_by(|a, b| a.1.total_cmp(&b.1)) {
            findings.push(format!(
                "Left out of all, {} is missed most: {:+.1} points.",
                kind.title(),
                -100.0 * points
            ));
        }
    }
    findings
}

/// A training; nothing if the reader asked to stop.
fn trial(
    transfer: &Transfer<'_>,
    worn: Worn,
    glyphs: &Glyphs,
    test: &Test,
    lot: &Lot,
) -> Result<Option<Trial>, Failure> {
    let title = worn.title();
    let failed = |error: Error| Failure::network(&title, &error);
    let steps = transfer.work.scaled(STEPS);
    let side = letra_type::SIDE;
    let convolution = |filters: usize, side: usize| {
        let layer = Conv2d::new(filters, side).same().relu();
        layer.kernel_initializer(Initializer::HeNormal)
    };
    let mut network = Sequential::new([side, side, 1])
        .add(convolution(16, 5))
        .add(MaxPool2d::new(2))
        .add(convolution(32, 3))
        .add(MaxPool2d::new(2))
        .add(convolution(48, 3))
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(
            Dense::new(96)
                .relu()
                .kernel_initializer(Initializer::HeNormal),
        )
        .add(Dense::new(drawing::CHARACTERS))
        .compile(
            Compile::new(Adam::new(OneCycle::new(RATE, steps as u64)))
                .metric(Accuracy)
                .seed(lot.seed)
                .threads(transfer.work.threads()),
        )
        .map_err(failed)?;
    let mut drawings = Drawings {
        glyphs,
        kinds: worn.kinds(),
        seed: lot.seed,
        batch: BATCH,
        steps,
    };
    let mut training = transfer.work.training(&title, lot, 1);
    let fitted = {
        let mut watch = Watch::new(&training);
        network.fit(&mut drawings, Fit::epochs(1).callback(&mut watch))
    };
    let history = fitted.map_err(failed)?;
    if training.stopped() {
        return Ok(None);
    }
    let said = training
        .apart(|_| network.predict_classes(&test.pictures))
        .map_err(failed)?;
    let mut trial = lot.trial();
    trial.seconds = training.seconds();
    trial.steps = network.steps();
    trial
        .measured
        .insert(ACCURACY, share_right(&said, &test.characters));
    let drawn = history.last().and_then(|epoch| epoch.get("accuracy"));
    trial.measured.extend(drawn.map(|drawn| (DRAWN, drawn)));
    trial.network = Some(network);
    Ok(Some(trial))
}

/// Drawings of each kind of wear, and pictures of the test.
fn samples(glyphs: &Glyphs, test: &Test) -> Result<Markup, Failure> {
    const COUNT: usize = 10;
    let side = letra_type::SIDE;
    let drawn = |worn: Worn| {
        let drawings = Drawings {
            glyphs,
            kinds: worn.kinds(),
            seed: 1,
            batch: COUNT,
            steps: 1,
        };
        let (ink, _) = drawings.draw(0);
        let grids = ink.chunks_exact(side * side);
        (
            worn.title(),
            grids.map(|ink| Grid::new(side, ink.to_vec())).collect(),
        )
    };
    let shown = std::iter::once(Worn::Not)
        .chain(Kind::ALL.map(Worn::Only))
        .chain([Worn::All]);
    let mut rows: Vec<(String, Vec<Grid>)> = shown.map(drawn).collect();
    let apart = (test.pictures.samples() / COUNT).max(1);
    let of_test = (0..test.pictures.samples()).step_by(apart).take(COUNT);
    rows.push((
        "Pictures of the test".into(),
        of_test
            .map(|sample| Grid::new(side, test.pictures.sample(sample).to_vec()))
            .collect(),
    ));
    Gallery {
        title: "Drawings to learn from, and pictures to read",
        note: "Each row of drawings is worn in one way, the last but one in all.",
        headings: Vec::new(),
        rows,
    }
    .drawn()
}
