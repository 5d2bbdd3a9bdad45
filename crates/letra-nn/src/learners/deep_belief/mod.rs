//! Deep belief networks: what they are made of, and what they make of data.

mod bound;
mod file;
mod generating;
mod pretraining;
mod unrolled;
mod up_down;

use super::rbm::{BoltzmannMachine, Hidden, Rbm, Visible};
use crate::layers::Dense;
use crate::{Dataset, Error, Network, Sequential, Targets, Tensor, Workers, one_hot};

pub use up_down::UpDown;

/// What a deep belief network is made of (Hinton, Osindero and Teh 2006, "A fast learning algorithm for
/// deep belief nets"): layers of units, of which the last two are a restricted Boltzmann machine and the
/// others are drawn downwards, each from the one above it,
///
/// P(v, h¹, …, hᴸ) = P(v | h¹) P(h¹ | h²) … P(hᴸ⁻¹, hᴸ).
///
/// [`DeepBelief::pretrain`] teaches one machine after the other, each on the features of those below it.
///
/// ```
/// use letra_nn::learners::{ContrastiveDivergence, DeepBelief, RbmFit};
/// use letra_nn::prelude::*;
///
/// let bar = |n: usize| (0..16).map(move |i| f32::from(u8::from(i / 4 == n % 4)));
/// let bars = Tensor::new([64, 16], (0..64).flat_map(bar).collect())?;
/// let labels: Vec<u32> = (0..64).map(|n| n % 4).collect();
/// let data = Dataset::classes(bars, labels, 4)?;
///
/// let settings = ContrastiveDivergence::new(0.2).momentum(0.5).seed(1);
/// let belief = DeepBelief::new([16, 12, 12]).pretrain(&data, &[settings], RbmFit::epochs(20))?;
/// let mut network = belief.into_network(4, 1)?.compile(Compile::new(Adam::new(0.01)).metric(Accuracy))?;
/// network.fit(&data, Fit::epochs(100))?;
/// assert!(network.evaluate(&data)?.metric("accuracy") > Some(0.9));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeepBelief {
    sizes: Vec<usize>,
    visible: Visible,
    code: Hidden,
    labels: usize,
}

impl DeepBelief {
    /// A network with so many units in each layer, the visible ones first; all of them Bernoulli.
    pub fn new(sizes: impl Into<Vec<usize>>) -> Self {
        DeepBelief {
            sizes: sizes.into(),
            visible: Visible::Bernoulli,
            code: Hidden::Bernoulli,
            labels: 0,
        }
    }

    settings! {
        /// What the visible units are.
        visible: Visible,
        /// What the units of the last layer are: [`Hidden::Gaussian`] for the code of a deep autoencoder.
        code: Hidden,
        /// Adds so many label units to the last layer but one, as in the paper: the last machine then learns
        /// which features go with which class. 0 adds none.
        labels: usize,
    }

    /// The machines of the network, the lowest first.
    fn machines(&self) -> Result<Vec<Rbm>, Error> {
        if self.sizes.len() < 2 {
            return Err(Error::configuration(format!(
                "a belief network has {} layers of units",
                self.sizes.len()
            ))
            .with_hint("give it the visible units and at least one hidden layer"));
        }
        let last = self.sizes.len() - 2;
        let pairs = self.sizes.windows(2).enumerate();
        let machine = |(layer, pair): (usize, &[usize])| {
            let visible = match layer {
                0 => self.visible,
                _ => Visible::Bernoulli,
            };
            let rbm = Rbm::new(pair[0], pair[1]).visible(visible);
            match layer == last {
                true => rbm.hidden(self.code).labels(self.labels),
                false => rbm,
            }
        };
        Ok(pairs.map(machine).collect())
    }
}

/// A deep belief network and its weights: it draws samples, says a bound on how likely data is, and
/// becomes an ordinary network. [`DeepBelief`] says what it is made of.
///
/// ```
/// use letra_nn::learners::{BeliefNetwork, ContrastiveDivergence, DeepBelief, RbmFit};
/// use letra_nn::Tensor;
///
/// let data = Tensor::new([4, 3], vec![1., 1., 0., 1., 1., 0., 0., 0., 1., 0., 0., 1.])?;
/// let settings = ContrastiveDivergence::new(0.1).seed(1);
/// let belief = DeepBelief::new([3, 4, 4]).pretrain(&data, &[settings], RbmFit::epochs(20))?;
/// assert_eq!(belief.generate(5, 100, 1)?.shape(), [5, 3]);
/// let log_z = belief.top().log_partition()?;
/// let bounds = belief.lower_bound(&data, log_z, 20, 1)?;
/// assert!(bounds.iter().all(|bound| *bound < 0.0));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BeliefNetwork {
    /// The directed layers, the lowest first.
    layers: Vec<Directed>,
    top: BoltzmannMachine,
    workers: Workers,
}

/// A directed layer. It draws downwards by the weights and visible biases of one machine, and what is
/// above it is guessed by the weights and hidden biases of the other; the two begin alike.
#[derive(Debug, Clone)]
struct Directed {
    generative: BoltzmannMachine,
    recognition: BoltzmannMachine,
}

impl BeliefNetwork {
    /// The machine of the last two layers; its visible units are those of the last layer but one, and
    /// after them the label units.
    pub fn top(&self) -> &BoltzmannMachine {
        &self.top
    }

    /// Number of directed layers, below the machine of the last two.
    pub fn directed_layers(&self) -> usize {
        self.layers.len()
    }

    /// The weights and biases that directed layer `layer`, 0 the lowest, draws its lower units by: of the
    /// machine the hidden biases mean nothing.
    ///
    /// # Panics
    /// When there is no such layer.
    pub fn generative(&self, layer: usize) -> &BoltzmannMachine {
        &self.layers[layer].generative
    }

    /// The weights and biases by which the upper units of directed layer `layer` are guessed: of the
    /// machine the visible biases mean nothing.
    ///
    /// # Panics
    /// When there is no such layer.
    pub fn recognition(&self, layer: usize) -> &BoltzmannMachine {
        &self.layers[layer].recognition
    }

    /// Number of visible units.
    pub fn visible_units(&self) -> usize {
        match self.layers.first() {
            Some(layer) => layer.generative.visible_units(),
            None => self.top.visible_units() - self.top.label_units(),
        }
    }

    /// Number of label units.
    pub fn label_units(&self) -> usize {
        self.top.label_units()
    }

    /// What the last layer but one makes of data, `[samples, …]`: probabilities, each layer's from those of
    /// the layer below it.
    ///
    /// # Errors
    /// When the data has other values a sample, or such as the visible units cannot have.
    pub fn encode(&self, data: &Tensor) -> Result<Tensor, Error> {
        let mut features = data.clone();
        for layer in &self.layers {
            features = layer.recognition.transform(&features)?;
        }
        Ok(features)
    }

    /// The probability of each class given data, `[samples, classes]`: e^(−F) of the last machine with each
    /// label in turn, by the free energies F (Hinton, Osindero and Teh 2006, section 6).
    ///
    /// # Errors
    /// As [`BeliefNetwork::encode`]; the network has no label units.
    pub fn class_probabilities(&self, data: &Tensor) -> Result<Tensor, Error> {
        let classes = self.label_units();
        if classes == 0 {
            return Err(
                Error::configuration("the belief network has no label units")
                    .with_hint("ask for them by DeepBelief::labels, or take into_network"),
            );
        }
        let energies = self.top.energies_of_labels(&self.encode(data)?)?;
        let mut all = Tensor::zeros([data.samples(), classes]);
        for (row, energies) in all.data_mut().chunks_exact_mut(classes).zip(&energies) {
            let least = energies.iter().copied().fold(f64::INFINITY, f64::min);
            let weights: Vec<f64> = energies
                .iter()
                .map(|energy| libm::exp(least - energy))
                .collect();
            let sum: f64 = weights.iter().sum();
            row.iter_mut()
                .zip(weights)
                .for_each(|(p, weight)| *p = (weight / sum) as f32);
        }
        Ok(all)
    }

    /// The most probable class of each sample.
    ///
    /// # Errors
    /// As [`BeliefNetwork::class_probabilities`].
    pub fn predict_classes(&self, data: &Tensor) -> Result<Vec<u32>, Error> {
        let probabilities = self.class_probabilities(data)?;
        let rows = probabilities.data().chunks_exact(self.label_units());
        let best = |row: &[f32]| {
            (0..row.len()).fold(
                0,
                |best, class| if row[class] > row[best] { class } else { best },
            )
        };
        Ok(rows.map(|row| best(row) as u32).collect())
    }

    /// The machines by which layers are guessed from those below them, the lowest first.
    fn upwards(&self) -> impl Iterator<Item = &BoltzmannMachine> {
        let layers = self.layers.iter().map(|layer| &layer.recognition);
        layers.chain([&self.top])
    }

    /// An ordinary network that goes on from the weights: a dense layer of sigmoid units for each machine
    /// (of linear or rectified ones where the last machine's hidden units are), with its weights and hidden biases, and one of `classes` units without a function after them, whose
    /// weights are drawn by the seed. Compile it to fine-tune it by back-propagation. Label units have no
    /// part in it.
    ///
    /// # Errors
    /// When there are no classes.
    pub fn into_network(self, classes: usize, seed: u64) -> Result<Network, Error> {
        let machines: Vec<&BoltzmannMachine> = self.upwards().collect();
        let mut network = Sequential::new([self.visible_units()]);
        for machine in &machines {
            network = network.add(dense(machine));
        }
        let network = network
            .add(Dense::new(classes))
            .build_with(seed, Some(self.workers.clone()))?;
        for (place, machine) in machines.into_iter().enumerate() {
            let name = match place {
                0 => "dense".to_owned(),
                _ => format!("dense_{place}"),
            };
            network.set_parameter(&format!("{name}/kernel"), &machine.dense_kernel())?;
            network.set_parameter(&format!("{name}/bias"), &machine.hidden_bias())?;
        }
        Ok(network)
    }
}

/// The layer that the hidden units of a machine become.
fn dense(machine: &BoltzmannMachine) -> Dense {
    let layer = Dense::new(machine.hidden_units());
    match machine.definition().hidden_kind() {
        Hidden::Bernoulli => layer.sigmoid(),
        Hidden::NoisyRectified => layer.relu(),
        Hidden::Gaussian => layer,
    }
}

/// The labels of a batch, one-hot.
fn one_hot_labels(data: &Dataset, classes: usize) -> Result<Tensor, Error> {
    match data.targets() {
        Targets::Classes { labels, count } if *count == classes && labels.len() == data.samples() => {
            one_hot(labels, classes)
        }
        _ => Err(Error::data(format!(
            "the belief network has {classes} label units, but a sample has not one of so many classes"
        ))
        .with_hint("give a Dataset of as many classes, or take no label units")),
    }
}

/// The columns of both, side by side.
fn beside(left: &Tensor, right: &Tensor) -> Result<Tensor, Error> {
    let widths = [left.sample_values(), right.sample_values()];
    let mut both = Tensor::zeros([left.samples(), widths[0] + widths[1]]);
    let rows = both
        .data_mut()
        .chunks_exact_mut((widths[0] + widths[1]).max(1));
    for (sample, row) in rows.enumerate() {
        row[..widths[0]].copy_from_slice(left.sample(sample));
        row[widths[0]..].copy_from_slice(right.sample(sample));
    }
    Ok(both)
}
