//! The learning rate of a network: reading it, turning it down, and finding one.

use super::Trainer;
use crate::Error;
use crate::dataset::Dataset;
use crate::graph::WeightSpecification;
use crate::network::is_within;
use crate::plan::Batch;
use crate::random::{Domain, Random};
use crate::rows::Rows;

/// Weight of the past in the smoothed losses of a range test.
const SMOOTHING: f64 = 0.9;
/// A range test ends where the smoothed loss is this many times its least.
const DIVERGED: f64 = 4.0;

/// What a learning-rate range test found.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let test = network.learning_rate_range_test(&data, 1e-4, 1.0, 20, 4)?;
/// assert!(test.rates.len() == test.losses.len() && test.suggestion.is_some());
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RateRangeTest {
    /// The rates that were tried, rising.
    pub rates: Vec<f32>,
    /// The loss before the step at each rate, smoothed over about ten steps.
    pub losses: Vec<f64>,
    /// The rate at which the loss fell most steeply, if it fell: a good one to begin with.
    pub suggestion: Option<f32>,
}

impl Trainer {
    /// Learning rate of the next step: that of the optimizer or its schedule, times the factor.
    /// For an optimizer that finds its own rates, what these are multiplied by.
    pub fn learning_rate(&self) -> f32 {
        self.rate() as f32
    }

    pub(super) fn rate(&self) -> f64 {
        self.optimizer.rate(self.steps) * f64::from(self.rate_factor)
    }

    /// What the optimizer's rate is multiplied by; 1 at first.
    pub fn learning_rate_factor(&self) -> f32 {
        self.rate_factor
    }

    /// Sets what the optimizer's rate is multiplied by from now on, whatever its schedule. The
    /// factor is saved with the network.
    ///
    /// # Errors
    /// When it is negative or not a number.
    pub fn set_learning_rate_factor(&mut self, factor: f32) -> Result<(), Error> {
        if !(factor.is_finite() && factor >= 0.0) {
            return Err(Error::configuration(format!(
                "the factor of the learning rate is {factor}"
            ))
            .with_hint("it must be a number of 0 or more"));
        }
        self.rate_factor = factor;
        Ok(())
    }

    /// What the learning rate of the layer called `layer` is multiplied by besides; 1 unless it was
    /// [set](Self::set_learning_rate_factor_of).
    pub fn learning_rate_factor_of(&self, layer: &str) -> f32 {
        let known = self.layer_rates.iter();
        let own = known.filter(|(name, _)| is_within(layer, name));
        own.map(|(_, factor)| *factor).product()
    }

    /// Multiplies the learning rate, from now on, for the parameters of the layer called `layer`, or of all
    /// layers of the network that was put in under this name. Of a layer in several such groups, the factors are
    /// multiplied: layers near the input may so learn more slowly than later ones (Howard and Ruder 2018,
    /// "Universal language model fine-tuning for text classification", section 3.2: discriminative
    /// fine-tuning), and those that are trained already than new ones. It is saved with the network, and a
    /// checkpoint is only resumed with the same factors.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let network = Sequential::new([4]).add(Dense::new(8).relu()).add(Dense::new(2));
    /// let mut network = network.compile(Compile::new(Sgd::new(0.1)))?;
    /// network.set_learning_rate_factor_of("dense", 0.1)?;
    /// assert_eq!(network.learning_rate_factor_of("dense"), 0.1);
    /// assert_eq!(network.learning_rate_factor_of("dense_1"), 1.0);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such layer, or the factor is negative or not a number.
    pub fn set_learning_rate_factor_of(&mut self, layer: &str, factor: f32) -> Result<(), Error> {
        self.network.check_layer(layer)?;
        if !(factor.is_finite() && factor >= 0.0) {
            return Err(Error::configuration(format!(
                "the factor of the learning rate of layer {layer} is {factor}"
            ))
            .with_hint("it must be a number of 0 or more"));
        }
        self.layer_rates.retain(|(name, _)| name != layer);
        if factor != 1.0 {
            self.layer_rates.push((layer.to_owned(), factor));
            self.layer_rates.sort_by(|one, other| one.0.cmp(&other.0));
        }
        let of = |known: &WeightSpecification| match known.name.rsplit_once('/') {
            Some((layer, _)) => self.learning_rate_factor_of(layer),
            None => 1.0,
        };
        self.rate_factors = match self.layer_rates.is_empty() {
            true => Vec::new(),
            false => self.measured().ops().weights.iter().map(of).collect(),
        };
        Ok(())
    }

    /// Tries learning rates from `from` to `to`, each the same multiple of the one before, for a
    /// step each on batches of `batch` samples, and watches the loss (Smith 2017, section 3.3;
    /// he raises the rate in equal steps). It ends early where the loss gets out of hand. The
    /// network is afterwards as it was.
    ///
    /// # Errors
    /// When the data does not fit the network, or unless 0 < `from` < `to`, there are at least
    /// two steps and there is a sample in a batch.
    pub fn learning_rate_range_test(
        &mut self,
        data: &Dataset,
        from: f32,
        to: f32,
        steps: usize,
        batch: usize,
    ) -> Result<RateRangeTest, Error> {
        if !(from > 0.0 && from < to && to.is_finite()) || steps < 2 || batch == 0 {
            return Err(Error::configuration(format!(
                "a range test from rate {from} to {to} in {steps} steps of {batch} samples"
            ))
            .with_hint("choose 0 < from < to, at least 2 steps and at least 1 sample"));
        }
        self.check_data(data)?;
        let batch = batch.min(data.samples());
        self.plan_training(batch, data)?;
        let (values, slots, before) = (self.values(), self.slots.clone(), self.steps);
        let states = std::mem::take(&mut self.states);
        let workers = self.workers();
        let found = workers.install_training(|| self.try_rates(data, from, to, steps, batch));
        (self.slots, self.steps, self.states) = (slots, before, states);
        self.set_values(&values);
        found
    }

    fn try_rates(
        &mut self,
        data: &Dataset,
        from: f32,
        to: f32,
        steps: usize,
        batch: usize,
    ) -> Result<RateRangeTest, Error> {
        let (mut rates, mut losses) = (Vec::new(), Vec::new());
        let (mut sum, mut weight, mut least) = (0.0, 0.0, f64::INFINITY);
        let mut order = Vec::new();
        let places = self.places(data, None)?;
        for step in 0..steps {
            let share = step as f64 / (steps - 1) as f64;
            let rate = (f64::from(from) * libm::pow(f64::from(to) / f64::from(from), share)) as f32;
            if order.len() < batch {
                let random = Random::new(self.seed, Domain::Shuffle, 0, self.steps);
                order = random.permutation(data.samples());
            }
            let rows = order.split_off(order.len() - batch);
            // Of samples in any order, none goes on with another.
            self.reset_states();
            let loss = match self.step_at(rate, Batch::new(data, &places, Rows::Scattered(&rows))) {
                Ok(result) => result.loss,
                Err(Error::Diverged { .. }) => break,
                Err(error) => return Err(error),
            };
            sum = SMOOTHING * sum + (1.0 - SMOOTHING) * loss;
            weight = SMOOTHING * weight + (1.0 - SMOOTHING);
            let smooth = sum / weight;
            rates.push(rate);
            losses.push(smooth);
            least = f64::min(least, smooth);
            if smooth > DIVERGED * least {
                break;
            }
        }
        let steepest = losses
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .enumerate()
            .min_by(|left, right| left.1.total_cmp(&right.1));
        Ok(RateRangeTest {
            suggestion: steepest
                .filter(|(_, fall)| *fall < 0.0)
                .map(|(index, _)| rates[index]),
            rates,
            losses,
        })
    }
}
