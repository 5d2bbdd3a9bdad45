use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::moving::moved;
use super::{Factor, FillMode, Layer};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Affine, Movement, shares};
use crate::random::Random;

/// While training, turns each picture around its middle by a random angle.
///
/// Input and output `[height, width, channels]`. With *f* drawn from `factor`, a share of a
/// full turn from −1 to 1, and θ = 2π *f*, the pixel *u* to the right of the middle and *v*
/// below it comes from
///
/// *u*′ = *u* cos θ − *v* sin θ, *v*′ = *u* sin θ + *v* cos θ:
///
/// positive angles turn counter-clockwise. Interpolation, gradient, and what happens to
/// several movements in a row are those of [`RandomTranslation`](super::RandomTranslation).
/// Defaults are Keras's: the picture is mirrored at its edges.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(RandomRotation::new(0.05)).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomRotation {
    factor: Factor,
    fill_mode: FillMode,
}

impl RandomRotation {
    /// Turns by shares of a full turn: 0.05 stands for up to 18 degrees either way, a pair
    /// for its bounds.
    pub fn new(factor: impl Into<Factor>) -> Self {
        RandomRotation {
            factor: factor.into(),
            fill_mode: FillMode::Reflect,
        }
    }
}

impl Movement for RandomRotation {
    fn source(&self, sizes: [f64; 2], random: &Random, sample: usize) -> Affine {
        let [share] = shares(random, sample);
        let (sine, cosine) = libm::sincos(TAU * self.factor.at(share));
        Affine::around_middle(sizes, [cosine, -sine, sine, cosine])
    }
}

impl RandomRotation {
    fn check(&self) -> Result<(), BuildError> {
        self.factor.check("factor", -1.0, 1.0)
    }

    /// What lies beyond the edges of a picture.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> Self {
        self.fill_mode = fill_mode;
        self
    }
}

impl Layer for RandomRotation {
    named!("random_rotation");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.check()?;
        moved(self.clone(), self.fill_mode, inputs, emit)
    }
}
