//! What a network says goes on as its own input.

use super::{Network, Stream};
use crate::layers::ActivationFunction;
use crate::random::{Domain, Random};
use crate::targets::largest;
use crate::{Error, Tensor, one_hot};

/// How far the sum of probabilities may be from 1.
const TOLERANCE: f64 = 1e-3;

/// How a class is chosen among those that a network thinks likely.
///
/// Of the logits *z*, class *i* has the probability exp(*z*ᵢ / *T*) / Σ exp(*z* / *T*) at temperature *T*
/// (Ackley, Hinton and Sejnowski 1985, eq. 4); with [`top_k`](Self::top_k), only the *k* largest count
/// (Fan, Lewis and Dauphin 2018, section 5.1).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([20]).add(Embedding::new(5, 4)).add(Lstm::new(8)).add(Dense::new(5).softmax()).build(1)?;
/// let sampling = Sampling::new().temperature(0.7).top_k(3).seed(2);
/// let first = network.generate(&[0, 1], 10, &sampling)?;
/// assert_eq!(network.generate(&[0, 1], 10, &sampling)?, first);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    temperature: f64,
    top_k: Option<usize>,
    seed: u64,
}

impl Sampling {
    /// With the network's own probabilities: at temperature 1, among all classes, by seed 0.
    pub fn new() -> Self {
        Sampling {
            temperature: 1.0,
            top_k: None,
            seed: 0,
        }
    }

    settings! {
        /// What logits are divided by, 0 or more: below 1, likely classes become likelier; at 0, the
        /// likeliest is taken, the first of several.
        temperature: f64,
        /// Decides the choices: the same seed makes the same ones.
        seed: u64,
    }

    /// How many of the likeliest classes are chosen among, at least 1.
    pub fn top_k(mut self, top_k: usize) -> Self {
        self.top_k = Some(top_k);
        self
    }

    fn check(&self) -> Result<(), Error> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return Err(
                Error::configuration(format!("the temperature is {}", self.temperature))
                    .with_hint("choose a number of 0 or more"),
            );
        }
        match self.top_k {
            Some(0) => Err(Error::configuration("classes are chosen among the top 0")
                .with_hint("choose top_k at least 1, or leave it out")),
            _ => Ok(()),
        }
    }

    /// One of the classes of these logits, by choice number `number`.
    fn choose(&self, logits: &[f64], number: usize) -> usize {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        // Equal ones stay in their order.
        order.sort_by(|&left, &right| logits[right].total_cmp(&logits[left]));
        let likeliest = order[0];
        if self.temperature == 0.0 {
            return likeliest;
        }
        order.truncate(self.top_k.unwrap_or(usize::MAX));
        let most = logits[likeliest];
        let weight = |class: usize| libm::exp((logits[class] - most) / self.temperature);
        let sum: f64 = order.iter().map(|&class| weight(class)).sum();
        let mut left = sum * self.uniform(number);
        for &class in &order {
            left -= weight(class);
            if left < 0.0 {
                return class;
            }
        }
        likeliest
    }

    /// A number from 0 up to but not including 1, for choice number `number`.
    fn uniform(&self, number: usize) -> f64 {
        let mut words = [0; 2];
        Random::new(self.seed, Domain::Sampling, 0, 0).words(number, &mut words);
        let bits = (u64::from(words[0]) << 32 | u64::from(words[1])) >> 11;
        bits as f64 / (1u64 << f64::MANTISSA_DIGITS) as f64
    }
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling::new()
    }
}

/// What the classes are to the network.
#[derive(Clone, Copy)]
enum Given {
    /// Their numbers, for an embedding.
    Numbers,
    /// Rows that are 1 at the class.
    OneHot,
}

impl Network {
    /// Goes on with a prompt: so many classes more, each chosen from what the network says after the
    /// one before. See [`Stream::generate`].
    ///
    /// # Errors
    /// As [`Stream::generate`] and [`Network::stream`].
    pub fn generate(
        &self,
        prompt: &[u32],
        count: usize,
        sampling: &Sampling,
    ) -> Result<Vec<u32>, Error> {
        self.stream(1)?.generate(prompt, count, sampling)
    }
}

impl Stream {
    /// Goes on with a prompt: `count` classes more, each chosen from what the network says after the one
    /// before, which is fed back to it. The stream goes on from where it stands; the last class that is
    /// chosen has not been fed to it, so a prompt that goes on begins with that.
    ///
    /// The network takes the numbers of classes, `[steps]`, as an [`Embedding`](crate::layers::Embedding)
    /// reads them, or one-hot rows, `[steps, classes]`; it gives a row of probabilities, of the last
    /// step or of each. Where it was trained by a loss from logits, these are what
    /// [`predict`](Network::predict) makes of them.
    ///
    /// # Errors
    /// When the temperature is negative or no number, `top_k` is 0, the prompt is empty or has a class
    /// that the network does not know, the stream has several sequences, or the network's output is no
    /// row of probabilities of the classes that are its input.
    pub fn generate(
        &mut self,
        prompt: &[u32],
        count: usize,
        sampling: &Sampling,
    ) -> Result<Vec<u32>, Error> {
        sampling.check()?;
        let (given, classes) = classes(self)?;
        if prompt.is_empty() {
            return Err(Error::data("the prompt is empty")
                .with_hint("give at least one class to begin with"));
        }
        let mut chosen: Vec<u32> = Vec::new();
        for number in 0..count {
            match chosen.last() {
                None => self.feed(prompt, given, classes)?,
                Some(&last) => self.feed(&[last], given, classes)?,
            }
            let logits = self.logits(classes)?;
            chosen.push(sampling.choose(&logits, number) as u32);
        }
        Ok(chosen)
    }

    /// Goes on with a series of values: after the steps of `prompt`, `[steps, features]`, so many steps
    /// more, `[count, features]`, each what the network says of the last, which is fed back to it. The
    /// last has not been fed.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let network = Sequential::new([5, 1]).add(Lstm::new(4)).add(Dense::new(1)).build(1)?;
    /// let more = network.stream(1)?.generate_values(&Tensor::zeros([5, 1]), 20)?;
    /// assert_eq!(more.shape(), [20, 1]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the prompt has no steps, the stream has several sequences, or the network's output is not as
    /// large as a step of its input.
    pub fn generate_values(&mut self, prompt: &Tensor, count: usize) -> Result<Tensor, Error> {
        let features = features(self)?;
        let steps = prompt.samples();
        if prompt.shape() != [steps, features] || steps == 0 {
            let message = format!(
                "the prompt has shape {:?}, not [steps, {features}]",
                prompt.shape()
            );
            return Err(
                Error::shape(&[steps.max(1), features], prompt.shape(), message)
                    .with_hint("give at least one step, with as many features as the network's"),
            );
        }
        let mut input = prompt.clone().reshape([1, steps, features])?;
        let mut values = Vec::new();
        for _ in 0..count {
            let answer = self.step(&input)?.data();
            let last = &answer[answer.len() - features..];
            values.extend_from_slice(last);
            input = Tensor::new([1, 1, features], last.to_vec())?;
        }
        Tensor::new([count, features], values)
    }

    fn feed(&mut self, prompt: &[u32], given: Given, classes: usize) -> Result<(), Error> {
        let steps = prompt.len();
        let input = match given {
            Given::Numbers => Tensor::from_integers([1, steps], prompt)?,
            Given::OneHot => one_hot(prompt, classes)?.reshape([1, steps, classes])?,
        };
        self.advance((&input).into())
    }

    /// Logarithms of what the network says of each class after the last step.
    fn logits(&self, classes: usize) -> Result<Vec<f64>, Error> {
        let all = self.given();
        let last = &all[all.len() - classes..];
        if let Some(class) = last.iter().position(|value| !value.is_finite()) {
            return Err(
                Error::data(format!("the network says {} of class {class}", last[class]))
                    .with_hint("look for weights that are no numbers"),
            );
        }
        let values = last.iter().map(|&value| f64::from(value));
        if self.network().output_function() == ActivationFunction::Softmax {
            return Ok(values.collect());
        }
        let sum: f64 = values.clone().sum();
        if values.clone().any(|value| value < 0.0) || (sum - 1.0).abs() > TOLERANCE {
            return Err(Error::data(format!(
                "what the network gives is no row of probabilities: class {} has {}, and the sum is {sum}",
                largest(last),
                last[largest(last)]
            ))
            .with_hint("end it with softmax, or train it by CrossEntropy::from_logits"));
        }
        Ok(values.map(libm::log).collect())
    }
}

/// An error unless the stream is of one sequence and the network has one input and one output.
fn check_single(stream: &Stream) -> Result<(), Error> {
    let network = stream.network();
    let counts = [
        stream.samples(),
        network.input_shapes().len(),
        network.outputs(),
    ];
    match counts {
        [1, 1, 1] => Ok(()),
        [samples, inputs, outputs] => Err(Error::configuration(format!(
            "a stream of {samples} sequences, through a network of {inputs} inputs and {outputs} outputs, \
             cannot be its own input"
        ))
        .with_hint("take a stream of one sequence, and a network of one input and one output")),
    }
}

/// What the network takes classes for, and how many it gives.
fn classes(stream: &Stream) -> Result<(Given, usize), Error> {
    check_single(stream)?;
    let network = stream.network();
    let (input, output) = (network.input_shape(), network.output_shape());
    let classes = output.last().copied().unwrap_or(0);
    let known = network.ops().whole.iter().map(|known| known.most + 1).min();
    if output.len() > 2 {
        return Err(unfit(network));
    }
    match (input, known) {
        ([_], Some(known)) if known >= classes && classes > 1 => Ok((Given::Numbers, classes)),
        (&[_, features], _) if features == classes && classes > 1 => Ok((Given::OneHot, classes)),
        _ => Err(unfit(network)),
    }
}

/// What is said where the answer is no class of the input.
fn unfit(network: &Network) -> Error {
    let (input, output) = (network.input_shape(), network.output_shape());
    Error::configuration(format!(
        "the network takes {input:?} and gives {output:?}: its output is no class of its input"
    ))
    .with_hint(
        "let it take numbers of classes [steps] through Embedding, or one-hot rows [steps, classes], \
         and give as many classes",
    )
}

/// How many features a step of the network's input and its output have.
fn features(stream: &Stream) -> Result<usize, Error> {
    check_single(stream)?;
    let network = stream.network();
    let (input, output) = (network.input_shape(), network.output_shape());
    match (input, output) {
        (&[_, features], &[.., given]) if features == given && output.len() <= 2 => Ok(features),
        _ => Err(Error::configuration(format!(
            "the network takes {input:?} and gives {output:?}: its output is no step of its input"
        ))
        .with_hint("let its last layer give as many features as a step of the input has")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_come_as_often_as_their_probabilities_say() {
        let logits = [0.0, 1.0, -1.0, 0.5];
        for (temperature, top_k) in [(1.0, 4), (0.5, 4), (2.0, 4), (1.0, 2), (1.0, 9)] {
            let sampling = Sampling::new()
                .temperature(temperature)
                .top_k(top_k)
                .seed(7);
            let mut counts = [0; 4];
            (0..40_000).for_each(|number| counts[sampling.choose(&logits, number)] += 1);
            let kept = |class: usize| {
                logits
                    .iter()
                    .filter(|&&other| other > logits[class])
                    .count()
                    < top_k
            };
            let weight = |class: usize| match kept(class) {
                true => (logits[class] / temperature).exp(),
                false => 0.0,
            };
            let sum: f64 = (0..4).map(weight).sum();
            for (class, count) in counts.into_iter().enumerate() {
                let share = f64::from(count) / 40_000.0;
                assert!(
                    (share - weight(class) / sum).abs() < 0.01,
                    "{class}: {share}"
                );
            }
        }
    }

    #[test]
    fn the_likeliest_comes_first_of_several() {
        let coldest = Sampling::new().temperature(0.0);
        assert_eq!(coldest.choose(&[0.0, 2.0, 2.0], 3), 1);
        let one = Sampling::new().top_k(1);
        assert!((0..50).all(|number| one.choose(&[0.0, 2.0, 2.0], number) == 1));
        // The temperature may be next to nothing.
        let cold = Sampling::new().temperature(1e-300);
        assert_eq!(cold.choose(&[1.0, 2.0, f64::NEG_INFINITY], 0), 1);
    }
}
