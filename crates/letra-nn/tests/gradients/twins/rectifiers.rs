use super::{Gradients, Twin, smallest_of_others};

/// y = x where x > 0, a · x elsewhere, with an a for each value or for all along shared axes.
pub(crate) struct Rectified {
    pub(crate) sizes: Vec<usize>,
    /// Whether an axis is shared.
    pub(crate) shared: Vec<bool>,
    /// A slope that is given, in place of those that are learned.
    pub(crate) slope: Option<f64>,
}

impl Rectified {
    /// Number of learned slopes.
    fn slopes(&self) -> usize {
        let own = self
            .sizes
            .iter()
            .zip(&self.shared)
            .filter(|(_, shared)| !**shared);
        own.map(|(size, _)| size).product()
    }

    /// Place of the slope of a value.
    fn place(&self, mut value: usize) -> usize {
        let (mut place, mut step) = (0, 1);
        for (&size, &shared) in self.sizes.iter().zip(&self.shared).rev() {
            if !shared {
                place += value % size * step;
                step *= size;
            }
            value /= size;
        }
        place
    }

    fn slope(&self, value: usize, parameters: &[Vec<f64>]) -> f64 {
        self.slope
            .unwrap_or_else(|| parameters[0][self.place(value)])
    }
}

impl Twin for Rectified {
    fn parameters(&self) -> Vec<usize> {
        match self.slope {
            Some(_) => Vec::new(),
            None => vec![self.slopes()],
        }
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let mut output = input.to_vec();
        for (value, y) in output.iter_mut().enumerate() {
            if *y <= 0.0 {
                *y *= self.slope(value, parameters);
            }
        }
        output
    }

    fn margin(&self, input: &[f64]) -> f64 {
        smallest_of_others(input.iter().map(|x| x.abs()))
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut input_gradient = gradient.to_vec();
        let mut slopes: Vec<Vec<f64>> = self.parameters().iter().map(|n| vec![0.0; *n]).collect();
        for (value, x) in input.iter().enumerate() {
            if *x > 0.0 {
                continue;
            }
            input_gradient[value] *= self.slope(value, parameters);
            if let Some(slopes) = slopes.first_mut() {
                slopes[self.place(value)] += x * gradient[value];
            }
        }
        Gradients {
            input: input_gradient,
            parameters: slopes,
        }
    }
}

/// y = x where x > 0, α (eˣ − 1) elsewhere.
pub(crate) struct Exponential {
    pub(crate) alpha: f64,
}

impl Twin for Exponential {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let of_value = |x: &f64| {
            if *x > 0.0 {
                *x
            } else {
                self.alpha * (x.exp() - 1.0)
            }
        };
        input.iter().map(of_value).collect()
    }

    fn margin(&self, input: &[f64]) -> f64 {
        smallest_of_others(input.iter().map(|x| x.abs()))
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let slope = |x: &f64| if *x > 0.0 { 1.0 } else { self.alpha * x.exp() };
        Gradients {
            input: input
                .iter()
                .zip(gradient)
                .map(|(x, g)| slope(x) * g)
                .collect(),
            parameters: Vec::new(),
        }
    }
}

/// The largest of `pieces` values for each of `units`, which stand piece by piece in groups of
/// pieces · units.
pub(crate) struct Largest {
    pub(crate) pieces: usize,
    pub(crate) units: usize,
}

impl Largest {
    /// The places of the pieces of output `place`.
    fn places(&self, place: usize) -> impl Iterator<Item = usize> {
        let (row, unit) = (place / self.units, place % self.units);
        let (pieces, units) = (self.pieces, self.units);
        (0..pieces).map(move |piece| (row * pieces + piece) * units + unit)
    }

    /// The place of the piece that wins, the first of equals, or the last that is no number.
    fn winner(&self, input: &[f64], place: usize) -> usize {
        self.places(place)
            .reduce(|best, next| {
                if input[next] > input[best] || input[next].is_nan() {
                    next
                } else {
                    best
                }
            })
            .unwrap()
    }
}

impl Twin for Largest {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let outputs = 0..input.len() / self.pieces;
        outputs
            .map(|place| input[self.winner(input, place)])
            .collect()
    }

    fn margin(&self, input: &[f64]) -> f64 {
        let distances = (0..input.len() / self.pieces).flat_map(|place| {
            let largest = input[self.winner(input, place)];
            self.places(place).map(move |piece| largest - input[piece])
        });
        smallest_of_others(distances)
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut input_gradient = vec![0.0; input.len()];
        for (place, g) in gradient.iter().enumerate() {
            input_gradient[self.winner(input, place)] += g;
        }
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}
