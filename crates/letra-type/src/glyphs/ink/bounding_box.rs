//! Where the ink of a picture is.

use std::ops::Range;

/// A blot smaller than this share of the largest is dust.
const DUST: f64 = 0.01;

/// The columns and rows of the smallest box around the inked pixels, dust left out; both empty if
/// there is no ink.
///
/// Dust is what hangs together, corners included, but covers less than a hundredth of what the
/// largest blot covers; the dot of an i is well above.
pub(crate) fn ink_box(
    width: usize,
    height: usize,
    inked: impl Fn(usize) -> bool,
) -> (Range<usize>, Range<usize>) {
    let blots = blots(width, height, inked);
    let largest = blots.iter().map(|blot| blot.area).max().unwrap_or(0);
    let is_ink = |blot: &&Blot| blot.area as f64 >= largest as f64 * DUST;
    blots
        .iter()
        .filter(is_ink)
        .fold((0..0, 0..0), |(columns, rows), blot| {
            (joined(&columns, &blot.columns), joined(&rows, &blot.rows))
        })
}

/// Inked pixels that hang together.
struct Blot {
    area: usize,
    columns: Range<usize>,
    rows: Range<usize>,
}

fn blots(width: usize, height: usize, inked: impl Fn(usize) -> bool) -> Vec<Blot> {
    let mut open: Vec<bool> = (0..width * height).map(inked).collect();
    let mut blots = Vec::new();
    let mut waiting: Vec<u32> = Vec::new();
    for start in 0..open.len() {
        if !std::mem::take(&mut open[start]) {
            continue;
        }
        let mut blot = Blot {
            area: 0,
            columns: 0..0,
            rows: 0..0,
        };
        waiting.push(start as u32);
        while let Some(pixel) = waiting.pop() {
            let (column, row) = (pixel as usize % width, pixel as usize / width);
            blot.area += 1;
            blot.columns = joined(&blot.columns, &(column..column + 1));
            blot.rows = joined(&blot.rows, &(row..row + 1));
            for y in row.saturating_sub(1)..(row + 2).min(height) {
                for x in column.saturating_sub(1)..(column + 2).min(width) {
                    if std::mem::take(&mut open[y * width + x]) {
                        waiting.push((y * width + x) as u32);
                    }
                }
            }
        }
        blots.push(blot);
    }
    blots
}

/// The smallest range around two, of which an empty one does not count.
fn joined(one: &Range<usize>, other: &Range<usize>) -> Range<usize> {
    match one.is_empty() {
        true => other.clone(),
        false => one.start.min(other.start)..one.end.max(other.end),
    }
}

#[cfg(test)]
mod tests {
    use super::ink_box;

    fn box_of(rows: &[&str]) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let pixels: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
        ink_box(rows[0].len(), rows.len(), |pixel| pixels[pixel] == b'#')
    }

    #[test]
    fn the_box_holds_every_part_of_a_glyph() {
        assert_eq!(
            box_of(&["......", "..#...", "......", "..##..", "...#.."]),
            (2..4, 1..5)
        );
        assert_eq!(box_of(&["...", "..."]), (0..0, 0..0));
        assert_eq!(box_of(&["#"]), (0..1, 0..1));
    }

    #[test]
    fn dust_does_not_stretch_the_box() {
        let side = 40;
        let glyph =
            |pixel: usize| (10..30).contains(&(pixel % side)) && (10..30).contains(&(pixel / side));
        let dusty = |pixel: usize| glyph(pixel) || pixel == 0 || pixel == side * side - 1;
        assert_eq!(ink_box(side, side, dusty), (10..30, 10..30));
        let dotted = |pixel: usize| glyph(pixel) || (pixel % side < 2 && pixel / side < 2);
        assert_eq!(ink_box(side, side, dotted), (0..30, 0..30));
    }
}
