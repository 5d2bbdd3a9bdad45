//! The networks of the rows in candle; channels first.

use candle_core::{Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Dropout, Linear, Module, VarBuilder, conv2d, linear, ops};

/// A network of any row.
pub enum Network {
    Dense(Vec<Linear>),
    Convolutional {
        blocks: Vec<Vec<Conv2d>>,
        after_block: Option<Dropout>,
        hidden: Linear,
        before_output: Dropout,
        output: Linear,
    },
}

impl Network {
    pub fn named(name: &str, variables: VarBuilder) -> Result<Self> {
        match name {
            "logistic" => dense(&[1296, 5], variables),
            "feed-forward" => dense(&[1296, 128, 32, 5], variables),
            "cnn" => cnn(variables),
            _ => vgg(variables),
        }
    }

    /// From pictures [batch, 1, 36, 36] to logits [batch, 5], with dropout.
    pub fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        match self {
            Network::Dense(layers) => {
                let mut x = pictures.flatten_from(1)?;
                for (index, layer) in layers.iter().enumerate() {
                    x = layer.forward(&x)?;
                    if index + 1 < layers.len() {
                        x = ops::sigmoid(&x)?;
                    }
                }
                Ok(x)
            }
            Network::Convolutional { blocks, after_block, hidden, before_output, output } => {
                let mut x = pictures.clone();
                for block in blocks {
                    for convolution in block {
                        x = convolution.forward(&x)?.relu()?;
                    }
                    x = x.max_pool2d(2)?;
                    if let Some(dropout) = after_block {
                        x = dropout.forward(&x, true)?;
                    }
                }
                let x = hidden.forward(&x.flatten_from(1)?)?.relu()?;
                output.forward(&before_output.forward(&x, true)?)
            }
        }
    }
}

fn dense(sizes: &[usize], variables: VarBuilder) -> Result<Network> {
    let layers = sizes.windows(2).enumerate().map(|(index, pair)| linear(pair[0], pair[1], variables.pp(index)));
    Ok(Network::Dense(layers.collect::<Result<_>>()?))
}

fn cnn(variables: VarBuilder) -> Result<Network> {
    let same = Conv2dConfig { padding: 2, ..Default::default() };
    Ok(Network::Convolutional {
        blocks: vec![vec![conv2d(1, 4, 5, same, variables.pp("convolution"))?]],
        after_block: None,
        hidden: linear(1296, 32, variables.pp("hidden"))?,
        before_output: Dropout::new(0.25),
        output: linear(32, 5, variables.pp("output"))?,
    })
}

fn vgg(variables: VarBuilder) -> Result<Network> {
    let convolution = |index: usize, inputs, filters| {
        conv2d(inputs, filters, 3, Conv2dConfig::default(), variables.pp(format!("convolution{index}")))
    };
    Ok(Network::Convolutional {
        blocks: vec![
            vec![convolution(0, 1, 32)?, convolution(1, 32, 32)?],
            vec![convolution(2, 32, 64)?, convolution(3, 64, 64)?],
        ],
        after_block: Some(Dropout::new(0.25)),
        hidden: linear(2304, 256, variables.pp("hidden"))?,
        before_output: Dropout::new(0.5),
        output: linear(256, 5, variables.pp("output"))?,
    })
}
