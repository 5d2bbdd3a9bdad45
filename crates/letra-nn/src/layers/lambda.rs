use std::fmt;
use std::sync::Arc;

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Apply;

/// Writes the ops of a layer.
type Emitting = dyn Fn(&[Value], &mut Emit<'_>) -> Result<Vec<Value>, BuildError> + Send + Sync;

/// A layer from a closure, for what a program needs once.
///
/// [`of_values`](Self::of_values) takes a function of one number, and its derivative:
///
/// ```
/// use letra_nn::prelude::*;
///
/// let square = Lambda::of_values(|x| x * x, |x| 2.0 * x);
/// let network = Sequential::new([2]).add(square).build(1)?;
/// assert_eq!(network.predict(&Tensor::new([1, 2], vec![3.0, -2.0])?)?.data(), [9.0, 4.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// [`new`](Self::new) takes what a layer does in [`Layer::emit`]: writes ops, which bring their
/// gradients along.
///
/// ```
/// use letra_nn::{ops, prelude::*};
///
/// let square = Lambda::new(|inputs, emit| {
///     let (input, _) = emit.single_input(inputs)?;
///     Ok(vec![emit.op(ops::Multiply, &[input, input], &[])?])
/// });
/// let network = Sequential::new([2]).add(square).build(1)?;
/// assert_eq!(network.predict(&Tensor::new([1, 2], vec![3.0, -2.0])?)?.data(), [9.0, 4.0]);
/// // A closure has no form that a file could hold.
/// assert!(network.to_bytes().unwrap_err().to_string().contains("lambda"));
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// A network with such a layer trains and predicts like any other, but is not saved. For that, write
/// a layer of your own and tell a [`Registry`](crate::Registry) of it.
#[derive(Clone)]
pub struct Lambda {
    emitting: Arc<Emitting>,
    masking: MaskUse,
}

impl Lambda {
    /// The ops that `emit` writes when it is given the layer's inputs; it returns what the layer
    /// gives, one value.
    pub fn new(
        emit: impl Fn(&[Value], &mut Emit<'_>) -> Result<Vec<Value>, BuildError> + Send + Sync + 'static,
    ) -> Self {
        Lambda {
            emitting: Arc::new(emit),
            masking: MaskUse::Refuses,
        }
    }

    /// What it does with a mask; unless told otherwise, one by [`new`](Self::new) refuses it.
    pub fn mask_use(mut self, masking: MaskUse) -> Self {
        self.masking = masking;
        self
    }

    /// A function of one number, value by value, and its derivative: *y* = *f*(*x*),
    /// ∂*x* = *f*′(*x*) ∂*y*. The shape stays.
    pub fn of_values(
        function: impl Fn(f32) -> f32 + Send + Sync + 'static,
        derivative: impl Fn(f32) -> f32 + Send + Sync + 'static,
    ) -> Self {
        let apply = Apply {
            function: Arc::new(function),
            derivative: Arc::new(derivative),
        };
        let layer = Self::new(move |inputs, emit| {
            let (input, _) = emit.single_input(inputs)?;
            emit.output(apply.clone(), &[input], &[])
        });
        Lambda {
            masking: MaskUse::Passes,
            ..layer
        }
    }
}

impl fmt::Debug for Lambda {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lambda")
    }
}

impl Layer for Lambda {
    fn kind(&self) -> &'static str {
        "lambda"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn masking(&self) -> MaskUse {
        self.masking
    }

    fn is_saved(&self) -> bool {
        false
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        (self.emitting)(inputs, emit)
    }
}
