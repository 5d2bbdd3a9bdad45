//! Boltzmann machines among the rows: `rbm-784x500` has 784 visible and 500 hidden units, and a step is
//! one of contrastive divergence, CD-1, both layers drawn.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use letra_nn::Tensor;
use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmCallback, RbmFit, RbmStep};

/// Batches of the data.
const BATCHES: usize = 10;

#[derive(Clone, Copy)]
pub(crate) struct Machine {
    visible: usize,
    hidden: usize,
}

impl Machine {
    /// What a row's name says, where it is the name of such a row.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (visible, hidden) = name.strip_prefix("rbm-")?.split_once('x')?;
        Some(Machine {
            visible: visible.parse().ok()?,
            hidden: hidden.parse().ok()?,
        })
    }

    /// Floating-point operations of a step, a sample: three products between the layers, two for the
    /// weights.
    pub(crate) fn operations(self) -> f64 {
        5.0 * 2.0 * (self.visible * self.hidden) as f64
    }

    /// Milliseconds of each step, sorted; the first steps warm up and do not count.
    pub(crate) fn measure(
        self,
        batch: usize,
        threads: usize,
        seconds: f64,
    ) -> Result<Vec<f64>, Box<dyn Error>> {
        let count = BATCHES * batch * self.visible;
        let number = |index: usize| ((index * 7919 + index / 13) % 1009) as f32 / 1008.0;
        let data = Tensor::new(
            [BATCHES * batch, self.visible],
            (0..count).map(number).collect(),
        )?;
        let settings = ContrastiveDivergence::new(0.05).threads(threads).seed(1);
        let mut rbm = Rbm::new(self.visible, self.hidden).compile(settings)?;
        let mut stopwatch = Stopwatch {
            until: Instant::now() + Duration::from_secs_f64(seconds),
            last: Instant::now(),
            times: Vec::new(),
        };
        let fit = RbmFit::epochs(usize::MAX).batch_size(batch).shuffle(false);
        rbm.fit(&data, fit.callback(&mut stopwatch))?;
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

impl RbmCallback for Stopwatch {
    fn on_step_end(&mut self, _: &RbmStep<'_>) -> Result<ControlFlow<()>, letra_nn::Error> {
        self.times.push(1e3 * self.last.elapsed().as_secs_f64());
        let enough = Instant::now() > self.until && self.times.len() > 10;
        self.last = Instant::now();
        Ok(match enough {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
