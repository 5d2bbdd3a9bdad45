//! The kernel of a layer that was written, divided by its largest singular value.

use std::any::Any;
use std::sync::Arc;

use super::{Emit, OpNode};
use crate::Initializer;
use crate::error::BuildError;
use crate::kernels::activation::ActivationKind;
use crate::ops::{Activate, Convolve, MatMul, Op, SpectralDivide};

impl Emit<'_> {
    /// Number of ops that have been written.
    pub(crate) fn written(&self) -> usize {
        self.graph.nodes.len()
    }

    /// Divides the kernel of the product or the convolution among the ops from number `first` on.
    ///
    /// # Errors
    /// When there is not one.
    pub(crate) fn divide_kernel(
        &mut self,
        first: usize,
        iterations: usize,
    ) -> Result<(), BuildError> {
        let found: Vec<usize> = (first..self.graph.nodes.len())
            .filter(|&index| !self.graph.nodes[index].weights.is_empty())
            .collect();
        let linear = match found[..] {
            [index] if self.foldings.is_empty() => linear(&*self.graph.nodes[index].op),
            _ => None,
        };
        let Some((op, function)) = linear else {
            return Err(BuildError::configuration(
                "normalises a layer without a kernel of units that come last",
            )
            .with_hint("put it around Dense, Conv1d or Conv2d"));
        };
        let index = found[0];
        let (kernel, bias) = match self.graph.nodes[index].weights[..] {
            [kernel] => (kernel, None),
            [kernel, bias, ..] => (kernel, Some(bias)),
            [] => unreachable!("it was found by its weights"),
        };
        let known = &self.graph.weights[kernel];
        let units = known.shape.last().copied().unwrap_or(1);
        let rows = known.values() / units.max(1);
        let vector = self.state("vector_u", [units], Initializer::HeNormal)?;
        let vector = self.weight_number(vector);
        let divide = SpectralDivide {
            units,
            rows,
            iterations,
            bias: bias.is_some(),
            frozen: self.frozen(),
        };
        let output = self.graph.nodes[index].outputs[0];
        let product = self.new_value(output);
        let divided = match function {
            ActivationKind::Linear => output,
            _ => self.new_value(output),
        };
        let number = self.graph.layers.len();
        let node = &mut self.graph.nodes[index];
        (node.op, node.outputs, node.weights) = (op, vec![product], vec![kernel]);
        let divide = OpNode {
            op: Arc::new(divide),
            number,
            inputs: vec![product],
            outputs: vec![divided],
            weights: [kernel, vector].into_iter().chain(bias).collect(),
        };
        self.graph.nodes.insert(index + 1, divide);
        if function != ActivationKind::Linear {
            let activate = OpNode {
                op: Arc::new(Activate::new(function)),
                number,
                inputs: vec![divided],
                outputs: vec![output],
                weights: Vec::new(),
            };
            self.graph.nodes.insert(index + 2, activate);
        }
        Ok(())
    }

    /// A further value of the shape of another.
    fn new_value(&mut self, like: usize) -> usize {
        let shape = self.graph.shapes[like].clone();
        self.graph.shapes.push(shape);
        self.graph.masks.push(None);
        self.graph.shapes.len() - 1
    }
}

/// The linear map of an op, and the function after it.
fn linear(op: &dyn Op) -> Option<(Arc<dyn Op>, ActivationKind)> {
    let op: &dyn Any = op;
    if let Some(product) = op.downcast_ref::<MatMul>() {
        return Some((Arc::new(MatMul::new(product.units)), product.function()));
    }
    let (linear, function) = op.downcast_ref().and_then(Convolve::linear)?;
    Some((Arc::new(linear), function))
}
