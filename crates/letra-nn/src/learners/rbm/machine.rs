//! A machine: its weights, and what it makes of data.

use std::ops::Range;

use super::conditionals::{Conditionals, in_rows};
use super::{Hidden, Rbm, Visible};
use crate::buffer::Buffer;
use crate::kernels::boltzmann;
use crate::random::{Domain, Random};
use crate::{Error, Tensor, Workers};

/// Deviation of the first weights.
const FIRST_DEVIATION: f32 = 0.01;
/// Where the first weights lie among the streams of random numbers.
const PLACE_OF_WEIGHTS: usize = 0;

/// A restricted Boltzmann machine and its weights: it turns data into features, draws samples, and says
/// how likely data is. An [`Rbm`] says what it is made of, an [`RbmTrainer`](super::RbmTrainer) teaches it.
///
/// ```
/// use letra_nn::learners::Rbm;
/// use letra_nn::Tensor;
///
/// let machine = Rbm::new(6, 3).build(1)?;
/// let data = Tensor::new([2, 6], vec![1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])?;
/// assert_eq!(machine.transform(&data)?.shape(), [2, 3]);
/// // All 2³ states of the hidden units can be counted.
/// let log_z = machine.log_partition()?;
/// let likelihoods = machine.log_likelihood(&data, log_z)?;
/// assert!(likelihoods.iter().all(|likelihood| *likelihood < 0.0));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BoltzmannMachine {
    pub(super) rbm: Rbm,
    pub(super) parameters: Parameters,
    pub(super) workers: Workers,
}

/// All that a machine learns, in one list: the weights, the visible biases, the hidden ones and, of
/// Gaussian units, the logarithms of the variances.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    pub(super) all: Buffer,
    /// 1/σ² of each visible unit, and 1 of each label unit; empty unless units are Gaussian.
    pub(super) precisions: Buffer,
    /// σ of each visible unit; empty likewise.
    pub(super) deviations: Buffer,
    /// 1 for each hidden unit, where these are Gaussian; empty otherwise.
    pub(super) hidden_deviations: Buffer,
}

/// Where things lie among the parameters.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) kernel: Range<usize>,
    pub(super) visible_bias: Range<usize>,
    pub(super) hidden_bias: Range<usize>,
    pub(super) log_variance: Range<usize>,
}

impl Places {
    pub(super) fn of(rbm: &Rbm) -> Self {
        let (width, hidden) = (rbm.width(), rbm.hidden_units);
        let gaussian = match rbm.visible {
            Visible::Gaussian => rbm.visible_units,
            _ => 0,
        };
        let ends = [width * hidden, width, hidden, gaussian];
        let mut start = 0;
        let [kernel, visible_bias, hidden_bias, log_variance] = ends.map(|length| {
            start += length;
            start - length..start
        });
        Places {
            kernel,
            visible_bias,
            hidden_bias,
            log_variance,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.log_variance.end
    }
}

impl BoltzmannMachine {
    /// A machine of checked settings.
    pub(super) fn new(rbm: Rbm, seed: u64, workers: Workers) -> Self {
        let places = Places::of(&rbm);
        let mut all = Buffer::zeros(places.count());
        let random = Random::new(seed, Domain::Initializer, PLACE_OF_WEIGHTS, 0);
        let kernel = &mut all[places.kernel];
        for (sample, row) in kernel.chunks_mut(rbm.hidden_units).enumerate() {
            row.copy_from_slice(&random.normal(sample, row.len()));
        }
        boltzmann::scale(FIRST_DEVIATION, kernel);
        let mut hidden_deviations = Buffer::default();
        if rbm.hidden == Hidden::Gaussian {
            hidden_deviations.resize(rbm.hidden_units);
            hidden_deviations.fill(1.0);
        }
        let mut machine = BoltzmannMachine {
            parameters: Parameters {
                all,
                precisions: Buffer::default(),
                deviations: Buffer::default(),
                hidden_deviations,
            },
            rbm,
            workers,
        };
        machine.refresh();
        machine
    }

    /// Works out what follows from the variances.
    pub(super) fn refresh(&mut self) {
        if self.rbm.visible != Visible::Gaussian {
            return;
        }
        let places = self.places();
        let count = places.log_variance.len();
        if self.parameters.deviations.is_empty() {
            self.parameters.deviations = Buffer::zeros(count);
            self.parameters.precisions = Buffer::zeros(self.rbm.width());
            self.parameters.precisions.fill(1.0);
        }
        for unit in 0..count {
            let log_variance = f64::from(self.parameters.all[places.log_variance.start + unit]);
            self.parameters.deviations[unit] = libm::exp(0.5 * log_variance) as f32;
            self.parameters.precisions[unit] = libm::exp(-log_variance) as f32;
        }
    }

    pub(super) fn places(&self) -> Places {
        Places::of(&self.rbm)
    }

    /// What the machine is made of.
    pub fn definition(&self) -> &Rbm {
        &self.rbm
    }

    /// Number of visible units, label units among them: the values of a sample.
    pub fn visible_units(&self) -> usize {
        self.rbm.width()
    }

    /// Number of hidden units.
    pub fn hidden_units(&self) -> usize {
        self.rbm.hidden_units
    }

    /// Number of label units, which come last among the visible ones.
    pub fn label_units(&self) -> usize {
        self.rbm.labels
    }

    /// Number of threads it works on.
    pub fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// The workers it works on.
    pub fn workers(&self) -> Workers {
        self.workers.clone()
    }

    /// A copy of the weights W, `[visible, hidden]`. A column is what a hidden unit answers to.
    pub fn kernel(&self) -> Tensor {
        let shape = [self.rbm.width(), self.rbm.hidden_units];
        self.tensor(self.places().kernel, shape.to_vec())
    }

    /// A copy of the visible biases a, `[visible]`.
    pub fn visible_bias(&self) -> Tensor {
        self.tensor(self.places().visible_bias, vec![self.rbm.width()])
    }

    /// A copy of the hidden biases b, `[hidden]`.
    pub fn hidden_bias(&self) -> Tensor {
        self.tensor(self.places().hidden_bias, vec![self.rbm.hidden_units])
    }

    /// The variances σ² of Gaussian units, `[visible]` without label units; nothing for other units.
    pub fn variances(&self) -> Option<Tensor> {
        let logs = &self.parameters.all[self.places().log_variance];
        let variance = |log: &f32| libm::exp(f64::from(*log)) as f32;
        let variances: Vec<f32> = logs.iter().map(variance).collect();
        match variances.is_empty() {
            true => None,
            false => Tensor::new([variances.len()], variances).ok(),
        }
    }

    fn tensor(&self, range: Range<usize>, shape: Vec<usize>) -> Tensor {
        let mut tensor = Tensor::zeros(shape);
        tensor
            .data_mut()
            .copy_from_slice(&self.parameters.all[range]);
        tensor
    }

    /// Sets the weights, `[visible, hidden]`.
    ///
    /// # Errors
    /// When they have another shape.
    pub fn set_kernel(&mut self, kernel: &Tensor) -> Result<(), Error> {
        self.set(
            "the weights",
            self.places().kernel,
            self.kernel().shape(),
            kernel,
        )
    }

    /// Sets the visible biases, `[visible]`.
    ///
    /// # Errors
    /// When they have another shape.
    pub fn set_visible_bias(&mut self, bias: &Tensor) -> Result<(), Error> {
        self.set(
            "the visible biases",
            self.places().visible_bias,
            &[self.rbm.width()],
            bias,
        )
    }

    /// Sets the hidden biases, `[hidden]`.
    ///
    /// # Errors
    /// When they have another shape.
    pub fn set_hidden_bias(&mut self, bias: &Tensor) -> Result<(), Error> {
        self.set(
            "the hidden biases",
            self.places().hidden_bias,
            &[self.rbm.hidden_units],
            bias,
        )
    }

    /// Sets the variances of Gaussian units, `[visible]` without label units.
    ///
    /// # Errors
    /// When units are not Gaussian, there is another number of variances, or one is not above 0.
    pub fn set_variances(&mut self, variances: &Tensor) -> Result<(), Error> {
        if let Some(bad) = variances
            .data()
            .iter()
            .find(|value| !(**value > 0.0 && value.is_finite()))
        {
            return Err(
                Error::data(format!("a variance is {bad}")).with_hint("give numbers above 0")
            );
        }
        let logs = variances.data().iter();
        let logs: Vec<f32> = logs
            .map(|value| libm::log(f64::from(*value)) as f32)
            .collect();
        let range = self.places().log_variance;
        let wanted = [range.len()];
        let logs = Tensor::new(variances.shape(), logs)?;
        self.set("the variances", range, &wanted, &logs)
    }

    fn set(
        &mut self,
        what: &str,
        range: Range<usize>,
        wanted: &[usize],
        values: &Tensor,
    ) -> Result<(), Error> {
        if values.shape() != wanted {
            let given = values.shape();
            let message = format!("{what} have shape {wanted:?} but are given {given:?}");
            return Err(Error::shape(wanted, given, message).with_hint("make them equal"));
        }
        self.parameters.all[range].copy_from_slice(values.data());
        self.refresh();
        Ok(())
    }

    /// What the units of each layer are drawn from.
    pub(super) fn conditionals(&self) -> Conditionals<'_> {
        Conditionals::new(&self.rbm, &self.parameters.all, &self.parameters)
    }

    /// The features of data `[samples, …]`, `[samples, hidden]`: the probabilities of Bernoulli units,
    /// max(0, x) of noisy rectified ones, the means of Gaussian ones. As `BernoulliRBM.transform` of scikit-learn.
    ///
    /// # Errors
    /// When the data has other values a sample, or such as the visible units cannot have.
    pub fn transform(&self, data: &Tensor) -> Result<Tensor, Error> {
        let mut features = self.fields(data)?;
        match self.rbm.hidden {
            Hidden::Bernoulli => {
                let rows = boltzmann::Rows {
                    stride: self.rbm.hidden_units,
                    columns: 0..self.rbm.hidden_units,
                    first: 0,
                };
                boltzmann::logistic(&rows, 1.0, features.data_mut());
            }
            Hidden::Gaussian => {}
            Hidden::NoisyRectified => {
                for value in features.data_mut() {
                    // A value that is no number stays so.
                    *value = if *value < 0.0 { 0.0 } else { *value };
                }
            }
        }
        Ok(features)
    }

    /// What the hidden units see of data, x = b + v W, `[samples, hidden]`.
    pub(super) fn fields(&self, data: &Tensor) -> Result<Tensor, Error> {
        self.check_data(data)?;
        let hidden = self.rbm.hidden_units;
        let mut fields = Tensor::zeros([data.samples(), hidden]);
        let (conditionals, width) = (self.conditionals(), self.rbm.width());
        self.workers.install(|| {
            in_rows(hidden, fields.data_mut(), &|first, fields: &mut [f32]| {
                let rows = fields.len() / hidden;
                let visible = &data.data()[first * width..(first + rows) * width];
                let mut scaled = Vec::new();
                let visible = conditionals.scaled(visible, &mut scaled);
                conditionals.hidden_fields(visible, fields);
            });
        });
        Ok(fields)
    }

    /// What the visible units come to be where the hidden ones have their expectations given `data`,
    /// `[samples, visible]`: the probabilities of Bernoulli and softmax units, the means of Gaussian ones.
    ///
    /// # Errors
    /// As [`BoltzmannMachine::transform`].
    pub fn reconstruct(&self, data: &Tensor) -> Result<Tensor, Error> {
        let mut hidden = self.fields(data)?;
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        let conditionals = self.conditionals();
        conditionals.hidden_means(1.0, hidden.data_mut());
        let mut visible = Tensor::zeros([data.samples(), width]);
        self.workers.install(|| {
            in_rows(width, visible.data_mut(), &|first, fields: &mut [f32]| {
                let rows = fields.len() / width;
                let hidden = &hidden.data()[first * units..(first + rows) * units];
                conditionals.visible_fields(conditionals.visible_bias, hidden, fields);
                conditionals.visible_means(fields);
            });
        });
        Ok(visible)
    }

    /// The mean of (v − v′)² over samples and visible units, with v′ as [`BoltzmannMachine::reconstruct`]
    /// gives it.
    ///
    /// # Errors
    /// As [`BoltzmannMachine::transform`]; there are no samples.
    pub fn reconstruction_error(&self, data: &Tensor) -> Result<f64, Error> {
        let again = self.reconstruct(data)?;
        let count = (data.samples() * self.rbm.width()) as f64;
        let sum = boltzmann::squared_distance(data.data(), again.data());
        match count > 0.0 {
            true => Ok(sum / count),
            false => Err(Error::data("there are no samples").with_hint("give at least one")),
        }
    }
}
