use letra_nn::layers::Padding;

use super::conv2d::{cells_around, positions};
use super::{Gradients, Twin, smallest_of_others};

/// The largest value of each window, channel by channel; the first of equals wins, or the last
/// that is no number, and cells outside the picture never do.
pub(crate) struct Pooled {
    /// Height, width and channels of the picture.
    pub(crate) picture: [usize; 3],
    pub(crate) window: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
}

impl Pooled {
    fn around(&self, axis: usize) -> [usize; 2] {
        let (size, window) = (self.picture[axis], self.window[axis]);
        cells_around(self.padding, axis, size, window, self.stride[axis])
    }

    /// Height, width and channels of the output.
    pub(crate) fn output(&self) -> [usize; 3] {
        let axis = |axis: usize| {
            let (size, window) = (self.picture[axis], self.window[axis]);
            positions(size, self.around(axis), window, self.stride[axis])
        };
        [axis(0), axis(1), self.picture[2]]
    }

    /// Places in the input of each window's cells, row by row.
    pub(crate) fn windows(&self) -> Vec<Vec<usize>> {
        let [height, width, channels] = self.picture;
        let [rows, columns, _] = self.output();
        let ([top, _], [left, _]) = (self.around(0), self.around(1));
        let mut windows = Vec::new();
        for y in 0..rows {
            for x in 0..columns {
                for c in 0..channels {
                    let mut cells = Vec::new();
                    for i in 0..self.window[0] {
                        for j in 0..self.window[1] {
                            let row = (y * self.stride[0] + i).wrapping_sub(top);
                            let column = (x * self.stride[1] + j).wrapping_sub(left);
                            if row < height && column < width {
                                cells.push((row * width + column) * channels + c);
                            }
                        }
                    }
                    windows.push(cells);
                }
            }
        }
        windows
    }

    /// Place in the input of each output value.
    fn winners(&self, input: &[f64]) -> Vec<usize> {
        let mut winners = Vec::new();
        for cells in self.windows() {
            let mut winner = cells[0];
            for &cell in &cells {
                if input[cell] > input[winner] || input[cell].is_nan() {
                    winner = cell;
                }
            }
            winners.push(winner);
        }
        winners
    }
}

impl Twin for Pooled {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let winners = self.winners(input);
        winners.into_iter().map(|place| input[place]).collect()
    }

    fn margin(&self, input: &[f64]) -> f64 {
        let windows = self.windows();
        let behind = windows
            .iter()
            .zip(self.winners(input))
            .flat_map(|(cells, winner)| cells.iter().map(move |&cell| input[winner] - input[cell]));
        smallest_of_others(behind)
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut input_gradient = vec![0.0; input.len()];
        for (place, value) in self.winners(input).into_iter().zip(gradient) {
            input_gradient[place] += value;
        }
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}
