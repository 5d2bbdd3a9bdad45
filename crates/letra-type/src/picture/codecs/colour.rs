//! Colours as grey levels.

use super::{greys, luma};

/// Pixels that are asked how colours are spread, at most.
const ASKED: usize = 1 << 16;

/// The standard deviation, in grey levels, below which luma may hide what a picture shows, and by how
/// many times colours must differ more than it.
const LITTLE: f32 = 12.0;
const TIMES: f32 = 3.0;

/// Steps of the power iteration.
const STEPS: usize = 30;

/// Grey levels of pixels of `N` samples whose colours are red, green and blue: their luma; where that is
/// nearly the same everywhere and colours are not, as of red letters on blue, how far they lie along
/// the direction in which they differ most (the first principal component: K. Pearson, 1901).
pub(super) fn greys_of_colours<const N: usize>(
    samples: &[u8],
    colour: impl Fn([u8; N]) -> [u8; 3],
) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<N>();
    let step = pixels.len().div_ceil(ASKED).max(1);
    let asked = || pixels.iter().step_by(step).map(|&pixel| colour(pixel));
    match Direction::where_luma_hides(asked) {
        None => greys(samples, |pixel| luma(colour(pixel))),
        Some(direction) => greys(samples, |pixel| direction.level(colour(pixel))),
    }
}

/// The direction in which colours differ most, and their mean.
struct Direction {
    mean: [f32; 3],
    axis: [f32; 3],
}

impl Direction {
    /// That of some colours, if their luma does not tell them apart.
    fn where_luma_hides<I: Iterator<Item = [u8; 3]>>(colours: impl Fn() -> I) -> Option<Self> {
        let (mut count, mut sums, mut lumas) = (0.0_f64, [0.0_f64; 3], [0.0_f64; 2]);
        for colour in colours() {
            count += 1.0;
            let level = f64::from(luma(colour));
            lumas = [lumas[0] + level, lumas[1] + level * level];
            (0..3).for_each(|part| sums[part] += f64::from(colour[part]));
        }
        let variance = (lumas[1] / count - (lumas[0] / count).powi(2)).max(0.0) as f32;
        if variance > LITTLE * LITTLE {
            return None;
        }
        let mean = sums.map(|sum| (sum / count) as f32);
        let mut spread = [[0.0_f32; 3]; 3];
        for colour in colours() {
            let apart: [f32; 3] = std::array::from_fn(|part| f32::from(colour[part]) - mean[part]);
            for (row, one) in spread.iter_mut().zip(apart) {
                row.iter_mut()
                    .zip(apart)
                    .for_each(|(sum, other)| *sum += one * other / count as f32);
            }
        }
        let times = |axis: [f32; 3]| spread.map(|row| dot(row, axis));
        let mut axis = [0.7, -0.6, 0.4];
        for _ in 0..STEPS {
            let next = times(axis);
            let length = dot(next, next).sqrt();
            if length == 0.0 {
                return None;
            }
            axis = next.map(|part| part / length);
        }
        let along = dot(times(axis), axis);
        let hides = along > (TIMES * TIMES * variance).max(LITTLE * LITTLE);
        hides.then_some(Self { mean, axis })
    }

    fn level(&self, colour: [u8; 3]) -> u8 {
        let apart = std::array::from_fn(|part| f32::from(colour[part]) - self.mean[part]);
        (128.0 + dot(apart, self.axis)).round().clamp(0.0, 255.0) as u8
    }
}

fn dot(one: [f32; 3], other: [f32; 3]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
