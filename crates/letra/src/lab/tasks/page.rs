//! The page of the report.

use maud::{Markup, html};

use super::part::Done;
use super::table::{cells, header};
use crate::experiment::{Experiment, Row, described};
use crate::failure::Failure;
use crate::report::page;

/// The whole page, under a title and what was asked.
pub(in crate::lab) fn page(
    [title, question]: [&str; 2],
    experiment: &Experiment,
    data: &str,
    parts: &[Done],
    rows: &[Row],
) -> Result<String, Failure> {
    let body = html! {
        header {
            p.kicker { "letra lab · " (experiment.name) }
            h1 { (title) }
            p.lede { (question) }
        }
        @for part in parts { (section(part, &rows[part.range.clone()])) }
        (networks(experiment, data, rows))
    };
    Ok(page::page(title, &body))
}

/// A task and what came of it.
fn section(part: &Done, rows: &[Row]) -> Markup {
    let has_models = rows.iter().any(|row| row.models().next().is_some());
    html! {
        section id=(part.name) {
            h2 { (part.title) }
            p.note { (part.about) }
            p.findings { @for sentence in &part.findings { (sentence) " " } }
            div.scroll {
                table.result {
                    thead {
                        tr {
                            @for (index, heading) in header(part).iter().enumerate() {
                                th.number[index > 0] scope="col" { (heading) }
                            }
                            @if has_models { th.models scope="col" { "Model" } }
                        }
                    }
                    tbody { @for row in rows { (line(part, row, has_models)) } }
                }
            }
            @if !part.shown.is_empty() { div.cards.wide { @for shown in &part.shown { (shown) } } }
        }
    }
}

fn line(part: &Done, row: &Row, has_models: bool) -> Markup {
    let cells = cells(part, row);
    let model = row.models().next();
    html! {
        tr {
            th scope="row" { (cells[0]) }
            @for cell in &cells[1..] { td.number { (cell) } }
            @if has_models { td.models { @if let Some((_, file)) = model { a href=(file) download { ".letra" } } } }
        }
    }
}

fn networks(experiment: &Experiment, data: &str, rows: &[Row]) -> Markup {
    let seeds: Vec<_> = experiment.seeds.iter().map(u64::to_string).collect();
    html! {
        section #networks {
            h2 { "The networks" }
            @for row in rows {
                (described(&row.name, row))
            }
            h3 { "Do it again" }
            pre.command { (experiment.command) }
            p.note {
                "Data: " (data) ". "
                @if seeds.len() > 1 { "Seeds " } @else { "Seed " } (seeds.join(", "))
                ", threads: " (experiment.arguments.worker_threads())
                ". Mean ± standard deviation from seed to seed; steps and seconds are those of one training, without \
                measuring along the way. The same figures for programs: "
                a href="report.json" { "report.json" } "."
            }
        }
    }
}
