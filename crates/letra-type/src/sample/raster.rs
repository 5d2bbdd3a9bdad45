//! Straight-sided outlines turned into shares of ink, by exact areas.

/// The share of each pixel that lies inside outlines, collected side by side of the outlines.
///
/// A side hides everything to its right from what is above it or, running up, uncovers it again:
/// every pixel of a row right of it gains or loses the height that the side spans in that row.
/// Only where a row's shares change is kept, and sums along the row give the shares themselves.
/// (The idea is that of the coverage accumulation in R. Levien's font-rs, 2016.) Where outlines
/// overlap, more than all of a pixel counts as all of it, so that outlines of one direction fill
/// as by the non-zero winding rule.
#[derive(Default)]
pub(crate) struct Raster {
    width: usize,
    height: usize,
    /// By how much each pixel's share is above that of its left neighbour, in rows of
    /// `width + 2`; zeros between two pictures.
    changes: Vec<f32>,
    /// The first row with ink and the one after the last.
    inked: (usize, usize),
}

impl Raster {
    /// Begins a picture of a size.
    pub(crate) fn begin(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.changes.resize((width + 2) * height, 0.0);
        self.inked = (height, 0);
    }

    /// Adds a closed outline by its corners.
    pub(crate) fn add(&mut self, corners: &[(f32, f32)]) {
        let Some(&last) = corners.last() else { return };
        let mut from = last;
        for &to in corners {
            self.side(from, to);
            from = to;
        }
    }

    fn side(&mut self, from: (f32, f32), to: (f32, f32)) {
        let (upper, lower, sign) = match from.1 < to.1 {
            true => (from, to, 1.0),
            false => (to, from, -1.0),
        };
        let top = upper.1.max(0.0);
        let bottom = lower.1.min(self.height as f32);
        if top >= bottom {
            return;
        }
        self.inked = (
            self.inked.0.min(top as usize),
            self.inked.1.max(bottom.ceil() as usize),
        );
        let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
        let mut x = upper.0 + (top - upper.1) * slope;
        let mut y = top;
        let mut row = top as usize;
        while y < bottom && row < self.height {
            let next = bottom.min((row + 1) as f32);
            let height = next - y;
            let to = x + height * slope;
            self.within_row(row, x.min(to), x.max(to), height * sign);
            (x, y) = (to, next);
            row += 1;
        }
    }

    /// Adds what of a side lies in one row: it runs from `left` to `right` and spans `height`,
    /// which is below 0 upwards.
    fn within_row(&mut self, row: usize, mut left: f32, mut right: f32, mut height: f32) {
        let width = self.width as f32;
        let changes = &mut self.changes[row * (self.width + 2)..][..self.width + 2];
        if left >= width {
            return;
        }
        if right <= 0.0 {
            changes[0] += height;
            return;
        }
        if left < 0.0 || right > width {
            // Left of the picture it counts for the whole row, right of it for nothing.
            let share = height / (right - left);
            changes[0] += share * (-left).max(0.0);
            (left, right) = (left.max(0.0), right.min(width));
            height = share * (right - left);
        }
        let first = left as usize;
        let after = first as f32 + 1.0;
        if right <= after {
            // Within one pixel: the mean of the two ends decides.
            let gained = height * (after - 0.5 * (left + right));
            changes[first] += gained;
            changes[first + 1] += height - gained;
            return;
        }
        // The area that the side hides left of a place grows with the square of the distance up
        // to its right end, and evenly from there on.
        let half = 0.5 * height / (right - left);
        let (mut hidden, mut share) = (0.0, 0.0);
        let mut pixel = first;
        while (pixel as f32) < right {
            let edge = pixel as f32 + 1.0;
            let until = match edge < right {
                true => half * (edge - left) * (edge - left),
                false => height * (edge - 0.5 * (left + right)),
            };
            changes[pixel] += until - hidden - share;
            share = until - hidden;
            hidden = until;
            pixel += 1;
        }
        changes[pixel] += height - share;
    }

    /// The shares of the picture that was begun, 0 to 255, in rows of the width.
    #[inline(always)]
    pub(crate) fn shares(&mut self, shares: &mut Vec<u8>) {
        let (width, stride) = (self.width, self.width + 2);
        shares.clear();
        shares.resize(width * self.height, 0);
        let (first, end) = self.inked;
        if first >= end {
            return;
        }
        let changes = &mut self.changes[first * stride..end * stride];
        let shares = &mut shares[first * width..end * width];
        // Four rows at a time, since each sum waits for the one before it.
        let rows = changes.chunks_mut(4 * stride);
        for (changes, shares) in rows.zip(shares.chunks_mut(4 * width)) {
            if changes.len() == 4 * stride {
                let (upper, lower) = changes.split_at_mut(2 * stride);
                let ((a, b), (c, d)) = (upper.split_at_mut(stride), lower.split_at_mut(stride));
                sum_along([a, b, c, d]);
            } else {
                let rows = changes.chunks_exact_mut(stride);
                rows.for_each(|row| sum_along([row]));
            }
            let rows = changes.chunks_exact(stride);
            for (sums, shares) in rows.zip(shares.chunks_exact_mut(width)) {
                for (share, sum) in shares.iter_mut().zip(sums) {
                    // Within 0 and 255.5, and a number: no need to saturate.
                    *share = (sum.abs().min(1.0) * 255.0 + 0.5) as i32 as u8;
                }
            }
            changes.fill(0.0);
        }
    }
}

/// Replaces what stands in rows of one length by the sums up to each place.
#[inline(always)]
fn sum_along<const ROWS: usize>(rows: [&mut [f32]; ROWS]) {
    let length = rows.first().map_or(0, |row| row.len());
    let mut rows = rows.map(|row| &mut row[..length]);
    let mut sums = [0.0; ROWS];
    for column in 0..length {
        for (row, sum) in rows.iter_mut().zip(&mut sums) {
            *sum += row[column];
            row[column] = *sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Raster;

    fn drawn(size: (usize, usize), outlines: &[&[(f32, f32)]]) -> Vec<u8> {
        let mut raster = Raster::default();
        let mut shares = Vec::new();
        for _ in 0..2 {
            raster.begin(size.0, size.1);
            outlines.iter().for_each(|outline| raster.add(outline));
            raster.shares(&mut shares);
        }
        shares
    }

    #[test]
    fn areas_are_exact() {
        let square = [(1.25, 0.5), (3.5, 0.5), (3.5, 2.0), (1.25, 2.0)];
        let mut backwards = square;
        backwards.reverse();
        for outline in [square, backwards] {
            let shares = drawn((5, 3), &[&outline]);
            let wanted = [0, 96, 128, 64, 0, 0, 191, 255, 128, 0, 0, 0, 0, 0, 0];
            assert_eq!(shares, wanted);
        }
        // Half of each pixel on the diagonal.
        let triangle = [(0.0, 0.0), (6.0, 6.0), (0.0, 6.0)];
        let shares = drawn((6, 6), &[&triangle]);
        for (pixel, share) in shares.iter().enumerate() {
            let wanted = match (pixel % 6).cmp(&(pixel / 6)) {
                std::cmp::Ordering::Less => 255,
                std::cmp::Ordering::Equal => 128,
                std::cmp::Ordering::Greater => 0,
            };
            assert_eq!(*share, wanted, "{pixel}");
        }
    }

    #[test]
    fn slanted_outlines_cover_their_area_wherever_they_stand() {
        for step in 0..40 {
            let (x, y) = (0.21 * step as f32, 0.17 * step as f32);
            let corners = [(x, y), (x + 17.3, y + 2.2), (x + 9.1, y + 5.9)];
            let area = 0.5 * (17.3 * 5.9 - 9.1 * 2.2);
            let sum: u32 = drawn((40, 20), &[&corners])
                .iter()
                .map(|&share| u32::from(share))
                .sum();
            let covered = sum as f32 / 255.0;
            assert!((covered - area).abs() < 0.15, "{covered} for {area}");
        }
    }

    #[test]
    fn what_reaches_out_of_the_picture_is_cut_off() {
        let size = (7, 5);
        for (far, wide) in [(1.0, 30.0), (1e4, 3e4)] {
            let left_half = [(-far, -far), (3.5, -far), (3.5, wide), (-far, wide)];
            let shares = drawn(size, &[&left_half]);
            for row in shares.chunks(7) {
                assert_eq!(row, [255, 255, 255, 128, 0, 0, 0]);
            }
            let right_half = [(3.5, -far), (wide, -far), (wide, wide), (3.5, wide)];
            let shares = drawn(size, &[&right_half]);
            for row in shares.chunks(7) {
                assert_eq!(row, [0, 0, 0, 128, 255, 255, 255]);
            }
        }
        let slanted = [(-4.0, 0.0), (18.0, 5.0), (-4.0, 5.0)];
        let inside = drawn((30, 5), &[&[(6.0, 0.0), (28.0, 5.0), (6.0, 5.0)]]);
        let cut = drawn(size, &[&slanted]);
        for row in 0..5 {
            for column in 0..7 {
                assert!(cut[7 * row + column].abs_diff(inside[30 * row + column + 10]) <= 1);
            }
        }
        for nothing in [f32::NAN, f32::INFINITY, 1e30] {
            drawn(size, &[&[(nothing, 0.0), (3.0, nothing), (1.0, 4.0)]]);
        }
    }

    #[test]
    fn holes_stay_open_and_overlaps_are_filled_once() {
        let square = |a: f32, b: f32| [(a, a), (b, a), (b, b), (a, b)];
        let mut hole = square(2.0, 4.0);
        hole.reverse();
        let shares = drawn((6, 6), &[&square(0.0, 6.0), &hole]);
        assert_eq!(shares.iter().filter(|&&share| share == 0).count(), 4);
        let twice = drawn((6, 6), &[&square(0.0, 4.0), &square(1.0, 6.0)]);
        assert_eq!(twice[7 * 3], 255);
        assert_eq!(twice.iter().filter(|&&share| share == 255).count(), 32);
    }
}
