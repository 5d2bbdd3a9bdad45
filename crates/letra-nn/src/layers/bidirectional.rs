use serde::{Deserialize, Serialize};

use super::recurrent::{RecurrentLayer, Way};
use super::{Gru, Layer, Lstm, MaskUse, SimpleRnn};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{self, Rescale};

/// How the two directions of [`Bidirectional`] are put together.
///
/// ```
/// use letra_nn::layers::{Bidirectional, Lstm, Merge};
/// use letra_nn::prelude::*;
///
/// let layer = Bidirectional::new(Lstm::new(8)).merge_mode(Merge::Sum);
/// let network = Sequential::new([5, 3]).add(layer).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Merge {
    /// Side by side, the forward one first; twice as many values.
    #[default]
    Concatenate,
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// Their product, value by value.
    Multiply,
    /// Not at all: two outputs.
    Apart,
}

/// Two recurrent layers over a sequence, one from the first step to the last and one from the last to
/// the first (Schuster and Paliwal 1997), each with weights of its own.
///
/// Input: a sequence `[steps, features]` and, if you wish, the initial states, those of the forward layer
/// first. Output: of the last step each has gone, or of all steps where the layer returns sequences:
/// what both give for a step, put together as [`merge_mode`](Self::merge_mode) says. With
/// `return_state` all states besides, those of the forward layer first. Parameters: those of the layer,
/// called `forward_…` and `backward_…`.
///
/// A mask is used: both leave the padding out, and where sequences are given, it gives 0.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let layer = Bidirectional::new(Lstm::new(8).return_sequences(true));
/// let network = Sequential::new([5, 3]).add(layer).build(0)?;
/// assert_eq!(network.output_shape(), [5, 16]);
/// assert!(network.parameter("bidirectional/backward_kernel").is_some());
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bidirectional {
    layer: Recurrent,
    merge_mode: Merge,
}

/// A recurrent layer of any kind.
///
/// ```
/// use letra_nn::layers::Recurrent;
/// use letra_nn::prelude::*;
///
/// for layer in [Recurrent::from(Lstm::new(4)), Gru::new(4).into(), SimpleRnn::new(4).into()] {
///     let network = Sequential::new([5, 3]).add(Bidirectional::new(layer)).build(0)?;
///     assert_eq!(network.output_shape(), [8]);
/// }
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrent {
    /// Long short-term memory.
    Lstm(Lstm),
    /// Gated recurrent units.
    Gru(Gru),
    /// The simple recurrent layer.
    SimpleRnn(SimpleRnn),
}

impl From<Lstm> for Recurrent {
    fn from(layer: Lstm) -> Self {
        Recurrent::Lstm(layer)
    }
}

impl From<Gru> for Recurrent {
    fn from(layer: Gru) -> Self {
        Recurrent::Gru(layer)
    }
}

impl From<SimpleRnn> for Recurrent {
    fn from(layer: SimpleRnn) -> Self {
        Recurrent::SimpleRnn(layer)
    }
}

impl Recurrent {
    fn layer(&self) -> &dyn RecurrentLayer {
        match self {
            Recurrent::Lstm(layer) => layer,
            Recurrent::Gru(layer) => layer,
            Recurrent::SimpleRnn(layer) => layer,
        }
    }
}

impl Bidirectional {
    /// Two of the given layer, an [`Lstm`], a [`Gru`] or a [`SimpleRnn`].
    pub fn new(layer: impl Into<Recurrent>) -> Self {
        Bidirectional {
            layer: layer.into(),
            merge_mode: Merge::default(),
        }
    }

    settings! {
        /// How the two are put together.
        merge_mode: Merge,
    }
}

impl Layer for Bidirectional {
    named!("bidirectional");

    fn outputs(&self) -> usize {
        let layer = self.layer.layer();
        let states = 2 * (layer.outputs() - 1);
        states
            + if self.merge_mode == Merge::Apart {
                2
            } else {
                1
            }
    }

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let layer = self.layer.layer();
        let settings = layer.recurrent();
        if settings.go_backwards {
            return Err(
                BuildError::configuration("is given a layer that goes backwards itself").with_hint(
                    "leave go_backwards out: one of the two goes forward, the other back",
                ),
            );
        }
        if settings.stateful || emit.streams() {
            return Err(BuildError::configuration(
                "goes both ways, and a state that is carried on would be of the wrong end for one of them",
            )
            .with_hint("give whole sequences to predict, and leave stateful out"));
        }
        let sequences = settings.return_sequences;
        let way = |backwards, names| Way {
            backwards,
            in_order: sequences,
            zero_output_for_mask: sequences,
            names,
        };
        let forward = way(
            false,
            ["forward_kernel", "forward_recurrent_kernel", "forward_bias"],
        );
        let backward = way(
            true,
            [
                "backward_kernel",
                "backward_recurrent_kernel",
                "backward_bias",
            ],
        );
        let (sequence, states) = inputs.split_at(inputs.len().min(1));
        if !states.is_empty() && states.len() != 2 * layer.states() {
            return Err(BuildError::configuration(format!(
                "is given {} initial states",
                states.len()
            ))
            .with_hint(format!(
                "give it {}, those of the forward layer first",
                2 * layer.states()
            )));
        }
        let (first, second) = states.split_at(states.len() / 2);
        let mut one = layer.emit_going(&[sequence, first].concat(), emit, forward)?;
        let mut other = layer.emit_going(&[sequence, second].concat(), emit, backward)?;
        let both = [one.remove(0), other.remove(0)];
        let mask = emit.mask(both[0]);
        let mut outputs = match self.merge_mode {
            Merge::Concatenate => vec![emit.op(ops::Concatenate, &both, &[])?],
            Merge::Sum => vec![emit.op(ops::Add, &both, &[])?],
            Merge::Average => {
                let sum = emit.op(ops::Add, &both, &[])?;
                vec![emit.op(Rescale::by(0.5, 0.0), &[sum], &[])?]
            }
            Merge::Multiply => vec![emit.op(ops::Multiply, &both, &[])?],
            Merge::Apart => both.to_vec(),
        };
        for &output in &outputs {
            emit.set_mask(output, mask)?;
        }
        outputs.extend(one.into_iter().chain(other));
        Ok(outputs)
    }
}
