//! Networks that give back pictures as they were.

pub(super) mod examiner;
pub(super) mod ink;
pub(super) mod quality;
pub(super) mod residual;
pub(super) mod text;

use letra_nn::prelude::*;

/// A column of a figure that trials hold by its name; that stands in the column's function, which can hold nothing.
macro_rules! figure_column {
    ($name:expr, $heading:expr, $show:expr) => {
        crate::experiment::Column {
            name: $name,
            heading: $heading,
            figure: |trial| crate::lab::tasks::measured(trial, $name),
            show: $show,
        }
    };
}
pub(super) use figure_column;

/// A network that learns to give back what pictures were: as near as it can get pixel by pixel, and, where a
/// discriminator judges it, so that nobody tells its pictures from those that never were spoilt (Ledig et al. 2017,
/// "Photo-realistic single image super-resolution using a generative adversarial network", eq. 3; Shen et al. 2017,
/// "APE-GAN: Adversarial perturbation elimination with GAN", eq. 5).
///
/// The loss of a batch is `content` · mean (*G*(*x*) − *y*)² − `adversarial` · mean log σ(*D*(*G*(*x*))), with *x* the
/// spoilt picture and *y* what it was; the discriminator's is that of Goodfellow et al. (2014).
pub(super) struct Restorer {
    pub(super) generator: Trainer,
    discriminator: Option<Trainer>,
    content: f32,
    adversarial: f32,
}

impl Restorer {
    /// A restorer by content alone; the generator is compiled with the mean squared error.
    pub(super) fn of_content(generator: Trainer) -> Self {
        Self {
            generator,
            discriminator: None,
            content: 1.0,
            adversarial: 0.0,
        }
    }

    /// A restorer that a discriminator judges, which gives a score and is compiled with the binary cross-entropy of
    /// logits.
    pub(super) fn judged(
        generator: Trainer,
        discriminator: Trainer,
        [content, adversarial]: [f32; 2],
    ) -> Self {
        Self {
            generator,
            discriminator: Some(discriminator),
            content,
            adversarial,
        }
    }

    /// One step of both on a batch of spoilt pictures and what they were; gives the mean squared error before it.
    pub(super) fn step(&mut self, spoilt: &Tensor, whole: &Tensor) -> Result<f64, Error> {
        let Some(discriminator) = &mut self.discriminator else {
            let batch = Dataset::values(spoilt.clone(), whole.clone())?;
            return Ok(self.generator.train_on_batch(&batch)?.loss);
        };
        let given = self.generator.predict(spoilt)?;
        let samples = spoilt.samples();
        let both = [whole.data(), given.data()].concat();
        let both = Tensor::new([&[2 * samples], &whole.shape()[1..]].concat(), both)?;
        let says = [vec![1.0; samples], vec![0.0; samples]].concat();
        let says = Tensor::new([2 * samples, 1], says)?;
        discriminator.train_on_batch(&Dataset::values(both, says)?)?;
        let real = Tensor::new([samples, 1], vec![1.0; samples])?;
        let judged = Dataset::values(given.clone(), real)?;
        let (_, gradients) = discriminator.gradients_to_inputs(&judged)?;
        let mut upstream = given.clone();
        let values = upstream.data().len() as f32;
        let mut error = 0.0;
        let places = upstream.data_mut().iter_mut().zip(whole.data());
        for ((value, whole), judged) in places.zip(gradients[0].data()) {
            let difference = *value - whole;
            error += f64::from(difference * difference);
            *value = self.content * 2.0 * difference / values + self.adversarial * judged;
        }
        let (gradients, _) = self.generator.backward(spoilt, &[upstream])?;
        self.generator.apply(&gradients)?;
        Ok(error / f64::from(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> (Tensor, Tensor) {
        let whole: Vec<f32> = (0..8 * 16)
            .map(|place| f32::from(u8::from(place % 5 < 2)))
            .collect();
        let spoilt = whole
            .iter()
            .enumerate()
            .map(|(place, ink)| ink + 0.3 * (place as f32).sin());
        let tensor = |values: Vec<f32>| Tensor::new([8, 4, 4, 1], values).unwrap();
        (tensor(spoilt.collect()), tensor(whole))
    }

    fn generator() -> Trainer {
        let network = Sequential::new([4, 4, 1]).add(Conv2d::new(4, 3).same().relu());
        network
            .add(Conv2d::new(1, 3).same())
            .compile(Compile::new(Sgd::new(0.1)).loss(MeanSquaredError).seed(3))
            .unwrap()
    }

    fn discriminator() -> Trainer {
        Sequential::new([4, 4, 1])
            .add(Flatten)
            .add(Dense::new(1))
            .compile(
                Compile::new(Sgd::new(0.1))
                    .loss(BinaryCrossEntropy::from_logits())
                    .seed(4),
            )
            .unwrap()
    }

    #[test]
    fn a_judge_that_counts_nothing_changes_nothing() {
        let (spoilt, whole) = batch();
        let mut alone = Restorer::of_content(generator());
        let mut judged = Restorer::judged(generator(), discriminator(), [1.0, 0.0]);
        for _ in 0..3 {
            let alone = alone.step(&spoilt, &whole).unwrap();
            let judged = judged.step(&spoilt, &whole).unwrap();
            assert!((alone - judged).abs() < 1e-6, "{alone} {judged}");
        }
        let kernel = |restorer: &Restorer| restorer.generator.parameter("conv2d/kernel").unwrap();
        let (one, other) = (kernel(&alone), kernel(&judged));
        for (one, other) in one.data().iter().zip(other.data()) {
            assert!((one - other).abs() < 1e-6);
        }
    }

    #[test]
    fn the_generator_goes_the_way_that_the_judge_takes_for_real() {
        let (spoilt, whole) = batch();
        let score = |restorer: &Restorer| {
            let given = restorer.generator.predict(&spoilt).unwrap();
            let judge = restorer.discriminator.as_ref().unwrap();
            judge.predict(&given).unwrap().data().iter().sum::<f32>()
        };
        let mut restorer = Restorer::judged(generator(), discriminator(), [0.0, 1.0]);
        // A judge that does not learn.
        let judge = restorer.discriminator.as_mut().unwrap();
        judge.set_learning_rate_factor(0.0).unwrap();
        let before = score(&restorer);
        for _ in 0..20 {
            restorer.step(&spoilt, &whole).unwrap();
        }
        assert!(score(&restorer) > before + 0.1);
    }
}
