use serde::{Deserialize, Serialize};

use super::moving::moved;
use super::{Factor, FillMode, Layer};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Affine, Movement, shares};
use crate::random::Random;

/// While training, shifts each picture by random shares of its height and width.
///
/// Input and output `[height, width, channels]`. With *h* drawn from `height_factor` and
/// *w* from `width_factor`, each from −1 to 1,
///
/// *y*\[r, c\] = *x*\[r − *h* · height, c − *w* · width\]:
///
/// positive numbers shift down and to the right. Between pixels, four are mixed
/// (bilinear interpolation); the gradient goes back to these four with the same shares.
///
/// Layers of this kind, [`RandomRotation`](super::RandomRotation) and
/// [`RandomZoom`](super::RandomZoom) in a row, with the same fill mode, are one step in
/// training: a picture is resampled once, which is quicker and blurs it less, and nothing
/// that one layer moves out of the picture is lost for the next. (Only
/// [`Trainer::back_propagate`](crate::Trainer::back_propagate), which shows each layer's
/// output, resamples layer by layer.)
///
/// Defaults are Keras's: the picture is mirrored at its edges. For ink on empty paper,
/// `fill_mode(FillMode::Constant(0.0))` is better.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(RandomTranslation::new(0.1, [-0.2, 0.2])).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomTranslation {
    height_factor: Factor,
    width_factor: Factor,
    fill_mode: FillMode,
}

impl RandomTranslation {
    /// Shifts by shares of the height and of the width: 0.1 stands for up to a tenth either
    /// way, a pair for its bounds.
    pub fn new(height_factor: impl Into<Factor>, width_factor: impl Into<Factor>) -> Self {
        RandomTranslation {
            height_factor: height_factor.into(),
            width_factor: width_factor.into(),
            fill_mode: FillMode::Reflect,
        }
    }
}

impl Movement for RandomTranslation {
    fn source(&self, [height, width]: [f64; 2], random: &Random, sample: usize) -> Affine {
        let [down, right] = shares(random, sample);
        let down = self.height_factor.at(down) * height;
        let right = self.width_factor.at(right) * width;
        Affine([1.0, 0.0, -right, 0.0, 1.0, -down])
    }
}

impl RandomTranslation {
    fn check(&self) -> Result<(), BuildError> {
        self.height_factor.check("height factor", -1.0, 1.0)?;
        self.width_factor.check("width factor", -1.0, 1.0)
    }

    /// What lies beyond the edges of a picture.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> Self {
        self.fill_mode = fill_mode;
        self
    }
}

impl Layer for RandomTranslation {
    named!("random_translation");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.check()?;
        moved(self.clone(), self.fill_mode, inputs, emit)
    }
}
