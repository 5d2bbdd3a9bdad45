//! Deep autoencoders among the rows: `autoencoder-784-1000-500-250-30` goes from 784 values to a code of 30
//! and back, with sigmoid units and a linear code (Hinton and Salakhutdinov 2006).

use std::error::Error;

use letra_nn::learners::{Autoencoder, AutoencoderTrainer};
use letra_nn::prelude::*;

/// Batches of the data.
const BATCHES: usize = 10;

pub(crate) struct Coder {
    sizes: Vec<usize>,
}

impl Coder {
    /// What a row's name says, where it is the name of such a row.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let sizes = name.strip_prefix("autoencoder-")?.split('-');
        let sizes: Vec<usize> = sizes.map(|size| size.parse().ok()).collect::<Option<_>>()?;
        (sizes.len() > 1).then_some(Coder { sizes })
    }

    /// Floating-point operations of a step, a sample: three products a layer, two for the first.
    pub(crate) fn operations(&self) -> f64 {
        let weights = self.sizes.windows(2).map(|pair| pair[0] * pair[1]);
        let first = self.sizes[0] * self.sizes[1];
        6.0 * 2.0 * weights.sum::<usize>() as f64 - 2.0 * first as f64
    }

    pub(crate) fn data(&self, batch: usize) -> Result<Dataset, Box<dyn Error>> {
        let count = BATCHES * batch * self.sizes[0];
        let number = |index: usize| ((index * 7919 + index / 13) % 1009) as f32 / 1008.0;
        let values = (0..count).map(number).collect();
        Ok(Dataset::unlabelled(Tensor::new(
            [BATCHES * batch, self.sizes[0]],
            values,
        )?)?)
    }

    pub(crate) fn compile(&self, threads: usize) -> Result<AutoencoderTrainer, Box<dyn Error>> {
        let last = self.sizes.len() - 1;
        let layer = |units: usize, is_linear: bool| match is_linear {
            true => Dense::new(units),
            false => Dense::new(units).sigmoid(),
        };
        let mut encoder = Sequential::new([self.sizes[0]]);
        for (place, units) in self.sizes.iter().enumerate().skip(1) {
            encoder = encoder.add(layer(*units, place == last));
        }
        let mut decoder = Sequential::new([self.sizes[last]]);
        for (place, units) in self.sizes[..last].iter().enumerate().rev() {
            decoder = decoder.add(layer(*units, place == 0));
        }
        let compile = Compile::new(Sgd::new(0.1)).loss(BinaryCrossEntropy::from_logits());
        Ok(Autoencoder::new(encoder, decoder).compile(compile.seed(1).threads(threads))?)
    }
}
