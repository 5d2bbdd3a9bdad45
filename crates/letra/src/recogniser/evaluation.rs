//! How often a recogniser is right on labelled pictures.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FamilyCandidate, Reading, Recogniser};
use crate::failure::Failure;
use crate::terminal::{Text, cell};

/// Name of the table of labels in a folder of pictures.
pub const LABELS: &str = "labels.csv";

/// Rows of a list in the table for the terminal.
const MOST_LISTED: usize = 10;

/// From which probability on a family is named surely.
const SURE: f32 = 0.8;

/// Intervals of confidence that calibration is measured in.
const INTERVALS: usize = 15;

/// A row of a table of labels.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Labelled {
    /// Path of the picture within the folder.
    pub picture: String,
    /// The family it is set in.
    pub family: String,
    /// The style within the family.
    pub style: String,
    /// What it is counted with.
    #[serde(default)]
    pub group: String,
}

/// The most bytes and rows of a table of labels.
const MOST_BYTES: u64 = 64 << 20;
const MOST_ROWS: usize = 1_000_000;

/// Reads a folder's table of labels.
///
/// # Errors
/// It is missing, has no such columns, no rows, or more than a million rows or 64 MiB.
pub fn labels(folder: &Path) -> Result<Vec<Labelled>, Failure> {
    let path = folder.join(LABELS);
    let failed = |error: csv::Error| {
        Failure::new(format!("cannot read {}: {error}", path.display()))
            .hint("it is a table with commas and a first row: picture,family,style,group")
    };
    let table = Limited {
        table: File::open(&path).map_err(|error| failed(error.into()))?,
        left: MOST_BYTES,
    };
    let rows = csv::Reader::from_reader(table).into_deserialize();
    let rows = rows.take(MOST_ROWS + 1);
    let rows: Vec<Labelled> = rows.collect::<Result<_, _>>().map_err(failed)?;
    if rows.len() > MOST_ROWS {
        return Err(
            Failure::new(format!("{} has more than {MOST_ROWS} rows", path.display()))
                .hint("part the pictures into several folders"),
        );
    }
    match rows.is_empty() {
        true => Err(
            Failure::new(format!("{} labels no picture", path.display()))
                .hint("give it a row for each picture"),
        ),
        false => Ok(rows),
    }
}

/// A table of so many bytes at most; more are an error.
struct Limited<R> {
    table: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.table.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| io::Error::other("it is too long"))?;
        Ok(count)
    }
}

/// A labelled picture and what was said of it.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The label.
    pub label: Labelled,
    /// The first five families; none where no text was found.
    pub families: Vec<FamilyCandidate>,
    /// P(none of those known); 1 where no text was found.
    pub none: f32,
    /// Family and style of the five most probable faces.
    faces: Vec<(String, String)>,
    /// Families that were named with the first one, since they can hardly be told from it.
    twins: Vec<String>,
}

impl Answered {
    /// What a reading says; `None` where no text was found.
    pub fn new(recogniser: &Recogniser, label: Labelled, reading: Option<Reading>) -> Self {
        let typeface = reading.and_then(|reading| reading.typefaces.into_iter().next());
        let Some(mut typeface) = typeface else {
            return Self {
                label,
                families: Vec::new(),
                none: 1.0,
                faces: Vec::new(),
                twins: Vec::new(),
            };
        };
        let twins = recogniser.twins_of_first(&typeface);
        let mut faces: Vec<(f32, &str, &str)> = Vec::new();
        for family in &typeface.families {
            let of_family = family.faces.iter();
            faces.extend(of_family.map(|face| {
                (
                    face.probability,
                    family.family.as_str(),
                    face.style.as_str(),
                )
            }));
        }
        faces.sort_by(|a, b| b.0.total_cmp(&a.0));
        let faces = faces.iter().take(5);
        let faces = faces
            .map(|(_, family, style)| (family.to_string(), style.to_string()))
            .collect();
        typeface.families.truncate(5);
        Self {
            label,
            families: typeface.families,
            none: typeface.none,
            faces,
            twins,
        }
    }

    /// Whether the right family comes first, or was named with the first one.
    pub fn family_or_twin(&self) -> bool {
        self.family_within(1) || self.twins.contains(&self.label.family)
    }

    /// Whether the right family is among the first `count`.
    pub fn family_within(&self, count: usize) -> bool {
        self.families
            .iter()
            .take(count)
            .any(|one| one.family == self.label.family)
    }

    fn face_within(&self, count: usize) -> bool {
        let right = |(family, style): &(String, String)| {
            *family == self.label.family && *style == self.label.style
        };
        self.faces.iter().take(count).any(right)
    }

    /// Whether "none of these" comes before every family.
    pub fn none_first(&self) -> bool {
        self.none > self.confidence()
    }

    /// Probability of the first family.
    pub fn confidence(&self) -> f32 {
        self.families.first().map_or(0.0, |one| one.probability)
    }
}

/// The figures of a group of pictures; shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Name of the group.
    pub group: String,
    /// Pictures.
    pub pictures: usize,
    /// Pictures whose family the model knows.
    pub known: usize,
    /// Pictures in which no text was found.
    pub unread: usize,
    /// The right family comes first, of the known.
    pub family_top_1: f64,
    /// The right family comes first or was named with the first one as hardly to be told from it, of
    /// the known.
    pub family_or_twin: f64,
    /// The right family is among the first five, of the known.
    pub family_top_5: f64,
    /// The right face comes first, of the known.
    pub face_top_1: f64,
    /// The right face is among the first five, of the known.
    pub face_top_5: f64,
    /// Mean distance between the confidence of the first family and how often it is right, in 15
    /// intervals of confidence (Guo et al. 2017, eq. 3), of the known.
    pub calibration_error: f64,
}

/// How often it is said that a picture is in none of the families known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusals {
    /// Pictures.
    pub pictures: usize,
    /// Share of them for which "none of these" comes first.
    pub none_first: f64,
    /// Share of them for which a family is named at 80 % and more.
    pub sure: f64,
}

/// A family, what it was mistaken for, and how often.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mistake {
    /// The family shown.
    pub family: String,
    /// The family said.
    pub said: String,
    /// How often.
    pub count: usize,
}

/// A picture that could not be opened, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotOpened {
    /// Path of the picture within the folder.
    pub picture: String,
    /// What is wrong with it.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All figures of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Figures of each group.
    pub groups: Vec<Group>,
    /// Area under the curve of P(none) for families that are not known against those that are
    /// (the chance that one of the former gets the higher); nothing where one of the two is missing.
    pub none_auroc: Option<f64>,
    /// "None of these" for pictures of families that are known.
    pub known: Refusals,
    /// And for those of families that are not.
    pub unknown: Refusals,
    /// What was mistaken for what, the most frequent first.
    pub mistakes: Vec<Mistake>,
    /// Pictures that could not be opened, which no figure counts.
    pub not_opened: Vec<NotOpened>,
}

impl Evaluation {
    /// Counts answers.
    pub fn of(recogniser: &Recogniser, answers: &[Answered], not_opened: Vec<NotOpened>) -> Self {
        let families: HashSet<&str> = recogniser
            .faces()
            .iter()
            .map(|face| face.family.as_str())
            .collect();
        let is_known = |answer: &Answered| families.contains(answer.label.family.as_str());
        let mut by_group: BTreeMap<&str, Vec<&Answered>> = BTreeMap::new();
        for answer in answers {
            by_group
                .entry(&answer.label.group)
                .or_default()
                .push(answer);
        }
        let groups = by_group
            .into_iter()
            .map(|(name, all)| {
                let known: Vec<&Answered> =
                    all.iter().copied().filter(|one| is_known(one)).collect();
                group(name, &all, &known)
            })
            .collect();
        let none = |wanted: bool| {
            let of = answers.iter().filter(|answer| is_known(answer) == wanted);
            of.map(|answer| answer.none).collect::<Vec<f32>>()
        };
        Self {
            groups,
            none_auroc: auroc(&none(false), &none(true)),
            known: Refusals::of(answers.iter().filter(|answer| is_known(answer))),
            unknown: Refusals::of(answers.iter().filter(|answer| !is_known(answer))),
            mistakes: mistakes(answers.iter().filter(|answer| is_known(answer))),
            not_opened,
        }
    }

    /// The figures as a table for the terminal.
    pub fn table(&self) -> Text {
        let names: Vec<String> = self.groups.iter().map(|one| cell(&one.group)).collect();
        let widths = names.iter().map(|name| name.chars().count());
        let width = widths.max().unwrap_or(0).max(5);
        let mut text = Text::from(format!(
            "{:width$}  pictures  known  family: first  or twin  of five  face: first  of five  calibration error",
            "group"
        ));
        for (name, one) in names.iter().zip(&self.groups) {
            let share = |share: f64| match one.known {
                0 => "–".to_owned(),
                _ => format!("{:.1}%", share * 100.0),
            };
            text.line(format!(
                "{name:width$}  {:>8}  {:>5}  {:>13}  {:>7}  {:>7}  {:>11}  {:>7}  {:>17}",
                one.pictures,
                one.known,
                share(one.family_top_1),
                share(one.family_or_twin),
                share(one.family_top_5),
                share(one.face_top_1),
                share(one.face_top_5),
                match one.known {
                    0 => "–".to_owned(),
                    _ => format!("{:.3}", one.calibration_error),
                },
            ));
        }
        let unread: usize = self.groups.iter().map(|one| one.unread).sum();
        if unread > 0 {
            text.line("");
            text.line(format!(
                "No text was found in {unread} pictures, which count as wrong."
            ));
        }
        if let Some(area) = self.none_auroc {
            text.line("");
            text.line(format!(
                "\"None of these\" for unknown families against known: AUROC {area:.3}"
            ));
        }
        if self.none_auroc.is_some() {
            for (of, one) in [("unknown", &self.unknown), ("known", &self.known)] {
                text.line(format!(
                    "  of {} pictures of {of} families {:.1}% get it first, {:.1}% a family at {:.0}% and more",
                    one.pictures,
                    100.0 * one.none_first,
                    100.0 * one.sure,
                    100.0 * SURE,
                ));
            }
        }
        if !self.mistakes.is_empty() {
            text.line("");
            text.line("Most often mistaken");
            for one in self.mistakes.iter().take(MOST_LISTED) {
                let (family, said) = (cell(&one.family), cell(&one.said));
                text.line(format!("  {:>4}  {family} called {said}", one.count));
            }
        }
        if !self.not_opened.is_empty() {
            text.line("");
            text.line("Could not be opened and is not counted");
            for one in self.not_opened.iter().take(MOST_LISTED) {
                text.line(format!("  {}", one.picture));
            }
            let others = self.not_opened.len().saturating_sub(MOST_LISTED);
            if others > 0 {
                text.line(format!("  and {others} more"));
            }
        }
        text
    }
}

fn group(name: &str, all: &[&Answered], known: &[&Answered]) -> Group {
    let share = |right: &dyn Fn(&Answered) -> bool| {
        known.iter().filter(|one| right(one)).count() as f64 / known.len().max(1) as f64
    };
    Group {
        group: name.into(),
        pictures: all.len(),
        known: known.len(),
        unread: all.iter().filter(|one| one.families.is_empty()).count(),
        family_top_1: share(&|one| one.family_within(1)),
        family_or_twin: share(&Answered::family_or_twin),
        family_top_5: share(&|one| one.family_within(5)),
        face_top_1: share(&|one| one.face_within(1)),
        face_top_5: share(&|one| one.face_within(5)),
        calibration_error: calibration_error(
            known
                .iter()
                .map(|one| (one.confidence(), one.family_within(1))),
        ),
    }
}

impl Refusals {
    fn of<'a>(answers: impl Iterator<Item = &'a Answered>) -> Self {
        let answers: Vec<_> = answers.collect();
        let share = |is_so: &dyn Fn(&Answered) -> bool| {
            answers.iter().filter(|one| is_so(one)).count() as f64 / answers.len().max(1) as f64
        };
        Self {
            pictures: answers.len(),
            none_first: share(&Answered::none_first),
            sure: share(&|one| one.confidence() >= SURE),
        }
    }
}

/// Σ over intervals of their share of the answers × |mean confidence − share of right answers|.
fn calibration_error(answers: impl Iterator<Item = (f32, bool)>) -> f64 {
    let mut sums = [(0.0, 0.0); INTERVALS];
    let mut count = 0.0;
    for (confidence, right) in answers {
        let interval = ((confidence * INTERVALS as f32) as usize).min(INTERVALS - 1);
        sums[interval].0 += f64::from(confidence);
        sums[interval].1 += f64::from(u8::from(right));
        count += 1.0;
    }
    let distances = sums
        .iter()
        .map(|(confidence, right)| (confidence - right).abs());
    distances.sum::<f64>() / f64::max(count, 1.0)
}

/// The chance that a score of `high` exceeds one of `low`, ties counting half; by ranks (Mann and
/// Whitney 1947).
fn auroc(high: &[f32], low: &[f32]) -> Option<f64> {
    if high.is_empty() || low.is_empty() {
        return None;
    }
    let mut low = low.to_vec();
    low.sort_by(f32::total_cmp);
    let below = |score: &f32| {
        let less = low.partition_point(|other| other < score);
        let equal = low.partition_point(|other| other <= score) - less;
        less as f64 + equal as f64 / 2.0
    };
    let sum: f64 = high.iter().map(below).sum();
    Some(sum / (high.len() * low.len()) as f64)
}

fn mistakes<'a>(answers: impl Iterator<Item = &'a Answered>) -> Vec<Mistake> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for answer in answers.filter(|answer| !answer.family_within(1)) {
        let said = answer
            .families
            .first()
            .map_or("nothing", |one| one.family.as_str());
        *counts.entry((&answer.label.family, said)).or_default() += 1;
    }
    let mut mistakes: Vec<Mistake> = counts
        .into_iter()
        .map(|((family, said), count)| Mistake {
            family: family.into(),
            said: said.into(),
            count,
        })
        .collect();
    mistakes.sort_by_key(|one| std::cmp::Reverse(one.count));
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_that_under_the_curve() {
        assert_eq!(auroc(&[0.9, 0.8], &[0.1, 0.2]), Some(1.0));
        assert_eq!(auroc(&[0.1], &[0.1]), Some(0.5));
        assert_eq!(auroc(&[0.3, 0.1], &[0.2, 0.0]), Some(0.75));
        assert_eq!(auroc(&[], &[0.2]), None);
    }

    #[test]
    fn calibration_error_is_the_distance_between_said_and_right() {
        let always = |right: bool| (0..10).map(move |_| (0.9, right));
        assert!((calibration_error(always(true)) - 0.1).abs() < 1e-6);
        assert!((calibration_error(always(false)) - 0.9).abs() < 1e-6);
        let mixed = (0..10).map(|index| (0.7, index < 7));
        assert!(calibration_error(mixed) < 1e-6);
    }

    #[test]
    fn a_folder_without_labels_is_refused_with_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let failure = labels(home.path()).unwrap_err().to_string();
        assert!(
            failure.contains(LABELS) && failure.contains("picture,family,style,group"),
            "{failure}"
        );
        std::fs::write(home.path().join(LABELS), "picture,family,style,group\n").unwrap();
        assert!(
            labels(home.path())
                .unwrap_err()
                .to_string()
                .contains("no picture")
        );
        std::fs::write(
            home.path().join(LABELS),
            "picture,family,style,group,text\na.png,Lato,Bold,clean,x\n",
        )
        .unwrap();
        assert_eq!(labels(home.path()).unwrap()[0].style, "Bold");
    }

    #[test]
    fn tables_without_end_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let refused = |table: &str, word: &str| {
            std::fs::write(home.path().join(LABELS), table).unwrap();
            let failure = labels(home.path()).unwrap_err().to_string();
            assert!(failure.contains(word), "{failure}");
        };
        let header = "picture,family,style,group\n";
        refused(
            &(header.to_owned() + &"a,b,c,d\n".repeat(MOST_ROWS + 1)),
            "rows",
        );
        refused(
            &(header.to_owned() + &"x".repeat(MOST_BYTES as usize)),
            "too long",
        );
    }
}
