use serde::{Deserialize, Serialize};

use super::{KernelAndBias, Layer, check_units, flat_input};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{MatMul, Maximum};

/// A fully connected layer whose units are each the largest of several linear pieces:
///
/// *y*\[i\] = maxⱼ *z*\[j, i\], *z*\[j, i\] = Σₖ *x*\[k\] *W*\[k, j, i\] + *b*\[j, i\]
///
/// (Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout networks", 2013,
/// section 3). With two pieces of which one is 0 it is ReLU, with *w* and −*w* the absolute
/// value; with enough of them it comes close to any convex function.
///
/// Input `[inputs]`, output `[units]`; parameters `kernel` `[inputs, pieces · units]`, whose
/// columns are the units of the first piece, then of the second, and `bias` `[pieces · units]`.
/// The gradient goes to the piece that won, the first of equals; from there it is that of
/// [`Dense`](super::Dense). A largest norm (the paper trains with one) holds for each piece of each unit.
/// Defaults: Glorot uniform kernel, each piece on its own, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784]).add(Maxout::new(32, 4)).build(0)?;
/// assert_eq!(network.output_shape(), [32]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Maxout {
    units: usize,
    pieces: usize,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

/// Pieces that are still credible.
const MOST_PIECES: usize = 1 << 16;

/// Refuses numbers of pieces that make no sense.
pub(super) fn check_pieces(pieces: usize) -> Result<(), BuildError> {
    match (2..=MOST_PIECES).contains(&pieces) {
        true => Ok(()),
        false => Err(
            BuildError::configuration(format!("has {pieces} pieces")).with_hint(format!(
                "a maximum needs at least 2 of them, and at most {MOST_PIECES}"
            )),
        ),
    }
}

impl Maxout {
    /// `units` outputs, at least 1, of `pieces` pieces each, at least 2.
    pub fn new(units: usize, pieces: usize) -> Self {
        Maxout {
            units,
            pieces,
            parameters: KernelAndBias::default(),
        }
    }
}

kernel_settings!(Maxout);

impl Layer for Maxout {
    named!("maxout");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_pieces(self.pieces)?;
        let (input, width) = flat_input(inputs, emit)?;
        check_units(self.units)?;
        let together = self.units.saturating_mul(self.pieces);
        let (sizes, fans) = ([width, together], [width, self.units]);
        let weights = self.parameters.weights(emit, sizes, fans, together)?;
        let pieces = emit.op(MatMul::new(together), &[input], &weights)?;
        let maximum = Maximum {
            pieces: self.pieces,
        };
        self.parameters.output(emit, maximum, &[pieces], &[])
    }
}
