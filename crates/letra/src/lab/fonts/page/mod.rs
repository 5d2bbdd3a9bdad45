//! The page of the report.

mod diagnosis;
mod explanations;
mod inside;
mod mistakes;

use maud::{Markup, PreEscaped, html};

use super::findings;
use super::outcome::{NetworkResult, Outcome};
use crate::failure::Failure;
use crate::networks::Training;
use crate::report::confusion::{self, ClassLabel};
use crate::report::curves::accuracy_over_steps;
use crate::report::numbers::{percent, percent_range, thousands};
use crate::report::page;

/// Characters that tell typefaces apart well, for the strips at the top.
const SPECIMEN: [char; 8] = ['A', 'g', 'R', 'a', 'Q', '4', 'k', 'y'];

/// The whole page.
pub(super) fn page(outcome: &Outcome<'_>) -> Result<String, Failure> {
    let title = format!(
        "{} typefaces, told apart",
        count_in_words(outcome.experiment.examples.class_names().len())
    );
    let body = html! {
        (header(outcome, &title)?)
        (result(outcome))
        (curves(outcome)?)
        (diagnosis::section(outcome)?)
        (confusions(outcome)?)
        @if let Some(weights) = inside::weights(outcome)? { (weights) }
        @if let Some(maps) = inside::feature_maps(outcome)? { (maps) }
        @if let Some(looks) = explanations::section(outcome)? { (looks) }
        (mistakes::section(outcome)?)
        (networks(outcome))
    };
    Ok(page::page(&title, &body))
}

fn count_in_words(count: usize) -> String {
    const WORDS: [&str; 13] = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
        "Eleven", "Twelve",
    ];
    WORDS
        .get(count)
        .map_or_else(|| count.to_string(), ToString::to_string)
}

fn header(outcome: &Outcome<'_>, title: &str) -> Result<Markup, Failure> {
    let names = outcome.experiment.examples.class_names();
    let mut strips = Vec::new();
    for class in 0..names.len() {
        let mut strip = Vec::new();
        for character in SPECIMEN {
            let picture = outcome.experiment.examples.sample(class, character);
            strip.push(
                outcome
                    .experiment
                    .examples
                    .grid(picture)
                    .ink(1.0, &character.to_string())?,
            );
        }
        strips.push(strip);
    }
    Ok(html! {
        header {
            p.kicker { "letra lab · fonts" }
            h1 { (title) }
            @if let Some(winner) = findings::winner(&outcome.results) {
                p.lede {
                    (winner.recipe.subject) " names the typeface of "
                    strong { (percent(winner.row.test_accuracy())) }
                    " of the pictures it was not trained on."
                }
            }
            div.specimen {
                @for (strip, name) in strips.iter().zip(names) {
                    figure {
                        div.strip { @for glyph in strip { (glyph) } }
                        figcaption { (name) }
                    }
                }
            }
        }
    })
}

fn result(outcome: &Outcome<'_>) -> Markup {
    let arguments = &outcome.experiment.arguments;
    html! {
        section #result {
            h2 { "Result" }
            div.scroll { (table(outcome)) }
            p.findings {
                @for sentence in findings::sentences(outcome) { (sentence) " " }
            }
            p.note {
                "Data: " (arguments.data_name()) ", " (thousands(outcome.experiment.examples.count() as u64)) " pictures. Split: " (arguments.split.name())
                ". Seed " (arguments.seed) ", threads: " (arguments.worker_threads())
                ". Accuracy in per cent; seconds of training, without measuring along the way. \
                The slides' figures are for the seminar's own typefaces and split. The same figures for \
                programs: " a href="report.json" { "report.json" } "."
            }
        }
    }
}

fn table(outcome: &Outcome<'_>) -> Markup {
    let folds = outcome.neighbour.trials.len() > 1;
    html! {
        table.result {
            thead {
                tr {
                    th scope="col" { "Network" }
                    th.number scope="col" { "Train" }
                    th.number scope="col" { "Test" }
                    td.bar {}
                    @if folds { th.number scope="col" { "Folds" } }
                    th.number scope="col" { "Slides" }
                    th.number.steps scope="col" { "Steps" }
                    th.number scope="col" { "Seconds" }
                    th.models scope="col" { @if folds { "Models" } @else { "Model" } }
                }
            }
            tbody {
                @for result in &outcome.results { (row(result)) }
                tr.neighbour {
                    th scope="row" { "1-nearest neighbour" }
                    td.number { "–" }
                    td.number.test { (figure(outcome.neighbour.test_accuracy())) }
                    (bar(outcome.neighbour.test_accuracy()))
                    @if let Some(range) = outcome.neighbour.test_range() { td.number { (percent_range(range)) } }
                    td.number { "–" }
                    td.number.steps { "–" }
                    td.number { (format!("{:.1}", outcome.neighbour.seconds())) }
                    td {}
                }
            }
        }
    }
}

fn row(result: &NetworkResult<'_>) -> Markup {
    let slides = match (result.recipe.slides.train, result.recipe.slides.test) {
        (Some(train), Some(test)) => format!("{:.0} / {:.0}", train * 100.0, test * 100.0),
        _ => "–".to_owned(),
    };
    html! {
        tr {
            th scope="row" { (result.recipe.title) @if result.row.diverged() > 0 { " (diverged)" } }
            td.number { (figure(result.row.train_accuracy())) }
            td.number.test { (figure(result.row.test_accuracy())) }
            (bar(result.row.test_accuracy()))
            @if let Some(range) = result.row.test_range() { td.number { (percent_range(range)) } }
            td.number { (slides) }
            td.number.steps { (thousands(result.row.steps())) }
            td.number { (format!("{:.1}", result.row.seconds())) }
            td.models {
                @for (trial, file) in result.row.models() {
                    a href=(file) download {
                        @if result.row.trials.len() > 1 { (trial.fold + 1) } @else { "." (crate::report::folder::MODEL) }
                    }
                    " "
                }
            }
        }
    }
}

fn figure(accuracy: f64) -> String {
    format!("{:.1}", accuracy * 100.0)
}

fn bar(accuracy: f64) -> Markup {
    html! { td.bar { span style=(format!("--share:{accuracy:.3}")) {} } }
}

fn curves(outcome: &Outcome<'_>) -> Result<Markup, Failure> {
    let mut cards = Vec::new();
    for result in &outcome.results {
        cards.push(curve(outcome, result)?);
    }
    Ok(html! {
        section #curves {
            h2 { "Accuracy over steps" }
            p.note {
                "Share of pictures named right after each step: " span.train { "training pictures" } " and "
                span.test { "test pictures" } "."
                @if outcome.like_the_slides { " Dashed: the test accuracy on the slides." }
            }
            div.cards { @for card in &cards { (card) } }
        }
    })
}

fn curve(outcome: &Outcome<'_>, result: &NetworkResult<'_>) -> Result<Markup, Failure> {
    let Some(first) = result.row.trials.first() else {
        return Ok(html! {});
    };
    let slides = result.recipe.slides.test;
    let plot = accuracy_over_steps(&first.curve, slides.filter(|_| outcome.like_the_slides))?;
    let description = format!("Accuracy of {} over its training", result.recipe.title);
    Ok(html! {
        figure.card {
            figcaption {
                (result.recipe.title)
                @if result.row.trials.len() > 1 { span.count { "the first fold" } }
                span.key {
                    span.train { "train " (percent(first.train.accuracy)) }
                    span.test { "test " (percent(first.test.accuracy)) }
                }
            }
            div.plot role="img" aria-label=(description) { (PreEscaped(plot)) }
        }
    })
}

fn confusions(outcome: &Outcome<'_>) -> Result<Markup, Failure> {
    let mut classes = Vec::new();
    for (class, name) in outcome.experiment.examples.class_names().iter().enumerate() {
        let picture = outcome.experiment.examples.sample(class, 'a');
        classes.push(ClassLabel {
            name: name.clone(),
            picture: outcome.experiment.examples.grid(picture).ink(1.0, name)?,
        });
    }
    let cards = outcome.results.iter().map(|result| {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for answer in result.row.answers() {
            counts[outcome.experiment.examples.label(answer.picture)][answer.said] += 1;
        }
        html! {
            figure.card {
                figcaption { (result.recipe.title) span.count { (percent(result.row.test_accuracy())) } }
                (confusion::table(&counts, &classes))
            }
        }
    });
    Ok(html! {
        section #confusion {
            h2 { "What is taken for what" }
            p.note {
                "Test pictures. A row is the typeface that was shown, a column the one that was said; the \
                diagonal is right."
            }
            div.cards { @for card in cards { (card) } }
        }
    })
}

fn networks(outcome: &Outcome<'_>) -> Markup {
    html! {
        section #networks {
            h2 { "The networks" }
            @for result in &outcome.results {
                details {
                    summary { (result.recipe.title) span.count { (settings(result)) } }
                    p { (result.recipe.about) }
                    @if let Some(network) = result.row.network() {
                        div.scroll { pre { (network.summary()) } }
                    }
                }
            }
            h3 { "Do it again" }
            pre.command { (outcome.experiment.command) }
        }
    }
}

fn settings(result: &NetworkResult<'_>) -> String {
    match result.recipe.training {
        Training::FullBatch { steps } => {
            format!(
                "{} steps, each on all training pictures",
                thousands(steps as u64)
            )
        }
        Training::MiniBatch { batch, epochs } => {
            format!("{epochs} epochs, {batch} pictures a step")
        }
    }
}
