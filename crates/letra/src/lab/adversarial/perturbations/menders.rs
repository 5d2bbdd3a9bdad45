//! What mends attacked pictures.

use letra_nn::learners::{Adversarial, AdversarialFit, AdversarialObjective};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::super::restoring::Restorer;

/// Of the generator that Defense-GAN projects on.
const NOISE: usize = 64;
pub(super) const GAN_EPOCHS: usize = 150;
const GAN_BATCH: usize = 64;
const CRITIC_STEPS: usize = 3;
const PENALTY: f32 = 10.0;

/// Of the projection: places that it begins from, steps, and how far one goes.
const BEGINNINGS: usize = 4;
const STEPS: usize = 60;
const RATE: f32 = 0.1;
const PLACE: usize = 1 << 18;

/// Of APE-GAN, whose weights of content and judgement are the paper's.
const WEIGHTS: [f32; 2] = [0.7, 0.3];
pub(super) const MENDER_EPOCHS: usize = 5;
const MENDER_BATCH: usize = 64;
const MENDER_RATE: f64 = 0.002;

/// Defense-GAN (Samangouei, Kabkab and Chellappa 2018, "Defense-GAN: Protecting classifiers against adversarial attacks
/// using generative models", section 3): a generator of a Wasserstein pair learns what whole pictures look like, and a
/// picture becomes the nearest one that it can draw.
pub(super) struct DefenseGan {
    generator: Trainer,
    steps: usize,
}

impl DefenseGan {
    /// Lets the pair learn from whole pictures. `effort` is the share of the usual epochs and steps.
    pub(super) fn learn(
        whole: &Tensor,
        (seed, threads, effort): (u64, usize, f64),
        watch: &mut dyn letra_nn::learners::AdversarialCallback,
    ) -> Result<Self, Error> {
        let shape = whole.shape()[1..].to_vec();
        let pixels: usize = shape.iter().product();
        let generator = Sequential::new([NOISE])
            .add(Dense::new(256).relu())
            .add(Dense::new(512).relu())
            .add(Dense::new(pixels).sigmoid())
            .add(Reshape::new(shape.clone()));
        let critic = Sequential::new(shape)
            .add(Flatten)
            .add(Dense::new(512))
            .add(LeakyRelu::new(0.2))
            .add(Dense::new(256))
            .add(LeakyRelu::new(0.2))
            .add(Dense::new(1));
        let compile = || {
            Compile::new(Adam::new(5e-4).betas(0.5, 0.9))
                .seed(seed)
                .threads(threads)
        };
        let mut pair = Adversarial::new(generator, critic)
            .objective(AdversarialObjective::Wasserstein)
            .gradient_penalty(PENALTY)
            .discriminator_steps(CRITIC_STEPS)
            .compile(compile(), compile())?;
        let epochs = super::scaled(GAN_EPOCHS, effort);
        let data = Dataset::unlabelled(whole.clone())?;
        let fit = AdversarialFit::epochs(epochs).batch_size(GAN_BATCH);
        pair.fit(&data, fit.callback(watch))?;
        let network = pair.generator();
        let compile = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
        Ok(Self {
            generator: network
                .clone()
                .compile(compile.workers(network.workers()))?,
            steps: super::scaled(STEPS, effort.min(1.0)),
        })
    }

    /// Pictures drawn of noise.
    pub(super) fn drawn(&self, count: usize, seed: u64) -> Result<Tensor, Error> {
        self.generator.predict(&noise(count, seed))
    }

    /// The nearest pictures that the generator can draw: of several random beginnings, each led downhill, the one whose
    /// squared distance is least.
    pub(super) fn mend(&mut self, pictures: &Tensor, seed: u64) -> Result<Tensor, Error> {
        let (count, values) = (pictures.samples(), pictures.sample_values());
        let mut nearest = vec![f32::INFINITY; count];
        let mut mended = pictures.clone();
        for beginning in 0..BEGINNINGS {
            let seed = seed.wrapping_add(beginning as u64);
            let (drawn, errors) = self.descend(pictures, seed)?;
            for (sample, error) in errors.into_iter().enumerate() {
                if error < nearest[sample] {
                    nearest[sample] = error;
                    mended.data_mut()[sample * values..][..values]
                        .copy_from_slice(drawn.sample(sample));
                }
            }
        }
        Ok(mended)
    }

    /// Leads noise downhill by Adam; what is drawn in the end, and how far each is.
    fn descend(&mut self, pictures: &Tensor, seed: u64) -> Result<(Tensor, Vec<f32>), Error> {
        const BETAS: [f32; 2] = [0.9, 0.999];
        let mut place = noise(pictures.samples(), seed);
        let mut moments = [
            vec![0.0_f32; place.data().len()],
            vec![0.0; place.data().len()],
        ];
        for step in 1..=self.steps {
            let mut upstream = self.generator.predict(&place)?;
            let inks = upstream.data_mut().iter_mut().zip(pictures.data());
            inks.for_each(|(ink, wanted)| *ink = 2.0 * (*ink - wanted));
            let (_, gradients) = self.generator.backward(&place, &[upstream])?;
            let [first, second] = &mut moments;
            let [kept, kept_square] = BETAS.map(|beta| 1.0 - beta.powi(step as i32));
            let all = place.data_mut().iter_mut().zip(gradients[0].data());
            for ((value, slope), (mean, square)) in all.zip(first.iter_mut().zip(second)) {
                *mean += (1.0 - BETAS[0]) * (slope - *mean);
                *square += (1.0 - BETAS[1]) * (slope * slope - *square);
                *value -= RATE * (*mean / kept) / ((*square / kept_square).sqrt() + 1e-8);
            }
        }
        let drawn = self.generator.predict(&place)?;
        let error = |sample: usize| {
            let both = drawn.sample(sample).iter().zip(pictures.sample(sample));
            both.map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let errors = (0..pictures.samples()).map(error).collect();
        Ok((drawn, errors))
    }
}

fn noise(count: usize, seed: u64) -> Tensor {
    let random = Random::new(seed, Domain::Noise, PLACE, 0);
    let values = (0..count).flat_map(|sample| random.normal(sample, NOISE));
    Tensor::new([count, NOISE], values.collect()).expect("so many values")
}

/// The mender and the judge of APE-GAN (Shen, Jin, Gao and Zhang 2017), without batch normalisation, so that it does to a
/// picture what it does whatever stands beside it.
pub(super) fn ape_gan(shape: &[usize], seed: u64, threads: usize) -> Result<Restorer, Error> {
    let compile = |rate: f64| {
        Compile::new(Adam::new(rate).betas(0.5, 0.999))
            .seed(seed)
            .threads(threads)
    };
    let mender = Sequential::new(shape.to_vec())
        .add(Conv2d::new(16, 5).same().relu())
        .add(Conv2d::new(16, 3).same().relu())
        .add(Conv2d::new(1, 5).same().sigmoid())
        .compile(compile(MENDER_RATE).loss(MeanSquaredError))?;
    let judge = Sequential::new(shape.to_vec())
        .add(Conv2d::new(16, 3).same().stride(2))
        .add(LeakyRelu::new(0.2))
        .add(Conv2d::new(32, 3).same().stride(2))
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
        .add(Dense::new(1))
        .compile(compile(MENDER_RATE / 4.0).loss(BinaryCrossEntropy::from_logits()))?;
    Ok(Restorer::judged(mender, judge, WEIGHTS))
}

/// One pass over pairs of spoilt and whole pictures in an order of the seed and the epoch; the mean squared error.
pub(super) fn epoch(
    mender: &mut Restorer,
    (spoilt, whole): (&Tensor, &Tensor),
    (seed, epoch): (u64, usize),
    stopped: &dyn Fn() -> bool,
) -> Result<f64, Error> {
    let order =
        Random::new(seed, Domain::Shuffle, PLACE, epoch as u64).permutation(spoilt.samples());
    let (mut sum, mut steps) = (0.0, 0);
    for some in order.chunks(MENDER_BATCH) {
        if stopped() {
            break;
        }
        sum += mender.step(&spoilt.select(some), &whole.select(some))?;
        steps += 1;
    }
    Ok(sum / f64::from(steps.max(1)))
}

/// The simplest mender: each pixel is ink or it is none (Xu, Evans and Qi 2018, "Feature squeezing", section 3.1, of one
/// bit).
pub(super) fn rounded(pictures: &Tensor) -> Tensor {
    let mut rounded = pictures.clone();
    rounded
        .data_mut()
        .iter_mut()
        .for_each(|ink| *ink = f32::from(u8::from(*ink >= 0.5)));
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ape_gan_learns_to_take_a_pattern_away() {
        let shape = [32, 8, 8, 1];
        let ink = |place: usize| f32::from(u8::from((place / 8 + place / 64).is_multiple_of(3)));
        let whole: Vec<f32> = (0..32 * 64).map(ink).collect();
        let moved = whole
            .iter()
            .enumerate()
            .map(|(place, ink)| match place * 7 % 5 < 2 {
                true => ink + 0.3,
                false => ink - 0.3,
            });
        let spoilt = Tensor::new(shape, moved.collect()).unwrap();
        let whole = Tensor::new(shape, whole).unwrap();
        let mut mender = ape_gan(&shape[1..], 1, 1).unwrap();
        let mut errors = (0..80)
            .map(|number| epoch(&mut mender, (&spoilt, &whole), (1, number), &|| false).unwrap());
        let (first, last) = (errors.next().unwrap(), errors.last().unwrap());
        // Left as it is, the error is 0.09.
        assert!(last < 0.05 && last < first, "{first} {last}");
    }

    #[test]
    fn defense_gan_gives_the_nearest_of_what_it_draws() {
        let ink = |place: usize| f32::from(u8::from(place % 6 / 3 == place / 36 % 2));
        let whole = Tensor::new([40, 6, 6, 1], (0..40 * 36).map(ink).collect()).unwrap();
        let mut watch =
            |_: &letra_nn::learners::AdversarialEpoch<'_>| Ok(std::ops::ControlFlow::Continue(()));
        let mut gan = DefenseGan::learn(&whole, (1, 1, 0.02), &mut watch).unwrap();
        gan.steps = 40;
        // What it draws itself it finds again, nearer than any other of its drawings.
        let drawn = gan.drawn(4, 9).unwrap();
        let mended = gan.mend(&drawn, 5).unwrap();
        let away = |one: &Tensor, other: &Tensor| -> f32 {
            one.data()
                .iter()
                .zip(other.data())
                .map(|(a, b)| (a - b) * (a - b))
                .sum()
        };
        let others = gan.drawn(4, 10).unwrap();
        assert!(away(&mended, &drawn) < 0.5 * away(&others, &drawn));
        assert_eq!(
            rounded(&mended)
                .data()
                .iter()
                .filter(|ink| **ink != 0.0 && **ink != 1.0)
                .count(),
            0
        );
    }
}
