use super::Adversarial;
use crate::Initializer;
use crate::layers::{
    Activation, ActivationFunction, BatchNormalization, Conv2d, Conv2dTranspose, Dense, Flatten,
    LeakyRelu, Reshape,
};
use crate::network::Sequential;

/// Initial weights of Radford et al.: normal, of deviation 0.02.
fn small() -> Initializer {
    Initializer::normal(0.0, 0.02)
}

/// The generator of [`dcgan`]: from `noise` numbers to pictures `[28, 28, channels]` with values from −1 to 1.
/// `filters` is the number of those of the layer before the last, 64 in most copies of the paper.
///
/// ```
/// use letra_nn::learners::dcgan_generator;
///
/// let network = dcgan_generator(100, 8, 1).build(1)?;
/// assert_eq!(network.output_shape(), [28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub fn dcgan_generator(noise: usize, filters: usize, channels: usize) -> Sequential {
    let wide = filters.saturating_mul(2);
    Sequential::new([noise])
        .add(
            Dense::new(wide.saturating_mul(7 * 7))
                .use_bias(false)
                .kernel_initializer(small()),
        )
        .add(BatchNormalization::new().momentum(0.9))
        .add(Activation::relu())
        .add(Reshape::new([7, 7, wide]))
        .add(
            Conv2dTranspose::new(filters, 4)
                .stride(2)
                .same()
                .use_bias(false)
                .kernel_initializer(small()),
        )
        .add(BatchNormalization::new().momentum(0.9))
        .add(Activation::relu())
        .add(
            Conv2dTranspose::new(channels, 4)
                .stride(2)
                .same()
                .activation(ActivationFunction::Tanh)
                .kernel_initializer(small()),
        )
}

/// The discriminator of [`dcgan`]: from pictures `[28, 28, channels]` to a score. `filters` is the number of
/// those of its first layer.
///
/// ```
/// use letra_nn::learners::dcgan_discriminator;
///
/// let network = dcgan_discriminator(8, 1).build(1)?;
/// assert_eq!(network.output_shape(), [1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub fn dcgan_discriminator(filters: usize, channels: usize) -> Sequential {
    let convolution = |filters: usize| {
        Conv2d::new(filters, 4)
            .stride(2)
            .same()
            .kernel_initializer(small())
    };
    Sequential::new([28, 28, channels])
        .add(convolution(filters))
        .add(LeakyRelu::new(0.2))
        .add(convolution(filters.saturating_mul(2)).use_bias(false))
        .add(BatchNormalization::new().momentum(0.9))
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
        .add(Dense::new(1).kernel_initializer(small()))
}

/// The pair of Radford, Metz and Chintala (2016, "Unsupervised representation learning with deep
/// convolutional generative adversarial networks"), for pictures of 28 × 28 as MNIST's: no pooling and no
/// hidden dense layers but for one at each end, strided convolutions and transposed ones with kernels of
/// 4 × 4, batch normalisation but in the generator's last layer and the discriminator's first, ReLU and tanh
/// in the generator and leaky ReLU in the discriminator, weights that begin normal with deviation 0.02, noise
/// uniform from −1 to 1. The paper's 64 × 64 network has two more layers each. Its optimizer is Adam with
/// rate 0.0002 and β₁ 0.5.
///
/// ```
/// use letra_nn::learners::{AdversarialFit, dcgan};
/// use letra_nn::prelude::*;
///
/// let pictures = Dataset::unlabelled(Tensor::zeros([8, 28, 28, 1]))?;
/// let compile = || Compile::new(Adam::new(2e-4).betas(0.5, 0.999));
/// let mut pair = dcgan(10, 4, 1).compile(compile(), compile())?;
/// pair.fit(&pictures, AdversarialFit::epochs(1).batch_size(4))?;
/// assert_eq!(pair.sample(2, 7)?.shape(), [2, 28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub fn dcgan(noise: usize, filters: usize, channels: usize) -> Adversarial {
    let generator = dcgan_generator(noise, filters, channels);
    let discriminator = dcgan_discriminator(filters, channels);
    Adversarial::new(generator, discriminator).noise(super::Noise::Uniform)
}
