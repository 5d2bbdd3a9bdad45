//! The experiments of `letra lab`, one file each.

pub mod activations;
pub mod adversarial;
pub mod dropout;
pub mod fonts;
pub mod kernels;
pub mod optimizers;
pub mod recipe;
pub mod sequences;
mod tasks;
pub mod unsupervised;

use crate::action::Action;

/// The experiments. Adding one touches its file, its `mod` and this table.
pub const EXPERIMENTS: &[Action] = &[
    Action::of::<activations::Activations>(),
    Action::of::<adversarial::Adversarial>(),
    Action::of::<dropout::DropoutFamily>(),
    Action::of::<fonts::Fonts>(),
    Action::of::<kernels::Kernels>(),
    Action::of::<optimizers::Optimizers>(),
    Action::of::<recipe::Recipe>(),
    Action::of::<sequences::Sequences>(),
    Action::of::<unsupervised::Unsupervised>(),
];
