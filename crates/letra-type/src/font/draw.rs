//! Glyphs and lines of text drawn at any size, anti-aliased.

use std::ops::Range;

use skrifa::GlyphId;
use skrifa::instance::Size;
use skrifa::outline::OutlinePen;
use zeno::{Command, Fill, Mask, Point};

use super::face::Font;
use super::outlines::{Outlines, Undrawn};
use crate::error::{Error, Result};
use crate::picture::{LONGEST_SIDE, Picture, check_size as check_picture_size};

/// The largest size drawn, in pixels per em.
pub(super) const LARGEST_SIZE: f32 = 4096.0;

/// No outline reaches further from the pen than this many times the size; one that does comes
/// from a damaged font.
const REACH: f32 = 8.0;

/// No pen further from the picture's corner draws anything into the picture, in pixels.
const FURTHEST: f32 = REACH * LARGEST_SIZE + LONGEST_SIDE as f32;

/// The outline of a glyph in pixels: x to the right, y down, the pen at the origin, the baseline
/// at y = 0.
///
/// ```
/// use letra_type::{Font, Outline};
///
/// let outline = Outline::of(&Font::built_in()[0], 'l', 20.0)?;
/// let coverage = outline.coverage(10, 24, 2.0, 20.0)?;
/// assert!(coverage.iter().any(|&share| share == 255) && coverage[0] == 0);
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Outline {
    commands: Vec<Command>,
}

/// The smallest upright rectangle around an outline's points, in pixels.
///
/// ```
/// use letra_type::{Font, Outline};
///
/// let font = &Font::built_in()[0];
/// let bounds = Outline::of(font, 'H', 100.0)?.bounds().unwrap();
/// // It stands on the baseline.
/// assert!(bounds.bottom.abs() < 1.0 && (bounds.top + bounds.height()).abs() < 1.0);
/// # Ok::<(), letra_type::Error>(())
/// ```
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
        Self::of_glyph(font, glyph, size).map_err(fail)
    }

    /// The outline of a glyph at a size in pixels per em; an error says what is wrong with it.
    pub(crate) fn of_glyph(
        font: &Font,
        glyph: GlyphId,
        size: f32,
    ) -> std::result::Result<Self, &'static str> {
        let outlines = Outlines::of(font).ok_or("has no outline for")?;
        let mut outline = Self::default();
        outlines
            .draw(glyph, Size::new(size), &mut outline)
            .map_err(|undrawn| match undrawn {
                Undrawn::Missing => "has no outline for",
                Undrawn::Damaged => "has a damaged outline for",
                Undrawn::TooMuchWork => "takes too many operations to draw",
            })?;
        let reach = REACH * size;
        let within = |point: &Point| point.x.abs() <= reach && point.y.abs() <= reach;
        if !outline.points().all(|point| within(&point)) {
            return Err("has a damaged outline for");
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
    ///
    /// # Errors
    /// A side is 0 or above 65,535, or there are more than 268,435,456 pixels.
    pub fn coverage(&self, width: usize, height: usize, x: f32, y: f32) -> Result<Vec<u8>> {
        check_picture_size("the picture", width, height)?;
        let mut coverage = vec![0; width * height];
        // Further away there is nothing to see, and the rasterizer's numbers overflow.
        if x.abs() <= FURTHEST && y.abs() <= FURTHEST {
            Mask::new(&self.commands)
                .size(width as u32, height as u32)
                .offset((x, y))
                .render_into(&mut coverage, None);
        }
        Ok(coverage)
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
            let columns = seen(pen + bounds.left, pen + bounds.right, picture.width());
            let rows = seen(y + bounds.top, y + bounds.bottom, picture.height());
            if !columns.is_empty() && !rows.is_empty() {
                let corner = (columns.start, rows.start);
                let pen = (pen - corner.0 as f32, y - corner.1 as f32);
                let ink = outline.coverage(columns.len(), rows.len(), pen.0, pen.1)?;
                picture.paint(&ink, columns.len(), corner, grey);
            }
        }
        pen += font.advance(character, size);
    }
    Ok(pen)
}

/// The pixels from one edge to another that are in a picture of a length.
fn seen(from: f32, to: f32, length: usize) -> Range<usize> {
    let inside = |edge: f32| edge.clamp(0.0, length as f32) as usize;
    inside(from.floor())..inside(to.ceil())
}

fn check_size(size: f32) -> Result<()> {
    match size > 0.0 && size <= LARGEST_SIZE {
        true => Ok(()),
        false => Err(Error::Size { size }),
    }
}
