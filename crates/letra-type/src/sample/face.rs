//! A face made ready to set many lines: its shaping plans, and the outlines of glyphs once drawn.

use std::sync::OnceLock;

use harfrust::{Buffer, Direction, Feature, Script, ShapeOptions, ShapePlan, ShaperFont, Tag};
use skrifa::GlyphId;
use skrifa::instance::Size;
use skrifa::outline::OutlinePen;

use super::flat::{FINENESSES, Flat};
use crate::font::{Font, Outlines};
use crate::text::{Repertoire, Script as WrittenIn, Texts};

/// The most points of a glyph that is drawn; one with more comes from a damaged font.
const MOST_POINTS: usize = 20_000;

/// The most points of a line; fonts may put many glyphs in the place of one. What follows is left
/// out.
const MOST_POINTS_OF_A_LINE: usize = 20 * MOST_POINTS;

/// What follows a glyph's start: a line, a curve of degree two, or one of degree three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A contour starts at a point.
    Start,
    /// To a point.
    Line,
    /// Over a control point to a point.
    Quadratic,
    /// Over two control points to a point.
    Cubic,
}

/// A glyph's outline in font units, y upwards; every contour is closed.
#[derive(Debug, Default)]
pub(crate) struct GlyphShape {
    pub(crate) points: Vec<(i16, i16)>,
    pub(crate) steps: Vec<Step>,
    /// Left, bottom, right and top of all points; all 0 without ink.
    pub(crate) bounds: [i16; 4],
    /// Whether the filled side is on the left of the outline's direction.
    pub(crate) filled_left: bool,
    /// The outline with straight sides, of each fineness that was asked for.
    pub(super) flat: [OnceLock<Flat>; FINENESSES],
}

impl GlyphShape {
    /// The outline with straight sides.
    pub(crate) fn flat(&self, fineness: usize, units_per_em: f32) -> &Flat {
        self.flat[fineness].get_or_init(|| Flat::of(self, fineness, units_per_em))
    }
}

/// A glyph of a set line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SetGlyph {
    pub(crate) glyph: u32,
    /// The pen's place from the line's start, in font units.
    pub(crate) x: f32,
    /// How far the glyph is raised, in font units.
    pub(crate) y: f32,
    /// To the next pen's place, in font units.
    pub(crate) advance: f32,
}

/// A face made ready.
pub(crate) struct Face {
    font: Font,
    shaper: harfrust::Font,
    /// Plans of each script, with and without kerning (first bit) and ligatures (second bit).
    plans: [[OnceLock<ShapePlan>; 4]; 3],
    glyphs: Box<[OnceLock<Box<GlyphShape>>]>,
    pub(crate) repertoire: Repertoire,
    pub(crate) units_per_em: f32,
    /// Heights of flat capitals and of flat small letters, in font units.
    pub(crate) cap_height: f32,
    pub(crate) x_height: f32,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Face").field(&self.font.name()).finish()
    }
}

impl Face {
    /// A face made ready; `None` if it lacks what it takes: a size of its em, glyphs for letters.
    pub(crate) fn new(font: &Font, texts: &Texts) -> Option<Self> {
        let shaper = font.shaper_font()?;
        let count = Outlines::of(font)?.glyph_count();
        let units_per_em = f32::from(shaper.units_per_em());
        let mut made = Self {
            font: font.clone(),
            shaper,
            plans: Default::default(),
            glyphs: (0..count).map(|_| OnceLock::new()).collect(),
            repertoire: texts.repertoire(font),
            units_per_em,
            cap_height: 0.0,
            x_height: 0.0,
        };
        let top = |letters: [char; 3]| {
            let tops = letters.iter().filter_map(|&letter| {
                let glyph = made.glyph(font.glyph(letter)?.to_u32())?;
                Some(f32::from(glyph.bounds[3]))
            });
            tops.fold(0.0, f32::max)
        };
        let cap_height = top(['H', 'E', 'T']);
        let x_height = top(['x', 'z', 'v']);
        // A face of capitals only has small ones where others have small letters.
        made.cap_height = cap_height.max(0.3 * units_per_em).min(2.0 * units_per_em);
        made.x_height = x_height.clamp(0.2 * made.cap_height, made.cap_height);
        (units_per_em >= 16.0 && cap_height > 0.0).then_some(made)
    }

    /// Sets a line as a layout engine does, with its kerning and ligatures or without.
    pub(crate) fn set(
        &self,
        text: &str,
        (kerning, ligatures): (bool, bool),
        buffer: &mut Buffer,
        line: &mut Vec<SetGlyph>,
    ) {
        line.clear();
        let off = |tag: &[u8; 4]| Feature::new(Tag::new(tag), 0, ..);
        let features = [off(b"kern"), off(b"liga"), off(b"clig")];
        let features = match (kerning, ligatures) {
            (true, true) => &features[..0],
            (false, true) => &features[..1],
            (true, false) => &features[1..],
            (false, false) => &features[..],
        };
        let written = WrittenIn::of(text);
        let script = Some(match written {
            WrittenIn::Latin => Script::LATIN,
            WrittenIn::Greek => Script::GREEK,
            WrittenIn::Cyrillic => Script::CYRILLIC,
        });
        let features_set = usize::from(kerning) + 2 * usize::from(ligatures);
        let plan = self.plans[written as usize][features_set].get_or_init(|| {
            ShapePlan::new(&self.shaper, Direction::LeftToRight, script, None, features)
        });
        buffer.clear();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script);
        let options = ShapeOptions::new().plan(Some(plan)).features(features);
        if harfrust::shape(&ShaperFont::new(&self.shaper), buffer, options).is_err() {
            return;
        }
        let (mut x, mut points) = (0.0, 0);
        for (info, position) in buffer.glyph_infos().iter().zip(buffer.glyph_positions()) {
            points += self
                .glyph(info.glyph_id)
                .map_or(0, |shape| shape.points.len());
            if points > MOST_POINTS_OF_A_LINE {
                break;
            }
            line.push(SetGlyph {
                glyph: info.glyph_id,
                x: x + position.x_offset as f32,
                y: position.y_offset as f32,
                advance: position.x_advance as f32,
            });
            x += position.x_advance as f32;
        }
    }

    /// The outline of a glyph; empty for a damaged one, `None` for one the face has not.
    pub(crate) fn glyph(&self, glyph: u32) -> Option<&GlyphShape> {
        let kept = self.glyphs.get(glyph as usize)?;
        Some(kept.get_or_init(|| Box::new(self.draw(glyph).unwrap_or_default())))
    }

    fn draw(&self, glyph: u32) -> Option<GlyphShape> {
        let outlines = Outlines::of(&self.font)?;
        let mut pen = ShapePen::default();
        outlines
            .draw(GlyphId::new(glyph), Size::unscaled(), &mut pen)
            .ok()?;
        pen.finish()
    }
}

/// Collects an outline.
#[derive(Default)]
struct ShapePen {
    shape: GlyphShape,
    damaged: bool,
}

impl ShapePen {
    fn add(&mut self, step: Step, points: &[(f32, f32)]) {
        let within = |value: f32| value.abs() <= 16_000.0;
        self.damaged |= self.shape.points.len() > MOST_POINTS
            || (self.shape.steps.is_empty() && step != Step::Start)
            || !points.iter().all(|&(x, y)| within(x) && within(y));
        if !self.damaged {
            self.shape.steps.push(step);
            let whole = |&(x, y): &(f32, f32)| (x.round() as i16, y.round() as i16);
            self.shape.points.extend(points.iter().map(whole));
        }
    }

    /// The outline with its bounds; `None` if it is damaged.
    fn finish(mut self) -> Option<GlyphShape> {
        if self.damaged {
            return None;
        }
        let points = &self.shape.points;
        let mut bounds = [i16::MAX, i16::MAX, i16::MIN, i16::MIN];
        for &(x, y) in points {
            bounds = [
                bounds[0].min(x),
                bounds[1].min(y),
                bounds[2].max(x),
                bounds[3].max(y),
            ];
        }
        // Twice the area, by the contours' polygons (C. Gauss); positive where the outline runs
        // with the ink on its left. The holes run the other way and are smaller.
        let mut area = 0_i64;
        let (mut at, mut start) = (0, 0);
        for step in &self.shape.steps {
            let count = step.points();
            if *step == Step::Start {
                area += cross(points.get(at.max(1) - 1), points.get(start));
                start = at;
            }
            for next in at.max(start + 1)..at + count {
                area += cross(points.get(next - 1), points.get(next));
            }
            at += count;
        }
        area += cross(points.last(), points.get(start));
        self.shape.bounds = if points.is_empty() { [0; 4] } else { bounds };
        self.shape.filled_left = area > 0;
        self.shape.points.shrink_to_fit();
        self.shape.steps.shrink_to_fit();
        Some(self.shape)
    }
}

fn cross(from: Option<&(i16, i16)>, to: Option<&(i16, i16)>) -> i64 {
    match (from, to) {
        (Some(&(x0, y0)), Some(&(x1, y1))) => {
            i64::from(x0) * i64::from(y1) - i64::from(x1) * i64::from(y0)
        }
        _ => 0,
    }
}

impl Step {
    /// How many points it takes.
    pub(crate) fn points(self) -> usize {
        match self {
            Self::Start | Self::Line => 1,
            Self::Quadratic => 2,
            Self::Cubic => 3,
        }
    }
}

impl OutlinePen for ShapePen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.add(Step::Start, &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.add(Step::Line, &[(x, y)]);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.add(Step::Quadratic, &[(cx0, cy0), (x, y)]);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.add(Step::Cubic, &[(cx0, cy0), (cx1, cy1), (x, y)]);
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libertinus() -> (Face, Texts) {
        let texts = Texts::new();
        (Face::new(&Font::built_in()[0], &texts).unwrap(), texts)
    }

    fn width(face: &Face, text: &str, features: (bool, bool)) -> (f32, usize) {
        let mut line = Vec::new();
        face.set(text, features, &mut Buffer::new(), &mut line);
        (line.iter().map(|set| set.advance).sum(), line.len())
    }

    #[test]
    fn lines_are_kerned_and_have_ligatures() {
        let (face, _) = libertinus();
        let (kerned, loose) = (
            width(&face, "AVATAR", (true, true)),
            width(&face, "AVATAR", (false, true)),
        );
        assert!(kerned.0 < loose.0 - 50.0, "{kerned:?} {loose:?}");
        assert_eq!(width(&face, "first", (true, true)).1, 4);
        assert_eq!(width(&face, "first", (true, false)).1, 5);
        let sum: f32 = "AVATAR"
            .chars()
            .map(|one| Font::built_in()[0].advance(one, 1000.0))
            .sum();
        assert!((loose.0 - sum).abs() < 1.0, "{loose:?} {sum}");
    }

    #[test]
    fn a_line_of_more_points_than_any_is_cut_off() {
        let (face, _) = libertinus();
        let mut line = Vec::new();
        let text = "g".repeat(60_000);
        face.set(&text, (true, true), &mut Buffer::new(), &mut line);
        let points = |set: &SetGlyph| face.glyph(set.glyph).unwrap().points.len();
        let all: usize = line.iter().map(points).sum();
        assert!(all <= MOST_POINTS_OF_A_LINE && all + 100 > MOST_POINTS_OF_A_LINE);
    }

    #[test]
    fn glyphs_know_their_bounds_and_their_filled_side() {
        let (face, _) = libertinus();
        let font = Font::built_in().remove(0);
        let glyph = |letter| face.glyph(font.glyph(letter).unwrap().to_u32()).unwrap();
        assert!(glyph('o').bounds[1] < 0 && glyph('p').bounds[1] < -100);
        assert!(glyph(' ').points.is_empty());
        assert!((glyph('H').bounds[3] as f32 - face.cap_height).abs() < 20.0);
        assert!(face.x_height > 0.5 * face.cap_height && face.x_height < 0.8 * face.cap_height);
        // PostScript outlines run with the ink on their left, TrueType's on their right.
        assert!(glyph('o').filled_left);
        let truetype = Font::built_in().remove(3);
        let hack = Face::new(&truetype, &Texts::new()).unwrap();
        assert!(
            !hack
                .glyph(truetype.glyph('o').unwrap().to_u32())
                .unwrap()
                .filled_left
        );
    }
}
