use super::BoltzmannMachine;
use super::conditionals::Draws;
use crate::{Error, Tensor};

/// Chains of Gibbs sampling that can be watched: at each step all hidden units are drawn given the visible
/// ones, and then all visible ones that are not clamped given these.
///
/// Random numbers are a function of the seed, the step, the chain and the unit: a chain goes the same way
/// whatever other chains there are.
///
/// ```
/// use letra_nn::learners::Rbm;
/// use letra_nn::Tensor;
///
/// let machine = Rbm::new(16, 8).build(1)?;
/// let mut chains = machine.chains(4, 7)?;
/// for _ in 0..10 {
///     let states = chains.step();
///     assert_eq!(states.shape(), [4, 16]);
/// }
/// // From data, the first half of each sample held.
/// let mut filling = machine.chains_from(&Tensor::zeros([2, 16]), 7)?.clamp(0..8)?;
/// filling.steps(5);
/// assert_eq!(filling.visible().sample(1)[..8], [0.0; 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Chains<'a> {
    machine: &'a BoltzmannMachine,
    seed: u64,
    taken: u64,
    clamped: Vec<bool>,
    visible: Tensor,
    expected: Tensor,
    hidden: Tensor,
    /// Fields of the hidden units, then their expectations.
    hidden_room: Tensor,
}

impl BoltzmannMachine {
    /// So many chains from noise: the visible units are drawn as if there were no weights and no biases.
    ///
    /// # Errors
    /// When there are 0 chains, or more than memory holds.
    pub fn chains(&self, chains: usize, seed: u64) -> Result<Chains<'_>, Error> {
        self.check_chains(chains)?;
        let mut visible = Tensor::zeros([chains, self.rbm.width()]);
        self.draw_noise(seed, visible.data_mut());
        Ok(Chains::new(self, visible, seed))
    }

    /// A chain from each sample of `data`, `[chains, visible]`.
    ///
    /// # Errors
    /// When the data does not fit the visible units, is empty, or its chains are more than memory holds.
    pub fn chains_from(&self, data: &Tensor, seed: u64) -> Result<Chains<'_>, Error> {
        self.check_data(data)?;
        self.check_chains(data.samples())?;
        let visible = data.clone().reshape([data.samples(), self.rbm.width()])?;
        Ok(Chains::new(self, visible, seed))
    }

    /// Draws visible units as if there were no weights and no biases.
    pub(super) fn draw_noise(&self, seed: u64, states: &mut [f32]) {
        let draws = Draws {
            seed,
            step: 0,
            transition: NOISE,
        };
        let mut fields = vec![0.0; states.len()];
        self.conditionals()
            .draw_visible(draws, 0, &mut fields, states);
    }
}

/// The transition whose random numbers chains begin with.
const NOISE: usize = 1;

impl<'a> Chains<'a> {
    fn new(machine: &'a BoltzmannMachine, visible: Tensor, seed: u64) -> Self {
        let hidden = Tensor::zeros([visible.samples(), machine.hidden_units()]);
        Chains {
            machine,
            seed,
            taken: 0,
            clamped: Vec::new(),
            expected: visible.clone(),
            visible,
            hidden_room: hidden.clone(),
            hidden,
        }
    }

    /// Holds these visible units at what they are now, in all chains.
    ///
    /// # Errors
    /// When there is no such unit.
    pub fn clamp(mut self, units: impl IntoIterator<Item = usize>) -> Result<Self, Error> {
        let width = self.machine.visible_units();
        self.clamped.resize(width, false);
        for unit in units {
            match self.clamped.get_mut(unit) {
                Some(held) => *held = true,
                None => {
                    return Err(Error::configuration(format!(
                        "unit {unit} is to be clamped, but there are {width} visible units"
                    ))
                    .with_hint("number them from 0"));
                }
            }
        }
        Ok(self)
    }

    /// Holds the label units of each chain at its label.
    ///
    /// # Errors
    /// When there is not one for each chain, or the machine has no such label unit.
    pub fn clamp_labels(mut self, labels: &[u32]) -> Result<Self, Error> {
        let (count, width) = (self.machine.label_units(), self.machine.visible_units());
        let chains = self.visible.samples();
        if labels.len() != chains || labels.iter().any(|label| *label as usize >= count) {
            return Err(Error::data(format!(
                "{} labels for {chains} chains of a machine with {count} label units",
                labels.len()
            ))
            .with_hint("give each chain one, numbered from 0; Rbm::labels adds label units"));
        }
        for (row, label) in self.visible.data_mut().chunks_exact_mut(width).zip(labels) {
            let units = &mut row[width - count..];
            units.fill(0.0);
            units[*label as usize] = 1.0;
        }
        self.clamp(width - count..width)
    }

    /// Goes one step on in all chains; gives the visible states, `[chains, visible]`.
    pub fn step(&mut self) -> &Tensor {
        let Chains {
            machine,
            seed,
            taken,
            clamped,
            visible,
            expected,
            hidden,
            hidden_room,
        } = self;
        let (width, units) = (machine.visible_units(), machine.hidden_units());
        let conditionals = machine.conditionals();
        *taken += 1;
        let draws = Draws {
            seed: *seed,
            step: *taken,
            transition: 0,
        };
        let parts = Part {
            first: 0,
            visible: visible.data_mut(),
            expected: expected.data_mut(),
            hidden: hidden.data_mut(),
            hidden_room: hidden_room.data_mut(),
        };
        let work = |part: Part<'_>| {
            let mut scaled = Vec::new();
            conditionals.hidden_fields(
                conditionals.scaled(part.visible, &mut scaled),
                part.hidden_room,
            );
            conditionals.draw_hidden(draws, part.first, 1.0, part.hidden_room, part.hidden);
            let held = match clamped.is_empty() {
                true => Vec::new(),
                false => part.visible.to_vec(),
            };
            conditionals.visible_fields(conditionals.visible_bias, part.hidden, part.expected);
            conditionals.draw_visible(draws, part.first, part.expected, part.visible);
            for (place, held) in held.iter().enumerate() {
                if clamped[place % width] {
                    (part.visible[place], part.expected[place]) = (*held, *held);
                }
            }
        };
        machine.workers.install(|| parts.each(width, units, &work));
        &self.visible
    }

    /// Goes so many steps on.
    pub fn steps(&mut self, steps: usize) -> &Tensor {
        for _ in 0..steps {
            self.step();
        }
        &self.visible
    }

    /// Steps that were taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The visible states, `[chains, visible]`.
    pub fn visible(&self) -> &Tensor {
        &self.visible
    }

    /// What the visible states were drawn from, `[chains, visible]`: the probabilities of Bernoulli and
    /// softmax units, the means of Gaussian ones; where no step was taken, the states themselves.
    pub fn expected(&self) -> &Tensor {
        &self.expected
    }

    /// The hidden states of the last step, `[chains, hidden]`; zeros before the first.
    pub fn hidden(&self) -> &Tensor {
        &self.hidden
    }
}

/// Some chains.
struct Part<'a> {
    first: usize,
    visible: &'a mut [f32],
    expected: &'a mut [f32],
    hidden: &'a mut [f32],
    hidden_room: &'a mut [f32],
}

/// Chains that one thread goes on with at once.
const CHAINS: usize = 32;

impl Part<'_> {
    /// Does the work for all chains, some at a time.
    fn each(self, width: usize, units: usize, work: &(impl Fn(Part<'_>) + Sync)) {
        let chains = self.visible.len() / width;
        if chains <= CHAINS {
            return work(self);
        }
        let half = chains.div_ceil(2);
        let (visible, other_visible) = self.visible.split_at_mut(half * width);
        let (expected, other_expected) = self.expected.split_at_mut(half * width);
        let (hidden, other_hidden) = self.hidden.split_at_mut(half * units);
        let (room, other_room) = self.hidden_room.split_at_mut(half * units);
        let left = Part {
            first: self.first,
            visible,
            expected,
            hidden,
            hidden_room: room,
        };
        let right = Part {
            first: self.first + half,
            visible: other_visible,
            expected: other_expected,
            hidden: other_hidden,
            hidden_room: other_room,
        };
        rayon::join(
            || left.each(width, units, work),
            || right.each(width, units, work),
        );
    }
}
