//! Ink that hangs together.

use std::ops::Range;

use super::mask::Grey;

/// Pixels of ink that hang together, corners included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Blot {
    pub(crate) left: u32,
    pub(crate) top: u32,
    /// Just beyond its last column.
    pub(crate) right: u32,
    /// Just beyond its last row.
    pub(crate) bottom: u32,
    pub(crate) area: u32,
    /// Where its upper and lower edges are, to parts of a pixel once they are measured.
    pub(crate) upper: f32,
    pub(crate) lower: f32,
}

impl Blot {
    /// Measures the upper and lower edges: where, from outside in, the strongest ink of a row
    /// first reaches half of what the strongest of the blot has, by straight lines between rows.
    pub(crate) fn measure(&mut self, grey: &Grey, light_on_dark: bool) {
        let from = self.top.saturating_sub(2) as usize;
        let to = (self.bottom as usize + 2).min(grey.height);
        let columns = self.left as usize..self.right as usize;
        let strongest = |row: usize| {
            let levels = &grey.levels[row * grey.width..][columns.clone()];
            let level = match light_on_dark {
                true => levels.iter().copied().max(),
                false => levels.iter().map(|level| 255 - level).max(),
            };
            f32::from(level.unwrap_or(0))
        };
        let rows: Vec<f32> = (from..to).map(strongest).collect();
        let most = rows.iter().copied().fold(0.0, f32::max);
        let least = rows.iter().copied().fold(255.0, f32::min);
        let half = (most + least) / 2.0;
        let edge = |rows: &mut dyn Iterator<Item = f32>| {
            let mut outer = least;
            rows.enumerate().find_map(|(row, ink)| {
                let within = ink >= half;
                // The row's middle has its ink; half of it is reached between two middles.
                let reached = row as f32 + 0.5 - (ink - half) / (ink - outer).max(1.0);
                outer = ink;
                within.then_some(reached)
            })
        };
        let height = rows.len() as f32;
        let upper = edge(&mut rows.iter().copied()).unwrap_or(0.0);
        let lower = height - edge(&mut rows.iter().rev().copied()).unwrap_or(0.0);
        self.upper = (from as f32 + upper).max(from as f32);
        self.lower = (from as f32 + lower).min(to as f32);
    }

    pub(crate) fn width(&self) -> f32 {
        (self.right - self.left) as f32
    }

    pub(crate) fn height(&self) -> f32 {
        (self.bottom - self.top) as f32
    }

    fn joined(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
            area: self.area + other.area,
            upper: self.upper.min(other.upper),
            lower: self.lower.max(other.lower),
        }
    }
}

/// The blots of a picture of rows of `width`: runs of ink in each row, joined with those of the
/// row above that they touch (R. Haralick, 1981; union and find after R. Tarjan, 1975).
pub(crate) fn blots(inked: &[bool], width: usize) -> Vec<Blot> {
    let mut found: Vec<Blot> = Vec::new();
    let mut parents: Vec<u32> = Vec::new();
    let mut above: Vec<(Range<usize>, u32)> = Vec::new();
    let mut here: Vec<(Range<usize>, u32)> = Vec::new();
    for (row, inked) in inked.chunks_exact(width).enumerate() {
        here.clear();
        let mut column = 0;
        let mut nearest = 0;
        while let Some(start) = inked[column..].iter().position(|&ink| ink) {
            let start = column + start;
            let length = inked[start..].iter().position(|&ink| !ink);
            let end = start + length.unwrap_or(width - start);
            let label = parents.len() as u32;
            parents.push(label);
            found.push(Blot {
                left: start as u32,
                top: row as u32,
                right: end as u32,
                bottom: row as u32 + 1,
                area: (end - start) as u32,
                upper: row as f32,
                lower: row as f32 + 1.0,
            });
            // Runs touch if not even a column lies between them.
            while above.get(nearest).is_some_and(|(run, _)| run.end < start) {
                nearest += 1;
            }
            for (_, other) in above[nearest..]
                .iter()
                .take_while(|(run, _)| run.start <= end)
            {
                join(&mut parents, label, *other);
            }
            here.push((start..end, label));
            column = end;
        }
        std::mem::swap(&mut above, &mut here);
    }
    for label in 0..parents.len() as u32 {
        let root = root(&mut parents, label);
        if root != label {
            found[root as usize] = found[root as usize].joined(found[label as usize]);
        }
    }
    let whole = (0_u32..).zip(&found).zip(&parents);
    whole
        .filter(|((label, _), parent)| label == *parent)
        .map(|((_, blot), _)| *blot)
        .collect()
}

fn root(parents: &mut [u32], label: u32) -> u32 {
    let mut label = label;
    while parents[label as usize] != label {
        let grandparent = parents[parents[label as usize] as usize];
        parents[label as usize] = grandparent;
        label = grandparent;
    }
    label
}

fn join(parents: &mut [u32], one: u32, other: u32) {
    let (one, other) = (root(parents, one), root(parents, other));
    let (low, high) = (one.min(other), one.max(other));
    parents[high as usize] = low;
}

#[cfg(test)]
mod tests {
    use super::{Grey, blots};

    #[test]
    fn edges_are_measured_to_parts_of_a_pixel() {
        // Rows of ground, an edge a quarter covered, ink, an edge three quarters covered, ground.
        let rows = [200, 200, 170, 80, 80, 80, 80, 110, 200, 200];
        let levels = rows
            .iter()
            .flat_map(|&level| [200, level, level, 200])
            .collect();
        let grey = Grey {
            width: 4,
            height: 10,
            levels,
        };
        let ink: Vec<bool> = grey.levels.iter().map(|&level| level < 150).collect();
        let mut blot = blots(&ink, 4)[0];
        blot.measure(&grey, false);
        assert!((blot.upper - 2.75).abs() < 0.2, "{}", blot.upper);
        assert!((blot.lower - 7.75).abs() < 0.2, "{}", blot.lower);
        let turned = Grey {
            levels: grey.levels.iter().map(|level| 255 - level).collect(),
            ..grey
        };
        let mut light = blots(&ink, 4)[0];
        light.measure(&turned, true);
        assert_eq!((light.upper, light.lower), (blot.upper, blot.lower));
    }

    fn found(rows: &[&str]) -> Vec<(u32, u32, u32, u32, u32)> {
        let inked: Vec<bool> = rows
            .iter()
            .flat_map(|row| row.bytes())
            .map(|ink| ink == b'#')
            .collect();
        let mut all: Vec<_> = blots(&inked, rows[0].len())
            .iter()
            .map(|blot| (blot.left, blot.top, blot.right, blot.bottom, blot.area))
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn blots_hang_together_over_corners_and_around_bends() {
        assert_eq!(found(&["#.#", ".#.", "#.#"]), [(0, 0, 3, 3, 5)]);
        assert_eq!(found(&["#.#.#", "#.#.#", "#####"]), [(0, 0, 5, 3, 11)]);
        assert_eq!(
            found(&["##..#", ".....", "#..##"]),
            [
                (0, 0, 2, 1, 2),
                (0, 2, 1, 3, 1),
                (3, 2, 5, 3, 2),
                (4, 0, 5, 1, 1)
            ]
        );
        assert_eq!(found(&["...", "..."]), []);
        assert_eq!(found(&["#"]), [(0, 0, 1, 1, 1)]);
    }
}
