//! A network asked step by step, which remembers the steps before.

use std::sync::{Arc, Mutex, PoisonError};

use super::Network;
use super::states::States;
use crate::dataset::Inputs;
use crate::kernels::activation;
use crate::plan::InferencePlan;
use crate::targets::units;
use crate::{Error, Shape, Tensor};

/// Plans for steps of unlike lengths that are kept.
const MOST_PLANS: usize = 4;

/// Sequences that one thread goes on with.
const MOST_ALONE: usize = 16;
/// Times as many as a thread has at once, at least, are shared among several.
const FEWEST_SHARED: usize = 4;

/// A network asked step by step, which remembers the steps before: recurrent layers begin each call
/// with the states that the call before ended with, whether they are
/// [`stateful`](crate::layers::Lstm::stateful) or not.
///
/// A call takes any number of steps of each sequence: one at a time as they come, or many at once. What
/// it answers to a long sequence in one call and to its parts in several is the same. Layers that look
/// at several steps and carry nothing on, such as `Conv1d`, `MultiHeadAttention` or
/// `GlobalAveragePool1d`, see those of the call alone.
///
/// It works with the weights as they are at each call. A clone is a stream that goes on from the same
/// place; any number of streams of one network may be at work at once.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([50, 2]).add(Lstm::new(8)).add(Dense::new(1)).build(1)?;
/// let mut stream = network.stream(1)?;
/// let sequence = Tensor::new([1, 3, 2], vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6])?;
/// let at_once = stream.step(&sequence)?.clone();
/// stream.reset();
/// for step in sequence.data().chunks_exact(2) {
///     stream.step(&Tensor::new([1, 1, 2], step.to_vec())?)?;
/// }
/// assert_eq!(stream.answer(), Some(&at_once));
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct Stream {
    shared: Arc<Streaming>,
    plan: Arc<StreamPlan>,
    states: States,
    /// What the outputs give, and after it what is carried on.
    given: Vec<Vec<f32>>,
    answers: Vec<Tensor>,
}

/// What the streams of a network share.
pub(super) struct Streaming {
    known: Mutex<Vec<Arc<StreamPlan>>>,
}

/// A network for steps of some number, and its plan for so many samples.
struct StreamPlan {
    network: Network,
    samples: usize,
    plan: InferencePlan,
}

/// Samples that a plan is laid out for, so that a few are no work for several threads: handing them
/// over takes longer than a step does.
fn planned(samples: usize) -> usize {
    match samples <= MOST_ALONE {
        true => FEWEST_SHARED * samples.next_power_of_two(),
        false => samples,
    }
}

impl StreamPlan {
    fn new(network: Network, samples: usize) -> Self {
        StreamPlan {
            plan: InferencePlan::new(network.ops().with_carried(), planned(samples)),
            network,
            samples,
        }
    }

    fn fits(&self, inputs: Inputs<'_>, samples: usize) -> bool {
        let shapes = self.network.input_shapes();
        let mut both = shapes.iter().enumerate();
        self.samples == samples
            && inputs.count() == shapes.len()
            && both.all(|(index, shape)| inputs.get(index).shape().get(1..) == Some(shape.sizes()))
    }
}

impl Streaming {
    /// With a plan for steps as the network was built for.
    fn new(network: &Network, samples: usize) -> Result<Self, Error> {
        let network = network.reshaped(network.input_shapes(), true)?;
        if network.ops().carried.is_empty() {
            return Err(
                Error::configuration("the network has no layer that carries anything on")
                    .with_hint("ask it by predict, or give it a recurrent layer"),
            );
        }
        let plan = Arc::new(StreamPlan::new(network, samples));
        Ok(Streaming {
            known: Mutex::new(vec![plan]),
        })
    }

    /// The plan that was used last for so many samples, or one like it.
    fn plan_of(&self, samples: usize) -> Arc<StreamPlan> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.iter().find(|plan| plan.samples == samples) {
            Some(plan) => Arc::clone(plan),
            None => {
                // It was built before: there is nothing that could be wrong now.
                let network = known[0].network.view();
                keep(&mut known, StreamPlan::new(network, samples))
            }
        }
    }

    /// The plan for some inputs.
    fn plan_for(&self, inputs: Inputs<'_>, samples: usize) -> Result<Arc<StreamPlan>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = known.iter().find(|plan| plan.fits(inputs, samples)) {
            return Ok(Arc::clone(plan));
        }
        let shapes = shapes_of(&known[0].network, inputs)?;
        let network = known[0].network.with_input_shapes(&shapes)?;
        Ok(keep(&mut known, StreamPlan::new(network, samples)))
    }
}

/// Keeps a new plan, in the place of the oldest where there are many; the first stays.
fn keep(known: &mut Vec<Arc<StreamPlan>>, plan: StreamPlan) -> Arc<StreamPlan> {
    let plan = Arc::new(plan);
    if known.len() == MOST_PLANS {
        known.remove(1);
    }
    known.push(Arc::clone(&plan));
    plan
}

/// Shapes of a sample of some inputs, of which only the number of steps may be another than the
/// network's.
fn shapes_of(network: &Network, inputs: Inputs<'_>) -> Result<Vec<Shape>, Error> {
    let wanted = network.input_shapes();
    if inputs.count() != wanted.len() {
        return Err(Error::data(format!(
            "the network has {} inputs but is given {}",
            wanted.len(),
            inputs.count()
        ))
        .with_hint("give it a tensor for each"));
    }
    let mut shapes = Vec::new();
    for (index, shape) in wanted.iter().enumerate() {
        let given = inputs.get(index).shape();
        let step = shape.sizes().get(1..).unwrap_or_default();
        if given.len() != shape.rank() + 1 || given.get(2..).unwrap_or_default() != step {
            let wanted = [&[inputs.samples()], shape.sizes()].concat();
            let message = format!(
                "a call of the stream takes inputs of shape [samples, steps, …] with steps of shape \
                 {step:?}, but is given {given:?}"
            );
            return Err(Error::shape(&wanted, given, message).with_hint(
                "any number of steps may be given, but as many features as the network has",
            ));
        }
        shapes.push(Shape::new(&given[1..]));
    }
    Ok(shapes)
}

impl Clone for Stream {
    fn clone(&self) -> Self {
        Stream {
            shared: Arc::clone(&self.shared),
            plan: Arc::clone(&self.plan),
            states: self.states.clone(),
            given: self.given.clone(),
            answers: self.answers.clone(),
        }
    }
}

impl Network {
    /// Begins to ask the network step by step, `samples` sequences side by side, of which nothing is
    /// known yet.
    ///
    /// # Errors
    /// When there are no samples, no layer carries anything on, or one cannot: `Bidirectional`, or a
    /// layer that goes backwards.
    pub fn stream(&self, samples: usize) -> Result<Stream, Error> {
        if samples == 0 {
            return Err(
                Error::configuration("a stream of 0 sequences").with_hint("give it at least 1")
            );
        }
        let shared = match self.streaming.get() {
            Some(shared) => Arc::clone(shared),
            None => {
                let shared = Arc::new(Streaming::new(self, samples)?);
                Arc::clone(self.streaming.get_or_init(|| shared))
            }
        };
        let plan = shared.plan_of(samples);
        let mut states = States::default();
        states.reset_to(plan.network.ops(), samples);
        Ok(Stream {
            given: vec![Vec::new(); plan.network.outputs() + states.values().len()],
            shared,
            plan,
            states,
            answers: Vec::new(),
        })
    }

    /// The same network on the same weights.
    fn view(&self) -> Network {
        Network {
            readings: self.readings.clone(),
            ..Self::of(
                self.graph.clone(),
                self.ops.clone(),
                self.weights(),
                self.workers(),
            )
        }
    }
}

impl Stream {
    /// The next steps of each sequence, `[samples, steps, …]`, any number of them; what the network
    /// says to them, as [`Network::predict`] would have it.
    ///
    /// # Errors
    /// When the inputs do not fit the network or are of another number of sequences, or it has several
    /// outputs. Nothing is remembered of such inputs.
    pub fn step<'a>(&mut self, inputs: impl Into<Inputs<'a>>) -> Result<&Tensor, Error> {
        self.plan.network.check_single_output()?;
        self.step_all(inputs).map(|answers| &answers[0])
    }

    /// As [`Stream::step`], for networks with any number of outputs: a tensor each.
    ///
    /// # Errors
    /// When the inputs do not fit the network or are of another number of sequences. Nothing is
    /// remembered of such inputs.
    pub fn step_all<'a>(&mut self, inputs: impl Into<Inputs<'a>>) -> Result<&[Tensor], Error> {
        self.advance(inputs.into())?;
        let network = &self.plan.network;
        self.answers
            .resize_with(network.outputs(), || Tensor::zeros([0]));
        for (index, answer) in self.answers.iter_mut().enumerate() {
            let (values, shape) = (&self.given[index], network.one_output_shape(index));
            let fits = answer
                .shape()
                .split_first()
                .is_some_and(|(samples, of_sample)| {
                    *samples == self.plan.samples && of_sample == shape.sizes()
                });
            if !fits {
                *answer = Tensor::zeros([&[self.plan.samples], shape.sizes()].concat());
            }
            answer.data_mut().copy_from_slice(values);
            let function = network.readings[index].function;
            activation::forward(function, units(shape), answer.data_mut(), &mut []);
        }
        Ok(&self.answers)
    }

    /// What the last step gave, if there was one.
    pub fn answer(&self) -> Option<&Tensor> {
        self.answers.first()
    }

    /// Forgets all steps: the next is a first one.
    pub fn reset(&mut self) {
        self.states
            .reset_to(self.plan.network.ops(), self.plan.samples);
        self.answers.clear();
    }

    /// Number of sequences side by side.
    pub fn samples(&self) -> usize {
        self.plan.samples
    }

    /// Names of the states, such as "lstm/h" and "lstm/c".
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        let carried = self.plan.network.ops().carried.iter();
        carried.map(|known| known.name.as_str())
    }

    /// A copy of the state called `name`, `[samples, …]`.
    pub fn state(&self, name: &str) -> Option<Tensor> {
        self.states.get(self.plan.network.ops(), name)
    }

    /// Sets the state called `name`: `[samples, …]`.
    ///
    /// # Errors
    /// When there is none of this name, or the shapes differ.
    pub fn set_state(&mut self, name: &str, values: &Tensor) -> Result<(), Error> {
        self.states.set(self.plan.network.ops(), name, values)
    }

    /// The network as it stands in the stream, for as many steps as it was given last.
    pub(super) fn network(&self) -> &Network {
        &self.plan.network
    }

    /// What output 0 gave in the last call, before the function that makes predictions of it.
    pub(super) fn given(&self) -> &[f32] {
        &self.given[0]
    }

    /// Takes the steps through the network and the states on.
    pub(super) fn advance(&mut self, inputs: Inputs<'_>) -> Result<(), Error> {
        let samples = self.plan.samples;
        if inputs.samples() != samples {
            return Err(Error::data(format!(
                "the stream is one of {samples} sequences but is given steps of {}",
                inputs.samples()
            ))
            .with_hint("give it a row a sequence, or begin another stream"));
        }
        if !self.plan.fits(inputs, samples) {
            self.plan = self.shared.plan_for(inputs, samples)?;
        }
        let StreamPlan { network, plan, .. } = &*self.plan;
        network.check_inputs(inputs)?;
        for (output, values) in self.given.iter_mut().enumerate() {
            values.resize(samples * plan.values(output), 0.0);
        }
        let states = self.states.values();
        network.answer(plan, inputs, states, &mut self.given);
        let next = &mut self.given[network.outputs()..];
        for (state, next) in self.states.values_mut().iter_mut().zip(next) {
            std::mem::swap(state, next);
        }
        Ok(())
    }
}
