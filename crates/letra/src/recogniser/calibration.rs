//! From likeness to probabilities.

use serde::{Deserialize, Serialize};

/// Numbers of windows that certainty is measured at.
pub(super) const WINDOWS: [usize; 4] = [1, 2, 4, 8];

/// The largest number of a calibration; what is measured stays below 400.
const LARGEST: f32 = 1e6;

/// What windows of one typeface show of whether it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The largest likeness to a face that is known.
    pub known: f32,
    /// The largest likeness to a stranger that was learnt; that to a known face where there are none.
    pub stranger: f32,
    /// How much the windows agree: the length of their mean embedding, 0 to 1.
    pub agreement: f32,
    /// How many they are.
    pub windows: usize,
}

/// How likeness becomes probability. With *S* the mean likeness over *k* windows,
///
/// P(face | it is one of those known) = softmax(β(*k*) *S*),
/// P(none of them) = σ(*b* + *w* · *o* + *m* · (*c* − *o*) + *a* · *l* + *u* · ln *k*),
///
/// β being what makes the families' probabilities as good as can be (the least cross-entropy, as
/// in temperature scaling: Guo, Pleiss, Sun and Weinberger 2017, section 4.2), at 1, 2, 4 and 8
/// windows and between them in proportion to ln *k*. For P(none), *o* is the largest likeness to a known face,
/// *c* that to a stranger that was learnt (Hendrycks, Mazeika and Dietterich 2019, "outlier exposure"), *l* the
/// length of the mean embedding. It is measured on strangers that were not learnt; where there are none, every
/// reading is also taken with its own family left out, as one of a family that is not known. Of ten pictures
/// one is thought to be of such a family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// β at 1, 2, 4 and 8 windows, above 0.
    pub sharpness: [f32; 4],
    /// *b*, *w* and *u*; zero, minus infinity's stand-in −30 for *b*, where only one family is known.
    pub none: [f32; 3],
    /// *m*.
    #[serde(default)]
    pub stranger: f32,
    /// *a*.
    #[serde(default)]
    pub agreement: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            sharpness: [20.0; 4],
            none: [-30.0, 0.0, 0.0],
            stranger: 0.0,
            agreement: 0.0,
        }
    }
}

impl Calibration {
    /// Says what is wrong with numbers from a file.
    pub(super) fn check(&self) -> Result<(), String> {
        let sharp = self.sharpness.iter().all(|b| *b > 0.0 && *b <= LARGEST);
        let mut others = self.none.iter().chain([&self.stranger, &self.agreement]);
        match sharp && others.all(|number| number.abs() <= LARGEST) {
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
    pub fn of_none(&self, evidence: &Evidence) -> f32 {
        let [bias, weight, log] = self.none;
        let logit = bias
            + weight * evidence.known
            + self.stranger * (evidence.stranger - evidence.known)
            + self.agreement * evidence.agreement
            + log * log_of(evidence.windows);
        1.0 / (1.0 + libm::expf(-logit))
    }
}

/// ln *k* of so many windows, for P(none); more than certainty is measured at count as the most.
pub(super) fn log_of(windows: usize) -> f32 {
    libm::logf(windows.clamp(1, WINDOWS[WINDOWS.len() - 1]) as f32)
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
