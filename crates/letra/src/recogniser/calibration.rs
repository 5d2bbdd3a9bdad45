//! From likeness to probabilities.

use serde::{Deserialize, Serialize};

/// The largest number of a calibration; what is measured stays below 400.
const LARGEST: f32 = 1e6;

/// How likeness becomes probability. With *S* the mean likeness over *k* windows,
///
/// P(face | it is one of those known) = softmax(β(*k*) *S*),
/// P(none of them) = σ(*b* + *w* · max *S* + *u* · ln *k*),
///
/// β being what makes the families' probabilities as good as can be (the least cross-entropy, as
/// in temperature scaling: Guo, Pleiss, Sun and Weinberger 2017, section 4.2), at 1, 2, 4 and 8
/// windows and between them in proportion to ln *k*. For P(none), every reading is also taken
/// with its own family left out, as one of a family that is not known; of two
/// pictures one is thought to be of such a family, and all three are multiplied by 1.7, which makes the answers
/// on whole pictures as certain as they deserve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// β at 1, 2, 4 and 8 windows, above 0.
    pub sharpness: [f32; 4],
    /// *b*, *w* and *u*; zero, minus infinity's stand-in −30 for *b*, where only one family is known.
    pub none: [f32; 3],
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            sharpness: [20.0; 4],
            none: [-30.0, 0.0, 0.0],
        }
    }
}

impl Calibration {
    /// Says what is wrong with numbers from a file.
    pub(super) fn check(&self) -> Result<(), String> {
        let sharp = self.sharpness.iter().all(|b| *b > 0.0 && *b <= LARGEST);
        match sharp && self.none.iter().all(|number| number.abs() <= LARGEST) {
            true => Ok(()),
            false => Err("its calibration holds numbers that are out of range".into()),
        }
    }

    /// β for so many windows.
    fn sharpness_at(&self, windows: usize) -> f32 {
        let place = libm::log2f(windows.max(1) as f32).clamp(0.0, 3.0);
        let left = (place as usize).min(2);
        let [low, high] = [self.sharpness[left], self.sharpness[left + 1]];
        low + (high - low) * (place - left as f32)
    }

    /// Probability of each face, given that it is one of those known.
    pub fn of_faces(&self, likeness: &[f32], windows: usize) -> Vec<f32> {
        softmax(likeness, self.sharpness_at(windows))
    }

    /// Probability that it is none of those known.
    pub fn of_none(&self, likeness: &[f32], windows: usize) -> f32 {
        let [bias, weight, log] = self.none;
        let most = likeness.iter().copied().fold(-1.0, f32::max);
        let logit = bias + weight * most + log * libm::logf(windows.max(1) as f32);
        1.0 / (1.0 + libm::expf(-logit))
    }
}

pub(super) fn softmax(values: &[f32], sharpness: f32) -> Vec<f32> {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = values
        .iter()
        .map(|v| libm::expf(sharpness * (v - most)))
        .collect();
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(Calibration::default().check().is_ok());
        let mut wrong = Calibration::default();
        wrong.sharpness[2] = 0.0;
        assert!(wrong.check().is_err());
        wrong = Calibration::default();
        wrong.none[0] = f32::NAN;
        assert!(wrong.check().is_err());
        wrong = Calibration::default();
        wrong.none = [3e38, -3e38, 0.0];
        assert!(wrong.check().is_err());
    }
}
