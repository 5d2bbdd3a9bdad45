//! What the separable convolutions share.

use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, output_picture};
use super::window::check_sizes;
use super::{Emit, Padding, Weight, Window};
use crate::error::BuildError;
use crate::kernels::convolution::{Geometry, Padding2};
use crate::{Initializer, Regularizer};

/// The settings of a separable convolution beside those of how its window slides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Separable {
    pub(super) filters: usize,
    pub(super) depth_multiplier: usize,
    pub(super) depthwise_initializer: Initializer,
    pub(super) pointwise_initializer: Initializer,
    pub(super) bias_initializer: Initializer,
    pub(super) use_bias: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) depthwise_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pointwise_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bias_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) activity_regularizer: Option<Regularizer>,
}

/// Declares the settings of a separable convolution.
macro_rules! separable_settings {
    ($layer:ty) => {
        impl $layer {
            /// Depthwise filters for each channel, at least 1.
            pub fn depth_multiplier(mut self, filters: usize) -> Self {
                self.separable.depth_multiplier = filters;
                self
            }

            /// Initial values of the depthwise kernel.
            pub fn depthwise_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.separable.depthwise_initializer = initializer;
                self
            }

            /// Initial values of the pointwise kernel.
            pub fn pointwise_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.separable.pointwise_initializer = initializer;
                self
            }

            /// Initial values of the bias.
            pub fn bias_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.separable.bias_initializer = initializer;
                self
            }

            /// Whether a bias is added.
            pub fn use_bias(mut self, use_bias: bool) -> Self {
                self.separable.use_bias = use_bias;
                self
            }

            /// A penalty on the depthwise kernel that is added to the loss.
            pub fn depthwise_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.separable.depthwise_regularizer = Some(regularizer);
                self
            }

            /// A penalty on the pointwise kernel that is added to the loss.
            pub fn pointwise_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.separable.pointwise_regularizer = Some(regularizer);
                self
            }

            /// A penalty on the bias that is added to the loss.
            pub fn bias_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.separable.bias_regularizer = Some(regularizer);
                self
            }

            /// A penalty on what the layer gives that is added to the loss: summed over the
            /// values of a sample, the mean over the samples.
            pub fn activity_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.separable.activity_regularizer = Some(regularizer);
                self
            }
        }
    };
}
pub(super) use separable_settings;

impl Separable {
    pub(super) fn new(filters: usize) -> Self {
        Separable {
            filters,
            depth_multiplier: 1,
            depthwise_initializer: Initializer::GlorotUniform,
            pointwise_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            depthwise_regularizer: None,
            pointwise_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
        }
    }

    /// The shapes of both convolutions on an input that fits; `sliding` says how the window of
    /// the first slides.
    pub(super) fn geometries(
        &self,
        sliding: Sliding,
        picture: [usize; 3],
    ) -> Result<[Geometry; 2], BuildError> {
        check_sizes("a depth multiplier of", &[self.depth_multiplier], 1)?;
        check_sizes("filters:", &[self.filters], 1)?;
        let channels = picture[2];
        let depthwise = Sliding {
            filters: channels.saturating_mul(self.depth_multiplier),
            groups: channels,
            ..sliding
        };
        let depthwise = depthwise.checked(picture)?;
        let one = Window([1, 1]);
        let pointwise = Sliding::over_picture(self.filters, one, one, Padding::Valid);
        let pointwise = pointwise.checked(output_picture(&depthwise))?;
        debug_assert_eq!(pointwise.padding, Padding2::default());
        Ok([depthwise, pointwise])
    }

    /// Declares the depthwise kernel of a window, the pointwise one and, where there is one, the
    /// bias.
    pub(super) fn weights(
        &self,
        emit: &mut Emit<'_>,
        window: &[usize],
        depthwise: &Geometry,
    ) -> Result<Vec<Weight>, BuildError> {
        let (channels, between) = (depthwise.channels, depthwise.filters);
        let cells: usize = window.iter().product();
        // Keras counts all channels and a channel's filters, though no filter sees them all.
        let fans = [cells * channels, cells * self.depth_multiplier];
        let shape = [window, &[channels, self.depth_multiplier]].concat();
        let initializer = self.depthwise_initializer;
        let depthwise = emit.parameter("depthwise_kernel", shape, initializer, fans)?;
        emit.demand(depthwise, self.depthwise_regularizer.into())?;
        let fans = [between, self.filters];
        let shape = [&vec![1; window.len()][..], &fans].concat();
        let initializer = self.pointwise_initializer;
        let pointwise = emit.parameter("pointwise_kernel", shape, initializer, fans)?;
        emit.demand(pointwise, self.pointwise_regularizer.into())?;
        let mut weights = vec![depthwise, pointwise];
        if self.use_bias {
            let bias = emit.parameter("bias", [self.filters], self.bias_initializer, fans)?;
            emit.demand(bias, self.bias_regularizer.into())?;
            weights.push(bias);
        }
        Ok(weights)
    }
}
