//! The values of a graph: what its inputs hold and what its layers and ops give.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an input holds or a layer gives, in a [`Model`](crate::Model) that is being put together,
/// or in the [`Emit`](crate::layers::Emit) of a layer.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let input = model.input([4]);
/// let hidden = model.layer(Dense::new(4).relu(), [input]);
/// let sum = model.layer(Add, [input, hidden]); // past the layer, too
/// assert!(model.outputs([sum]).build(1).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// Tells the values of one graph from those of another; no number depends on it.
    pub(crate) owner: u64,
    /// First the inputs, then what the layers give, in their order.
    pub(crate) number: usize,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// What tells the values of a new graph from those of others.
pub(crate) fn new_owner() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The first input's number.
pub(crate) const INPUT: usize = 0;
