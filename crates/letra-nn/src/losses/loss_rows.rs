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
    /// `[samples]`: how much each sample counts, where they differ.
    pub weights: Option<&'a [f32]>,
}
