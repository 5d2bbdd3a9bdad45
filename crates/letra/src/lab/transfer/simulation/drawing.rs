//! Drawings of characters, made anew for every step.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_type::{Font, SHIFTS, SIDE, centred_glyph, fitting_size};

use crate::failure::Failure;

/// Digits and letters, without their case.
pub(super) const CHARACTERS: usize = 36;

/// The number of a character, 0 to 35.
pub(super) fn number_of(character: char) -> Option<u32> {
    character.to_digit(CHARACTERS as u32)
}

/// A kind of wear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Place,
    Size,
    Shape,
    Weight,
    Noise,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Place,
        Self::Size,
        Self::Shape,
        Self::Weight,
        Self::Noise,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Size => "size",
            Self::Shape => "shape",
            Self::Weight => "weight",
            Self::Noise => "noise",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Place => "shifts",
            Self::Size => "sizes",
            Self::Shape => "slant, width and turn",
            Self::Weight => "weight of strokes",
            Self::Noise => "blur and noise",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Place => "shifted by up to 4 pixels",
            Self::Size => "0.55 to 1.1 times as large",
            Self::Shape => {
                "slanted by up to 0.35, 0.7 to 1.3 times as wide and turned by up to 8 degrees"
            }
            Self::Weight => "with thinner or bolder strokes, or outlines alone",
            Self::Noise => "blurred, of less contrast and noisy",
        }
    }
}

/// Ink of the characters of some typefaces, in the middle of 36 × 36 pixels, from 0 to 1.
pub(super) struct Glyphs {
    ink: Vec<f32>,
    characters: Vec<u32>,
}

const PIXELS: usize = SIDE * SIDE;

impl Glyphs {
    pub(super) fn of(fonts: &[Font]) -> Result<Self, Failure> {
        let (mut ink, mut characters) = (Vec::new(), Vec::new());
        for font in fonts {
            let size = fitting_size(font)?;
            for character in letra_type::CHARACTERS {
                let glyph = centred_glyph(font, character, size)?;
                ink.extend(glyph.iter().map(|&level| f32::from(level) / 255.0));
                characters.extend(number_of(character));
            }
        }
        Ok(Glyphs { ink, characters })
    }

    fn glyph(&self, number: usize) -> &[f32] {
        &self.ink[number * PIXELS..][..PIXELS]
    }

    /// All of them at the seminar's nine places, and what they show.
    pub(super) fn at_nine_places(&self) -> (Vec<f32>, Vec<u32>) {
        let (mut ink, mut characters) = (Vec::new(), Vec::new());
        for (number, &character) in self.characters.iter().enumerate() {
            for (right, down) in SHIFTS {
                let map = Map::shift([down as f32, right as f32]);
                ink.extend(map.of(self.glyph(number)));
                characters.push(character);
            }
        }
        (ink, characters)
    }
}

/// Where a pixel comes from: *y*, *x* from the middle, times a matrix, plus a place.
struct Map {
    matrix: [[f32; 2]; 2],
    offset: [f32; 2],
}

const MIDDLE: f32 = (SIDE as f32 - 1.0) / 2.0;

impl Map {
    fn shift([down, right]: [f32; 2]) -> Self {
        Map {
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            offset: [-down, -right],
        }
    }

    /// A picture by the map; between pixels, their mean by distance.
    fn of(&self, ink: &[f32]) -> Vec<f32> {
        let at = |row: isize, column: isize| {
            let inside = |place: isize| (0..SIDE as isize).contains(&place);
            match inside(row) && inside(column) {
                true => ink[row as usize * SIDE + column as usize],
                false => 0.0,
            }
        };
        let pixel = |index: usize| {
            let (y, x) = (
                (index / SIDE) as f32 - MIDDLE,
                (index % SIDE) as f32 - MIDDLE,
            );
            let [of_y, of_x] = self.matrix;
            let y_from = of_y[0] * y + of_y[1] * x + self.offset[0] + MIDDLE;
            let x_from = of_x[0] * y + of_x[1] * x + self.offset[1] + MIDDLE;
            let (row, column) = (y_from.floor(), x_from.floor());
            let (down, right) = (y_from - row, x_from - column);
            let (row, column) = (row as isize, column as isize);
            let above = at(row, column) * (1.0 - right) + at(row, column + 1) * right;
            let below = at(row + 1, column) * (1.0 - right) + at(row + 1, column + 1) * right;
            above * (1.0 - down) + below * down
        };
        (0..PIXELS).map(pixel).collect()
    }
}

/// A mean over 3 × 3 pixels with weights 1, 2, 1 in each direction.
fn blurred(ink: &[f32]) -> Vec<f32> {
    let line = |values: &[f32], step: usize, index: usize, place: usize| {
        let before = if place > 0 { values[index - step] } else { 0.0 };
        let after = if place + 1 < SIDE {
            values[index + step]
        } else {
            0.0
        };
        (before + 2.0 * values[index] + after) / 4.0
    };
    let across: Vec<f32> = (0..PIXELS)
        .map(|index| line(ink, 1, index, index % SIDE))
        .collect();
    (0..PIXELS)
        .map(|index| line(&across, SIDE, index, index / SIDE))
        .collect()
}

/// Drawings, batch by batch.
pub(super) struct Drawings<'a> {
    pub(super) glyphs: &'a Glyphs,
    pub(super) kinds: Vec<Kind>,
    pub(super) seed: u64,
    pub(super) batch: usize,
    pub(super) steps: usize,
}

/// Random numbers of a drawing before those of its noise.
const DRAWN: usize = 16;

impl Drawings<'_> {
    /// The drawings of a step, and what they show.
    pub(super) fn draw(&self, step: u64) -> (Vec<f32>, Vec<u32>) {
        let random = Random::new(self.seed, Domain::Data, 0, step);
        let noise = Random::new(self.seed, Domain::Data, 1, step);
        let (mut ink, mut characters) = (Vec::new(), Vec::new());
        for sample in 0..self.batch {
            let drawn = random.uniform(sample, DRAWN);
            let count = self.glyphs.characters.len();
            let glyph = ((drawn[0] * count as f32) as usize).min(count - 1);
            let noise = |count: usize| noise.normal(sample, count);
            ink.extend(self.worn(self.glyphs.glyph(glyph), &drawn, noise));
            characters.push(self.glyphs.characters[glyph]);
        }
        (ink, characters)
    }

    fn worn(
        &self,
        glyph: &[f32],
        drawn: &[f32],
        noise: impl FnOnce(usize) -> Vec<f32>,
    ) -> Vec<f32> {
        let has = |kind: Kind| self.kinds.contains(&kind);
        let between = |place: usize, low: f32, high: f32| low + (high - low) * drawn[place];
        let or = |kind: Kind, value: f32, usual: f32| if has(kind) { value } else { usual };
        let mut ink = glyph.to_vec();
        if has(Kind::Weight) {
            ink = weighed(&ink, between(1, 0.15, 0.75), drawn[2] < 0.15);
        }
        let size = or(Kind::Size, between(3, 0.55, 1.1), 1.0);
        let width = size * or(Kind::Shape, between(4, 0.7, 1.3), 1.0);
        let slant = or(Kind::Shape, between(5, -0.35, 0.35), 0.0);
        let turn = or(Kind::Shape, between(6, -8.0, 8.0), 0.0).to_radians();
        let (sine, cosine) = (libm::sinf(turn), libm::cosf(turn));
        let place = |number| or(Kind::Place, between(number, -4.0, 4.0), 0.0).round();
        let (down, right) = (place(7), place(8));
        // Turned back, then made straight, then of the old size.
        let row = |y: f32, x: f32| [cosine * y + sine * x, cosine * x - sine * y];
        let [of_y, of_x] = [row(1.0, 0.0), row(0.0, 1.0)];
        let straight = |[y, x]: [f32; 2]| [y / size, (x + slant * y) / width];
        let (from_y, from_x) = (straight(of_y), straight(of_x));
        let matrix = [[from_y[0], from_x[0]], [from_y[1], from_x[1]]];
        let offset = matrix.map(|[y, x]| -(y * down + x * right));
        let moved = [Kind::Size, Kind::Shape, Kind::Place].into_iter().any(has);
        if moved {
            ink = Map { matrix, offset }.of(&ink);
        }
        if has(Kind::Noise) {
            if drawn[9] < 0.5 {
                ink = blurred(&ink);
            }
            let (most, least) = (between(10, 0.6, 1.0), between(11, 0.0, 0.2));
            let strength = between(12, 0.0, 0.12);
            let values = ink.iter().zip(noise(PIXELS));
            ink = values
                .map(|(ink, noise)| {
                    (least + (most - least) * ink + strength * noise).clamp(0.0, 1.0)
                })
                .collect();
        }
        ink
    }
}

/// Strokes that are bolder or thinner: more than a share of the ink around is ink. Of an outline, what lies inside is
/// none.
fn weighed(ink: &[f32], share: f32, is_outline: bool) -> Vec<f32> {
    let around = blurred(&blurred(ink));
    let edge = |value: f32, share: f32| ((value - share) / 0.25 + 0.5).clamp(0.0, 1.0);
    let pixel = |&value: &f32| match is_outline {
        false => edge(value, share),
        true => edge(value, 0.2) - edge(value, 0.75),
    };
    around.iter().map(pixel).collect()
}

impl Source for Drawings<'_> {
    fn steps(&self, _epoch: usize) -> usize {
        self.steps
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let (ink, characters) = self.draw(step);
        let pictures = Tensor::new([self.batch, SIDE, SIDE, 1], ink)?;
        Dataset::classes(pictures, characters, CHARACTERS).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs() -> Glyphs {
        Glyphs::of(&Font::built_in()[..1]).unwrap()
    }

    #[test]
    fn a_clean_drawing_is_the_glyph_and_a_shift_moves_it() {
        let glyphs = glyphs();
        let drawings = |kinds: Vec<Kind>| Drawings {
            glyphs: &glyphs,
            kinds,
            seed: 3,
            batch: 4,
            steps: 1,
        };
        let (ink, characters) = drawings(Vec::new()).draw(0);
        let known = |ink: &[f32], character: u32| {
            (0..glyphs.characters.len())
                .any(|glyph| glyphs.glyph(glyph) == ink && glyphs.characters[glyph] == character)
        };
        for (ink, &character) in ink.chunks_exact(PIXELS).zip(&characters) {
            assert!(known(ink, character));
        }
        let (moved, same) = drawings(vec![Kind::Place]).draw(0);
        assert_eq!(characters, same);
        let total = |ink: &[f32]| ink.iter().sum::<f32>();
        for (one, other) in ink.chunks_exact(PIXELS).zip(moved.chunks_exact(PIXELS)) {
            assert!(total(other) <= total(one) + 1e-3 && total(other) > 0.8 * total(one));
        }
        for kind in Kind::ALL {
            let (worn, _) = drawings(vec![kind]).draw(0);
            assert!(worn.iter().all(|ink| (0.0..=1.0).contains(ink)), "{kind:?}");
            assert_ne!(worn, ink, "{kind:?}");
            // A step has its drawings, whenever they are drawn.
            assert_eq!(worn, drawings(vec![kind]).draw(0).0);
            assert_ne!(worn, drawings(vec![kind]).draw(1).0);
        }
    }

    #[test]
    fn a_shifted_picture_has_its_pixels_elsewhere() {
        let mut ink = vec![0.0; PIXELS];
        ink[10 * SIDE + 20] = 1.0;
        let moved = Map::shift([3.0, -2.0]).of(&ink);
        let place = moved.iter().position(|&value| value == 1.0);
        assert_eq!(place, Some(13 * SIDE + 18));
    }
}
