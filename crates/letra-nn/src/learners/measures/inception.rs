use super::check;
use crate::{Error, Tensor};

/// How far a row's sum may be from 1.
const TOLERANCE: f64 = 1e-3;

/// The inception score of generated samples from the probabilities, `[samples, classes]`, that a classifier
/// gives them: exp of the mean divergence KL(*p*(*y* | *x*) ‖ *p*(*y*)), *p*(*y*) being the mean of all (Salimans et al.
/// 2016, section 4). From 1, where nothing tells the samples apart, to the number of classes, where each is
/// clearly of one and all are as frequent.
///
/// ```
/// use letra_nn::learners::inception_score;
/// use letra_nn::{Tensor, one_hot};
///
/// assert!((inception_score(&one_hot(&[0, 1, 2, 1, 0, 2], 3)?)? - 3.0).abs() < 1e-9);
/// assert!((inception_score(&one_hot(&[1, 1, 1], 3)?)? - 1.0).abs() < 1e-9);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// When there are no samples, or a row is not one of probabilities that add up to 1.
pub fn inception_score(probabilities: &Tensor) -> Result<f64, Error> {
    check(probabilities, 1)?;
    let (samples, classes) = (probabilities.samples(), probabilities.sample_values());
    let rows = || probabilities.data().chunks_exact(classes);
    for (sample, row) in rows().enumerate() {
        let sum: f64 = row.iter().map(|&p| f64::from(p)).sum();
        if row.iter().any(|&p| p < 0.0) || (sum - 1.0).abs() > TOLERANCE {
            return Err(Error::data(format!(
                "the probabilities of sample {sample} add up to {sum}, or one is below 0"
            ))
            .with_hint("give what a classifier predicts, after its softmax"));
        }
    }
    let mut mean = vec![0.0; classes];
    for row in rows() {
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, &p)| *sum += f64::from(p) / samples as f64);
    }
    let divergence = |row: &[f32]| -> f64 {
        let both = row.iter().zip(&mean).filter(|(p, _)| **p > 0.0);
        let terms = both.map(|(&p, mean)| f64::from(p) * libm::log(f64::from(p) / mean));
        terms.sum()
    };
    Ok(libm::exp(
        rows().map(divergence).sum::<f64>() / samples as f64,
    ))
}
