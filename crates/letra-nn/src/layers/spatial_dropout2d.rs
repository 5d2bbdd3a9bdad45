use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_rate, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::ChannelDropout;

/// While training, sets each whole channel of a picture to zero with probability `rate` and
/// multiplies the others by 1 / (1 − `rate`) (Tompson, Goroshin, Jain, LeCun and Bregler,
/// "Efficient object localization using convolutional networks", 2015, section 3.2).
///
/// Input and output `[height, width, channels]`. Neighbouring pixels of a map say nearly the
/// same, so dropping single ones, as [`Dropout`](super::Dropout) does, hides little. The
/// gradient passes where the channel did, with the same factor.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(Conv2d::new(8, 3).relu()).add(SpatialDropout2d::new(0.2)).build(0)?;
/// assert_eq!(network.output_shape(), [26, 26, 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SpatialDropout2d {
    rate: f32,
}

impl SpatialDropout2d {
    /// Drops channels with probability `rate`, from 0 up to but not including 1.
    pub fn new(rate: f32) -> Self {
        SpatialDropout2d { rate }
    }
}

impl Layer for SpatialDropout2d {
    named!("spatial_dropout2d");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_rate(self.rate, "share that is dropped")?;
        let (input, shape) = emit.single_input(inputs)?;
        let [_, width, channels] = picture(shape)?;
        let dropout = ChannelDropout {
            rate: self.rate,
            width,
            channels,
        };
        emit.output(dropout, &[input], &[])
    }
}
