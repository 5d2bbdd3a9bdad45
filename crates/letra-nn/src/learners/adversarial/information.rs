//! The information term: codes beside the noise that the discriminator's trunk is to find again.

use serde::{Deserialize, Serialize};

use crate::dataset::Targets;
use crate::graph::Value;
use crate::layers::{Dense, Flatten, LeakyRelu};
use crate::losses::{Loss, TargetRows};
use crate::network::{IntoPart, Model};
use crate::random::Random;
use crate::{Error, Shape, Tensor};

/// The name of the head that predicts codes; that of its hidden layer begins with it.
pub(super) const INFORMATION: &str = "information";

/// The rectifier's slope below 0 after the head's hidden layer.
const SLOPE: f32 = 0.2;

/// Codes among a generator's noise that can be read off its samples: the information term of InfoGAN (Chen,
/// Duan, Houthooft, Schulman, Sutskever and Abbeel 2016, "InfoGAN: Interpretable representation learning by
/// information maximizing generative adversarial nets").
///
/// The last values of the noise are the codes, in the order in which they are named here: of a categorical
/// code one-hot, each of its values as likely; of a continuous one a number from −1 to 1, uniform. A head
/// predicts them from what the discriminator's last layer reads, so that both share all layers before. The
/// discriminator's loss and the generator's each have `weight` × *L* added, with
///
/// *L* = −Σ log *q*(*c* | *x*) + Σ (*c* − *ĉ*)²
///
/// of generated samples, the first sum over the categorical codes and the second over the continuous ones,
/// for which *q* is a normal distribution of variance ½ around *ĉ*. It is, but for a constant, a bound on
/// the mutual information of codes and samples (their eq. 5, with the sign turned).
///
/// ```
/// use letra_nn::learners::{Adversarial, AdversarialFit, Information};
/// use letra_nn::prelude::*;
///
/// let pictures = letra_nn::datasets::rectangles(64, 1)?;
/// let pictures = pictures.inputs().clone().reshape([64, 784])?;
/// let data = Dataset::unlabelled(pictures)?;
///
/// // 8 numbers of noise, a code of 2 values, and one from −1 to 1.
/// let codes = Information::new().categorical(2).continuous(1);
/// let generator = Sequential::new([8 + codes.values()])
///     .add(Dense::new(32).relu())
///     .add(Dense::new(784).sigmoid());
/// let discriminator = Sequential::new([784])
///     .add(Dense::new(32))
///     .add(LeakyRelu::new(0.2))
///     .add(Dense::new(1));
/// let compile = || Compile::new(Adam::new(1e-3)).seed(1);
/// let mut pair = Adversarial::new(generator, discriminator)
///     .information(codes)
///     .compile(compile(), compile())?;
/// let history = pair.fit(&data, AdversarialFit::epochs(2).batch_size(16))?;
/// assert!(history.last().unwrap().get("information_loss").is_some());
///
/// // The same noise with another last code.
/// let mut noise = pair.noise(5, 7);
/// noise.data_mut().chunks_exact_mut(11).for_each(|noise| noise[10] = 0.5);
/// let samples = pair.generate(&noise, &[])?;
/// let codes = pair.information().unwrap().predict(&samples)?;
/// assert_eq!(codes.shape(), [5, 3]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Information {
    codes: Vec<Code>,
    weight: f32,
    hidden: Option<usize>,
}

/// Codes of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Code {
    /// One of so many values.
    Categorical(usize),
    /// So many numbers.
    Continuous(usize),
}

impl Code {
    /// Values of the noise that it takes.
    fn values(self) -> usize {
        match self {
            Code::Categorical(values) | Code::Continuous(values) => values,
        }
    }
}

impl Default for Information {
    fn default() -> Self {
        Self::new()
    }
}

impl Information {
    /// No codes yet, and a weight of 1.
    pub fn new() -> Self {
        Information {
            codes: Vec::new(),
            weight: 1.0,
            hidden: None,
        }
    }

    /// Adds a code that has one of so many values, at least 2.
    pub fn categorical(mut self, values: usize) -> Self {
        self.codes.push(Code::Categorical(values));
        self
    }

    /// Adds so many codes that are numbers from −1 to 1, at least 1.
    pub fn continuous(mut self, codes: usize) -> Self {
        self.codes.push(Code::Continuous(codes));
        self
    }

    /// What the term counts beside the objective, above 0.
    pub fn weight(mut self, weight: f32) -> Self {
        self.weight = weight;
        self
    }

    /// Gives the head a hidden layer of so many units with leaky rectifiers, as the paper's has. Without
    /// it, the head is one dense layer.
    pub fn hidden(mut self, units: usize) -> Self {
        self.hidden = Some(units);
        self
    }

    /// Values of the noise that the codes take: one for each of a categorical code's, one for each
    /// continuous code.
    pub fn values(&self) -> usize {
        self.codes.iter().map(|code| code.values()).sum()
    }

    /// What the term counts.
    pub(super) fn factor(&self) -> f32 {
        self.weight
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong =
            |message: String, hint: &str| Err(Error::configuration(message).with_hint(hint));
        if self.codes.is_empty() {
            return wrong(
                "the information term has no codes".into(),
                "add some, such as Information::new().categorical(10).continuous(2)",
            );
        }
        if self.codes.contains(&Code::Categorical(0)) || self.codes.contains(&Code::Categorical(1))
        {
            return wrong(
                "a categorical code has fewer than 2 values".into(),
                "give it at least 2",
            );
        }
        if self.codes.contains(&Code::Continuous(0)) {
            return wrong(
                "the information term has 0 continuous codes".into(),
                "add at least 1, or leave them out",
            );
        }
        if self.hidden == Some(0) {
            return wrong(
                "the head of the information term has 0 hidden units".into(),
                "give it at least 1, or leave the hidden layer out",
            );
        }
        if !(self.weight > 0.0 && self.weight.is_finite()) {
            return wrong(
                format!("the information term has weight {}", self.weight),
                "take a number above 0",
            );
        }
        Ok(())
    }

    /// Refuses noise that has no room for the codes.
    pub(super) fn check_noise(&self, noise: &Shape) -> Result<(), Error> {
        let codes = self.values();
        match noise.sizes() {
            [values] if *values >= codes => Ok(()),
            _ => Err(Error::build(format!(
                "the generator takes noise {noise}, and the codes take {codes} values of it"
            ))
            .with_hint("let it take [n], as many numbers of noise and the values of the codes")),
        }
    }

    /// Adds the head to what the layer that gives `score` reads; gives the predictions.
    pub(super) fn head(&self, model: &mut Model, score: Value) -> Value {
        let trunk = model.first_input_of(score);
        let mut features = model.layer(Flatten.named("information_features"), [trunk]);
        if let Some(units) = self.hidden {
            let dense = Dense::new(units).named("information_hidden");
            features = model.layer(dense, [features]);
            let rectifier = LeakyRelu::new(SLOPE).named("information_rectifier");
            features = model.layer(rectifier, [features]);
        }
        model.layer(Dense::new(self.values()).named(INFORMATION), [features])
    }

    /// Puts codes in the last places of a sample's noise.
    pub(super) fn draw(&self, random: Random, sample: usize, noise: &mut [f32]) {
        let Some(first) = noise.len().checked_sub(self.values()) else {
            return;
        };
        let drawn = random.uniform(sample, self.values());
        let (mut noise, mut drawn) = (&mut noise[first..], &drawn[..]);
        for code in &self.codes {
            let (own, others) = noise.split_at_mut(code.values());
            match *code {
                Code::Categorical(values) => {
                    let chosen = (drawn[0] * values as f32) as usize;
                    own.fill(0.0);
                    own[chosen.min(values - 1)] = 1.0;
                }
                Code::Continuous(_) => {
                    let both = own.iter_mut().zip(drawn);
                    both.for_each(|(code, drawn)| *code = 2.0 * drawn - 1.0);
                }
            }
            (noise, drawn) = (others, &drawn[code.values()..]);
        }
    }

    /// The codes of some noise, as targets.
    pub(super) fn codes_of(&self, noise: &Tensor) -> Result<Tensor, Error> {
        let (samples, values) = (noise.samples(), self.values());
        let first = noise.sample_values().saturating_sub(values);
        let codes = (0..samples).flat_map(|sample| &noise.sample(sample)[first..]);
        Tensor::new([samples, values], codes.copied().collect())
    }

    /// The loss of the head's predictions.
    pub(super) fn loss(&self) -> CodeLoss {
        CodeLoss {
            codes: self.codes.clone(),
        }
    }
}

/// How far predictions are from codes: the mean over the samples.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CodeLoss {
    codes: Vec<Code>,
}

impl CodeLoss {
    /// The loss of a sample; its gradient times `scale`.
    fn sample(&self, said: &[f32], codes: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
        let (mut place, mut loss) = (0, 0.0);
        for code in &self.codes {
            let range = place..place + code.values();
            place = range.end;
            let (said, codes) = (&said[range.clone()], &codes[range.clone()]);
            let gradient = &mut gradient[range];
            loss += match code {
                Code::Categorical(_) => categorical(said, codes, scale, gradient),
                Code::Continuous(_) => continuous(said, codes, scale, gradient),
            };
        }
        loss
    }
}

/// −log softmax of the value that is.
fn categorical(logits: &[f32], code: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    let logits = || logits.iter().map(|&logit| f64::from(logit));
    // What is no number stays none.
    let most = logits().fold(f64::NEG_INFINITY, |most, logit| match logit > most {
        true => logit,
        false => most,
    });
    let sum: f64 = logits().map(|logit| libm::exp(logit - most)).sum();
    let normaliser = most + libm::log(sum);
    let mut loss = 0.0;
    for ((gradient, logit), &code) in gradient.iter_mut().zip(logits()).zip(code) {
        let (code, logarithm) = (f64::from(code), logit - normaliser);
        loss -= code * logarithm;
        *gradient = ((libm::exp(logarithm) - code) * f64::from(scale)) as f32;
    }
    loss
}

fn continuous(said: &[f32], codes: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    let mut loss = 0.0;
    for ((gradient, &said), &code) in gradient.iter_mut().zip(said).zip(codes) {
        let error = f64::from(said) - f64::from(code);
        loss += error * error;
        *gradient = (2.0 * error * f64::from(scale)) as f32;
    }
    loss
}

impl Loss for CodeLoss {
    fn kind(&self) -> &'static str {
        "adversarial_information"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn check(&self, _units: usize, _targets: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let TargetRows::Values(codes) = targets else {
            unreachable!("codes are values");
        };
        let rows = output.chunks_exact(units).zip(codes.chunks_exact(units));
        let rows = rows.zip(gradient.chunks_exact_mut(units));
        rows.map(|((said, codes), gradient)| self.sample(said, codes, scale, gradient))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Domain;

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let loss = Information::new().categorical(3).continuous(2).loss();
        let said = [0.3, -1.2, 2.0, 0.4, -0.9];
        let codes = [0.0, 1.0, 0.0, -0.5, 0.25];
        let at = |said: &[f32]| loss.sample(said, &codes, 1.0, &mut [0.0; 5]);
        let mut gradient = [0.0; 5];
        loss.sample(&said, &codes, 0.5, &mut gradient);
        for place in 0..5 {
            let moved = |by: f32| {
                let mut said = said;
                said[place] += by;
                at(&said)
            };
            let slope = (moved(0.01) - moved(-0.01)) / 0.02;
            assert!((2.0 * f64::from(gradient[place]) - slope).abs() < 1e-4);
        }
        let logits = [f32::NAN, 0.0, 1.0, 0.0, 0.0];
        assert!(at(&logits).is_nan());
    }

    #[test]
    fn codes_are_drawn_as_they_are_described() {
        let codes = Information::new()
            .categorical(4)
            .continuous(2)
            .categorical(2);
        let (mut counts, mut sum) = ([0; 4], 0.0);
        for sample in 0..4000 {
            let mut noise = [9.0; 11];
            codes.draw(Random::new(1, Domain::Noise, 0, 0), sample, &mut noise);
            assert_eq!(noise[..3], [9.0; 3]);
            let chosen = noise[3..7].iter().position(|&one| one == 1.0).unwrap();
            counts[chosen] += 1;
            assert_eq!(noise[3..7].iter().sum::<f32>(), 1.0);
            assert!(noise[7..9].iter().all(|code| (-1.0..=1.0).contains(code)));
            sum += noise[7];
            assert_eq!(noise[9] + noise[10], 1.0);
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)));
        assert!(sum.abs() < 100.0);
    }
}
