//! The gradient of a value by another, written as ops that have gradients themselves: what a penalty on
//! that gradient needs. Each op's way back is that of its backward pass; see there for the formulas.

use std::any::Any;
use std::collections::HashMap;

use super::{Emit, OpNode, Value, Weight};
use crate::error::BuildError;
use crate::kernels::activation::ActivationKind;
use crate::ops::{
    Activate, Add, Concatenate, Convolve, ConvolveTransposed, Crop, Derivative, Gate,
    LayerNormalize, MatMul, MatMulTransposed, Multiply, NormalizeBack, Ones, Pad, ParametricRelu,
    PartOfRow, Rescale, Reshape, SpectralDivide, TimesWeight,
};

impl Emit<'_> {
    /// Writes the gradient of the sum of a sample's values of `output` by `input`, from which it was
    /// computed in this graph; of `input`'s shape. It is exact, and so is its own gradient.
    ///
    /// # Errors
    /// When `output` does not depend on `input`, or a layer between them has an op whose way back is none.
    pub(crate) fn gradient_by(&mut self, output: Value, input: Value) -> Result<Value, BuildError> {
        let [output_number, input_number] = self.numbers(&[output, input])?[..] else {
            return Err(BuildError::configuration("takes two values"));
        };
        let nodes = self.graph.nodes.clone();
        let mut depends = vec![false; self.graph.shapes.len()];
        depends[input_number] = true;
        for node in &nodes {
            if node.inputs.iter().any(|&value| depends[value]) {
                node.outputs.iter().for_each(|&value| depends[value] = true);
            }
        }
        if !depends[output_number] {
            return Err(BuildError::configuration(
                "wants the gradient of what does not depend on the samples",
            )
            .with_hint("let the network's output depend on its first input"));
        }
        let ones = self.op(Ones, &[output], &[])?;
        let mut gradients: HashMap<usize, Value> = HashMap::from([(output_number, ones)]);
        for node in nodes.iter().rev() {
            let found = node.outputs.iter().find_map(|value| gradients.get(value));
            let Some(&gradient) = found else { continue };
            for index in 0..node.inputs.len() {
                let input = node.inputs[index];
                if !depends[input] {
                    continue;
                }
                let part = self.back(node, index, gradient)?;
                let sum = match gradients.get(&input) {
                    Some(&known) => self.op(Add, &[known, part], &[])?,
                    None => part,
                };
                gradients.insert(input, sum);
            }
        }
        let found = gradients.get(&input_number).copied();
        found.ok_or_else(|| BuildError::configuration("finds no way back to the samples"))
    }

    /// The gradient of a node's input `index` from that of its output.
    fn back(&mut self, node: &OpNode, index: usize, gradient: Value) -> Result<Value, BuildError> {
        let value = |number| Value {
            owner: self.owner,
            number,
        };
        let (input, output) = (value(node.inputs[index]), value(node.outputs[0]));
        let others: Vec<Value> = (0..node.inputs.len())
            .filter(|other| *other != index)
            .map(|other| value(node.inputs[other]))
            .collect();
        let weight = |number: usize| self.weight_at(node.weights[number]);
        let weights: Vec<Weight> = (0..node.weights.len()).map(weight).collect();
        let shape = self.shape(input).clone();
        let width = shape.sizes().last().copied().unwrap_or(1);
        let op: &dyn Any = &*node.op;
        if node.outputs.len() > 1 {
            return Err(self.no_way_back(node));
        }
        if let Some(product) = op.downcast_ref::<MatMul>() {
            let gradient = self.through(product.function(), node, gradient, output)?;
            let back = MatMulTransposed {
                units: width,
                function: ActivationKind::Linear,
            };
            return self.op(back, &[gradient], &weights[..1]);
        }
        if let Some(product) = op.downcast_ref::<MatMulTransposed>() {
            let gradient = self.through(product.function, node, gradient, output)?;
            return self.op(MatMul::new(width), &[gradient], &weights[..1]);
        }
        if let Some((function, back)) = op.downcast_ref().and_then(Convolve::way_back) {
            let gradient = self.through(function, node, gradient, output)?;
            return self.op(back, &[gradient], &weights[..1]);
        }
        if let Some(convolve) = op.downcast_ref::<ConvolveTransposed>() {
            let (function, back) = convolve.way_back();
            let gradient = self.through(function, node, gradient, output)?;
            return self.op(back, &[gradient], &weights[..1]);
        }
        if let Some(derivative) = op.downcast_ref().and_then(Activate::derivative) {
            // A leaky rectifier may have a slope of 0, so that its output hides the input's sign.
            let by = if matches!(derivative, Derivative::Gate(_)) {
                input
            } else {
                output
            };
            return self.times(derivative, gradient, by);
        }
        if let Some(relu) = op.downcast_ref::<ParametricRelu>() {
            let gate = Gate {
                slope: 0.0,
                places: relu.places.clone(),
            };
            return self.op(gate, &[gradient, input], &weights[..1]);
        }
        if let Some(normalize) = op.downcast_ref::<LayerNormalize>() {
            let back = NormalizeBack {
                size: normalize.size,
                epsilon: normalize.epsilon,
            };
            let scaled = match normalize.scale {
                true => self.op(TimesWeight, &[gradient], &weights[..1])?,
                false => gradient,
            };
            return self.op(back, &[input, scaled], &[]);
        }
        if let Some(divide) = op.downcast_ref::<SpectralDivide>() {
            return self.op(divide.without_bias(), &[gradient], &weights[..2]);
        }
        if op.is::<Reshape>() {
            return self.op(Reshape { shape }, &[gradient], &[]);
        }
        if op.is::<Add>() {
            return Ok(gradient);
        }
        if op.is::<Multiply>() {
            let factors: Vec<Value> = std::iter::once(gradient).chain(others).collect();
            return self.op(Multiply, &factors, &[]);
        }
        if op.is::<Concatenate>() {
            let before = node.inputs[..index].iter();
            let widths = before.map(|&input| self.graph.shapes[input].sizes().last().copied());
            let first = widths.map(|width| width.unwrap_or(1)).sum();
            return self.op(
                PartOfRow {
                    first,
                    count: width,
                },
                &[gradient],
                &[],
            );
        }
        if let Some(scale) = op.downcast_ref().map(Rescale::way_back) {
            return self.op(scale, &[gradient], &[]);
        }
        if let Some(Pad { frame }) = op.downcast_ref() {
            return self.op(Crop { frame: *frame }, &[gradient], &[]);
        }
        if let Some(Crop { frame }) = op.downcast_ref() {
            return self.op(Pad { frame: *frame }, &[gradient], &[]);
        }
        Err(self.no_way_back(node))
    }

    /// The gradient before a function that is part of an op.
    fn through(
        &mut self,
        function: ActivationKind,
        node: &OpNode,
        gradient: Value,
        output: Value,
    ) -> Result<Value, BuildError> {
        match Derivative::of(function) {
            Some(derivative) => self.times(derivative, gradient, output),
            None => Err(self.no_way_back(node)),
        }
    }

    fn times(
        &mut self,
        derivative: Derivative,
        gradient: Value,
        by: Value,
    ) -> Result<Value, BuildError> {
        match derivative {
            Derivative::One => Ok(gradient),
            Derivative::Gate(gate) => self.op(gate, &[gradient, by], &[]),
            Derivative::OfOutput(function) => {
                let slope = self.op(function, &[by], &[])?;
                self.op(Multiply, &[gradient, slope], &[])
            }
        }
    }

    /// What to say of a layer with an op whose gradient is not written as ops.
    fn no_way_back(&self, node: &OpNode) -> BuildError {
        let number = self
            .graph
            .nodes
            .iter()
            .position(|own| own.outputs == node.outputs);
        let layers = self.graph.layers.iter();
        let layer = number.and_then(|number| {
            let mut layers = layers.filter(|layer| layer.ops.contains(&number));
            layers.next().map(|layer| layer.name.as_str())
        });
        BuildError::configuration(format!(
            "cannot take the gradient of a gradient through layer {}",
            layer.unwrap_or("before it")
        ))
        .with_hint("build the discriminator of dense layers, convolutions, transposed convolutions, LayerNormalization and rectifiers, or leave the gradient penalty out")
    }
}
