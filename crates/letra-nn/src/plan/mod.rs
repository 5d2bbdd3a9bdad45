//! A graph of ops compiled for a batch: fused neighbours, memory laid out, nothing allocated
//! while it runs.
//!
//! The batch is cut into *shards*, small enough that a shard's values stay in a core's
//! second-level cache; a worker takes a shard forward and backward through the whole
//! network before it takes the next. What shards give is added in a fixed tree, see [`tree`].
//! An op that needs the whole batch, such as batch normalisation, cuts the plan into
//! *phases*: all shards go through one before any goes through the next.
//! How many shards there are follows from the model and the batch alone, so that the number of
//! threads changes no bit of the result.

mod fuse;
mod infer;
mod join;
mod layout;
mod memory;
mod node;
mod phases;
mod placing;
mod rows;
mod shard;
mod step;
#[cfg(test)]
mod tests;
mod train;
pub(crate) mod tree;
mod update;

pub(crate) use infer::InferencePlan;
pub(crate) use layout::Layout;
pub(crate) use node::Purpose;
pub(crate) use rows::Batch;
pub(crate) use step::{Objective, Sizes, StepResult};
pub(crate) use train::{At, TrainingPlan, Upstream};
pub(crate) use update::{Piece, Rule};
