//! What a recogniser reads from a picture.

use std::collections::BTreeMap;

use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, Picture, TextLine, WINDOW_WIDTH};
use serde::Serialize;

use super::background::{self, Seen, most_like};
use super::calibration::Evidence;
use super::face::KnownFace;
use super::model::Recogniser;
use super::network::EMBEDDING;
use super::samples::{WINDOW, to_ink};
use super::unit::length;
use crate::each::of_each;
use crate::failure::Failure;

/// Pixels of a straightened line from one window to the next.
const STRIDE: usize = 120;

/// The most windows read of a picture, or so many a line if that is more; of one that has more, as many of
/// each line as is its share.
const MOST_WINDOWS: usize = 240;
const MOST_OF_A_LINE: usize = 2;

/// The most typefaces that a picture's lines are parted into.
const MOST_TYPEFACES: usize = 4;

/// A line may be of a family if it is so probable there, against its most probable family.
const ABOUT_AS_PROBABLE: f32 = 0.3;

/// A line counts at least so much of what one does whose typeface is surely known.
const LEAST_KNOWN: f32 = 0.05;

/// Windows that the network sees at once.
pub(super) const AT_ONCE: usize = 50;

/// A face and how probable it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaceCandidate {
    /// Index of the face among those known.
    #[serde(skip)]
    pub face: usize,
    /// Style within the family.
    pub style: String,
    /// Probability, 0 to 1.
    pub probability: f32,
}

/// A family and how probable it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FamilyCandidate {
    /// The family.
    pub family: String,
    /// Probability, 0 to 1: the sum over its faces.
    pub probability: f32,
    /// Its faces, the most probable first.
    pub faces: Vec<FaceCandidate>,
}

/// A line and what it says by itself.
#[derive(Debug, Clone)]
pub struct LineReading {
    /// Where it is.
    pub line: TextLine,
    /// How many windows were read of it.
    pub windows: usize,
    /// Mean likeness to every face.
    pub likeness: Vec<f32>,
    /// Probability that it is in none of those known.
    pub none: f32,
    /// Its windows, as the network sees them.
    pub(super) embeddings: Vec<f32>,
    /// Their mean.
    mean: Vec<f32>,
    /// How the catalogue's network sees it, where strangers are told by that.
    seen: Option<Seen>,
    /// How much it counts beside other lines: its windows, as far as it is in a known typeface.
    /// Lines that a picture's edge cuts off and what is no text look like none.
    weight: f32,
}

/// Lines that are set in one family, and which it is.
#[derive(Debug, Clone)]
pub struct Typeface {
    /// The lines, by their places in [`Reading::lines`].
    pub lines: Vec<usize>,
    /// How many windows were read of them.
    pub windows: usize,
    /// Mean likeness to every face over these windows.
    pub likeness: Vec<f32>,
    /// The families, the most probable first; never empty.
    pub families: Vec<FamilyCandidate>,
    /// Probability that the typeface is none of those known.
    pub none: f32,
}

/// What was read from a picture.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The lines, from top to bottom.
    pub lines: Vec<LineReading>,
    /// What they are set in, that of most windows first; never empty.
    pub typefaces: Vec<Typeface>,
}

impl Reading {
    /// The typeface of the most windows.
    pub fn main(&self) -> &Typeface {
        &self.typefaces[0]
    }

    /// How many windows were read.
    pub fn windows(&self) -> usize {
        self.lines.iter().map(|line| line.windows).sum()
    }
}

impl Recogniser {
    /// The mean likeness of some windows' embeddings to every face.
    pub(super) fn mean_likeness(&self, embeddings: &[f32]) -> Vec<f32> {
        self.likeness(&background::mean(embeddings))
    }

    /// What windows with this likeness to every face and this mean embedding show of whether they are known.
    pub(super) fn evidence(&self, likeness: &[f32], mean: &[f32], windows: usize) -> Evidence {
        let known = likeness.iter().copied().fold(-1.0, f32::max);
        Evidence {
            known,
            stranger: match self.strangers() {
                [] => known,
                strangers => most_like(strangers, mean),
            },
            agreement: length(mean),
            windows,
        }
    }

    /// Reads lines that were found in a picture: takes windows along each, and adds their evidence.
    ///
    /// # Errors
    /// The network's answers are not numbers.
    pub fn read_lines(&self, lines: Vec<TextLine>, picture: &Picture) -> Result<Reading, Failure> {
        let windows = windows(&lines, picture);
        let all: usize = windows.iter().map(Vec::len).sum::<usize>() / WINDOW;
        let mut ink = vec![0.0; all * WINDOW];
        to_ink(&windows.concat(), &mut ink);
        let failed = |error: Error| Failure::network("the model cannot be used", &error);
        let mut embeddings = Vec::with_capacity(all * EMBEDDING);
        let mut seen = Vec::new();
        for ink in ink.chunks(AT_ONCE * WINDOW) {
            let shape = [ink.len() / WINDOW, LINE_HEIGHT, WINDOW_WIDTH, 1];
            let windows = Tensor::new(shape, ink.to_vec()).map_err(failed)?;
            embeddings.extend(self.embed(&windows).map_err(failed)?);
            if let Some(catalogue) = self.catalogue() {
                seen.extend(catalogue.see(&windows).map_err(failed)?);
            }
        }
        let mut rest = embeddings.as_slice();
        let mut rest_seen = seen.as_slice();
        let read_line = |(line, windows): (TextLine, Vec<u8>)| {
            let windows = windows.len() / WINDOW;
            let own;
            (own, rest) = rest.split_at(windows * EMBEDDING);
            let mean = background::mean(own);
            let likeness = self.likeness(&mean);
            let seen = self.catalogue().map(|_| {
                let seen;
                (seen, rest_seen) = rest_seen.split_at(windows * EMBEDDING);
                background::mean(seen)
            });
            let evidence = self.evidence(&likeness, &mean, windows);
            let none = self.none(&evidence, seen.as_deref());
            LineReading {
                line,
                windows,
                likeness,
                none,
                embeddings: own.to_vec(),
                mean,
                seen,
                weight: windows as f32 * (1.0 - none).max(LEAST_KNOWN),
            }
        };
        let lines: Vec<LineReading> = lines.into_iter().zip(windows).map(read_line).collect();
        let groups = self.groups(&lines).into_iter();
        let typefaces = groups.map(|group| self.typeface(&lines, group)).collect();
        Ok(Reading { lines, typefaces })
    }

    /// Parts lines by their families, the family of the most windows first: it takes the lines
    /// that are about as probable in it as in any other. Lines that are left over at the end go
    /// where they are most probable.
    fn groups(&self, lines: &[LineReading]) -> Vec<Vec<usize>> {
        let of_line = |line: &LineReading| {
            let shares = self.calibration().of_faces(&line.likeness, line.windows);
            let mut families: BTreeMap<&str, f32> = BTreeMap::new();
            for (face, share) in self.faces().iter().zip(shares) {
                *families.entry(&face.family).or_default() += share;
            }
            families
        };
        let shares: Vec<_> = lines.iter().map(of_line).collect();
        let mut left: Vec<usize> = (0..lines.len()).collect();
        let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
        while !left.is_empty() && groups.len() < MOST_TYPEFACES {
            let mut sums: BTreeMap<&str, f32> = BTreeMap::new();
            for &line in &left {
                for (family, share) in &shares[line] {
                    *sums.entry(family).or_default() += share * lines[line].weight;
                }
            }
            let Some((family, _)) = sums.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else {
                break;
            };
            let fits = |line: &usize| {
                let most = shares[*line].values().copied().fold(0.0, f32::max);
                shares[*line][family] >= ABOUT_AS_PROBABLE * most
            };
            let (own, others): (Vec<usize>, Vec<usize>) = left.iter().partition(|line| fits(line));
            left = others;
            let stuck = own.is_empty();
            if !stuck || groups.is_empty() {
                groups.push((family, own));
            }
            if stuck {
                break;
            }
        }
        for line in left {
            let probable = |group: &(&str, Vec<usize>)| shares[line][group.0];
            let best = groups
                .iter_mut()
                .max_by(|a, b| probable(a).total_cmp(&probable(b)));
            // There is a group: of the first round, if it took no line of its own.
            if let Some((_, group)) = best {
                group.push(line);
            }
        }
        let weight = |group: &[usize]| group.iter().map(|&line| lines[line].weight).sum::<f32>();
        let mut groups: Vec<Vec<usize>> = groups.into_iter().map(|(_, group)| group).collect();
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
        groups
    }

    /// What some lines say together.
    fn typeface<'a>(&self, lines: &'a [LineReading], group: Vec<usize>) -> Typeface {
        let windows: usize = group.iter().map(|&line| lines[line].windows).sum();
        let of_group = group.iter().map(|&line| &lines[line]);
        let likeness = self.likeness_of_lines(of_group.clone());
        let mean = together(of_group.clone(), |line| &line.mean);
        let all: f32 = of_group.clone().map(|line| line.weight).sum();
        let agreement = |line: &LineReading| line.weight / all * length(&line.mean);
        let evidence = Evidence {
            agreement: of_group.clone().map(agreement).sum(),
            ..self.evidence(&likeness, &mean, windows)
        };
        let seen = |line: &'a LineReading| line.seen.as_deref().unwrap_or_default();
        let seen = self.catalogue().map(|_| together(of_group, seen));
        let none = self.none(&evidence, seen.as_deref());
        Typeface {
            lines: group,
            windows,
            families: self.families(&likeness, windows, none),
            none,
            likeness,
        }
    }

    /// Probability that windows are in none of the faces known.
    fn none(&self, evidence: &Evidence, seen: Option<&[f32]>) -> f32 {
        match (self.catalogue(), seen) {
            (Some(catalogue), Some(seen)) => catalogue.of_none(seen, evidence.windows),
            _ => self.calibration().of_none(evidence),
        }
    }

    /// The likeness of lines to every face: the mean by their weights; then, a family being as like as
    /// the face that each line is most like, as much more for all its faces as the family's mean is
    /// above that of its most like face. So lines in regular and in bold are no less like their family
    /// than lines in one of them.
    fn likeness_of_lines<'a>(
        &self,
        lines: impl Iterator<Item = &'a LineReading> + Clone,
    ) -> Vec<f32> {
        let all: f32 = lines.clone().map(|line| line.weight).sum();
        let mean = |of: &dyn Fn(&LineReading) -> f32| -> f32 {
            let weighted = lines.clone().map(|line| line.weight * of(line));
            weighted.sum::<f32>() / all
        };
        let mut likeness = vec![0.0; self.faces().len()];
        for faces in self.faces_by_family().values() {
            for &face in faces {
                likeness[face] = mean(&|line| line.likeness[face]);
            }
            let most = |of: &[f32]| faces.iter().map(|&face| of[face]).fold(-1.0, f32::max);
            let more = mean(&|line| most(&line.likeness)) - most(&likeness);
            faces.iter().for_each(|&face| likeness[face] += more);
        }
        likeness
    }

    /// The places of each family's faces among those known.
    fn faces_by_family(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, face) in self.faces().iter().enumerate() {
            families.entry(&face.family).or_default().push(index);
        }
        families
    }

    /// The families by likeness, the most probable first. Together with P(none), `none`, the
    /// probabilities sum to 1.
    pub fn families(&self, likeness: &[f32], windows: usize, none: f32) -> Vec<FamilyCandidate> {
        let shares = self.calibration().of_faces(likeness, windows);
        let known = 1.0 - none;
        let mut families: BTreeMap<&str, FamilyCandidate> = BTreeMap::new();
        for (index, (face, share)) in self.faces().iter().zip(shares).enumerate() {
            let KnownFace { family, style, .. } = face;
            let candidate = families.entry(family).or_insert_with(|| FamilyCandidate {
                family: family.clone(),
                probability: 0.0,
                faces: Vec::new(),
            });
            candidate.probability += known * share;
            candidate.faces.push(FaceCandidate {
                face: index,
                style: style.clone(),
                probability: known * share,
            });
        }
        let mut families: Vec<_> = families.into_values().collect();
        for family in &mut families {
            family
                .faces
                .sort_by(|a, b| b.probability.total_cmp(&a.probability));
        }
        families.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        families
    }
}

/// The mean of lines' values by their weights.
fn together<'a>(
    lines: impl Iterator<Item = &'a LineReading> + Clone,
    values: impl Fn(&'a LineReading) -> &'a [f32],
) -> Vec<f32> {
    let all: f32 = lines.clone().map(|line| line.weight).sum();
    let mut mean = Vec::new();
    for line in lines {
        let values = values(line);
        mean.resize(values.len(), 0.0);
        for (sum, value) in mean.iter_mut().zip(values) {
            *sum += line.weight / all * value;
        }
    }
    mean
}

/// Windows of every line, as many as there may be in all.
fn windows(lines: &[TextLine], picture: &Picture) -> Vec<Vec<u8>> {
    let windows = of_each(lines, |line| line.windows(picture, STRIDE));
    let all: usize = windows.iter().map(Vec::len).sum::<usize>() / WINDOW;
    let most = MOST_WINDOWS.max(MOST_OF_A_LINE * lines.len());
    if all <= most {
        return windows;
    }
    let share = most as f32 / all as f32;
    let thinned = |windows: Vec<u8>| {
        let count = windows.len() / WINDOW;
        let kept = ((count as f32 * share).round() as usize).max(1);
        let at = |index: usize| (2 * index + 1) * count / (2 * kept);
        let kept = (0..kept).flat_map(|index| &windows[at(index) * WINDOW..][..WINDOW]);
        kept.copied().collect()
    };
    windows.into_iter().map(thinned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines each surest of a family of its own, and each a quarter as sure of one that is the same
    /// for all: together that one is the most probable, and yet no line is about as probable in it.
    fn lines_that_agree_on_no_family(recogniser: &Recogniser) -> Vec<LineReading> {
        let mut families: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, face) in recogniser.faces().iter().enumerate() {
            families.entry(&face.family).or_insert(index);
        }
        let faces: Vec<usize> = families.into_values().take(7).collect();
        let (common, own) = faces.split_first().unwrap();
        let likeness = |face: usize, second: f32| {
            let mut likeness = vec![-1.0; recogniser.faces().len()];
            (likeness[*common], likeness[face]) = (second, 0.9);
            likeness
        };
        let ratio = |second: f32| {
            let shares = recogniser
                .calibration()
                .of_faces(&likeness(own[0], second), 1);
            shares[*common] / shares[own[0]]
        };
        let second = (0..900).map(|step| step as f32 / 1000.0);
        let second = second.rev().find(|second| ratio(*second) < 0.27).unwrap();
        assert!(ratio(second) > 0.22, "{}", ratio(second));
        let line = |face: &usize| LineReading {
            line: TextLine {
                left: 0.0,
                width: 100.0,
                baseline: 20.0,
                slope: 0.0,
                lean: 0.0,
                letter_height: 10.0,
                x_height: 7.0,
                light_on_dark: false,
                letters: 10,
            },
            windows: 1,
            likeness: likeness(*face, second),
            none: 0.0,
            embeddings: Vec::new(),
            mean: Vec::new(),
            seen: None,
            weight: 1.0,
        };
        own.iter().map(line).collect()
    }

    #[test]
    fn lines_that_agree_on_no_family_are_each_in_one_group() {
        let recogniser = Recogniser::built_in().unwrap();
        let lines = lines_that_agree_on_no_family(&recogniser);
        let groups = recogniser.groups(&lines);
        let mut all = groups.concat();
        all.sort_unstable();
        assert_eq!(all, (0..lines.len()).collect::<Vec<_>>());
    }
}
