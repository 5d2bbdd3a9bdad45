use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{BatchMatMul, Permute, Reshape, UnitNormalize};

/// The dot products of two inputs along an axis of each:
///
/// *y*\[i…, j…\] = Σₖ *a*\[i…, k\] · *b*\[j…, k\],
///
/// where *k* runs along the chosen axis, *i*… and *j*… along the others. Inputs `[2, 5]` and
/// `[3, 5]`, both along their last axis, give `[2, 3]`; two flat ones give `[1]`. ∂*a* and ∂*b* are
/// the dot products of ∂*y* with the other input.
///
/// Normalized, all vectors along the axis have length 1 before, and the result is the cosine of the
/// angle between them. Lengths below 10⁻⁷ count as 10⁻⁷. Axes are Keras's: counted from 1, as the
/// samples are axis 0, or from the end, −1 being the last.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let cosine = model.layer(Dot::new(1).normalize(true), [left, right]);
/// let network = model.outputs([cosine]).build(1)?;
/// let inputs = [Tensor::new([1, 2], vec![3.0, 0.0])?, Tensor::new([1, 2], vec![2.0, 2.0])?];
/// assert!((network.predict(&inputs)?.data()[0] - 0.5f32.sqrt()).abs() < 1e-6);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dot {
    axes: Axes,
    normalize: bool,
}

/// An axis of each of two inputs, counted from 1 or, below 0, from the end. One number stands for
/// both.
///
/// ```
/// use letra_nn::layers::Dot;
///
/// let last_with_first = Dot::new([-1, 1]);
/// let first_with_first = Dot::new(1);
/// # let _ = (last_with_first, first_with_first);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axes([i32; 2]);

impl From<i32> for Axes {
    fn from(axis: i32) -> Self {
        Axes([axis; 2])
    }
}

impl From<[i32; 2]> for Axes {
    fn from(axes: [i32; 2]) -> Self {
        Axes(axes)
    }
}

impl Dot {
    /// Along one axis of both inputs, or along one of each.
    pub fn new(axes: impl Into<Axes>) -> Self {
        Dot {
            axes: axes.into(),
            normalize: false,
        }
    }

    settings! {
        /// Whether the vectors along the axis are brought to length 1 before.
        normalize: bool,
    }

    /// Brings the axis of an input to the end, and all others together before it: the value
    /// `[1, others, axis]`, and the sizes of the others.
    fn vectors(
        &self,
        which: usize,
        input: Value,
        emit: &mut Emit<'_>,
    ) -> Result<(Value, Vec<usize>), BuildError> {
        let shape = emit.shape(input).clone();
        let (asked, rank) = (self.axes.0[which], shape.rank());
        let counted = match asked {
            1.. => asked as usize,
            0 => 0,
            ..0 => (rank + 1).saturating_sub(asked.unsigned_abs() as usize),
        };
        if !(1..=rank).contains(&counted) {
            let place = ["first", "second"][which];
            return Err(BuildError::configuration(format!(
                "has axis {asked} of the {place} of its inputs, {shape}"
            ))
            .with_hint(format!(
                "choose one from 1 to {rank}, or from -{rank} to -1"
            )));
        }
        let mut order: Vec<usize> = (0..rank).filter(|&axis| axis + 1 != counted).collect();
        let others: Vec<usize> = order.iter().map(|&axis| shape.sizes()[axis]).collect();
        order.push(counted - 1);
        let mut value = input;
        if counted != rank {
            value = emit.op(Permute::new(&shape, &order), &[value], &[])?;
        }
        if self.normalize {
            value = emit.op(UnitNormalize, &[value], &[])?;
        }
        let rows = others.iter().product();
        let shape = [1, rows, shape.sizes()[counted - 1]].into();
        Ok((emit.op(Reshape { shape }, &[value], &[])?, others))
    }
}

impl Layer for Dot {
    named!("dot");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let &[left, right] = inputs else {
            let message = format!("multiplies 2 values but is given {}", inputs.len());
            return Err(
                BuildError::configuration(message).with_hint("give it two, or the same one twice")
            );
        };
        let (left, mut others) = self.vectors(0, left, emit)?;
        let (right, of_right) = self.vectors(1, right, emit)?;
        let length = |value: Value| emit.shape(value).sizes()[2];
        if length(left) != length(right) {
            return Err(BuildError::input(
                format!("inputs of one size along axes {:?}", self.axes.0),
                "choose other axes, or make the inputs equal there",
            ));
        }
        let products = emit.op(BatchMatMul { transposed: true }, &[left, right], &[])?;
        others.extend(of_right);
        if others.is_empty() {
            others.push(1);
        }
        let shape = others.into();
        emit.output(Reshape { shape }, &[products], &[])
    }
}
