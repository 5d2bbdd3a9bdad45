//! Scenes to learn finding text from: drawn when asked for, each from its seed and index alone.
//!
//! Half of them hold text, on any ground, at any angle; the others hold none. What they show is worn as
//! screenshots and photographs are.

mod canvas;
mod cells;
mod ground;
mod lettering;
mod shapes;

use harfrust::Buffer;

pub use cells::{SCENE_CELL, SCENE_SIDE, SCENE_VALUES};

use crate::error::{Error, Result};
use crate::font::Font;
use crate::picture::Picture;
use crate::random::Random;
use crate::sample::face::Face;
use crate::sample::{effects, jpeg};
use crate::text::Texts;
use canvas::Canvas;
use cells::Cells;
use ground::{Photograph, change, clip, lay_ground};
use shapes::draw_shapes;

/// The share of scenes that hold text.
const WITH_TEXT: f32 = 0.5;

/// Draws scenes of 192 × 192 grey levels, with and without text, and says of each cell of 4 × 4 pixels
/// whether it is in a line of text and how that line lies.
///
/// A scene follows from the seed, its index, the faces and the photographs alone.
///
/// ```
/// use letra_type::{Font, SCENE_CELL, SCENE_SIDE, SCENE_VALUES, SceneBench, SceneSampler};
///
/// let sampler = SceneSampler::new(&Font::built_in(), &[])?;
/// let cells = (SCENE_SIDE / SCENE_CELL) * (SCENE_SIDE / SCENE_CELL);
/// let mut levels = vec![0; SCENE_SIDE * SCENE_SIDE];
/// let mut labels = vec![0.0; cells * SCENE_VALUES];
/// sampler.draw(1, 0, &mut SceneBench::default(), &mut levels, &mut labels);
/// let text = labels.chunks_exact(SCENE_VALUES).filter(|label| label[0] == 1.0).count();
/// println!("{text} of {cells} cells hold text");
/// # Ok::<(), letra_type::Error>(())
/// ```
pub struct SceneSampler {
    faces: Vec<Face>,
    texts: Texts,
    photographs: Vec<Photograph>,
}

impl std::fmt::Debug for SceneSampler {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SceneSampler")
            .field("faces", &self.faces.len())
            .field("photographs", &self.photographs.len())
            .finish()
    }
}

/// The memory a thread needs to draw scenes, used over and over.
///
/// ```
/// use letra_type::{Font, SCENE_CELL, SCENE_SIDE, SCENE_VALUES, SceneBench, SceneSampler};
///
/// let sampler = SceneSampler::new(&Font::built_in(), &[])?;
/// // One bench for all scenes of a thread.
/// let mut bench = SceneBench::default();
/// let side = SCENE_SIDE / SCENE_CELL;
/// let (mut levels, mut labels) = (vec![0; SCENE_SIDE * SCENE_SIDE], vec![0.0; side * side * SCENE_VALUES]);
/// for index in 0..3 {
///     sampler.draw(1, index, &mut bench, &mut levels, &mut labels);
/// }
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Default)]
pub struct SceneBench {
    canvas: Canvas,
    buffer: Option<Buffer>,
}

impl std::fmt::Debug for SceneBench {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SceneBench").finish_non_exhaustive()
    }
}

impl SceneSampler {
    /// A sampler of scenes whose text is set in these faces, some before parts of these photographs,
    /// which should hold no text. Photographs smaller than a scene are left out.
    ///
    /// # Errors
    /// There are no fonts, or one has no letters to draw.
    pub fn new(fonts: &[Font], photographs: &[Picture]) -> Result<Self> {
        if fonts.is_empty() {
            return Err(Error::FontCount {
                count: 0,
                most: usize::MAX,
            });
        }
        let texts = Texts::new();
        let face = |font: &Font| {
            Face::new(font, &texts).ok_or_else(|| Error::Character {
                font: font.name(),
                character: 'H',
                problem: "draws nothing for",
            })
        };
        let photographs = photographs.iter();
        Ok(Self {
            faces: fonts.iter().map(face).collect::<Result<_>>()?,
            photographs: photographs
                .filter_map(|picture| Photograph::new(picture, SCENE_SIDE))
                .collect(),
            texts,
        })
    }

    /// How many photographs are among the grounds.
    pub fn photographs(&self) -> usize {
        self.photographs.len()
    }

    /// Draws the scene of an index into `levels`, 192 rows of 192 grey levels. `labels` gets five values
    /// for each cell of 4 × 4 pixels, in rows: 1 where it is in a line of text whose letters are 5.6 to
    /// 18 pixels high, 0 where it is not, -1 where it is to count as neither; and of text how far the
    /// cell's middle lies above the baseline, in eights of pixels, the natural logarithm of the letters'
    /// height in tens of pixels, and cosine and sine of the direction it is read in, clockwise.
    ///
    /// # Panics
    /// `levels` is not 36,864 long, or `labels` not 11,520.
    pub fn draw(
        &self,
        seed: u64,
        index: u64,
        bench: &mut SceneBench,
        levels: &mut [u8],
        labels: &mut [f32],
    ) {
        assert_eq!(levels.len(), SCENE_SIDE * SCENE_SIDE);
        let mut cells = Cells::new(labels);
        let mut random = Random::new(seed ^ 0x7363_656e_6500, index);
        let random = &mut random;
        let SceneBench { canvas, buffer } = bench;
        let buffer = buffer.get_or_insert_with(Buffer::new);
        let empty = !random.happens(WITH_TEXT);
        canvas.clear(SCENE_SIDE, 255.0);
        lay_ground(canvas, &self.photographs, empty, random);
        draw_shapes(canvas, empty, random);
        if random.happens(0.3) {
            effects::blur(&mut canvas.greys, random.between((0.4, 2.0)));
        }
        if !empty && random.happens(0.2) {
            let dimmed = random.between((0.4, 0.9));
            change(canvas, |level, _, _| level * dimmed);
        }
        let (mut taken, mut parts) = (Vec::new(), Vec::new());
        if !empty {
            let blocks = match random.happens(0.5) {
                true => 1,
                false => 2 + random.below(5),
            };
            for _ in 0..blocks {
                self.draw_block(canvas, buffer, &mut taken, &mut parts, random);
            }
        }
        cells.label(&parts);
        let heights = parts.iter().map(|part| part.height);
        let smallest = heights.fold(60.0, f32::min).max(4.0);
        wear(canvas, smallest, random);
        for (level, from) in levels.iter_mut().zip(&canvas.greys.levels) {
            *level = (from + 0.5) as u8;
        }
    }
}

/// What a screen, a camera and a file do to a scene whose letters are so high at least.
fn wear(canvas: &mut Canvas, smallest: f32, random: &mut Random) {
    if random.happens(0.15) {
        let shading = (random.between((-0.3, 0.3)), random.between((-0.3, 0.3)));
        effects::shade(&mut canvas.greys, shading);
    }
    if random.happens(0.12) {
        photograph_screen(canvas, random);
    }
    if random.happens(0.4) {
        let blur = random.between((0.2, 1.4)).min(smallest / 8.0);
        effects::blur(&mut canvas.greys, blur.max(0.16));
    }
    if random.happens(0.35) {
        effects::add_noise(&mut canvas.greys, random.between((1.0, 12.0)), random);
    }
    clip(canvas);
    if random.happens(0.45) {
        let quality = random.between((25.0, 95.0)) as u8;
        let grid = (random.below(8), random.below(8));
        jpeg::compress(&mut canvas.greys, quality, grid);
        clip(canvas);
    }
}

/// Waves of light and dark where the grid of a screen meets that of a camera (moiré): of two directions,
/// their length changing over the picture.
fn photograph_screen(canvas: &mut Canvas, random: &mut Random) {
    let depth = random.between((0.04, 0.3));
    let mut wave = || {
        let (sin, cos) = libm::sincosf(random.between((0.0, std::f32::consts::PI)));
        let frequency = std::f32::consts::TAU / random.by_ratio((2.1, 14.0));
        let drift = frequency * random.between((-0.0015, 0.0015));
        (sin, cos, frequency, drift)
    };
    let waves = [wave(), wave()];
    change(canvas, |level, x, y| {
        let light: f32 = waves
            .iter()
            .map(|&(sin, cos, frequency, drift)| {
                let (u, v) = (x * cos + y * sin, y * cos - x * sin);
                libm::sinf(frequency * u + drift * (u * u + v * v))
            })
            .sum();
        level * (1.0 + 0.5 * depth * light)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(sampler: &SceneSampler, index: u64) -> (Vec<u8>, Vec<f32>) {
        let side = SCENE_SIDE / SCENE_CELL;
        let mut levels = vec![0; SCENE_SIDE * SCENE_SIDE];
        let mut labels = vec![0.0; side * side * SCENE_VALUES];
        sampler.draw(
            7,
            index,
            &mut SceneBench::default(),
            &mut levels,
            &mut labels,
        );
        (levels, labels)
    }

    #[test]
    fn about_half_of_the_scenes_hold_text_and_each_follows_from_its_index() {
        let sampler = SceneSampler::new(&Font::built_in(), &[]).unwrap();
        let mut with_text = 0;
        for index in 0..120 {
            let (levels, labels) = drawn(&sampler, index);
            assert!((levels.clone(), labels.clone()) == drawn(&sampler, index));
            let text = labels
                .chunks_exact(SCENE_VALUES)
                .filter(|label| label[0] == 1.0);
            let mut count = 0;
            for label in text {
                count += 1;
                let norm = label[3].powi(2) + label[4].powi(2);
                assert!(
                    (norm - 1.0).abs() < 1e-4 && label[1].abs() < 3.0,
                    "{label:?}"
                );
                assert!((-0.6..0.6).contains(&label[2]), "{label:?}");
            }
            with_text += usize::from(count > 0);
        }
        assert!((30..80).contains(&with_text), "{with_text}");
    }

    #[test]
    fn photographs_are_among_the_grounds_and_small_ones_are_not() {
        let picture = |side: usize| Picture::new(side, side, vec![90; side * side]).unwrap();
        let sampler = SceneSampler::new(&Font::built_in(), &[picture(100), picture(500)]).unwrap();
        assert_eq!(sampler.photographs(), 1);
        for index in 0..10 {
            drawn(&sampler, index);
        }
        assert!(SceneSampler::new(&[], &[]).is_err());
    }
}
