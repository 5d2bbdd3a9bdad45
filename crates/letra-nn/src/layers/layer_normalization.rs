use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::error::BuildError;
use crate::kernels::normalisation::{self, GroupGradients};
use crate::plan::pass::{Backward, Forward};
use crate::{Initializer, Shape};

/// Brings the values of each sample to mean 0 and variance 1, then scales and shifts them
/// by what is learned (Ba, Kiros and Hinton 2016, eqs. 3 and 4):
///
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β,
///
/// with μ and σ² the mean and the (biased) variance over the last axis, as in Keras, or
/// over the last few. Parameters `gamma` and `beta` have the shape of these axes. It looks
/// at one sample only, so that training and predicting do the same. With *g* = γ ∂*y*,
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = (*g* − mean(*g*) − *x̂* mean(*g* *x̂*)) / √(σ² + ε).
///
/// Defaults are Keras's: ε 0.001, with γ and β.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LayerNormalization {
    axes: usize,
    epsilon: f32,
    center: bool,
    scale: bool,
    gamma_initializer: Initializer,
    beta_initializer: Initializer,
}

impl LayerNormalization {
    /// Over the last axis.
    #[expect(clippy::new_without_default, reason = "settings follow, as with all layers")]
    pub fn new() -> Self {
        LayerNormalization {
            axes: 1,
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma_initializer: Initializer::Constant(1.0),
            beta_initializer: Initializer::Zeros,
        }
    }

    /// Number of axes, counted from the last, that are normalised together; 3 takes a whole
    /// picture.
    pub fn last_axes(mut self, axes: usize) -> Self {
        self.axes = axes;
        self
    }

    fn sizes<'a>(&self, input: &'a Shape) -> &'a [usize] {
        &input.sizes()[input.rank() - self.axes..]
    }

    fn size(&self, input: &Shape) -> usize {
        self.sizes(input).iter().product()
    }
}

normalisation_settings!(LayerNormalization);

impl Layer for LayerNormalization {
    fn kind(&self) -> &'static str {
        "layer_normalization"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = single_input(inputs)?;
        if !(1..=input.rank()).contains(&self.axes) {
            return Err(BuildError::input(
                format!("an input with at least the {} axes that it normalises together", self.axes),
                "use last_axes with a number from 1 to that of the axes",
            ));
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has epsilon {}: it must be above 0",
                self.epsilon
            )));
        }
        let (size, shape) = (self.size(input), self.sizes(input));
        if self.scale {
            build.parameter("gamma", shape, self.gamma_initializer, [size; 2])?;
        }
        if self.center {
            build.parameter("beta", shape, self.beta_initializer, [size; 2])?;
        }
        build.keep(2 * (input.values() / size.max(1)));
        build.scratch(move |_| 2 * size);
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        normalisation::groups(
            self.size(pass.input_shape(0)),
            self.epsilon,
            self.scale.then(|| pass.parameter(0)),
            self.center.then(|| pass.parameter(usize::from(self.scale))),
            pass.input(0),
            pass.output,
            (!pass.keep.is_empty()).then_some(&mut *pass.keep),
        );
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let size = self.size(pass.input_shape(0));
        let x = pass.input(0);
        let (gamma_gradient, beta_gradient) = match (self.scale, self.center) {
            (true, true) => {
                let (gamma, beta) = pass.parameter_gradients.pair(0, 1);
                (Some(gamma), Some(beta))
            }
            (true, false) => (Some(pass.parameter_gradients.get(0)), None),
            (false, true) => (None, Some(pass.parameter_gradients.get(0))),
            (false, false) => (None, None),
        };
        GroupGradients {
            gamma: self.scale.then(|| pass.parameters.get(0)),
            x,
            moments: pass.keep,
            gradient: pass.output_gradient,
            gamma_gradient,
            beta_gradient,
            input_gradient: pass.input_gradients.get(0),
            scratch: pass.scratch,
        }
        .compute(size);
    }
}
