//! What ground, light, lens and sensor do to a picture of grey levels, 0 to 255 in 32 bits.

use std::sync::LazyLock;

use crate::random::Random;

/// A picture of grey levels in rows, and the memory for changing it.
#[derive(Debug, Default)]
pub(crate) struct Greys {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) levels: Vec<f32>,
    pub(crate) spare: Vec<f32>,
}

impl Greys {
    /// Takes a size; the levels are whatever they were.
    pub(crate) fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.levels.resize(width * height, 0.0);
    }
}

/// Binary logarithms of the shares of ink that 0 to 255 stand for.
static LOGARITHMS: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|share| libm::log2f(share as f32 / 255.0)));

/// Lays ink on the ground: `shares` are 0 to 255 and raised to `gamma`, a number above 0.
#[inline(always)]
pub(crate) fn lay_ink(greys: &mut Greys, shares: &[u8], ink: f32, ground: f32, gamma: f32) {
    let table = LOGARITHMS.map(|share| ground + (ink - ground) * power_of_two(gamma * share));
    for (level, &share) in greys.levels.iter_mut().zip(shares) {
        *level = table[usize::from(share)];
    }
}

/// Lays ink over whatever is there, as [`lay_ink`] does on a ground of one level.
#[inline(always)]
pub(crate) fn lay_over(greys: &mut Greys, shares: &[u8], ink: f32, gamma: f32) {
    let table = LOGARITHMS.map(|share| power_of_two(gamma * share));
    for (level, &share) in greys.levels.iter_mut().zip(shares) {
        *level += (ink - *level) * table[usize::from(share)];
    }
}

/// 2 to the power of a number of at most 0, to six digits: a Taylor series around the nearest whole
/// number. Unlike a library's function it is computed for many numbers at once, and unlike the
/// platform's it has the same bits everywhere.
#[inline(always)]
fn power_of_two(exponent: f32) -> f32 {
    let exponent = exponent.max(-126.0);
    let whole = (exponent - 0.5) as i32;
    let x = (exponent - whole as f32) * std::f32::consts::LN_2;
    let series = 1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0))));
    series * f32::from_bits(((whole + 127) as u32) << 23)
}

/// Stains: slow waves of light and dark, each up to `amount` grey levels, from values on a grid
/// of about `cell` pixels joined smoothly (K. Perlin's value noise, 1985).
#[inline(always)]
pub(crate) fn stain(greys: &mut Greys, amount: f32, cell: f32, random: &mut Random) {
    let columns = (greys.width as f32 / cell) as usize + 2;
    let rows = (greys.height as f32 / cell) as usize + 2;
    greys.spare.clear();
    greys
        .spare
        .extend((0..columns * rows).map(|_| random.between((-amount, amount))));
    let smooth = |share: f32| share * share * (3.0 - 2.0 * share);
    let width = greys.width;
    // The smooth shares of all columns, and one row of the grid, follow the grid itself.
    greys
        .spare
        .extend((0..width).map(|column| smooth((column as f32 / cell).fract())));
    greys.spare.extend((0..columns).map(|_| 0.0));
    let (grid, rest) = greys.spare.split_at_mut(columns * rows);
    let (shares, line) = rest.split_at_mut(width);
    for (row, levels) in greys.levels.chunks_exact_mut(width).enumerate() {
        let y = row as f32 / cell;
        let (above, v) = (y as usize, smooth(y.fract()));
        let (upper, lower) = (&grid[above * columns..], &grid[(above + 1) * columns..]);
        for ((level, upper), lower) in line.iter_mut().zip(upper).zip(lower) {
            *level = upper + (lower - upper) * v;
        }
        let mut from = 0;
        for index in 1..columns {
            let to = ((index as f32 * cell).ceil() as usize).min(width);
            let (left, right) = (line[index - 1], line[index]);
            for (level, share) in levels[from..to].iter_mut().zip(&shares[from..to]) {
                *level += left + (right - left) * share;
            }
            from = to;
        }
    }
}

/// Light that changes across the picture: by the factor `1 + right` at the right edge and
/// `1 - right` at the left, and so from top to bottom.
#[inline(always)]
pub(crate) fn shade(greys: &mut Greys, (right, down): (f32, f32)) {
    let (width, height) = (greys.width as f32, greys.height as f32);
    for (row, levels) in greys.levels.chunks_exact_mut(greys.width).enumerate() {
        let of_row = 1.0 + down * (2.0 * row as f32 / height - 1.0) - right;
        let step = 2.0 * right / width;
        for (column, level) in levels.iter_mut().enumerate() {
            *level *= of_row + step * column as f32;
        }
    }
}

/// Blurs with a Gaussian of a standard deviation in pixels, up to 2; the edge goes on beyond
/// itself.
///
/// The weights are those of the Gaussian's discrete kin, e⁻ᵗ Iₙ(t) with the variance t (T.
/// Lindeberg, Scale-space for discrete signals, 1990), which is exact for small deviations too.
#[inline(always)]
pub(crate) fn blur(greys: &mut Greys, deviation: f32) {
    const REACH: usize = 7;
    let reach = ((3.0 * deviation).ceil() as usize).clamp(1, REACH);
    let mut weights = [0.0; REACH + 1];
    for (tap, weight) in weights.iter_mut().enumerate().take(reach + 1) {
        *weight = bessel(tap, deviation * deviation);
    }
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let (width, height) = (greys.width, greys.height);
    greys.spare.resize(width + 2 * REACH, 0.0);
    for row in greys.levels.chunks_exact_mut(width) {
        let (first, last) = (row[0], row[width - 1]);
        greys.spare[..REACH].fill(first);
        greys.spare[REACH..REACH + width].copy_from_slice(row);
        greys.spare[REACH + width..][..REACH].fill(last);
        let middle = &greys.spare[REACH..][..width];
        for (level, from) in row.iter_mut().zip(middle) {
            *level = weights[0] * from;
        }
        for tap in 1..=reach {
            let before = &greys.spare[REACH - tap..][..width];
            let after = &greys.spare[REACH + tap..][..width];
            let weight = weights[tap];
            for ((level, one), other) in row.iter_mut().zip(before).zip(after) {
                *level += weight * (one + other);
            }
        }
    }
    greys.spare.resize(width * height, 0.0);
    for row in 0..height {
        let target = &mut greys.spare[row * width..][..width];
        let source = |row: usize| &greys.levels[row * width..][..width];
        for (level, from) in target.iter_mut().zip(source(row)) {
            *level = weights[0] * from;
        }
        for tap in 1..=reach {
            let above = source(row.saturating_sub(tap));
            let below = source((row + tap).min(height - 1));
            let weight = weights[tap];
            for ((level, one), other) in target.iter_mut().zip(above).zip(below) {
                *level += weight * (one + other);
            }
        }
    }
    std::mem::swap(&mut greys.levels, &mut greys.spare);
}

/// The modified Bessel function Iₙ(t) by its series, for t up to about 4.
fn bessel(order: usize, t: f32) -> f32 {
    let half = t / 2.0;
    let mut term = (1..=order).fold(1.0, |term, factor| term * half / factor as f32);
    let mut sum = term;
    for index in 1..12 {
        term *= half * half / (index * (index + order)) as f32;
        sum += term;
    }
    sum
}

/// Adds noise of a standard deviation in grey levels to every pixel: sums of four even numbers,
/// which are close to normal (Irwin and Hall).
#[inline(always)]
pub(crate) fn add_noise(greys: &mut Greys, deviation: f32, random: &mut Random) {
    const LANES: usize = 8;
    /// Standard deviation of the sum of four bytes, √(4 (256² − 1) / 12), and their mean.
    const OF_SUM: f32 = 147.8;
    const MEAN: f32 = 510.0;
    let scale = deviation / OF_SUM;
    // Eight xorshift generators side by side (G. Marsaglia, Xorshift RNGs, 2003); none may be 0.
    let mut states: [u32; LANES] = std::array::from_fn(|_| random.next() as u32 | 1);
    let mut noise = || {
        for state in &mut states {
            *state ^= *state << 13;
            *state ^= *state >> 17;
            *state ^= *state << 5;
        }
        states.map(|state| {
            let pairs = (state & 0x00ff_00ff) + (state >> 8 & 0x00ff_00ff);
            let sum = (pairs & 0xffff) + (pairs >> 16);
            (sum as i32 as f32 - MEAN) * scale
        })
    };
    let (whole, rest) = greys.levels.as_chunks_mut::<LANES>();
    for levels in whole {
        for (level, noise) in levels.iter_mut().zip(noise()) {
            *level += noise;
        }
    }
    for (level, noise) in rest.iter_mut().zip(noise()) {
        *level += noise;
    }
}

/// Holds every level between 0 and 255, as a file does.
#[inline(always)]
pub(crate) fn clip(greys: &mut Greys) {
    for level in &mut greys.levels {
        *level = level.clamp(0.0, 255.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(width: usize, height: usize, level: f32) -> Greys {
        let mut greys = Greys::default();
        greys.resize(width, height);
        greys.levels.fill(level);
        greys
    }

    fn deviation(levels: &[f32]) -> (f32, f32) {
        let count = levels.len() as f32;
        let mean = levels.iter().sum::<f32>() / count;
        let squares: f32 = levels.iter().map(|level| (level - mean).powi(2)).sum();
        (mean, (squares / count).sqrt())
    }

    #[test]
    fn powers_of_two_have_six_digits() {
        for step in 0..=12_600 {
            let exponent = step as f32 / -100.0;
            let (found, wanted) = (power_of_two(exponent), f64::from(exponent).exp2());
            let error = (f64::from(found) / wanted - 1.0).abs();
            assert!(error < 1e-5, "{found} for {wanted}");
        }
        assert_eq!(power_of_two(0.0), 1.0);
        assert!(power_of_two(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn noise_has_the_deviation_asked_for() {
        let mut greys = flat(203, 101, 100.0);
        add_noise(&mut greys, 8.0, &mut Random::seeded(1));
        let (mean, of) = deviation(&greys.levels);
        assert!(
            (mean - 100.0).abs() < 0.3 && (of - 8.0).abs() < 0.2,
            "{mean} {of}"
        );
    }

    #[test]
    fn blur_spreads_a_point_as_a_gaussian_and_keeps_its_light() {
        for of in [0.4, 1.0, 1.4] {
            let mut greys = flat(31, 33, 0.0);
            greys.levels[16 * 31 + 15] = 1000.0;
            blur(&mut greys, of);
            let sum: f32 = greys.levels.iter().sum();
            assert!((sum - 1000.0).abs() < 0.1);
            let spread: f32 = (0..31 * 33)
                .map(|pixel| greys.levels[pixel] * ((pixel % 31) as f32 - 15.0).powi(2))
                .sum();
            let spread = (spread / sum).sqrt();
            assert!((spread - of).abs() < 0.12 * of + 0.02, "{spread} for {of}");
        }
        let mut greys = flat(9, 5, 77.0);
        blur(&mut greys, 1.4);
        assert!(greys.levels.iter().all(|level| (level - 77.0).abs() < 1e-3));
    }

    #[test]
    fn stains_and_shading_stay_within_their_ranges() {
        let mut greys = flat(160, 40, 100.0);
        stain(&mut greys, 20.0, 37.5, &mut Random::seeded(2));
        assert!(
            greys
                .levels
                .iter()
                .all(|level| (80.0..=120.0).contains(level))
        );
        assert!(deviation(&greys.levels).1 > 3.0);
        let mut greys = flat(160, 40, 100.0);
        shade(&mut greys, (0.3, -0.2));
        assert!(
            greys
                .levels
                .iter()
                .all(|level| (49.0..=151.0).contains(level))
        );
        assert!(greys.levels[159] > greys.levels[0] + 55.0);
    }
}
