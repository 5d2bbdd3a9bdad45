use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::error::BuildError;
use crate::kernels::dense;
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::{Initializer, Shape};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cosine {
    units: usize,
    scale: f32,
    kernel_initializer: Initializer,
}

const KERNEL: usize = 0;
/// Shorter vectors have no direction to speak of.
const SHORTEST: f32 = 1e-6;

impl Cosine {
    /// With `units` prototypes, at least 1.
    pub fn new(units: usize) -> Self {
        Cosine {
            units,
            scale: 20.0,
            kernel_initializer: Initializer::GlorotUniform,
        }
    }

    /// What the cosines are multiplied by, above 0: the larger, the more certain a class can be.
    pub fn scale(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    /// Initial values of the prototypes.
    pub fn kernel_initializer(mut self, initializer: Initializer) -> Self {
        self.kernel_initializer = initializer;
        self
    }
}

/// 1 / length, where the squares sum to `squares`.
fn inverse_length(squares: f32) -> f32 {
    1.0 / squares.sqrt().max(SHORTEST)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Layer for Cosine {
    fn kind(&self) -> &'static str {
        "cosine"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = single_input(inputs)?;
        if input.rank() != 1 {
            return Err(BuildError::input("a flat input", "add Flatten between them"));
        }
        if self.units == 0 {
            return Err(BuildError::configuration("has 0 units: give it at least 1"));
        }
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has scale {}: choose a finite number above 0",
                self.scale
            )));
        }
        let (inputs, units) = (input.values(), self.units);
        build.parameter("kernel", [inputs, units], self.kernel_initializer, [inputs, units])?;
        // Prototypes of length 1, then the inverses of the lengths they had.
        build.prepared(inputs * units + units);
        // The input at length 1, then the inverse of its length.
        build.keep(inputs + 1);
        build.scratch(move |samples| samples * (units + inputs) + units);
        Ok([units].into())
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let kernel = pass.parameters.get(KERNEL);
        let (unit, inverses) = pass.prepared.split_at_mut(kernel.len());
        inverses.fill(0.0);
        for row in kernel.chunks_exact(self.units) {
            for (sum, &w) in inverses.iter_mut().zip(row) {
                *sum += w * w;
            }
        }
        for inverse in inverses.iter_mut() {
            *inverse = inverse_length(*inverse);
        }
        for (to, from) in unit.chunks_exact_mut(self.units).zip(kernel.chunks_exact(self.units)) {
            for ((to, &w), inverse) in to.iter_mut().zip(from).zip(&*inverses) {
                *to = w * inverse;
            }
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (samples, input) = (pass.samples, pass.input(0));
        let inputs = pass.input_shape(0).values();
        let unit = &mut pass.scratch[..samples * inputs];
        let mut kept = pass.keep.chunks_exact_mut(inputs + 1);
        for (to, from) in unit.chunks_exact_mut(inputs).zip(input.chunks_exact(inputs)) {
            let inverse = inverse_length(dot(from, from));
            for (to, &x) in to.iter_mut().zip(from) {
                *to = x * inverse;
            }
            if let Some(kept) = kept.next() {
                kept[..inputs].copy_from_slice(to);
                kept[inputs] = inverse;
            }
        }
        let prototypes = &pass.prepared[..inputs * self.units];
        dense::forward(samples, inputs, self.units, unit, prototypes, None, pass.output);
        for y in pass.output.iter_mut() {
            *y *= self.scale;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (samples, units) = (pass.samples, self.units);
        let inputs = pass.input_shape(0).values();
        let (prototypes, inverses) = pass.prepared.split_at(inputs * units);
        let (delta, output) = (&*pass.output_gradient, pass.output);
        let (unit, rest) = pass.scratch.split_at_mut(samples * inputs);
        let (scaled, pulls) = rest.split_at_mut(samples * units);
        let kept = || pass.keep.chunks_exact(inputs + 1).take(samples);

        // ∂w: the first term with ∂y s / |w|, the second by the sums of ∂y y.
        for (to, kept) in unit.chunks_exact_mut(inputs).zip(kept()) {
            to.copy_from_slice(&kept[..inputs]);
        }
        pulls[..units].fill(0.0);
        for ((to, delta), output) in scaled
            .chunks_exact_mut(units)
            .zip(delta.chunks_exact(units))
            .zip(output.chunks_exact(units))
        {
            for k in 0..units {
                to[k] = delta[k] * self.scale * inverses[k];
                pulls[k] += delta[k] * output[k] * inverses[k];
            }
        }
        let gradient = pass.parameter_gradients.get(KERNEL);
        let all = std::iter::once((&*unit, &*scaled));
        dense::kernel_gradient(inputs, units, 0..inputs, all, true, gradient);
        for (gradient, prototypes) in
            gradient.chunks_exact_mut(units).zip(prototypes.chunks_exact(units))
        {
            for ((gradient, w), pull) in gradient.iter_mut().zip(prototypes).zip(&*pulls) {
                *gradient -= w * pull;
            }
        }

        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        dense::input_gradient(samples, inputs, units, delta, prototypes, input_gradient);
        for (((gradient, kept), delta), output) in input_gradient
            .chunks_exact_mut(inputs)
            .zip(kept())
            .zip(delta.chunks_exact(units))
            .zip(output.chunks_exact(units))
        {
            let (pull, inverse) = (dot(delta, output), kept[inputs]);
            for (gradient, x) in gradient.iter_mut().zip(&kept[..inputs]) {
                *gradient = inverse * (self.scale * *gradient - x * pull);
            }
        }
    }
}
