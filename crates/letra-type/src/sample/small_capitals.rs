//! Faces whose small letters look like capitals: of capitals alone, or with small ones.

use super::face::Face;
use super::flat::fineness;
use super::raster::Raster;
use crate::font::Font;

/// Letters whose capitals have another shape.
const TOLD_APART: &str = "abdefghnqrt";

/// Pixels of a side of the square that letters are compared in.
const SIDE: usize = 24;

/// From which correlation of their pixels on two letters are alike; strokes of small capitals are thicker
/// beside their height.
const ALIKE: f32 = 0.5;

/// Whether nearly all small letters of a face have the shapes of capitals.
pub(super) fn has_small_capitals(face: &Face, font: &Font) -> bool {
    let mut raster = Raster::default();
    let mut shape = |letter: char| -> Option<Vec<u8>> {
        let glyph = face.glyph(font.glyph(letter)?.to_u32())?;
        let [left, bottom, right, top] = glyph.bounds.map(f32::from);
        let (width, height) = (right - left, top - bottom);
        if width <= 0.0 || height <= 0.0 {
            return None;
        }
        let flat = glyph.flat(fineness(SIDE as f32), face.units_per_em);
        let side = SIDE as f32;
        let corners = flat.corners.iter().map(|corner| {
            let x = (corner.x - left) / width * side;
            (x, (top - corner.y) / height * side)
        });
        let corners: Vec<(f32, f32)> = corners.collect();
        raster.begin(SIDE, SIDE);
        let mut start = 0;
        for &end in &flat.ends {
            raster.add(&corners[start..end]);
            start = end;
        }
        let mut shares = Vec::new();
        raster.shares(&mut shares);
        Some(shares)
    };
    let mut is_alike = |small: char| {
        let (small, capital) = (shape(small), shape(small.to_ascii_uppercase()));
        matches!((small, capital), (Some(small), Some(capital)) if correlation(&small, &capital) >= ALIKE)
    };
    let alike = TOLD_APART
        .chars()
        .filter(|&letter| is_alike(letter))
        .count();
    alike + 1 >= TOLD_APART.len()
}

/// The correlation of the pixels of two pictures (K. Pearson, 1895); 0 where one is all of one level.
fn correlation(one: &[u8], other: &[u8]) -> f32 {
    let mean = |of: &[u8]| of.iter().map(|&level| f32::from(level)).sum::<f32>() / of.len() as f32;
    let means = (mean(one), mean(other));
    let (mut both, mut of_one, mut of_other) = (0.0, 0.0, 0.0);
    for (&one, &other) in one.iter().zip(other) {
        let (one, other) = (f32::from(one) - means.0, f32::from(other) - means.1);
        both += one * other;
        of_one += one * one;
        of_other += other * other;
    }
    match of_one * of_other > 0.0 {
        true => both / (of_one * of_other).sqrt(),
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Texts;

    #[test]
    fn faces_with_small_letters_have_no_small_capitals() {
        for font in Font::built_in() {
            let face = Face::new(&font, &Texts::new()).unwrap();
            assert!(!has_small_capitals(&face, &font), "{}", font.name());
        }
    }

    #[test]
    fn a_picture_correlates_with_itself_and_not_with_an_even_one() {
        assert!((correlation(&[0, 200, 255], &[0, 200, 255]) - 1.0).abs() < 1e-6);
        assert!((correlation(&[0, 255], &[255, 0]) + 1.0).abs() < 1e-6);
        assert_eq!(correlation(&[7, 7], &[255, 0]), 0.0);
    }
}
