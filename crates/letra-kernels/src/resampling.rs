//! A picture seen through an affine map, with bilinear interpolation, and the adjoint of that.

use super::simd::kernel;

/// What lies beyond the edge of a picture; names and meanings are Keras's. The examples show
/// what surrounds the row a b c d.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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

/// Pixels that are worked on together: enough that the ends of vectors and rows count little,
/// few enough that all about them stays in the first-level cache.
const BLOCK: usize = 256;
/// Numbers about a pixel: its column, row and place, and the four pixels it is mixed of.
const NUMBERS: usize = 7;

impl Resampling {
    /// Values of scratch space that both passes need: the picture with a rim of one pixel, and
    /// numbers about the pixels of a block.
    pub fn scratch_len(&self) -> usize {
        self.rimmed_len() + NUMBERS * BLOCK
    }

    fn rimmed_len(&self) -> usize {
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
        let (rimmed, numbers) = scratch.split_at_mut(self.rimmed_len());
        self.rim(&input[..self.picture_len()], rimmed);
        let output = &mut output[..self.picture_len()];
        look_at(self, source, rimmed, numbers, output);
    }

    /// The gradient of the input: what each of its pixels gave to the output.
    pub fn backward(
        &self,
        source: &Source,
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (rimmed, numbers) = scratch.split_at_mut(self.rimmed_len());
        rimmed.fill(0.0);
        spread_back(
            self,
            source,
            &output_gradient[..self.picture_len()],
            rimmed,
            numbers,
        );
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

    /// Finds where the pixels from number `first` on come from.
    #[inline(always)]
    fn locate(&self, source: &Source, first: usize, places: &mut Places<'_>) {
        let Places { columns, rows, at } = places;
        let [xx, xy, x0, yx, yy, y0] = *source;
        let (mut y, mut x, mut done) = (first / self.width, first % self.width, 0);
        while done < at.len() {
            let end = at.len().min(done + self.width - x);
            // In single precision from here only, so that errors stay small. The rim adds 1.
            let (across, down) = (x as f64, y as f64);
            let column_0 = (xx * across + xy * down + x0 + 1.0) as f32;
            let row_0 = (yx * across + yy * down + y0 + 1.0) as f32;
            let pixels = columns[done..end].iter_mut().zip(&mut rows[done..end]);
            for (i, (column, row)) in pixels.enumerate() {
                *column = xx as f32 * i as f32 + column_0;
                *row = yx as f32 * i as f32 + row_0;
            }
            (y, x, done) = (y + 1, 0, end);
        }
        let bounds = [self.fold(columns, self.width), self.fold(rows, self.height)];
        let (width, height) = (self.width as f32, self.height as f32);
        let (stride, channels) = (self.stride() as u32, self.channels as u32);
        let pixels = columns.iter_mut().zip(rows.iter_mut());
        for ((column, row), at) in pixels.zip(at.iter_mut()) {
            let left = split(column, bounds[0], width);
            let top = split(row, bounds[1], height);
            *at = top * stride + left * channels;
        }
    }

    /// Folds coordinates of the rimmed picture along one axis into the picture where it is
    /// repeated, and returns the bounds beyond which it is constant.
    #[inline(always)]
    fn fold(&self, coordinates: &mut [f32], size: usize) -> [f32; 2] {
        let length = size as f32;
        match self.fill {
            FillMode::Constant(_) => [0.0, length + 1.0],
            FillMode::Nearest => [1.0, length],
            FillMode::Reflect => {
                let period = 2.0 * length;
                for s in coordinates {
                    let from_edge = *s - 0.5;
                    let folded = from_edge - period * (from_edge / period).floor();
                    *s = length - (length - folded).abs() + 0.5;
                }
                [1.0, length]
            }
            FillMode::Wrap => {
                for s in coordinates {
                    let inside = *s - 1.0;
                    *s = inside - length * (inside / length).floor() + 1.0;
                }
                [1.0, length + 1.0]
            }
        }
    }
}

/// Brings a coordinate within bounds, returns its whole part, at most `most`, and leaves what
/// is beyond that.
#[inline(always)]
fn split(coordinate: &mut f32, [low, high]: [f32; 2], most: f32) -> u32 {
    /// Behind it, the whole numbers below 2²³ are a number's low bits.
    const WHOLE: f32 = 8_388_608.0;
    let s = if *coordinate > low { *coordinate } else { low };
    let s = if s < high { s } else { high };
    let whole = s.floor();
    let whole = if whole < most { whole } else { most };
    *coordinate = s - whole;
    (whole + WHOLE).to_bits() - WHOLE.to_bits()
}

/// Where pixels come from.
struct Places<'a> {
    /// At first columns of the rimmed picture, then the shares of the right of two pixels.
    columns: &'a mut [f32],
    /// At first rows, then the shares of the lower of two pixels.
    rows: &'a mut [f32],
    /// The places of the upper left of four pixels in the rimmed picture.
    at: &'a mut [u32],
}

impl<'a> Places<'a> {
    /// Room for a number of pixels, and for the four pixels that each is mixed of.
    fn new(numbers: &'a mut [f32], pixels: usize) -> (Self, [&'a mut [f32]; 2]) {
        let (columns, rest) = numbers.split_at_mut(pixels);
        let (rows, rest) = rest.split_at_mut(pixels);
        let (at, rest) = rest.split_at_mut(pixels);
        let (upper, rest) = rest.split_at_mut(2 * pixels);
        let at = pulp::bytemuck::cast_slice_mut(at);
        let places = Places { columns, rows, at };
        (places, [upper, &mut rest[..2 * pixels]])
    }
}

/// The mixture of two values.
#[inline(always)]
fn mixed(share: f32, first: f32, second: f32) -> f32 {
    (1.0 - share) * first + share * second
}

kernel! {
    fn look_at(resampling: &Resampling, source: &Source, rimmed: &[f32], numbers: &mut [f32], output: &mut [f32]) {
        let (channels, stride) = (resampling.channels, resampling.stride());
        for (block, pixels) in output.chunks_mut(BLOCK * channels).enumerate() {
            let (mut places, [upper, lower]) = Places::new(numbers, pixels.len() / channels);
            resampling.locate(source, block * BLOCK, &mut places);
            let Places { columns, rows, at } = places;
            let shares = columns.iter().zip(rows.iter());
            if channels == 1 {
                // Collected first, so that the mixing is one loop over vectors.
                let (upper, lower) = (upper.as_chunks_mut::<2>().0, lower.as_chunks_mut::<2>().0);
                for ((at, upper), lower) in at.iter().zip(&mut *upper).zip(&mut *lower) {
                    let corner = &rimmed[*at as usize..][..stride + 2];
                    upper.copy_from_slice(&corner[..2]);
                    lower.copy_from_slice(&corner[stride..]);
                }
                let corners = upper.iter().zip(lower.iter());
                let pixels = pixels.iter_mut().zip(corners);
                for ((value, (upper, lower)), (right, below)) in pixels.zip(shares) {
                    let top = mixed(*right, upper[0], upper[1]);
                    let bottom = mixed(*right, lower[0], lower[1]);
                    *value = mixed(*below, top, bottom);
                }
                continue;
            }
            let pixels = pixels.chunks_exact_mut(channels).zip(at.iter());
            for ((pixel, at), (right, below)) in pixels.zip(shares) {
                let upper = &rimmed[*at as usize..][..2 * channels];
                let lower = &rimmed[*at as usize + stride..][..2 * channels];
                for (c, value) in pixel.iter_mut().enumerate() {
                    let top = mixed(*right, upper[c], upper[channels + c]);
                    let bottom = mixed(*right, lower[c], lower[channels + c]);
                    *value = mixed(*below, top, bottom);
                }
            }
        }
    }

    fn spread_back(resampling: &Resampling, source: &Source, output_gradient: &[f32], rimmed: &mut [f32], numbers: &mut [f32]) {
        let (channels, stride) = (resampling.channels, resampling.stride());
        for (block, pixels) in output_gradient.chunks(BLOCK * channels).enumerate() {
            let (mut places, _) = Places::new(numbers, pixels.len() / channels);
            resampling.locate(source, block * BLOCK, &mut places);
            let Places { columns, rows, at } = places;
            let shares = columns.iter().zip(rows.iter());
            let pixels = pixels.chunks_exact(channels).zip(at.iter());
            for ((pixel, at), (right, below)) in pixels.zip(shares) {
                let corner = &mut rimmed[*at as usize..][..stride + 2 * channels];
                let (upper, lower) = corner.split_at_mut(stride);
                for (c, gradient) in pixel.iter().enumerate() {
                    let (top, bottom) = ((1.0 - below) * gradient, below * gradient);
                    upper[c] += (1.0 - right) * top;
                    upper[channels + c] += right * top;
                    lower[c] += (1.0 - right) * bottom;
                    lower[channels + c] += right * bottom;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

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
