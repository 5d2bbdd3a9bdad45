//! Lines that the finder found, beside those of blots.

use letra_type::{Picture, TextLine, find_line_near};

use super::Reader;
use super::reading::ReadLine;
use crate::failure::Failure;
use crate::finder::FoundLine;

/// What each character of a reading counts is its confidence above this.
pub(super) const WORTHLESS: f32 = 0.5;

/// The most lines of the finder that are read, the surest.
const MOST_FOUND: usize = 150;

/// The least cosine of the angle between rows and a line that is read in them.
const LEAST_LEVEL: f32 = 0.45;

/// A line of blots that is read with this confidence stands, wherever the finder sees text.
const SURE: f32 = 0.9;

/// A line of blots of so many characters that is read with this confidence needs no finder: upside down,
/// letters read as others, with less.
const KNOWN: f32 = 0.95;
const KNOWN_CHARACTERS: usize = 4;

/// Where blots do not show how high the letters of a found line are, they are tried so much higher, too.
const LARGER: f32 = 1.35;

/// A line of the finder counts if it is read with this confidence, one of few characters with more; and in
/// place of lines of blots if it is worth so many times what they are.
const LEAST: f32 = 0.6;
const FEW_CHARACTERS: usize = 2;
const LEAST_OF_FEW: f32 = 0.93;
const CLEARLY: f32 = 1.1;

/// From this confidence on the finder is sure of a line.
const SURELY_FOUND: f32 = 0.85;

/// The share of a found line that sure lines of blots cover for it to be known.
const COVERED: f32 = 0.75;

/// The share of a line's middle that lies in another for the two to be about the same text.
const SAME: f32 = 0.5;

/// The share for one of two found lines to lie on the other.
const OVERLAID: f32 = 0.35;

/// The line that was found, in the picture turned clockwise by quarters; `None` where it is not about level
/// there. What would be upside down is taken to be read the other way than the finder thought. Its polarity
/// is not known: it is dark on light.
pub(super) fn in_turned(found: &FoundLine, quarters: usize, given: &Picture) -> Option<TextLine> {
    let (width, height) = (given.width() as f32, given.height() as f32);
    let ((x, y), (cos, sin)) = (found.start, found.direction);
    let ((left, baseline), (cos, sin)) = match quarters % 4 {
        1 => ((height - y, x), (-sin, cos)),
        2 => ((width - x, height - y), (-cos, -sin)),
        3 => ((y, width - x), (sin, -cos)),
        _ => ((x, y), (cos, sin)),
    };
    if cos <= -LEAST_LEVEL {
        return in_turned(&found.reversed(), quarters, given);
    }
    (cos >= LEAST_LEVEL).then(|| TextLine {
        left,
        baseline,
        width: found.length * cos,
        slope: sin / cos,
        lean: 0.0,
        letter_height: found.height,
        x_height: 0.7 * found.height,
        light_on_dark: false,
        letters: ((found.length / (0.8 * found.height)) as usize).max(1),
    })
}

/// By how many quarters a picture is to be turned clockwise so that most of the lines found in it stand
/// upright; `None` without lines.
pub(super) fn upright(found: &[FoundLine]) -> Option<usize> {
    let mut sum = (0.0, 0.0);
    for line in found {
        let weight = line.confidence * (line.length / line.height).min(30.0);
        sum.0 += weight * line.direction.0;
        sum.1 += weight * line.direction.1;
    }
    let (x, y) = sum;
    match x.abs() >= y.abs() {
        _ if x == 0.0 && y == 0.0 => None,
        true if x > 0.0 => Some(0),
        true => Some(2),
        false if y > 0.0 => Some(3),
        false => Some(1),
    }
}

/// A text line as the finder tells lines.
fn as_found(line: &TextLine) -> FoundLine {
    let turn = (1.0 + line.slope * line.slope).sqrt();
    FoundLine {
        start: (line.left, line.baseline),
        direction: (1.0 / turn, line.slope / turn),
        length: line.width * turn,
        height: line.letter_height,
        confidence: 1.0,
    }
}

/// The lines that were read so surely that the finder need not look at them.
pub(super) fn known(lines: &[ReadLine]) -> Vec<FoundLine> {
    let sure =
        |read: &&ReadLine| read.confidence() >= KNOWN && read.characters() >= KNOWN_CHARACTERS;
    let sure = lines.iter().filter(sure);
    sure.map(|read| as_found(&read.line)).collect()
}

/// What a reading of a line is worth.
fn worth(line: &ReadLine) -> f32 {
    line.characters() as f32 * (line.confidence() - WORTHLESS).max(0.0)
}

impl Reader {
    /// Adds the lines that the finder sees in a turned picture and that blots did not make, or made worse,
    /// and takes out those of blots where it sees no text and that are not read surely. Each found line comes
    /// with how sure the finder is of it.
    ///
    /// # Errors
    /// The network's answers are not numbers.
    pub(super) fn with_found(
        &self,
        picture: &Picture,
        by_blots: Vec<ReadLine>,
        found: &[(TextLine, f32)],
    ) -> Result<Vec<ReadLine>, Failure> {
        let blots: Vec<FoundLine> = by_blots.iter().map(|read| as_found(&read.line)).collect();
        let seen: Vec<FoundLine> = found.iter().map(|(line, _)| as_found(line)).collect();
        let mut stays: Vec<bool> = by_blots
            .iter()
            .zip(&blots)
            .map(|(read, blot)| {
                let supported = || {
                    seen.iter()
                        .any(|seen| blot.share_in(seen) > 0.3 || seen.share_in(blot) > 0.3)
                };
                read.confidence() >= SURE || supported()
            })
            .collect();
        let known = |seen: &FoundLine| {
            let sure = by_blots.iter().zip(&blots);
            let covered: f32 = sure
                .filter(|(read, _)| read.confidence() >= SURE)
                .map(|(_, blot)| seen.share_in(blot))
                .sum();
            covered >= COVERED
        };
        let wanted: Vec<usize> = (0..found.len())
            .filter(|&index| !known(&seen[index]))
            .take(MOST_FOUND)
            .collect();
        // As blots show it, and as the finder does, dark and light: the reader tells which it is.
        let mut tried = Vec::new();
        for &index in &wanted {
            let (guess, _) = &found[index];
            let by_blots = find_line_near(picture, guess);
            let heights: &[f32] = match by_blots {
                Some(_) => &[1.0],
                None => &[1.0, LARGER],
            };
            tried.extend(by_blots.map(|line| (index, line)));
            for light_on_dark in [false, true] {
                for larger in heights {
                    let line = TextLine {
                        light_on_dark,
                        letter_height: guess.letter_height * larger,
                        x_height: guess.x_height * larger,
                        ..guess.clone()
                    };
                    tried.push((index, line));
                }
            }
        }
        let places: Vec<TextLine> = tried.iter().map(|(_, line)| line.clone()).collect();
        let read = self.read_lines(picture, &places)?;
        let mut best: Vec<Option<ReadLine>> = vec![None; found.len()];
        for ((index, _), read) in tried.iter().zip(read) {
            let best = &mut best[*index];
            if best.as_ref().is_none_or(|best| worth(&read) > worth(best)) {
                *best = Some(read);
            }
        }
        let mut lines = Vec::new();
        for ((seen, (_, confidence)), read) in seen.iter().zip(found).zip(best) {
            let Some(read) = read else { continue };
            let same: Vec<usize> = (0..blots.len())
                .filter(|&index| {
                    blots[index].share_in(seen) > SAME || seen.share_in(&blots[index]) > SAME
                })
                .collect();
            let of_blots: f32 = same
                .iter()
                .filter(|&&index| stays[index])
                .map(|&index| worth(&by_blots[index]))
                .sum();
            let least = match read.characters() {
                0..=FEW_CHARACTERS => LEAST_OF_FEW,
                _ => LEAST,
            };
            // What the finder is less sure of must be read more surely.
            let least = least.max(LEAST + (SURELY_FOUND - confidence) * 1.5);
            if read.confidence() >= least && worth(&read) > CLEARLY * of_blots {
                same.into_iter().for_each(|index| stays[index] = false);
                lines.push(read);
            }
        }
        let mut lines = without_overlaid(lines);
        let kept = by_blots.into_iter().zip(stays).filter(|(_, stays)| *stays);
        lines.extend(kept.map(|(read, _)| read));
        sort(&mut lines);
        self.stood_up(picture, lines)
    }
}

impl Reader {
    /// Reads those lines anew whose letters stand upright in the picture while their baselines are aslant, if
    /// that reads better: italics turned by an angle may stand upright, too.
    fn stood_up(
        &self,
        picture: &Picture,
        mut lines: Vec<ReadLine>,
    ) -> Result<Vec<ReadLine>, Failure> {
        let leaning: Vec<(usize, TextLine)> = lines
            .iter()
            .map(|read| read.line.clone().stood_up(picture))
            .enumerate()
            .filter(|(_, line)| line.lean != 0.0)
            .collect();
        let places: Vec<TextLine> = leaning.iter().map(|(_, line)| line.clone()).collect();
        let read = self.read_lines(picture, &places)?;
        for ((index, _), read) in leaning.into_iter().zip(read) {
            if worth(&read) > worth(&lines[index]) {
                lines[index] = read;
            }
        }
        Ok(lines)
    }
}

/// Leaves out lines that lie on another whose reading is worth more: the finder may take a line for two.
fn without_overlaid(mut lines: Vec<ReadLine>) -> Vec<ReadLine> {
    lines.sort_by(|one, other| worth(other).total_cmp(&worth(one)));
    let mut kept: Vec<(FoundLine, ReadLine)> = Vec::new();
    for read in lines {
        let place = as_found(&read.line);
        let overlaid = |(other, _): &(FoundLine, ReadLine)| {
            place.share_in(other) > OVERLAID || other.share_in(&place) > OVERLAID
        };
        if !kept.iter().any(overlaid) {
            kept.push((place, read));
        }
    }
    kept.into_iter().map(|(_, read)| read).collect()
}

/// Row after row, and from left to right where lines stand beside one another; along the direction that
/// most of them have.
fn sort(lines: &mut [ReadLine]) {
    let weight = |line: &ReadLine| line.characters() as f32 + 0.1;
    let all: f32 = lines.iter().map(weight).sum();
    let slope: f32 = lines
        .iter()
        .map(|line| weight(line) * line.line.slope)
        .sum::<f32>()
        / all.max(1e-3);
    let turn = (1.0 + slope * slope).sqrt();
    let (cos, sin) = (1.0 / turn, slope / turn);
    // Middles, along the lines and across them.
    let place = |line: &TextLine| {
        let x = line.left + line.width / 2.0;
        let y = line.baseline + line.slope * line.width / 2.0;
        (
            x * cos + y * sin,
            y * cos - x * sin - line.letter_height / 2.0,
        )
    };
    lines.sort_by(|one, other| place(&one.line).1.total_cmp(&place(&other.line).1));
    let mut start = 0;
    while start < lines.len() {
        let first = &lines[start].line;
        let (across, reach) = (place(first).1, 0.5 * first.letter_height);
        let row = lines[start..].iter().take_while(|line| {
            (place(&line.line).1 - across).abs() <= reach.min(0.5 * line.line.letter_height)
        });
        let end = start + row.count().max(1);
        lines[start..end].sort_by(|one, other| place(&one.line).0.total_cmp(&place(&other.line).0));
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_lines_are_level_in_the_picture_that_is_turned_upright() {
        let picture = Picture::blank(200, 100, 255).unwrap();
        for (angle, quarters) in [
            (0.0, 0),
            (10.0, 0),
            (90.0, 3),
            (180.0, 2),
            (270.0, 1),
            (-80.0, 1),
            (130.0, 3),
        ] {
            let (sin, cos) = libm::sincosf(f32::to_radians(angle));
            let line = FoundLine {
                start: (60.0, 40.0),
                direction: (cos, sin),
                length: 50.0,
                height: 10.0,
                confidence: 0.9,
            };
            assert_eq!(
                upright(std::slice::from_ref(&line)),
                Some(quarters),
                "{angle}"
            );
            let level = in_turned(&line, quarters, &picture).unwrap();
            let off = angle + 90.0 * quarters as f32;
            let wanted = libm::tanf(off.to_radians());
            assert!((level.slope - wanted).abs() < 1e-3, "{angle}: {level:?}");
            let turned = picture.turned(quarters);
            let inside =
                level.left <= turned.width() as f32 && level.baseline <= turned.height() as f32;
            assert!(
                inside && level.left >= 0.0 && level.baseline >= 0.0,
                "{level:?}"
            );
            let reversed = in_turned(&line, quarters + 2, &picture).unwrap();
            assert!(
                (reversed.slope - wanted).abs() < 1e-3,
                "{angle}: {reversed:?}"
            );
            let (x, y) = line.reversed().reversed().start;
            assert!((x - 60.0).abs() < 1e-3 && (y - 40.0).abs() < 1e-3);
        }
        assert_eq!(upright(&[]), None);
    }
}
