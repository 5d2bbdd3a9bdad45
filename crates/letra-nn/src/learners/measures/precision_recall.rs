use rayon::prelude::*;

use super::{check_pair, squared_distance};
use crate::{Error, Tensor};

/// How much of what is generated looks real, and how much of what is real is generated.
///
/// ```
/// use letra_nn::learners::precision_and_recall;
/// use letra_nn::Tensor;
///
/// // Of two groups, one alone is generated.
/// let real = Tensor::new([4, 1], vec![0.0, 0.1, 5.0, 5.1])?;
/// let generated = Tensor::new([2, 1], vec![0.02, 0.07])?;
/// let found = precision_and_recall(&real, &generated, 1)?;
/// assert_eq!((found.precision, found.recall), (1.0, 0.5));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PrecisionAndRecall {
    /// The share of generated samples that lie among the real ones.
    pub precision: f64,
    /// The share of real samples that lie among the generated ones.
    pub recall: f64,
}

/// Precision and recall of generated features, `[samples, …]`, against those of real samples
/// (Kynkäänniemi, Karras, Laine, Lehtinen and Aila 2019, eqs. 1 and 2). A sample lies among a set where it is
/// no farther from one of the set's than that one's `neighbours`th nearest in the set, 3 in the paper.
///
/// # Errors
/// When there are no neighbours, a set has no more samples than that, they do not have as many values, or one
/// is no number.
pub fn precision_and_recall(
    real: &Tensor,
    generated: &Tensor,
    neighbours: usize,
) -> Result<PrecisionAndRecall, Error> {
    if neighbours == 0 {
        return Err(
            Error::configuration("the nearest 0 neighbours are asked for")
                .with_hint("take at least 1, such as 3"),
        );
    }
    check_pair(real, generated, neighbours.saturating_add(1))?;
    Ok(PrecisionAndRecall {
        precision: share(real, generated, neighbours),
        recall: share(generated, real, neighbours),
    })
}

/// The share of some samples that lie among others.
fn share(among: &Tensor, samples: &Tensor, neighbours: usize) -> f64 {
    let reaches: Vec<f64> = (0..among.samples())
        .into_par_iter()
        .map(|own| {
            let others = (0..among.samples()).filter(|other| *other != own);
            let distance = |other| squared_distance(among.sample(own), among.sample(other));
            let mut distances: Vec<f64> = others.map(distance).collect();
            let (_, reach, _) = distances.select_nth_unstable_by(neighbours - 1, f64::total_cmp);
            *reach
        })
        .collect();
    let lies = |sample: &usize| {
        let own = samples.sample(*sample);
        let mut known = reaches.iter().enumerate();
        known.any(|(index, reach)| squared_distance(among.sample(index), own) <= *reach)
    };
    let count = (0..samples.samples()).into_par_iter().filter(lies).count();
    count as f64 / samples.samples() as f64
}
