//! A sheet that shows what fonts look like.

use crate::error::{Error, Result};
use crate::font::{Font, Outline, draw_line, line_width};
use crate::picture::{LONGEST_SIDE, Picture};

const PAGE_WIDTH: usize = 1680;
const MARGIN: f32 = 90.0;
/// Where the large letters' column ends and that of the lines begins.
const COLUMN: f32 = 500.0;
const BLOCK_HEIGHT: usize = 580;

const PAPER: u8 = 255;
const INK: u8 = 20;
const FAINT: u8 = 130;
const RULE: u8 = 205;

const LETTERS: &str = "Ag";
const ALPHABET: [&str; 3] = [
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789 &?!.,:;()@#%*",
];
const PANGRAM: &str = "The quick brown fox jumps over the lazy dog";
const PANGRAM_SIZES: [f32; 5] = [44.0, 32.0, 24.0, 18.0, 14.0];

/// The most fonts on one sheet.
pub const MOST_SPECIMENS: usize = LONGEST_SIDE / BLOCK_HEIGHT - 1;

/// Draws a sheet of what fonts look like, one under the other, dark on white: the name, two large
/// letters, the alphabet and digits, and a pangram at 44, 32, 24, 18 and 14 pixels per em.
///
/// Lines too long for the sheet are set smaller. Characters a font lacks are left out; a name it
/// cannot set is set in a built-in font.
///
/// # Errors
/// No fonts or more than 27; a glyph is damaged.
pub fn specimen(fonts: &[Font]) -> Result<Picture> {
    if fonts.is_empty() || fonts.len() > MOST_SPECIMENS {
        return Err(Error::FontCount {
            count: fonts.len(),
            most: MOST_SPECIMENS,
        });
    }
    let height = fonts.len() * BLOCK_HEIGHT + MARGIN as usize;
    let mut sheet = Sheet {
        picture: Picture::blank(PAGE_WIDTH, height, PAPER)?,
        labels: Font::built_in().pop().unwrap_or_else(|| fonts[0].clone()),
    };
    for (index, font) in fonts.iter().enumerate() {
        sheet.block(font, MARGIN + (index * BLOCK_HEIGHT) as f32)?;
    }
    Ok(sheet.picture)
}

struct Sheet {
    picture: Picture,
    /// What sizes are set in, and names that their own font cannot set.
    labels: Font,
}

impl Sheet {
    /// Everything about one font, from `top` on.
    fn block(&mut self, font: &Font, top: f32) -> Result<()> {
        self.heading(font, top)?;
        self.large_letters(font, top + 400.0)?;
        let mut baseline = top + 118.0;
        for line in ALPHABET {
            self.line(font, line, 48.0, (COLUMN, baseline), INK)?;
            baseline += 64.0;
        }
        baseline += 18.0;
        for size in PANGRAM_SIZES {
            let labels = self.labels.clone();
            self.line(
                &labels,
                &format!("{size}"),
                13.0,
                (COLUMN - 38.0, baseline),
                FAINT,
            )?;
            self.line(font, PANGRAM, size, (COLUMN, baseline), INK)?;
            baseline += size * 0.85 + 18.0;
        }
        Ok(())
    }

    /// The font's name above a rule.
    fn heading(&mut self, font: &Font, top: f32) -> Result<()> {
        let (family, style) = (font.family(), font.style());
        let sets = |text: &str| text.chars().all(|character| font.covers(character));
        let face = if sets(family) {
            font.clone()
        } else {
            self.labels.clone()
        };
        let end = self.line(&face, family, 30.0, (MARGIN, top), INK)?;
        let face = if sets(style) {
            font.clone()
        } else {
            self.labels.clone()
        };
        self.line(&face, style, 30.0, (end + 12.0, top), FAINT)?;
        let rule = vec![255; PAGE_WIDTH - 2 * MARGIN as usize];
        let width = rule.len();
        self.picture
            .paint(&rule, width, (MARGIN as usize, top as usize + 18), RULE);
        Ok(())
    }

    /// Two letters as large as their column allows, on a baseline.
    fn large_letters(&mut self, font: &Font, baseline: f32) -> Result<()> {
        let text = covered(font, LETTERS);
        let width = line_width(font, &text, 1.0);
        let room = COLUMN - MARGIN - 80.0;
        let size = (room / width.max(f32::MIN_POSITIVE)).min(330.0);
        let Some(first) = text.chars().next() else {
            return Ok(());
        };
        let bearing = Outline::of(font, first, size)?
            .bounds()
            .map_or(0.0, |bounds| bounds.left);
        draw_line(
            &mut self.picture,
            font,
            &text,
            size,
            (MARGIN - bearing, baseline - 85.0),
            INK,
        )?;
        Ok(())
    }

    /// A line of the characters the font has, set smaller if it is too long for the sheet.
    fn line(
        &mut self,
        font: &Font,
        text: &str,
        size: f32,
        at: (f32, f32),
        grey: u8,
    ) -> Result<f32> {
        let text = covered(font, text);
        let room = (PAGE_WIDTH as f32 - MARGIN - at.0).max(1.0);
        let size = size * (room / line_width(font, &text, size).max(room));
        draw_line(&mut self.picture, font, &text, size, at, grey)
    }
}

/// The text without the characters the font lacks.
fn covered(font: &Font, text: &str) -> String {
    text.chars()
        .filter(|&character| font.covers(character))
        .collect()
}
