//! Pictures made larger by whole factors: each cell repeated, or lines between their centres.

use crate::simd::kernel;

/// Where an output lies between two inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Between {
    low: usize,
    high: usize,
    /// Weight of `high`; that of `low` is the rest of 1.
    share: f32,
}

/// What stands between the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Each cell is repeated.
    Nearest,
    /// Lines between the centres of neighbouring cells.
    Bilinear,
}

/// A picture made larger, planned once for a shape.
///
/// By the nearest cell, output i of an axis that grows s times is x\[⌊i / s⌋\]. Bilinear, output i of an axis that grows s times lies at v = (i + ½) / s − ½ of the input and is
/// (1 − t) x\[⌊v⌋\] + t x\[⌊v⌋ + 1\] with t = v − ⌊v⌋; beyond the first and the last input, it is
/// that input. Rows first, then columns.
#[derive(Clone, Debug)]
pub struct Interpolation {
    height: usize,
    width: usize,
    channels: usize,
    rows: Vec<Between>,
    columns: Vec<Between>,
}

impl Interpolation {
    /// Plans the growth of pictures `[height, width, channels]` so many times along each axis.
    pub fn new([height, width, channels]: [usize; 3], times: [usize; 2], method: Method) -> Self {
        Self {
            height,
            width,
            channels,
            rows: axis(height, times[0], method),
            columns: axis(width, times[1], method),
        }
    }

    /// Height, width and channels of the larger pictures.
    pub fn larger(&self) -> [usize; 3] {
        [self.rows.len(), self.columns.len(), self.channels]
    }

    /// Elements of scratch space that both passes want.
    pub fn line_len(&self) -> usize {
        self.width * self.channels
    }

    /// Writes the larger pictures.
    ///
    /// # Panics
    /// If a slice does not hold as many pictures as the other, or `line` is too short.
    pub fn forward(&self, input: &[f32], output: &mut [f32], line: &mut [f32]) {
        self.assert_same(input.len(), output.len());
        let line = &mut line[..self.line_len()];
        interpolate(self, input, output, line);
    }

    /// Writes the gradient of the smaller pictures.
    ///
    /// # Panics
    /// If a slice does not hold as many pictures as the other, or `line` is too short.
    pub fn backward(&self, output_gradient: &[f32], input_gradient: &mut [f32], line: &mut [f32]) {
        self.assert_same(input_gradient.len(), output_gradient.len());
        let line = &mut line[..self.line_len()];
        spread(self, output_gradient, input_gradient, line);
    }

    fn assert_same(&self, input: usize, output: usize) {
        assert_eq!(
            input * self.rows.len() * self.columns.len(),
            output * self.height * self.width,
            "as many large pictures as small ones"
        );
    }
}

fn axis(size: usize, times: usize, method: Method) -> Vec<Between> {
    let between = |output: usize| {
        if method == Method::Nearest {
            let low = output / times;
            return Between {
                low,
                high: low,
                share: 0.0,
            };
        }
        let place = (output as f64 + 0.5) / times as f64 - 0.5;
        let low = place.floor().max(0.0);
        Between {
            low: low as usize,
            high: (low as usize + usize::from(place > 0.0)).min(size - 1),
            share: (place - low).max(0.0) as f32,
        }
    };
    (0..size * times).map(between).collect()
}

kernel! {
    fn interpolate(plan: &Interpolation, input: &[f32], output: &mut [f32], line: &mut [f32]) {
        let Interpolation { height, width, channels, rows, columns } = plan;
        let (row, larger) = (width * channels, columns.len() * channels);
        let pictures = input.chunks_exact(height * row);
        for (picture, output) in pictures.zip(output.chunks_exact_mut(rows.len() * larger)) {
            for (between, output) in rows.iter().zip(output.chunks_exact_mut(larger)) {
                let low = &picture[between.low * row..][..row];
                let high = &picture[between.high * row..][..row];
                for ((value, low), high) in line.iter_mut().zip(low).zip(high) {
                    *value = (1.0 - between.share) * low + between.share * high;
                }
                for (between, cell) in columns.iter().zip(output.chunks_exact_mut(*channels)) {
                    let low = &line[between.low * channels..][..*channels];
                    let high = &line[between.high * channels..][..*channels];
                    for ((value, low), high) in cell.iter_mut().zip(low).zip(high) {
                        *value = (1.0 - between.share) * low + between.share * high;
                    }
                }
            }
        }
    }

    fn spread(plan: &Interpolation, output_gradient: &[f32], input_gradient: &mut [f32], line: &mut [f32]) {
        let Interpolation { height, width, channels, rows, columns } = plan;
        let (row, larger) = (width * channels, columns.len() * channels);
        input_gradient.fill(0.0);
        let pictures = input_gradient.chunks_exact_mut(height * row);
        for (sums, gradient) in pictures.zip(output_gradient.chunks_exact(rows.len() * larger)) {
            for (between, gradient) in rows.iter().zip(gradient.chunks_exact(larger)) {
                line.fill(0.0);
                for (between, cell) in columns.iter().zip(gradient.chunks_exact(*channels)) {
                    let low = &mut line[between.low * channels..][..*channels];
                    for (sum, value) in low.iter_mut().zip(cell) {
                        *sum += (1.0 - between.share) * value;
                    }
                    let high = &mut line[between.high * channels..][..*channels];
                    for (sum, value) in high.iter_mut().zip(cell) {
                        *sum += between.share * value;
                    }
                }
                let low = &mut sums[between.low * row..][..row];
                for (sum, value) in low.iter_mut().zip(&*line) {
                    *sum += (1.0 - between.share) * value;
                }
                let high = &mut sums[between.high * row..][..row];
                for (sum, value) in high.iter_mut().zip(&*line) {
                    *sum += between.share * value;
                }
            }
        }
    }
}
