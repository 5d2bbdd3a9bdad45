//! The page of a comparison.

use letra_nn::prelude::*;
use maud::{Markup, PreEscaped, html};

use super::comparison::Comparison;
use super::conduct::Experiment;
use super::results::{Row, Spread, Trial};
use super::sentences::best;
use super::table::{accuracy, seconds, steps, title};
use crate::failure::Failure;
use crate::report::curves::{CurvePoint, Line, Scale, accuracy_over_steps, over_steps, sample};
use crate::report::numbers::{NONE, percent, percent_range, thousands};
use crate::report::page;

/// The whole page.
pub(super) fn page(
    experiment: &Experiment,
    comparison: &Comparison,
    neighbour: &Row,
) -> Result<String, Failure> {
    let body = html! {
        (header(experiment, comparison))
        (result(experiment, comparison, neighbour))
        (curves(comparison)?)
        @for section in &comparison.sections { (section) }
        (each(comparison)?)
        (variants(experiment, comparison))
    };
    Ok(page::page(&comparison.title, &body))
}

fn header(experiment: &Experiment, comparison: &Comparison) -> Markup {
    html! {
        header {
            p.kicker { "letra lab · " (experiment.name) }
            h1 { (comparison.title) }
            @if !comparison.question.is_empty() { p.lede { (comparison.question) } }
        }
    }
}

fn result(experiment: &Experiment, comparison: &Comparison, neighbour: &Row) -> Markup {
    let arguments = &experiment.arguments;
    let folds = neighbour.test_range().is_some();
    let seeds: Vec<_> = experiment.seeds.iter().map(u64::to_string).collect();
    html! {
        section #result {
            h2 { "Result" }
            p.findings { @for sentence in &comparison.findings { (sentence) " " } }
            div.scroll { (table(comparison, neighbour, folds)) }
            p.note {
                "Data: " (arguments.data_name()) ", " (thousands(experiment.examples.count() as u64))
                " pictures. Split: " (arguments.split.name()) ". "
                @if seeds.len() > 1 { "Seeds " } @else { "Seed " } (seeds.join(", "))
                ", threads: " (arguments.worker_threads()) ". Accuracy in per cent"
                @if seeds.len() > 1 { ", mean ± standard deviation from seed to seed" }
                @if folds { ", and under “folds” the lowest and the highest fold" }
                "; seconds of one training, without measuring along the way. The same figures for programs: "
                a href="report.json" { "report.json" } "."
            }
        }
    }
}

fn table(comparison: &Comparison, neighbour: &Row, folds: bool) -> Markup {
    let leader = best(&comparison.rows).map(|row| &row.name);
    html! {
        table.result {
            thead {
                tr {
                    th scope="col" {}
                    th.number scope="col" { "Train" }
                    th.number scope="col" { "Test" }
                    td.bar {}
                    @if folds { th.number scope="col" { "Folds" } }
                    @for column in &comparison.columns { th.number scope="col" { (column.heading) } }
                    th.number.steps scope="col" { "Steps" }
                    th.number scope="col" { "Seconds" }
                    th.models scope="col" { "Model" }
                }
            }
            tbody {
                @for row in &comparison.rows {
                    tr.best[leader == Some(&row.name)] {
                        th scope="row" { (title(row)) }
                        td.number { (figure(row, |trial| trial.train.accuracy)) }
                        td.number.test { (figure(row, |trial| trial.test.accuracy)) }
                        (bar(row))
                        @if folds { td.number { (range(row)) } }
                        @for column in &comparison.columns { td.number { (column.cell(row)) } }
                        td.number.steps { (steps(row)) }
                        td.number { (seconds(row)) }
                        td.models { @if let Some((_, file)) = row.models().next() { a href=(file) download { ".letra" } } }
                    }
                }
                tr.neighbour {
                    th scope="row" { (neighbour.title) }
                    td.number { (NONE) }
                    td.number.test { (figure(neighbour, |trial| trial.test.accuracy)) }
                    (bar(neighbour))
                    @if folds { td.number { (range(neighbour)) } }
                    @for _ in &comparison.columns { td.number { (NONE) } }
                    td.number.steps { (NONE) }
                    td.number { (seconds(neighbour)) }
                    td {}
                }
            }
        }
    }
}

fn figure(row: &Row, of: fn(&Trial) -> f64) -> Markup {
    let spread: Option<Spread> = row.spread(|trial| Some(of(trial)));
    html! {
        @match spread {
            None => { (NONE) }
            Some(Spread { mean, deviation, .. }) => {
                (format!("{:.1}", mean * 100.0))
                @if let Some(deviation) = deviation {
                    span.deviation { (format!(" ± {:.1}", deviation * 100.0)) }
                }
            }
        }
    }
}

fn range(row: &Row) -> String {
    row.test_range().map_or(NONE.to_owned(), percent_range)
}

fn bar(row: &Row) -> Markup {
    let share = row.test_accuracy();
    let share = if share.is_finite() { share } else { 0.0 };
    html! { td.bar { span style=(format!("--share:{share:.3}")) {} } }
}

/// The rows that were trained step by step, each with the number of its colour.
fn trained(comparison: &Comparison) -> Vec<(usize, &Row, Vec<CurvePoint>)> {
    (comparison.rows.iter().enumerate())
        .map(|(colour, row)| (colour, row, row.curve()))
        .filter(|(_, _, curve)| !curve.is_empty())
        .collect()
}

/// All variants in one plot, for each thing that was measured.
fn curves(comparison: &Comparison) -> Result<Markup, Failure> {
    type Value = fn(&CurvePoint) -> f64;
    let rows = trained(comparison);
    if rows.is_empty() {
        return Ok(html! {});
    }
    let shown: [(&str, Scale, Value); 4] = [
        ("Test accuracy", Scale::Accuracy, |point| {
            point.test.accuracy
        }),
        ("Training accuracy", Scale::Accuracy, |point| {
            point.train.accuracy
        }),
        ("Test loss", Scale::Loss, |point| point.test.loss),
        ("Training loss", Scale::Loss, |point| point.train.loss),
    ];
    let mut cards = Vec::new();
    for (name, scale, value) in shown {
        let line = |(colour, _, curve): &(usize, &Row, Vec<CurvePoint>)| Line {
            colour: *colour,
            points: (curve.iter())
                .map(|point| (point.step as f64, value(point)))
                .collect(),
        };
        let lines: Vec<_> = rows.iter().map(line).collect();
        cards.push((name, over_steps(scale, &lines)?));
    }
    Ok(html! {
        section #curves {
            h2 { "Accuracy and loss over steps" }
            p.note { "Mean of all trainings of a variant. Loss on a logarithmic scale." }
            p.legend.plot {
                @for (colour, row, _) in &rows { span { (PreEscaped(sample(*colour))) (row.title) } }
            }
            div.cards.wide {
                @for (name, plot) in &cards {
                    figure.card {
                        figcaption { (name) }
                        div.plot role="img" aria-label=(format!("{name} of all variants over their training")) { (PreEscaped(plot)) }
                    }
                }
            }
        }
    })
}

/// A small plot for each variant.
fn each(comparison: &Comparison) -> Result<Markup, Failure> {
    let mut cards = Vec::new();
    for (_, row, curve) in trained(comparison) {
        let plot = accuracy_over_steps(&curve, None)?;
        cards.push(html! {
            figure.card {
                figcaption {
                    (row.title)
                    span.key {
                        span.train { "train " (percent(row.train_accuracy())) }
                        span.test { "test " (accuracy(row, percent, |row| row.spread(|trial| Some(trial.test.accuracy)))) }
                    }
                }
                div.plot role="img" aria-label=(format!("Accuracy of {} over its training", row.title)) { (PreEscaped(plot)) }
            }
        });
    }
    Ok(html! {
        @if !cards.is_empty() {
            section #each {
                h2 { "One by one" }
                p.note {
                    "Share of " span.train { "training pictures" } " and " span.test { "test pictures" }
                    " named right after each step, mean of all trainings."
                }
                div.cards { @for card in &cards { (card) } }
            }
        }
    })
}

/// What was tried, under a name: in words, and the network.
pub(crate) fn described(name: &str, row: &Row) -> Markup {
    let size = |network: &Trainer| thousands(network.summary().parameters as u64);
    html! {
        details {
            summary {
                (name)
                @if let Some(network) = row.network() { span.count { (size(network)) " parameters" } }
            }
            @if !row.about.is_empty() { p { (row.about) } }
            @if let Some(network) = row.network() {
                div.scroll { pre { (network.summary()) } }
            }
        }
    }
}

fn variants(experiment: &Experiment, comparison: &Comparison) -> Markup {
    html! {
        section #variants {
            h2 { "What was compared" }
            @for row in &comparison.rows {
                (described(&row.title, row))
            }
            h3 { "Do it again" }
            pre.command { (experiment.command) }
        }
    }
}
