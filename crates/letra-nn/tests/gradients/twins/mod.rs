//! The layers' twins: one sample, double precision, plain loops.

mod activation;
mod attention;
mod average_pool2d;
mod bidirectional;
mod contrast;
mod conv2d;
mod conv2d_transpose;
mod cosine;
mod dense;
mod dotted;
mod dropped;
pub(crate) mod losses;
mod max_pool2d;
mod moved;
mod normalisation;
mod random_fourier_features;
mod rectifiers;
mod recurrent;
mod resampling;
mod rescaled;

pub(crate) use activation::{Activated, softmax};
pub(crate) use attention::Attention;
pub(crate) use average_pool2d::Averaged;
pub(crate) use bidirectional::Both;
pub(crate) use contrast::Contrasted;
pub(crate) use conv2d::Convolved;
pub(crate) use conv2d_transpose::Transposed;
pub(crate) use cosine::Alike;
pub(crate) use dense::Multiplied;
pub(crate) use dotted::Dotted;
pub(crate) use dropped::{Adaptive, Masked, Thinned};
pub(crate) use max_pool2d::Pooled;
pub(crate) use moved::Moved;
pub(crate) use normalisation::{BatchNormalised, GroupNormalised, LayerNormalised};
pub(crate) use random_fourier_features::Waves;
pub(crate) use rectifiers::{Exponential, Largest, Rectified};
pub(crate) use recurrent::{Cell, Recurred};
pub(crate) use resampling::Resampled;
pub(crate) use rescaled::{Power, Rescaled};

/// What a twin's backward pass gives.
pub(crate) struct Gradients {
    pub(crate) input: Vec<f64>,
    /// One list a parameter, in the order in which the layer declares them.
    pub(crate) parameters: Vec<Vec<f64>>,
}

/// A piece of a network in double precision, for one sample.
pub(crate) trait Twin {
    /// Number of values that each parameter holds.
    fn parameters(&self) -> Vec<usize> {
        Vec::new()
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64>;

    /// How far a ReLU or a pooling is from deciding otherwise; infinite where nothing is
    /// decided.
    fn margin(&self, _input: &[f64]) -> f64 {
        f64::INFINITY
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients;
}

/// The smallest of some distances that are not 0: what is exactly equal is so in any
/// precision, such as the zeros after a ReLU or around a picture.
fn smallest_of_others(distances: impl Iterator<Item = f64>) -> f64 {
    distances
        .filter(|&d| d != 0.0)
        .fold(f64::INFINITY, f64::min)
}

/// A twin of one sample for each sample of a batch.
pub(crate) struct Each<T> {
    pub(crate) twin: T,
    pub(crate) samples: usize,
}

impl<T: Twin> Twin for Each<T> {
    fn parameters(&self) -> Vec<usize> {
        self.twin.parameters()
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let samples = input.chunks(input.len() / self.samples);
        let outputs = samples.map(|sample| self.twin.forward(sample, parameters));
        outputs.collect::<Vec<_>>().concat()
    }

    fn margin(&self, input: &[f64]) -> f64 {
        let samples = input.chunks(input.len() / self.samples);
        let margins = samples.map(|sample| self.twin.margin(sample));
        margins.fold(f64::INFINITY, f64::min)
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let lengths = self.twin.parameters().into_iter();
        let mut sums = Gradients {
            input: Vec::new(),
            parameters: lengths.map(|length| vec![0.0; length]).collect(),
        };
        let gradients = gradient.chunks(gradient.len() / self.samples);
        for (sample, gradient) in input.chunks(input.len() / self.samples).zip(gradients) {
            let found = self.twin.backward(sample, parameters, gradient);
            sums.input.extend(found.input);
            for (sum, values) in sums.parameters.iter_mut().zip(found.parameters) {
                sum.iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += value);
            }
        }
        sums
    }
}

/// Twins one after the other.
#[derive(Default)]
pub(crate) struct Stack(Vec<Box<dyn Twin>>);

impl Stack {
    pub(crate) fn then(mut self, twin: impl Twin + 'static) -> Self {
        self.0.push(Box::new(twin));
        self
    }

    /// Each twin with its own share of the parameters.
    fn shares<'a>(&'a self, parameters: &'a [Vec<f64>]) -> Vec<(&'a dyn Twin, &'a [Vec<f64>])> {
        let mut rest = parameters;
        let mut share = |twin: &'a dyn Twin| {
            let (own, others) = rest.split_at(twin.parameters().len());
            rest = others;
            (twin, own)
        };
        self.0.iter().map(|twin| share(&**twin)).collect()
    }
}

impl Stack {
    /// The narrowest margin on a sample's way, and the largest number.
    pub(crate) fn margin_and_largest(&self, input: &[f64], parameters: &[Vec<f64>]) -> [f64; 2] {
        let mut values = input.to_vec();
        let [mut margin, mut largest] = [f64::INFINITY, 0.0f64];
        for (twin, own) in self.shares(parameters) {
            margin = margin.min(twin.margin(&values));
            values = twin.forward(&values, own);
            largest = values.iter().fold(largest, |most, v| most.max(v.abs()));
        }
        [margin, largest]
    }
}

impl Twin for Stack {
    fn parameters(&self) -> Vec<usize> {
        self.0.iter().flat_map(|twin| twin.parameters()).collect()
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let mut values = input.to_vec();
        for (twin, own) in self.shares(parameters) {
            values = twin.forward(&values, own);
        }
        values
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let shares = self.shares(parameters);
        let mut inputs = vec![input.to_vec()];
        for (twin, own) in &shares {
            inputs.push(twin.forward(&inputs[inputs.len() - 1], own));
        }
        let mut gradients = Gradients {
            input: gradient.to_vec(),
            parameters: Vec::new(),
        };
        for ((twin, own), input) in shares.iter().zip(&inputs).rev() {
            let found = twin.backward(input, own, &gradients.input);
            gradients.input = found.input;
            gradients.parameters.splice(0..0, found.parameters);
        }
        gradients
    }
}
