use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_units};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{self, AnyDiffers, Lookup};
use crate::{Constraint, Initializer, KernelDemands, Regularizer, Tensor};

/// Numbers of rows that single precision can tell apart.
const MOST_ROWS: usize = 1 << 24;

/// A vector for each of `input_dim` things that have numbers, such as characters or words: number *i*
/// becomes row *i* of a table that is learned (Bengio, Ducharme, Vincent and Jauvin 2003, "A neural
/// probabilistic language model", section 2).
///
/// Input `[…]`, whole numbers from 0 to below `input_dim`, which are an input of the network; output
/// `[…, output_dim]`; parameter `embeddings` `[input_dim, output_dim]`, *y* = *E*\[*i*\], where row *i*
/// of ∂*E* is the sum of ∂*y* over all places of *i*. A number that has no row is an error wherever the
/// network is given data, which says where it stands.
///
/// With [`mask_zero`](Self::mask_zero), 0 is padding and no thing: steps of it are masked. What the layers
/// after it do with that is told in the guide to [sequences](crate::guide::sequences).
///
/// Defaults are Keras's: values uniform within ±0.05, no mask.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([4])
///     .add(Embedding::new(50, 8).mask_zero(true))
///     .add(GlobalAveragePool1d::new())
///     .build(1)?;
/// let words = Tensor::new([1, 4], vec![7.0, 7.0, 0.0, 0.0])?;
/// let table = network.parameter("embedding/embeddings").unwrap();
/// assert_eq!(network.predict(&words)?.data(), &table.data()[7 * 8..8 * 8]);
/// let error = network.predict(&Tensor::new([1, 4], vec![1.0, 2.0, 50.0, 3.0])?).unwrap_err();
/// assert!(error.to_string().contains("sample 0 has 50"));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Embedding {
    input_dim: usize,
    output_dim: usize,
    embeddings_initializer: Initializer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embeddings_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embeddings_constraint: Option<Constraint>,
    mask_zero: bool,
    /// The first values of the table; a file has the table itself.
    #[serde(skip)]
    vectors: Option<Vectors>,
}

/// A table's shape and values.
#[derive(Debug, Clone)]
struct Vectors(Vec<usize>, Arc<Vec<f32>>);

impl Embedding {
    /// Vectors of `output_dim` values for the numbers from 0 to below `input_dim`.
    pub fn new(input_dim: usize, output_dim: usize) -> Self {
        Embedding {
            input_dim,
            output_dim,
            embeddings_initializer: Initializer::Uniform {
                low: -0.05,
                high: 0.05,
            },
            embeddings_regularizer: None,
            embeddings_constraint: None,
            mask_zero: false,
            vectors: None,
        }
    }

    settings! {
        /// Initial values of the vectors.
        embeddings_initializer: Initializer,
        /// Whether 0 is padding.
        mask_zero: bool,
    }

    /// A penalty on the vectors that is added to the loss.
    pub fn embeddings_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.embeddings_regularizer = Some(regularizer);
        self
    }

    /// A limit that the vectors are brought back to after every step.
    pub fn embeddings_constraint(mut self, constraint: Constraint) -> Self {
        self.embeddings_constraint = Some(constraint);
        self
    }

    /// Vectors to begin with, `[input_dim, output_dim]`, such as some that were learned elsewhere, in
    /// the place of random ones; [`Network::freeze`](crate::Network::freeze) keeps them as they are.
    pub fn vectors(mut self, vectors: Tensor) -> Self {
        let values = Arc::new(vectors.data().to_vec());
        self.vectors = Some(Vectors(vectors.shape().to_vec(), values));
        self
    }
}

impl Layer for Embedding {
    named!("embedding");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let shape = [self.input_dim, self.output_dim];
        check_units(self.output_dim)?;
        if !(1..=MOST_ROWS).contains(&self.input_dim) {
            let message = format!("has an input_dim of {}", self.input_dim);
            return Err(BuildError::configuration(message)
                .with_hint(format!("it must be from 1 to {MOST_ROWS}")));
        }
        let (input, numbers) = emit.single_input(inputs)?;
        if self.mask_zero && numbers.rank() != 1 {
            return Err(BuildError::input(
                "a sequence of numbers [steps], since it masks zeros,",
                "give it one, or take a mask from elsewhere",
            ));
        }
        emit.require_whole(input, "numbers of rows", [0, self.input_dim - 1])?;
        let table = emit.parameter("embeddings", shape, self.embeddings_initializer, shape)?;
        emit.demand(
            table,
            KernelDemands {
                kernel_regularizer: self.embeddings_regularizer,
                kernel_constraint: self.embeddings_constraint,
            },
        )?;
        if let Some(Vectors(given, values)) = &self.vectors {
            if given[..] != shape {
                return Err(BuildError::configuration(format!(
                    "is given vectors of shape {given:?} for a table of shape {shape:?}"
                ))
                .with_hint("make them equal"));
            }
            emit.begin_with(table, 0, values)?;
        }
        let before = emit.mask(input);
        let lookup = Lookup {
            rows: self.input_dim,
            width: self.output_dim,
        };
        let output = emit.op(lookup, &[input], &[table])?;
        let own = match self.mask_zero {
            true => Some(emit.op(AnyDiffers { value: 0.0 }, &[input], &[])?),
            false => None,
        };
        let mask = match (before, own) {
            (Some(before), Some(own)) => Some(emit.op(ops::Multiply, &[before, own], &[])?),
            (before, own) => before.or(own),
        };
        emit.set_mask(output, mask)?;
        Ok(vec![output])
    }
}
