//! What layers whose window slides over a picture or a sequence share.

use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::convolution::Padding2;
use crate::kernels::pooling::Pooling;
use crate::ops::Reshape;

/// Sizes of windows, strides, paddings and filters that are still credible.
pub(crate) const MOST: usize = 1 << 16;
/// Cells of a window at most: single precision numbers each of them exactly.
const MOST_CELLS: usize = 1 << 24;

/// Height and width: of a kernel, a window or a stride. A single number stands for both.
///
/// ```
/// use letra_nn::layers::Window;
///
/// assert_eq!(Window::from(3), Window::from([3, 3]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window(pub(crate) [usize; 2]);

impl From<usize> for Window {
    fn from(size: usize) -> Self {
        Window([size, size])
    }
}

impl From<[usize; 2]> for Window {
    fn from(sizes: [usize; 2]) -> Self {
        Window(sizes)
    }
}

/// What surrounds a picture before a window slides over it.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let shape = |layer: Conv2d| {
///     let network = Sequential::new([28, 28, 1]).add(layer).build(0)?;
///     Ok::<usize, Error>(network.output_shape()[0])
/// };
/// assert_eq!(shape(Conv2d::new(4, 5).valid())?, 24);
/// assert_eq!(shape(Conv2d::new(4, 5).same())?, 28);
/// assert_eq!(shape(Conv2d::new(4, 5).padding(1))?, 26);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: the window stays inside.
    Valid,
    /// As much as makes the output ⌈size / stride⌉; the odd row or column goes to the
    /// bottom or right, as in Keras.
    Same,
    /// Rows above and below, columns left and right.
    Explicit([usize; 2]),
}

impl Padding {
    /// Rows and columns around a picture of the given height and width.
    pub(crate) fn around(
        self,
        sizes: [usize; 2],
        window: [usize; 2],
        stride: [usize; 2],
    ) -> Padding2 {
        let axis = |axis: usize| match self {
            Padding::Valid => (0, 0),
            Padding::Explicit(around) => (around[axis], around[axis]),
            Padding::Same => {
                let outputs = sizes[axis].div_ceil(stride[axis]);
                let covered = (outputs - 1) * stride[axis] + window[axis];
                let missing = covered.saturating_sub(sizes[axis]);
                (missing / 2, missing - missing / 2)
            }
        };
        let ((top, bottom), (left, right)) = (axis(0), axis(1));
        Padding2 {
            top,
            bottom,
            left,
            right,
        }
    }
}

/// Sizes of a picture-shaped input `[height, width, channels]`.
pub(crate) fn picture(input: &Shape) -> Result<[usize; 3], BuildError> {
    <[usize; 3]>::try_from(input.sizes()).map_err(|_| {
        BuildError::input(
            "a picture [height, width, channels]",
            "add Reshape before it",
        )
    })
}

/// Sizes of an input `[steps, channels]`, as those of a picture of one row.
pub(crate) fn sequence(input: &Shape) -> Result<[usize; 3], BuildError> {
    match input.sizes() {
        &[steps, channels] => Ok([1, steps, channels]),
        _ => Err(BuildError::input(
            "a sequence [steps, channels]",
            "add Reshape before it",
        )),
    }
}

/// The single input of a layer, a sequence, as a picture of one row, and its sizes; for ops that know
/// pictures only. Nothing is moved.
pub(super) fn as_picture(
    inputs: &[Value],
    emit: &mut Emit<'_>,
) -> Result<(Value, [usize; 3]), BuildError> {
    let (input, shape) = emit.single_input(inputs)?;
    let picture = sequence(shape)?;
    let shape = picture.into();
    Ok((emit.op(Reshape { shape }, &[input], &[])?, picture))
}

/// The way back: a picture of one row as the sequence that a layer gives.
pub(super) fn as_sequence(row: Value, emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
    let shape = emit.shape(row).sizes()[1..].into();
    emit.output(Reshape { shape }, &[row], &[])
}

/// Fails unless every size is between `least` and what is credible.
pub(crate) fn check_sizes(what: &str, sizes: &[usize], least: usize) -> Result<(), BuildError> {
    match sizes.iter().all(|size| (least..=MOST).contains(size)) {
        true => Ok(()),
        false => Err(BuildError::configuration(format!("has {what} {sizes:?}"))
            .with_hint(format!("it must be from {least} to {MOST}"))),
    }
}

/// A pooling layer's windows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub(crate) window: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
    /// How many of the two axes the layer speaks of; the others, first, are of size 1.
    pub(crate) axes: usize,
}

impl Windows {
    /// Windows on a picture.
    pub(crate) fn on_picture(window: Window, stride: Window, padding: Padding) -> Self {
        Windows {
            window: window.0,
            stride: stride.0,
            padding,
            axes: 2,
        }
    }

    /// Windows on a sequence.
    pub(crate) fn on_sequence(window: usize, stride: usize, padding: Padding) -> Self {
        Windows {
            window: [1, window],
            stride: [1, stride],
            padding,
            axes: 1,
        }
    }

    /// The pooling of an input that fits, `[height, width, channels]`.
    pub(crate) fn pooling(&self, [height, width, channels]: [usize; 3]) -> Pooling {
        let Windows {
            window,
            stride,
            padding,
            ..
        } = *self;
        Pooling {
            height,
            width,
            channels,
            window,
            stride,
            padding: padding.around([height, width], window, stride),
        }
    }

    /// The pooling of an input, or what is wrong with it or with the settings.
    pub(crate) fn checked(&self, picture: [usize; 3]) -> Result<Pooling, BuildError> {
        let window = &self.window[2 - self.axes..];
        check_sizes("a window of", window, 1)?;
        check_sizes("a stride of", &self.stride[2 - self.axes..], 1)?;
        if self.window[0] * self.window[1] > MOST_CELLS {
            return Err(
                BuildError::configuration(format!("has a window of {window:?}"))
                    .with_hint(format!("it must have at most {MOST_CELLS} cells")),
            );
        }
        if let Padding::Explicit(around) = self.padding {
            return Err(
                BuildError::configuration(format!("has a padding of {around:?}"))
                    .with_hint("it is either valid or same"),
            );
        }
        let pooling = self.pooling(picture);
        if pooling.output_height() == 0 || pooling.output_width() == 0 {
            let of = ["a sequence", "a picture"][self.axes - 1];
            return Err(BuildError::input(
                format!("{of} that its window {window:?} fits into"),
                "use a smaller window or leave this layer out",
            ));
        }
        Ok(pooling)
    }
}

/// The pooling whose only window is the whole picture.
pub(crate) fn whole([height, width, channels]: [usize; 3]) -> Pooling {
    Pooling {
        height,
        width,
        channels,
        window: [height, width],
        stride: [height, width],
        padding: Padding2::default(),
    }
}

/// As [`whole`], if single precision can number the cells of the picture.
pub(crate) fn whole_numbered(picture: [usize; 3]) -> Result<Pooling, BuildError> {
    match picture[0].checked_mul(picture[1]) {
        Some(cells) if cells <= MOST_CELLS => Ok(whole(picture)),
        _ => Err(BuildError::input(
            format!("at most {MOST_CELLS} cells a channel"),
            "pool it with smaller windows first",
        )),
    }
}

/// Rows and columns at a picture's edges: `[[top, bottom], [left, right]]`. A single number
/// stands for all four, two for rows and columns.
///
/// ```
/// use letra_nn::prelude::*;
///
/// // All around; above and below, left and right; each edge by itself.
/// for edges in [Cropping2d::new(1), Cropping2d::new([1, 1]), Cropping2d::new([[1, 1], [1, 1]])] {
///     let network = Sequential::new([6, 6, 1]).add(edges).build(0)?;
///     assert_eq!(network.output_shape(), [4, 4, 1]);
/// }
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edges(pub(crate) [[usize; 2]; 2]);

impl Edges {
    /// Fails where a size is not credible.
    pub(crate) fn check(&self, what: &str) -> Result<(), BuildError> {
        match self.0.as_flattened().iter().all(|&size| size <= MOST) {
            true => Ok(()),
            false => Err(
                BuildError::configuration(format!("has {what} {:?}", self.0))
                    .with_hint(format!("it must be from 0 to {MOST}")),
            ),
        }
    }
}

impl From<usize> for Edges {
    fn from(size: usize) -> Self {
        Edges([[size; 2]; 2])
    }
}

impl From<[usize; 2]> for Edges {
    fn from([rows, columns]: [usize; 2]) -> Self {
        Edges([[rows; 2], [columns; 2]])
    }
}

impl From<[[usize; 2]; 2]> for Edges {
    fn from(sizes: [[usize; 2]; 2]) -> Self {
        Edges(sizes)
    }
}
