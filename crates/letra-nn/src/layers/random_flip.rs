use serde::{Deserialize, Serialize};

use super::moving::moved;
use super::{FillMode, Layer};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Affine, Movement, shares};
use crate::random::Random;

/// While training, mirrors each picture at random: left and right, top and bottom, or both, each
/// with probability ½.
///
/// Input and output `[height, width, channels]`:
///
/// *y*\[r, c\] = *x*\[height − 1 − r, c\], *x*\[r, width − 1 − c\], or both.
///
/// The gradient goes back the same way. In a row with other movements of pictures, whose fill mode is
/// Keras's default, it is one step with them, as [`RandomTranslation`](super::RandomTranslation) has
/// it. Keras's default is both ways.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([4, 6, 1]).add(RandomFlip::horizontal()).build(1)?;
/// // It rests when predicting.
/// let picture = Tensor::new([1, 4, 6, 1], (0..24).map(|pixel| pixel as f32).collect())?;
/// assert_eq!(network.predict(&picture)?, picture);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomFlip {
    mode: Mode,
}

/// Which ways a picture is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Horizontal,
    Vertical,
    HorizontalAndVertical,
}

impl RandomFlip {
    /// Both ways, independently of each other.
    pub fn new() -> Self {
        RandomFlip {
            mode: Mode::HorizontalAndVertical,
        }
    }

    /// Left and right.
    pub fn horizontal() -> Self {
        RandomFlip {
            mode: Mode::Horizontal,
        }
    }

    /// Top and bottom.
    pub fn vertical() -> Self {
        RandomFlip {
            mode: Mode::Vertical,
        }
    }
}

impl Movement for RandomFlip {
    fn source(&self, sizes: [f64; 2], random: &Random, sample: usize) -> Affine {
        let [down, right] = shares(random, sample);
        let sign = |still: Mode, share: f64| match self.mode != still && share < 0.5 {
            true => -1.0,
            false => 1.0,
        };
        let (x, y) = (sign(Mode::Vertical, right), sign(Mode::Horizontal, down));
        Affine::around_middle(sizes, [x, 0.0, 0.0, y])
    }
}

impl Layer for RandomFlip {
    named!("random_flip");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        moved(self.clone(), FillMode::Reflect, inputs, emit)
    }
}
