//! What JPEG does to grey levels: blocks of frequencies, coarsely rounded.
//!
//! The entropy coding that follows in a file loses nothing, so it is left out; the picture is the
//! one that a decoder would give back.

use super::effects::Greys;

const SIDE: usize = 8;

/// The table of steps for luminance of quality 50 (ITU-T T.81, table K.1).
const STEPS: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

type Block = [[f32; SIDE]; SIDE];

/// Compresses a picture at a quality of 1 to 100 and takes it back, on a grid of 8 × 8 pixels
/// whose first line stands at `offset`, each below 8.
#[inline(always)]
pub(crate) fn compress(greys: &mut Greys, quality: u8, offset: (usize, usize)) {
    let basis = basis();
    // Frequencies come with rows and columns exchanged, and so do the steps.
    let (steps, inverses) = steps(quality);
    let (steps, inverses) = (transposed(&steps), transposed(&inverses));
    let (width, height) = (greys.width, greys.height);
    let starts = |offset: usize, length: usize| (0..length + SIDE - offset % SIDE).step_by(SIDE);
    // The block at a start covers the pixels from `start + offset - 8` on; where that is outside
    // the picture, the edge goes on.
    let at = |start: usize, offset: usize, index: usize, length: usize| {
        (start + offset % SIDE + index)
            .saturating_sub(SIDE)
            .min(length - 1)
    };
    for top in starts(offset.1, height) {
        for left in starts(offset.0, width) {
            let mut block: Block = [[0.0; SIDE]; SIDE];
            let first = left + offset.0 % SIDE;
            let whole = first >= SIDE && first <= width;
            for (row, levels) in block.iter_mut().enumerate() {
                let from = at(top, offset.1, row, height) * width;
                if whole {
                    let from = from + first - SIDE;
                    levels.copy_from_slice(&greys.levels[from..from + SIDE]);
                } else {
                    for (column, level) in levels.iter_mut().enumerate() {
                        *level = greys.levels[from + at(left, offset.0, column, width)];
                    }
                }
                levels.iter_mut().for_each(|level| *level -= 128.0);
            }
            let half = transposed(&to_frequencies(&block, &basis));
            let mut frequencies = to_frequencies(&half, &basis);
            for ((row, steps), inverses) in frequencies.iter_mut().zip(&steps).zip(&inverses) {
                for ((frequency, step), inverse) in row.iter_mut().zip(steps).zip(inverses) {
                    *frequency = nearest(*frequency * inverse) * step;
                }
            }
            let half = transposed(&to_levels(&frequencies, &basis));
            let mut block = to_levels(&half, &basis);
            for (row, levels) in block.iter_mut().enumerate() {
                let y = top + offset.1 % SIDE + row;
                if y < SIDE || y - SIDE >= height {
                    continue;
                }
                for level in levels.iter_mut() {
                    *level = (*level + 128.0).clamp(0.0, 255.0);
                }
                let target = &mut greys.levels[(y - SIDE) * width..][..width];
                if whole {
                    target[first - SIDE..first].copy_from_slice(levels);
                    continue;
                }
                for (column, level) in levels.iter().enumerate() {
                    let x = first + column;
                    if x >= SIDE && x - SIDE < width {
                        target[x - SIDE] = *level;
                    }
                }
            }
        }
    }
}

/// The nearest whole number of a moderate one: adding 1.5 × 2²³ leaves no room for a fraction.
fn nearest(value: f32) -> f32 {
    const LARGE: f32 = 12_582_912.0;
    (value + LARGE) - LARGE
}

/// The discrete cosine transform of every column, `basis · block`. Even frequencies are the same
/// from both ends, odd ones turned round, so half of the basis does.
#[inline(always)]
fn to_frequencies(block: &Block, basis: &Block) -> Block {
    let mut frequencies: Block = [[0.0; SIDE]; SIDE];
    for place in 0..SIDE / 2 {
        let (mut sums, mut differences) = ([0.0; SIDE], [0.0; SIDE]);
        for column in 0..SIDE {
            let (one, other) = (block[place][column], block[SIDE - 1 - place][column]);
            (sums[column], differences[column]) = (one + other, one - other);
        }
        for frequency in (0..SIDE).step_by(2) {
            for column in 0..SIDE {
                frequencies[frequency][column] += basis[frequency][place] * sums[column];
                frequencies[frequency + 1][column] +=
                    basis[frequency + 1][place] * differences[column];
            }
        }
    }
    frequencies
}

/// The way back: the basis turned round, times the frequencies of every column.
#[inline(always)]
fn to_levels(frequencies: &Block, basis: &Block) -> Block {
    let mut levels: Block = [[0.0; SIDE]; SIDE];
    for place in 0..SIDE / 2 {
        let (mut even, mut odd) = ([0.0; SIDE], [0.0; SIDE]);
        for frequency in (0..SIDE).step_by(2) {
            for column in 0..SIDE {
                even[column] += basis[frequency][place] * frequencies[frequency][column];
                odd[column] += basis[frequency + 1][place] * frequencies[frequency + 1][column];
            }
        }
        for column in 0..SIDE {
            levels[place][column] = even[column] + odd[column];
            levels[SIDE - 1 - place][column] = even[column] - odd[column];
        }
    }
    levels
}

/// Rows and columns exchanged.
#[inline(always)]
fn transposed(block: &Block) -> Block {
    let mut turned: Block = [[0.0; SIDE]; SIDE];
    for row in 0..SIDE {
        for column in 0..SIDE {
            turned[column][row] = block[row][column];
        }
    }
    turned
}

/// The orthonormal basis of the discrete cosine transform of type II (ITU-T T.81, A.3.3).
fn basis() -> Block {
    let mut basis = [[0.0; SIDE]; SIDE];
    for (frequency, row) in basis.iter_mut().enumerate() {
        let scale: f32 = if frequency == 0 { 0.125_f32 } else { 0.25 };
        for (place, value) in row.iter_mut().enumerate() {
            let angle = (2 * place + 1) as f32 * frequency as f32 * std::f32::consts::PI / 16.0;
            *value = scale.sqrt() * libm::cosf(angle);
        }
    }
    basis
}

/// Steps of a quality and their inverses, scaled as libjpeg does: 50 gives the table, 100 ones.
fn steps(quality: u8) -> (Block, Block) {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    let steps: Block = std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            let step = (u32::from(STEPS[row * SIDE + column]) * scale + 50) / 100;
            step.clamp(1, 255) as f32
        })
    });
    (steps, steps.map(|row| row.map(|step| 1.0 / step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize) -> Greys {
        let mut greys = Greys::default();
        greys.resize(width, height);
        for (pixel, level) in greys.levels.iter_mut().enumerate() {
            let (x, y) = (pixel % width, pixel / width);
            *level = if (x / 5 + y / 7) % 2 == 0 {
                230.0
            } else {
                40.0 + (x % 9) as f32
            };
        }
        greys
    }

    #[test]
    fn the_picture_is_the_one_a_decoder_gives_back() {
        let (width, height) = (48, 32);
        for quality in [30, 60, 90] {
            let mut ours = picture(width, height);
            let bytes: Vec<u8> = ours.levels.iter().map(|&level| level as u8).collect();
            compress(&mut ours, quality, (0, 0));
            let mut file = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality);
            let table = jpeg_encoder::QuantizationTableType::Default;
            encoder.set_quantization_tables(table.clone(), table);
            encoder
                .encode(
                    &bytes,
                    width as u16,
                    height as u16,
                    jpeg_encoder::ColorType::Luma,
                )
                .unwrap();
            let theirs = crate::Picture::from_bytes("the file", &file).unwrap();
            let apart: f32 = ours
                .levels
                .iter()
                .zip(theirs.pixels())
                .map(|(one, &other)| (one - f32::from(other)).abs())
                .sum::<f32>()
                / bytes.len() as f32;
            assert!(apart < 1.5, "quality {quality}: {apart}");
        }
    }

    #[test]
    fn grids_and_sizes_of_every_kind() {
        for (width, height) in [(1, 1), (7, 9), (16, 8), (33, 20)] {
            for offset in [(0, 0), (3, 5), (7, 1)] {
                let mut greys = picture(width, height);
                let before = greys.levels.clone();
                compress(&mut greys, 100, offset);
                let apart = greys.levels.iter().zip(&before).map(|(a, b)| (a - b).abs());
                let most = apart.fold(0.0, f32::max);
                assert!(most < 4.0, "{width} {height} {offset:?}: {most}");
            }
        }
    }
}
