//! What the layers around a convolution share.

use std::any::Any;
use std::sync::Arc;

use super::window::{Padding, check_sizes};
use super::{Activation, ActivationFunction, Build, Layer, MaxPool1d, MaxPool2d};
use crate::error::BuildError;
use crate::kernels::activation;
use crate::kernels::convolution::{Convolution, Geometry, Padding2, Pool};
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};

/// Number of the kernel among a layer's parameters.
pub(crate) const KERNEL: usize = 0;
/// Number of the bias.
pub(crate) const BIAS: usize = 1;

/// What surrounds the input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Surround {
    Padding(Padding),
    /// Along the columns, only before them, so that no output sees what comes later.
    Causal,
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
                "has {filters} filters in {groups} groups: the groups must divide the filters"
            )));
        }
        let geometry = self.geometry(picture);
        if geometry.output_height() == 0 || geometry.output_width() == 0 {
            return Err(self.misfit());
        }
        let [rows, columns] = self.kernel;
        let kernel = [rows, columns, channels / groups, filters];
        let output = [geometry.output_height(), geometry.output_width(), filters];
        if !holds_at_most(&kernel, MOST_PARAMETERS) || !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would have a kernel of {kernel:?} and give {output:?}, more values than can be held: make it smaller"
            )));
        }
        let Padding2 {
            top,
            bottom,
            left,
            right,
        } = geometry.padding;
        let deepest = if groups > 1 {
            channels.max(filters)
        } else {
            channels
        };
        let padded = [
            picture[0] + top + bottom,
            picture[1] + left + right,
            deepest,
        ];
        if !holds_at_most(&padded, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would pad its input to {padded:?}, more than {MOST_VALUES} values: make its kernel, its dilation rate or its padding smaller"
            )));
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
                "has a stride of {stride:?} and a dilation rate of {dilation:?}: only one of them may be above 1"
            )));
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

/// Asks for what a convolution needs; the passes below use it.
pub(crate) fn declare(
    build: &mut Build,
    geometry: Geometry,
    activation: ActivationFunction,
    pool: Option<[usize; 2]>,
) {
    let relu = activation == ActivationFunction::Relu;
    let pool = pool.map(|[height, width]| Pool { height, width });
    let convolution = Arc::new(Convolution::new(geometry, relu, pool));
    build.prepared(convolution.prepared_len());
    // Behind what the convolution keeps, the pre-activations that its tail needs.
    let kept = tail(activation)
        .kept(geometry.output_height() * geometry.output_width() * geometry.filters);
    build.keep(convolution.keep_len() + kept);
    build.built(Arc::clone(&convolution));
    build.scratch(move |samples| convolution.scratch_len(samples));
}

/// Height and width of the output, behind a pool if there is one.
pub(crate) fn output_sizes(geometry: &Geometry, pool: Option<[usize; 2]>) -> [usize; 2] {
    let [height, width] = pool.unwrap_or([1, 1]);
    [
        geometry.output_height() / height,
        geometry.output_width() / width,
    ]
}

/// The function behind a convolution that the convolution itself does not include.
fn tail(function: ActivationFunction) -> ActivationFunction {
    match function {
        ActivationFunction::Relu => ActivationFunction::Linear,
        other => other,
    }
}

pub(crate) fn prepare(pass: &mut Prepare<'_>) {
    pass.built::<Arc<Convolution>>()
        .prepare(pass.parameters.get(KERNEL), pass.prepared);
}

pub(crate) fn forward(pass: &mut Forward<'_>, function: ActivationFunction, use_bias: bool) {
    let (input, convolution) = (pass.input(0), pass.built::<Arc<Convolution>>());
    let codes = match pass.keep.is_empty() {
        true => 0,
        false => pass.samples * convolution.keep_len(),
    };
    let (codes, kept) = pass.keep.split_at_mut(codes);
    convolution.forward(
        pass.samples,
        input,
        pass.parameters.get(KERNEL),
        pass.prepared,
        use_bias.then(|| pass.parameters.get(BIAS)),
        pass.output,
        (!codes.is_empty()).then_some(codes),
        pass.scratch,
    );
    let filters = convolution.geometry().filters;
    activation::forward(tail(function), filters, pass.output, kept);
}

pub(crate) fn backward(pass: &mut Backward<'_>, function: ActivationFunction, use_bias: bool) {
    let trained = !pass.frozen();
    let (input, convolution) = (pass.input(0), pass.built::<Arc<Convolution>>());
    let filters = convolution.geometry().filters;
    let (codes, kept) = pass.keep.split_at(pass.samples * convolution.keep_len());
    let delta = &mut *pass.output_gradient;
    activation::backward(tail(function), filters, pass.output, kept, delta);
    let (kernel_gradient, bias_gradient) = match use_bias {
        true => {
            let (kernel, bias) = pass.parameter_gradients.pair(KERNEL, BIAS);
            (kernel, Some(bias))
        }
        false => (pass.parameter_gradients.get(KERNEL), None),
    };
    convolution.backward(
        pass.samples,
        input,
        pass.parameters.get(KERNEL),
        pass.prepared,
        pass.output,
        delta,
        codes,
        pass.input_gradients.get(0),
        trained.then_some(kernel_gradient),
        bias_gradient,
        pass.scratch,
    );
}

/// What a convolution takes in from the layer behind it.
pub(crate) enum Taken {
    /// Its function.
    Function(ActivationFunction),
    /// The windows of its max pooling.
    Pool([usize; 2]),
}

/// What a convolution with the given function takes in from `next`: the function behind it,
/// or a plain max pooling behind a ReLU.
pub(crate) fn taken(
    function: ActivationFunction,
    pool: Option<[usize; 2]>,
    next: &dyn Layer,
) -> Option<Taken> {
    let next: &dyn Any = next;
    if pool.is_some() {
        return None;
    }
    if let Some(next) = next.downcast_ref::<Activation>()
        && function == ActivationFunction::Linear
    {
        return Some(Taken::Function(next.function()));
    }
    let pool = match next.downcast_ref::<MaxPool2d>() {
        Some(next) => next.plain_window()?,
        None => [1, next.downcast_ref::<MaxPool1d>()?.plain_window()?],
    };
    matches!(
        function,
        ActivationFunction::Relu | ActivationFunction::Linear
    )
    .then_some(Taken::Pool(pool))
}
