//! Hostile files: sound ones damaged here, and those that other projects are tested with.

use std::fs;
use std::path::{Path, PathBuf};

use letra_fuzz::Kind;
use letra_fuzz::damage::damaged;

use crate::figure::{Figures, Outcome, Try};

/// Files of a kind, and the lines that read one of them.
const LINES: [(Kind, &[&str]); 4] = [
    (
        Kind::Pictures,
        &["identify FILE", "identify FILE --json --report report"],
    ),
    (
        Kind::Fonts,
        &[
            "fonts FILE",
            "similar FILE",
            "specimen FILE",
            "specimen --training --samples 2 FILE",
            "enroll HOME/libre.letra FILE -o more.letra",
        ],
    ),
    (
        Kind::Models,
        &[
            "identify HOME/R.png --model FILE",
            "similar HOME/bold.otf --model FILE",
        ],
    ),
    // Read only: what is sound enough would be trained.
    (
        Kind::Data,
        &["lab fonts --data FILE --out HOME/none --timeout 5"],
    ),
];

pub(crate) fn run(figures: &mut Figures<'_>) {
    for (kind, lines) in LINES {
        let corpus = kind.corpus(&[]);
        let count = figures.campaign.count(400, 8);
        figures.figure("corpora", &format!("damaged {kind}"), count, |one| {
            fs::write(
                one.folder.join("read"),
                damaged(&corpus, &mut one.numbers()),
            )?;
            read(one, lines)
        });
    }
    if figures.campaign.short {
        return;
    }
    let found = found(Path::new("target/corpora/files"));
    if found.is_empty() {
        figures.skip("corpora", "of packages", "fuzz/corpora fetches them");
    }
    for (kind, lines) in LINES {
        let files: Vec<_> = found.iter().filter(|file| is_of(kind, file)).collect();
        if !files.is_empty() {
            figures.figure(
                "corpora",
                &format!("{kind} of packages"),
                files.len() as u64,
                |one| {
                    // The arguments are parted by spaces, so the file has a name of ours.
                    fs::copy(files[one.number as usize], one.folder.join("read"))?;
                    read(one, &lines[..1])?;
                    read(one, &lines[one.below(lines.len())..][..1])
                },
            );
        }
    }
}

/// Has the file `read` read by lines, whatever they make of it.
fn read(one: &Try<'_>, lines: &[&str]) -> Outcome {
    for line in lines {
        let line = line.replace("FILE", "read");
        one.run(&line)?;
    }
    Ok(())
}

fn is_of(kind: Kind, file: &Path) -> bool {
    let ending = file
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    let endings: &[&str] = match kind {
        Kind::Pictures => &["png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff"],
        Kind::Fonts => &["ttf", "otf", "ttc", "otc", "woff", "woff2"],
        Kind::Models => &[],
        Kind::Data => &["npz"],
    };
    // Names of files that a fuzzer found say what broke by them.
    let is_found = file.components().any(|part| part.as_os_str() == "fonts");
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
        || kind == Kind::Fonts && is_found
}

/// Files at any depth, in the order of their names.
fn found(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    all.sort();
    let inner = |path: PathBuf| {
        if path.is_dir() {
            found(&path)
        } else {
            vec![path]
        }
    };
    all.into_iter().flat_map(inner).collect()
}
