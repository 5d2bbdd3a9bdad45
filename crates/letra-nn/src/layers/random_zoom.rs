use serde::{Deserialize, Serialize};

use super::moving::moved;
use super::{Factor, FillMode, Layer};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Affine, Movement, shares};
use crate::random::Random;

/// While training, enlarges or reduces each picture around its middle at random.
///
/// Input and output `[height, width, channels]`. With *h* drawn from `height_factor` and *w*
/// from `width_factor`, each above −1 and up to 1, the pixel *u* to the right of the middle
/// and *v* below it comes from
///
/// *u*′ = (1 + *w*) *u*, *v*′ = (1 + *h*) *v*:
///
/// positive factors zoom out, negative ones in. Without a width factor *w* = *h*, so that
/// proportions stay. Interpolation, gradient, and what happens to several movements in a row
/// are those of [`RandomTranslation`](super::RandomTranslation). Defaults are Keras's: no
/// width factor, and the picture is mirrored at its edges.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(RandomZoom::new(0.1).width_factor(0.2)).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomZoom {
    height_factor: Factor,
    width_factor: Option<Factor>,
    fill_mode: FillMode,
}

impl RandomZoom {
    /// Zooms by a factor: 0.2 stands for up to a fifth out or in, a pair for its bounds.
    pub fn new(height_factor: impl Into<Factor>) -> Self {
        RandomZoom {
            height_factor: height_factor.into(),
            width_factor: None,
            fill_mode: FillMode::Reflect,
        }
    }

    /// Zooms along the width by a factor of its own.
    pub fn width_factor(mut self, width_factor: impl Into<Factor>) -> Self {
        self.width_factor = Some(width_factor.into());
        self
    }
}

/// A picture that is shrunk to nothing has no pixels to show.
const LEAST: f32 = -0.99;

impl Movement for RandomZoom {
    fn source(&self, sizes: [f64; 2], random: &Random, sample: usize) -> Affine {
        let [height, width] = shares(random, sample);
        let height = self.height_factor.at(height);
        let width = self.width_factor.map_or(height, |factor| factor.at(width));
        Affine::around_middle(sizes, [1.0 + width, 0.0, 0.0, 1.0 + height])
    }
}

impl RandomZoom {
    fn check(&self) -> Result<(), BuildError> {
        self.height_factor.check("height factor", LEAST, 1.0)?;
        match self.width_factor {
            Some(factor) => factor.check("width factor", LEAST, 1.0),
            None => Ok(()),
        }
    }

    /// What lies beyond the edges of a picture.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> Self {
        self.fill_mode = fill_mode;
        self
    }
}

impl Layer for RandomZoom {
    named!("random_zoom");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.check()?;
        moved(self.clone(), self.fill_mode, inputs, emit)
    }
}
