use std::fmt;

use serde::{Deserialize, Serialize};

/// Values in one parameter, at most.
pub(crate) const MOST_PARAMETERS: usize = 1 << 32;
/// Values in one sample of a layer's output, at most: a quarter of a gigabyte.
pub(crate) const MOST_VALUES: usize = 1 << 26;

/// Whether an array with these sizes holds at most so many values.
pub(crate) fn holds_at_most(sizes: &[usize], most: usize) -> bool {
    product(sizes).is_some_and(|values| values <= most)
}

/// The product of sizes, if a `usize` holds it.
pub(crate) fn product(sizes: &[usize]) -> Option<usize> {
    // A size of 0 makes it 0, wherever it stands.
    match sizes.contains(&0) {
        true => Some(0),
        false => sizes
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size)),
    }
}

/// Shape of one sample, without the batch axis; channels last, as in Keras.
///
/// A picture of 36 × 36 pixels with one channel is `[36, 36, 1]`, a flat vector `[1296]`.
///
/// ```
/// use letra_nn::Shape;
///
/// let picture = Shape::from([36, 36, 1]);
/// assert_eq!((picture.rank(), picture.values()), (3, 1296));
/// ```
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

    /// Number of values in one sample: the product of the sizes, or `usize::MAX` where that is more.
    pub fn values(&self) -> usize {
        product(&self.0).unwrap_or(usize::MAX)
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
