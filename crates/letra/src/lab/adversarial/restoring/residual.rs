//! A residual network that makes pictures larger, or sharper.

use letra_nn::prelude::*;

/// Size and shape of the networks.
pub(in crate::lab::adversarial) const FILTERS: usize = 24;
pub(in crate::lab::adversarial) const BLOCKS: usize = 4;

/// SRResNet (Ledig et al. 2017, figure 4), smaller, its blocks without batch normalisation (Lim et al. 2017, "Enhanced
/// deep residual networks for single image super-resolution"), and its sub-pixels left in channels (Shi et al. 2016,
/// "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network"):
/// pictures `[height, width, inputs]` in, `[height, width, outputs]` out, which [`from_channels`] makes pictures of.
///
/// Beside it a linear convolution leads from the input to the output, so that the layers learn what this lacks.
pub(in crate::lab::adversarial) fn residual(
    [height, width]: [usize; 2],
    inputs: usize,
    outputs: usize,
) -> Model {
    let convolution = |filters: usize| {
        Conv2d::new(filters, 3)
            .same()
            .kernel_initializer(Initializer::HeNormal)
    };
    let mut model = Model::new();
    let input = model.input([height, width, inputs]);
    let first = model.layer(convolution(FILTERS).relu(), [input]);
    let mut value = first;
    for _ in 0..BLOCKS {
        let inner = model.layer(convolution(FILTERS).relu(), [value]);
        let inner = model.layer(convolution(FILTERS), [inner]);
        value = model.layer(Add, [value, inner]);
    }
    value = model.layer(convolution(FILTERS), [value]);
    value = model.layer(Add, [first, value]);
    // Small at first: what the straight way gives is not far off.
    let small = Initializer::normal(0.0, 0.01);
    let last = Conv2d::new(outputs, 3).same().kernel_initializer(small);
    let learnt = model.layer(last, [value]);
    let straight = model.layer(Conv2d::new(outputs, 5).same(), [input]);
    let output = model.layer(Add, [learnt, straight]);
    model.outputs([output])
}

/// A judge of pictures of that shape, a score each: SRGAN's (the same, figure 4), smaller.
pub(in crate::lab::adversarial) fn judge(shape: [usize; 3]) -> Sequential {
    let convolution = |filters: usize| Conv2d::new(filters, 3).same().stride(2);
    Sequential::new(shape)
        .add(convolution(24))
        .add(LeakyRelu::new(0.2))
        .add(convolution(48))
        .add(LeakyRelu::new(0.2))
        .add(convolution(48))
        .add(LeakyRelu::new(0.2))
        .add(GlobalAveragePool2d::new())
        .add(Dense::new(1))
}

/// A picture's squares of `factor` × `factor` pixels as channels of one: `[height · factor, width · factor]` values to
/// `[height, width, factor²]`.
///
/// # Panics
/// The picture's sides are no multiples of the factor.
pub(in crate::lab::adversarial) fn to_channels(
    values: &[f32],
    width: usize,
    factor: usize,
) -> Vec<f32> {
    moved(values, width, factor, |from, to, whole, out| {
        out[to] = whole[from]
    })
}

/// Pictures of such channels; `width` is that of the picture that comes out.
pub(in crate::lab::adversarial) fn from_channels(
    values: &[f32],
    width: usize,
    factor: usize,
) -> Vec<f32> {
    moved(values, width, factor, |from, to, whole, out| {
        out[from] = whole[to]
    })
}

/// Moves each value by the place of its pixel and that of its channel.
fn moved(
    values: &[f32],
    width: usize,
    factor: usize,
    put: impl Fn(usize, usize, &[f32], &mut [f32]),
) -> Vec<f32> {
    let height = values.len() / width.max(1);
    assert!(width.is_multiple_of(factor) && height.is_multiple_of(factor));
    let mut out = vec![0.0; values.len()];
    for row in 0..height {
        for column in 0..width {
            let square = row / factor * (width / factor) + column / factor;
            let channel = row % factor * factor + column % factor;
            put(
                row * width + column,
                square * factor * factor + channel,
                values,
                &mut out,
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_the_pixels_of_squares() {
        let picture: Vec<f32> = (0..24).map(|place| place as f32).collect();
        let channels = to_channels(&picture, 6, 2);
        assert_eq!(channels[..8], [0.0, 1.0, 6.0, 7.0, 2.0, 3.0, 8.0, 9.0]);
        assert_eq!(from_channels(&channels, 6, 2), picture);
        assert_eq!(to_channels(&picture, 6, 1), picture);
    }

    #[test]
    fn the_network_takes_pictures_of_any_size() {
        let network = residual([8, 12], 1, 4).build(1).unwrap();
        let other = network.with_input_shape([5, 7, 1]).unwrap();
        assert_eq!(other.output_shape(), [5, 7, 4]);
        assert_eq!(judge([8, 12, 4]).build(1).unwrap().output_shape(), [1]);
    }
}
