use letra_nn::layers::FillMode;

use super::{Gradients, Twin};

/// A picture seen through an affine map: the pixel in column x and row y is mixed of the four
/// pixels around column m[0] x + m[1] y + m[2] and row m[3] x + m[4] y + m[5] of the endless
/// picture.
pub(crate) struct Resampled {
    /// Height, width and channels.
    pub(crate) picture: [usize; 3],
    pub(crate) fill: FillMode,
    pub(crate) map: [f64; 6],
}

impl Resampled {
    /// The pixel of the picture that the endless one has at a place; none where it is a
    /// constant.
    fn pixel(&self, place: i64, axis: usize) -> Option<usize> {
        let size = self.picture[axis] as i64;
        let inside = (0..size).contains(&place);
        Some(match self.fill {
            FillMode::Constant(_) if !inside => return None,
            FillMode::Constant(_) => place,
            FillMode::Nearest => place.clamp(0, size - 1),
            FillMode::Wrap => place.rem_euclid(size),
            FillMode::Reflect => {
                let place = place.rem_euclid(2 * size);
                place.min(2 * size - 1 - place)
            }
            other => panic!("{other:?} has no twin yet"),
        } as usize)
    }

    /// Visits each share that a value of the output takes of one of the input.
    fn shares(&self, mut visit: impl FnMut(usize, Option<usize>, f64)) {
        let [height, width, channels] = self.picture;
        let m = self.map;
        for y in 0..height {
            for x in 0..width {
                let column = m[0] * x as f64 + m[1] * y as f64 + m[2];
                let row = m[3] * x as f64 + m[4] * y as f64 + m[5];
                for down in [0, 1] {
                    for right in [0, 1] {
                        let (r, c) = (row.floor() as i64 + down, column.floor() as i64 + right);
                        let share =
                            (1.0 - (row - r as f64).abs()) * (1.0 - (column - c as f64).abs());
                        let pixel = self.pixel(r, 0).zip(self.pixel(c, 1));
                        for channel in 0..channels {
                            let to = (y * width + x) * channels + channel;
                            let from = pixel.map(|(r, c)| (r * width + c) * channels + channel);
                            visit(to, from, share);
                        }
                    }
                }
            }
        }
    }
}

impl Twin for Resampled {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let constant = match self.fill {
            FillMode::Constant(value) => f64::from(value),
            _ => 0.0,
        };
        let mut output = vec![0.0; input.len()];
        self.shares(|to, from, share| {
            output[to] += share * from.map_or(constant, |from| input[from]);
        });
        output
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut input_gradient = vec![0.0; input.len()];
        self.shares(|to, from, share| {
            if let Some(from) = from {
                input_gradient[from] += share * gradient[to];
            }
        });
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}
