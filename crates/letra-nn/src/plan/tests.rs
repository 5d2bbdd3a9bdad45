//! Graphs that are not chains, and the fixed order of sums.

use std::sync::Arc;

use super::{Layout, Purpose};
use crate::graph::INPUT;
use crate::layer_graph::Graph;
use crate::layers::{Add, Layer};
use crate::prelude::*;

fn batch() -> Dataset {
    let values: Vec<f32> = (0..60)
        .map(|i| ((i * 29) % 17) as f32 / 17.0 - 0.4)
        .collect();
    let inputs = Tensor::new([10, 6], values).unwrap();
    Dataset::classes(inputs, (0..10).map(|i| i % 3).collect(), 3).unwrap()
}

fn compile() -> Compile {
    Compile::new(Sgd::new(0.3)).seed(3).threads(2)
}

/// A hidden layer read by two layers whose outputs are added.
fn fork() -> Trainer {
    let mut graph = Graph::new([6].into());
    let hidden = graph.push("dense".into(), Arc::new(Dense::new(7).tanh()), vec![INPUT]);
    let left = graph.push("dense_1".into(), Arc::new(Dense::new(3)), vec![hidden]);
    let right = graph.push("dense_2".into(), Arc::new(Dense::new(3)), vec![hidden]);
    graph.push("add".into(), Arc::new(Add), vec![left, right]);
    let workers = Workers::new(2).unwrap();
    let network = Network::new(graph, 3, workers).unwrap();
    network.compile(compile()).unwrap()
}

/// The same function as a chain: the two kernels added.
fn chain(fork: &Trainer) -> Trainer {
    let chain = Sequential::new([6])
        .add(Dense::new(7).tanh())
        .add(Dense::new(3))
        .compile(compile())
        .unwrap();
    for part in ["kernel", "bias"] {
        let name = format!("dense/{part}");
        chain
            .set_parameter(&name, &fork.parameter(&name).unwrap())
            .unwrap();
        let mut sum = fork.parameter(&format!("dense_1/{part}")).unwrap();
        let other = fork.parameter(&format!("dense_2/{part}")).unwrap();
        for (sum, other) in sum.data_mut().iter_mut().zip(other.data()) {
            *sum += other;
        }
        chain
            .set_parameter(&format!("dense_1/{part}"), &sum)
            .unwrap();
    }
    chain
}

fn close(left: &[f32], right: &[f32]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(l, r)| (l - r).abs() < 1e-5)
}

#[test]
fn gradients_of_a_value_with_two_readers_are_added() {
    let (fork, batch) = (fork(), batch());
    let chain = chain(&fork);
    let (forked, chained) = (
        fork.back_propagate(&batch).unwrap(),
        chain.back_propagate(&batch).unwrap(),
    );
    assert!((forked.loss - chained.loss).abs() < 1e-6);
    let gradient = |found: &BackPropagation, name: &str| {
        found
            .gradients
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .data()
            .to_vec()
    };
    for part in ["kernel", "bias"] {
        let hidden = format!("dense/{part}");
        assert!(close(
            &gradient(&forked, &hidden),
            &gradient(&chained, &hidden)
        ));
        let wanted = gradient(&chained, &format!("dense_1/{part}"));
        for branch in ["dense_1", "dense_2"] {
            assert!(close(
                &gradient(&forked, &format!("{branch}/{part}")),
                &wanted
            ));
        }
    }
}

#[test]
fn a_step_moves_the_parameters_against_the_gradient_that_is_shown() {
    let (mut network, batch) = (fork(), batch());
    let shown = network.back_propagate(&batch).unwrap();
    let before: Vec<Vec<f32>> = network
        .parameters()
        .map(|parameter| parameter.values)
        .collect();
    let scores = network.train_on_batch(&batch).unwrap();
    assert!((scores.loss - shown.loss).abs() < 1e-6);
    for ((parameter, before), (_, gradient)) in
        network.parameters().zip(before).zip(&shown.gradients)
    {
        let wanted: Vec<f32> = before
            .iter()
            .zip(gradient.data())
            .map(|(value, slope)| value - 0.3 * slope)
            .collect();
        assert!(close(&parameter.values, &wanted), "{}", parameter.name);
    }
}

#[test]
fn predictions_reuse_memory_and_agree_with_the_layers_outputs() {
    let (network, batch) = (fork(), batch());
    let outputs = network.layer_outputs(batch.inputs()).unwrap();
    let mut last = outputs.last().unwrap().output.data().to_vec();
    crate::kernels::activation::forward(ActivationFunction::Softmax, 3, &mut last, &mut []);
    assert!(close(
        &last,
        network.predict(batch.inputs()).unwrap().data()
    ));
}

#[test]
fn neighbours_are_fused_for_training_and_not_for_inspection() {
    let mut graph = Graph::new([8, 8, 1].into());
    let mut value = INPUT;
    let layers: [Arc<dyn Layer>; 6] = [
        Arc::new(Conv2d::new(2, 3)),
        Arc::new(Activation::relu()),
        Arc::new(MaxPool2d::new(2)),
        Arc::new(Flatten),
        Arc::new(Dense::new(4)),
        Arc::new(Activation::sigmoid()),
    ];
    for (place, layer) in layers.into_iter().enumerate() {
        value = graph.push(format!("layer_{place}"), layer, vec![value]);
    }
    let nodes = |purpose| Layout::new(graph.ops().unwrap(), 16, purpose).nodes.len();
    assert_eq!(nodes(Purpose::Training), 3);
    assert_eq!(nodes(Purpose::Inspection), 6);
}

#[test]
fn shards_and_leaves_follow_from_model_and_batch() {
    let shape = |inputs: usize, units, batch| {
        let mut graph = Graph::new([inputs].into());
        graph.push("dense".into(), Arc::new(Dense::new(units)), vec![INPUT]);
        let layout = Layout::new(graph.ops().unwrap(), batch, Purpose::Training);
        let leaves = layout.leaves(batch);
        (layout.shard, leaves.each, leaves.count())
    };
    assert_eq!(shape(50, 4, 1), (1, 1, 1));
    assert_eq!(shape(50, 4, 128), (32, 1, 4));
    assert_eq!(shape(50, 4, 10_000), (128, 8, 10));
    // Nearly all gradients are deferred.
    assert_eq!(shape(50, 400, 10_000), (128, 4, 20));
}
