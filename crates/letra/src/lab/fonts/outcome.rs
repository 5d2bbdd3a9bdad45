//! What came out, for the table, the figures and the page.

use crate::experiment::{Experiment, Row};
use crate::networks::Recipe;

/// A network of the table, trained once for each fold.
pub(super) struct NetworkResult<'a> {
    pub(super) recipe: &'static Recipe,
    pub(super) row: &'a Row,
}

/// Everything the page shows.
pub(super) struct Outcome<'a> {
    pub(super) experiment: &'a Experiment,
    /// Whether the slides' accuracy is of the same task: their split, and a file of pictures.
    pub(super) like_the_slides: bool,
    pub(super) rows: &'a [Row],
    pub(super) results: Vec<NetworkResult<'a>>,
    pub(super) neighbour: Row,
}
