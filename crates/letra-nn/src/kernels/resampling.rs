//! A picture seen through an affine map, with bilinear interpolation, and the adjoint of that.

use super::simd::{dispatch, kernel};

/// What lies beyond the edge of a picture; names and meanings are Keras's. The examples show
/// what surrounds the row a b c d.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillMode {
    /// The given value: k k k k | a b c d | k k k k
    Constant(f32),
    /// The nearest pixel: a a a a | a b c d | d d d d
    Nearest,
    /// The picture mirrored at its edge: d c b a | a b c d | d c b a
    Reflect,
    /// The picture again: a b c d | a b c d | a b c d
    Wrap,
}

/// Pictures `[height, width, channels]` and what lies beyond their edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// Rows, at least 1.
    pub height: usize,
    /// Columns, at least 1.
    pub width: usize,
    /// Channels, at least 1.
    pub channels: usize,
    /// What lies beyond the edges.
    pub fill: FillMode,
}

/// Where each pixel of the output comes from: the pixel in column x and row y from column
/// m₀ x + m₁ y + m₂ and row m₃ x + m₄ y + m₅ of the input.
pub type Source = [f64; 6];

/// Pixels that are worked on together.
const BLOCK: usize = 16;

impl Resampling {
    /// Values of scratch space that both passes need: the picture with a rim of one pixel.
    pub fn scratch_len(&self) -> usize {
        (self.height + 2) * self.stride()
    }

    /// Values in a row of the picture with its rim.
    fn stride(&self) -> usize {
        (self.width + 2) * self.channels
    }

    fn picture_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Row or column of the picture that one of the rimmed picture repeats; none where it is
    /// filled with a constant.
    fn origin(&self, place: usize, size: usize) -> Option<usize> {
        match (place, self.fill) {
            (place, _) if (1..=size).contains(&place) => Some(place - 1),
            (_, FillMode::Constant(_)) => None,
            (0, FillMode::Wrap) => Some(size - 1),
            (0, _) => Some(0),
            (_, FillMode::Wrap) => Some(0),
            _ => Some(size - 1),
        }
    }

    /// output[y, x] = input at the place that `source` gives, mixed from the four pixels
    /// around it.
    pub fn forward(&self, source: &Source, input: &[f32], output: &mut [f32], scratch: &mut [f32]) {
        let rimmed = &mut scratch[..self.scratch_len()];
        self.rim(&input[..self.picture_len()], rimmed);
        let output = &mut output[..self.picture_len()];
        dispatch(Forward {
            resampling: self,
            source,
            rimmed,
            output,
        });
    }

    /// The gradient of the input: what each of its pixels gave to the output.
    pub fn backward(
        &self,
        source: &Source,
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let rimmed = &mut scratch[..self.scratch_len()];
        rimmed.fill(0.0);
        dispatch(Backward {
            resampling: self,
            source,
            output_gradient: &output_gradient[..self.picture_len()],
            rimmed,
        });
        self.add_rim(rimmed, &mut input_gradient[..self.picture_len()]);
    }

    /// Copies the picture and surrounds it by one pixel of what lies beyond its edges.
    fn rim(&self, input: &[f32], rimmed: &mut [f32]) {
        let (channels, row_len) = (self.channels, self.width * self.channels);
        let constant = match self.fill {
            FillMode::Constant(value) => value,
            _ => 0.0,
        };
        for (place, row) in rimmed.chunks_exact_mut(self.stride()).enumerate() {
            let Some(y) = self.origin(place, self.height) else {
                row.fill(constant);
                continue;
            };
            let input = &input[y * row_len..][..row_len];
            row[channels..][..row_len].copy_from_slice(input);
            for column in [0, self.width + 1] {
                let pixel = &mut row[column * channels..][..channels];
                match self.origin(column, self.width) {
                    Some(x) => pixel.copy_from_slice(&input[x * channels..][..channels]),
                    None => pixel.fill(constant),
                }
            }
        }
    }

    /// The adjoint of `rim`: what the rim was given goes to the pixels that it repeats.
    fn add_rim(&self, rimmed: &[f32], gradient: &mut [f32]) {
        let (channels, row_len) = (self.channels, self.width * self.channels);
        for (y, row) in gradient.chunks_exact_mut(row_len).enumerate() {
            let rimmed = &rimmed[(y + 1) * self.stride() + channels..];
            row.copy_from_slice(&rimmed[..row_len]);
        }
        for place in 0..self.height + 2 {
            let Some(y) = self.origin(place, self.height) else {
                continue;
            };
            let inner = (1..=self.height).contains(&place);
            for column in 0..self.width + 2 {
                if inner && (1..=self.width).contains(&column) {
                    continue;
                }
                let Some(x) = self.origin(column, self.width) else {
                    continue;
                };
                let from = &rimmed[place * self.stride() + column * channels..][..channels];
                let to = &mut gradient[y * row_len + x * channels..][..channels];
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }

    /// The places in the rimmed picture that the pixels from column `first` of row `y` come
    /// from.
    #[inline(always)]
    fn places(&self, source: &Source, y: usize, first: usize) -> Places {
        let [xx, xy, x0, yx, yy, y0] = *source;
        // In single precision from the block's first pixel only, so that errors stay small.
        let (row, first) = (y as f64, first as f64);
        let column_0 = (xx * first + xy * row + x0) as f32;
        let row_0 = (yx * first + yy * row + y0) as f32;
        let (mut columns, mut rows) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (i, (column, row)) in columns.iter_mut().zip(&mut rows).enumerate() {
            *column = xx as f32 * i as f32 + column_0;
            *row = yx as f32 * i as f32 + row_0;
        }
        let (left, right) = self.split(&mut columns, self.width);
        let (top, below) = self.split(&mut rows, self.height);
        let mut at = [0; BLOCK];
        for ((at, left), top) in at.iter_mut().zip(left).zip(top) {
            *at = top * self.stride() as u32 + left * self.channels as u32;
        }
        Places { at, right, below }
    }

    /// Splits coordinates along an axis into pixels of the rimmed picture and the shares of
    /// the ones behind them.
    #[inline(always)]
    fn split(&self, coordinates: &mut [f32; BLOCK], size: usize) -> ([u32; BLOCK], [f32; BLOCK]) {
        let length = size as f32;
        // Beyond one pixel outside, all is constant, or folded into the picture.
        let (least, most) = match self.fill {
            FillMode::Constant(_) => (-1.0, length),
            FillMode::Nearest => (0.0, length - 1.0),
            FillMode::Reflect => {
                for s in coordinates.iter_mut() {
                    let from_edge = *s + 0.5;
                    let period = 2.0 * length;
                    let folded = from_edge - period * (from_edge / period).floor();
                    *s = length - (length - folded).abs() - 0.5;
                }
                (0.0, length - 1.0)
            }
            FillMode::Wrap => {
                for s in coordinates.iter_mut() {
                    *s -= length * (*s / length).floor();
                }
                (0.0, length)
            }
        };
        let (mut pixels, mut shares) = ([0; BLOCK], [0.0; BLOCK]);
        for ((s, pixel), share) in coordinates.iter().zip(&mut pixels).zip(&mut shares) {
            let s = if *s > least { *s } else { least };
            let s = (if s < most { s } else { most }) + 1.0;
            let whole = (s as i32).min(size as i32);
            *pixel = whole as u32;
            *share = s - whole as f32;
        }
        (pixels, shares)
    }
}

/// Where pixels come from: the upper left of four pixels of the rimmed picture, and the
/// shares of those to the right and below.
struct Places {
    at: [u32; BLOCK],
    right: [f32; BLOCK],
    below: [f32; BLOCK],
}

kernel! {
    struct Forward<'a>(
        resampling: &'a Resampling,
        source: &'a Source,
        rimmed: &'a [f32],
        output: &'a mut [f32]
    ) {
        let Resampling { width, channels, .. } = *resampling;
        let stride = resampling.stride();
        for (y, row) in output.chunks_exact_mut(width * channels).enumerate() {
            for (block, pixels) in row.chunks_mut(BLOCK * channels).enumerate() {
                let places = resampling.places(source, y, block * BLOCK);
                let Places { at, right, below } = &places;
                for (i, pixel) in pixels.chunks_exact_mut(channels).enumerate() {
                    let (right, below) = (right[i], below[i]);
                    let corner = &rimmed[at[i] as usize..][..stride + 2 * channels];
                    let (upper, lower) = corner.split_at(stride);
                    if let [value] = pixel {
                        let top = upper[0] + right * (upper[1] - upper[0]);
                        let bottom = lower[0] + right * (lower[1] - lower[0]);
                        *value = top + below * (bottom - top);
                        continue;
                    }
                    for (c, value) in pixel.iter_mut().enumerate() {
                        let top = upper[c] + right * (upper[channels + c] - upper[c]);
                        let bottom = lower[c] + right * (lower[channels + c] - lower[c]);
                        *value = top + below * (bottom - top);
                    }
                }
            }
        }
    }
}

kernel! {
    struct Backward<'a>(
        resampling: &'a Resampling,
        source: &'a Source,
        output_gradient: &'a [f32],
        rimmed: &'a mut [f32]
    ) {
        let Resampling { width, channels, .. } = *resampling;
        let stride = resampling.stride();
        for (y, row) in output_gradient.chunks_exact(width * channels).enumerate() {
            for (block, pixels) in row.chunks(BLOCK * channels).enumerate() {
                let places = resampling.places(source, y, block * BLOCK);
                let Places { at, right, below } = &places;
                for (i, pixel) in pixels.chunks_exact(channels).enumerate() {
                    let (right, below) = (right[i], below[i]);
                    let corner = &mut rimmed[at[i] as usize..][..stride + 2 * channels];
                    let (upper, lower) = corner.split_at_mut(stride);
                    for (c, gradient) in pixel.iter().enumerate() {
                        let bottom = below * gradient;
                        let top = gradient - bottom;
                        upper[channels + c] += right * top;
                        upper[c] += top - right * top;
                        lower[channels + c] += right * bottom;
                        lower[c] += bottom - right * bottom;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::noise::Noise;
    use crate::kernels::simd::tests::on_each_instruction_set;

    const FILLS: [FillMode; 4] = [
        FillMode::Constant(0.25),
        FillMode::Nearest,
        FillMode::Reflect,
        FillMode::Wrap,
    ];

    /// Pixel of the endless picture along one axis; none where it is constant.
    fn endless(fill: FillMode, place: i64, size: usize) -> Option<usize> {
        let size = size as i64;
        let inside = match fill {
            FillMode::Constant(_) => (0..size).contains(&place).then_some(place)?,
            FillMode::Nearest => place.clamp(0, size - 1),
            FillMode::Wrap => place.rem_euclid(size),
            FillMode::Reflect => {
                let folded = place.rem_euclid(2 * size);
                folded.min(2 * size - 1 - folded)
            }
        };
        Some(inside as usize)
    }

    /// Visits the pixels that an output pixel is mixed of, with their shares.
    fn mixture(of: &Resampling, source: &Source, mut visit: impl FnMut(usize, Option<usize>, f64)) {
        let m = source;
        for y in 0..of.height {
            for x in 0..of.width {
                let (fx, fy) = (x as f64, y as f64);
                let column = m[0] * fx + m[1] * fy + m[2];
                let row = m[3] * fx + m[4] * fy + m[5];
                for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let (r, c) = (row.floor() as i64 + down, column.floor() as i64 + right);
                    let share = (1.0 - (row - r as f64).abs()) * (1.0 - (column - c as f64).abs());
                    let pixel = endless(of.fill, r, of.height)
                        .zip(endless(of.fill, c, of.width))
                        .map(|(r, c)| r * of.width + c);
                    visit(y * of.width + x, pixel, share);
                }
            }
        }
    }

    fn random_case(noise: &mut Noise) -> (Resampling, Source) {
        let of = Resampling {
            height: noise.between(1, 20),
            width: noise.between(1, 40),
            channels: noise.between(1, 5),
            fill: FILLS[noise.between(0, 3)],
        };
        let v: Vec<f64> = noise.values(6).into_iter().map(f64::from).collect();
        let (w, h) = (of.width as f64, of.height as f64);
        let source = [
            1.0 + v[0],
            v[1],
            3.0 * w * v[2],
            v[3],
            1.0 + v[4],
            3.0 * h * v[5],
        ];
        (of, source)
    }

    #[test]
    fn agrees_with_its_twin() {
        let mut noise = Noise::new(31);
        for _ in 0..150 {
            let (of, source) = random_case(&mut noise);
            let input = noise.values(of.picture_len());
            let gradient = noise.values(of.picture_len());
            let mut wanted = vec![0.0; of.picture_len()];
            let mut wanted_back = vec![0.0; of.picture_len()];
            mixture(&of, &source, |to, from, share| {
                for c in 0..of.channels {
                    let to = to * of.channels + c;
                    wanted[to] += match (from, of.fill) {
                        (Some(from), _) => share * f64::from(input[from * of.channels + c]),
                        (None, FillMode::Constant(value)) => share * f64::from(value),
                        _ => unreachable!("only a constant has no pixel"),
                    };
                    if let Some(from) = from {
                        wanted_back[from * of.channels + c] += share * f64::from(gradient[to]);
                    }
                }
            });
            // Coordinates of up to a few hundred are exact to some 1e-5.
            let most = wanted_back
                .iter()
                .fold(1.0_f64, |most, v| most.max(v.abs()));
            on_each_instruction_set(|| {
                let mut scratch = vec![f32::NAN; of.scratch_len()];
                let mut output = vec![f32::NAN; of.picture_len()];
                of.forward(&source, &input, &mut output, &mut scratch);
                for (found, wanted) in output.iter().zip(&wanted) {
                    assert!(
                        (f64::from(*found) - wanted).abs() < 1e-4,
                        "{of:?} {source:?}"
                    );
                }
                of.backward(&source, &gradient, &mut output, &mut scratch);
                for (found, wanted) in output.iter().zip(&wanted_back) {
                    let error = (f64::from(*found) - wanted).abs();
                    assert!(error < 1e-4 * most, "{of:?} {source:?}");
                }
            });
        }
    }

    #[test]
    fn the_identity_and_whole_shifts_move_values_exactly() {
        let mut noise = Noise::new(32);
        for fill in FILLS {
            let of = Resampling {
                height: 9,
                width: 21,
                channels: 2,
                fill,
            };
            let input = noise.values(of.picture_len());
            for (right, down) in [(0, 0), (1, 0), (-3, 2), (20, -8), (40, 13)] {
                let source = [1.0, 0.0, -right as f64, 0.0, 1.0, -down as f64];
                on_each_instruction_set(|| {
                    let mut output = vec![f32::NAN; of.picture_len()];
                    let mut scratch = vec![f32::NAN; of.scratch_len()];
                    of.forward(&source, &input, &mut output, &mut scratch);
                    for (place, found) in output.iter().enumerate() {
                        let (pixel, c) = (place / 2, place % 2);
                        let (y, x) = ((pixel / 21) as i64, (pixel % 21) as i64);
                        let from = endless(fill, y - down, 9).zip(endless(fill, x - right, 21));
                        let wanted = match from {
                            Some((y, x)) => input[(y * 21 + x) * 2 + c],
                            None => 0.25,
                        };
                        assert_eq!(*found, wanted, "{fill:?}, {right} and {down}");
                    }
                });
            }
        }
    }
}
