//! Generators and discriminators among the rows, for pictures of 28 × 28: `gan-dense` is the pair of 2014, `gan-dcgan`
//! that of 2016, `gan-wgan-gp` one with a Wasserstein objective and a gradient penalty. A step is one of each network.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use letra_nn::learners::{
    Adversarial, AdversarialCallback, AdversarialFit, AdversarialObjective, AdversarialStep, Noise,
    dcgan, dcgan_generator,
};
use letra_nn::prelude::*;

const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;

/// Batches of the data, so many that what is done once an epoch does not show.
const BATCHES: usize = 32;

const NOISE: usize = 100;
const FILTERS: usize = 64;
/// Units of the dense generator's layers, and of its discriminator's, each of five pieces.
const DENSE: usize = 1200;
const MAXOUT: [usize; 2] = [240, 5];

#[derive(Clone, Copy)]
pub(crate) enum Pair {
    Dense,
    Convolutional,
    Wasserstein,
}

impl Pair {
    /// What a row's name says, where it is the name of such a row.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("gan-")? {
            "dense" => Some(Pair::Dense),
            "dcgan" => Some(Pair::Convolutional),
            "wgan-gp" => Some(Pair::Wasserstein),
            _ => None,
        }
    }

    /// Floating-point operations of a step, a sample. With *g* and *d* those of one pass forward: in the
    /// discriminator's step *g* + 2 · 3 *d*, in the generator's 3 *g* + 2 *d*; a penalty takes *d* forward, *d* to the
    /// pictures, and twice both back.
    pub(crate) fn operations(self) -> f64 {
        let convolutions = (14 * 14 * 16 * FILTERS + 7 * 7 * FILTERS * 16 * 2 * FILTERS) as f64;
        let drawing = (NOISE * 7 * 7 * 2 * FILTERS) as f64 + convolutions;
        let [units, pieces] = MAXOUT;
        let [g, d] = match self {
            Pair::Dense => [
                (NOISE * DENSE + DENSE * DENSE + DENSE * PIXELS) as f64,
                (pieces * units * (PIXELS + units) + units) as f64,
            ],
            _ => [drawing, convolutions],
        };
        let penalty = match self {
            Pair::Wasserstein => 6.0 * d,
            _ => 0.0,
        };
        2.0 * (4.0 * g + 8.0 * d + penalty)
    }

    fn networks(self) -> Adversarial {
        match self {
            Pair::Dense => {
                let [units, pieces] = MAXOUT;
                let generator = Sequential::new([NOISE])
                    .add(Dense::new(DENSE).relu())
                    .add(Dense::new(DENSE).relu())
                    .add(Dense::new(PIXELS).tanh())
                    .add(Reshape::new([SIDE, SIDE, 1]));
                let discriminator = Sequential::new([SIDE, SIDE, 1])
                    .add(Flatten)
                    .add(Maxout::new(units, pieces))
                    .add(Dropout::new(0.5))
                    .add(Maxout::new(units, pieces))
                    .add(Dropout::new(0.5))
                    .add(Dense::new(1));
                Adversarial::new(generator, discriminator).noise(Noise::Uniform)
            }
            Pair::Convolutional => dcgan(NOISE, FILTERS, 1),
            Pair::Wasserstein => {
                let critic = Sequential::new([SIDE, SIDE, 1])
                    .add(Conv2d::new(FILTERS, 4).stride(2).same())
                    .add(LeakyRelu::new(0.2))
                    .add(Conv2d::new(2 * FILTERS, 4).stride(2).same())
                    .add(LayerNormalization::new().last_axes(3))
                    .add(LeakyRelu::new(0.2))
                    .add(Flatten)
                    .add(Dense::new(1));
                Adversarial::new(dcgan_generator(NOISE, FILTERS, 1), critic)
                    .objective(AdversarialObjective::Wasserstein)
                    .gradient_penalty(10.0)
            }
        }
    }

    /// Milliseconds of each step, sorted; the first steps warm up and do not count.
    pub(crate) fn measure(
        self,
        batch: usize,
        threads: usize,
        seconds: f64,
    ) -> Result<Vec<f64>, Box<dyn Error>> {
        let count = BATCHES * batch * PIXELS;
        let number = |index: usize| ((index * 7919 + index / 13) % 1009) as f32 / 504.5 - 1.0;
        let pictures = Tensor::new(
            [BATCHES * batch, SIDE, SIDE, 1],
            (0..count).map(number).collect(),
        )?;
        let data = Dataset::unlabelled(pictures)?;
        let compile = || {
            Compile::new(Adam::new(2e-4).betas(0.5, 0.999))
                .seed(1)
                .threads(threads)
        };
        let mut pair = self.networks().compile(compile(), compile())?;
        let mut stopwatch = Stopwatch {
            until: Instant::now() + Duration::from_secs_f64(seconds),
            last: Instant::now(),
            times: Vec::new(),
        };
        let fit = AdversarialFit::epochs(usize::MAX).batch_size(batch);
        pair.fit(&data, fit.shuffle(false).callback(&mut stopwatch))?;
        let mut times = stopwatch.times.split_off(3);
        times.sort_by(f64::total_cmp);
        Ok(times)
    }
}

/// Takes the time of each step for some seconds and then ends the training.
struct Stopwatch {
    until: Instant,
    last: Instant,
    times: Vec<f64>,
}

impl AdversarialCallback for Stopwatch {
    fn on_step_end(&mut self, _: &AdversarialStep<'_>) -> Result<ControlFlow<()>, letra_nn::Error> {
        self.times.push(1e3 * self.last.elapsed().as_secs_f64());
        let enough = Instant::now() > self.until && self.times.len() > 8;
        self.last = Instant::now();
        Ok(match enough {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
