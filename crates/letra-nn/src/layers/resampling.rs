//! What the layers that move pictures at random have in common. Each says where the pixels
//! of its output come from; several in a row become one, so that a picture is resampled once.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Build, Layer, RandomRotation, RandomTranslation, RandomZoom, picture, sample_range,
    single_input,
};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::resampling::{FillMode, Resampling};
use crate::plan::pass::{Backward, Forward};
use crate::random::Random;

/// The range that a number is drawn from, each value as likely as any other. One number *f*
/// stands for −*f* to *f*, a pair for its lower and upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    lower: f32,
    upper: f32,
}

impl From<f32> for Factor {
    fn from(factor: f32) -> Self {
        Factor {
            lower: -factor.abs(),
            upper: factor.abs(),
        }
    }
}

impl From<[f32; 2]> for Factor {
    fn from([lower, upper]: [f32; 2]) -> Self {
        Factor { lower, upper }
    }
}

impl Factor {
    /// Refuses what is no range between `least` and `most`.
    pub(crate) fn check(self, name: &str, least: f32, most: f32) -> Result<(), BuildError> {
        let Factor { lower, upper } = self;
        if least <= lower && lower <= upper && upper <= most {
            return Ok(());
        }
        Err(BuildError::configuration(format!(
            "has a {name} from {lower} to {upper}: give one number, or a lower and an upper bound, between {least} and {most}"
        )))
    }

    /// The value at a share, in [0, 1), of the range.
    pub(crate) fn at(self, share: f64) -> f64 {
        let (lower, upper) = (f64::from(self.lower), f64::from(self.upper));
        lower + (upper - lower) * share
    }
}

/// `COUNT` uniform numbers in [0, 1) for a sample.
pub(crate) fn shares<const COUNT: usize>(random: &Random, sample: usize) -> [f64; COUNT] {
    let mut words = [0; COUNT];
    random.words(sample, &mut words);
    words.map(|word| f64::from(word) / 2f64.powi(32))
}

/// Where the pixel in column *x* and row *y* comes from: column *m*₀ *x* + *m*₁ *y* + *m*₂
/// and row *m*₃ *x* + *m*₄ *y* + *m*₅.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine(pub(crate) [f64; 6]);

impl Affine {
    const IDENTITY: Affine = Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// A linear map around the middle of a picture.
    pub(crate) fn around_middle([height, width]: [f64; 2], [xx, xy, yx, yy]: [f64; 4]) -> Self {
        let (x, y) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
        Affine([xx, xy, x - xx * x - xy * y, yx, yy, y - yx * x - yy * y])
    }

    /// The place that this map gives for the place that `last` gives.
    fn of(self, last: Affine) -> Self {
        let Affine([xx, xy, x0, yx, yy, y0]) = self;
        let Affine([uu, uv, u0, vu, vv, v0]) = last;
        Affine([
            xx * uu + xy * vu,
            xx * uv + xy * vv,
            xx * u0 + xy * v0 + x0,
            yx * uu + yy * vu,
            yx * uv + yy * vv,
            yx * u0 + yy * v0 + y0,
        ])
    }
}

/// A layer that moves pictures.
pub(crate) trait Movement: Debug + Send + Sync {
    /// Refuses settings that make no sense.
    fn check(&self) -> Result<(), BuildError>;

    /// What lies beyond the edges.
    fn fill(&self) -> FillMode;

    /// Where the pixels of a picture `[height, width]` come from, for one sample.
    fn source(&self, sizes: [f64; 2], random: &Random, sample: usize) -> Affine;
}

/// Makes a [`Movement`] with a field `fill_mode` a layer.
macro_rules! moves_pictures {
    ($layer:ty, $kind:literal) => {
        impl $layer {
            /// What lies beyond the edges of a picture.
            pub fn fill_mode(mut self, fill_mode: FillMode) -> Self {
                self.fill_mode = fill_mode;
                self
            }
        }

        impl Layer for $layer {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn configuration(&self) -> serde_json::Value {
                serde_json::json!(self)
            }

            fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
                Moves::new(self.clone()).build(inputs, build)
            }

            fn forward(&self, pass: &mut Forward<'_>) {
                resampling::forward(std::iter::once(self as &dyn Movement), self.fill(), pass);
            }

            fn backward(&self, pass: &mut Backward<'_>) {
                resampling::backward(self.fill(), pass);
            }

            /// Takes in movements behind it that fill the edges in the same way.
            fn fuse(&self, next: &dyn Layer) -> Option<Box<dyn Layer>> {
                Moves::new(self.clone()).fuse(next)
            }
        }
    };
}
pub(super) use moves_pictures;

/// Movements one behind the other, done in one go. Each draws the numbers that it would
/// draw on its own.
#[derive(Debug, Clone)]
pub(crate) struct Moves {
    movements: Vec<Arc<dyn Movement>>,
    fill: FillMode,
}

impl Moves {
    pub(super) fn new(movement: impl Movement + 'static) -> Self {
        Moves {
            fill: movement.fill(),
            movements: vec![Arc::new(movement)],
        }
    }

    /// A layer as movements, if it moves pictures.
    fn from_layer(layer: &dyn Layer) -> Option<Self> {
        let layer: &dyn Any = layer;
        None.or_else(|| Some(Moves::new(layer.downcast_ref::<RandomRotation>()?.clone())))
            .or_else(|| {
                Some(Moves::new(
                    layer.downcast_ref::<RandomTranslation>()?.clone(),
                ))
            })
            .or_else(|| Some(Moves::new(layer.downcast_ref::<RandomZoom>()?.clone())))
    }
}

impl Layer for Moves {
    fn kind(&self) -> &'static str {
        "moves"
    }

    /// Never saved: only a plan has this layer.
    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        for movement in &self.movements {
            movement.check()?;
        }
        check_fill(self.fill)?;
        let input = single_input(inputs)?;
        let resampling = resampling(input, self.fill)?;
        build.keep(SOURCE);
        build.scratch(move |_| resampling.scratch_len());
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        forward(
            self.movements.iter().map(|movement| &**movement),
            self.fill,
            pass,
        );
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        backward(self.fill, pass);
    }

    fn fuse(&self, next: &dyn Layer) -> Option<Box<dyn Layer>> {
        let next = Moves::from_layer(next)?;
        (self.fill == next.fill).then(|| {
            let mut fused = self.clone();
            fused.movements.extend(next.movements);
            Box::new(fused) as Box<dyn Layer>
        })
    }
}

/// Values that keep where a picture's pixels come from: six numbers in double precision.
const SOURCE: usize = 12;

fn check_fill(fill: FillMode) -> Result<(), BuildError> {
    match fill {
        FillMode::Constant(value) if !value.is_finite() => Err(BuildError::configuration(format!(
            "fills the edges with {value}: give it a finite number"
        ))),
        _ => Ok(()),
    }
}

fn resampling(input: &Shape, fill: FillMode) -> Result<Resampling, BuildError> {
    let [height, width, channels] = picture(input)?;
    Ok(Resampling {
        height,
        width,
        channels,
        fill,
    })
}

pub(super) fn forward<'a>(
    movements: impl Iterator<Item = &'a dyn Movement> + Clone,
    fill: FillMode,
    pass: &mut Forward<'_>,
) {
    let input = pass.input(0);
    if !pass.training {
        pass.output.copy_from_slice(input);
        return;
    }
    let shape = pass.input_shape(0);
    let resampling = resampling(shape, fill).expect("build checked the input");
    let sizes = [resampling.height as f64, resampling.width as f64];
    for (sample, kept) in pass.keep.chunks_exact_mut(SOURCE).enumerate() {
        let place = pass.first_sample + sample;
        // The last layer's pixels come from the layer before it, and so on to the input.
        let draw = |source: Affine, (number, movement): (usize, &dyn Movement)| {
            source.of(movement.source(sizes, &pass.random.of_following_node(number), place))
        };
        let Affine(source) = movements.clone().enumerate().fold(Affine::IDENTITY, draw);
        kept.copy_from_slice(&bytemuck::cast::<[f64; 6], [f32; SOURCE]>(source));
        let range = sample_range(sample, shape.values());
        let output = &mut pass.output[range.clone()];
        resampling.forward(&source, &input[range], output, pass.scratch);
    }
}

pub(super) fn backward(fill: FillMode, pass: &mut Backward<'_>) {
    let shape = pass.input_shape(0);
    let Some(input_gradient) = pass.input_gradients.get(0) else {
        return;
    };
    if !pass.training {
        input_gradient.copy_from_slice(pass.output_gradient);
        return;
    }
    let resampling = resampling(shape, fill).expect("build checked the input");
    for (sample, kept) in pass.keep.as_chunks::<SOURCE>().0.iter().enumerate() {
        let range = sample_range(sample, shape.values());
        resampling.backward(
            &bytemuck::cast(*kept),
            &pass.output_gradient[range.clone()],
            &mut input_gradient[range],
            pass.scratch,
        );
    }
}
