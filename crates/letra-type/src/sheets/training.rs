//! A sheet that shows what training sees.

use crate::error::Result;
use crate::font::{Font, draw_line};
use crate::picture::Picture;
use crate::sample::Sampler;

const COLUMNS: usize = 3;
const CELL_WIDTH: usize = 560;
const CELL_HEIGHT: usize = 262;
const PADDING: usize = 14;

/// Room for the worn picture of a cell, beside the padding; larger ones are cut off.
const PICTURE_HEIGHT: usize = 140;

const PAPER: u8 = 242;
const INK: u8 = 40;

/// The most samples on one sheet.
pub const MOST_SAMPLES: usize = 180;

/// Draws a sheet of samples, those with the indices 0 up to `count` of a seed: of each the worn
/// picture at its own size, and under it the window that a network sees, twice as large, beside
/// the face's name.
///
/// `count` is held between 1 and 180.
///
/// # Errors
/// The name of a face cannot be drawn, which it has no reason to.
pub fn training_sheet(sampler: &Sampler, seed: u64, count: usize) -> Result<Picture> {
    let count = count.clamp(1, MOST_SAMPLES);
    let rows = count.div_ceil(COLUMNS);
    let size = (COLUMNS * CELL_WIDTH + PADDING, rows * CELL_HEIGHT + PADDING);
    let mut sheet = Picture::blank(size.0, size.1, PAPER)?;
    let labels = Font::built_in().pop();
    for index in 0..count {
        let sample = sampler.explain(seed, index as u64)?;
        let left = index % COLUMNS * CELL_WIDTH + PADDING;
        let top = index / COLUMNS * CELL_HEIGHT + PADDING;
        sheet.paste(
            &sample.picture,
            (left, top),
            (CELL_WIDTH - PADDING, PICTURE_HEIGHT),
        );
        let below = top + PICTURE_HEIGHT + 8;
        let window = doubled(&sample.window);
        sheet.paste(&window, (left, below), (CELL_WIDTH, CELL_HEIGHT));
        let beside = (left + window.width() + 12) as f32;
        if let Some(labels) = &labels {
            let name = sampler.fonts()[sample.face].name();
            let wear = &sample.wear;
            let lines = [
                name,
                format!("{:?}", wear.origin),
                format!("capitals {:.0} px", wear.cap_height),
                wear.jpeg
                    .map_or_else(String::new, |quality| format!("JPEG {quality}")),
            ];
            for (line, text) in lines.iter().enumerate() {
                let text: String = text
                    .chars()
                    .filter(|&one| labels.covers(one))
                    .take(26)
                    .collect();
                let baseline = (below + 16 + 20 * line) as f32;
                draw_line(&mut sheet, labels, &text, 14.0, (beside, baseline), INK)?;
            }
        }
    }
    Ok(sheet)
}

/// A picture with every pixel twice as wide and high.
fn doubled(picture: &Picture) -> Picture {
    let width = picture.width();
    let twice = |row: &[u8]| {
        row.iter()
            .flat_map(|&level| [level; 2])
            .collect::<Vec<u8>>()
    };
    let rows = picture.pixels().chunks_exact(width);
    let levels = rows
        .flat_map(|row| [twice(row), twice(row)].concat())
        .collect();
    Picture::from_parts(2 * width, 2 * picture.height(), levels)
}
