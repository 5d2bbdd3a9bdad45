//! A range that a number is drawn from.

use serde::{Deserialize, Serialize};

use crate::error::BuildError;

/// The range that a number is drawn from, each value as likely as any other. One number *f*
/// stands for −*f* to *f*, a pair for its lower and upper bound.
///
/// ```
/// use letra_nn::layers::Factor;
///
/// assert_eq!(Factor::from(0.2), Factor::from([-0.2, 0.2]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    lower: f32,
    upper: f32,
}

impl From<f32> for Factor {
    fn from(factor: f32) -> Self {
        Factor {
            lower: -factor.abs(),
            upper: factor.abs(),
        }
    }
}

impl From<[f32; 2]> for Factor {
    fn from([lower, upper]: [f32; 2]) -> Self {
        Factor { lower, upper }
    }
}

impl Factor {
    /// Refuses what is no range between `least` and `most`.
    pub(crate) fn check(self, name: &str, least: f32, most: f32) -> Result<(), BuildError> {
        let Factor { lower, upper } = self;
        if least <= lower && lower <= upper && upper <= most {
            return Ok(());
        }
        Err(
            BuildError::configuration(format!("has a {name} from {lower} to {upper}")).with_hint(
                format!(
                    "give one number, or a lower and an upper bound, between {least} and {most}"
                ),
            ),
        )
    }

    /// The value at a share, in [0, 1), of the range.
    pub(crate) fn at(self, share: f64) -> f64 {
        let (lower, upper) = (f64::from(self.lower), f64::from(self.upper));
        lower + (upper - lower) * share
    }
}
