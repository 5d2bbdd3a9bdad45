use std::fmt::Debug;

/// How probable it is that a text goes on in some way.
///
/// ```
/// use letra_nn::decoding::{BeamSearch, LanguageModel};
///
/// /// Knows only that label 2 follows label 1 more often than not.
/// #[derive(Debug)]
/// struct Pairs;
///
/// impl LanguageModel for Pairs {
///     fn log_probability(&self, prefix: &[u32], next: u32) -> f64 {
///         match (prefix.last(), next) {
///             (Some(1), 2) => 0.9_f64.ln(),
///             (Some(1), _) => 0.1_f64.ln(),
///             _ => 0.5_f64.ln(),
///         }
///     }
/// }
///
/// // A label, a blank, and one of two labels.
/// let said = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.6, 0.4];
/// let (alone, helped) = (BeamSearch::new(), BeamSearch::new().language_model(&Pairs, 1.0));
/// assert_eq!(alone.decode(3, &said)?[0].labels, [1, 1]);
/// assert_eq!(helped.decode(3, &said)?[0].labels, [1, 2]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait LanguageModel: Debug + Send + Sync {
    /// ln of the probability that the label `next` comes after the labels `prefix`, those of the text
    /// from its beginning: 0 or less, −∞ where it cannot.
    fn log_probability(&self, prefix: &[u32], next: u32) -> f64;

    /// ln of the probability that the text ends after `prefix`; 0, which tells nothing, unless a model
    /// says otherwise.
    fn end_log_probability(&self, _prefix: &[u32]) -> f64 {
        0.0
    }
}
