//! What the layers around a convolution share.

use serde::{Deserialize, Serialize};

use super::window::{Padding, Window, check_sizes};
use crate::KernelDemands;
use crate::error::BuildError;
use crate::kernels::convolution::{Geometry, Padding2};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};

/// What surrounds the input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Surround {
    Padding(Padding),
    /// Along the columns, only before them, so that no output sees what comes later.
    Causal,
}

/// Declares the settings of layers whose kernel slides over a sequence: padding, stride and dilation
/// rate.
macro_rules! sequence_settings {
    ($layer:ty) => {
        impl $layer {
            /// No padding: the output is shorter than the input.
            pub fn valid(mut self) -> Self {
                self.padding = Sides::Valid;
                self
            }

            /// Padding on both sides that keeps the length, for stride 1.
            pub fn same(mut self) -> Self {
                self.padding = Sides::Same;
                self
            }

            /// Padding before the first step that keeps the length, for stride 1: an output
            /// depends on its own and earlier steps alone (van den Oord et al. 2016, "WaveNet: a
            /// generative model for raw audio", section 2.1).
            pub fn causal(mut self) -> Self {
                self.padding = Sides::Causal;
                self
            }

            settings! {
                /// Steps from one position to the next.
                stride: usize,
                /// Distance between the steps that a kernel looks at. Only one of stride and dilation
                /// rate may be above 1.
                dilation_rate: usize,
            }
        }
    };
}
pub(super) use sequence_settings;

/// What surrounds a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sides {
    Valid,
    Same,
    Causal,
}

impl Sides {
    pub(super) fn surround(self) -> Surround {
        match self {
            Sides::Valid => Surround::Padding(Padding::Valid),
            Sides::Same => Surround::Padding(Padding::Same),
            Sides::Causal => Surround::Causal,
        }
    }
}

/// The settings of a layer's convolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sliding {
    pub(crate) filters: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
    pub(crate) surround: Surround,
    /// How many of the two axes the layer speaks of; the others, first, are of size 1.
    pub(crate) axes: usize,
}

impl Sliding {
    /// Over a picture, without dilation and groups.
    pub(crate) fn over_picture(
        filters: usize,
        kernel: Window,
        stride: Window,
        padding: Padding,
    ) -> Self {
        Sliding {
            filters,
            kernel: kernel.0,
            stride: stride.0,
            dilation: [1, 1],
            groups: 1,
            surround: Surround::Padding(padding),
            axes: 2,
        }
    }

    /// The shape on an input `[height, width, channels]`, if it fits.
    pub(crate) fn checked(&self, picture: [usize; 3]) -> Result<Geometry, BuildError> {
        self.check()?;
        let (filters, groups, channels) = (self.filters, self.groups, picture[2]);
        if !channels.is_multiple_of(groups) {
            return Err(BuildError::input(
                format!("a number of channels that its {groups} groups divide"),
                "choose other groups",
            ));
        }
        if !filters.is_multiple_of(groups) {
            return Err(BuildError::configuration(format!(
                "has {filters} filters in {groups} groups"
            ))
            .with_hint("the groups must divide the filters"));
        }
        let geometry = self.geometry(picture);
        if geometry.output_height() == 0 || geometry.output_width() == 0 {
            return Err(self.misfit());
        }
        let [rows, columns] = self.kernel;
        let kernel = [rows, columns, channels / groups, filters];
        check_held(kernel, output_picture(&geometry))?;
        let deepest = if groups > 1 {
            channels.max(filters)
        } else {
            channels
        };
        let (rows, columns) = (geometry.padding.rows(), geometry.padding.columns());
        let padded = [picture[0] + rows, picture[1] + columns, deepest];
        if !holds_at_most(&padded, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would pad its input to {padded:?}, more than {MOST_VALUES} values"
            ))
            .with_hint("make its kernel, its dilation rate or its padding smaller"));
        }
        Ok(geometry)
    }

    fn check(&self) -> Result<(), BuildError> {
        let of = 2 - self.axes;
        let (stride, dilation) = (&self.stride[of..], &self.dilation[of..]);
        check_sizes("a kernel of", &self.kernel[of..], 1)?;
        check_sizes("a stride of", stride, 1)?;
        check_sizes("a dilation rate of", dilation, 1)?;
        check_sizes("filters:", &[self.filters], 1)?;
        check_sizes("groups:", &[self.groups], 1)?;
        if let Surround::Padding(Padding::Explicit(around)) = self.surround {
            check_sizes("a padding of", &around[of..], 0)?;
        }
        let above_one = |sizes: &[usize]| sizes.iter().any(|&size| size > 1);
        if above_one(stride) && above_one(dilation) {
            return Err(BuildError::configuration(format!(
                "has a stride of {stride:?} and a dilation rate of {dilation:?}"
            ))
            .with_hint("only one of them may be above 1"));
        }
        Ok(())
    }

    /// The shape on an input, with settings that make sense.
    fn geometry(&self, [height, width, channels]: [usize; 3]) -> Geometry {
        let mut geometry = Geometry {
            height,
            width,
            channels,
            filters: self.filters,
            kernel: self.kernel,
            stride: self.stride,
            padding: Padding2::default(),
            dilation: self.dilation,
            groups: self.groups,
        };
        let reach = geometry.reach();
        geometry.padding = match self.surround {
            Surround::Padding(padding) => padding.around([height, width], reach, self.stride),
            Surround::Causal => Padding2 {
                left: reach[1] - 1,
                ..Padding2::default()
            },
        };
        geometry
    }

    fn misfit(&self) -> BuildError {
        let of = 2 - self.axes;
        let kernel = &self.kernel[of..];
        let dilation = match self.dilation {
            [1, 1] => String::new(),
            _ => format!(" at a dilation rate of {:?}", &self.dilation[of..]),
        };
        let input = ["a sequence", "a picture"][self.axes - 1];
        BuildError::input(
            format!("{input} that its kernel {kernel:?}{dilation} fits into"),
            "use a smaller kernel, padding, or fewer pooling layers before it",
        )
    }
}

/// Refuses a kernel or an output that no machine holds.
pub(crate) fn check_held(kernel: [usize; 4], output: [usize; 3]) -> Result<(), BuildError> {
    match holds_at_most(&kernel, MOST_PARAMETERS) && holds_at_most(&output, MOST_VALUES) {
        true => Ok(()),
        false => Err(BuildError::configuration(format!(
            "would have a kernel of {kernel:?} and give {output:?}, more values than can be held"
        ))
        .with_hint("make it smaller")),
    }
}

/// Sizes of the picture that a convolution gives.
pub(crate) fn output_picture(geometry: &Geometry) -> [usize; 3] {
    [
        geometry.output_height(),
        geometry.output_width(),
        geometry.filters,
    ]
}

/// Refuses a limit on the units' norms for a kernel whose last axis is not that of the units.
pub(crate) fn check_no_norm(demands: KernelDemands) -> Result<(), BuildError> {
    match demands.kernel_constraint {
        None => Ok(()),
        Some(_) => Err(BuildError::configuration(
            "has a largest norm, which is for dense layers and plain convolutions only",
        )
        .with_hint("use a regularizer")),
    }
}
