//! Attention of several heads, with one to three inputs.

use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::joins::joining;
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Attention, Stack};

/// The layer that a twin stands for.
pub(crate) fn attention(twin: &Attention) -> MultiHeadAttention {
    MultiHeadAttention::new(twin.heads, twin.key_dim)
        .value_dim(twin.value_dim)
        .use_bias(twin.bias)
        .use_causal_mask(twin.causal)
}

pub(crate) fn parts(twin: &Attention) -> Vec<Vec<usize>> {
    twin.shapes().iter().map(|shape| shape.to_vec()).collect()
}

#[test]
fn multi_head_attention() {
    let mut noise = Noise::new(121);
    for round in 0..36 {
        let mut size = |most: usize| noise.between(1, most);
        let twin = Attention {
            inputs: 1 + round % 3,
            steps: if round % 3 == 0 {
                [size(7); 2]
            } else {
                [size(7), size(7)]
            },
            features: [size(5), size(5), size(5)],
            heads: size(4),
            key_dim: size(5),
            value_dim: size(5),
            bias: size(4) > 1,
            causal: round % 4 == 3,
        };
        let what = format!("{twin:?}");
        let inputs = parts(&twin).iter().map(|shape| shape[0] * shape[1]).sum();
        let network = joining(&parts(&twin), attention(&twin));
        let stack = Stack::default().then(twin);
        let samples = noise.between(1, 6);
        compare(&what, network, &stack, samples, Numbers::Any, &mut noise);
        prove(&what, &stack, inputs, &mut noise);
    }
}

/// A step of a causal layer is the same whatever comes later.
#[test]
fn causal_attention_sees_nothing_that_comes_later() {
    let layer = MultiHeadAttention::new(2, 3).use_causal_mask(true);
    let network = Sequential::new([6, 4]).add(layer).build(3).unwrap();
    let values: Vec<f32> = (0..24)
        .map(|i| ((i * 7) % 11) as f32 / 11.0 - 0.4)
        .collect();
    let predict = |values: &[f32]| {
        let input = Tensor::new([1, 6, 4], values.to_vec()).unwrap();
        network.predict(&input).unwrap().into_data()
    };
    let first = predict(&values);
    for step in 1..6 {
        let mut others = values.clone();
        others[4 * step..]
            .iter_mut()
            .for_each(|value| *value += 1.0);
        let second = predict(&others);
        assert_eq!(first[..4 * step], second[..4 * step]);
        assert_ne!(first[4 * step..][..4], second[4 * step..][..4]);
    }
}

/// Dropped attention weights are scaled, and rest when predicting.
#[test]
fn dropout_of_attention_works_while_training_only() {
    let network = |rate: f32| {
        let layer = MultiHeadAttention::new(2, 3).dropout(rate);
        let compile = Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(5);
        Sequential::new([6, 4]).add(layer).compile(compile).unwrap()
    };
    let values = (0..48).map(|i| ((i * 7) % 13) as f32 / 13.0).collect();
    let input = Tensor::new([2, 6, 4], values).unwrap();
    let data = Dataset::values(input.clone(), Tensor::zeros([2, 6, 4])).unwrap();
    let (plain, dropped) = (network(0.0), network(0.5));
    assert_eq!(
        plain.predict(&input).unwrap(),
        dropped.predict(&input).unwrap()
    );
    let shown = |network: &Trainer| network.back_propagate(&data).unwrap().loss;
    assert_ne!(shown(&plain), shown(&dropped));
    assert_eq!(shown(&dropped), shown(&network(0.5)));
}
