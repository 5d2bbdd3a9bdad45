use std::fmt::Debug;
use std::sync::Arc;

use super::{Backward, Forward, Needs, Op, pass_on, sample_range};
use crate::Shape;
use crate::kernels::resampling::{FillMode, Resampling};
use crate::random::Random;

/// Values that keep where a picture's pixels come from: six numbers in double precision.
const SOURCE: usize = 12;

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

/// A random movement of a picture.
pub(crate) trait Movement: Debug + Send + Sync {
    /// Where the pixels of a picture `[height, width]` come from, for one sample.
    fn source(&self, sizes: [f64; 2], random: &Random, sample: usize) -> Affine;
}

/// Pictures moved at random while training, by one movement or by several in a row, which are done
/// in one go: a picture is resampled once. Each movement draws the numbers that it would draw on
/// its own. The gradient goes back with the weights of the interpolation.
#[derive(Debug, Clone)]
pub(crate) struct Resample {
    resampling: Resampling,
    movements: Vec<Arc<dyn Movement>>,
}

impl Resample {
    /// One movement of pictures `[height, width, channels]`.
    pub(crate) fn new(
        [height, width, channels]: [usize; 3],
        fill: FillMode,
        movement: Arc<dyn Movement>,
    ) -> Self {
        Resample {
            resampling: Resampling {
                height,
                width,
                channels,
                fill,
            },
            movements: vec![movement],
        }
    }

    /// With the movements that come after it, where they fill the edges in the same way.
    pub(crate) fn then(&self, next: &Resample) -> Option<Self> {
        (self.resampling.fill == next.resampling.fill).then(|| {
            let mut both = self.clone();
            both.movements.extend(next.movements.iter().cloned());
            both
        })
    }
}

impl Op for Resample {
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            keep: SOURCE,
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        self.resampling.scratch_len()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        if !pass.training {
            output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shapes[0].values();
        let sizes = [self.resampling.height, self.resampling.width].map(|size| size as f64);
        for (sample, kept) in pass.keep.chunks_exact_mut(SOURCE).enumerate() {
            let place = pass.first_sample + sample;
            // The last movement's pixels come from the one before it, and so on to the input.
            let draw = |source: Affine, (number, movement): (usize, &Arc<dyn Movement>)| {
                source.of(movement.source(sizes, &pass.random.of_following_op(number), place))
            };
            let movements = self.movements.iter().enumerate();
            let Affine(source) = movements.fold(Affine::IDENTITY, draw);
            kept.copy_from_slice(&bytemuck::cast::<[f64; 6], [f32; SOURCE]>(source));
            let range = sample_range(sample, values);
            let (input, output) = (&input[range.clone()], &mut output[range]);
            self.resampling
                .forward(&source, input, output, pass.scratch);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if !pass.training {
            return pass_on(pass);
        }
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values();
        for (sample, kept) in pass.keep.as_chunks::<SOURCE>().0.iter().enumerate() {
            let range = sample_range(sample, values);
            self.resampling.backward(
                &bytemuck::cast(*kept),
                &pass.output_gradients[0][range.clone()],
                &mut input_gradient[range],
                pass.scratch,
            );
        }
    }
}
