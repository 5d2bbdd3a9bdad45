use serde::{Deserialize, Serialize};

use super::window::check_sizes;
use super::{KernelAndBias, Layer, MaskUse, Weight, check_rate};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::activation::ActivationKind;
use crate::ops::{
    Activate, BatchMatMul, CausalMask, Dropout, MaskKeys, MatMul, Permute, Rate, Rescale, Reshape,
};
use crate::{Constraint, Initializer, Regularizer};

/// Attention of several heads (Vaswani et al. 2017, "Attention is all you need", section 3.2): each
/// step of a sequence, the query, looks at the steps of another and takes from it a mean of values,
/// weighted by how well their keys fit. With *h* one of the heads,
///
/// *q*ₕ = *Q* · *W*ₕ + *b*ₕ, likewise *k*ₕ of the keys and *v*ₕ of the values,
/// *a*ₕ = softmax(*q*ₕ · *k*ₕᵀ / √`key_dim`), *y* = Σₕ *a*ₕ · *v*ₕ · *O*ₕ + *c*.
///
/// Inputs as in Keras: the query `[steps, features]`, the value `[others, features]`, and the key,
/// which is the value where it is not given; with the query alone a sequence looks at itself. Output
/// `[steps, features]` of the query. Parameters, in Keras's shapes: `query_kernel` and `key_kernel`
/// `[features, heads, key_dim]` with biases `[heads, key_dim]`, `value_kernel`
/// `[features, heads, value_dim]` with its bias, `attention_output_kernel`
/// `[heads, value_dim, features]` with its bias `[features]`.
///
/// Steps of the value or the key that are padding by a mask are not looked at, and the output has the
/// mask of the query. With a causal mask, step *t* looks at the others up to step *t* only. While training, the weights
/// *a* go through [`Dropout`](super::Dropout). Defaults are Keras's: values of `key_dim`, no dropout,
/// biases, Glorot uniform kernels (which Keras draws as if for a convolution, so that
/// fans are products of two axes), zero biases.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (sentence, other) = (model.input([7, 16]), model.input([9, 12]));
/// let own = model.layer(MultiHeadAttention::new(4, 8).use_causal_mask(true), [sentence]);
/// let read = model.layer(MultiHeadAttention::new(4, 8).dropout(0.1), [own, other]);
/// let network = model.outputs([read]).build(1)?;
/// assert_eq!(network.output_shape(), [7, 16]);
/// assert_eq!(network.parameter("multi_head_attention_1/key_kernel").unwrap().shape(), [12, 4, 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MultiHeadAttention {
    num_heads: usize,
    key_dim: usize,
    value_dim: Option<usize>,
    dropout: f32,
    use_causal_mask: bool,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl MultiHeadAttention {
    /// So many heads, each with queries and keys of `key_dim` values.
    pub fn new(num_heads: usize, key_dim: usize) -> Self {
        MultiHeadAttention {
            num_heads,
            key_dim,
            value_dim: None,
            dropout: 0.0,
            use_causal_mask: false,
            parameters: KernelAndBias::default(),
        }
    }

    /// Numbers of a head's value, `key_dim` unless set.
    pub fn value_dim(mut self, value_dim: usize) -> Self {
        self.value_dim = Some(value_dim);
        self
    }

    settings! {
        /// Share of the attention weights that is dropped while training, from 0 up to but not
        /// including 1.
        dropout: f32,
        /// Whether a step sees nothing that comes later.
        use_causal_mask: bool,
    }

    /// Whether the four maps have biases.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.parameters.use_bias = use_bias;
        self
    }

    /// Initial values of the kernels.
    pub fn kernel_initializer(mut self, initializer: Initializer) -> Self {
        self.parameters.kernel_initializer = initializer;
        self
    }

    /// Initial values of the biases.
    pub fn bias_initializer(mut self, initializer: Initializer) -> Self {
        self.parameters.bias_initializer = initializer;
        self
    }

    /// A penalty on each kernel that is added to the loss.
    pub fn kernel_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.parameters.demands.kernel_regularizer = Some(regularizer);
        self
    }

    /// A penalty on each bias that is added to the loss.
    pub fn bias_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.parameters.bias_regularizer = Some(regularizer);
        self
    }

    /// A penalty on what each of the four maps gives that is added to the loss, as in Keras: on the
    /// queries (before they are divided by √`key_dim`), the keys, the values, and the output; summed
    /// over the values of a sample, the mean over the samples.
    pub fn activity_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.parameters.activity_regularizer = Some(regularizer);
        self
    }

    /// A limit that each kernel is brought back to after every step: of the weights that lead into one
    /// number of one head or, for the output, into one feature. That is Keras's `MaxNorm` over axis 0
    /// of the first three kernels, and over axes 0 and 1 of the last.
    pub fn kernel_constraint(mut self, constraint: Constraint) -> Self {
        self.parameters.demands.kernel_constraint = Some(constraint);
        self
    }

    /// A limit that each bias is brought back to after every step, as Keras's over axis 0: of one
    /// number over all heads, and of all of the output's.
    pub fn bias_constraint(mut self, constraint: Constraint) -> Self {
        self.parameters.bias_constraint = Some(constraint);
        self
    }

    fn check(&self) -> Result<(), BuildError> {
        check_sizes("heads:", &[self.num_heads], 1)?;
        check_sizes("a key_dim of", &[self.key_dim], 1)?;
        check_sizes("a value_dim of", &[self.values()], 1)?;
        check_rate(
            self.dropout,
            "share of the attention weights that is dropped",
        )
    }

    fn values(&self) -> usize {
        self.value_dim.unwrap_or(self.key_dim)
    }

    /// Declares a kernel and, where there are biases, its bias.
    fn weights(
        &self,
        [kernel, bias]: [&'static str; 2],
        shape: [usize; 3],
        bias_shape: &[usize],
        emit: &mut Emit<'_>,
    ) -> Result<Vec<Weight>, BuildError> {
        // As Keras counts: the first axis as cells of a window, the others as inputs and outputs.
        let [cells, inputs, outputs] = shape;
        let fans = [cells.saturating_mul(inputs), cells.saturating_mul(outputs)];
        let (kernel, bias) = ((kernel, shape.to_vec()), (bias, bias_shape.to_vec()));
        self.parameters.named_weights(emit, kernel, fans, bias)
    }

    /// A sequence `[steps, features]` mapped for each head, not yet head by head:
    /// `[steps, heads · dim]`.
    fn map(
        &self,
        names: [&'static str; 2],
        (input, dim): (Value, usize),
        emit: &mut Emit<'_>,
    ) -> Result<Value, BuildError> {
        let features = emit.shape(input).sizes()[1];
        let heads = self.num_heads;
        let weights = self.weights(names, [features, heads, dim], &[heads, dim], emit)?;
        emit.count_units(weights[0], heads * dim);
        let mapped = emit.op(MatMul::new(heads * dim), &[input], &weights)?;
        if let Some(penalty) = self.parameters.activity_regularizer {
            emit.regularize_activity(mapped, penalty)?;
        }
        Ok(mapped)
    }

    /// What was mapped, head by head: `[heads, steps, dim]`.
    fn by_head(&self, mapped: Value, emit: &mut Emit<'_>) -> Result<Value, BuildError> {
        let &[steps, width] = emit.shape(mapped).sizes() else {
            unreachable!("a map gives a sequence");
        };
        let shape = [steps, self.num_heads, width / self.num_heads].into();
        let permute = Permute::new(&shape, &[1, 0, 2]);
        let heads = emit.op(Reshape { shape }, &[mapped], &[])?;
        emit.op(permute, &[heads], &[])
    }

    /// The weights *a* of queries and keys by head: `[heads, steps, others]`.
    fn attention(
        &self,
        [query, key]: [Value; 2],
        padding: Option<Value>,
        emit: &mut Emit<'_>,
    ) -> Result<Value, BuildError> {
        let product = BatchMatMul { transposed: true };
        let mut scores = emit.op(product, &[query, key], &[])?;
        if let Some(mask) = padding {
            scores = emit.op(MaskKeys, &[scores, mask], &[])?;
        }
        if self.use_causal_mask {
            scores = emit.op(CausalMask, &[scores], &[])?;
        }
        let weights = emit.op(Activate::new(ActivationKind::Softmax), &[scores], &[])?;
        if self.dropout == 0.0 {
            return Ok(weights);
        }
        let rate = Rate::Constant(self.dropout);
        emit.op(Dropout { rate }, &[weights], &[])
    }
}

/// Query, value and key: what is not given is what stands before it.
fn three(inputs: &[Value], emit: &Emit<'_>) -> Result<[Value; 3], BuildError> {
    let three = match *inputs {
        [all] => [all; 3],
        [query, value] => [query, value, value],
        [query, value, key] => [query, value, key],
        _ => {
            let message = format!("takes query, value and key but is given {}", inputs.len());
            return Err(BuildError::configuration(message)
                .with_hint("give it one to three values, in this order"));
        }
    };
    let sizes = three.map(|value| emit.shape(value).sizes());
    if sizes.iter().any(|sizes| sizes.len() != 2) {
        return Err(BuildError::input(
            "sequences [steps, features]",
            "add Reshape before it",
        ));
    }
    if sizes[1][0] != sizes[2][0] {
        return Err(BuildError::input(
            "as many keys as values",
            "give it a key for each step of the value",
        ));
    }
    Ok(three)
}

impl Layer for MultiHeadAttention {
    named!("multi_head_attention");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.check()?;
        let [query, value, key] = three(inputs, emit)?;
        let (mask, padding) = (emit.mask(query), emit.joined_mask(&[value, key])?);
        let &[steps, features] = emit.shape(query).sizes() else {
            unreachable!("they are sequences");
        };
        let (heads, values) = (self.num_heads, self.values());
        let query = self.map(["query_kernel", "query_bias"], (query, self.key_dim), emit)?;
        let key = self.map(["key_kernel", "key_bias"], (key, self.key_dim), emit)?;
        let value = self.map(["value_kernel", "value_bias"], (value, values), emit)?;
        let scale = 1.0 / (self.key_dim as f32).sqrt();
        let query = emit.op(Rescale::by(scale, 0.0), &[query], &[])?;
        let [query, key] = [self.by_head(query, emit)?, self.by_head(key, emit)?];
        let value = self.by_head(value, emit)?;
        let weights = self.attention([query, key], padding, emit)?;
        let product = BatchMatMul { transposed: false };
        let taken = emit.op(product, &[weights, value], &[])?;
        let permute = Permute::new(emit.shape(taken), &[1, 0, 2]);
        let taken = emit.op(permute, &[taken], &[])?;
        let shape = [steps, heads * values].into();
        let taken = emit.op(Reshape { shape }, &[taken], &[])?;
        let names = ["attention_output_kernel", "attention_output_bias"];
        let weights = self.weights(names, [heads, values, features], &[features], emit)?;
        let product = MatMul::new(features);
        let outputs = self.parameters.output(emit, product, &[taken], &weights)?;
        emit.set_mask(outputs[0], mask)?;
        Ok(outputs)
    }
}
