//! Tells which typeface a picture of text is set in, and carries the networks that learn it.
//!
//! - [`command`]: the `letra` command, a verb a file
//! - [`lab`]: the experiments of `letra lab`, one a module
//! - [`experiment`]: what the experiments share: pictures, training several variants, the report
//! - [`networks`]: the seminar's networks and their settings
//! - [`identifier`]: a trained model that names the typeface of a picture
//! - [`recogniser`]: the network that reads lines of text, its training, its answers
//! - [`progress`]: bars that show how far long work is
//! - [`terminal`]: what is printed, and how
//! - [`report`]: pages that show what an experiment found

#![warn(missing_docs)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod action;
pub mod command;
pub mod experiment;
pub mod failure;
pub mod identifier;
pub mod interrupt;
pub mod lab;
mod names;
pub mod networks;
pub mod progress;
pub mod recogniser;
pub mod report;
pub mod terminal;

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
