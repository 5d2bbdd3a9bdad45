//! Labels of one domain for another that has none.

mod learning;

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_type::Distortions;
use maud::Markup;

use self::learning::{Method, Setting};
use super::work::{Task, Transfer, in_colour, over_photographs, windows};
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::gallery::Gallery;
use crate::lab::tasks::lots::Lot;
use crate::lab::tasks::{Part, measured, plot};
use crate::report::curves::Scale;
use crate::report::numbers::percent;
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "domains",
    title: "Domains",
    about: "A classifier learns from pictures of a source, with their labels, and shall work on pictures of a target, whose \
            labels it never sees: drawn lines of text and photographed-looking ones; or digits and, by the recipe of \
            MNIST-M (Ganin and others 2016), the same kind of digits over photographs. Trained on the source alone it \
            does badly; trained on the target with its labels it shows what is possible. Between them stand three ways \
            to make its features of both domains alike: a network that tells the domains apart, whose gradient is \
            turned round (DANN), and distances of the features' covariances (Deep CORAL) and of their means in the space \
            of kernels (MMD).",
    run,
};

const SOURCE: &str = "source_accuracy";
const TARGET: &str = "target_accuracy";
const GAP: &str = "gap_closed";
const DISTANCE: &str = "mean_discrepancy";

/// Drawn lines: of each typeface, to learn in each domain and to test.
const WINDOWS: usize = 200;
const TEST_WINDOWS: usize = 60;

/// Both domains.
pub(super) struct Domains {
    pub(super) source: Dataset,
    /// With labels, which only the network sees that is trained on the target.
    pub(super) target: Dataset,
    pub(super) source_test: Dataset,
    pub(super) target_test: Dataset,
}

fn run(transfer: &Transfer<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    for setting in Setting::of(transfer) {
        let mut pictures = None;
        let rows = transfer.work.each(|lot| {
            let domains = domains(transfer, setting, lot)?;
            if pictures.is_none() {
                pictures = Some(samples(&domains)?);
            }
            trials(transfer, setting, &domains, lot)
        })?;
        let Some(rows) = rows else { break };
        let first = part.rows.len();
        for (method, trials) in Method::ALL.into_iter().zip(rows) {
            let name = format!("{}-{}-{}", TASK.name, setting.name(), method.name());
            let title = format!("{}, {}", setting.title(), method.title());
            part.rows.push(Row::new(
                name,
                title,
                learning::about(setting, method),
                trials,
            ));
        }
        let rows = &part.rows[first..];
        part.findings.extend(finding(setting, rows));
        part.shown.extend(pictures);
        part.shown.push(curves(setting, rows)?);
    }
    Ok(part)
}

fn columns() -> Vec<Column> {
    let column = |name, heading, figure, show| Column {
        name,
        heading,
        figure,
        show,
    };
    vec![
        column(
            SOURCE,
            "Source, test",
            |trial| measured(trial, SOURCE),
            percent,
        ),
        column(
            TARGET,
            "Target, test",
            |trial| measured(trial, TARGET),
            percent,
        ),
        column(GAP, "Gap closed", |trial| measured(trial, GAP), percent),
        column(
            DISTANCE,
            "MMD of features",
            |trial| measured(trial, DISTANCE),
            |distance| format!("{distance:.4}"),
        ),
    ]
}

/// The pictures of both domains, from the seed of a lot.
fn domains(transfer: &Transfer<'_>, setting: Setting, lot: &Lot) -> Result<Domains, Failure> {
    if setting.is_drawn() {
        let photographed = Distortions {
            origins: [0.0, 0.0, 1.0],
            ..Distortions::default()
        };
        let [learnt, tested] = [WINDOWS, TEST_WINDOWS].map(|count| transfer.work.scaled(count));
        let of = |distortions: Distortions, first: usize, each: usize| {
            windows(&transfer.fonts, distortions, (lot.seed, first as u64), each)
        };
        // Numbers of their own, so that no line is in two parts.
        return Ok(Domains {
            source: of(Distortions::none(), 0, learnt)?,
            target: of(photographed.clone(), learnt, learnt)?,
            source_test: of(Distortions::none(), 2 * learnt, tested)?,
            target_test: of(photographed, 2 * learnt + tested, tested)?,
        });
    }
    let over = |data: &Dataset, place: usize| -> Result<Dataset, Failure> {
        let random = Random::new(lot.seed, Domain::Data, place, 0);
        let pictures = over_photographs(data.inputs(), &transfer.photographs, random)?;
        exchanged(data, pictures)
    };
    let plain = |data: &Dataset| exchanged(data, in_colour(data.inputs())?);
    Ok(Domains {
        source: plain(&lot.train)?,
        target: over(&lot.train, 0)?,
        source_test: plain(&lot.test)?,
        target_test: over(&lot.test, 1)?,
    })
}

/// The same labels for other pictures.
fn exchanged(data: &Dataset, pictures: Tensor) -> Result<Dataset, Failure> {
    let data = Dataset::new(pictures, data.targets().clone());
    data.map_err(|error| Failure::network("the pictures", &error))
}

/// A trial a method; nothing if the reader asked to stop.
fn trials(
    transfer: &Transfer<'_>,
    setting: Setting,
    domains: &Domains,
    lot: &Lot,
) -> Result<Option<Vec<Trial>>, Failure> {
    let mut trials = Vec::new();
    for method in Method::ALL {
        match learning::trial(&transfer.work, setting, method, domains, lot)? {
            Some(trial) => trials.push(trial),
            None => return Ok(None),
        }
    }
    let target = |trial: &Trial| measured(trial, TARGET).unwrap_or(f64::NAN);
    let (least, most) = (target(&trials[0]), target(&trials[trials.len() - 1]));
    for trial in &mut trials {
        let closed = (target(trial) - least) / (most - least);
        trial.measured.insert(GAP, closed);
    }
    Ok(Some(trials))
}

/// What the best of those that saw no label of the target comes to.
fn finding(setting: Setting, rows: &[Row]) -> Option<String> {
    let [source, adapted @ .., target] = rows else {
        return None;
    };
    let figure =
        |row: &Row, name: &'static str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let best = (adapted.iter())
        .filter(|row| figure(row, TARGET).is_finite())
        .max_by(|a, b| figure(a, TARGET).total_cmp(&figure(b, TARGET)))?;
    let closed = figure(best, GAP);
    let share = match closed.is_finite() {
        true => format!(", {} of the gap", percent(closed)),
        false => String::new(),
    };
    Some(format!(
        "{}: of the target's test pictures, {} are named right after training on the source alone, {} after training on \
         the target's labels; without these, “{}” comes to {}{share}.",
        setting.title(),
        percent(figure(source, TARGET)),
        percent(figure(target, TARGET)),
        best.title,
        percent(figure(best, TARGET)),
    ))
}

/// The accuracy on the target over the epochs, of the first seed.
fn curves(setting: Setting, rows: &[Row]) -> Result<Markup, Failure> {
    let line = |(method, row): (Method, &Row)| {
        let points = row.trials.first().map(|trial| {
            let points = trial.curve.iter();
            points
                .map(|point| (point.step as f64, point.test.accuracy))
                .collect()
        });
        (method.title().to_owned(), points.unwrap_or_default())
    };
    plot(
        &format!(
            "{}: target, test, over epochs, of the first seed",
            setting.title()
        ),
        Scale::Accuracy,
        Method::ALL.into_iter().zip(rows).map(line).collect(),
    )
}

/// Pictures of both domains.
fn samples(domains: &Domains) -> Result<Markup, Failure> {
    let shape = domains.source.inputs().shape().to_vec();
    let (width, colours) = (shape[2], shape[3]);
    let grids = |data: &Dataset| -> Vec<Grid> {
        let count = if width > 2 * shape[1] { 4 } else { 10 };
        let each = 0..count.min(data.samples());
        each.map(|sample| {
            let pixels = data.inputs().sample(sample).chunks_exact(colours);
            let grey = pixels.map(|pixel| pixel.iter().sum::<f32>() / colours as f32);
            Grid::new(width, grey.collect())
        })
        .collect()
    };
    Gallery {
        title: "Both domains",
        note: "Pictures to learn from, in grey: above with labels, below without.",
        headings: Vec::new(),
        rows: vec![
            ("source".into(), grids(&domains.source)),
            ("target".into(), grids(&domains.target)),
        ],
    }
    .drawn()
}
