//! Where in a picture a class is seen.

use super::Network;
use crate::{Error, Tensor};

impl Network {
    /// Where the feature maps of `layer` speak for a class (Grad-CAM: Selvaraju, Cogswell, Das,
    /// Vedantam, Parikh and Batra, "Grad-CAM: visual explanations from deep networks via
    /// gradient-based localization", ICCV 2017). With *A*ᵏ the maps of *Z* places each, and *y*
    /// the score of the sample's class, as for [`input_gradients`](Self::input_gradients),
    ///
    /// αₖ = 1/*Z* · Σ₍ij₎ ∂*y*/∂*A*ᵏ₍ij₎, *L* = max(0, Σₖ αₖ *A*ᵏ).
    ///
    /// The result has the size of the maps, `[samples, height, width]`; to lay it over the
    /// picture, scale it up. The paper looks at the last convolution after its ReLU.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shape, there is not a class for each
    /// sample, the network has no such class or no such layer, or the layer gives no feature
    /// maps `[height, width, maps]`.
    pub fn grad_cam(&self, inputs: &Tensor, classes: &[u32], layer: &str) -> Result<Tensor, Error> {
        let number = self.layer_number(layer)?;
        let plan = self.go_back(inputs, classes, number + 1)?;
        let ops = self.ops();
        let value = ops.layers[number].outputs[0];
        let shape = &ops.shapes[value];
        let &[height, width, maps] = shape.sizes() else {
            return Err(Error::data(format!(
                "layer {} ({layer}) gives {shape}, no feature maps [height, width, maps]",
                number + 1
            ))
            .with_hint("choose a convolution or a pooling"));
        };
        let places = height * width;
        let maps_of = plan.inspect(value, inputs.into());
        let gradients = plan.inspect_gradient(value, inputs.into());
        let samples = maps_of.chunks_exact(shape.values());
        let mut localised = Vec::with_capacity(inputs.samples() * places);
        for (values, gradients) in samples.zip(gradients.chunks_exact(shape.values())) {
            let mut weights = vec![0.0; maps];
            for gradients in gradients.chunks_exact(maps) {
                for (weight, gradient) in weights.iter_mut().zip(gradients) {
                    *weight += gradient / places as f32;
                }
            }
            for values in values.chunks_exact(maps) {
                let sum: f32 = values.iter().zip(&weights).map(|(a, w)| a * w).sum();
                localised.push(sum.max(0.0));
            }
        }
        localised.truncate(inputs.samples() * places);
        Tensor::new([inputs.samples(), height, width], localised)
    }
}
