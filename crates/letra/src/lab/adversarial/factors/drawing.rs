//! Glyphs drawn with any weight, slant, size and width.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_type::{Font, Outline};

use crate::failure::Failure;

/// Pixels on each side of a picture.
pub(super) const SIDE: usize = 28;

/// The characters.
pub(super) const CHARACTERS: [char; 5] = ['a', 'e', 'h', 'n', 'R'];

/// The typeface, whose strokes are thin and even.
const FAMILY: &str = "Ubuntu";

/// What varies.
pub(super) const FACTORS: [&str; 4] = ["weight", "slant", "size", "width"];

/// Pixels on each side of the large drawing of a character, and its size in pixels an em.
const LARGE: usize = 160;
const EM: f32 = 110.0;

/// How far from an edge distances are known, in pixels of the large drawing.
const REACH: isize = 14;

/// Pixels of a picture for one of the large drawing, at the middle of all sizes.
const SCALE: f32 = 0.21;

/// The least and the most that each factor does: pixels of the large drawing that strokes grow by on each side, to the
/// right for each upwards, and factors of size and of width.
const RANGES: [[f32; 2]; 4] = [[-1.0, 5.5], [-0.3, 0.3], [0.78, 1.15], [0.75, 1.2]];

/// A character as distances from its edge, below 0 inside: of these, any weight can be drawn.
struct Glyph {
    distances: Vec<f32>,
}

/// Glyphs with factors that are known.
pub(super) struct Glyphs {
    /// `[pictures, 28, 28, 1]`, ink from 0 to 1.
    pub(super) pictures: Tensor,
    /// Of each picture, from −1 to 1.
    pub(super) factors: Vec<[f32; 4]>,
    /// Places in [`CHARACTERS`].
    pub(super) characters: Vec<usize>,
}

/// Draws pictures whose factors and characters are drawn by the seed, uniform and independent.
pub(super) struct Drawer {
    glyphs: Vec<Glyph>,
}

impl Drawer {
    pub(super) fn new() -> Result<Self, Failure> {
        let fonts = Font::built_in();
        let font = fonts.iter().find(|font| font.family().starts_with(FAMILY));
        let font = font.or(fonts.first()).ok_or_else(|| {
            Failure::new("there is no built-in typeface").hint("build letra with its typefaces")
        })?;
        let glyphs = CHARACTERS.map(|character| Glyph::of(font, character));
        Ok(Self {
            glyphs: glyphs.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// So many pictures; those of another `place` are others.
    pub(super) fn draw(&self, count: usize, seed: u64, place: usize) -> Result<Glyphs, Error> {
        let random = Random::new(seed, Domain::Data, place, 0);
        let mut pixels = Vec::with_capacity(count * SIDE * SIDE);
        let (mut factors, mut characters) = (Vec::new(), Vec::new());
        for picture in 0..count {
            let drawn = random.uniform(picture, 5);
            let own = [0, 1, 2, 3].map(|factor| 2.0 * drawn[factor] - 1.0);
            let character = (drawn[4] * CHARACTERS.len() as f32) as usize;
            let character = character.min(CHARACTERS.len() - 1);
            pixels.extend(self.glyphs[character].drawn(own));
            factors.push(own);
            characters.push(character);
        }
        Ok(Glyphs {
            pictures: Tensor::new([count, SIDE, SIDE, 1], pixels)?,
            factors,
            characters,
        })
    }

    /// One picture of a character.
    #[cfg(test)]
    fn one(&self, character: usize, factors: [f32; 4]) -> Vec<f32> {
        self.glyphs[character].drawn(factors).collect()
    }
}

impl Glyph {
    fn of(font: &Font, character: char) -> Result<Self, Failure> {
        let outline = Outline::of(font, character, EM)?;
        let middle = LARGE as f32 / 2.0;
        let (x, y) = outline
            .bounds()
            .map_or((0.0, 0.0), |bounds| bounds.centre());
        let coverage = outline.coverage(LARGE, LARGE, middle - x, middle - y)?;
        Ok(Self {
            distances: distances(&coverage),
        })
    }

    /// The distance at a place that may lie between pixels.
    fn at(&self, x: f32, y: f32) -> f32 {
        let most = (LARGE - 2) as f32;
        let (x, y) = (x.clamp(0.0, most), y.clamp(0.0, most));
        let (column, row) = (x as usize, y as usize);
        let (right, down) = (x - column as f32, y - row as f32);
        let known = |row: usize, column: usize| self.distances[row * LARGE + column];
        let along =
            |row: usize| (1.0 - right) * known(row, column) + right * known(row, column + 1);
        (1.0 - down) * along(row) + down * along(row + 1)
    }

    fn drawn(&self, factors: [f32; 4]) -> impl Iterator<Item = f32> {
        let [weight, slant, size, width] = [0, 1, 2, 3].map(|factor| {
            let [least, most] = RANGES[factor];
            least + 0.5 * (factors[factor] + 1.0) * (most - least)
        });
        let scale = SCALE * size;
        let from_middle = |place: usize| place as f32 + 0.5 - SIDE as f32 / 2.0;
        let middle = LARGE as f32 / 2.0 - 0.5;
        (0..SIDE * SIDE).map(move |pixel| {
            let (x, y) = (from_middle(pixel % SIDE), from_middle(pixel / SIDE));
            // A row above the middle is moved to the right.
            let distance = self.at(
                middle + (x + slant * y) / (scale * width),
                middle + y / scale,
            );
            (0.5 + (weight - distance) * scale).clamp(0.0, 1.0)
        })
    }
}

/// The distance of each pixel to the nearest on the other side of the edge, less a half; below 0 where there is ink.
fn distances(coverage: &[u8]) -> Vec<f32> {
    let side = LARGE as isize;
    let is_ink = |row: isize, column: isize| {
        let inside = (0..side).contains(&row) && (0..side).contains(&column);
        inside && coverage[(row * side + column) as usize] >= 128
    };
    let nearest = |row: isize, column: isize, ink: bool| {
        let mut least = REACH * REACH;
        for down in -REACH..=REACH {
            for right in -REACH..=REACH {
                let distance = down * down + right * right;
                if distance < least && is_ink(row + down, column + right) != ink {
                    least = distance;
                }
            }
        }
        (least as f32).sqrt() - 0.5
    };
    (0..side * side)
        .map(|pixel| {
            let (row, column) = (pixel / side, pixel % side);
            match is_ink(row, column) {
                true => -nearest(row, column, true),
                false => nearest(row, column, false),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(picture: &[f32]) -> [f32; 5] {
        let all: f32 = picture.iter().sum();
        let mean = |of: &dyn Fn(f32, f32) -> f32| {
            let places = picture.iter().enumerate();
            let terms = places.map(|(place, ink)| {
                let (x, y) = ((place % SIDE) as f32, (place / SIDE) as f32);
                ink * of(x - 13.5, y - 13.5)
            });
            terms.sum::<f32>() / all
        };
        [
            all,
            mean(&|x, y| x * y),
            mean(&|_, y| y * y),
            mean(&|x, _| x * x),
            mean(&|_, y| y),
        ]
    }

    #[test]
    fn each_factor_does_what_it_is_called() {
        let drawer = Drawer::new().unwrap();
        for character in 0..CHARACTERS.len() {
            let at = |factors: [f32; 4]| sums(&drawer.one(character, factors));
            let (less, more) = (at([-1.0, 0.0, 0.0, 0.0]), at([1.0, 0.0, 0.0, 0.0]));
            assert!(more[0] > 1.4 * less[0], "weight: {less:?} {more:?}");
            let (less, more) = (at([0.0, -1.0, 0.0, 0.0]), at([0.0, 1.0, 0.0, 0.0]));
            assert!(more[1] < less[1] - 3.0, "slant: {less:?} {more:?}");
            let (less, more) = (at([0.0, 0.0, -1.0, 0.0]), at([0.0, 0.0, 1.0, 0.0]));
            assert!(more[2] > 1.4 * less[2], "size: {less:?} {more:?}");
            let (less, more) = (at([0.0, 0.0, 0.0, -1.0]), at([0.0, 0.0, 0.0, 1.0]));
            assert!(more[3] > 1.4 * less[3], "width: {less:?} {more:?}");
            assert!((more[2] / less[2] - 1.0).abs() < 0.2);
        }
    }

    #[test]
    fn no_glyph_is_cut_off() {
        let drawer = Drawer::new().unwrap();
        for character in 0..CHARACTERS.len() {
            for slant in [-1.0, 1.0] {
                let picture = drawer.one(character, [1.0, slant, 1.0, 1.0]);
                let at_edge = (0..SIDE).flat_map(|place| {
                    [
                        place,
                        SIDE * (SIDE - 1) + place,
                        SIDE * place,
                        SIDE * place + SIDE - 1,
                    ]
                });
                let ink: f32 = at_edge.map(|pixel| picture[pixel]).sum();
                assert!(ink < 1.0, "{} has {ink} at the edge", CHARACTERS[character]);
            }
        }
    }

    #[test]
    fn pictures_follow_the_seed_and_the_place() {
        let drawer = Drawer::new().unwrap();
        let draw = |seed, place| drawer.draw(6, seed, place).unwrap().pictures;
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(2, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
    }
}
