//! Dropout: units set to zero at random, the others scaled so that the expectation stays.

/// output = input / (1 − rate) where the unit's random word lies at or above rate · 2³², else 0.
///
/// `words`, uniform over all 32-bit values, decide which units are kept; the backward pass is the
/// same function on gradients with the same words. `rate` lies in [0, 1].
pub fn apply(rate: f32, words: &[u32], input: &[f32], output: &mut [f32]) {
    let threshold = (f64::from(rate) * 4_294_967_296.0) as u64;
    let scale = 1.0 / (1.0 - rate);
    for ((output, input), word) in output.iter_mut().zip(input).zip(words) {
        *output = if u64::from(*word) < threshold {
            0.0
        } else {
            input * scale
        };
    }
}
