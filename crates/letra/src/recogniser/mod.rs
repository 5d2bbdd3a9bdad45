//! The recogniser: which typeface is a picture of text set in?
//!
//! A network turns a window of a line into an embedding, a point on the unit sphere; each face
//! has a prototype there. How alike a picture is to a face is the mean over the picture's windows
//! of the cosine between embedding and prototype; a [`Calibration`] turns that into probabilities.
//! Faces that were not trained are added from the mean embedding of samples drawn in them, see
//! `enrolment`.

mod about;
mod background;
mod calibrating;
mod calibration;
mod enrolment;
pub mod evaluation;
pub mod evaluation_page;
mod face;
pub mod learning;
mod model;
mod network;
pub mod page;
mod reading;
mod relatives;
mod samples;
mod unit;
mod word_styles;

pub use about::{About, FamilyFacts};
pub use calibration::{Calibration, Evidence};
pub use face::KnownFace;
pub use model::{Recogniser, TrainingFacts};
pub use network::EMBEDDING;
pub(crate) use network::untrained_embedder;
pub use reading::{FaceCandidate, FamilyCandidate, LineReading, Reading, Typeface};
pub use word_styles::StyledWord;
