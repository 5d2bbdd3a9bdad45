//! The page of `letra identify --report`: what was read from where, and the proposals beside it.

use std::fmt::Write as _;
use std::path::PathBuf;

use letra_type::{Font, FontLibrary, Outline, Picture, TextLine, draw_line, line_width};
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::{FamilyCandidate, KnownFace, LineReading, Reading, Recogniser, StyledWord, Typeface};
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

/// Characters of a line that was read that are set beside a proposal.
const WIDEST: usize = 40;

/// What is set where it is not said what the picture reads and it could not be read.
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

/// A page that grows by a section a picture.
pub struct Page<'a> {
    setting: Setting<'a>,
    report: ReportFolder,
    library: FontLibrary,
    sections: Vec<Markup>,
    figures: Vec<Value>,
}

impl<'a> Page<'a> {
    /// A page in the folder that was prepared for it; finds the fonts.
    ///
    /// # Errors
    /// Fonts that cannot be read.
    pub fn prepare(report: ReportFolder, setting: Setting<'a>) -> Result<Self, Failure> {
        let mut library = FontLibrary::new();
        library.add_built_in();
        match setting.fonts {
            [] => library.add_system(),
            paths => library.add_paths(paths)?,
        }
        Ok(Self {
            setting,
            report,
            library,
            sections: Vec::new(),
            figures: Vec::new(),
        })
    }

    /// Adds what was read from a picture.
    ///
    /// # Errors
    /// A proposal cannot be drawn.
    pub fn add(
        &mut self,
        name: &str,
        picture: &Picture,
        reading: &Reading,
        words: &[Vec<StyledWord>],
    ) -> Result<(), Failure> {
        let setting = &self.setting;
        let read = Read {
            fonts: self.library.fonts(),
            reading,
            words,
        };
        self.sections.push(section(setting, read, name, picture)?);
        let typeface = reading.main();
        let candidates: Vec<_> = typeface.families.iter().take(setting.top).collect();
        self.figures.push(
            json!({ "picture": name, "candidates": candidates, "none_of_these": typeface.none }),
        );
        Ok(())
    }

    /// Writes the page, if there is a section, and says where it is.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn finish(mut self) -> Result<Option<PathBuf>, Failure> {
        if self.sections.is_empty() {
            return Ok(None);
        }
        let body = html! {
            p.kicker { "letra identify" }
            h1 { "Which typeface is this?" }
            @for section in self.sections { (section) }
        };
        let page = page("Which typeface is this?", &body);
        self.report.write(PAGE, page.as_bytes())?;
        let figures = format!("{:#}", json!(self.figures));
        self.report.write(FIGURES, figures.as_bytes())?;
        Ok(Some(self.report.finish()?.join(PAGE)))
    }
}

/// What was read from a picture, and the fonts to show it in.
#[derive(Clone, Copy)]
struct Read<'a> {
    fonts: &'a [Font],
    reading: &'a Reading,
    /// Of each line.
    words: &'a [Vec<StyledWord>],
}

fn section(
    setting: &Setting<'_>,
    read: Read<'_>,
    name: &str,
    picture: &Picture,
) -> Result<Markup, Failure> {
    let reading = read.reading;
    let mut typefaces = Vec::new();
    for typeface in &reading.typefaces {
        typefaces.push(answer(setting, read, picture, typeface)?);
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
    read: Read<'_>,
    picture: &Picture,
    typeface: &Typeface,
) -> Result<Markup, Failure> {
    let Read {
        fonts,
        reading,
        words,
    } = read;
    let best = &typeface.families[0];
    let mut lines = typeface.lines.clone();
    lines.sort_by_key(|&line| std::cmp::Reverse(reading.lines[line].windows));
    lines.truncate(MOST_LINES);
    let top = |line: usize| reading.lines[line].line.bounds()[1];
    lines.sort_by(|&one, &other| top(one).total_cmp(&top(other)));
    let texts = lines.iter().map(|&line| text_of(&words[line]));
    let longest = texts.max_by_key(|text| text.chars().count());
    let longest = longest.filter(|text| !text.is_empty());
    let text = setting.text.or(longest.as_deref().map(beginning));
    let text = text.unwrap_or(SAMPLE);
    let mut rows = Vec::new();
    for candidate in typeface.families.iter().take(setting.top) {
        rows.push(proposal(setting.recogniser, fonts, candidate, text)?);
    }
    let mut strips = Vec::new();
    for line in lines {
        let line = (&reading.lines[line], words[line].as_slice());
        strips.push(strip(setting, picture, line)?);
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
        @if typeface.none <= best.probability {
            @for sentence in setting.recogniser.about_first(typeface).sentences(&best.family) {
                p.note { (sentence) "." }
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
        @match (setting.text, &longest) {
            (Some(_), _) => {}
            (None, Some(longest)) => p.note {
                "Read as: " q { (longest) } " If that is wrong, " code { "--text" }
                " sets the right words."
            }
            (None, None) => p.note {
                "The words could not be read. With " code { "--text" }
                " and the picture's words, these are set instead."
            }
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

/// The font of a face, if it is among some.
fn font_of<'a>(fonts: &'a [Font], face: &KnownFace) -> Option<&'a Font> {
    fonts.iter().find(|font| KnownFace::of(font).is_named(face))
}

/// A family with its probability and a line set in its best face, if its font is there.
fn proposal(
    recogniser: &Recogniser,
    fonts: &[Font],
    candidate: &FamilyCandidate,
    text: &str,
) -> Result<Markup, Failure> {
    let best = &candidate.faces[0];
    let face = &recogniser.faces()[best.face];
    let set = match font_of(fonts, face) {
        Some(font) => {
            let picture = set(font, text)?;
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

/// What some words say.
fn text_of(words: &[StyledWord]) -> String {
    let words: Vec<&str> = words.iter().map(|one| one.word.text.as_str()).collect();
    words.join(" ")
}

/// As many words of a line as fit beside a proposal.
fn beginning(line: &str) -> &str {
    let Some((end, _)) = line.char_indices().nth(WIDEST + 1) else {
        return line;
    };
    line[..end]
        .rsplit_once(' ')
        .map_or(&line[..end], |(words, _)| words)
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
    setting: &Setting<'_>,
    picture: &Picture,
    (reading, words): (&LineReading, &[StyledWord]),
) -> Result<Markup, Failure> {
    let recogniser = setting.recogniser;
    let straight = reading.line.straightened(picture);
    let families = recogniser.families(&reading.likeness, reading.windows, reading.none);
    let said: Vec<_> = families.iter().take(3).collect();
    Ok(html! {
        figure.line {
            div.scroll { img.set src=(address(&straight.to_png()?)) alt="The line, made straight"
                width=(straight.width()) height=(straight.height()); }
            figcaption.note {
                @if setting.text.is_none() && !words.is_empty() {
                    "Read as: " q { (text_of(words)) } br;
                }
                @for one in words.iter().filter(|one| one.stands_out) {
                    q { (one.word.text) } " is " (recogniser.faces()[one.face].style) br;
                }
                @for (index, one) in said.iter().enumerate() {
                    @if index > 0 { " · " }
                    (one.family) " " (one.faces[0].style) " " (percent(f64::from(one.probability)))
                }
                " (" (reading.windows) " windows)"
            }
        }
    })
}
