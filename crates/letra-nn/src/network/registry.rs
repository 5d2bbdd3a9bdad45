use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::layers::{Layer, TimeDistributed};
use crate::losses::Loss;
use crate::metrics::{Metric, Weighted};
use crate::optimizers::Optimizer;
use crate::schedules::Schedule;
use crate::{Error, layers, losses, metrics, optimizers, schedules};

/// What a program has of its own beside letra's layers, losses, metrics, optimizers and schedules, so
/// that files with them can be read.
///
/// ```
/// use letra_nn::layers::{Emit, Layer, Value};
/// use letra_nn::ops::Multiply;
/// use letra_nn::{BuildError, Registry, prelude::*};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Power;
///
/// impl Layer for Power {
///     fn kind(&self) -> &'static str {
///         "power"
///     }
///
///     fn configuration(&self) -> serde_json::Value {
///         serde_json::json!(self)
///     }
///
///     fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
///         Ok(vec![emit.op(Multiply, &[inputs[0], inputs[0]], &[])?])
///     }
/// }
///
/// let folder = tempfile::tempdir().unwrap();
/// let file = folder.path().join("power.letra");
/// Sequential::new([2]).add(Power).build(1)?.save(&file)?;
///
/// let registry = Registry::new().layer::<Power>("power")?;
/// let network = Network::load_with(&file, &registry, Workers::new(0)?)?;
/// assert_eq!(network.predict(&Tensor::new([1, 2], vec![3.0, -2.0])?)?.data(), [9.0, 4.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    layers: Makers<dyn Layer>,
    losses: Makers<dyn Loss>,
    optimizers: Makers<dyn Optimizer>,
    schedules: Makers<dyn Schedule>,
    metrics: BTreeMap<String, Arc<dyn Fn() -> Box<dyn Metric> + Send + Sync>>,
}

/// What makes things of a saved configuration, by their kinds.
type Makers<T> = BTreeMap<String, fn(Value) -> serde_json::Result<Box<T>>>;

impl Registry {
    /// With letra's own alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer, which calls itself `kind` and saves itself by `serde`.
    ///
    /// # Errors
    /// When letra has a layer of this kind, or one has been added.
    pub fn layer<L: Layer + DeserializeOwned>(mut self, kind: &str) -> Result<Self, Error> {
        let known = layers::KINDS.contains(&kind);
        add(&mut self.layers, "layers", kind, known, |saved| {
            Ok(Box::new(serde_json::from_value::<L>(saved)?))
        })?;
        Ok(self)
    }

    /// Adds a loss, which calls itself `kind` and saves itself by `serde`.
    ///
    /// # Errors
    /// When letra has a loss of this kind, or one has been added.
    pub fn loss<L: Loss + DeserializeOwned + 'static>(mut self, kind: &str) -> Result<Self, Error> {
        let known = losses::KINDS.contains(&kind);
        add(&mut self.losses, "losses", kind, known, |saved| {
            Ok(Box::new(serde_json::from_value::<L>(saved)?))
        })?;
        Ok(self)
    }

    /// Adds an optimizer, which calls itself `kind` and saves itself by `serde`.
    ///
    /// # Errors
    /// When letra has an optimizer of this kind, or one has been added.
    pub fn optimizer<O: Optimizer + DeserializeOwned + 'static>(
        mut self,
        kind: &str,
    ) -> Result<Self, Error> {
        let known = optimizers::KINDS.contains(&kind);
        add(&mut self.optimizers, "optimizers", kind, known, |saved| {
            Ok(Box::new(serde_json::from_value::<O>(saved)?))
        })?;
        Ok(self)
    }

    /// Adds a schedule, which calls itself `kind` and saves itself by `serde`. An optimizer of one's
    /// own that takes one says so by [`Optimizer::learning_rate`].
    ///
    /// # Errors
    /// When letra has a schedule of this kind, or one has been added.
    pub fn schedule<S: Schedule + DeserializeOwned + 'static>(
        mut self,
        kind: &str,
    ) -> Result<Self, Error> {
        let known = schedules::KINDS.contains(&kind);
        add(&mut self.schedules, "schedules", kind, known, |saved| {
            Ok(Box::new(serde_json::from_value::<S>(saved)?))
        })?;
        Ok(self)
    }

    /// Adds a metric, by the name that it has.
    ///
    /// # Errors
    /// When letra has a metric of this name, or one has been added.
    pub fn metric<M: Metric + Clone + 'static>(mut self, metric: M) -> Result<Self, Error> {
        let name = metric.name();
        metrics::check_name(&name)?;
        check(
            "metrics",
            &name,
            metrics::from_name(name.strip_prefix(Weighted::PREFIX).unwrap_or(&name)).is_ok(),
            self.metrics.contains_key(&name),
        )?;
        let make = move || Box::new(metric.clone()) as Box<dyn Metric>;
        self.metrics.insert(name, Arc::new(make));
        Ok(self)
    }

    pub(crate) fn make_layer(&self, kind: &str, saved: Value) -> Result<Box<dyn Layer>, String> {
        match kind {
            // What stands in it may be the program's own.
            "time_distributed" => {
                TimeDistributed::restored(saved, |kind, saved| self.make_layer(kind, saved))
                    .map(|layer| Box::new(layer) as Box<dyn Layer>)
            }
            _ => make(&self.layers, kind, saved, layers::from_configuration),
        }
    }

    pub(crate) fn make_loss(&self, kind: &str, saved: Value) -> Result<Box<dyn Loss>, String> {
        make(&self.losses, kind, saved, losses::from_configuration)
    }

    pub(crate) fn make_optimizer(
        &self,
        kind: &str,
        saved: Value,
    ) -> Result<Box<dyn Optimizer>, String> {
        let letras = optimizers::from_configuration;
        let mut optimizer = make(&self.optimizers, kind, saved, letras)?;
        if let Some(rate) = optimizer.learning_rate() {
            rate.resolve(&|kind, saved| {
                make(&self.schedules, kind, saved, schedules::from_configuration)
            })?;
        }
        Ok(optimizer)
    }

    pub(crate) fn make_metric(&self, name: &str) -> Result<Box<dyn Metric>, String> {
        if let Some(make) = self.metrics.get(name) {
            return Ok(make());
        }
        match name.strip_prefix(Weighted::PREFIX) {
            Some(name) => Ok(Box::new(Weighted(self.make_metric(name)?))),
            None => metrics::from_name(name),
        }
    }
}

fn check(what: &str, kind: &str, is_letras: bool, is_known: bool) -> Result<(), Error> {
    let problem = match (is_letras, is_known) {
        (true, _) => format!("\"{kind}\" is one of letra's own {what}"),
        (_, true) => format!("two {what} of the registry are called \"{kind}\""),
        _ => return Ok(()),
    };
    Err(Error::configuration(problem).with_hint("give yours another name"))
}

fn add<T: ?Sized>(
    makers: &mut Makers<T>,
    what: &str,
    kind: &str,
    is_letras: bool,
    make: fn(Value) -> serde_json::Result<Box<T>>,
) -> Result<(), Error> {
    check(what, kind, is_letras, makers.contains_key(kind))?;
    makers.insert(kind.to_owned(), make);
    Ok(())
}

fn make<T: ?Sized>(
    makers: &Makers<T>,
    kind: &str,
    saved: Value,
    letras: fn(&str, Value) -> Result<Box<T>, String>,
) -> Result<Box<T>, String> {
    match makers.get(kind) {
        Some(make) => make(saved)
            .map_err(|error| format!("the configuration of {kind} cannot be read: {error}")),
        None => letras(kind, saved),
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("layers", &self.layers.keys())
            .field("losses", &self.losses.keys())
            .field("optimizers", &self.optimizers.keys())
            .field("schedules", &self.schedules.keys())
            .field("metrics", &self.metrics.keys())
            .finish()
    }
}
