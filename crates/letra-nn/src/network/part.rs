//! What can be put into a network: a layer, or a network that stands in it as a layer does.

use std::sync::Arc;

use super::{Model, Network, Sequential};
use crate::Error;
use crate::layer_graph::{Graph, Layers};

pub use crate::layer_graph::Part;
use crate::layers::Layer;

/// A layer or a network, to be put into a [`Sequential`] or a [`Model`].
///
/// A network becomes a part of the other with all its layers, which are called after it:
/// "encoder/dense", … Its parameters, where it has some already, are copied (what is built on other
/// weights, as by [`Sequential::build_on`], has those instead); layers that it has
/// [frozen](Network::freeze) stay so. The losses' functions on its outputs are not taken over: what
/// it hands on is what its last layer gives. It must have one output.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let encoder = Sequential::new([6]).add(Dense::new(4).relu()).add(Dense::new(2)).build(1)?;
/// let mut pairs = Model::new();
/// let (left, right) = (pairs.input([6]), pairs.input([6]));
/// let first = pairs.layer((&encoder).named("encoder"), [left]);
/// let second = pairs.again(first, [right]); // the same layers, the same parameters
/// let both = pairs.layer(Concatenate.named("both"), [first, second]);
/// let same = pairs.layer(Dense::new(1).named("same"), [both]);
/// let mut pairs = pairs.outputs([same]).build(2)?;
/// pairs.freeze("encoder")?;
/// assert_eq!(pairs.weights().get("encoder/dense/kernel"), encoder.weights().get("dense/kernel"));
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait IntoPart: Sized {
    /// The layers that are put in.
    #[doc(hidden)]
    fn into_part(self) -> Part;

    /// The same under a name of its own in place of Keras's automatic one. Names tell the layers of a
    /// network apart: in errors, its summary and its file, to freeze and to inspect them, and where
    /// another network takes parameters over.
    fn named(self, name: impl Into<String>) -> Named<Self> {
        Named {
            part: self,
            name: name.into(),
        }
    }
}

/// A layer or network with a name of its own: [`IntoPart::named`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([4]).add(Dense::new(2).named("scores")).build(1)?;
/// assert!(network.weights().get("scores/kernel").is_some());
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Named<P> {
    part: P,
    name: String,
}

impl<L: Layer> IntoPart for L {
    fn into_part(self) -> Part {
        Part {
            name: None,
            layers: Ok(Layers::One(Arc::new(self))),
        }
    }
}

impl<P: IntoPart> IntoPart for Named<P> {
    fn into_part(self) -> Part {
        Part {
            name: Some(self.name),
            ..self.part.into_part()
        }
    }
}

impl IntoPart for Part {
    fn into_part(self) -> Part {
        self
    }
}

impl IntoPart for &Network {
    fn into_part(self) -> Part {
        let weights = self.weights();
        let known = self.ops().weights.iter();
        let values =
            known.filter_map(|known| Some((known.name.clone(), weights.get(&known.name)?)));
        let parameters = values.collect();
        Part {
            name: None,
            layers: Ok(Layers::Graph(self.graph.clone(), parameters)),
        }
    }
}

impl IntoPart for Network {
    fn into_part(self) -> Part {
        (&self).into_part()
    }
}

impl IntoPart for Sequential {
    fn into_part(self) -> Part {
        unbuilt(self.checked())
    }
}

impl IntoPart for Model {
    fn into_part(self) -> Part {
        unbuilt(self.checked())
    }
}

fn unbuilt(graph: Result<Graph, Error>) -> Part {
    Part {
        name: None,
        layers: graph.map(|graph| {
            let inserted = graph.inserted.iter();
            let values = inserted.flat_map(|part| part.parameters.clone()).collect();
            Layers::Graph(graph, values)
        }),
    }
}
