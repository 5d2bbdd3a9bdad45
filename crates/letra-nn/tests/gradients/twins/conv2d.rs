use letra_nn::layers::Padding;

use super::{Gradients, Twin};

/// z[y, x, f] = b[f] + Σ W[i, j, c, f] · input[y s − p + i d, x s − p + j d, c], where cells
/// outside the picture are zero and c goes over the channels of the filter's group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolved {
    /// Height, width and channels of the picture.
    pub(crate) picture: [usize; 3],
    pub(crate) filters: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
    pub(crate) bias: bool,
}

/// Cells before and after one axis of a picture, as Keras has them.
pub(crate) fn cells_around(
    padding: Padding,
    axis: usize,
    size: usize,
    window: usize,
    stride: usize,
) -> [usize; 2] {
    match padding {
        Padding::Valid => [0, 0],
        Padding::Explicit(around) => [around[axis], around[axis]],
        Padding::Same => {
            let outputs = size.div_ceil(stride);
            let missing = ((outputs - 1) * stride + window).saturating_sub(size);
            [missing / 2, missing - missing / 2]
        }
    }
}

/// How often a window fits into an axis: ⌊(size + padding − window) / stride⌋ + 1.
pub(crate) fn positions(size: usize, around: [usize; 2], window: usize, stride: usize) -> usize {
    (size + around[0] + around[1] - window) / stride + 1
}

impl Convolved {
    /// Cells from the first tap of the kernel to the last.
    pub(crate) fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }

    fn around(&self, axis: usize) -> [usize; 2] {
        let (size, window) = (self.picture[axis], self.reach(axis));
        cells_around(self.padding, axis, size, window, self.stride[axis])
    }

    /// Height, width and channels of the output.
    pub(crate) fn output(&self) -> [usize; 3] {
        let axis = |axis: usize| {
            let (size, window) = (self.picture[axis], self.reach(axis));
            positions(size, self.around(axis), window, self.stride[axis])
        };
        [axis(0), axis(1), self.filters]
    }

    /// Visits every product of the convolution: places in the output, the input and the
    /// kernel.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let [height, width, channels] = self.picture;
        let [rows, columns, _] = self.output();
        let ([top, _], [left, _]) = (self.around(0), self.around(1));
        for y in 0..rows {
            for x in 0..columns {
                for i in 0..self.kernel[0] {
                    for j in 0..self.kernel[1] {
                        // Above or left of the picture, these wrap to huge numbers.
                        let row = (y * self.stride[0] + i * self.dilation[0]).wrapping_sub(top);
                        let column = (x * self.stride[1] + j * self.dilation[1]).wrapping_sub(left);
                        if row >= height || column >= width {
                            continue;
                        }
                        let each = channels / self.groups;
                        for c in 0..each {
                            for f in 0..self.filters {
                                let group = f / (self.filters / self.groups);
                                let output = (y * columns + x) * self.filters + f;
                                let input = (row * width + column) * channels + group * each + c;
                                let tap = (i * self.kernel[1] + j) * each + c;
                                visit(output, input, tap * self.filters + f);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Twin for Convolved {
    fn parameters(&self) -> Vec<usize> {
        let kernel =
            self.kernel[0] * self.kernel[1] * (self.picture[2] / self.groups) * self.filters;
        match self.bias {
            true => vec![kernel, self.filters],
            false => vec![kernel],
        }
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let mut map = vec![0.0; self.output().iter().product()];
        if self.bias {
            for (place, value) in map.iter_mut().enumerate() {
                *value = parameters[1][place % self.filters];
            }
        }
        self.products(|output, place, weight| map[output] += input[place] * parameters[0][weight]);
        map
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut kernel = vec![0.0; parameters[0].len()];
        let mut input_gradient = vec![0.0; input.len()];
        self.products(|output, place, weight| {
            kernel[weight] += input[place] * gradient[output];
            input_gradient[place] += parameters[0][weight] * gradient[output];
        });
        let mut parameters = vec![kernel];
        if self.bias {
            let mut bias = vec![0.0; self.filters];
            for (place, value) in gradient.iter().enumerate() {
                bias[place % self.filters] += value;
            }
            parameters.push(bias);
        }
        Gradients {
            input: input_gradient,
            parameters,
        }
    }
}
