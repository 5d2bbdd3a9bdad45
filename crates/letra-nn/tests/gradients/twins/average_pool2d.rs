use super::{Gradients, Pooled, Twin};

/// The mean of each window, channel by channel; cells outside the picture are not counted.
pub(crate) struct Averaged(
    /// The windows.
    pub(crate) Pooled,
);

impl Twin for Averaged {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let mean = |cells: Vec<usize>| {
            let sum: f64 = cells.iter().map(|&cell| input[cell]).sum();
            sum / cells.len() as f64
        };
        self.0.windows().into_iter().map(mean).collect()
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut input_gradient = vec![0.0; input.len()];
        for (cells, value) in self.0.windows().iter().zip(gradient) {
            for &cell in cells {
                input_gradient[cell] += value / cells.len() as f64;
            }
        }
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}
