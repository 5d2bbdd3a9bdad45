//! The shape of a convolution: how input, kernel and output positions belong together.

/// Rows and columns of zeros around a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding2 {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the left.
    pub left: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Padding2 {
    /// Rows above and below, columns to the left and to the right.
    pub fn new([top, bottom]: [usize; 2], [left, right]: [usize; 2]) -> Self {
        Self {
            top,
            bottom,
            left,
            right,
        }
    }

    /// All rows.
    pub fn rows(&self) -> usize {
        self.top + self.bottom
    }

    /// All columns.
    pub fn columns(&self) -> usize {
        self.left + self.right
    }
}

/// A max-pooling after a convolution: windows that do not overlap (the stride is the window),
/// without padding; rows and columns left over at the end are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Rows of a window, at least 1.
    pub height: usize,
    /// Columns of a window, at least 1.
    pub width: usize,
}

/// The shape of a convolution, channels last.
///
/// Input `[height, width, channels]` a sample, kernel
/// `[kernel[0], kernel[1], channels / groups, filters]`, output `[output_height, output_width, filters]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Filters: channels of the output.
    pub filters: usize,
    /// Rows and columns of the kernel, at least 1.
    pub kernel: [usize; 2],
    /// Steps from one output position to the next, down and right, at least 1.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub padding: Padding2,
    /// Cells from one tap of the kernel to the next, down and right, at least 1.
    pub dilation: [usize; 2],
    /// Groups of channels and filters, at least 1: a filter sees the channels of its group. They
    /// divide both.
    pub groups: usize,
}

impl Geometry {
    /// Rows and columns from the first tap of the kernel to the last: (f − 1) d + 1.
    pub fn reach(&self) -> [usize; 2] {
        [0, 1].map(|axis| (self.kernel[axis] - 1) * self.dilation[axis] + 1)
    }

    /// Rows of the output: ⌊(n + p − r) / s⌋ + 1 with r the kernel's reach, or 0 where it does not
    /// fit.
    pub fn output_height(&self) -> usize {
        let padded = self.height + self.padding.rows();
        positions(padded, self.reach()[0], self.stride[0])
    }

    /// Columns of the output: ⌊(n + p − r) / s⌋ + 1 with r the kernel's reach, or 0 where it does
    /// not fit.
    pub fn output_width(&self) -> usize {
        let padded = self.width + self.padding.columns();
        positions(padded, self.reach()[1], self.stride[1])
    }

    /// The padding with which the gradient at z, stride − 1 zeros between its cells, correlated with
    /// the kernel turned by half a turn gives that of the input; none where there would be too much.
    pub(crate) fn turned_padding(&self) -> Option<Padding2> {
        let axis = |axis: usize, [before, size, after]: [usize; 3], outputs: usize| {
            let reach = self.reach()[axis] - 1;
            let unseen =
                before + size + after - (outputs.checked_sub(1)? * self.stride[axis] + reach + 1);
            Some([
                reach.checked_sub(before)?,
                (reach + unseen).checked_sub(after)?,
            ])
        };
        let Padding2 {
            top,
            bottom,
            left,
            right,
        } = self.padding;
        let rows = axis(0, [top, self.height, bottom], self.output_height())?;
        let columns = axis(1, [left, self.width, right], self.output_width())?;
        Some(Padding2::new(rows, columns))
    }

    /// Elements of one input sample.
    pub fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Elements of one output sample before any pooling.
    pub fn output_len(&self) -> usize {
        self.output_height() * self.output_width() * self.filters
    }

    /// Elements of the part of the input that one filter sees at one output position.
    pub(crate) fn patch_len(&self) -> usize {
        self.kernel[0] * self.kernel[1] * (self.channels / self.groups)
    }

    /// Elements of the kernel.
    pub fn kernel_len(&self) -> usize {
        self.patch_len() * self.filters
    }

    /// Elements of one output sample, after `pool` if there is one.
    pub(crate) fn pooled_len(&self, pool: Option<Pool>) -> usize {
        let Pool { height, width } = pool.unwrap_or(Pool {
            height: 1,
            width: 1,
        });
        (self.output_height() / height) * (self.output_width() / width) * self.filters
    }
}

/// How often a window fits: ⌊(length − window) / stride⌋ + 1, or 0 where it is too long.
pub(crate) fn positions(length: usize, window: usize, stride: usize) -> usize {
    if length < window {
        0
    } else {
        (length - window) / stride + 1
    }
}
