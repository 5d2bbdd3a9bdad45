//! Glyphs and lines of text drawn at any size, anti-aliased.

use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use zeno::{Command, Fill, Mask, Point};

use crate::error::{Error, Result};
use crate::font::Font;
use crate::picture::Picture;

/// The largest size drawn, in pixels per em.
pub const LARGEST_SIZE: f32 = 4096.0;

/// No outline reaches further from the pen than this many times the size; one that does comes
/// from a damaged font.
const REACH: f32 = 8.0;

/// The outline of a glyph in pixels: x to the right, y down, the pen at the origin, the baseline
/// at y = 0.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    commands: Vec<Command>,
}

/// The smallest upright rectangle around an outline's points, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Left edge.
    pub left: f32,
    /// Top edge; negative above the baseline.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Bottom edge.
    pub bottom: f32,
}

impl Bounds {
    /// From the left edge to the right.
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// From the top edge to the bottom.
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// The point in the middle: (x, y).
    pub fn centre(&self) -> (f32, f32) {
        (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        )
    }
}

impl Outline {
    /// The outline of a character at a size in pixels per em; empty for a space.
    ///
    /// # Errors
    /// The size is not above 0 and up to 4096; the font has no glyph for the character, or a
    /// damaged one.
    pub fn of(font: &Font, character: char, size: f32) -> Result<Self> {
        check_size(size)?;
        let fail = |problem| Error::Character {
            font: font.name(),
            character,
            problem,
        };
        let glyph = font
            .glyph(character)
            .ok_or_else(|| fail("has no glyph for"))?;
        let glyph = font
            .face()
            .and_then(|face| face.outline_glyphs().get(glyph))
            .ok_or_else(|| fail("has no outline for"))?;
        let mut outline = Self::default();
        let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
        glyph
            .draw(settings, &mut outline)
            .map_err(|_| fail("has a damaged outline for"))?;
        let reach = REACH * size;
        let within = |point: &Point| point.x.abs() <= reach && point.y.abs() <= reach;
        if !outline.points().all(|point| within(&point)) {
            return Err(fail("has a damaged outline for"));
        }
        Ok(outline)
    }

    /// The rectangle the ink fills; `None` if there is no ink.
    pub fn bounds(&self) -> Option<Bounds> {
        let bounds = zeno::bounds(&self.commands, Fill::NonZero, None);
        (bounds.width() > 0.0 && bounds.height() > 0.0).then_some(Bounds {
            left: bounds.min.x,
            top: bounds.min.y,
            right: bounds.max.x,
            bottom: bounds.max.y,
        })
    }

    /// Draws the outline into a picture of `width × height` pixels with the pen at (x, y).
    ///
    /// The result is how much of each pixel is inside the outline (non-zero winding rule), from
    /// 0 to 255, in rows from the top; what falls outside the picture is cut off.
    pub fn coverage(&self, width: usize, height: usize, x: f32, y: f32) -> Vec<u8> {
        let mut coverage = vec![0; width * height];
        if !coverage.is_empty() {
            Mask::new(&self.commands)
                .size(width as u32, height as u32)
                .offset((x, y))
                .render_into(&mut coverage, None);
        }
        coverage
    }

    fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.commands.iter().flat_map(|command| match *command {
            Command::MoveTo(to) | Command::LineTo(to) => vec![to],
            Command::QuadTo(control, to) => vec![control, to],
            Command::CurveTo(first, second, to) => vec![first, second, to],
            Command::Close => vec![],
        })
    }
}

/// Font outlines point upwards, pictures downwards.
impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.commands.push(Command::MoveTo(Point::new(x, -y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.commands.push(Command::LineTo(Point::new(x, -y)));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.commands
            .push(Command::QuadTo(Point::new(cx0, -cy0), Point::new(x, -y)));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (first, second) = (Point::new(cx0, -cy0), Point::new(cx1, -cy1));
        self.commands
            .push(Command::CurveTo(first, second, Point::new(x, -y)));
    }

    fn close(&mut self) {
        self.commands.push(Command::Close);
    }
}

/// The width of a line of text in pixels, at a size in pixels per em: the sum of the advances.
pub fn line_width(font: &Font, text: &str, size: f32) -> f32 {
    text.chars()
        .map(|character| font.advance(character, size))
        .sum()
}

/// Draws a line of text with its baseline at `y` from `x` on, in ink of a grey level (0 is
/// black); returns where the pen ends.
///
/// Characters follow one another by their advances, without kerning or ligatures; what falls
/// outside the picture is cut off.
///
/// # Errors
/// The size is not above 0 and up to 4096; the font lacks a character or its glyph is damaged.
pub fn draw_line(
    picture: &mut Picture,
    font: &Font,
    text: &str,
    size: f32,
    (x, y): (f32, f32),
    grey: u8,
) -> Result<f32> {
    check_size(size)?;
    let mut pen = x;
    for character in text.chars() {
        let outline = Outline::of(font, character, size)?;
        if let Some(bounds) = outline.bounds() {
            let (left, top) = ((pen + bounds.left).floor(), (y + bounds.top).floor());
            let width = (pen + bounds.right - left).ceil() as usize + 1;
            let height = (y + bounds.bottom - top).ceil() as usize + 1;
            let ink = outline.coverage(width, height, pen - left, y - top);
            picture.ink(&ink, width, (left as i64, top as i64), grey);
        }
        pen += font.advance(character, size);
    }
    Ok(pen)
}

fn check_size(size: f32) -> Result<()> {
    match size > 0.0 && size <= LARGEST_SIZE {
        true => Ok(()),
        false => Err(Error::Size { size }),
    }
}
