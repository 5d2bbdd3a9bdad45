use std::fmt;

use serde::{Deserialize, Serialize};

/// Shape of one sample, without the batch axis; channels last, as in Keras.
///
/// A picture of 36 × 36 pixels with one channel is `[36, 36, 1]`, a flat vector `[1296]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// A shape with the given sizes.
    pub fn new(sizes: impl Into<Vec<usize>>) -> Self {
        Shape(sizes.into())
    }

    /// Sizes of the axes, outermost first.
    pub fn sizes(&self) -> &[usize] {
        &self.0
    }

    /// Number of values in one sample: the product of the sizes.
    pub fn values(&self) -> usize {
        self.0.iter().product()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(sizes: Vec<usize>) -> Self {
        Shape(sizes)
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}
