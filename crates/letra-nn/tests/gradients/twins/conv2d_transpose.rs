use letra_nn::layers::Padding;

use super::conv2d::cells_around;
use super::{Gradients, Twin};

/// Each value of the input adds a multiple of a kernel `[rows, columns, filters, channels]` to
/// the output; what lies beyond the output is dropped.
#[derive(Debug)]
pub(crate) struct Transposed {
    /// Height, width and channels of the picture.
    pub(crate) picture: [usize; 3],
    pub(crate) filters: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
    pub(crate) bias: bool,
}

impl Transposed {
    /// Height and width of the output, as Keras has them.
    fn sizes(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let beyond = match self.padding {
                Padding::Valid => self.kernel[axis].saturating_sub(self.stride[axis]),
                _ => 0,
            };
            self.picture[axis] * self.stride[axis] + beyond
        })
    }

    /// Visits every product: places in the output, the input and the kernel.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let [height, width, channels] = self.picture;
        let sizes = self.sizes();
        let before = [0, 1].map(|axis| {
            let (window, stride) = (self.kernel[axis], self.stride[axis]);
            cells_around(self.padding, axis, sizes[axis], window, stride)[0]
        });
        for y in 0..height {
            for x in 0..width {
                for i in 0..self.kernel[0] {
                    for j in 0..self.kernel[1] {
                        let row = (y * self.stride[0] + i).wrapping_sub(before[0]);
                        let column = (x * self.stride[1] + j).wrapping_sub(before[1]);
                        if row >= sizes[0] || column >= sizes[1] {
                            continue;
                        }
                        for f in 0..self.filters {
                            for c in 0..channels {
                                let output = (row * sizes[1] + column) * self.filters + f;
                                let input = (y * width + x) * channels + c;
                                let tap = (i * self.kernel[1] + j) * self.filters + f;
                                visit(output, input, tap * channels + c);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Twin for Transposed {
    fn parameters(&self) -> Vec<usize> {
        let kernel = self.kernel[0] * self.kernel[1] * self.filters * self.picture[2];
        match self.bias {
            true => vec![kernel, self.filters],
            false => vec![kernel],
        }
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let [height, width] = self.sizes();
        let mut map = vec![0.0; height * width * self.filters];
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
