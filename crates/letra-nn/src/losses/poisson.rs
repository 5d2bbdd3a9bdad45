use serde::{Deserialize, Serialize};

use super::{EPSILON, Loss, TargetRows, by_value, check_values};
use crate::Error;
use crate::dataset::Targets;

/// The mean of *y* − *t* log(*y* + ε) over all values of all samples, ε being 10⁻⁷, as in Keras: but for
/// a term of the targets alone the negative log-likelihood of counts *t* that are expected to be
/// *y*, with *t* of 0 or more.
///
/// Its gradient is (1 − *t* / (*y* + ε)) / (samples · units). Outputs are to be above 0, such as
/// those of a sigmoid: of what is not, the logarithm is no number.
///
/// ```
/// # use letra_nn::prelude::*;
/// let compile = Compile::new(Adam::new(0.01)).loss(Poisson);
/// assert!(Sequential::new([3]).add(Dense::new(2).sigmoid()).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Poisson;

impl Loss for Poisson {
    named!("poisson");

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_values(units, targets)?;
        let Targets::Values(values) = targets else {
            return Ok(());
        };
        match values.data().iter().find(|value| **value < 0.0) {
            None => Ok(()),
            Some(value) => Err(
                Error::data(format!("a target of the Poisson loss is {value}"))
                    .with_hint("give counts of 0 or more, or take another loss"),
            ),
        }
    }

    evaluated_by!(self, |output, targets, scale, gradient| {
        by_value(output, targets, scale, gradient, |y, t| {
            (y - t * libm::log(y + EPSILON), 1.0 - t / (y + EPSILON))
        })
    });
}
