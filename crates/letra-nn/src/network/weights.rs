use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::buffer::Buffer;
use crate::graph::{OpGraph, WeightSpecification};
use crate::{Error, Tensor};

/// Named parameters, and layers' own values, that any number of networks and trainers share.
///
/// A clone is the same weights, not a copy: what a trainer changes, every network on them answers
/// with from then on. A prediction works with the values that were there when it began.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let first = Sequential::new([4]).add(Dense::new(2)).build(1)?;
/// let second = Sequential::new([4]).add(Dense::new(2).relu()).build_on(&first)?;
/// first.weights().set("dense/bias", &Tensor::new([2], vec![1.0, -1.0])?)?;
/// assert_eq!(second.predict(&Tensor::zeros([1, 4]))?.data(), [1.0, 0.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Weights {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    specifications: Vec<WeightSpecification>,
    parameter_space: usize,
    values: Mutex<Arc<Values>>,
}

/// What all weights are at some time.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    /// Parameters, and after them the layers' own values.
    pub(crate) all: Buffer,
    /// Changes whenever one of them may have changed.
    pub(crate) revision: u64,
}

/// A copy of a parameter or of a layer's own values.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Dense::new(16)).build(0)?;
/// let names: Vec<String> = network.parameters().map(|parameter| parameter.name).collect();
/// assert_eq!(names, ["dense/kernel", "dense/bias"]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parameter {
    /// Layer and parameter, such as "dense/kernel".
    pub name: String,
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: Vec<f32>,
    /// Whether training may change it; a layer's own values, such as moving averages, and those of
    /// frozen layers are not trainable.
    pub trainable: bool,
}

impl Weights {
    /// The weights of a graph, laid out as the graph has them.
    pub(crate) fn new(ops: &OpGraph, values: Buffer) -> Self {
        Weights {
            shared: Arc::new(Shared {
                specifications: ops.weights.clone(),
                parameter_space: ops.parameter_space(),
                values: Mutex::new(Arc::new(Values {
                    all: values,
                    revision: 0,
                })),
            }),
        }
    }

    /// The same values as they are now, to be changed apart.
    pub(crate) fn copy(&self) -> Self {
        Weights {
            shared: Arc::new(Shared {
                specifications: self.shared.specifications.clone(),
                parameter_space: self.shared.parameter_space,
                values: Mutex::new(self.now()),
            }),
        }
    }

    /// Names, in the order of the layers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let known = self.shared.specifications.iter();
        known.map(|known| known.name.as_str())
    }

    /// A copy of the values called `name`, such as "dense/kernel".
    pub fn get(&self, name: &str) -> Option<Tensor> {
        let known = self.known(name).ok()?;
        let values = self.now().all[known.range()].to_vec();
        Tensor::new(known.shape.clone(), values).ok()
    }

    /// Sets the values called `name`.
    ///
    /// # Errors
    /// When there are none of this name or the shapes differ.
    pub fn set(&self, name: &str, values: &Tensor) -> Result<(), Error> {
        let known = self.known(name)?;
        if known.shape != values.shape() {
            let (wanted, given) = (&known.shape[..], values.shape());
            let message = format!("parameter {name} has shape {wanted:?} but is given {given:?}");
            return Err(Error::shape(wanted, given, message).with_hint("make them equal"));
        }
        self.change(|all, _| all[known.range()].copy_from_slice(values.data()));
        Ok(())
    }

    /// A number that grows whenever a value may have changed.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Whether both are the same weights.
    pub fn is_same(&self, other: &Weights) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// All values as they are; they stay so for the caller.
    pub(crate) fn now(&self) -> Arc<Values> {
        Arc::clone(&self.lock())
    }

    /// Changes values, which then have the revision that `change` is told. Who reads older ones at
    /// this moment keeps these; who asks meanwhile waits.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Buffer, u64) -> R) -> R {
        let mut values = self.lock();
        // A copy is made only where it is still read.
        let values = Arc::make_mut(&mut values);
        values.revision += 1;
        let revision = values.revision;
        change(&mut values.all, revision)
    }

    /// Length of the front part of all values that holds the parameters alone.
    pub(crate) fn parameter_space(&self) -> usize {
        self.shared.parameter_space
    }

    /// Gives the weights of a graph the places that those of the same names have here.
    ///
    /// # Errors
    /// When one is not here, or has another shape.
    pub(crate) fn place(&self, ops: &mut OpGraph) -> Result<(), Error> {
        for weight in &mut ops.weights {
            let known = self.known(&weight.name)?;
            if known.shape != weight.shape {
                let message = format!(
                    "{} would have shape {:?}, but in the weights to be shared it has {:?}",
                    weight.name, weight.shape, known.shape
                );
                return Err(Error::shape(&known.shape, &weight.shape, message)
                    .with_hint("give the layer the same size and input"));
            }
            if known.state != weight.state {
                return Err(Error::build(format!(
                    "{} is learnt in one of the networks and a layer's own value in the other",
                    weight.name
                ))
                .with_hint("share weights between layers of one kind"));
            }
            weight.start = known.start;
        }
        Ok(())
    }

    fn known(&self, name: &str) -> Result<&WeightSpecification, Error> {
        let mut known = self.shared.specifications.iter();
        known.find(|known| known.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            Error::data(format!(
                "no parameter is called \"{name}\"; there are {}",
                names.join(", ")
            ))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Values>> {
        // A panic in the middle of a change leaves numbers, if not the best ones.
        self.shared
            .values
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Values {
    pub(crate) fn of(&self, range: Range<usize>) -> &[f32] {
        &self.all[range]
    }
}
