use std::ops::Range;

/// A label that was read, and where.
///
/// ```
/// use letra_nn::decoding::BestPath;
///
/// // Three steps of two probabilities, of the blank and of label 1.
/// let symbols = BestPath::new().decode(2, &[0.9, 0.1, 0.2, 0.8, 0.3, 0.7])?;
/// assert_eq!((symbols[0].label, symbols[0].steps.clone()), (1, 1..3));
/// assert_eq!(symbols[0].confidence, 0.8);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Symbol {
    /// The label.
    pub label: u32,
    /// The steps that say it, at least one.
    pub steps: Range<usize>,
    /// The largest probability that one of these steps gives it, from 0 to 1: one step is enough to
    /// say a label.
    pub confidence: f32,
}

impl Symbol {
    /// A label that `steps` say, each with a probability.
    pub(super) fn new(label: u32, steps: Range<usize>, probability: impl Fn(usize) -> f32) -> Self {
        Symbol {
            label,
            confidence: steps.clone().map(probability).fold(0.0, f32::max),
            steps,
        }
    }
}

/// The labels of some symbols.
///
/// ```
/// use letra_nn::decoding::{BestPath, labels};
///
/// let said = [0.1, 0.9, 0.8, 0.2, 0.3, 0.7];
/// assert_eq!(labels(&BestPath::new().decode(2, &said)?), [1, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub fn labels(symbols: &[Symbol]) -> Vec<u32> {
    symbols.iter().map(|symbol| symbol.label).collect()
}
