use super::{Callback, Start};
use crate::Error;
use crate::training::History;

/// Lets layers that are trained already learn one after the other, the last first: at first only what is not
/// named here learns, such as a new head, and every few epochs one more (Howard and Ruder 2018, "Universal
/// language model fine-tuning for text classification", section 3.3).
///
/// Their parameters stay until then; a batch normalisation goes by its batch all the same, unless it is
/// [frozen](crate::Network::freeze). A training that is resumed goes on where it was, and after the training all
/// stays as in its last epoch, until [`Trainer::learn_only`](crate::Trainer::learn_only) or another training
/// says otherwise.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let base = Sequential::new([1])
///     .add(Dense::new(8).relu().named("first"))
///     .add(Dense::new(8).relu().named("second"))
///     .build(1)?;
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1])
///     .add(base.named("base"))
///     .add(Dense::new(2))
///     .compile(Compile::new(Sgd::new(0.1)))?;
/// // The head for two epochs, then the second layer too, then all.
/// let mut unfreezing = GradualUnfreezing::new(["base/second", "base/first"]).every(2);
/// network.fit(&data, Fit::epochs(6).callback(&mut unfreezing))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GradualUnfreezing {
    layers: Vec<String>,
    every: usize,
}

impl GradualUnfreezing {
    /// Of these layers, or networks that were put in, in the order in which they begin to learn: one an epoch,
    /// the first in the second epoch.
    pub fn new<N: Into<String>>(layers: impl IntoIterator<Item = N>) -> Self {
        GradualUnfreezing {
            layers: layers.into_iter().map(Into::into).collect(),
            every: 1,
        }
    }

    /// One more after every `epochs` epochs, at least 1.
    pub fn every(mut self, epochs: usize) -> Self {
        self.every = epochs;
        self
    }
}

impl Callback for GradualUnfreezing {
    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        if self.every == 0 {
            return Err(
                Error::configuration("a layer begins to learn after every 0 epochs")
                    .with_hint("let it be at least 1"),
            );
        }
        let mut layers = self.layers.iter();
        layers.try_for_each(|layer| start.trainer.check_layer(layer).map(drop))
    }

    fn still_layers(&self, history: &History) -> Result<Option<Vec<String>>, Error> {
        let learning = history.epochs().len() / self.every.max(1);
        Ok(Some(self.layers.iter().skip(learning).cloned().collect()))
    }
}
