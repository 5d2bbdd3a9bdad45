//! Attacks: pictures changed by so little a pixel that a network says something else.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

/// Pictures whose gradients are taken at once.
const AT_ONCE: usize = 256;

/// The place of the random numbers that attacks begin with.
const BEGINNING: usize = 1 << 19;

/// A classifier that is attacked: the way back from its loss to its pictures, with nothing dropped.
///
/// Layers that drop units work as in training on the way back, so that the network is cut where they stand, and its
/// parts, on the same weights, are gone through one after the other.
pub(super) struct Target {
    parts: Vec<Trainer>,
}

impl Target {
    /// The way back through a network; it goes on to learn, and the way back with it.
    pub(super) fn of(network: &Network) -> Result<Self, Error> {
        let layers = network.summary().layers;
        let mut parts = Vec::new();
        let (mut from, mut before) = ("input", None);
        for layer in &layers {
            if layer.kind == "dropout" {
                if let Some(before) = before.take() {
                    parts.push(network.subnetwork(&[from], &[before])?);
                }
                from = &layer.name;
            } else {
                before = Some(layer.name.as_str());
            }
        }
        if let Some(last) = before {
            parts.push(network.subnetwork(&[from], &[last])?);
        }
        let parts = parts.into_iter().map(learner).collect::<Result<_, _>>()?;
        Ok(Self { parts })
    }

    /// The same behind a network that mends pictures first.
    pub(super) fn behind(mut self, mender: &Network) -> Result<Self, Error> {
        self.parts.insert(0, learner(mender.clone())?);
        Ok(self)
    }

    /// The gradient of the cross-entropy of some classes by each pixel, up to a factor above 0 a batch.
    fn gradient(&mut self, pictures: &Tensor, labels: &[u32]) -> Result<Tensor, Error> {
        let mut values = Vec::with_capacity(pictures.data().len());
        let mut from = 0;
        for labels in labels.chunks(AT_ONCE) {
            let some: Vec<usize> = (from..from + labels.len()).collect();
            from += labels.len();
            values.extend(
                self.gradient_of_some(pictures.select(&some), labels)?
                    .into_data(),
            );
        }
        Tensor::new(pictures.shape(), values)
    }

    fn gradient_of_some(&mut self, pictures: Tensor, labels: &[u32]) -> Result<Tensor, Error> {
        let mut inputs = vec![pictures];
        for part in &self.parts {
            let last = inputs.last().expect("there is the picture");
            inputs.push(part.predict(last)?);
        }
        // Of logits z the gradient is softmax z − one-hot.
        let mut upstream = inputs.pop().expect("there are logits");
        let classes = upstream.sample_values();
        for (row, &label) in upstream.data_mut().chunks_exact_mut(classes).zip(labels) {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut()
                .for_each(|value| *value = (*value - most).exp());
            let all: f32 = row.iter().sum();
            row.iter_mut().for_each(|value| *value /= all);
            row[label as usize] = -without(row, label as usize);
        }
        for (part, inputs) in self.parts.iter_mut().zip(inputs).rev() {
            let (_, mut of_inputs) = part.backward(&inputs, &[upstream])?;
            upstream = of_inputs.swap_remove(0);
        }
        Ok(upstream)
    }
}

/// The sum of the other values: 1 − p without the loss of digits where p is nearly 1.
fn without(row: &[f32], place: usize) -> f32 {
    let others = row.iter().enumerate().filter(|(other, _)| *other != place);
    others.map(|(_, value)| value).sum()
}

/// A network that gradients are taken back through; its optimizer is never asked.
fn learner(network: Network) -> Result<Trainer, Error> {
    let threads = network.workers();
    network.compile(
        Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .workers(threads),
    )
}

/// The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015, "Explaining and harnessing adversarial
/// examples", section 4): *x* + ε sign ∂*J*/∂*x*, held to ink from 0 to 1.
pub(super) fn fgsm(
    target: &mut Target,
    pictures: &Tensor,
    labels: &[u32],
    epsilon: f32,
) -> Result<Tensor, Error> {
    let gradient = target.gradient(pictures, labels)?;
    let mut attacked = pictures.clone();
    for (ink, slope) in attacked.data_mut().iter_mut().zip(gradient.data()) {
        *ink = (*ink + epsilon * sign(*slope)).clamp(0.0, 1.0);
    }
    Ok(attacked)
}

/// How projected gradient descent goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descent {
    pub(super) epsilon: f32,
    pub(super) steps: usize,
    pub(super) seed: u64,
    /// Tells beginnings of one seed apart.
    pub(super) number: u64,
}

/// Projected gradient descent (Madry, Makelov, Schmidt, Tsipras and Vladu 2018, "Towards deep learning models resistant
/// to adversarial attacks", section 2.1): from a random place no further than ε away, steps of 2.5 ε over their number
/// in the direction of the sign, each held to ε and to ink from 0 to 1.
///
/// `seen` is what the attacker takes the target to see of a picture: the picture itself, or what a defence makes of it
/// whose gradient is taken for that of the picture (Athalye, Carlini and Wagner 2018, section 4.1).
pub(super) fn pgd(
    target: &mut Target,
    pictures: &Tensor,
    labels: &[u32],
    descent: Descent,
    seen: &mut dyn FnMut(&Tensor) -> Result<Tensor, Error>,
) -> Result<Tensor, Error> {
    let Descent {
        epsilon,
        steps,
        seed,
        number,
    } = descent;
    let random = Random::new(seed, Domain::Noise, BEGINNING, number);
    let values = pictures.sample_values();
    let mut attacked = pictures.clone();
    for (sample, picture) in attacked.data_mut().chunks_exact_mut(values).enumerate() {
        for (ink, share) in picture.iter_mut().zip(random.uniform(sample, values)) {
            *ink = (*ink + epsilon * (2.0 * share - 1.0)).clamp(0.0, 1.0);
        }
    }
    let step = 2.5 * epsilon / steps as f32;
    for _ in 0..steps {
        let gradient = target.gradient(&seen(&attacked)?, labels)?;
        let places = attacked.data_mut().iter_mut().zip(pictures.data());
        for ((ink, &whole), slope) in places.zip(gradient.data()) {
            let moved = *ink + step * sign(*slope);
            *ink = moved
                .clamp(whole - epsilon, whole + epsilon)
                .clamp(0.0, 1.0);
        }
    }
    Ok(attacked)
}

/// What an attacker sees who knows of no defence.
pub(super) fn as_it_is(pictures: &Tensor) -> Result<Tensor, Error> {
    Ok(pictures.clone())
}

/// −1, 0 or 1; no number stays none.
fn sign(value: f32) -> f32 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean cross-entropy of a network that drops units in training, as it predicts.
    fn loss(network: &Trainer, pictures: &Tensor, labels: &[u32]) -> f64 {
        let data = Dataset::classes(pictures.clone(), labels.to_vec(), 3).unwrap();
        network.evaluate(&data).unwrap().loss
    }

    fn network() -> Trainer {
        Sequential::new([4, 4, 1])
            .add(Conv2d::new(3, 3).same().tanh())
            .add(Flatten)
            .add(Dropout::new(0.5))
            .add(Dense::new(6).tanh())
            .add(Dropout::new(0.5))
            .add(Dense::new(3))
            .compile(
                Compile::new(Sgd::new(0.1))
                    .loss(CrossEntropy::from_logits())
                    .seed(2),
            )
            .unwrap()
    }

    fn pictures() -> (Tensor, Vec<u32>) {
        let ink = (0..5 * 16)
            .map(|place| 0.5 + 0.4 * (place as f32 * 1.3).sin())
            .collect();
        (Tensor::new([5, 4, 4, 1], ink).unwrap(), vec![0, 2, 1, 1, 0])
    }

    #[test]
    fn the_gradient_is_that_of_the_loss_with_nothing_dropped() {
        let network = network();
        let (pictures, labels) = pictures();
        let mut target = Target::of(&network).unwrap();
        assert_eq!(target.parts.len(), 3);
        let gradient = target.gradient(&pictures, &labels).unwrap();
        let step = 1e-2;
        for place in [0, 7, 23, 41, 79] {
            let moved = |by: f32| {
                let mut pictures = pictures.clone();
                pictures.data_mut()[place] += by;
                loss(&network, &pictures, &labels)
            };
            let slope = 5.0 * (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let found = f64::from(gradient.data()[place]);
            assert!(
                (slope - found).abs() < 1e-3 + 0.02 * found.abs(),
                "{slope} {found}"
            );
        }
    }

    #[test]
    fn attacks_stay_near_and_raise_the_loss_and_descent_does_more() {
        let network = network();
        let (pictures, labels) = pictures();
        let mut target = Target::of(&network).unwrap();
        let epsilon = 0.2;
        let descent = Descent {
            epsilon,
            steps: 10,
            seed: 1,
            number: 0,
        };
        let fast = fgsm(&mut target, &pictures, &labels, epsilon).unwrap();
        let slow = pgd(&mut target, &pictures, &labels, descent, &mut as_it_is).unwrap();
        for attacked in [&fast, &slow] {
            for (ink, whole) in attacked.data().iter().zip(pictures.data()) {
                assert!((ink - whole).abs() <= epsilon + 1e-6 && (0.0..=1.0).contains(ink));
            }
        }
        let [clean, fast, slow] = [&pictures, &fast, &slow].map(|one| loss(&network, one, &labels));
        assert!(
            fast > clean + 0.05 && slow > fast - 0.02,
            "{clean} {fast} {slow}"
        );
    }
}
