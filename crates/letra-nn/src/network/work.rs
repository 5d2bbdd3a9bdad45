//! How much arithmetic and memory an answer takes, known from the shapes alone.

use super::Network;
use crate::Shape;
use crate::graph::{OpGraph, OpNode};

impl Network {
    /// Multiply-adds that a prediction for one sample takes, about; `u64::MAX` where they are
    /// more than that.
    ///
    /// Every value of a kernel counts once for each position of the op's larger side, every
    /// cell of a pooling's window once for each output, as does every draw of an op that draws,
    /// and what an op reads and gives once.
    pub fn multiply_adds(&self) -> u64 {
        let ops = self.ops();
        let nodes = ops.nodes.iter().map(|node| of_node(ops, node));
        nodes.fold(0, u64::saturating_add)
    }

    /// Numbers that all ops give or need to work with for one sample together: a prediction
    /// holds some of them in memory at a time, for each thread.
    pub fn activations(&self) -> u64 {
        let ops = self.ops();
        let of_node = |node: &OpNode| {
            let scratch = node.op.predicting_scratch(&ops.input_shapes(node), 1) as u64;
            let outputs = node.outputs.iter().map(|&value| values(&ops.shapes[value]));
            outputs.fold(
                scratch.saturating_add(node.op.own_numbers()),
                u64::saturating_add,
            )
        };
        ops.nodes.iter().map(of_node).fold(0, u64::saturating_add)
    }
}

fn of_node(ops: &OpGraph, node: &OpNode) -> u64 {
    let inputs = ops.input_shapes(node);
    let outputs = node.outputs.iter().map(|&value| &ops.shapes[value]);
    let sides = inputs.iter().chain(outputs);
    let moved = sides.clone().map(values).fold(0, u64::saturating_add);
    let positions = sides.map(positions).fold(1, u64::max);
    let kernels = node
        .weights
        .iter()
        .map(|&index| &ops.weights[index])
        .filter(|known| known.name.ends_with("kernel"))
        .map(|kernel| positions.saturating_mul(kernel.values() as u64));
    let own = moved.saturating_add(node.op.other_multiply_adds(&inputs));
    kernels.fold(own, u64::saturating_add)
}

fn values(shape: &Shape) -> u64 {
    shape.values() as u64
}

/// Places that a kernel is laid on: all axes but that of the channels.
fn positions(shape: &Shape) -> u64 {
    match shape.sizes() {
        [] => 1,
        [places @ .., _] => places.iter().map(|&size| size as u64).product(),
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn network(layers: Sequential) -> Network {
        layers.build(0).unwrap()
    }

    /// Multiply-adds of one layer, besides what it reads and gives.
    fn own(input: &[usize], layers: impl Fn(Sequential) -> Sequential) -> u64 {
        let network = network(layers(Sequential::new(input)));
        let read: usize = input.iter().product();
        let given: usize = network.output_shape().iter().product();
        network.multiply_adds() - (read + given) as u64
    }

    #[test]
    fn kernels_count_at_every_position() {
        assert_eq!(own(&[10], |all| all.add(Dense::new(3))), 30);
        assert_eq!(
            own(&[8, 6, 2], |all| all.add(Conv2d::new(5, 3).same())),
            48 * 9 * 2 * 5
        );
        assert_eq!(
            own(&[8, 6, 2], |all| all.add(DepthwiseConv2d::new(3).same())),
            48 * 9 * 2
        );
        assert_eq!(
            own(&[4, 4, 2], |all| all.add(SeparableConv2d::new(5, 3).same())),
            16 * (9 * 2 + 2 * 5) + 2 * 16 * 2
        );
        // Whichever side is the larger: here the output, there the input.
        let up = own(&[4, 4, 1], |all| {
            all.add(Conv2dTranspose::new(1, 2).stride(2))
        });
        assert_eq!(up, 64 * 4);
        let down = own(&[8, 8, 1], |all| all.add(Conv2d::new(1, 2).stride(2)));
        assert_eq!(down, 64 * 4);
    }

    #[test]
    fn windows_and_draws_count_for_every_output() {
        assert_eq!(own(&[6, 6, 2], |all| all.add(MaxPool2d::new(3))), 8 * 9);
        assert_eq!(
            own(&[6, 6, 2], |all| all.add(AveragePool2d::new(2))),
            18 * 4
        );
        assert_eq!(own(&[6, 2], |all| all.add(MaxPool1d::new(3))), 4 * 3);
        assert_eq!(
            own(&[6], |all| all.add(DropConnect::new(2, 0.5).draws(100))),
            12 + 200
        );
        assert_eq!(own(&[6, 6], |all| all.add(Flatten)), 0);
    }

    #[test]
    fn a_few_weights_may_be_much_work() {
        let mut layers = Sequential::new([36, 36, 1]).add(UpSampling2d::new(60));
        for _ in 0..3 {
            layers = layers.add(DepthwiseConv2d::new(31).same());
        }
        let network = network(layers);
        assert!(network.multiply_adds() > 3 * 961 * 2160 * 2160);
        assert!(network.activations() > 4 * 2160 * 2160);
    }
}
