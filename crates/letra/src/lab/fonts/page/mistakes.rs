//! The glyphs that were called by the wrong name.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::experiment::Answer;
use crate::failure::Failure;
use crate::lab::fonts::outcome::{NetworkResult, Outcome};

/// The most glyphs shown of a network.
const SHOWN: usize = 60;

/// Mistakes about one glyph: the surest of them, and how many there are.
struct Mistake {
    surest: Answer,
    count: usize,
}

/// A fold-out for each network with its wrong answers.
pub(super) fn section(outcome: &Outcome<'_>) -> Result<Markup, Failure> {
    let mut networks = Vec::new();
    for (position, result) in outcome.results.iter().enumerate() {
        networks.push(network(outcome, result, position == 0)?);
    }
    Ok(html! {
        section #mistakes {
            h2 { "Mistakes" }
            p.note {
                "Test pictures that were named wrong: " span.shown { "what it is" } ", then "
                span.said { "what was said" } " and how sure the network was. Shifted copies of a glyph with \
                the same wrong name are shown once."
            }
            @for network in &networks { (network) }
        }
    })
}

fn network(
    outcome: &Outcome<'_>,
    result: &NetworkResult<'_>,
    open: bool,
) -> Result<Markup, Failure> {
    let mistakes = mistakes(outcome, result);
    let wrong: usize = mistakes.iter().map(|mistake| mistake.count).sum();
    let mut glyphs = Vec::new();
    for mistake in mistakes.iter().take(SHOWN) {
        glyphs.push(glyph(outcome, mistake)?);
    }
    Ok(html! {
        details open[open] {
            summary {
                (result.recipe.title)
                span.count { (wrong) " of " (result.row.answers().count()) }
            }
            div.glyphs { @for glyph in &glyphs { (glyph) } }
            @if mistakes.len() > SHOWN {
                p.note { "And " (mistakes.len() - SHOWN) " more such glyphs." }
            }
            @if mistakes.is_empty() {
                p.note { "None: every test picture was named right." }
            }
        }
    })
}

/// The wrong answers, commonest first.
fn mistakes(outcome: &Outcome<'_>, result: &NetworkResult<'_>) -> Vec<Mistake> {
    let mut by_glyph: BTreeMap<_, Mistake> = BTreeMap::new();
    for answer in result.row.answers() {
        let shown = outcome.experiment.examples.label(answer.picture);
        if shown == answer.said {
            continue;
        }
        // Where the characters are not known, every picture is a glyph of its own.
        let character = outcome.experiment.examples.character(answer.picture);
        let glyph = character.map_or(answer.picture, |character| character as usize);
        let mistake = by_glyph
            .entry((shown, glyph, answer.said))
            .or_insert(Mistake {
                surest: *answer,
                count: 0,
            });
        mistake.count += 1;
        if answer.probability > mistake.surest.probability {
            mistake.surest = *answer;
        }
    }
    let mut mistakes: Vec<_> = by_glyph.into_values().collect();
    mistakes.sort_by(|a, b| {
        (b.count.cmp(&a.count)).then(b.surest.probability.total_cmp(&a.surest.probability))
    });
    mistakes
}

fn glyph(outcome: &Outcome<'_>, mistake: &Mistake) -> Result<Markup, Failure> {
    let names = outcome.experiment.examples.class_names();
    let answer = mistake.surest;
    let right = &names[outcome.experiment.examples.label(answer.picture)];
    let picture = outcome
        .experiment
        .examples
        .grid(answer.picture)
        .ink(1.0, &format!("a glyph of {right}"))?;
    Ok(html! {
        figure {
            span.tile { (picture) }
            figcaption {
                span.shown { (right) }
                @if mistake.count > 1 { span.sure { " ×" (mistake.count) } }
                br;
                span.said { (names[answer.said]) } " "
                span.sure { (format!("{:.0}%", answer.probability * 100.0)) }
            }
        }
    })
}
