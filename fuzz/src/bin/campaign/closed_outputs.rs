//! Standard output and standard error that do not take what is printed.

use std::fs;
use std::io::pipe;

use crate::child::Letra;
use crate::figure::{Fault, Figures, Outcome, Try};

/// A line, its exit code, whether it prints to standard output, and a file that it leaves.
type Line = (&'static str, i32, bool, Option<&'static str>);

const LINES: [Line; 20] = [
    ("--help", 0, true, None),
    ("--version", 0, true, None),
    ("identify", 2, false, None),
    ("lab", 0, true, None),
    ("fonts HOME/fonts", 0, true, None),
    ("fonts HOME/fonts --json", 0, true, None),
    ("fonts HOME/none", 1, false, None),
    ("identify HOME/line.png", 0, true, None),
    (
        "identify HOME/missing.png HOME/line.png --json",
        1,
        true,
        None,
    ),
    (
        "identify HOME/line.png --report report",
        0,
        true,
        Some("report/index.html"),
    ),
    ("evaluate HOME/labelled", 0, true, None),
    ("evaluate HOME/labelled --json", 0, true, None),
    (
        "evaluate HOME/labelled --report report",
        0,
        true,
        Some("report/index.html"),
    ),
    ("similar HOME/bold.otf", 0, true, None),
    ("similar HOME/line.png", 1, false, None),
    ("specimen -o sheet.png", 0, true, Some("sheet.png")),
    (
        "enroll HOME/libre.letra HOME/bold.otf -o more.letra",
        0,
        true,
        Some("more.letra"),
    ),
    ("learn HOME/none", 1, false, None),
    (
        "lab fonts --data HOME/glyphs.npz --split random --network logistic --out lab",
        0,
        true,
        Some("lab/index.html"),
    ),
    // Last, as it takes its time: not in the short form.
    (
        "learn HOME/fonts --steps 1 -o model.letra",
        0,
        true,
        Some("model.letra"),
    ),
];

/// What is done to the outputs, and whether what is printed is then missed.
const WAYS: [(&str, bool); 6] = [
    (">&- 2>&-", false),
    (">/dev/full 2>/dev/full", true),
    (">/dev/full", true),
    ("2>/dev/full", false),
    ("no reader of standard output", false),
    ("no reader of either", false),
];

pub(crate) fn run(figures: &mut Figures<'_>) {
    // In the short form each line once.
    let lines = figures
        .campaign
        .count(LINES.len() as u64, LINES.len() as u64 - 1);
    let ways = figures.campaign.count(WAYS.len() as u64, 1);
    figures.figure("closed-outputs", "each verb", lines * ways, |one| {
        let (line, round) = ((one.number % lines) as usize, one.number / lines);
        let way = (line + round as usize) % WAYS.len();
        close(one, LINES[line], WAYS[way])
    });
}

fn close(one: &Try<'_>, line: Line, (way, is_missed): (&str, bool)) -> Outcome {
    let (words, code, prints, keeps) = line;
    let letra = one.letra(words)?;
    let ended = redirect(letra, way)?.start()?.wait()?;
    let wanted = if is_missed && prints { 1 } else { code };
    if ended.code != Some(wanted) {
        return Err(ended.unexpected(&format!("{words}, {way}")));
    }
    match keeps {
        Some(file) if fs::metadata(one.folder.join(file)).is_err() => {
            Err(Fault::Lost.says(format!("`letra {words}`, {way}, leaves no {file}")))
        }
        _ => Ok(()),
    }
}

fn redirect<'t>(mut letra: Letra<'t>, way: &str) -> Outcome<Letra<'t>> {
    if !way.starts_with("no reader") {
        return letra.through_shell("", way);
    }
    letra.command.stdout(pipe()?.1);
    if way.ends_with("either") {
        letra.command.stderr(pipe()?.1);
    }
    Ok(letra)
}
