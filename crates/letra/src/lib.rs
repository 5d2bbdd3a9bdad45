//! Tells which typeface a picture of text is set in, and carries the networks that learn it.
//!
//! - [`command`]: the `letra` command, a verb a file
//! - [`recogniser`]: the network that reads lines of text, its training, its answers
//! - [`reader`]: the network that reads what a line says, its training, its answers
//! - [`finder`]: the network that finds where text is and which way it runs, its training, its answers
//! - [`learning`]: long trainings on samples drawn while they go on, kept and resumed
//! - [`lab`]: the experiments of `letra lab`, one a module
//! - [`experiment`]: what the experiments share: pictures, training several variants, the report
//! - [`networks`]: the seminar's networks and their settings
//! - [`identifier`]: a trained model that names the typeface of a picture of one glyph
//! - [`report`]: pages that show what was found
//! - [`terminal`], [`progress`], [`json`]: what is printed, and how; [`action`], [`failure`],
//!   [`interrupt`]: how work is asked for and how it ends

#![warn(missing_docs)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod command;
mod console;
mod each;
pub mod experiment;
pub mod finder;
pub mod identifier;
pub mod lab;
pub mod learning;
mod model_file;
mod names;
pub mod networks;
pub mod reader;
pub mod recogniser;
pub mod report;

pub use console::{action, failure, interrupt, json, progress, terminal};

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
