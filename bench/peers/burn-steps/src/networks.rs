//! The networks of the rows in Burn's own layers; channels first, as Burn wants them.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::prelude::*;
use burn::tensor::activation::{relu, sigmoid};

/// From pictures [batch, 1, 36, 36] to logits [batch, 5].
pub trait Classifier: Module {
    fn forward(&self, pictures: Tensor<4>) -> Tensor<2>;
}

/// Dense layers with sigmoids between: logistic, and feed-forward.
#[derive(Module, Debug)]
pub struct Dense {
    layers: Vec<Linear>,
}

impl Dense {
    pub fn new(sizes: &[usize], device: &Device) -> Self {
        let layers = sizes.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect();
        Self { layers }
    }
}

impl Classifier for Dense {
    fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let mut x = pictures.flatten::<2>(1, 3);
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x);
            if index + 1 < self.layers.len() {
                x = sigmoid(x);
            }
        }
        x
    }
}

/// Convolution 5×5 with 4 filters, pooling, 32 ReLU, dropout, 5.
#[derive(Module, Debug)]
pub struct Cnn {
    convolution: Conv2d,
    pool: MaxPool2d,
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl Cnn {
    pub fn new(device: &Device) -> Self {
        let same = PaddingConfig2d::Explicit(2, 2, 2, 2);
        Self {
            convolution: Conv2dConfig::new([1, 4], [5, 5]).with_padding(same).init(device),
            pool: pool(),
            hidden: LinearConfig::new(1296, 32).init(device),
            dropout: DropoutConfig::new(0.25).init(),
            output: LinearConfig::new(32, 5).init(device),
        }
    }
}

impl Classifier for Cnn {
    fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.convolution.forward(pictures)));
        let x = relu(self.hidden.forward(x.flatten::<2>(1, 3)));
        self.output.forward(self.dropout.forward(x))
    }
}

/// Two blocks of two 3×3 convolutions and a pooling, 256 ReLU, 5.
#[derive(Module, Debug)]
pub struct Vgg {
    convolutions: Vec<Conv2d>,
    pool: MaxPool2d,
    after_block: Dropout,
    hidden: Linear,
    before_output: Dropout,
    output: Linear,
}

impl Vgg {
    pub fn new(device: &Device) -> Self {
        let channels = [[1, 32], [32, 32], [32, 64], [64, 64]];
        Self {
            convolutions: channels.into_iter().map(|of| Conv2dConfig::new(of, [3, 3]).init(device)).collect(),
            pool: pool(),
            after_block: DropoutConfig::new(0.25).init(),
            hidden: LinearConfig::new(2304, 256).init(device),
            before_output: DropoutConfig::new(0.5).init(),
            output: LinearConfig::new(256, 5).init(device),
        }
    }
}

impl Classifier for Vgg {
    fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let mut x = pictures;
        for block in self.convolutions.chunks(2) {
            for convolution in block {
                x = relu(convolution.forward(x));
            }
            x = self.after_block.forward(self.pool.forward(x));
        }
        let x = relu(self.hidden.forward(x.flatten::<2>(1, 3)));
        self.output.forward(self.before_output.forward(x))
    }
}

fn pool() -> MaxPool2d {
    MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init()
}
