//! Looking inside: every layer's output for a batch.

use super::Network;
use crate::dataset::Inputs;
use crate::{Error, Tensor};

/// What a layer makes of some inputs.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Dense::new(3).relu()).add(Dense::new(1)).build(0)?;
/// let outputs = network.layer_outputs(&Tensor::zeros([4, 2]))?;
/// assert_eq!((outputs[0].layer.as_str(), outputs[0].output.shape()), ("dense", &[4, 3][..]));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LayerOutput {
    /// Name of the layer.
    pub layer: String,
    /// Its output: `[samples, …]`.
    pub output: Tensor,
}

impl Network {
    /// Every layer's output for `inputs`, in order, as when predicting.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shape.
    pub fn layer_outputs<'a>(
        &self,
        inputs: impl Into<Inputs<'a>>,
    ) -> Result<Vec<LayerOutput>, Error> {
        let inputs = inputs.into();
        self.check_inputs(inputs)?;
        let mut plan = self.inspection(inputs.samples());
        plan.forward(&self.weights.now().all, inputs);
        let outputs = self.collect(inputs, |value| plan.inspect(value, inputs))?;
        Ok(outputs
            .into_iter()
            .map(|(layer, output)| LayerOutput { layer, output })
            .collect())
    }

    /// A tensor for each value that a layer gives, by the layer's name; of several outputs, the
    /// second is called "lstm:1".
    pub(crate) fn collect(
        &self,
        inputs: Inputs<'_>,
        read: impl Fn(usize) -> Vec<f32>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let ops = self.ops();
        let mut tensors = Vec::new();
        for (node, layer) in self.graph.nodes.iter().zip(&ops.layers) {
            for (number, &value) in layer.outputs.iter().enumerate() {
                let name = match number {
                    0 => node.name.clone(),
                    _ => format!("{}:{number}", node.name),
                };
                let mut shape = vec![inputs.samples()];
                shape.extend(ops.shapes[value].sizes());
                let mut values = read(value);
                values.truncate(shape.iter().product());
                tensors.push((name, Tensor::new(shape, values)?));
            }
        }
        Ok(tensors)
    }
}
