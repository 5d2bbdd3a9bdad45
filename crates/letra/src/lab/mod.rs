//! The experiments of `letra lab`, one file each.

pub mod fonts;
pub mod optimizers;

use crate::action::Action;

/// The experiments. Adding one touches its file, its `mod` and this table.
pub const EXPERIMENTS: &[Action] = &[
    Action::of::<fonts::Fonts>(),
    Action::of::<optimizers::Optimizers>(),
];
