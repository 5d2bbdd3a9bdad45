//! The ink of a picture of one glyph, found and brought to the training data's size and place.

use std::collections::BTreeMap;

mod bounding_box;

use super::glyph_set::{LARGEST_INK, SIDE};
use super::labelled_pictures::LabelledPictures;
use crate::error::{Error, Result};
use crate::picture::Picture;
use bounding_box::ink_box;

/// Grey levels that ink and paper must lie apart for there to be ink.
const LEAST_CONTRAST: f32 = 24.0;

/// The least share of ink in a pixel of the ink box; below is noise.
const LEAST_INK: f32 = 0.1;

/// The share of the frame's pixels that must be dark for a picture to be light on dark.
const DARK_FRAME: f32 = 5.0 / 6.0;

/// The ink of a picture: its box cut out, as shares from 0 (paper) to 1 (ink).
///
/// ```
/// use letra_type::{Font, Ink, Picture, SIDE, draw_line};
///
/// let mut picture = Picture::blank(100, 100, 255)?;
/// draw_line(&mut picture, &Font::built_in()[0], "H", 60.0, (20.0, 70.0), 0)?;
/// let ink = Ink::find(&picture)?;
/// assert!(ink.width() < 60 && (30..60).contains(&ink.height()));
/// assert_eq!(ink.centred(24.0).len(), SIDE * SIDE);
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ink {
    width: usize,
    height: usize,
    shares: Vec<f32>,
}

impl Ink {
    /// Finds the ink of a picture, dark on light or light on dark.
    ///
    /// A threshold parts dark from light (N. Otsu, A threshold selection method from gray-level
    /// histograms, IEEE Trans. Syst. Man Cybern. 9, 1979). The picture is light on dark if at
    /// least five sixths of its outermost pixels are dark, else dark on light. Paper is the middle
    /// level of its side of the threshold, ink the level that only one pixel in a hundred of its
    /// side exceeds; between them the share of ink is linear.
    ///
    /// # Errors
    /// The picture is all of one colour, or its levels are less than 24 apart.
    pub fn find(picture: &Picture) -> Result<Self> {
        let mut histogram = [0_u64; 256];
        picture
            .pixels()
            .iter()
            .for_each(|&level| histogram[usize::from(level)] += 1);
        let threshold = otsu(&histogram).ok_or_else(|| Error::NoInk {
            problem: format!("every pixel has the grey level {}", picture.pixels()[0]),
        })?;
        let light_on_dark = dark_share_of_frame(picture, threshold) >= DARK_FRAME;
        let (dark, light) = histogram.split_at(usize::from(threshold) + 1);
        let above = f32::from(threshold) + 1.0;
        let (paper, ink) = match light_on_dark {
            true => (level_at(dark, 0.5), above + level_at(light, 0.99)),
            false => (above + level_at(light, 0.5), level_at(dark, 0.01)),
        };
        if (ink - paper).abs() < LEAST_CONTRAST {
            return Err(Error::NoInk {
                problem: format!("ink of grey level {ink} on paper of {paper} is too faint"),
            });
        }
        let share = |level: usize| ((level as f32 - paper) / (ink - paper)).clamp(0.0, 1.0);
        Ok(cut_out(picture, &std::array::from_fn(share)))
    }

    /// Width of the ink box in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height of the ink box in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The ink scaled so that the longer side of its box measures `longer_side` pixels, centred in
    /// 36×36 pixels, ink 255 on 0.
    ///
    /// `longer_side` is held between 1 and 30, so that the ink fits as a glyph set's does. Scaled
    /// with a tent filter, which averages when it shrinks and is bilinear when it grows.
    pub fn centred(&self, longer_side: f32) -> Vec<u8> {
        let scale = longer_side.clamp(1.0, LARGEST_INK as f32) / self.width.max(self.height) as f32;
        let columns = tent_filter(self.width, scale);
        let rows = tent_filter(self.height, scale);
        let mut narrow = vec![0.0; self.height * SIDE];
        for (source, target) in self
            .shares
            .chunks_exact(self.width)
            .zip(narrow.chunks_exact_mut(SIDE))
        {
            for (to, taps) in target.iter_mut().zip(&columns) {
                *to = taps
                    .iter()
                    .map(|&(from, weight)| source[from] * weight)
                    .sum();
            }
        }
        let pixel = |index: usize| {
            let taps = &rows[index / SIDE];
            let share: f32 = taps
                .iter()
                .map(|&(from, weight)| narrow[from * SIDE + index % SIDE] * weight)
                .sum();
            (share * 255.0).round() as u8
        };
        (0..SIDE * SIDE).map(pixel).collect()
    }
}

/// A picture of one glyph as the training data shows it: ink found, scaled so that the longer
/// side of its box measures `longer_side` pixels, centred in 36×36 pixels, ink 255 on 0.
///
/// A picture that is 36×36 already, with ink that leaves the margin of a glyph set, is taken to
/// come from one: it keeps its size and is only centred.
///
/// # Errors
/// The picture shows no ink: see [`Ink::find`].
pub fn normalise(picture: &Picture, longer_side: f32) -> Result<Vec<u8>> {
    let sides = [(longer_side, 1.0)];
    Ok(normalise_at_each(picture, &sides)?.remove(0).0)
}

/// [`normalise`] at each of some lengths of the longer side, given with their shares.
///
/// What one glyph alone cannot tell is how large it stands beside the others of its font.
/// [`ink_sides`] of the training data are the lengths to expect and their probabilities; a mean
/// of predictions, weighted by them, takes all into account. A picture that comes from a glyph
/// set has one length, its own.
///
/// # Errors
/// The picture shows no ink: see [`Ink::find`].
pub fn normalise_at_each(picture: &Picture, sides: &[(f32, f32)]) -> Result<Vec<(Vec<u8>, f32)>> {
    let ink = Ink::find(picture)?;
    let own = ink.width.max(ink.height);
    let of_a_glyph_set = (picture.width(), picture.height()) == (SIDE, SIDE) && own <= LARGEST_INK;
    Ok(match of_a_glyph_set {
        true => vec![(ink.centred(own as f32), 1.0)],
        false => sides
            .iter()
            .map(|&(side, share)| (ink.centred(side), share))
            .collect(),
    })
}

/// The lengths in pixels of the longer side of the ink box (of pixels with at least a tenth of
/// ink) that occur in a data set, ascending, and the share of the pictures that have each.
///
/// Measured: the middle one is 18 in the seminar's data, 24 in the glyph set of the built-in
/// typefaces.
pub fn ink_sides(pictures: &LabelledPictures) -> Vec<(f32, f32)> {
    let (width, height) = (pictures.width(), pictures.height());
    let mut counts = BTreeMap::new();
    for index in 0..pictures.len() {
        let ink = pictures.picture(index);
        let inked = |pixel: usize| f32::from(ink[pixel]) >= LEAST_INK * 255.0;
        let (columns, rows) = ink_box(width, height, inked);
        *counts.entry(columns.len().max(rows.len())).or_insert(0) += 1;
    }
    let share = |count| count as f32 / pictures.len() as f32;
    counts
        .into_iter()
        .map(|(side, count)| (side as f32, share(count)))
        .collect()
}

/// The level that parts the histogram best: at most it is dark, above it light. `None` if all
/// pixels have one level.
fn otsu(histogram: &[u64; 256]) -> Option<u8> {
    let total: u64 = histogram.iter().sum();
    let sum: f64 = (0_u32..)
        .zip(histogram)
        .map(|(level, &n)| f64::from(level) * n as f64)
        .sum();
    let (mut dark, mut dark_sum) = (0, 0.0);
    let mut best = (0.0, None);
    for (level, &count) in (0..=u8::MAX).zip(histogram) {
        dark += count;
        dark_sum += f64::from(level) * count as f64;
        let light = total - dark;
        if dark == 0 || light == 0 {
            continue;
        }
        let apart = dark_sum / dark as f64 - (sum - dark_sum) / light as f64;
        let between = dark as f64 * light as f64 * apart * apart;
        if between > best.0 {
            best = (between, Some(level));
        }
    }
    best.1
}

/// The index at which a share of the histogram's counts is reached.
fn level_at(histogram: &[u64], share: f64) -> f32 {
    let wanted = share * histogram.iter().sum::<u64>() as f64;
    let mut counted = 0;
    let reached = histogram.iter().position(|&count| {
        counted += count;
        counted as f64 >= wanted && counted > 0
    });
    reached.unwrap_or(0) as f32
}

/// The share of the outermost pixels that are dark.
fn dark_share_of_frame(picture: &Picture, threshold: u8) -> f32 {
    let (width, height) = (picture.width(), picture.height());
    let frame = (0..width)
        .flat_map(|column| [column, (height - 1) * width + column])
        .chain((0..height).flat_map(|row| [row * width, row * width + width - 1]));
    let dark = frame
        .filter(|&pixel| picture.pixels()[pixel] <= threshold)
        .count();
    dark as f32 / (2 * (width + height)) as f32
}

/// The ink box of a picture whose grey levels have these shares of ink.
fn cut_out(picture: &Picture, shares: &[f32; 256]) -> Ink {
    let (width, pixels) = (picture.width(), picture.pixels());
    let share = |pixel: usize| shares[usize::from(pixels[pixel])];
    let (columns, rows) = ink_box(width, picture.height(), |pixel| share(pixel) >= LEAST_INK);
    let cut = |row: usize| columns.clone().map(move |column| row * width + column);
    let shares = rows.clone().flat_map(cut).map(share).collect();
    Ink {
        width: columns.len(),
        height: rows.len(),
        shares,
    }
}

/// For each of 36 target pixels the source pixels it draws from and their weights, when a length
/// is scaled and centred. At scale 1 an odd length lies half a pixel to the front, so that its
/// pixels stay as they are.
fn tent_filter(length: usize, scale: f32) -> Vec<Vec<(usize, f32)>> {
    let reach = (1.0 / scale).max(1.0);
    let shift = if scale == 1.0 && length % 2 == 1 {
        0.5
    } else {
        0.0
    };
    let middle = SIDE as f32 / 2.0 - shift;
    let target = |index: usize| {
        let centre = (index as f32 + 0.5 - middle) / scale + length as f32 / 2.0;
        let first = (centre - reach).floor().max(0.0) as usize;
        let last = ((centre + reach).ceil().max(0.0) as usize).min(length);
        let weight = |from: usize| (1.0 - (from as f32 + 0.5 - centre).abs() / reach).max(0.0);
        (first..last)
            .map(|from| (from, weight(from) / reach))
            .filter(|tap| tap.1 > 0.0)
            .collect()
    };
    (0..SIDE).map(target).collect()
}
