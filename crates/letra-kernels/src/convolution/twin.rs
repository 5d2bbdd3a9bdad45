//! The convolution with its tail in double precision, as loops that a student can read.

use super::{Geometry, Pool};

pub(super) struct Twin {
    pub(super) geometry: Geometry,
    pub(super) relu: bool,
    pub(super) pool: Option<Pool>,
}

/// What the twin's backward returns.
pub(super) struct Gradients {
    pub(super) input: Vec<f64>,
    pub(super) kernel: Vec<f64>,
    pub(super) bias: Vec<f64>,
}

impl Twin {
    /// z of one sample.
    fn convolve(&self, input: &[f64], kernel: &[f64], bias: &[f64]) -> Vec<f64> {
        let g = &self.geometry;
        let mut map = Vec::new();
        for i in 0..g.output_height() {
            for j in 0..g.output_width() {
                for f in 0..g.filters {
                    let mut sum = bias[f];
                    self.for_each_tap([i, j, f], |x, w| sum += input[x] * kernel[w]);
                    map.push(sum);
                }
            }
        }
        map
    }

    /// Places in the input and in the kernel that filter f multiplies at output position (i, j).
    fn for_each_tap(&self, [i, j, f]: [usize; 3], mut visit: impl FnMut(usize, usize)) {
        let g = &self.geometry;
        let channels = g.channels / g.groups;
        let group = f / (g.filters / g.groups);
        for u in 0..g.kernel[0] {
            for v in 0..g.kernel[1] {
                let y = (i * g.stride[0] + u * g.dilation[0]).wrapping_sub(g.padding.top);
                let x = (j * g.stride[1] + v * g.dilation[1]).wrapping_sub(g.padding.left);
                if y < g.height && x < g.width {
                    for c in 0..channels {
                        let input = (y * g.width + x) * g.channels + group * channels + c;
                        let tap = (u * g.kernel[1] + v) * channels + c;
                        visit(input, tap * g.filters + f);
                    }
                }
            }
        }
    }

    /// Where in the map each output value comes from.
    fn winners(&self, activated: &[f64]) -> Vec<usize> {
        let g = &self.geometry;
        let Some(pool) = self.pool else {
            return (0..activated.len()).collect();
        };
        let mut winners = Vec::new();
        for i in 0..g.output_height() / pool.height {
            for j in 0..g.output_width() / pool.width {
                for f in 0..g.filters {
                    let mut winner = None;
                    for u in 0..pool.height {
                        for v in 0..pool.width {
                            let (y, x) = (i * pool.height + u, j * pool.width + v);
                            let at = (y * g.output_width() + x) * g.filters + f;
                            if winner.is_none_or(|winner| activated[at] > activated[winner]) {
                                winner = Some(at);
                            }
                        }
                    }
                    winners.extend(winner);
                }
            }
        }
        winners
    }

    fn activate(&self, map: &[f64]) -> Vec<f64> {
        let relu = |&z: &f64| if self.relu { z.max(0.0) } else { z };
        map.iter().map(relu).collect()
    }

    /// Output of one sample.
    pub(super) fn forward(&self, input: &[f64], kernel: &[f64], bias: &[f64]) -> Vec<f64> {
        let activated = self.activate(&self.convolve(input, kernel, bias));
        let winners = self.winners(&activated);
        winners.iter().map(|&winner| activated[winner]).collect()
    }

    /// δ, the gradient at z, of one sample.
    pub(super) fn map_gradient(
        &self,
        input: &[f64],
        kernel: &[f64],
        bias: &[f64],
        output_gradient: &[f64],
    ) -> Vec<f64> {
        let map = self.convolve(input, kernel, bias);
        let mut gradient = vec![0.0; map.len()];
        for (&winner, g) in self
            .winners(&self.activate(&map))
            .iter()
            .zip(output_gradient)
        {
            if !self.relu || map[winner] > 0.0 {
                gradient[winner] += g;
            }
        }
        gradient
    }

    /// Gradients of one sample.
    pub(super) fn backward(
        &self,
        input: &[f64],
        kernel: &[f64],
        bias: &[f64],
        output_gradient: &[f64],
    ) -> Gradients {
        let g = &self.geometry;
        let delta = self.map_gradient(input, kernel, bias, output_gradient);
        let mut gradients = Gradients {
            input: vec![0.0; input.len()],
            kernel: vec![0.0; kernel.len()],
            bias: vec![0.0; bias.len()],
        };
        for i in 0..g.output_height() {
            for j in 0..g.output_width() {
                for f in 0..g.filters {
                    let d = delta[(i * g.output_width() + j) * g.filters + f];
                    gradients.bias[f] += d;
                    self.for_each_tap([i, j, f], |x, w| {
                        gradients.input[x] += kernel[w] * d;
                        gradients.kernel[w] += input[x] * d;
                    });
                }
            }
        }
        gradients
    }
}
