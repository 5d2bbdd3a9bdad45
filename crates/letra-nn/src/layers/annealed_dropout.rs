use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_rate};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Dropout, Rate};

/// Dropout whose rate falls in a straight line from `rate` to nothing over `steps` training
/// steps, and stays there:
///
/// *p*\[*t*\] = max(0, 1 − *t* / *N*) · *p*\[0\]
///
/// (Rennie, Goel and Thomas, "Annealed dropout training of deep networks", SLT 2014, the
/// linear schedule). *t* counts the network's training steps from 0, so a schedule of *e*
/// epochs has *e* times as many steps as an epoch has batches; a training that is saved and
/// taken up again goes on where it stood. Training starts in an ensemble of small networks
/// and ends in the whole one, with full support for units that rely on each other.
///
/// At each step it works like [`Dropout`](super::Dropout) at that rate: values are zero with
/// probability *p*\[*t*\], the others are multiplied by 1 / (1 − *p*\[*t*\]), and gradients
/// likewise; it rests when predicting.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let dropout = AnnealedDropout::new(0.5, 100);
/// assert_eq!((dropout.rate_at(0), dropout.rate_at(100)), (0.5, 0.0));
/// let network = Sequential::new([8]).add(Dense::new(4).relu()).add(dropout).build(0)?;
/// assert_eq!(network.output_shape(), [4]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnnealedDropout {
    rate: f32,
    steps: u64,
}

impl AnnealedDropout {
    /// Drops values with probability `rate`, from 0 up to but not including 1, in the first
    /// step, and none from step number `steps` on, at least 1.
    pub fn new(rate: f32, steps: u64) -> Self {
        AnnealedDropout { rate, steps }
    }

    /// The rate in training step number `step`, counted from 0.
    pub fn rate_at(&self, step: u64) -> f32 {
        self.schedule().at(step)
    }

    fn schedule(&self) -> Rate {
        Rate::Annealed {
            first: self.rate,
            steps: self.steps,
        }
    }
}

impl Layer for AnnealedDropout {
    named!("annealed_dropout");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_rate(self.rate, "share that is dropped at first")?;
        if self.steps == 0 {
            return Err(BuildError::configuration("anneals over 0 steps")
                .with_hint("give it at least 1, or leave the layer out"));
        }
        let (input, _) = emit.single_input(inputs)?;
        emit.output(
            Dropout {
                rate: self.schedule(),
            },
            &[input],
            &[],
        )
    }
}
