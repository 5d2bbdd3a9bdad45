//! Pictures of text, by a recogniser.

use std::num::NonZero;

use serde_json::{Value, json};

use super::Identify;
use crate::command::answers::{Answer, as_given, print_all};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json;
use crate::reader::{ReadPicture, Reader};
use crate::recogniser::page::{Page, Setting};
use crate::recogniser::{FamilyCandidate, Reading, Recogniser, StyledWord, Typeface};
use crate::report::folder::{ReportFolder, Reporter};
use crate::report::numbers::bar;
use crate::terminal::{Output, Text, cell};

/// Families that are named where the reader does not say how many.
const TOP: usize = 5;

/// What stands in a family's place where no known one fits.
const NONE: &str = "none of these";

pub(super) fn run(
    command: &Identify,
    recogniser: &Recogniser,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let top = command.top.map_or(TOP, NonZero::get);
    let reader = Reader::built_in()?;
    let report = ReportFolder::prepare_if(command.report.as_deref(), Reporter::Identify)?;
    let page = report.map(|report| {
        let setting = Setting {
            recogniser,
            fonts: &command.fonts,
            text: command.text.as_deref(),
            top,
        };
        Page::prepare(report, setting)
    });
    let mut page = page.transpose()?;
    let mut output = Output::default();
    let pictures = command.wanted();
    let answered = print_all(&pictures, &mut output, interrupt, |name, picture| {
        let read = reader.read(picture)?;
        let picture = &read.picture;
        let reading = recogniser.read_lines(read.places(), picture)?;
        let words = recogniser.styled_words(picture, &reading, read.lines.clone())?;
        if let Some(page) = &mut page {
            page.add(name, picture, &reading, &words)?;
        }
        Ok(match command.json {
            true => {
                let object = as_object(recogniser, name, (&read, &reading, &words), top);
                Answer::Object(json::text(&object)?)
            }
            false => {
                let mut text = table(recogniser, name, &read, &reading, top);
                add_words(&mut text, recogniser, &words);
                Answer::Table(text)
            }
        })
    });
    let page = page.filter(|_| !interrupt.requested());
    let written = page.map(Page::finish).transpose()?.flatten();
    if let Some(page) = written
        && !command.json
    {
        let lines = [String::new(), format!("The report is {}", page.display())];
        output.print(Text::from_iter(lines));
    }
    output.finish().and(answered)
}

/// The rows of an answer: families and "none of these" by probability, each with its best style.
fn rows(typeface: &Typeface, top: usize) -> Vec<(String, f32, String)> {
    let style = |candidate: &FamilyCandidate| {
        let best = candidate.faces.first();
        best.map_or_else(String::new, |face| cell(&face.style))
    };
    let families = typeface.families.iter().take(top);
    let mut rows: Vec<_> = families
        .map(|one| (cell(&one.family), one.probability, style(one)))
        .collect();
    let none = (NONE.to_owned(), typeface.none, String::new());
    let place = rows.partition_point(|(_, probability, _)| *probability >= typeface.none);
    rows.insert(place, none);
    rows
}

fn table(
    recogniser: &Recogniser,
    name: &str,
    read: &ReadPicture<'_>,
    reading: &Reading,
    top: usize,
) -> Text {
    let turned = match read.quarters {
        0 => String::new(),
        quarters => format!(", turned by {} degrees", 90 * quarters),
    };
    let mut text = Text::from(format!(
        "{name}   {}{turned}",
        extent(reading.lines.len(), reading.windows())
    ));
    for (index, typeface) in reading.typefaces.iter().enumerate() {
        let rows = match index {
            0 => rows(typeface, top),
            // Of further typefaces the likeliest is enough.
            _ => rows(typeface, 1),
        };
        if reading.typefaces.len() > 1 {
            let extent = extent(typeface.lines.len(), typeface.windows);
            text.line(format!("  {extent}"));
        }
        let width = |column: fn(&(String, f32, String)) -> &String| {
            let lengths = rows.iter().map(|row| column(row).chars().count());
            lengths.max().unwrap_or(0)
        };
        let (families, styles) = (width(|row| &row.0), width(|row| &row.2));
        for (family, probability, style) in &rows {
            let row = format!(
                "  {family:families$}  {style:styles$}  {:5.1}%  {}",
                probability * 100.0,
                bar(*probability)
            );
            text.line(row.trim_end());
        }
        let first = &typeface.families[0];
        if first.probability > typeface.none {
            let about = recogniser.about_first(typeface);
            for sentence in about.sentences(&first.family) {
                text.line(format!("  {}", cell(&sentence)));
            }
        }
    }
    text
}

/// Words that are set in another style than the rest of their line.
fn add_words(text: &mut Text, recogniser: &Recogniser, words: &[Vec<StyledWord>]) {
    let several = words.len() > 1;
    for (number, line) in words.iter().enumerate() {
        for one in line.iter().filter(|one| one.stands_out) {
            let place = match several {
                true => format!(" in line {}", number + 1),
                false => String::new(),
            };
            text.line(format!(
                "  The word \u{201c}{}\u{201d}{place} is {}",
                one.word.text,
                cell(&recogniser.faces()[one.face].style)
            ));
        }
    }
}

/// How much text an answer rests on.
fn extent(lines: usize, windows: usize) -> String {
    let counted = |count: usize, thing: &str| match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    };
    let few = match windows {
        1 => ", little to go by",
        _ => "",
    };
    format!(
        "{}, {} read{few}",
        counted(lines, "line"),
        counted(windows, "window")
    )
}

fn as_object(
    recogniser: &Recogniser,
    name: &str,
    (read, reading, words): (&ReadPicture<'_>, &Reading, &[Vec<StyledWord>]),
    top: usize,
) -> Value {
    let bounds = |of_turned: [f32; 4]| as_given(read, of_turned);
    let words_of = |line: &[StyledWord]| -> Vec<Value> {
        let word = |one: &StyledWord| {
            let face = &recogniser.faces()[one.face];
            json!({
                "text": one.word.text,
                "bounds": bounds(one.word.bounds),
                "confidence": one.word.confidence,
                "family": face.family,
                "style": face.style,
                "stands_out": one.stands_out,
            })
        };
        line.iter().map(word).collect()
    };
    let lines: Vec<Value> = reading
        .lines
        .iter()
        .zip(words)
        .map(|(one, words)| {
            let families = recogniser.families(&one.likeness, one.windows, one.none);
            let best = &families[0];
            json!({
                "bounds": bounds(one.line.bounds()),
                "slope": one.line.slope,
                "letter_height": one.line.letter_height,
                "light_on_dark": one.line.light_on_dark,
                "windows": one.windows,
                "family": best.family,
                "style": best.faces[0].style,
                "probability": best.probability,
                "words": words_of(words),
            })
        })
        .collect();
    let typefaces: Vec<Value> = reading
        .typefaces
        .iter()
        .map(|one| {
            json!({
                "lines": one.lines,
                "windows": one.windows,
                "candidates": one.families.iter().take(top).collect::<Vec<_>>(),
                "about_first": recogniser.about_first(one),
                "none_of_these": one.none,
            })
        })
        .collect();
    json!({
        "picture": name,
        "turned": 90 * read.quarters,
        "typefaces": typefaces,
        "lines": lines,
    })
}
