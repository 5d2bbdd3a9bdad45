//! The page of `letra identify --report`: what was read from where, and the proposals beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use letra_type::{Font, FontLibrary, Outline, Picture, TextLine, draw_line, line_width};
use maud::{Markup, PreEscaped, html};
use serde_json::json;

use super::{FamilyCandidate, KnownFace, LineReading, Reading, Recogniser, Typeface};
use crate::failure::Failure;
use crate::report::folder::{FIGURES, PAGE, ReportFolder};
use crate::report::numbers::percent;
use crate::report::page::page;
use crate::report::picture::address;

/// Height of capitals in proposals, in pixels.
const CAPITALS: f32 = 40.0;

/// Colour of the boxes around lines.
const MARK: &str = "#c8352a";

/// Lines that are shown one by one.
const MOST_LINES: usize = 12;

/// What is set where nobody says what the picture reads.
const SAMPLE: &str = "Hamburgefonstiv 0123456789";

/// What a page needs beside the readings.
pub struct Setting<'a> {
    /// Who read.
    pub recogniser: &'a Recogniser,
    /// Where fonts of proposed typefaces may be; where there are none, the system's are searched.
    pub fonts: &'a [PathBuf],
    /// What is written in the pictures, if the reader said so.
    pub text: Option<&'a str>,
    /// How many families to propose.
    pub top: usize,
}

/// Writes the page for pictures with their names.
///
/// # Errors
/// The folder cannot be written, or holds something else.
pub fn write(
    folder: &Path,
    setting: &Setting<'_>,
    readings: &[(String, &(Picture, Reading))],
) -> Result<(), Failure> {
    let report = ReportFolder::prepare(folder)?;
    let mut library = FontLibrary::new();
    library.add_built_in();
    match setting.fonts {
        [] => library.add_system(),
        paths => library.add_paths(paths)?,
    }
    let mut body = Vec::new();
    for (name, (picture, reading)) in readings {
        body.push(section(setting, library.fonts(), name, picture, reading)?);
    }
    let body = html! {
        p.kicker { "letra identify" }
        h1 { "Which typeface is this?" }
        @for section in body { (section) }
    };
    report.write(PAGE, &page("Which typeface is this?", &body))?;
    let figures: Vec<_> = readings
        .iter()
        .map(|(name, (_, reading))| {
            let typeface = reading.main();
            let candidates: Vec<_> = typeface.families.iter().take(setting.top).collect();
            json!({ "picture": name, "candidates": candidates, "none_of_these": typeface.none })
        })
        .collect();
    report.write(FIGURES, &format!("{:#}", json!(figures)))?;
    report.finish().map(|_| ())
}

fn section(
    setting: &Setting<'_>,
    fonts: &[Font],
    name: &str,
    picture: &Picture,
    reading: &Reading,
) -> Result<Markup, Failure> {
    let mut typefaces = Vec::new();
    for typeface in &reading.typefaces {
        typefaces.push(answer(setting, fonts, reading, picture, typeface)?);
    }
    Ok(html! {
        section {
            h2 { (name) }
            figure.found { (found(picture, reading)?) }
            p.note {
                (reading.lines.len()) " lines found, " (reading.windows())
                " windows read along them. The boxes are what was read."
            }
            @for typeface in typefaces { (typeface) }
        }
    })
}

/// What some lines are set in: the proposals, and each line by itself.
fn answer(
    setting: &Setting<'_>,
    fonts: &[Font],
    reading: &Reading,
    picture: &Picture,
    typeface: &Typeface,
) -> Result<Markup, Failure> {
    let best = &typeface.families[0];
    let mut rows = Vec::new();
    for candidate in typeface.families.iter().take(setting.top) {
        rows.push(proposal(setting, fonts, candidate)?);
    }
    let lines = typeface.lines.iter().map(|&line| &reading.lines[line]);
    let mut lines: Vec<&LineReading> = lines.collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.windows));
    lines.truncate(MOST_LINES);
    lines.sort_by(|one, other| one.line.bounds()[1].total_cmp(&other.line.bounds()[1]));
    let mut strips = Vec::new();
    for line in lines {
        strips.push(strip(setting.recogniser, picture, line)?);
    }
    let parts = reading.typefaces.len() > 1;
    Ok(html! {
        @if parts {
            h3 { (typeface.lines.len()) " of " (reading.lines.len()) " lines" }
        }
        p.lede {
            @if typeface.none > best.probability {
                "None of the " (setting.recogniser.faces().len())
                " faces it knows fits well. Nearest is " strong { (best.family) } "."
            } @else {
                "Most likely " strong { (best.family) " " (best.faces[0].style) } ", "
                (percent(f64::from(best.probability))) "."
            }
        }
        div.scroll { table.result {
            tbody {
                @for row in rows { (row) }
                tr.neighbour { th scope="row" { "none of these" }
                    td.number { (percent(f64::from(typeface.none))) }
                    td.bar { span style=(format!("--share:{:.3}", typeface.none)) {} } td {} }
            }
        } }
        @if setting.text.is_none() {
            p.note { "With " code { "--text" } " and the picture's words, these are set instead." }
        }
        details open[!parts] {
            summary { "Line by line" }
            @for strip in strips { (strip) }
        }
    })
}

/// The picture with a box around every line.
fn found(picture: &Picture, reading: &Reading) -> Result<Markup, Failure> {
    let (width, height) = (picture.width(), picture.height());
    let mut boxes = String::new();
    for LineReading { line, .. } in &reading.lines {
        let points = corners(line)
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .join(" ");
        // Writing to a string cannot fail.
        let _ = write!(
            boxes,
            r#"<polygon points="{points}" fill="none" stroke="{MARK}" stroke-width="{:.1}"/>"#,
            (width as f32 / 500.0).max(1.0)
        );
    }
    Ok(PreEscaped(format!(
        r#"<svg class="reading" viewBox="0 0 {width} {height}" role="img" aria-label="The picture with the lines that were found"><image href="{}" width="{width}" height="{height}"/>{boxes}</svg>"#,
        address(&picture.to_png()?)
    )))
}

/// The corners of the slanted box around a line.
fn corners(line: &TextLine) -> [(f32, f32); 4] {
    let (left, right) = (line.left, line.left + line.width);
    let (start, end) = (line.baseline, line.baseline + line.slope * line.width);
    let (above, below) = (1.1 * line.letter_height, 0.4 * line.letter_height);
    [
        (left, start - above),
        (right, end - above),
        (right, end + below),
        (left, start + below),
    ]
}

/// A family with its probability and a line set in its best face, if its font is there.
fn proposal(
    setting: &Setting<'_>,
    fonts: &[Font],
    candidate: &FamilyCandidate,
) -> Result<Markup, Failure> {
    let best = &candidate.faces[0];
    let face = &setting.recogniser.faces()[best.face];
    let font = fonts.iter().find(|font| KnownFace::of(font).is_named(face));
    let set = match font {
        Some(font) => {
            let picture = set(font, setting.text.unwrap_or(SAMPLE))?;
            html! { img.set src=(address(&picture.to_png()?)) alt=(format!("Set in {}", face.name()))
            height=(picture.height() / 2) width=(picture.width() / 2); }
        }
        None => {
            html! { span.note { "its font is not on this machine; " code { "--fonts" } " says where it is" } }
        }
    };
    Ok(html! {
        tr {
            th scope="row" { (candidate.family) " " span.deviation { (best.style) } }
            td.number { (percent(f64::from(candidate.probability))) }
            td.bar { span style=(format!("--share:{:.3}", candidate.probability)) {} }
            td { (set) }
        }
    })
}

/// Words set in a font, black on white, its capitals 40 pixels high.
fn set(font: &Font, text: &str) -> Result<Picture, Failure> {
    let capital = Outline::of(font, 'H', 1000.0)
        .ok()
        .and_then(|outline| outline.bounds());
    let share = capital
        .map_or(0.7, |bounds| bounds.height() / 1000.0)
        .clamp(0.2, 2.0);
    let size = CAPITALS / share;
    let text: String = text
        .chars()
        .filter(|&one| font.covers(one))
        .take(80)
        .collect();
    let width = (line_width(font, &text, size) + CAPITALS).clamp(1.0, 8000.0) as usize;
    let mut picture = Picture::blank(width, (CAPITALS * 2.0) as usize, 255)?;
    draw_line(
        &mut picture,
        font,
        &text,
        size,
        (CAPITALS / 2.0, CAPITALS * 1.4),
        0,
    )?;
    Ok(picture)
}

/// A line made straight, and what it says by itself.
fn strip(
    recogniser: &Recogniser,
    picture: &Picture,
    reading: &LineReading,
) -> Result<Markup, Failure> {
    let straight = reading.line.straightened(picture);
    let families = recogniser.families(&reading.likeness, reading.windows);
    let said: Vec<_> = families.iter().take(3).collect();
    Ok(html! {
        figure.line {
            div.scroll { img.set src=(address(&straight.to_png()?)) alt="The line, made straight"
                width=(straight.width()) height=(straight.height()); }
            figcaption.note {
                @for (index, one) in said.iter().enumerate() {
                    @if index > 0 { " · " }
                    (one.family) " " (one.faces[0].style) " " (percent(f64::from(one.probability)))
                }
                " (" (reading.windows) " windows)"
            }
        }
    })
}
