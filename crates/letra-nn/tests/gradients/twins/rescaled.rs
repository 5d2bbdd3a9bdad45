use super::{Gradients, Twin};

/// y = (x − m) · s + o, with numbers of each channel `[m, s, o]`.
#[derive(Clone)]
pub(crate) struct Rescaled(pub(crate) Vec<[f64; 3]>);

impl Rescaled {
    /// With one scale and offset for all values.
    pub(crate) fn by(scale: f64, offset: f64) -> Self {
        Rescaled(vec![[0.0, scale, offset]])
    }

    fn of(&self, place: usize) -> [f64; 3] {
        self.0[place % self.0.len()]
    }
}

impl Twin for Rescaled {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let places = input.iter().enumerate();
        let value = |(place, x): (usize, &f64)| {
            let [minus, times, plus] = self.of(place);
            (x - minus) * times + plus
        };
        places.map(value).collect()
    }

    fn backward(&self, _input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let places = gradient.iter().enumerate();
        Gradients {
            input: places.map(|(place, g)| g * self.of(place)[1]).collect(),
            parameters: Vec::new(),
        }
    }
}

/// y = xⁿ, value by value.
#[derive(Clone, Copy)]
pub(crate) struct Power(pub(crate) i32);

impl Twin for Power {
    fn forward(&self, input: &[f64], _: &[Vec<f64>]) -> Vec<f64> {
        input.iter().map(|x| x.powi(self.0)).collect()
    }

    fn backward(&self, input: &[f64], _: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let slopes = input.iter().map(|x| f64::from(self.0) * x.powi(self.0 - 1));
        Gradients {
            input: slopes.zip(gradient).map(|(slope, g)| slope * g).collect(),
            parameters: Vec::new(),
        }
    }
}
