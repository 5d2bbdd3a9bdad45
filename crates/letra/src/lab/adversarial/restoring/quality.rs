//! How near pictures are to what they should be.

/// The peak signal-to-noise ratio in decibels of values from 0 to 1: −10 log₁₀ of the mean squared error.
pub(in crate::lab::adversarial) fn psnr(one: &[f32], other: &[f32]) -> f64 {
    let squares = one.iter().zip(other).map(|(a, b)| f64::from(a - b).powi(2));
    -10.0
        * (squares.sum::<f64>() / one.len().max(1) as f64)
            .max(1e-10)
            .log10()
}

/// Pixels on each side of the middle of a window, and its standard deviation.
const REACH: usize = 5;
const SIGMA: f64 = 1.5;

/// The structural similarity of two pictures in rows of `width` values from 0 to 1, mean over all windows of 11 × 11
/// pixels inside (Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment: from error visibility to structural
/// similarity", eq. 13, with the paper's Gaussian window and constants). Pictures smaller than a window have none.
pub(in crate::lab::adversarial) fn ssim(one: &[f32], other: &[f32], width: usize) -> Option<f64> {
    const C1: f64 = 0.01 * 0.01;
    const C2: f64 = 0.03 * 0.03;
    let height = one.len() / width.max(1);
    if width <= 2 * REACH || height <= 2 * REACH {
        return None;
    }
    let smoothed = |of: &dyn Fn(f64, f64) -> f64| {
        let values = one
            .iter()
            .zip(other)
            .map(|(a, b)| of(f64::from(*a), f64::from(*b)));
        smoothed(&values.collect::<Vec<_>>(), width)
    };
    let [a, b] = [smoothed(&|a, _| a), smoothed(&|_, b| b)];
    let [aa, bb] = [smoothed(&|a, _| a * a), smoothed(&|_, b| b * b)];
    let ab = smoothed(&|a, b| a * b);
    let similarity = |place: usize| {
        let (a, b) = (a[place], b[place]);
        let variances = (aa[place] - a * a) + (bb[place] - b * b);
        let covariance = ab[place] - a * b;
        (2.0 * a * b + C1) * (2.0 * covariance + C2) / ((a * a + b * b + C1) * (variances + C2))
    };
    Some((0..a.len()).map(similarity).sum::<f64>() / a.len() as f64)
}

/// The picture under a Gaussian window, where that lies inside.
fn smoothed(values: &[f64], width: usize) -> Vec<f64> {
    let weight = |place: usize| {
        let away = place as f64 - REACH as f64;
        (-away * away / (2.0 * SIGMA * SIGMA)).exp()
    };
    let all: f64 = (0..=2 * REACH).map(weight).sum();
    let weights: Vec<f64> = (0..=2 * REACH).map(|place| weight(place) / all).collect();
    let inside = width - 2 * REACH;
    let height = values.len() / width;
    let mut across = Vec::with_capacity(inside * height);
    for row in values.chunks_exact(width) {
        across.extend(row.windows(weights.len()).map(|some| dot(some, &weights)));
    }
    let column = |top: usize, column: usize| {
        let rows = weights.iter().enumerate();
        rows.map(|(row, weight)| weight * across[(top + row) * inside + column])
            .sum()
    };
    let rows = 0..height - 2 * REACH;
    rows.flat_map(|row| (0..inside).map(move |place| (row, place)))
        .map(|(row, place)| column(row, place))
        .collect()
}

fn dot(values: &[f64], weights: &[f64]) -> f64 {
    values
        .iter()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_ratio_that_it_should() {
        let (one, other) = (vec![0.5; 100], vec![0.6; 100]);
        assert!((psnr(&one, &other) - 20.0).abs() < 1e-4);
        assert!(psnr(&one, &one) >= 99.0);
    }

    #[test]
    fn similarity_is_one_for_the_same_and_the_formula_for_flat_pictures() {
        let one: Vec<f32> = (0..20 * 15)
            .map(|place| (place as f32 * 0.7).sin().abs())
            .collect();
        assert!((ssim(&one, &one, 20).unwrap() - 1.0).abs() < 1e-9);
        let turned: Vec<f32> = one.iter().map(|value| 1.0 - value).collect();
        assert!(ssim(&one, &turned, 20).unwrap() < 0.3);
        let flat = ssim(&[0.2; 300], &[0.4; 300], 20).unwrap();
        let expected = (2.0 * 0.08 + 1e-4) / (0.04 + 0.16 + 1e-4);
        assert!((flat - expected).abs() < 1e-5, "{flat}");
        assert_eq!(ssim(&[0.0; 100], &[0.0; 100], 10), None);
    }
}
