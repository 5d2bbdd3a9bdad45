use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_rate};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{self, Rate};

/// While training, sets each value to zero with probability *p* = `rate` and multiplies the
/// others by 1 / (1 − *p*); when predicting, it rests (Srivastava, Hinton, Krizhevsky,
/// Sutskever and Salakhutdinov 2014, section 10, in the "inverted" form that Keras uses):
///
/// *y* = *m* ⊙ *x* / (1 − *p*), *m* ~ Bernoulli(1 − *p*), ∂*x* = *m* ⊙ ∂*y* / (1 − *p*).
///
/// **Scaling.** The first form of dropout (Hinton, Srivastava, Krizhevsky, Sutskever and
/// Salakhutdinov 2012) does not scale while training, and when predicting multiplies all
/// weights after the dropped values by 1 − *p*, so that a unit gets the input that it got on
/// average. The two are the same network with its weights in other units: weights *V* under
/// the first form are *W* = (1 − *p*) *V* here. Each thinned network computes
/// (*m* ⊙ *x*) · *V* = (*m* ⊙ *x* / (1 − *p*)) · *W*, and the one that predicts
/// *x* · (1 − *p*) *V* = *x* · *W*. Here nothing is left to do when predicting.
///
/// **An ensemble.** With *n* values there are 2ⁿ masks, each a thinned network, all sharing
/// their weights; training picks one for each sample and step. For one layer of softmax units
/// after the dropout, the network that predicts is exactly the normalised geometric mean of
/// all thinned networks, each weighted by the probability of its mask, as the mean of
/// *m* ⊙ *x* / (1 − *p*) is *x* (Hinton et al. 2012; Baldi and Sadowski, "Understanding
/// dropout", NIPS 2013, on the normalised weighted geometric mean). For a linear layer it is their arithmetic mean; for deeper networks it is
/// an approximation of it, close to the mean where the members differ little.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([3]).add(Dropout::new(0.5)).build(0)?;
/// // When predicting, it does nothing.
/// let given = network.predict(&Tensor::new([1, 3], vec![1.0, 2.0, 3.0])?)?;
/// assert_eq!(given.data(), [1.0, 2.0, 3.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dropout {
    rate: f32,
}

impl Dropout {
    /// Drops values with probability `rate`, from 0 up to but not including 1.
    pub fn new(rate: f32) -> Self {
        Dropout { rate }
    }
}

impl Layer for Dropout {
    named!("dropout");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_rate(self.rate, "share that is dropped")?;
        let (input, _) = emit.single_input(inputs)?;
        let rate = Rate::Constant(self.rate);
        emit.output(ops::Dropout { rate }, &[input], &[])
    }
}
