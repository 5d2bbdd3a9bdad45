use std::any::Any;
use std::sync::Arc;

use super::folding::Folding;
use super::op_graph::{EmittedLayer, OpGraph, OpNode, WeightSpecification};
use super::value::Value;
use crate::error::BuildError;
use crate::kernels::activation::ActivationKind;
use crate::ops::{MatMul, Op, Penalize, Unfolded};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};
use crate::{Constraint, Initializer, KernelDemands, Regularizer, Shape};

/// Bits of an op's number that say which layer it belongs to.
const LAYER_BITS: usize = 12;

/// A weight that a layer declared, to be given to its ops.
///
/// ```
/// use letra_nn::layers::{Emit, Weight};
/// use letra_nn::{BuildError, prelude::*};
///
/// /// A kernel and its bias, as a layer's `emit` declares them.
/// fn weights(emit: &mut Emit<'_>, inputs: usize, units: usize) -> Result<[Weight; 2], BuildError> {
///     let fans = [inputs, units];
///     let kernel = emit.parameter("kernel", [inputs, units], Initializer::GlorotUniform, fans)?;
///     emit.regularize(kernel, Regularizer::l2(0.01))?;
///     Ok([kernel, emit.parameter("bias", [units], Initializer::Zeros, fans)?])
/// }
/// # let _ = weights;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Place in the graph's list.
    index: usize,
}

/// Where a layer writes the ops that do its work.
///
/// ```
/// use letra_nn::layers::{Emit, Value};
/// use letra_nn::{BuildError, ops};
///
/// /// What a layer that squares its input writes.
/// fn square(inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
///     let (input, _shape) = emit.single_input(inputs)?;
///     Ok(vec![emit.op(ops::Multiply, &[input, input], &[])?])
/// }
/// # let _ = square;
/// ```
pub struct Emit<'a> {
    pub(super) graph: &'a mut OpGraph,
    /// What tells its values from those of other graphs.
    pub(super) owner: u64,
    /// Name of the layer.
    pub(super) name: &'a str,
    frozen: bool,
    /// Weights of the layer whose parameters this one uses, where it stands at another place.
    shared: Option<&'a [usize]>,
    /// Those that it has declared.
    weights: Vec<usize>,
    /// Number of its first op.
    first_op: usize,
    /// The layers around this one that take it over the steps of what they are given, the innermost
    /// last.
    pub(super) foldings: Vec<Folding>,
}

impl<'a> Emit<'a> {
    pub(crate) fn new(
        graph: &'a mut OpGraph,
        owner: u64,
        name: &'a str,
        frozen: bool,
        shared: Option<&'a [usize]>,
    ) -> Self {
        Emit {
            first_op: graph.nodes.len(),
            graph,
            owner,
            name,
            frozen,
            shared,
            weights: Vec::new(),
            foldings: Vec::new(),
        }
    }

    /// The layer as it was written, unless it left out weights that it shares.
    pub(crate) fn finish(self, outputs: &[Value]) -> Result<EmittedLayer, BuildError> {
        if self
            .shared
            .is_some_and(|shared| shared.len() != self.weights.len())
        {
            return Err(
                BuildError::configuration("shares parameters that it has none of")
                    .with_hint("take two layers"),
            );
        }
        self.check_carried()?;
        Ok(EmittedLayer {
            name: self.name.to_owned(),
            outputs: self.numbers(outputs)?,
            ops: self.first_op..self.graph.nodes.len(),
            weights: self.weights,
        })
    }

    /// Shape of a sample of a value.
    ///
    /// # Panics
    /// When the value is none of this network's.
    pub fn shape(&self, value: Value) -> &Shape {
        let folded = self.foldings.last();
        let folded = folded.and_then(|folding| folding.shapes.get(&value.number));
        folded.unwrap_or(&self.graph.shapes[value.number])
    }

    /// The shape of the input of a layer that takes one.
    ///
    /// # Errors
    /// When there is not one.
    pub fn single_input(&self, inputs: &[Value]) -> Result<(Value, &Shape), BuildError> {
        match inputs {
            [input] => Ok((*input, self.shape(*input))),
            _ => Err(BuildError::configuration(format!(
                "takes one input but is given {}",
                inputs.len()
            ))),
        }
    }

    /// Whether the layer is frozen: training leaves its parameters as they are, and its ops should
    /// leave its states, too.
    pub fn frozen(&self) -> bool {
        self.frozen
    }

    /// Declares a parameter. `fans` are the numbers of inputs and outputs that a unit is connected
    /// to.
    ///
    /// # Errors
    /// When the initializer's numbers make no sense, or the shape holds more than any machine
    /// does.
    pub fn parameter(
        &mut self,
        name: &'static str,
        shape: impl Into<Vec<usize>>,
        initializer: Initializer,
        fans: [usize; 2],
    ) -> Result<Weight, BuildError> {
        self.declare(name, shape.into(), initializer, fans, false)
    }

    /// Declares values that belong to the network and are saved with it, but that no optimizer
    /// touches, such as moving averages. [`Op::update_state`] may change them once a step.
    ///
    /// # Errors
    /// As [`Emit::parameter`].
    pub fn state(
        &mut self,
        name: &'static str,
        shape: impl Into<Vec<usize>>,
        initializer: Initializer,
    ) -> Result<Weight, BuildError> {
        let shape = shape.into();
        let values = shape
            .iter()
            .fold(1, |product: usize, &size| product.saturating_mul(size));
        self.declare(name, shape, initializer, [values, values], true)
    }

    fn declare(
        &mut self,
        name: &'static str,
        shape: Vec<usize>,
        initializer: Initializer,
        fans: [usize; 2],
        state: bool,
    ) -> Result<Weight, BuildError> {
        initializer.check()?;
        self.check_size(&shape, MOST_PARAMETERS)?;
        let index = match self.shared {
            Some(shared) => self.shared_weight(shared, name, &shape)?,
            None => {
                let units = match shape[..] {
                    [.., _, units] => units,
                    _ => 1,
                };
                let name = format!("{}/{name}", self.name);
                if self.graph.weights.iter().any(|known| known.name == name) {
                    return Err(BuildError::configuration(format!(
                        "comes after a layer that shares {name}"
                    ))
                    .with_hint("put the layer that is tied to another after that"));
                }
                self.graph.weights.push(WeightSpecification {
                    name,
                    shape,
                    units,
                    initializer,
                    fans,
                    demands: KernelDemands::default(),
                    given: None,
                    start: 0,
                    state,
                    frozen: self.frozen,
                });
                self.graph.weights.len() - 1
            }
        };
        self.weights.push(index);
        Ok(Weight { index })
    }

    /// The weight of the layer's first place, which must have the same shape.
    fn shared_weight(
        &self,
        shared: &[usize],
        name: &str,
        shape: &[usize],
    ) -> Result<usize, BuildError> {
        let Some(&index) = shared.get(self.weights.len()) else {
            return Err(
                BuildError::configuration("shares parameters that it has none of")
                    .with_hint("take two layers"),
            );
        };
        let first = &self.graph.weights[index].shape;
        match first == shape {
            true => Ok(index),
            false => Err(BuildError::configuration(format!(
                "is used a second time on inputs for which its {name} would \
                 be {shape:?}, not {first:?}"
            ))
            .with_hint("give it inputs of one shape, or take two layers")),
        }
    }

    /// Adds a penalty on a parameter to the loss.
    ///
    /// # Errors
    /// When a factor is out of its range.
    pub fn regularize(&mut self, weight: Weight, penalty: Regularizer) -> Result<(), BuildError> {
        let mut demands = self.graph.weights[weight.index].demands;
        demands.kernel_regularizer = Some(penalty);
        self.demand(weight, demands)
    }

    /// Adds a penalty on a value to the loss: summed over a sample's values, the mean over the
    /// samples. Whatever reads the value reads it as before.
    ///
    /// # Errors
    /// When a factor is out of its range.
    pub fn regularize_activity(
        &mut self,
        value: Value,
        penalty: Regularizer,
    ) -> Result<(), BuildError> {
        penalty.check()?;
        let [l1, l2] = penalty.factors();
        self.penalize(Penalize { l1, l2 }, &[value], &[])
    }

    /// Adds to the loss what an op makes of some values, one number a sample, the mean over the samples.
    pub(crate) fn penalize(
        &mut self,
        op: impl Op,
        values: &[Value],
        weights: &[Weight],
    ) -> Result<(), BuildError> {
        // It is of all steps together where there are such.
        let foldings = std::mem::take(&mut self.foldings);
        let penalty = self.op(op, values, weights);
        self.foldings = foldings;
        self.graph.penalties.push(penalty?.number);
        Ok(())
    }

    /// The function and the kernel of the dense layer that gives a value; none where it comes from
    /// something else.
    pub(crate) fn dense_giver(&self, value: Value) -> Option<(ActivationKind, Weight)> {
        let giver = self.graph.giver(value.number)?;
        let op: &dyn Any = &*giver.op;
        let product = op.downcast_ref::<MatMul>()?;
        let &index = giver.weights.first()?;
        Some((product.function(), Weight { index }))
    }

    /// The parameter called `name` of another layer, which both then have. Where that layer is not there,
    /// as in a part of a network that begins after it, the parameter is declared here, by its name.
    ///
    /// # Errors
    /// When it has another shape.
    pub(crate) fn parameter_of(
        &mut self,
        layer: &str,
        name: &str,
        shape: Vec<usize>,
        fans: [usize; 2],
    ) -> Result<Weight, BuildError> {
        self.check_size(&shape, MOST_PARAMETERS)?;
        let name = format!("{layer}/{name}");
        let mut known = self.graph.weights.iter();
        let known = known.position(|known| known.name == name);
        if let Some(index) = known {
            let first = &self.graph.weights[index];
            if first.shape != shape || first.state {
                return Err(BuildError::configuration(format!(
                    "shares {name}, which has shape {:?}, as if it were {shape:?}",
                    first.shape
                ))
                .with_hint("give it as many units as that layer has inputs, and as many inputs as that has units"));
            }
            if self.shared.is_some_and(|shared| shared.contains(&index)) {
                self.weights.push(index);
            }
            return Ok(Weight { index });
        }
        let index = self.graph.weights.len();
        self.graph.weights.push(WeightSpecification {
            name,
            units: shape.last().copied().unwrap_or(1),
            shape,
            initializer: Initializer::GlorotUniform,
            fans,
            demands: KernelDemands::default(),
            given: None,
            start: 0,
            state: false,
            frozen: self.frozen,
        });
        self.weights.push(index);
        Ok(Weight { index })
    }

    /// Limits the values of a parameter.
    ///
    /// # Errors
    /// When the limit is out of its range.
    pub fn constrain(&mut self, weight: Weight, limit: Constraint) -> Result<(), BuildError> {
        let mut demands = self.graph.weights[weight.index].demands;
        demands.kernel_constraint = Some(limit);
        self.demand(weight, demands)
    }

    /// Says over how many units, its last values, a limit on a parameter's norms goes; unless told
    /// otherwise, the last axis counts them.
    pub(crate) fn count_units(&mut self, weight: Weight, units: usize) {
        self.graph.weights[weight.index].units = units;
    }

    /// Place of a weight in the graph's list.
    pub(super) fn weight_number(&self, weight: Weight) -> usize {
        weight.index
    }

    /// A weight of the graph's list, whichever layer declared it.
    pub(super) fn weight_at(&self, index: usize) -> Weight {
        Weight { index }
    }

    /// Says what is demanded of a parameter, if anything is.
    ///
    /// # Errors
    /// When a number is out of its range.
    pub(crate) fn demand_of(
        &mut self,
        weight: Weight,
        penalty: Option<Regularizer>,
        limit: Option<Constraint>,
    ) -> Result<(), BuildError> {
        let demands = KernelDemands {
            kernel_regularizer: penalty,
            kernel_constraint: limit,
        };
        self.demand(weight, demands)
    }

    /// Lets the values of a parameter from number `first` on begin as given instead of as the
    /// initializer has them.
    ///
    /// # Errors
    /// When there are more than it has, or one is no number.
    pub(crate) fn begin_with(
        &mut self,
        weight: Weight,
        first: usize,
        values: &Arc<Vec<f32>>,
    ) -> Result<(), BuildError> {
        let known = &mut self.graph.weights[weight.index];
        let fits = first + values.len() <= known.values();
        if !fits || values.iter().any(|value| !value.is_finite()) {
            return Err(BuildError::configuration(format!(
                "is given {} values to begin with for {:?}, or some that are no numbers",
                values.len(),
                known.shape
            ))
            .with_hint("give it a finite number for each"));
        }
        known.given = Some((first, Arc::clone(values)));
        Ok(())
    }

    /// Says what is demanded of a parameter: a penalty, a limit.
    ///
    /// # Errors
    /// When a number is out of its range.
    pub(crate) fn demand(
        &mut self,
        weight: Weight,
        demands: KernelDemands,
    ) -> Result<(), BuildError> {
        demands.check()?;
        self.graph.weights[weight.index].demands = demands;
        Ok(())
    }

    /// Writes an op of one output.
    ///
    /// # Errors
    /// When an input does not fit, or the output holds more than any machine does.
    pub fn op(
        &mut self,
        op: impl Op,
        inputs: &[Value],
        weights: &[Weight],
    ) -> Result<Value, BuildError> {
        let outputs = self.op_with_outputs(op, inputs, weights)?;
        match outputs[..] {
            [output] => Ok(output),
            _ => Err(BuildError::configuration(format!(
                "writes an op of {} outputs as if it had one",
                outputs.len()
            ))),
        }
    }

    /// Writes the op whose one output is all that a layer gives.
    pub(crate) fn output(
        &mut self,
        op: impl Op,
        inputs: &[Value],
        weights: &[Weight],
    ) -> Result<Vec<Value>, BuildError> {
        self.op(op, inputs, weights).map(|output| vec![output])
    }

    /// Writes an op of any number of outputs.
    ///
    /// # Errors
    /// As [`Emit::op`].
    pub fn op_with_outputs<O: Op>(
        &mut self,
        op: O,
        inputs: &[Value],
        weights: &[Weight],
    ) -> Result<Vec<Value>, BuildError> {
        let numbers = self.numbers(inputs)?;
        let input_shapes: Vec<Shape> = inputs
            .iter()
            .map(|&value| self.shape(value).clone())
            .collect();
        let shapes = op.output_shapes(&input_shapes)?;
        let same = self.graph.nodes[self.first_op..].iter();
        let same = same.filter(|node| node.op.unfolded().is::<O>());
        let number = self.graph.layers.len() | same.count() << LAYER_BITS;
        let first = self.graph.shapes.len();
        let outputs: Vec<usize> = (first..first + shapes.len()).collect();
        let (op, shapes) = self.folded(Arc::new(op), &input_shapes, &outputs, shapes);
        for shape in &shapes {
            self.check_size(shape.sizes(), MOST_VALUES)?;
        }
        self.graph.masks.resize(first + shapes.len(), None);
        self.graph.shapes.extend(shapes);
        self.graph.nodes.push(OpNode {
            op,
            number,
            inputs: numbers,
            outputs: outputs.clone(),
            weights: weights.iter().map(|weight| weight.index).collect(),
        });
        let value = |number| Value {
            owner: self.owner,
            number,
        };
        Ok(outputs.into_iter().map(value).collect())
    }

    /// The values' numbers, if they are this network's.
    pub(super) fn numbers(&self, values: &[Value]) -> Result<Vec<usize>, BuildError> {
        let own =
            |value: &Value| value.owner == self.owner && value.number < self.graph.shapes.len();
        match values.iter().all(own) {
            true => Ok(values.iter().map(|value| value.number).collect()),
            false => Err(BuildError::configuration("uses a value of another network")
                .with_hint("use those that emit was given, and what its ops gave")),
        }
    }

    /// Refuses sizes that no machine holds, before anything is computed from them.
    pub(super) fn check_size(&self, shape: &[usize], most: usize) -> Result<(), BuildError> {
        match holds_at_most(shape, most) {
            true => Ok(()),
            false => Err(BuildError::configuration(format!(
                "would hold {shape:?} values, more than {most}"
            ))
            .with_hint("make it smaller")),
        }
    }
}
