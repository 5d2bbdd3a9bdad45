//! A graph of ops, and how layers write it.

mod emit;
mod op_graph;
mod value;

pub use emit::{Emit, Weight};
pub(crate) use op_graph::{OpGraph, OpNode, WeightSpecification};
pub use value::Value;
pub(crate) use value::{INPUT, new_owner};
