use serde::{Deserialize, Serialize};

use super::{Layer, check_number, check_units, flat_input};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::CosineSimilarity;

/// How alike the input is to a prototype of each class: *s* times the cosine of the angle
/// between them (Wang, Xiang, Cheng and Yuille 2017, "NormFace", eqs. 3 and 9),
///
/// *y*ₖ = *s* · *x̂* · *ŵ*ₖ, with *x̂* = *x* / |*x*| and *ŵ*ₖ = *w*ₖ / |*w*ₖ|.
///
/// Input `[inputs]`, output `[units]`, values from −*s* to *s*; parameter `kernel`
/// `[inputs, units]`, a prototype a column. Trained with cross-entropy from logits, it learns
/// an embedding *x̂* in which a class is where its prototype is, so that classes can be added
/// later without training: by the mean embedding of a few samples. The gradients are
/// (ibid., eq. 4)
///
/// ∂*x* = (*s* Σ ∂*y*ₖ *ŵ*ₖ − *x̂* Σ ∂*y*ₖ *y*ₖ) / |*x*|,
/// ∂*w*ₖ = Σ (*s* ∂*y*ₖ *x̂* − ∂*y*ₖ *y*ₖ *ŵ*ₖ) / |*w*ₖ|.
///
/// Lengths below 10⁻⁶ count as 10⁻⁶. Defaults: *s* = 20, Glorot uniform kernel.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Cosine::new(1).scale(1.0)).build(0)?;
/// network.set_parameter("cosine/kernel", &Tensor::new([2, 1], vec![3.0, 4.0])?)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![6.0, 8.0])?)?;
/// assert!((given.data()[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cosine {
    units: usize,
    scale: f32,
    kernel_initializer: Initializer,
}

impl Cosine {
    /// With `units` prototypes, at least 1.
    pub fn new(units: usize) -> Self {
        Cosine {
            units,
            scale: 20.0,
            kernel_initializer: Initializer::GlorotUniform,
        }
    }

    settings! {
        /// What the cosines are multiplied by, above 0: the larger, the more certain a class can be.
        scale: f32,
        /// Initial values of the prototypes.
        kernel_initializer: Initializer,
    }
}

impl Layer for Cosine {
    named!("cosine");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, width) = flat_input(inputs, emit)?;
        check_units(self.units)?;
        let hint = "choose a finite number above 0";
        check_number("scale", self.scale, self.scale > 0.0, hint)?;
        let fans = [width, self.units];
        let kernel = emit.parameter("kernel", fans, self.kernel_initializer, fans)?;
        let similarity = CosineSimilarity {
            units: self.units,
            scale: self.scale,
        };
        emit.output(similarity, &[input], &[kernel])
    }
}
