use super::check_pair;
use super::eigen::Matrix;
use crate::{Error, Tensor};

/// Values of a sample at most: the work grows with their cube.
const MOST_VALUES: usize = 4096;

/// The Fréchet distance of two sets of features, `[samples, …]`, each taken for normally distributed with
/// the mean μ and the covariance Σ that it has (Dowson and Landau 1982; Heusel, Ramsauer, Unterthiner,
/// Nessler and Hochreiter 2017, eq. 6):
///
/// *d*² = ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½).
///
/// It is *d*² that the field calls the distance, and that this gives; 0 where both are the same. Sums are
/// over *n* − 1, and all is in double precision. Of few samples it is too high: compare sets of one size, of
/// several samples to a feature.
///
/// ```
/// use letra_nn::learners::frechet_distance;
/// use letra_nn::Tensor;
///
/// let real = Tensor::new([4, 1], vec![-1.0, 0.0, 1.0, 2.0])?;
/// let moved = Tensor::new([4, 1], vec![1.0, 2.0, 3.0, 4.0])?;
/// assert!((frechet_distance(&real, &moved)? - 4.0).abs() < 1e-9);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// When a set has fewer than two samples, they do not have as many values, or more than 4,096, or one is no
/// number.
pub fn frechet_distance(first: &Tensor, second: &Tensor) -> Result<f64, Error> {
    check_pair(first, second, 2)?;
    let values = first.sample_values();
    if values > MOST_VALUES {
        return Err(Error::data(format!("samples have {values} values"))
            .with_hint(format!("compare features, of at most {MOST_VALUES} values")));
    }
    let ([mean, other], [left, right]) = {
        let (mean, left) = moments(first);
        let (other, right) = moments(second);
        ([mean, other], [left, right])
    };
    let apart = mean.iter().zip(&other).map(|(a, b)| (a - b) * (a - b));
    let root = left.square_root();
    let (eigenvalues, _) = symmetric(root.times(&right).times(&root)).eigen();
    let of_root = eigenvalues.iter().map(|value| value.max(0.0).sqrt());
    let spread = left.trace() + right.trace() - 2.0 * of_root.sum::<f64>();
    Ok(apart.sum::<f64>() + spread)
}

/// The mean and the covariance of a set.
fn moments(samples: &Tensor) -> (Vec<f64>, Matrix) {
    let (count, size) = (samples.samples(), samples.sample_values());
    let mut mean = vec![0.0; size];
    for sample in samples.data().chunks_exact(size) {
        mean.iter_mut()
            .zip(sample)
            .for_each(|(sum, value)| *sum += f64::from(*value));
    }
    mean.iter_mut().for_each(|sum| *sum /= count as f64);
    let mut covariance = Matrix::zeros(size);
    let mut apart = vec![0.0; size];
    for sample in samples.data().chunks_exact(size) {
        for (apart, (value, mean)) in apart.iter_mut().zip(sample.iter().zip(&mean)) {
            *apart = f64::from(*value) - mean;
        }
        for (row, left) in covariance.values.chunks_exact_mut(size).zip(&apart) {
            row.iter_mut()
                .zip(&apart)
                .for_each(|(sum, right)| *sum += left * right);
        }
    }
    covariance
        .values
        .iter_mut()
        .for_each(|sum| *sum /= (count - 1) as f64);
    (mean, covariance)
}

/// What rounding made unsymmetric, symmetric.
fn symmetric(mut matrix: Matrix) -> Matrix {
    let size = matrix.size;
    for row in 0..size {
        for column in 0..row {
            let (here, there) = (row * size + column, column * size + row);
            let mean = 0.5 * (matrix.values[here] + matrix.values[there]);
            (matrix.values[here], matrix.values[there]) = (mean, mean);
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Domain, Random};

    fn drawn(samples: usize, scales: &[f32], offset: f32) -> Tensor {
        let random = Random::new(2, Domain::Data, scales.len(), 0);
        let row = |sample: usize| {
            let normal = random.normal(sample, scales.len());
            let both = normal.into_iter().zip(scales.to_vec());
            both.map(move |(value, scale)| scale * value + offset)
        };
        let values = (0..samples).flat_map(row).collect();
        Tensor::new([samples, scales.len()], values).unwrap()
    }

    #[test]
    fn of_stretched_and_moved_samples_it_is_known() {
        // Σ₂ = c² Σ₁, and so tr(…) = (1 − c)² tr Σ₁.
        let first = drawn(500, &[1.0, 2.0, 0.5], 0.0);
        let values = first.data().iter().map(|value| 3.0 * value).collect();
        let second = Tensor::new([500, 3], values).unwrap();
        let (mean, covariance) = moments(&first);
        let moved: f64 = mean.iter().map(|mean| 4.0 * mean * mean).sum();
        let wanted = moved + 4.0 * covariance.trace();
        let found = frechet_distance(&first, &second).unwrap();
        assert!(
            (found - wanted).abs() < 1e-5 * wanted,
            "{found} for {wanted}"
        );
        assert!(frechet_distance(&first, &first).unwrap().abs() < 1e-9);
    }

    #[test]
    fn it_comes_near_to_that_of_the_distributions() {
        // Independent values: Σ (σ₁ − σ₂)² + Σ (μ₁ − μ₂)².
        let first = drawn(4000, &[1.0, 2.0], 0.0);
        let second = drawn(4000, &[2.0, 0.5], 1.0);
        let found = frechet_distance(&first, &second).unwrap();
        assert!((found - (1.0 + 2.25 + 2.0)).abs() < 0.3, "{found}");
    }

    #[test]
    fn more_values_than_samples_give_a_number() {
        let (first, second) = (drawn(3, &[1.0; 8], 0.0), drawn(4, &[1.5; 8], 0.1));
        let found = frechet_distance(&first, &second).unwrap();
        assert!(found.is_finite() && found > 0.0);
    }
}
