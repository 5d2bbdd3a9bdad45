//! The autoencoders that are compared.

use letra_nn::learners::{Autoencoder, BoltzmannMachine, Corruption, DeepBelief};
use letra_nn::prelude::*;

use crate::networks;

/// What keeps the autoencoder from copying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Undercomplete,
    Sparse,
    Denoising,
    Contractive,
    Variational,
    Deep,
    DeepPretrained,
}

/// Units of the layer between pixels and a small code, and of a code that is not small.
const UNITS: usize = 200;

/// Numbers of the undercomplete code.
const SMALL: usize = 30;

/// Units of the deep autoencoder's layers, as those of the paper in three sizes smaller.
pub(super) const DEEP: [usize; 3] = [300, 150, 75];

/// The share of the pixels that noise stands in the place of.
pub(super) const NOISE: f32 = 0.2;

const SPARSITY: [f32; 2] = [0.05, 0.002];
const CONTRACTION: f32 = 0.0005;

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Undercomplete,
        Self::Sparse,
        Self::Denoising,
        Self::Contractive,
        Self::Variational,
        Self::Deep,
        Self::DeepPretrained,
    ];

    /// What `--json` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Undercomplete => "undercomplete",
            Self::Sparse => "sparse",
            Self::Denoising => "denoising",
            Self::Contractive => "contractive",
            Self::Variational => "variational",
            Self::Deep => "deep",
            Self::DeepPretrained => "deep-pretrained",
        }
    }

    /// What tables call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Undercomplete => "Undercomplete",
            Self::Sparse => "Sparse",
            Self::Denoising => "Denoising",
            Self::Contractive => "Contractive",
            Self::Variational => "Variational",
            Self::Deep => "Deep",
            Self::DeepPretrained => "Deep, pre-trained by RBMs",
        }
    }

    /// What it is.
    pub(super) fn about(self) -> String {
        let deep = DEEP.map(|units| units.to_string()).join(" – ");
        match self {
            Self::Undercomplete => format!(
                "{UNITS} rectified units on both sides of a code of {SMALL} numbers (Rumelhart, Hinton and Williams 1986)."
            ),
            Self::Sparse => format!(
                "A code of {UNITS} sigmoid units that are to be active {} of the time (Ng 2011).",
                SPARSITY[0]
            ),
            Self::Denoising => format!(
                "A code of {UNITS} sigmoid units, tied weights; in the place of a share of {NOISE} of the pixels, black or white \
                 stands while it learns (Vincent and others 2010)."
            ),
            Self::Contractive => format!(
                "A code of {UNITS} sigmoid units, tied weights; the squared norm of the code's Jacobian times \
                 {CONTRACTION} is added to the loss (Rifai and others 2011)."
            ),
            Self::Variational => format!(
                "{UNITS} rectified units on both sides of a code of 2 numbers that has a distribution (Kingma and \
                 Welling 2014)."
            ),
            Self::Deep => format!(
                "{deep} sigmoid units to a code of 2 numbers, and back; from random weights."
            ),
            Self::DeepPretrained => "The same, its layers but for that of the code first learnt by Boltzmann machines, one on the other, and \
                 unrolled (Hinton and Salakhutdinov 2006).".into(),
        }
    }

    /// Whether its code is a place on a map.
    pub(super) fn has_a_map(self) -> bool {
        matches!(self, Self::Variational | Self::Deep | Self::DeepPretrained)
    }

    /// The autoencoder of pictures; of the pre-trained one, on these machines.
    pub(super) fn build(
        self,
        shape: networks::Task,
        machines: &[&BoltzmannMachine],
        seed: u64,
    ) -> Result<Autoencoder, Error> {
        let input = || shape.input().add(Flatten);
        let code = || input().add(Dense::new(UNITS).sigmoid());
        let pictures = |network: Sequential| {
            let pixels = network.add(Dense::new(shape.pixels()));
            pixels.add(Reshape::new([shape.height, shape.width, 1]))
        };
        let hidden = || Dense::new(UNITS).relu();
        Ok(match self {
            Self::Undercomplete => Autoencoder::new(
                input().add(hidden()).add(Dense::new(SMALL)),
                pictures(Sequential::new([SMALL]).add(hidden())),
            ),
            Self::Sparse => {
                let [target, factor] = SPARSITY;
                Autoencoder::new(code(), pictures(Sequential::new([UNITS]))).sparse(target, factor)
            }
            Self::Denoising => Autoencoder::tied(code(), ActivationFunction::Linear)
                .corruption(Corruption::SaltAndPepper(NOISE)),
            Self::Contractive => {
                Autoencoder::tied(code(), ActivationFunction::Linear).contractive(CONTRACTION)
            }
            Self::Variational => Autoencoder::new(
                input().add(hidden()).add(Dense::new(2 * 2)),
                pictures(Sequential::new([2]).add(hidden())),
            )
            .variational(),
            Self::Deep | Self::DeepPretrained => {
                let (up, down) = (DEEP.into_iter(), DEEP.into_iter().rev());
                let layer =
                    |network: Sequential, units: usize| network.add(Dense::new(units).sigmoid());
                let encoder = up.fold(input(), layer).add(Dense::new(2));
                let decoder = pictures(down.fold(Sequential::new([2]), layer));
                let (encoder, decoder) =
                    (encoder.build(seed)?, decoder.build(seed.wrapping_add(1))?);
                begin_as(&encoder, &decoder, machines)?;
                Autoencoder::new(encoder, decoder)
            }
        })
    }
}

/// Lets the layers of both networks begin as the machines, the lowest first: with their weights on the way up, and with
/// the same, transposed, on the way down.
fn begin_as(
    encoder: &Network,
    decoder: &Network,
    machines: &[&BoltzmannMachine],
) -> Result<(), Error> {
    let name = |place: usize| match place {
        0 => "dense".to_owned(),
        _ => format!("dense_{place}"),
    };
    for (place, machine) in machines.iter().enumerate() {
        let up = name(place);
        encoder.set_parameter(&format!("{up}/kernel"), &machine.kernel())?;
        encoder.set_parameter(&format!("{up}/bias"), &machine.hidden_bias())?;
        // Of the decoder, the first layer comes from the code, and the last gives pixels.
        let down = name(machines.len() - place);
        decoder.set_parameter(&format!("{down}/kernel"), &transposed(&machine.kernel())?)?;
        decoder.set_parameter(&format!("{down}/bias"), &machine.visible_bias())?;
    }
    Ok(())
}

fn transposed(kernel: &Tensor) -> Result<Tensor, Error> {
    let (rows, columns) = (kernel.samples(), kernel.sample_values());
    let value = |place: usize| kernel.data()[place % rows * columns + place / rows];
    Tensor::new([columns, rows], (0..rows * columns).map(value).collect())
}

/// What the deep autoencoder's machines are made of.
pub(super) fn machines(pixels: usize) -> DeepBelief {
    DeepBelief::new([&[pixels], &DEEP[..]].concat())
}

#[cfg(test)]
mod tests {
    use letra_nn::learners::Rbm;

    use super::*;

    const SHAPE: networks::Task = networks::Task {
        height: 6,
        width: 5,
        classes: 2,
    };

    #[test]
    fn an_unrolled_machine_reconstructs_as_the_machine_does() {
        let mut machine = Rbm::new(30, 8).build(3).unwrap();
        let bias = |count: usize| (0..count).map(|place| 0.1 * place as f32 - 0.5).collect();
        machine
            .set_hidden_bias(&Tensor::new([8], bias(8)).unwrap())
            .unwrap();
        machine
            .set_visible_bias(&Tensor::new([30], bias(30)).unwrap())
            .unwrap();
        let kernel = (0..240).map(|place| (place as f32).sin()).collect();
        machine
            .set_kernel(&Tensor::new([30, 8], kernel).unwrap())
            .unwrap();
        let encoder = SHAPE.input().add(Flatten).add(Dense::new(8).sigmoid());
        let decoder = Sequential::new([8]).add(Dense::new(8)).add(Dense::new(30));
        let (encoder, decoder) = (encoder.build(1).unwrap(), decoder.build(1).unwrap());
        let one = |row: usize| (0..8).map(move |column| f32::from(u8::from(row == column)));
        let same = Tensor::new([8, 8], (0..8).flat_map(one).collect()).unwrap();
        decoder.set_parameter("dense/kernel", &same).unwrap();
        begin_as(&encoder, &decoder, &[&machine]).unwrap();
        let pictures = (0..60).map(|place| (place % 7) as f32 / 7.0).collect();
        let pictures = Tensor::new([2, 6, 5, 1], pictures).unwrap();
        let codes = encoder.predict(&pictures).unwrap();
        let logits = decoder.predict(&codes).unwrap();
        let flat = pictures.reshape([2, 30]).unwrap();
        let expected = machine.reconstruct(&flat).unwrap();
        for (logit, expected) in logits.data().iter().zip(expected.data()) {
            assert!((1.0 / (1.0 + (-logit).exp()) - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn every_kind_gives_pictures_of_the_size_that_it_is_given() {
        for kind in Kind::ALL {
            let compile = Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::from_logits());
            let autoencoder = kind.build(SHAPE, &[], 1).unwrap().compile(compile).unwrap();
            assert_eq!(autoencoder.output_shape(), [6, 5, 1], "{kind:?}");
            let map = autoencoder.encoder().output_shape() == [2];
            assert_eq!(map, kind.has_a_map());
        }
    }
}
