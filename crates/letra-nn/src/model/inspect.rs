//! Looking inside: every layer's output and every gradient, for a batch.

use super::Network;
use crate::dataset::{Dataset, Inputs};
use crate::plan::{Batch, Piece, Purpose, Rows, Sizes, TrainingPlan, Upstream};
use crate::{Error, Tensor};

/// What a layer makes of some inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerOutput {
    /// Name of the layer.
    pub layer: String,
    /// Its output: `[samples, …]`.
    pub output: Tensor,
}

/// Back-propagation in view: all that one pass forward and back computes for a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BackPropagation {
    /// The loss of the batch.
    pub loss: f64,
    /// Name and gradient ∂loss/∂parameter of each trainable parameter.
    pub gradients: Vec<(String, Tensor)>,
    /// Name and output of each layer: `[samples, …]`.
    pub outputs: Vec<(String, Tensor)>,
    /// Name of each layer and ∂loss/∂z at its pre-activation z: `[samples, …]`. For a
    /// layer without an activation of its own, such as pooling, z is its output.
    pub pre_activation_gradients: Vec<(String, Tensor)>,
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
        let mut plan = self.inspection(inputs.samples())?;
        plan.forward(&self.parameters, inputs);
        let outputs = self.collect(inputs, |value| plan.inspect(value, inputs))?;
        Ok(outputs
            .into_iter()
            .map(|(layer, output)| LayerOutput { layer, output })
            .collect())
    }

    /// The loss, every parameter's gradient, every layer's output and every layer's
    /// gradient at its pre-activation, as the next training step on `batch` would find
    /// them; nothing is changed.
    ///
    /// # Errors
    /// When the data does not fit the network.
    pub fn back_propagate(&self, batch: &Dataset) -> Result<BackPropagation, Error> {
        self.check_data(batch)?;
        let sizes = self.sizes(batch);
        let mut plan = self.new_plan(batch.samples(), Purpose::Inspection, sizes)?;
        let mut parameters = self.parameters.clone();
        let mut gradients = vec![0.0; self.gradients.len()];
        let state = Piece {
            parameters: &mut parameters,
            gradients: &mut gradients,
            ..Piece::default()
        };
        let upstream = Upstream::Losses(&self.objective);
        let at = self.at();
        let rows = Rows::Contiguous(0, batch.samples());
        let whole = Batch::new(batch, rows);
        let step = || plan.step(upstream, whole, state, at, None).loss;
        let loss = self.pool.install(step);
        let inputs = Inputs::from(batch);
        let gradients = self
            .specifications
            .iter()
            .filter(|known| known.trainable())
            .map(|parameter| {
                let values = gradients[parameter.range()].to_vec();
                Ok((
                    parameter.name.clone(),
                    Tensor::new(parameter.shape.clone(), values)?,
                ))
            })
            .collect::<Result<_, Error>>()?;
        Ok(BackPropagation {
            loss,
            gradients,
            outputs: self.collect(inputs, |value| plan.inspect(value, inputs))?,
            pre_activation_gradients: self
                .collect(inputs, |value| plan.inspect_gradient(value, inputs))?,
        })
    }

    pub(super) fn inspection(&self, samples: usize) -> Result<TrainingPlan, Error> {
        let sizes = Sizes {
            target_values: Vec::new(),
            metrics: 0,
        };
        self.new_plan(samples.max(1), Purpose::Inspection, sizes)
    }

    /// A tensor for each value that a layer gives, by the layer's name; of several outputs, the
    /// second is called "lstm:1".
    fn collect(
        &self,
        inputs: Inputs<'_>,
        read: impl Fn(usize) -> Vec<f32>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let ops = self.graph.ops()?;
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
