use super::{Gradients, Twin};

/// Outputs that are each a weighted sum of a few inputs.
pub(crate) struct Moved {
    pub(crate) inputs: usize,
    /// For each output, places in the input and their weights.
    pub(crate) outputs: Vec<Vec<(usize, f64)>>,
}

impl Moved {
    /// Zeros around a picture: `[[top, bottom], [left, right]]`.
    pub(crate) fn padded(picture: [usize; 3], edges: [[usize; 2]; 2]) -> Self {
        let [height, width, channels] = picture;
        let [[top, bottom], [left, right]] = edges;
        let mut outputs = Vec::new();
        for y in 0..top + height + bottom {
            for x in 0..left + width + right {
                for c in 0..channels {
                    let (row, column) = (y.wrapping_sub(top), x.wrapping_sub(left));
                    outputs.push(match row < height && column < width {
                        true => vec![((row * width + column) * channels + c, 1.0)],
                        false => Vec::new(),
                    });
                }
            }
        }
        Moved {
            inputs: picture.iter().product(),
            outputs,
        }
    }

    /// A picture without its edges.
    pub(crate) fn cropped(picture: [usize; 3], edges: [[usize; 2]; 2]) -> Self {
        let [height, width, channels] = picture;
        let [[top, bottom], [left, right]] = edges;
        let mut outputs = Vec::new();
        for y in top..height - bottom {
            for x in left..width - right {
                for c in 0..channels {
                    outputs.push(vec![((y * width + x) * channels + c, 1.0)]);
                }
            }
        }
        Moved {
            inputs: picture.iter().product(),
            outputs,
        }
    }

    /// A picture made larger; `axis` gives the inputs and weights of one output of an axis,
    /// from the axis's size, the factor and the output's place.
    pub(crate) fn larger(
        picture: [usize; 3],
        times: [usize; 2],
        axis: impl Fn(usize, usize, usize) -> Vec<(usize, f64)>,
    ) -> Self {
        let [height, width, channels] = picture;
        let mut outputs = Vec::new();
        for y in 0..height * times[0] {
            for x in 0..width * times[1] {
                for c in 0..channels {
                    let mut parts = Vec::new();
                    for (row, upper) in axis(height, times[0], y) {
                        for (column, left) in axis(width, times[1], x) {
                            parts.push(((row * width + column) * channels + c, upper * left));
                        }
                    }
                    outputs.push(parts);
                }
            }
        }
        Moved {
            inputs: picture.iter().product(),
            outputs,
        }
    }
}

impl Twin for Moved {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let sum = |parts: &Vec<(usize, f64)>| -> f64 {
            parts.iter().map(|&(at, weight)| weight * input[at]).sum()
        };
        self.outputs.iter().map(sum).collect()
    }

    fn backward(&self, _input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut input = vec![0.0; self.inputs];
        for (parts, value) in self.outputs.iter().zip(gradient) {
            for &(at, weight) in parts {
                input[at] += weight * value;
            }
        }
        Gradients {
            input,
            parameters: Vec::new(),
        }
    }
}
