//! Pictures of grey levels scaled and cut out.

/// For each target pixel of one axis: the source pixels that it draws from, and their weights.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    first: Vec<usize>,
    weights: Vec<f32>,
    /// Source pixels a target pixel.
    count: usize,
}

impl Taps {
    /// Sets the taps of `targets` pixels, each `step` source pixels wide, the first of which
    /// begins at `start`, over a source of `length` pixels, whose edges go on beyond themselves.
    ///
    /// A tent filter: it averages where the picture shrinks and is bilinear where it grows.
    pub(crate) fn set(&mut self, length: usize, targets: usize, start: f32, step: f32) {
        let reach = step.max(1.0);
        self.count = ((2.0 * reach).ceil() as usize + 1).min(length).max(1);
        self.first.clear();
        self.weights.clear();
        self.weights.resize(targets * self.count, 0.0);
        let last = length.saturating_sub(1) as f32;
        for (target, weights) in self.weights.chunks_exact_mut(self.count).enumerate() {
            let centre = start + (target as f32 + 0.5) * step - 0.5;
            let lowest = (centre - reach).ceil();
            let highest = (centre + reach).floor();
            let first = (lowest.clamp(0.0, last) as usize).min(length - self.count);
            let mut sum = 0.0;
            for index in 0..=(highest - lowest).max(0.0) as usize {
                let place = lowest + index as f32;
                let weight = (1.0 - (place - centre).abs() / reach).max(0.0);
                let at = place.clamp(0.0, last) as usize;
                weights[at.saturating_sub(first).min(self.count - 1)] += weight;
                sum += weight;
            }
            if sum > 0.0 {
                weights.iter_mut().for_each(|weight| *weight /= sum);
            } else {
                weights[0] = 1.0;
            }
            self.first.push(first);
        }
    }

    fn of(&self, target: usize) -> (usize, &[f32]) {
        (
            self.first[target],
            &self.weights[target * self.count..][..self.count],
        )
    }

    fn targets(&self) -> usize {
        self.first.len()
    }
}

/// Scales and cuts out a picture of rows of `width`: taps of the columns, taps of the rows.
///
/// `spare` is memory to work in; `target` is made as large as it must be.
#[inline(always)]
pub(crate) fn resample<T: Copy + Into<f32>>(
    source: &[T],
    width: usize,
    columns: &Taps,
    rows: &Taps,
    spare: &mut Vec<f32>,
    target: &mut Vec<f32>,
) {
    target.resize(columns.targets() * rows.targets(), 0.0);
    spare.resize(width, 0.0);
    for (row, out) in target.chunks_exact_mut(columns.targets()).enumerate() {
        let (first, weights) = rows.of(row);
        add_rows(&source[first * width..], width, weights, spare);
        // Loops of a fixed length take no turns.
        match columns.count {
            2 => add_columns::<2>(columns, spare, out),
            3 => add_columns::<3>(columns, spare, out),
            4 => add_columns::<4>(columns, spare, out),
            5 => add_columns::<5>(columns, spare, out),
            6 => add_columns::<6>(columns, spare, out),
            7 => add_columns::<7>(columns, spare, out),
            8 => add_columns::<8>(columns, spare, out),
            9 => add_columns::<9>(columns, spare, out),
            _ => {
                for (column, level) in out.iter_mut().enumerate() {
                    let (first, weights) = columns.of(column);
                    let from = &spare[first..first + weights.len()];
                    *level = from
                        .iter()
                        .zip(weights)
                        .map(|(level, weight)| level * weight)
                        .sum();
                }
            }
        }
    }
}

/// Rows of `width` added up with their weights, some columns at a time.
#[inline(always)]
fn add_rows<T: Copy + Into<f32>>(source: &[T], width: usize, weights: &[f32], sums: &mut [f32]) {
    const COLUMNS: usize = 32;
    let mut from = 0;
    while from + COLUMNS <= width {
        let mut some = [0.0; COLUMNS];
        for (row, weight) in source.chunks(width).zip(weights) {
            for (sum, &level) in some.iter_mut().zip(&row[from..from + COLUMNS]) {
                *sum += weight * level.into();
            }
        }
        sums[from..from + COLUMNS].copy_from_slice(&some);
        from += COLUMNS;
    }
    sums[from..].fill(0.0);
    for (row, weight) in source.chunks(width).zip(weights) {
        for (sum, &level) in sums[from..].iter_mut().zip(&row[from..]) {
            *sum += weight * level.into();
        }
    }
}

/// Each target pixel of a row from `COUNT` of its columns.
#[inline(always)]
fn add_columns<const COUNT: usize>(columns: &Taps, levels: &[f32], out: &mut [f32]) {
    let weights = columns.weights.as_chunks::<COUNT>().0;
    for ((level, &first), weights) in out.iter_mut().zip(&columns.first).zip(weights) {
        let mut sum = 0.0;
        if let Some(levels) = levels[first..].first_chunk::<COUNT>() {
            for tap in 0..COUNT {
                sum += levels[tap] * weights[tap];
            }
        }
        *level = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::{Taps, resample};

    fn scaled(source: &[f32], width: usize, size: (usize, usize), step: f32) -> Vec<f32> {
        let height = source.len() / width;
        let (mut columns, mut rows) = (Taps::default(), Taps::default());
        columns.set(width, size.0, 0.0, step);
        rows.set(height, size.1, 0.0, step);
        let mut target = Vec::new();
        resample(source, width, &columns, &rows, &mut Vec::new(), &mut target);
        target
    }

    #[test]
    fn a_slope_stays_a_slope_and_levels_stay() {
        let source: Vec<f32> = (0..20 * 10).map(|pixel| (pixel % 20) as f32).collect();
        let same = scaled(&source, 20, (20, 10), 1.0);
        assert_eq!(same, source);
        let half = scaled(&source, 20, (10, 5), 2.0);
        for column in 2..8 {
            let level = half[20 + column];
            assert!(
                (level - (2.0 * column as f32 + 0.5)).abs() < 1e-4,
                "{level}"
            );
        }
        let double = scaled(&source, 20, (40, 20), 0.5);
        for column in 2..38 {
            let level = double[80 + column];
            assert!(
                (level - (column as f32 / 2.0 - 0.25)).abs() < 1e-4,
                "{level}"
            );
        }
    }

    #[test]
    fn windows_beyond_the_picture_show_its_edge() {
        let (mut columns, mut rows) = (Taps::default(), Taps::default());
        for (length, start, step) in [(1, -3.0, 0.7), (5, -40.0, 3.0), (3, 2.0, 9.0)] {
            columns.set(length, 8, start, step);
            rows.set(length, 8, start, step);
            let source = vec![7.0; length * length];
            let mut target = Vec::new();
            resample(
                &source,
                length,
                &columns,
                &rows,
                &mut Vec::new(),
                &mut target,
            );
            assert!(target.iter().all(|level| (level - 7.0_f32).abs() < 1e-4));
        }
    }
}
