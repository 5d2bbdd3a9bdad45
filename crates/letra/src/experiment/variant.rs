//! One of several networks, or of several ways to train one, that an experiment compares.

use std::fmt;

use letra_nn::prelude::*;

use crate::networks::{KERAS, Recipe, Task, Training, keras_sgd};
use crate::report::curves::CurvePoint;

type BuildNetwork = dyn Fn(&Task, Compile) -> Result<Trainer, Error> + Send + Sync;
type Settings = dyn Fn(u64) -> Compile + Send + Sync;
type Enough = dyn Fn(&CurvePoint) -> bool + Send + Sync;
type Measure = dyn Fn(&Trainer, &Dataset) -> Result<f64, Error> + Send + Sync;

/// A network and how it is trained, under the name that it is compared by. What is not said is as
/// the seminar trains with Keras: 100 epochs, batches of 128, Nesterov momentum, cross-entropy.
pub struct Variant {
    /// What `--json` calls it, and the name of its model's file: letters, digits and hyphens.
    pub name: String,
    /// What tables and pages call it.
    pub title: String,
    /// What it is, in a sentence or two.
    pub about: String,
    /// How long and in what portions it is trained.
    pub training: Training,
    pub(super) enough: Option<Box<Enough>>,
    pub(super) measures: Vec<(&'static str, Box<Measure>)>,
    network: Box<BuildNetwork>,
    settings: Box<Settings>,
}

impl Variant {
    /// A variant called `name` in files and `title` in tables. `network` builds it for a task and
    /// compiles it as it is told:
    ///
    /// ```
    /// use letra::experiment::Variant;
    /// use letra_nn::prelude::*;
    ///
    /// let tanh = Variant::new("tanh", "Hyperbolic tangent", |task, compile| {
    ///     task.input()
    ///         .add(Flatten)
    ///         .add(Dense::new(64).tanh())
    ///         .add(Dense::new(task.classes))
    ///         .compile(compile)
    /// });
    /// # let _ = tanh;
    /// ```
    pub fn new(
        name: impl Into<String>,
        title: impl Into<String>,
        network: impl Fn(&Task, Compile) -> Result<Trainer, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            about: String::new(),
            training: KERAS,
            enough: None,
            measures: Vec::new(),
            network: Box::new(network),
            settings: Box::new(|_| Compile::new(keras_sgd())),
        }
    }

    /// Says what it is.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// Sets how long and in what portions it is trained.
    #[must_use]
    pub fn training(mut self, training: Training) -> Self {
        self.training = training;
        self
    }

    /// Sets the optimizer and the loss, for a training of so many steps. Seed, threads and the
    /// metric are the experiment's.
    #[must_use]
    pub fn compile(mut self, settings: impl Fn(u64) -> Compile + Send + Sync + 'static) -> Self {
        self.settings = Box::new(settings);
        self
    }

    /// Ends the training early, after the first measurement that `enough` says yes to.
    #[must_use]
    pub fn until(mut self, enough: impl Fn(&CurvePoint) -> bool + Send + Sync + 'static) -> Self {
        self.enough = Some(Box::new(enough));
        self
    }

    /// Measures something more of the trained network on the test pictures, under a name that a
    /// column can show.
    #[must_use]
    pub fn measure(
        mut self,
        name: &'static str,
        measure: impl Fn(&Trainer, &Dataset) -> Result<f64, Error> + Send + Sync + 'static,
    ) -> Self {
        self.measures.push((name, Box::new(measure)));
        self
    }

    /// The network, ready to be trained on so many pictures. `seed` decides everything random,
    /// `threads` (0: all cores) nothing but the time.
    pub fn build(
        &self,
        task: &Task,
        samples: usize,
        seed: u64,
        threads: usize,
    ) -> Result<Trainer, Error> {
        let settings = (self.settings)(self.training.steps(samples));
        (self.network)(task, settings.metric(Accuracy).seed(seed).threads(threads))
    }
}

/// A network of the seminar, trained as its recipe says.
impl From<&'static Recipe> for Variant {
    fn from(recipe: &'static Recipe) -> Self {
        Self::new(recipe.name, recipe.title, |task, compile| {
            recipe.compile(task, compile)
        })
        .about(recipe.about)
        .training(recipe.training)
        .compile(|steps| recipe.settings(steps))
    }
}

impl fmt::Debug for Variant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Variant")
            .field("name", &self.name)
            .field("training", &self.training)
            .finish_non_exhaustive()
    }
}
