//! What a line reads, where its typeface is known.

mod decode;
mod pairs;
mod signs;

use std::ops::Range;

use decode::{Costs, Decoded, Decoder, LineInk};
use pairs::{LetterPairs, SPACE};
use signs::{Signs, Templates};

use crate::font::Font;
use crate::lines::{LETTER_HEIGHT, TextLine};
use crate::picture::Picture;
use crate::text::Texts;

/// A line is looked at so far, in heights of its letters, to find its size.
const SIZED: f32 = 16.0;

/// A line is read so far, in heights of its letters; a longer one is cut.
const LONGEST: f32 = 250.0;

/// Sizes tried around each that the letters' height may mean.
const SIZES: [f32; 3] = [0.94, 1.0, 1.06];

/// Where plain signs explain less than this share of the ink at these sizes, all sizes from a half
/// of the letters' height to one and a half are tried: of joined letters it is hard to tell.
const SURE: f32 = 0.8;
const ALL_SIZES: Range<i32> = -17..11;
const ALL_SIZES_STEP: f32 = 1.04;

/// The most sizes that are looked at more closely then.
const MOST_CLOSELY: usize = 3;

/// What is tried next around the best: sizes, and rows of the baseline in pixels.
const FINER_SIZES: [f32; 2] = [0.975, 1.025];
const ROWS: [f32; 4] = [-1.0, 1.0, -0.5, 0.5];

/// The most rows that a baseline is moved up or down.
const MOST_ROWS: usize = 4;

/// Ground before and after a line where marks may stand, in heights of its letters.
const MARGIN: f32 = 1.0;

/// What a natural logarithm of a letter pair's probability weighs at first, in squares of ink.
const WEIGHT: f32 = 0.5;

/// What it weighs then, times the share of the ink that was left unexplained: the less a picture
/// shows, the more the letters' probabilities say. The log-likelihood of ink with errors of
/// variance σ² is its squares over 2 σ².
const WEIGHT_OF_REST: f32 = 12.0;
const WEIGHTS: [f32; 2] = [0.2, 1.5];

/// Spreads of ink tried: one picture is less sharp than another.
const SPREADS: [f32; 2] = [1.0, 1.5];

/// A size known from another line of the picture is kept if the line fits as well, so far.
const AS_GOOD: f32 = 0.93;

/// The least [`fit`](Transcript::fit) of a transcript that can be relied on.
///
/// Measured (`examples/transcribe.rs`) on clean pictures by other programs: of 101 read in their
/// own fonts, 97 fit better in every line; of 40 read in a font of another family all that did
/// were read without an error.
pub const LEAST_FIT: f32 = 0.9;

/// What a line reads.
///
/// ```
/// use letra_type::{Font, LEAST_FIT, Picture, Texts, Transcriber, draw_line, find_lines};
///
/// let font = &Font::built_in()[0];
/// let mut picture = Picture::blank(400, 80, 255)?;
/// draw_line(&mut picture, font, "Seven kinds of rye", 36.0, (20.0, 50.0), 0)?;
/// let line = &find_lines(&picture)[0];
/// let mut transcriber = Transcriber::new(font, &Texts::new()).unwrap();
/// let transcript = transcriber.read(&picture, line).unwrap();
/// assert_eq!(transcript.text, "Seven kinds of rye");
/// assert!(transcript.fit > LEAST_FIT && (transcript.size - 36.0).abs() < 2.0);
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The text, its words parted by single spaces.
    pub text: String,
    /// How well the text, set in the font, fits the picture: 1 less the share of the ink (the sum
    /// of its squares) that it leaves unexplained, 0 at least.
    pub fit: f32,
    /// The size of the font, in pixels of the picture per em.
    pub size: f32,
}

/// Reads lines whose typeface is known.
///
/// With the font known, a line's text is the row of its glyphs that explains the ink best, and
/// no letter has to be cut out first. Glyphs are drawn as templates *T*, their capitals 20 pixels
/// high as in a [straightened](TextLine::straightened) line *I*. A glyph with the pen at a place
/// lowers the squares of what is left by `2 Σ I T − Σ T²`, and two neighbours that lie on each
/// other by `2 Σ T₁ T₂` less. The row of glyphs that lowers them the most, less a cost of letter
/// pairs that are rare in thirteen languages, is found exactly, up to ways given up as hopeless,
/// by dynamic programming over the pen's places, half a pixel apart (A. Viterbi, Error bounds for
/// convolutional codes and an asymptotically optimum decoding algorithm, IEEE Trans. Inf. Theory
/// 13, 1967). Templates that may overlap, placed by their advances from left to right, are the
/// model of G. Kopec and P. Chou (Document image decoding using Markov source models, IEEE Trans.
/// Pattern Anal. Mach. Intell. 16, 1994).
///
/// ```
/// use letra_type::{Font, Picture, Texts, Transcriber, draw_line, find_lines};
///
/// # fn main() -> letra_type::Result<()> {
/// let font = &Font::built_in()[0];
/// let mut picture = Picture::blank(400, 80, 255)?;
/// draw_line(&mut picture, font, "Seven kinds of rye", 36.0, (20.0, 50.0), 0)?;
/// let line = &find_lines(&picture)[0];
///
/// let mut transcriber = Transcriber::new(font, &Texts::new()).unwrap();
/// let transcript = transcriber.read(&picture, line).unwrap();
/// assert_eq!(transcript.text, "Seven kinds of rye");
/// assert!(transcript.fit > 0.9);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Transcriber {
    signs: Signs,
    costs: Costs,
    /// How the line lay that was read last.
    last: Option<Pose>,
    /// Templates of the plain signs, by how far their ink is spread.
    plain: Vec<(f32, Templates)>,
}

/// How a line may lie.
#[derive(Debug, Clone)]
struct Pose {
    /// The line, its letter height that of the font's capitals.
    line: TextLine,
    /// How much less sharp the picture is than it should be, as a factor of the ink's spread.
    spread: f32,
    /// How much darker the ink is than the font's should be.
    depth: f32,
    /// The share of the ink that plain signs explain.
    explained: f32,
}

impl Transcriber {
    /// Makes ready to read lines in a font; `None` if the font has no capitals or draws nothing.
    ///
    /// Looked for are the letters of the texts' languages, digits, marks, and ligatures of the
    /// font.
    pub fn new(font: &Font, texts: &Texts) -> Option<Self> {
        let signs = Signs::of(font, texts)?;
        let costs = costs(&signs, &LetterPairs::of(texts));
        Some(Self {
            signs,
            costs,
            last: None,
            plain: Vec::new(),
        })
    }

    /// Reads a line of a picture; `None` if nothing of it looks like the font's letters.
    ///
    /// A line in another typeface is read as what fits best, and has a low `fit`. The size found
    /// is where the search begins for the next line. Of a line longer than 250 letters' heights
    /// the beginning is read.
    pub fn read(&mut self, picture: &Picture, line: &TextLine) -> Option<Transcript> {
        let pose = self.pose(picture, line)?;
        let mut line = pose.line.clone();
        line.width = line.width.min(LONGEST * line.letter_height);
        let line = widened(line);
        let templates = self.signs.templates(reach(&line, pose.spread), false);
        let mut decoder = Decoder {
            signs: &self.signs,
            templates: &templates,
            costs: &self.costs,
            weight: WEIGHT,
            step: 1,
        };
        let ink = LineInk::of(line.levelled(picture)).fainter(pose.depth);
        let tried = decoder.tried(&ink);
        let first = decoder.decode(&tried);
        let rest = 1.0 - fit(&decoder, &first, &ink);
        decoder.weight = (WEIGHT_OF_REST * rest).clamp(WEIGHTS[0], WEIGHTS[1]);
        let decoded = decoder.decode(&tried);
        let text = decoder.text(&decoded);
        if text.is_empty() {
            return None;
        }
        let transcript = Transcript {
            text,
            fit: fit(&decoder, &decoded, &ink),
            size: self.signs.size * line.letter_height / LETTER_HEIGHT,
        };
        self.last = Some(pose);
        Some(transcript)
    }

    /// Finds the size and the baseline that let plain signs explain the beginning of a line best:
    /// from those of the last line if they do as well here, else from what its letter height may
    /// be the height of.
    fn pose(&mut self, picture: &Picture, line: &TextLine) -> Option<Pose> {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let sane = (2.0..=2.0 * height).contains(&line.letter_height)
            && (1.0..=2.0 * width).contains(&line.width)
            && line.slope.abs() <= 1.0
            && line.left.abs() <= 2.0 * width
            && line.baseline.abs() <= 3.0 * height;
        if !sane {
            return None;
        }
        if let Some(last) = self.last.clone() {
            let height = last.line.letter_height;
            let known = self.posed(picture, resized(line, height), last.spread, last.depth);
            let known = self.moved(picture, known);
            if known.explained >= AS_GOOD * last.explained {
                return Some(known);
            }
        }
        let heights = self.signs.heights.clone();
        let sizes = heights
            .iter()
            .flat_map(|height| SIZES.map(|size| size / height));
        let mut poses = self.sized(picture, line, sizes);
        let mut closely = 1;
        if poses.iter().all(|pose| pose.explained < SURE) {
            let sizes = ALL_SIZES.map(|power| ALL_SIZES_STEP.powi(power));
            poses.extend(self.sized(picture, line, sizes));
            closely = MOST_CLOSELY;
        }
        poses.sort_by(|one, other| other.explained.total_cmp(&one.explained));
        poses.truncate(closely);
        let closer = poses.into_iter().map(|pose| {
            let pose = self.moved(picture, pose);
            let finer = self.sized(picture, &pose.line, FINER_SIZES.into_iter());
            let pose = finer.into_iter().fold(pose, better);
            self.moved(picture, pose)
        });
        let mut best = closer.reduce(better)?;
        for spread in SPREADS {
            let other = self.posed(picture, best.line.clone(), spread, 1.0);
            best = better(best, other);
        }
        Some(best)
    }

    /// A line at some sizes, in heights of its letters.
    fn sized(
        &mut self,
        picture: &Picture,
        line: &TextLine,
        sizes: impl Iterator<Item = f32>,
    ) -> Vec<Pose> {
        let one = |size| {
            let line = resized(line, line.letter_height * size);
            self.posed(picture, line, SPREADS[0], 1.0)
        };
        sizes.map(one).collect()
    }

    /// The best of a pose and the same with its baseline some rows or half a row higher or lower.
    fn moved(&mut self, picture: &Picture, mut best: Pose) -> Pose {
        for rows in ROWS {
            for _ in 0..MOST_ROWS {
                let mut line = best.line.clone();
                line.baseline += rows * line.letter_height / LETTER_HEIGHT;
                let moved = self.posed(picture, line, best.spread, best.depth);
                if moved.explained <= best.explained {
                    break;
                }
                best = moved;
            }
        }
        best
    }

    /// How well plain signs explain the beginning of a line.
    fn posed(&mut self, picture: &Picture, line: TextLine, spread: f32, depth: f32) -> Pose {
        let reach = reach(&line, spread);
        let known = self.plain.iter().position(|(other, _)| *other == reach);
        let at = known.unwrap_or_else(|| {
            self.plain.push((reach, self.signs.templates(reach, true)));
            self.plain.len() - 1
        });
        let decoder = Decoder {
            signs: &self.signs,
            templates: &self.plain[at].1,
            costs: &self.costs,
            weight: WEIGHT,
            step: 2,
        };
        let mut beginning = line.clone();
        beginning.width = line.width.min(SIZED * line.letter_height);
        let ink = LineInk::of(beginning.levelled(picture)).fainter(depth);
        let decoded = decoder.decode(&decoder.tried(&ink));
        let drawn = decoder.drawn(&decoded, ink.width);
        let product = |other: &[f32]| -> f32 {
            drawn
                .iter()
                .zip(other)
                .map(|(one, other)| one * other)
                .sum()
        };
        let deeper = product(&ink.shares) / product(&drawn).max(1.0);
        Pose {
            explained: decoded.value / ink.energy().max(1.0),
            depth: (depth * deeper).clamp(0.5, 2.0),
            line,
            spread,
        }
    }
}

/// The one that explains more.
fn better(one: Pose, other: Pose) -> Pose {
    match other.explained > one.explained {
        true => other,
        false => one,
    }
}

/// The line with letters of another height.
fn resized(line: &TextLine, letter_height: f32) -> TextLine {
    TextLine {
        letter_height,
        ..line.clone()
    }
}

/// The line with some of the ground before and after it.
fn widened(mut line: TextLine) -> TextLine {
    let margin = MARGIN * line.letter_height;
    line.left -= margin;
    line.baseline -= line.slope * margin;
    line.width += 2.0 * margin;
    line
}

/// How far the ink of a line is spread to either side by a tent of the same variance, in tenths
/// of a pixel of the straightened line.
///
/// The picture's own pixels and the scaling that straightens it spread the ink: a pixel is a box
/// (variance 1/12 of its width's square), the place between pixels and the scaling are tents
/// (1/6 at most each).
fn reach(line: &TextLine, spread: f32) -> f32 {
    let pixel = LETTER_HEIGHT / line.letter_height;
    let variance = (pixel * pixel + pixel.max(1.0).powi(2)) / 6.0;
    let reach = spread * (6.0 * variance).sqrt();
    (reach.clamp(1.0, 6.0) * 10.0).round() / 10.0
}

/// The costs of pairs of signs.
fn costs(signs: &Signs, pairs: &LetterPairs) -> Costs {
    let ends = signs.all.iter().map(|sign| {
        let mut characters = sign.text.chars();
        let first = characters.next().unwrap_or(SPACE);
        (first, characters.last().unwrap_or(first))
    });
    let ends: Vec<(char, char)> = ends.collect();
    let within = signs.all.iter().map(|sign| {
        let next = sign.text.chars().skip(1);
        let both = sign.text.chars().zip(next);
        both.map(|(one, two)| pairs.cost(one, two)).sum::<f32>()
    });
    let within: Vec<f32> = within.collect();
    let before = ends.iter().map(|&(_, last)| last).chain([SPACE]);
    let row = |last: char| {
        let next = ends.iter().zip(&within);
        next.map(move |(&(first, _), within)| pairs.cost(last, first) + within)
    };
    Costs {
        pairs: before.flat_map(row).collect(),
        spaces: ends
            .iter()
            .map(|&(_, last)| pairs.cost(last, SPACE))
            .collect(),
    }
}

/// The share of the ink's squares that the decoded signs explain. Rows that no plain sign of the
/// font reaches count only where a decoded sign has ink: they may be a neighbouring line's.
fn fit(decoder: &Decoder<'_>, decoded: &Decoded, ink: &LineInk) -> f32 {
    let drawn = decoder.drawn(decoded, ink.width);
    let rows = decoder.plain_rows();
    let width = ink.width;
    let (mut left, mut all) = (0.0, 0.0);
    for (at, (ink, drawn)) in ink.shares.iter().zip(&drawn).enumerate() {
        if *drawn > 0.0 || rows.contains(&(at / width)) {
            left += (ink - drawn).powi(2);
            all += ink.powi(2);
        }
    }
    match all > 0.0 {
        true => (1.0 - left / all).max(0.0),
        false => 0.0,
    }
}
