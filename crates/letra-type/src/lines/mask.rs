//! Which pixels are ink: darker, or lighter, than their surroundings.

use std::ops::Range;

use super::blots::Blot;

/// Half the side of the square that a pixel is compared to.
const RADIUS: usize = 20;

/// By how many standard deviations of its surroundings ink differs from their mean.
const DEVIATIONS: f32 = 0.6;

/// The least standard deviation, in grey levels, of surroundings that hold ink.
const LEAST_DEVIATION: f32 = 5.0;

/// A picture of grey levels in rows.
#[derive(Debug, Clone)]
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) levels: Vec<u8>,
}

impl Grey {
    /// The picture reduced by a whole factor: means of squares; what is left of a square at the
    /// right or bottom edge counts as a whole one.
    pub(crate) fn reduced(&self, factor: usize) -> Self {
        reduced(&self.levels, (self.width, self.height), factor)
    }

    /// What a blot's box shows.
    pub(crate) fn part(&self, blot: &Blot) -> Self {
        let [left, top, right, bottom] =
            [blot.left, blot.top, blot.right, blot.bottom].map(|side| side as usize);
        cut_out((&self.levels, self.width), left..right, top..bottom)
    }

    /// Rows become columns.
    pub(crate) fn transposed(&self) -> Self {
        let mut levels = Vec::with_capacity(self.levels.len());
        for column in 0..self.width {
            let of_column = self.levels.iter().skip(column).step_by(self.width);
            levels.extend(of_column);
        }
        Self {
            width: self.height,
            height: self.width,
            levels,
        }
    }

    /// The standard deviation of the noise in grey levels, from what a mask of differences sees
    /// (J. Immerkær, Fast noise variance estimation, 1996), its median instead of its mean, which
    /// edges would raise.
    pub(crate) fn noise(&self) -> f32 {
        let (width, height) = (self.width, self.height);
        if width < 3 || height < 3 {
            return 0.0;
        }
        let mut counts = [0_usize; 4081];
        let mut total = 0;
        // A few hundred thousand pixels tell as much as all.
        let stride = 1 + width * height / 300_000;
        for row in (1..height - 1).step_by(stride) {
            let at = |down: usize, right: usize| {
                i32::from(self.levels[(row + down - 1) * width + right - 1])
            };
            for column in 1..width - 1 {
                let corners = at(0, column) + at(0, column + 2) + at(2, column) + at(2, column + 2);
                let sides =
                    at(0, column + 1) + at(1, column) + at(1, column + 2) + at(2, column + 1);
                let seen = (corners - 2 * sides + 4 * at(1, column + 1)).unsigned_abs();
                counts[seen as usize] += 1;
                total += 1;
            }
        }
        let mut count = 0;
        let median = counts.iter().position(|&of_level| {
            count += of_level;
            2 * count >= total
        });
        // The mask's weights have squares that sum to 36; the median of a normal number's
        // absolute value is 0.6745 deviations.
        median.unwrap_or(0) as f32 / (6.0 * 0.6745)
    }

    /// Smoothed by the weights 1 2 1 along rows and columns.
    pub(crate) fn smoothed(&self) -> Self {
        let (width, height) = (self.width, self.height);
        let mut levels = vec![0; self.levels.len()];
        for row in 0..height {
            let rows = [row.saturating_sub(1), row, (row + 1).min(height - 1)];
            let rows = rows.map(|row| &self.levels[row * width..][..width]);
            let sum = |column: usize| {
                let [above, here, below] = rows.map(|row| u32::from(row[column]));
                above + 2 * here + below
            };
            for column in 0..width {
                let (left, right) = (column.saturating_sub(1), (column + 1).min(width - 1));
                let all = sum(left) + 2 * sum(column) + sum(right);
                levels[row * width + column] = ((all + 8) / 16) as u8;
            }
        }
        Self { levels, ..*self }
    }
}

/// Some columns and rows of grey levels in rows of a width.
pub(crate) fn cut_out(
    (levels, width): (&[u8], usize),
    columns: Range<usize>,
    rows: Range<usize>,
) -> Grey {
    let lines = levels.chunks_exact(width).take(rows.end).skip(rows.start);
    Grey {
        width: columns.len(),
        height: rows.len(),
        levels: lines
            .flat_map(|line| &line[columns.clone()])
            .copied()
            .collect(),
    }
}

/// Grey levels reduced by a whole factor: means of squares.
pub(crate) fn reduced(levels: &[u8], (width, height): (usize, usize), factor: usize) -> Grey {
    let factor = factor.max(1);
    let (columns, rows) = (width.div_ceil(factor), height.div_ceil(factor));
    let mut sums = vec![0_u32; columns];
    let mut reduced = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        sums.fill(0);
        let below = (height - row * factor).min(factor);
        for y in row * factor..row * factor + below {
            let of_row = &levels[y * width..][..width];
            for (sum, square) in sums.iter_mut().zip(of_row.chunks(factor)) {
                *sum += square.iter().map(|&level| u32::from(level)).sum::<u32>();
            }
        }
        reduced.extend(sums.iter().enumerate().map(|(column, sum)| {
            let across = (width - column * factor).min(factor);
            (sum / (across * below) as u32) as u8
        }));
    }
    Grey {
        width: columns,
        height: rows,
        levels: reduced,
    }
}

/// The ink of a picture, dark on light and light on dark: pixels that differ from the mean of
/// their surroundings by more than 0.6 of its standard deviation (after W. Niblack, An
/// Introduction to Digital Image Processing, 1986), where that deviation is more than noise.
///
/// Where ink covers the smaller part, as letters do, its ground is nowhere ink for the other
/// polarity: the mean lies too near to it.
pub(crate) fn inked(grey: &Grey, noise: f32) -> [Vec<bool>; 2] {
    let (width, height) = (grey.width, grey.height);
    let least = LEAST_DEVIATION.max(1.3 * noise);
    let mut inked = [0; 2].map(|_| vec![false; width * height]);
    let [dark, light] = &mut inked;
    // Sums over the columns' part within reach of the row, moved down row by row; over the surroundings of
    // each pixel; and how many columns these have.
    let mut sums = vec![(0_u32, 0_u32); width];
    let mut around = vec![(0_u32, 0_u32); width];
    let within = |at: usize, length: usize| {
        ((at + RADIUS + 1).min(length) - at.saturating_sub(RADIUS)) as f32
    };
    let columns: Vec<f32> = (0..width).map(|column| within(column, width)).collect();
    let add = |sums: &mut Vec<(u32, u32)>, row: usize, sign: bool| {
        let levels = &grey.levels[row * width..][..width];
        for ((sum, squares), &level) in sums.iter_mut().zip(levels) {
            let level = u32::from(level);
            if sign {
                *sum += level;
                *squares += level * level;
            } else {
                *sum -= level;
                *squares -= level * level;
            }
        }
    };
    for row in 0..RADIUS.min(height) {
        add(&mut sums, row, true);
    }
    for row in 0..height {
        if row + RADIUS < height {
            add(&mut sums, row + RADIUS, true);
        }
        if row > RADIUS {
            add(&mut sums, row - RADIUS - 1, false);
        }
        slide(&sums, &mut around);
        let rows = within(row, height);
        let row = row * width..(row + 1) * width;
        let levels = grey.levels[row.clone()].iter().zip(&around).zip(&columns);
        let inked = dark[row.clone()].iter_mut().zip(&mut light[row]);
        for ((dark, light), ((&level, &(sum, squares)), &columns)) in inked.zip(levels) {
            // Both fit into 31 bits.
            let (sum, squares) = (sum as i32 as f32, squares as i32 as f32);
            let count = rows * columns;
            let mean = sum / count;
            let deviation = (squares / count - mean * mean).max(0.0).sqrt();
            let above = f32::from(level) - mean;
            let is_ink = deviation >= least;
            *dark = is_ink & (-above > DEVIATIONS * deviation);
            *light = is_ink & (above > DEVIATIONS * deviation);
        }
    }
    inked
}

/// Sums over the columns' sums within reach of each.
fn slide(sums: &[(u32, u32)], around: &mut [(u32, u32)]) {
    let width = sums.len();
    let (mut sum, mut squares) = (0, 0);
    for &(of_column, of_squares) in &sums[..RADIUS.min(width)] {
        sum += of_column;
        squares += of_squares;
    }
    for (column, around) in around.iter_mut().enumerate() {
        if let Some(&(of_column, of_squares)) = sums.get(column + RADIUS) {
            sum += of_column;
            squares += of_squares;
        }
        if column > RADIUS {
            let (of_column, of_squares) = sums[column - RADIUS - 1];
            sum -= of_column;
            squares -= of_squares;
        }
        *around = (sum, squares);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_bar_is_ink_and_its_ground_is_not() {
        let mut levels = vec![220; 100 * 60];
        for row in 20..40 {
            levels[row * 100 + 48..][..4].fill(40);
        }
        let grey = Grey {
            width: 100,
            height: 60,
            levels,
        };
        let [dark, light] = inked(&grey, 0.0);
        let count = dark.iter().filter(|&&ink| ink).count();
        assert_eq!(count, 80);
        assert!(dark[30 * 100 + 50]);
        assert!(light.iter().all(|&ink| !ink));
        let same = grey.transposed().transposed();
        assert_eq!(same.levels, grey.levels);
    }

    #[test]
    fn noise_is_measured_and_is_no_ink() {
        let mut random = Random::seeded(9);
        let mut level = || {
            let sum: f32 = (0..12).map(|_| random.unit()).sum();
            (128.0 + 10.0 * (sum - 6.0)) as u8
        };
        let levels = (0..200 * 200).map(|_| level()).collect();
        let grey = Grey {
            width: 200,
            height: 200,
            levels,
        };
        let noise = grey.noise();
        assert!((noise - 10.0).abs() < 1.0, "{noise}");
        assert!(inked(&grey, noise)[0].iter().all(|&ink| !ink));
    }

    #[test]
    fn squares_at_the_edge_count_as_whole_ones() {
        let grey = reduced(&[10, 20, 30, 40, 50, 60], (3, 2), 2);
        assert_eq!((grey.width, grey.height), (2, 1));
        assert_eq!(grey.levels, [30, 45]);
    }
}
