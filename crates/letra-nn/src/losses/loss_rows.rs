use super::TargetRows;

/// Some whole samples of an output, and what a loss holds them to.
///
/// ```
/// use letra_nn::losses::{Loss, LossRows, MeanSquaredError, TargetRows};
///
/// // One sample of two places of a value each.
/// let rows = LossRows {
///     samples: 1,
///     units: 1,
///     output: &[1.0, 2.0],
///     targets: TargetRows::Values(&[0.0, 0.0]),
///     weights: None,
///     mask: None,
/// };
/// let mut gradient = [0.0; 2];
/// let sum = MeanSquaredError.evaluate_samples(&rows, 0.5, &mut gradient);
/// assert!((sum - 5.0).abs() < 1e-6, "{sum}");
/// assert_eq!(gradient, [1.0, 2.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LossRows<'a> {
    /// Number of samples, at least 1.
    pub samples: usize,
    /// Values of a row, the size of the output's last axis.
    pub units: usize,
    /// `[samples, places, units]`.
    pub output: &'a [f32],
    /// What the samples are held to, those of a sample together.
    pub targets: TargetRows<'a>,
    /// How much each sample counts or, where there are more, each place, 0 for padding: of as many rows
    /// each. Where there are none, all count alike.
    pub weights: Option<&'a [f32]>,
    /// `[samples, places]`: 0 for padding; nothing where there is none.
    pub mask: Option<&'a [f32]>,
}

impl LossRows<'_> {
    /// How much a sample counts, for a loss that is about samples as a whole: as its first row that is
    /// no padding does.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn weight(&self, sample: usize) -> f32 {
        let Some(weights) = self.weights else {
            return 1.0;
        };
        let each = weights.len() / self.samples;
        let of_sample = sample * each..(sample + 1) * each;
        let counts = |place: &usize| match self.mask {
            Some(mask) if mask.len() == weights.len() => mask[*place] != 0.0,
            _ => true,
        };
        of_sample
            .into_iter()
            .find(counts)
            .map_or(0.0, |place| weights[place])
    }
}
