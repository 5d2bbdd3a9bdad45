//! What in a picture a feature map answers to, brought back to pixels.

use super::Network;
use super::saliency::input_gradient;
use crate::graph::INPUT;
use crate::layer_graph::Graph;
use crate::layers::Layer;
use crate::{Error, Tensor};

/// Layers that are linear but for a rectifier after them, when predicting, or choose a maximum:
/// what their backward pass does to a signal is what a deconvolutional network does.
const PASSABLE: [&str; 21] = [
    "activation",
    "annealed_dropout",
    "average_pooling2d",
    "batch_normalization",
    "conv2d",
    "cropping2d",
    "depthwise_conv2d",
    "dropout",
    "gaussian_noise",
    "max_pooling2d",
    // These do nothing while predicting.
    "random_contrast",
    "random_flip",
    "random_rotation",
    "random_translation",
    "random_zoom",
    "reshape",
    "separable_conv2d",
    "spatial_dropout2d",
    "up_sampling2d",
    "zero_padding2d",
    "concatenate",
];

impl Network {
    /// What in each picture makes the strongest answer in one feature map: the map's largest
    /// value, brought back to pixels by a deconvolutional network (Zeiler and Fergus,
    /// "Visualizing and understanding convolutional networks", ECCV 2014, section 2.1).
    ///
    /// Feature map number `map` of the convolution called `layer`, from 0, keeps its largest
    /// value; all others of the layer are set to zero. From there down, layer by layer:
    ///
    /// - **unpooling**: each value goes to the place where the maximum of its window was;
    /// - **rectification**: where the network rectifies, negative values become zero;
    /// - **filtering**: the transposed filters are applied to the rectified maps, without bias.
    ///
    /// The result has the inputs' shape; it is zero for a picture to which the map does not
    /// answer at all.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shape, there is no such layer or feature
    /// map, the layer is not a convolution, or the way down leads through a layer for which the
    /// paper has no rule, such as a dense one or a function other than the ReLU.
    pub fn deconvolution(&self, inputs: &Tensor, layer: &str, map: usize) -> Result<Tensor, Error> {
        self.check_inputs(inputs.into())?;
        let number = self.layer_number(layer)?;
        let ops = self.ops();
        let shape = &ops.shapes[ops.layers[number].outputs[0]];
        let place = format!("layer {} ({layer})", number + 1);
        let &[_, _, maps] = shape.sizes() else {
            return Err(
                Error::data(format!("{place} gives {shape}, no feature maps"))
                    .with_hint("choose a convolution"),
            );
        };
        if !self.graph.nodes[number].layer.kind().ends_with("conv2d") {
            return Err(
                Error::data(format!("{place} is not a convolution")).with_hint("choose one")
            );
        }
        if map >= maps {
            return Err(Error::data(format!("{place} has no feature map {map}"))
                .with_hint(format!("they are 0 to {}", maps - 1)));
        }
        let way = way_down(&self.graph, number)?;
        let mut plan = self.inspection(inputs.samples());
        let mut without_numbers = None;
        plan.forward_and_back(&self.weights.now().all, inputs.into(), |pass, gradients| {
            let given = |layer: usize| ops.layers[layer].outputs[0];
            pass.with_value_and_gradient(given(number), |output, gradient| {
                keep_strongest(output, gradient, shape.values(), maps, map);
            });
            for &(layer, rectified) in &way {
                if rectified {
                    pass.with_value_and_gradient(given(layer), |output, gradient| {
                        // Not `max`, which would hide what is not a number.
                        let negative = gradient.iter_mut().filter(|value| **value < 0.0);
                        negative.for_each(|value| *value = 0.0);
                        // An open rectifier lets the signal pass as it is, whatever the
                        // picture made of it.
                        output.fill(1.0);
                    });
                }
                for node in ops.layers[layer].ops.clone().rev() {
                    if !pass.backward_node(node, gradients) {
                        without_numbers.get_or_insert(layer);
                    }
                }
            }
        });
        if let Some(number) = without_numbers {
            return Err(self.no_numbers(number));
        }
        Tensor::new(inputs.shape(), input_gradient(&plan, inputs))
    }
}

/// The layers that `number` depends on, from it down, and whether each rectifies.
fn way_down(graph: &Graph, number: usize) -> Result<Vec<(usize, bool)>, Error> {
    let mut wanted = vec![false; graph.nodes.len() + 1];
    wanted[number + 1] = true;
    let mut way = Vec::new();
    for index in (0..=number).rev().filter(|&index| index + 1 > INPUT) {
        if !wanted[index + 1] {
            continue;
        }
        let node = &graph.nodes[index];
        let rectified = rectifies(&*node.layer).ok_or_else(|| {
            Error::data(format!(
                "layer {} ({}) lies on the way down",
                index + 1,
                node.name
            ))
            .with_hint(
                "a signal is brought back only through convolutions, poolings and rectifiers",
            )
        })?;
        way.push((index, rectified));
        node.inputs.iter().for_each(|&value| wanted[value] = true);
    }
    Ok(way)
}

/// Whether a layer has a rectifier after it; nothing where it has another function, or is of a
/// kind that has no rule.
fn rectifies(layer: &dyn Layer) -> Option<bool> {
    let configuration = layer.configuration();
    let function = match layer.kind() {
        "activation" => configuration.get("function"),
        _ => configuration.get("activation"),
    };
    let function = function.map_or(Some("linear"), |function| function.as_str());
    match function {
        Some("relu") => PASSABLE.contains(&layer.kind()).then_some(true),
        Some("linear") => PASSABLE.contains(&layer.kind()).then_some(false),
        _ => None,
    }
}

/// For each sample the largest value of map number `map`, alone in its place.
fn keep_strongest(output: &[f32], signal: &mut [f32], values: usize, maps: usize, map: usize) {
    signal.fill(0.0);
    for (output, signal) in output
        .chunks_exact(values)
        .zip(signal.chunks_exact_mut(values))
    {
        let of_map = (map..values).step_by(maps);
        let strongest = of_map.max_by(|&a, &b| output[a].total_cmp(&output[b]));
        if let Some(place) = strongest {
            signal[place] = output[place];
        }
    }
}
