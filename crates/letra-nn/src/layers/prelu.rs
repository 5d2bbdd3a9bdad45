use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::ParametricRelu;

/// Rectified linear with a slope that is learned: *y* = *x* where *x* > 0, and *a* · *x*
/// elsewhere (He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, eqs. 1 and 11).
///
/// Any shape. The parameter `alpha` holds an *a* for each value of a sample; along shared axes
/// it has size 1, so that after a convolution `shared_axes([1, 2])` leaves one for each
/// channel. Gradients: ∂*x* = ∂*y* where *x* > 0 and *a* ∂*y* elsewhere; ∂*a* = Σ *x* ∂*y* over
/// all that share it and are not above 0. Defaults are Keras's: nothing shared, *a* begins
/// as 0. (The paper begins with 0.25 and shares each channel's.)
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(Conv2d::new(8, 3)).add(PRelu::new()).build(0)?;
/// assert_eq!(network.output_shape(), [26, 26, 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PRelu {
    alpha_initializer: Initializer,
    shared_axes: Vec<usize>,
}

impl PRelu {
    /// A slope of 0 to begin with for each value.
    pub fn new() -> Self {
        PRelu {
            alpha_initializer: Initializer::Zeros,
            shared_axes: Vec::new(),
        }
    }

    settings! {
        /// Axes along which one slope serves all, counted from 1: of a picture, 1 is the height, 2
        /// the width, 3 the channels.
        shared_axes: into Vec<usize>,
        /// Initial values of the slopes.
        alpha_initializer: Initializer,
    }
}

impl Default for PRelu {
    fn default() -> Self {
        PRelu::new()
    }
}

/// For each value of a sample of the given sizes, the place of its slope.
fn places(sizes: &[usize], alpha: &[usize]) -> Vec<usize> {
    let mut places = vec![0];
    for (&size, &own) in sizes.iter().zip(alpha) {
        let inner = |place: usize| (0..size).map(move |index| place * own + index % own);
        places = places.into_iter().flat_map(inner).collect();
    }
    places
}

impl Layer for PRelu {
    named!("prelu");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let mut alpha = shape.sizes().to_vec();
        for &axis in &self.shared_axes {
            let size = axis.checked_sub(1).and_then(|axis| alpha.get_mut(axis));
            *size.ok_or_else(|| {
                BuildError::configuration(format!("shares axis {axis} of an input {shape}"))
                    .with_hint(format!("choose axes from 1 to {}", shape.rank()))
            })? = 1;
        }
        let places = places(shape.sizes(), &alpha);
        let fans = [shape.values(); 2];
        let alpha = emit.parameter("alpha", alpha, self.alpha_initializer, fans)?;
        emit.output(ParametricRelu { places }, &[input], &[alpha])
    }
}
