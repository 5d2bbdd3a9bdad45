//! How a layer writes its ops into a graph, with their masks.

use super::{Emit, Layer, MaskUse, Value};
use crate::error::BuildError;

impl Emit<'_> {
    /// Writes the ops of a layer and looks after the masks, as the layer wants it.
    pub(crate) fn layer(
        &mut self,
        layer: &dyn Layer,
        inputs: &[Value],
    ) -> Result<Vec<Value>, BuildError> {
        let has_mask = inputs.iter().any(|&input| self.mask(input).is_some());
        if has_mask && layer.masking() == MaskUse::Refuses {
            return Err(BuildError::configuration(format!(
                "is given a sequence with a mask, but {} cannot tell padding from what counts",
                layer.kind()
            ))
            .with_hint(
                "end the sequence before it, by a recurrent layer with return_sequences(false) or \
                 GlobalAveragePool1d, or let it take the padding for steps, by Unmask",
            ));
        }
        let passes = has_mask && layer.masking() == MaskUse::Passes;
        let flat = |&input: &Value| self.shape(input).rank() < 2 && self.mask(input).is_some();
        if passes && inputs.iter().any(flat) {
            return Err(BuildError::input(
                "a sequence [steps, features], where it has a mask",
                "give the network sequences [steps, 1]",
            ));
        }
        let outputs = layer.emit(inputs, self)?;
        if outputs.len() != layer.outputs() {
            return Err(BuildError::configuration(format!(
                "gives {} values, but its outputs() says {}",
                outputs.len(),
                layer.outputs()
            )));
        }
        if passes {
            let mask = self.joined_mask(inputs)?;
            outputs
                .iter()
                .try_for_each(|&output| self.set_mask(output, mask))?;
        }
        Ok(outputs)
    }
}
