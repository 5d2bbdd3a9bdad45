//! What the verbs and the experiments have in common as programs: arguments, messages, progress,
//! and ways to stop.

pub mod action;
pub mod failure;
pub mod interrupt;
pub mod json;
pub mod progress;
pub mod terminal;
mod text;
