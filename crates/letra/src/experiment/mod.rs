//! What the experiments of the lab share: pictures and splits, arguments, training several variants
//! from several seeds, and a report of what came out.
//!
//! ```no_run
//! # use letra::experiment::{Comparison, Experiment, Repeated, Variant};
//! # fn run(arguments: &Repeated, variants: &[Variant]) -> Result<(), letra::failure::Failure> {
//! # let interrupt = letra::interrupt::Interrupt::default();
//! let experiment = Experiment::repeated("activations", arguments, &interrupt)?;
//! let rows = experiment.train(variants)?;
//! experiment.report(Comparison::new("Activation functions, compared", rows))
//! # }
//! ```

mod answers;
mod arguments;
mod comparison;
mod conduct;
mod examples;
mod figures;
mod page;
mod publishing;
mod results;
mod sentences;
pub mod table;
mod training;
mod variant;

pub use answers::{Answer, answers};
pub use arguments::{Arguments, Repeated};
pub use comparison::{Column, Comparison};
pub use conduct::Experiment;
pub use examples::{Examples, Split};
pub use figures::{Figure, figure, milliseconds};
pub(crate) use page::described;
pub use publishing::Contents;
pub use results::{Repetition, Row, Spread, Trial};
pub use sentences::{best, caution, lead, named, neighbour, points, slowest};
pub use variant::Variant;
