//! A graph of ops, and how layers write it.

mod carried;
mod emit;
mod folding;
mod masks;
mod op_graph;
mod spectral;
mod value;
mod way_back;

pub use emit::{Emit, Weight};
pub use masks::MaskUse;
pub(crate) use op_graph::{OpGraph, OpNode, WeightSpecification, WholeNumbers};
pub use value::Value;
pub(crate) use value::{INPUT, new_owner};
