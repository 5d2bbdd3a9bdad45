//! Pictures of text to learn from: drawn when asked for, each from its seed and index alone.

mod decoration;
pub(crate) mod effects;
pub(crate) mod face;
pub(crate) mod flat;
pub(crate) mod jpeg;
pub(crate) mod raster;
mod render;
mod small_capitals;
mod strip;
mod wear;

use harfrust::Buffer;
use pulp::{Arch, Simd, WithSimd};

pub use decoration::{Panel, Rule, Shadow, Stroke};
pub use strip::LineSampler;
pub use wear::{Distortions, Origin, Stripes, Wear};

use crate::error::{Error, Result};
use crate::font::Font;
use crate::lines::{BASELINE, LETTER_HEIGHT, LINE_HEIGHT, WINDOW_WIDTH, letter_height, level};
use crate::picture::Picture;
use crate::random::Random;
use crate::resample::{Taps, resample};
use crate::text::Texts;
use effects::Greys;
use face::{Face, SetGlyph};
use render::{Placement, Renderer};

/// Draws windows of 40 × 160 grey levels from lines of text in many faces, worn as pictures of
/// text are; in Greek and Cyrillic letters, too, where a face has them.
///
/// A sample follows from the seed, its index and the faces alone: any thread may draw any sample,
/// in any order. Nothing is stored but the outlines of glyphs that were drawn once.
///
/// ```
/// use letra_type::{Distortions, Font, LINE_HEIGHT, Sampler, WINDOW_WIDTH, Workbench};
///
/// # fn main() -> letra_type::Result<()> {
/// let sampler = Sampler::new(&Font::built_in(), Distortions::default())?;
/// let mut bench = Workbench::default();
/// let mut window = [0; LINE_HEIGHT * WINDOW_WIDTH];
/// let face = sampler.draw(1, 0, &mut bench, &mut window);
/// println!("{}", sampler.fonts()[face].name());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sampler {
    faces: Vec<Face>,
    fonts: Vec<Font>,
    texts: Texts,
    distortions: Distortions,
}

/// The memory a thread needs to draw samples, used over and over.
///
/// ```
/// use letra_type::{Distortions, Font, LINE_HEIGHT, Sampler, WINDOW_WIDTH, Workbench};
///
/// let sampler = Sampler::new(&Font::built_in(), Distortions::default())?;
/// // One bench for all samples of a thread.
/// let mut bench = Workbench::default();
/// let mut window = [0; LINE_HEIGHT * WINDOW_WIDTH];
/// for index in 0..3 {
///     let face = sampler.draw(1, index, &mut bench, &mut window);
///     assert!(face < sampler.fonts().len());
/// }
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Default)]
pub struct Workbench {
    text: String,
    buffer: Option<Buffer>,
    line: Vec<SetGlyph>,
    tops: Vec<f32>,
    renderer: Renderer,
    greys: Greys,
    columns: Taps,
    rows: Taps,
    window: Vec<f32>,
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Workbench").finish_non_exhaustive()
    }
}

/// A sample with all that led to it.
///
/// ```
/// use letra_type::{Distortions, Font, Sampler};
///
/// let sampler = Sampler::new(&Font::built_in(), Distortions::default())?;
/// let explained = sampler.explain(1, 0)?;
/// let font = &sampler.fonts()[explained.face];
/// println!("{} in {}: {:?}", explained.text, font.name(), explained.wear);
/// assert_eq!((explained.window.width(), explained.window.height()), (160, 40));
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Explained {
    /// Index of the face.
    pub face: usize,
    /// The line, of which the window shows a part.
    pub text: String,
    /// How the picture was worn.
    pub wear: Wear,
    /// The worn picture at its own size, before the window was scaled and levelled.
    pub picture: Picture,
    /// The sample: 40 × 160 grey levels.
    pub window: Picture,
}

impl Sampler {
    /// A sampler of faces; a sample's label is the index of its face.
    ///
    /// # Errors
    /// There are no fonts; one has no letters to draw; the distortions are out of their ranges.
    pub fn new(fonts: &[Font], distortions: Distortions) -> Result<Self> {
        Self::of_texts(Texts::of_all_scripts(), fonts, distortions)
    }

    fn of_texts(texts: Texts, fonts: &[Font], distortions: Distortions) -> Result<Self> {
        check(&distortions)?;
        if fonts.is_empty() {
            return Err(Error::FontCount {
                count: 0,
                most: usize::MAX,
            });
        }
        let face = |font: &Font| {
            Face::new(font, &texts).ok_or_else(|| Error::Character {
                font: font.name(),
                character: 'H',
                problem: "draws nothing for",
            })
        };
        Ok(Self {
            faces: fonts.iter().map(face).collect::<Result<_>>()?,
            fonts: fonts.to_vec(),
            texts,
            distortions,
        })
    }

    /// The faces, in the order of the labels.
    pub fn fonts(&self) -> &[Font] {
        &self.fonts
    }

    /// Draws the sample of an index into `window`, 40 × 160 grey levels in rows, dark on light;
    /// returns its label. All faces come equally often.
    ///
    /// # Panics
    /// `window` is not 6,400 long.
    pub fn draw(&self, seed: u64, index: u64, bench: &mut Workbench, window: &mut [u8]) -> usize {
        let mut random = Random::new(seed, index);
        let face = random.below(self.faces.len());
        let wear = self.distortions.draw(&mut random);
        self.draw_window(Arch::new(), face, &wear, &mut random, bench, window);
        face
    }

    /// As [`Sampler::draw`], of a face of your choice.
    ///
    /// # Panics
    /// `window` is not 6,400 long; there is no face of that index.
    pub fn draw_face(
        &self,
        face: usize,
        seed: u64,
        index: u64,
        bench: &mut Workbench,
        window: &mut [u8],
    ) {
        let mut random = Random::new(seed ^ 0x0066_6163_6500, index);
        let wear = self.distortions.draw(&mut random);
        self.draw_window(Arch::new(), face, &wear, &mut random, bench, window);
    }

    /// As [`Sampler::draw_face`], a part of a picture: parts of one picture are worn alike, each with words of
    /// its own. `place` is the numbers of the picture and of the part.
    ///
    /// # Panics
    /// As [`Sampler::draw_face`].
    pub fn draw_part(
        &self,
        face: usize,
        seed: u64,
        place: (u64, u32),
        bench: &mut Workbench,
        window: &mut [u8],
    ) {
        let (picture, part) = place;
        let wear = self
            .distortions
            .draw(&mut Random::new(seed ^ 0x7069_6374_7572, picture));
        let mut random = Random::new(seed ^ (u64::from(part) << 32 | 0x7061_7274), picture);
        self.draw_window(Arch::new(), face, &wear, &mut random, bench, window);
    }

    /// Draws the sample that [`Sampler::draw`] draws, and tells what led to it.
    ///
    /// # Errors
    /// None is known; pictures of a sample's size are within every limit.
    pub fn explain(&self, seed: u64, index: u64) -> Result<Explained> {
        let mut bench = Workbench::default();
        let mut window = vec![0; LINE_HEIGHT * WINDOW_WIDTH];
        let mut random = Random::new(seed, index);
        let face = random.below(self.faces.len());
        let wear = self.distortions.draw(&mut random);
        self.draw_window(
            Arch::new(),
            face,
            &wear,
            &mut random,
            &mut bench,
            &mut window,
        );
        let greys = &bench.greys;
        let levels = greys.levels.iter().map(|&level| (level + 0.5) as u8);
        Ok(Explained {
            face,
            wear,
            picture: Picture::new(greys.width, greys.height, levels.collect())?,
            window: Picture::new(WINDOW_WIDTH, LINE_HEIGHT, window)?,
            text: bench.text,
        })
    }

    fn draw_window(
        &self,
        instructions: Arch,
        face: usize,
        wear: &Wear,
        random: &mut Random,
        bench: &mut Workbench,
        window: &mut [u8],
    ) {
        assert_eq!(window.len(), LINE_HEIGHT * WINDOW_WIDTH);
        let face = &self.faces[face];
        let scale = wear.cap_height / face.cap_height;
        self.set_line(face, wear, random, bench);
        bench.tops.iter_mut().for_each(|top| *top *= scale);
        let letters = letter_height(&mut bench.tops).unwrap_or(wear.cap_height);
        let letters = letters.clamp(0.5 * wear.cap_height, 1.5 * wear.cap_height);
        let view = View::of(wear, letters / LETTER_HEIGHT);
        let placement = placement(wear, &view, bench, face, scale, random);
        instructions.dispatch(Drawing {
            face,
            wear,
            view,
            placement,
            random,
            bench,
            window,
        });
    }

    /// Writes and sets a line, and measures its signs.
    fn set_line(&self, face: &Face, wear: &Wear, random: &mut Random, bench: &mut Workbench) {
        let characters = match random.below(100) {
            0..7 => 1 + random.below(3),
            7..20 => 3 + random.below(8),
            _ => 16 + random.below(10),
        };
        let text = &mut bench.text;
        self.texts.write(&face.repertoire, characters, random, text);
        if characters <= 3 {
            // Initials, and words of three letters, of which texts have few.
            let end = text.char_indices().nth(characters);
            text.truncate(end.map_or(text.len(), |(end, _)| end));
            text.truncate(text.trim_end().len());
        }
        let buffer = bench.buffer.get_or_insert_with(Buffer::new);
        let features = (wear.kerning, wear.ligatures);
        face.set(&bench.text, features, buffer, &mut bench.line);
        bench.tops.clear();
        bench.tops.extend(bench.line.iter().filter_map(|set| {
            let shape = face.glyph(set.glyph)?;
            (!shape.points.is_empty()).then(|| f32::from(shape.bounds[3]) + set.y)
        }));
    }
}

/// The drawing of one sample, once everything about it is settled; compiled for the widest vectors
/// of the machine, which give the same numbers as any.
struct Drawing<'a> {
    face: &'a Face,
    wear: &'a Wear,
    view: View,
    placement: Placement,
    random: &'a mut Random,
    bench: &'a mut Workbench,
    window: &'a mut [u8],
}

impl WithSimd for Drawing<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        self.draw_picture();
        self.scale_picture(WINDOW_WIDTH);
        let light_on_dark = self.wear.ink > self.wear.ground;
        level(&self.bench.window, light_on_dark, self.window);
    }
}

impl Drawing<'_> {
    /// Scales the picture to what its lines are read at: the middle of it, so many columns wide.
    #[inline(always)]
    fn scale_picture(&mut self, width: usize) {
        let View { step, edge, .. } = self.view;
        let bench = &mut *self.bench;
        let greys = &mut bench.greys;
        let left = (greys.width as f32 - width as f32 * step) / 2.0;
        bench.columns.set(greys.width, width, left, step);
        bench.rows.set(greys.height, LINE_HEIGHT, edge, step);
        resample(
            &greys.levels,
            greys.width,
            &bench.columns,
            &bench.rows,
            &mut greys.spare,
            &mut bench.window,
        );
    }

    /// Draws the picture of the window, with an edge, and wears it.
    #[inline(always)]
    fn draw_picture(&mut self) {
        let Self {
            face,
            wear,
            placement,
            random,
            bench,
            ..
        } = self;
        let size = (placement.width, placement.height);
        let greys = &mut bench.greys;
        let larger = wear.drawn_at;
        let drawn = Placement {
            width: (placement.width as f32 * larger).ceil() as usize,
            height: (placement.height as f32 * larger).ceil() as usize,
            x: placement.x * larger,
            baseline: placement.baseline * larger,
            length: placement.length * larger,
            scale: placement.scale * larger,
            size: larger,
            reach: placement.reach * larger,
        };
        greys.resize(drawn.width, drawn.height);
        lay(greys, &mut bench.renderer, face, &bench.line, wear, drawn);
        if larger != 1.0 {
            bench.columns.set(drawn.width, size.0, 0.0, larger);
            bench.rows.set(drawn.height, size.1, 0.0, larger);
            resample(
                &greys.levels,
                greys.width,
                &bench.columns,
                &bench.rows,
                &mut greys.spare,
                &mut bench.window,
            );
            std::mem::swap(&mut greys.levels, &mut bench.window);
            greys.resize(size.0, size.1);
        }
        if wear.stains > 0.0 {
            let cell = wear.cap_height * random.between((0.6, 4.0));
            effects::stain(greys, wear.stains, cell, random);
        }
        if wear.grain > 0.0 {
            effects::add_noise(greys, wear.grain, random);
        }
        if wear.shading != (0.0, 0.0) {
            effects::shade(greys, wear.shading);
        }
        if wear.blur > 0.15 {
            effects::blur(greys, wear.blur);
        }
        if wear.noise > 0.0 {
            effects::add_noise(greys, wear.noise, random);
        }
        effects::clip(greys);
        if let Some(quality) = wear.jpeg {
            jpeg::compress(greys, quality, (random.below(8), random.below(8)));
        }
    }
}

/// Lays a line and what stands beside its letters on the ground.
#[inline(always)]
fn lay(
    greys: &mut Greys,
    renderer: &mut Renderer,
    face: &Face,
    line: &[SetGlyph],
    wear: &Wear,
    placement: Placement,
) {
    if wear.shadow.is_none() && wear.stroke.is_none() {
        let (shares, _) = renderer.draw(face, line, wear, placement, 0.0);
        effects::lay_ink(greys, shares, wear.ink, wear.ground, wear.gamma);
    } else {
        greys.levels.fill(wear.ground);
        let width = wear.stroke.as_ref().map_or(0.0, |stroke| stroke.width);
        let (shares, moved) = renderer.draw(face, line, wear, placement, width * placement.size);
        if let Some(shadow) = &wear.shadow {
            shadow.lay(greys, shares, moved);
        }
        if let Some(stroke) = &wear.stroke {
            effects::lay_over(greys, shares, stroke.level, wear.gamma);
        }
        let hollow = wear.stroke.as_ref().is_some_and(|stroke| stroke.hollow);
        let ink = if hollow { wear.ground } else { wear.ink };
        let (shares, _) = renderer.draw(face, line, wear, placement, 0.0);
        effects::lay_over(greys, shares, ink, wear.gamma);
    }
    if let Some(panel) = &wear.panel {
        panel.surround(greys, wear, &placement);
    }
}

/// What of a picture the window shows.
#[derive(Clone, Copy)]
struct View {
    /// Pixels of the picture a pixel of the window, if the height of letters were judged rightly.
    true_step: f32,
    /// Pixels of the picture a pixel of the window.
    step: f32,
    /// Pixels that the picture reaches over the window on each side: what blur and scaling bring
    /// in from there.
    edge: f32,
}

impl View {
    fn of(wear: &Wear, true_step: f32) -> Self {
        let step = true_step * wear.misjudged;
        Self {
            true_step,
            step,
            edge: (3.0 * wear.blur + step.max(1.0)).ceil(),
        }
    }
}

/// Where the line stands in the picture of the window and its edge: `scale` pixels a font unit.
fn placement(
    wear: &Wear,
    view: &View,
    bench: &Workbench,
    face: &Face,
    scale: f32,
    random: &mut Random,
) -> Placement {
    let window = WINDOW_WIDTH as f32 * view.true_step;
    let tracking = wear.tracking * face.units_per_em * bench.line.len() as f32;
    let advances: f32 = bench.line.iter().map(|set| set.advance).sum();
    let length = (advances + tracking) * scale * wear.squeeze;
    // The window stands anywhere along the line, or reaches over its ends by a part.
    let (first, last) = match length > window {
        true => (length - 0.85 * window, -0.15 * window),
        false => (0.0, length - window),
    };
    let width = (WINDOW_WIDTH as f32 * view.step + 2.0 * view.edge).ceil();
    let height = (LINE_HEIGHT as f32 * view.step + 2.0 * view.edge).ceil();
    let below_top = (BASELINE + wear.shift) * view.step + view.edge;
    Placement {
        width: width as usize,
        height: height as usize,
        x: (width - window) / 2.0 - random.between((first.min(last), first.max(last))),
        baseline: below_top + random.between((-0.5, 0.5)),
        length,
        scale,
        size: 1.0,
        // Perspective brings in a tenth of the width at most.
        reach: 2.0 + 0.1 * width,
    }
}

fn check(distortions: &Distortions) -> Result<()> {
    let Distortions {
        origins,
        cap_height: (low, high),
        strength,
    } = distortions;
    let fail = |problem: String| Err(Error::Distortions { problem });
    if origins
        .iter()
        .any(|share| !share.is_finite() || *share < 0.0)
        || origins.iter().sum::<f32>() <= 0.0
    {
        return fail(format!("shares of origins of {origins:?}"));
    }
    if !(6.0 <= *low && low <= high && *high <= 120.0) {
        return fail(format!("cap heights from {low} to {high} pixels"));
    }
    if !(0.0..=1.0).contains(strength) {
        return fail(format!("a strength of {strength}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The grey levels of some samples and their windows.
    fn drawn(instructions: Arch) -> Vec<(Vec<u32>, Vec<u8>)> {
        let sampler = Sampler::new(&Font::built_in(), Distortions::default()).unwrap();
        let mut bench = Workbench::default();
        let draw = |index: u64| {
            let mut window = vec![0; LINE_HEIGHT * WINDOW_WIDTH];
            let (mut random, face) = (Random::new(3, index), index as usize % sampler.faces.len());
            let wear = sampler.distortions.draw(&mut random);
            sampler.draw_window(
                instructions,
                face,
                &wear,
                &mut random,
                &mut bench,
                &mut window,
            );
            let levels = bench.greys.levels.iter();
            (levels.map(|level| level.to_bits()).collect(), window)
        };
        (0..60).map(draw).collect()
    }

    #[test]
    fn parts_of_a_picture_follow_from_its_number_and_theirs() {
        let sampler = Sampler::new(&Font::built_in(), Distortions::default()).unwrap();
        let part = |picture, part| {
            let mut window = vec![0; LINE_HEIGHT * WINDOW_WIDTH];
            sampler.draw_part(
                2,
                1,
                (picture, part),
                &mut Workbench::default(),
                &mut window,
            );
            window
        };
        assert_eq!(part(7, 3), part(7, 3));
        for other in [part(7, 4), part(8, 3), part(3, 7)] {
            assert_ne!(part(7, 3), other);
        }
    }

    #[test]
    fn every_instruction_set_draws_the_same() {
        let plain = drawn(Arch::Scalar);
        assert!(plain == drawn(Arch::new()));
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            assert!(plain == drawn(Arch::V3(avx2)));
        }
    }
}
