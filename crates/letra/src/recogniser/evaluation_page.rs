//! The page of `letra evaluate --report`.

use std::path::{Path, PathBuf};

use letra_type::Picture;
use maud::{Markup, html};

use super::evaluation::{Answered, Evaluation};
use crate::failure::Failure;
use crate::json;
use crate::report::folder::{FIGURES, PAGE, ReportFolder};
use crate::report::numbers::percent;
use crate::report::page::page;
use crate::report::picture::address;

/// Wrong answers that are shown, those given with the most confidence.
const MOST_CASES: usize = 60;

/// Mistakes that are listed.
const MOST_MISTAKES: usize = 40;

/// Writes the page into a folder that was prepared for it: figures by group, what was mistaken for
/// what, the worst cases. Says where it is.
///
/// # Errors
/// The folder cannot be written.
pub fn write(
    mut report: ReportFolder,
    pictures: &Path,
    evaluation: &Evaluation,
    answers: &[Answered],
) -> Result<PathBuf, Failure> {
    let mut wrong: Vec<&Answered> = answers.iter().filter(|one| !one.family_within(1)).collect();
    wrong.sort_by(|one, other| other.confidence().total_cmp(&one.confidence()));
    let mut cases = Vec::new();
    for answer in wrong.into_iter().take(MOST_CASES) {
        cases.push(case(pictures, answer)?);
    }
    let body = html! {
        p.kicker { "letra evaluate" }
        h1 { "How often is it right?" }
        (figures(evaluation))
        (mistakes(evaluation))
        (not_opened(evaluation))
        section {
            h2 { "Worst cases" }
            p { "Wrong answers, those given with the most confidence first." }
            div.cards { @for case in cases { (case) } }
        }
    };
    let page = page("How often is it right?", &body);
    report.write(PAGE, page.as_bytes())?;
    report.write(FIGURES, json::text(evaluation)?.as_bytes())?;
    Ok(report.finish()?.join(PAGE))
}

fn figures(evaluation: &Evaluation) -> Markup {
    html! {
        div.scroll { table.result {
            thead { tr {
                th { "group" } th.number { "pictures" } th.number { "known" }
                th.number { "family first" } th.number { "of five" }
                th.number { "face first" } th.number { "of five" } th.number { "calibration error" }
            } }
            tbody { @for one in &evaluation.groups { tr {
                th scope="row" { (one.group) }
                td.number { (one.pictures) } td.number { (one.known) }
                @if one.known == 0 { td.number colspan="5" { "–" } } @else {
                    @for share in [one.family_top_1, one.family_top_5, one.face_top_1, one.face_top_5] {
                        td.number { (percent(share)) }
                    }
                    td.number { (format!("{:.3}", one.calibration_error)) }
                }
            } } }
        } }
        @if let Some(area) = evaluation.none_auroc {
            p { "“None of these” tells unknown families from known ones with an AUROC of "
                strong { (format!("{area:.3}")) } "." }
        }
    }
}

fn mistakes(evaluation: &Evaluation) -> Markup {
    html! {
        section {
            h2 { "Mistaken for one another" }
            div.scroll { table.result {
                thead { tr { th { "family" } th { "called" } th.number { "pictures" } } }
                tbody { @for one in evaluation.mistakes.iter().take(MOST_MISTAKES) { tr {
                    th scope="row" { (one.family) } td { (one.said) } td.number { (one.count) }
                } } }
            } }
        }
    }
}

fn not_opened(evaluation: &Evaluation) -> Markup {
    html! {
        @if !evaluation.not_opened.is_empty() {
            section {
                h2 { "Could not be opened" }
                p { "No figure counts these." }
                div.scroll { table.result {
                    thead { tr { th { "picture" } th { "what is wrong" } } }
                    tbody { @for one in &evaluation.not_opened { tr {
                        th scope="row" { (one.picture) } td { (one.error) }
                    } } }
                } }
            }
        }
    }
}

fn case(pictures: &Path, answer: &Answered) -> Result<Markup, Failure> {
    // It was there when it was read; if it is gone now, its name is left.
    let picture = Picture::from_file(&pictures.join(&answer.label.picture)).ok();
    let picture = picture.map(|picture| picture.to_png()).transpose()?;
    let said = answer.families.first();
    Ok(html! {
        figure.card {
            @match picture {
                Some(picture) => img.case src=(address(&picture)) alt=(answer.label.picture);,
                None => p { (answer.label.picture) },
            }
            figcaption {
                strong { (answer.label.family) " " (answer.label.style) }
                span.note {
                    @match said {
                        Some(said) => { "called " (said.family) ", " (percent(f64::from(said.probability))) },
                        None => { "no text was found" },
                    }
                    " (" (answer.label.group) ")"
                }
            }
        }
    })
}
