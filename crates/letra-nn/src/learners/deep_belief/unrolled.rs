//! A belief network as a deep autoencoder.

use super::{BeliefNetwork, dense};
use crate::layers::Dense;
use crate::learners::Autoencoder;
use crate::learners::autoencoder::Coder;
use crate::learners::rbm::{BoltzmannMachine, Visible};
use crate::network::IntoPart;
use crate::{Error, Sequential, Tensor};

impl BeliefNetwork {
    /// A deep autoencoder that goes on from the weights (Hinton and Salakhutdinov 2006, "Reducing the
    /// dimensionality of data with neural networks"): the layers from the data to the last one, its code, are
    /// the encoder, and the same weights transposed, with the visible biases, the decoder. From there on they
    /// are weights of their own. Layers are called "encode_1", "encode_2", …, and "decode_…" back to
    /// "decode_1", which gives probabilities, or of Gaussian visible units their means. Compile it to
    /// fine-tune it by back-propagation. With [`DeepBelief::code`](super::DeepBelief::code) the code is
    /// linear, as in the paper.
    ///
    /// ```
    /// use letra_nn::learners::{ContrastiveDivergence, DeepBelief, Hidden, RbmFit};
    /// use letra_nn::prelude::*;
    ///
    /// let pictures = letra_nn::datasets::rectangles(100, 1)?;
    /// let rows = pictures.inputs().clone().reshape([100, 784])?;
    /// let data = Dataset::unlabelled(rows)?;
    /// let (lower, code) = (ContrastiveDivergence::new(0.1).seed(1), ContrastiveDivergence::new(0.01));
    /// let belief = DeepBelief::new([784, 60, 20, 2]).code(Hidden::Gaussian).pretrain(
    ///     &data,
    ///     &[lower.clone(), lower, code],
    ///     RbmFit::epochs(3).batch_size(10),
    /// )?;
    /// let compile = Compile::new(Adam::new(0.001)).loss(BinaryCrossEntropy::new());
    /// let mut autoencoder = belief.unrolled()?.compile(compile)?;
    /// autoencoder.fit(&data, Fit::epochs(3).batch_size(10))?;
    /// assert_eq!(autoencoder.encoder().predict(&data)?.shape(), [100, 2]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there are label units, or the visible units are softmax groups.
    pub fn unrolled(&self) -> Result<Autoencoder, Error> {
        let refused =
            |message: &str, hint: &str| Err(Error::configuration(message).with_hint(hint));
        if self.label_units() > 0 {
            return refused(
                "a belief network with label units is no autoencoder",
                "take DeepBelief without labels",
            );
        }
        let lowest = self
            .layers
            .first()
            .map_or(&self.top, |layer| &layer.generative);
        let visible = lowest.definition().visible_kind();
        if let Visible::Softmax { .. } = visible {
            return refused(
                "softmax groups of visible units have no layer that gives them back",
                "take Visible::Bernoulli",
            );
        }
        let mut encoder = Sequential::new([self.visible_units()]);
        let mut parameters = Vec::new();
        for (number, machine) in (1..).zip(self.upwards()) {
            let name = format!("encode_{number}");
            parameters.push((format!("{name}/kernel"), machine.dense_kernel()));
            parameters.push((format!("{name}/bias"), machine.hidden_bias()));
            encoder = encoder.add(dense(machine).named(name));
        }
        let encoder = Coder::of(encoder, "encoder")?.with(parameters);

        let mut decoder = Sequential::new([self.top.hidden_units()]);
        let mut parameters = Vec::new();
        let downwards = self.layers.iter().map(|layer| &layer.generative);
        let downwards: Vec<&BoltzmannMachine> = downwards.chain([&self.top]).collect();
        for (place, machine) in downwards.into_iter().enumerate().rev() {
            let name = format!("decode_{}", place + 1);
            parameters.push((format!("{name}/kernel"), transposed(&machine.kernel())?));
            parameters.push((format!("{name}/bias"), machine.visible_bias()));
            let layer = Dense::new(machine.visible_units());
            let layer = match machine.definition().visible_kind() {
                Visible::Gaussian => layer,
                _ => layer.sigmoid(),
            };
            decoder = decoder.add(layer.named(name));
        }
        let decoder = Coder::of(decoder, "decoder")?.with(parameters);
        Ok(Autoencoder::of(Ok(encoder), Ok(decoder)))
    }
}

/// The transpose of a matrix.
fn transposed(matrix: &Tensor) -> Result<Tensor, Error> {
    let (rows, columns) = (matrix.samples(), matrix.sample_values());
    let values = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
    let values = values.map(|place| matrix.data()[place]).collect();
    Tensor::new([columns, rows], values)
}
