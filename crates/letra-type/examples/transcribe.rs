//! How many characters of labelled pictures are read wrongly where the typeface is known.
//!
//! `cargo run --release -p letra-type --example transcribe -- PICTURES FONTS GROUP EVERY` takes
//! every so-manieth picture of a group of a folder as `bench/recognition/pictures` makes it (its
//! `labels.csv` has the columns `picture`, `group`, `wear`, `file` and `text`), reads each of its
//! lines in its own font, and prints what differs and the rates of wrong characters.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use letra_type::{FontLibrary, Picture, Texts, Transcriber, find_lines};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pictures, fonts, group, every, more @ ..] = arguments.as_slice() else {
        return Err("usage: transcribe PICTURES FONTS GROUP EVERY [OTHER-FONT]".into());
    };
    let mut library = FontLibrary::new();
    library.add_paths(&[PathBuf::from(fonts)])?;
    let table = std::fs::read_to_string(Path::new(pictures).join("labels.csv"))?;
    let mut rows = table.lines().map(cells);
    let names = rows.next().ok_or("the table is empty")?;
    let column = |name: &str| {
        let at = names.iter().position(|one| one == name);
        at.ok_or_else(|| format!("the table has no column {name}"))
    };
    let (picture, of_group, wear) = (column("picture")?, column("group")?, column("wear")?);
    let (file, text) = (column("file")?, column("text")?);
    let texts = Texts::new();
    let mut sums: BTreeMap<String, [f64; 4]> = BTreeMap::new();
    let mut fits = Vec::new();
    for row in rows
        .filter(|row| row[of_group] == *group)
        .step_by(every.parse()?)
    {
        let wanted = more.first().unwrap_or(&row[file]);
        let font = library.fonts().iter().find(|font| {
            font.path()
                .and_then(Path::file_name)
                .is_some_and(|name| name == wanted.as_str())
        });
        let Some(font) = font else {
            println!("no font {wanted}");
            continue;
        };
        let shown = Picture::from_file(&Path::new(pictures).join(&row[picture]))?;
        let lines = find_lines(&shown);
        let begun = Instant::now();
        let mut transcriber = Transcriber::new(font, &texts).ok_or("the font draws nothing")?;
        let read = lines
            .iter()
            .filter_map(|line| transcriber.read(&shown, line));
        let read: Vec<_> = read.collect();
        let seconds = begun.elapsed().as_secs_f64();
        let got = read
            .iter()
            .map(|one| one.text.as_str())
            .collect::<Vec<_>>()
            .join(" / ");
        let fit = read.iter().map(|one| one.fit).fold(1.0, f32::min);
        let wrong = distance(&row[text], &got);
        let count = row[text].chars().count();
        let sum = sums.entry(row[wear].clone()).or_default();
        for (sum, value) in
            sum.iter_mut()
                .zip([wrong as f64, count as f64, seconds, read.len() as f64])
        {
            *sum += value;
        }
        fits.push((fit, wrong as f64 / count as f64));
        if wrong > 0 {
            println!(
                "{} {wanted} fit {fit:.3}\n  {}\n  {got}",
                row[picture], row[text]
            );
        }
    }
    for (wear, [wrong, count, seconds, lines]) in sums {
        println!(
            "{wear}: {:.2} % of {count} characters wrong, {:.0} ms a line",
            100.0 * wrong / count,
            1000.0 * seconds / lines
        );
    }
    fits.sort_by(|one, two| one.0.total_cmp(&two.0));
    for share in [0, 1, 5, 10, 25, 50, 75, 90, 100] {
        if let Some((fit, _)) = fits.get((fits.len().max(1) - 1) * share / 100) {
            println!("fit of {share} in a hundred at most {fit:.3}");
        }
    }
    for least in [0.3, 0.4, 0.5, 0.6, 0.7, 0.8] {
        let kept: Vec<f64> = fits
            .iter()
            .filter(|one| one.0 >= least)
            .map(|one| one.1)
            .collect();
        println!(
            "fit from {least}: {} pictures, {:.2} % wrong",
            kept.len(),
            100.0 * kept.iter().sum::<f64>() / kept.len().max(1) as f64
        );
    }
    Ok(())
}

/// The cells of a row, whose quotes are not part of them.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cells.last_mut().into_iter().for_each(|cell| cell.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells
                .last_mut()
                .into_iter()
                .for_each(|cell| cell.push(letter)),
        }
    }
    cells
}

/// The fewest characters to put in, take out or exchange to make one text of another
/// (V. Levenshtein, Binary codes capable of correcting deletions, insertions, and reversals, 1966).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, own) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(*own != letter);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
