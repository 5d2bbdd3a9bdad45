//! Back-propagation in view.

use super::Trainer;
use crate::dataset::{Dataset, Inputs};
use crate::plan::{Batch, Piece, Purpose, Upstream};
use crate::rows::Rows;
use crate::{Error, Tensor};

/// Back-propagation in view: all that one pass forward and back computes for a batch.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let seen = network.back_propagate(&data)?;
/// assert_eq!(seen.gradients[0].0, "dense/kernel");
/// assert_eq!(seen.outputs[0].1.shape(), [4, 2]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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

impl Trainer {
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
        let mut parameters = self.values();
        let mut gradients = vec![0.0; self.gradients.len()];
        let state = Piece {
            parameters: &mut parameters,
            gradients: &mut gradients,
            ..Piece::default()
        };
        let upstream = Upstream::Losses(&self.objective);
        let at = self.at();
        let rows = Rows::Contiguous(0, batch.samples());
        let places = self.places(batch, None)?;
        let whole = Batch::new(batch, &places, rows);
        let step = || plan.step(upstream, whole, state, at, None).loss;
        let loss = self.workers().install(step);
        let inputs = Inputs::from(batch);
        let gradients = self
            .trainable()
            .into_iter()
            .map(|known| {
                let values = gradients[known.range()].to_vec();
                Ok((known.name, Tensor::new(known.shape, values)?))
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
}
