//! How many characters of labelled pictures are read wrongly where the typeface is known.
//!
//! `cargo run --release -p letra-type --example transcribe -- PICTURES FONTS GROUP EVERY [FONT]` takes
//! every so-manieth picture of a group of a folder as `bench/recognition/pictures` makes it (its
//! `labels.csv` has the columns `picture`, `group`, `wear`, `file` and `text`), reads each of its
//! lines in its own font, or all in the font file named last, and prints what differs and the
//! rates of wrong characters.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use letra_type::{FontLibrary, LEAST_FIT, Picture, Texts, Transcriber, find_lines};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pictures, fonts, group, every, more @ ..] = arguments.as_slice() else {
        return Err("usage: transcribe PICTURES FONTS GROUP EVERY [FONT]".into());
    };
    let mut library = FontLibrary::new();
    library.add_paths(&[PathBuf::from(fonts)])?;
    let mut table = csv::Reader::from_path(Path::new(pictures).join("labels.csv"))?;
    let names = table.headers()?.clone();
    let column = |name: &str| {
        let at = names.iter().position(|one| one == name);
        at.ok_or_else(|| format!("the table has no column {name}"))
    };
    let (picture, of_group, wear) = (column("picture")?, column("group")?, column("wear")?);
    let (file, text) = (column("file")?, column("text")?);
    let rows: Vec<csv::StringRecord> = table.records().collect::<Result<_, _>>()?;
    let texts = Texts::new();
    let mut sums: BTreeMap<String, [f64; 4]> = BTreeMap::new();
    let mut fits = Vec::new();
    for row in rows
        .iter()
        .filter(|row| row[of_group] == **group)
        .step_by(every.parse()?)
    {
        let wanted = more.first().map_or(&row[file], String::as_str);
        let font = library.fonts().iter().find(|font| {
            font.path()
                .and_then(Path::file_name)
                .is_some_and(|name| name == wanted)
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
        let wrong = strsim::levenshtein(&row[text], &got);
        let count = row[text].chars().count();
        let sum = sums.entry(row[wear].to_owned()).or_default();
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
                &row[picture], &row[text]
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
    for least in [0.5, 0.6, 0.7, 0.8, LEAST_FIT] {
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
