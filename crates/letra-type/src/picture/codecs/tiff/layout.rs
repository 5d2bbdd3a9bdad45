//! How a TIFF file stores its first picture, and what its samples mean.

use super::fax::Coding;
use super::lab::Lab;
use super::tags::*;
use super::{CUT_SHORT, Problem};
use crate::picture::codecs::directory::{Directory, Values};
use crate::picture::codecs::{luma, printed, rgb_of};
use crate::picture::mix;

/// As many parts as a picture of the most pixels has in tiles of 16 × 16.
const MOST_PARTS: usize = 1 << 18;

/// The most samples of a pixel; programs write up to 6.
const MOST_SAMPLES: u64 = 16;

/// How often the bytes of a file may be shared among its parts.
const MOST_SHARES: usize = 16;

pub(super) struct Layout<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The size of a strip or tile; the last ones may be smaller, or hold what lies outside.
    pub(super) part_width: usize,
    pub(super) part_height: usize,
    /// Bits of a sample: 1, 2, 4, 8, 12 or 16.
    pub(super) bits: usize,
    /// Samples of a pixel, those without meaning among them.
    pub(super) samples: usize,
    /// Whether each sample of the pixels has strips or tiles of its own.
    planar: bool,
    pub(super) compression: Compression<'a>,
    /// Whether what is stored of a sample is the difference from that of the pixel to its left.
    differences: bool,
    pub(super) numbers: Numbers,
    pub(super) lowest_bit_first: bool,
    little_endian: bool,
    colours: Colours,
    opacity: Opacity,
    offsets: Values<'a>,
    lengths: Option<Values<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum Compression<'a> {
    None,
    PackBits,
    Lzw,
    Deflate,
    Lzma,
    Fax(Coding),
    Jpeg {
        tables: &'a [u8],
        /// Whether coarse colours are mixed with those beside them.
        smooth: bool,
    },
}

/// What the first samples of a pixel mean.
enum Colours {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    /// An index of these grey levels.
    Palette(Vec<u8>),
    /// Inks, of which 0 is none.
    Cmyk,
    /// Luma and two differences of colour.
    Ycc,
    Lab(Lab),
}

/// What a sample is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    Unsigned,
    /// From below 0, which is black.
    Signed,
    /// Grey levels from 0 to 255 in single precision, as Pillow takes them.
    Fractions,
}

/// What the sample after the colours means.
enum Opacity {
    None,
    Straight,
    /// The colours are multiplied by it.
    Premultiplied,
}

impl<'a> Layout<'a> {
    pub(super) fn read(directory: &Directory<'a>) -> Result<Self, Problem> {
        let number = |tag| directory.value(tag);
        let size = |tag| usize::try_from(number(tag).unwrap_or(0)).unwrap_or(usize::MAX);
        let (width, height) = (size(IMAGE_WIDTH), size(IMAGE_LENGTH));
        let tiled = number(TILE_WIDTH).is_some();
        let (part_width, part_height) = match tiled {
            true => (size(TILE_WIDTH), size(TILE_LENGTH)),
            false => (
                width,
                number(ROWS_PER_STRIP)
                    .and_then(|rows| usize::try_from(rows).ok())
                    .filter(|&rows| rows > 0)
                    .map_or(height, |rows| rows.min(height)),
            ),
        };
        let stated = directory
            .values(BITS_PER_SAMPLE)
            .map_or(1, |bits| bits.len());
        let samples = number(SAMPLES_PER_PIXEL).unwrap_or(stated as u64);
        if !(1..=MOST_SAMPLES).contains(&samples) {
            return Err("its pixels have no samples or too many");
        }
        let numbers = numbers(directory, samples as usize)?;
        let bits = bits(directory, samples as usize)?;
        match (numbers, bits) {
            (Numbers::Unsigned, ..=16) | (Numbers::Signed, 16) | (Numbers::Fractions, 32) => {}
            (Numbers::Unsigned, _) => return Err("its samples are of an unusual number of bits"),
            (Numbers::Signed, _) => return Err("its samples are signed and not of 16 bits"),
            (Numbers::Fractions, _) => return Err("its samples are fractions and not of 32 bits"),
        }
        let compression = compression(directory)?;
        let jpeg = matches!(compression, Compression::Jpeg { .. });
        let (colours, of_colour) = colours(directory, bits, jpeg)?;
        let colours = match (numbers, colours) {
            // Pillow turns none of them round.
            (Numbers::Fractions, Colours::WhiteIsZero) => Colours::BlackIsZero,
            (Numbers::Fractions, Colours::Rgb | Colours::Palette(_) | Colours::Cmyk) => {
                return Err("its samples are fractions and of several colours");
            }
            (_, colours) => colours,
        };
        if samples < of_colour {
            return Err("its pixels have fewer samples than their colours");
        }
        if matches!(compression, Compression::Fax(_)) && (bits, samples) != (1, 1) {
            return Err("it has fax coding and more than two levels");
        }
        let further = directory.values(EXTRA_SAMPLES);
        let further = further.and_then(|kinds| kinds.get(0));
        let opacity = match (samples - of_colour, further) {
            (0, _) | (_, Some(0)) => Opacity::None,
            (_, Some(1)) => Opacity::Premultiplied,
            (_, Some(_)) => Opacity::Straight,
            (_, None) if matches!(colours, Colours::Rgb) => Opacity::Straight,
            (_, None) => Opacity::None,
        };
        let differences = match (number(PREDICTOR).unwrap_or(1), compression) {
            (1, _) => false,
            (2, Compression::Lzw | Compression::Deflate | Compression::Lzma)
                if bits == 8 || bits == 16 =>
            {
                true
            }
            (_, Compression::Lzw | Compression::Deflate | Compression::Lzma) => {
                return Err("its samples are predicted in a way that is not read");
            }
            _ => false,
        };
        let (offsets, lengths) = match tiled {
            true => (TILE_OFFSETS, TILE_BYTE_COUNTS),
            false => (STRIP_OFFSETS, STRIP_BYTE_COUNTS),
        };
        Ok(Self {
            width,
            height,
            part_width,
            part_height,
            bits,
            samples: samples as usize,
            planar: samples > 1 && number(PLANAR_CONFIGURATION) == Some(2),
            compression,
            differences,
            numbers,
            lowest_bit_first: !jpeg && number(FILL_ORDER) == Some(2),
            little_endian: directory.is_little_endian(),
            colours,
            opacity,
            offsets: directory.values(offsets).ok_or("it holds no picture")?,
            lengths: directory.values(lengths),
        })
    }

    /// Whether there are as many parts as the picture takes, not too many, and whether they are
    /// within what `length` bytes can hold.
    pub(super) fn check_parts(&self, length: usize) -> Result<(), Problem> {
        let count = self.planes() * self.parts_of_a_plane();
        if count > MOST_PARTS {
            return Err("it is stored in too many parts");
        }
        if self.offsets.len() < count {
            return Err(CUT_SHORT);
        }
        if matches!(self.compression, Compression::None) {
            return Ok(());
        }
        let lengths = self.lengths.iter().flat_map(Values::iter).take(count);
        let whole = lengths.fold(0, u64::saturating_add);
        match whole > (length as u64).saturating_mul(MOST_SHARES as u64) {
            true => Err("its parts are longer than the file"),
            false => Ok(()),
        }
    }

    pub(super) fn planes(&self) -> usize {
        if self.planar { self.samples } else { 1 }
    }

    /// Samples and bytes of a row of a strip or tile of one plane.
    pub(super) fn samples_of_a_row(&self) -> usize {
        self.part_width * self.samples / self.planes()
    }

    pub(super) fn bytes_of_a_row(&self) -> usize {
        (self.samples_of_a_row() * self.bits).div_ceil(8)
    }

    pub(super) fn parts_across(&self) -> usize {
        self.width.div_ceil(self.part_width)
    }

    pub(super) fn parts_of_a_plane(&self) -> usize {
        self.parts_across() * self.height.div_ceil(self.part_height)
    }

    /// The bytes of a strip or tile: to the end of the file where they are not compressed, or where
    /// there is one and its length is not stated.
    pub(super) fn data<'b>(&self, bytes: &'b [u8], part: usize) -> Option<&'b [u8]> {
        let start = usize::try_from(self.offsets.get(part)?).ok()?;
        let data = bytes.get(start..)?;
        if matches!(self.compression, Compression::None) {
            return Some(data);
        }
        let lengths = self.lengths.as_ref();
        let length = match lengths.and_then(|lengths| lengths.get(part)) {
            None | Some(0) if self.offsets.len() == 1 => data.len(),
            length => usize::try_from(length?).ok()?,
        };
        Some(&data[..length.min(data.len())])
    }

    /// Makes samples of a row of the differences between them, if that is what is stored.
    pub(super) fn add_differences(&self, row: &mut [u8]) {
        let step = self.samples / self.planes();
        match (self.differences, self.bits) {
            (false, _) => {}
            (true, 8) => {
                for place in step..row.len() {
                    row[place] = row[place].wrapping_add(row[place - step]);
                }
            }
            (true, _) => {
                let (samples, _) = row.as_chunks_mut::<2>();
                for place in step..samples.len() {
                    let sum = self
                        .word(samples[place])
                        .wrapping_add(self.word(samples[place - step]));
                    samples[place] = match self.little_endian {
                        true => sum.to_le_bytes(),
                        false => sum.to_be_bytes(),
                    };
                }
            }
        }
    }

    fn word(&self, bytes: [u8; 2]) -> u16 {
        match self.little_endian {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        }
    }

    /// The samples of a row, from 0 to 255; indices of a palette as they are.
    pub(super) fn unpack<'s>(&self, row: &[u8], samples: impl Iterator<Item = &'s mut u8>) {
        let samples = samples.enumerate();
        match self.bits {
            8 => samples.for_each(|(place, sample)| *sample = row[place]),
            16 => samples.for_each(|(place, sample)| {
                let word = self.word([row[2 * place], row[2 * place + 1]]);
                *sample = match self.numbers {
                    // Black is 0, and no level is below it.
                    Numbers::Signed => ((word as i16).max(0) >> 7) as u8,
                    _ => (word >> 8) as u8,
                };
            }),
            32 => samples.for_each(|(place, sample)| {
                let bytes = row[4 * place..][..4]
                    .try_into()
                    .expect("a sample has 4 bytes");
                let level = match self.little_endian {
                    true => f32::from_le_bytes(bytes),
                    false => f32::from_be_bytes(bytes),
                };
                // What lies beyond the ends of a level becomes these, and what is no number 0.
                *sample = level as u8;
            }),
            12 => samples.for_each(|(place, sample)| {
                let at = place * 3 / 2;
                *sample = match place % 2 {
                    0 => row[at],
                    _ => row[at] << 4 | row[at + 1] >> 4,
                };
            }),
            bits => {
                let most = 0xff >> (8 - bits);
                let scale = match self.colours {
                    Colours::Palette(_) => 1,
                    _ => 255 / most,
                };
                samples.for_each(|(place, sample)| {
                    let bit = place * bits;
                    *sample = (row[bit / 8] >> (8 - bits - bit % 8) & most) * scale;
                });
            }
        }
    }

    /// The grey level of a pixel on white.
    pub(super) fn grey(&self, pixel: &[u8]) -> u8 {
        match self.opacity {
            Opacity::None => self.grey_of_colours(|place| pixel[place]),
            Opacity::Straight => {
                let grey = self.grey_of_colours(|place| pixel[place]);
                mix(255, grey, pixel[self.colours.samples()])
            }
            Opacity::Premultiplied => match pixel[self.colours.samples()] {
                0 => 255,
                alpha => {
                    let grey = self.grey_of_colours(|place| {
                        let level = u32::from(pixel[place]) * 255 / u32::from(alpha);
                        level.min(255) as u8
                    });
                    mix(255, grey, alpha)
                }
            },
        }
    }

    fn grey_of_colours(&self, sample: impl Fn(usize) -> u8) -> u8 {
        match &self.colours {
            Colours::WhiteIsZero => 255 - sample(0),
            Colours::BlackIsZero => sample(0),
            Colours::Palette(greys) => greys[usize::from(sample(0))],
            Colours::Rgb => luma([0, 1, 2].map(sample)),
            Colours::Ycc => luma(rgb_of([0, 1, 2].map(sample))),
            Colours::Lab(lab) => luma(lab.rgb_of([0, 1, 2].map(sample))),
            Colours::Cmyk => printed([0, 1, 2].map(|place| 255 - sample(place)), 255 - sample(3)),
        }
    }
}

impl Colours {
    /// How many samples they take.
    fn samples(&self) -> usize {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette(_) => 1,
            Self::Rgb | Self::Ycc | Self::Lab(_) => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Bits of a sample, which must be as many of each.
fn bits(directory: &Directory, samples: usize) -> Result<usize, Problem> {
    let mut all = directory
        .values(BITS_PER_SAMPLE)
        .into_iter()
        .flat_map(|bits| bits.iter().take(samples).collect::<Vec<_>>());
    let bits = all.next().unwrap_or(1);
    match bits {
        1 | 2 | 4 | 8 | 12 | 16 | 32 if all.all(|other| other == bits) => Ok(bits as usize),
        _ => Err("its samples are of an unusual number of bits"),
    }
}

fn numbers(directory: &Directory, samples: usize) -> Result<Numbers, Problem> {
    let Some(formats) = directory.values(SAMPLE_FORMAT) else {
        return Ok(Numbers::Unsigned);
    };
    let all = |wanted| formats.iter().take(samples).all(|format| format == wanted);
    let known = [
        (UNSIGNED, Numbers::Unsigned),
        (SIGNED, Numbers::Signed),
        (FRACTIONS, Numbers::Fractions),
    ];
    let found = known.into_iter().find(|(format, _)| all(*format));
    found
        .map(|(_, numbers)| numbers)
        .ok_or("its samples are numbers of a kind that is not read")
}

fn compression<'a>(directory: &Directory<'a>) -> Result<Compression<'a>, Problem> {
    let options = directory.value(T4_OPTIONS).unwrap_or(0);
    Ok(match directory.value(COMPRESSION).unwrap_or(1) {
        1 => Compression::None,
        2 => Compression::Fax(Coding::Bytes),
        3 => Compression::Fax(Coding::EndMarks {
            two_dimensional: options & 1 == 1,
        }),
        4 => Compression::Fax(Coding::TwoDimensional),
        5 => Compression::Lzw,
        // The old way, which left much open, is read where its only strip is a whole JPEG; libtiff
        // repeats its coarse colours.
        6 => Compression::Jpeg {
            tables: &[],
            smooth: false,
        },
        7 => Compression::Jpeg {
            tables: directory
                .values(JPEG_TABLES)
                .map_or(&[], |tables| tables.data),
            smooth: true,
        },
        8 | 32_946 => Compression::Deflate,
        32_773 => Compression::PackBits,
        34_712 => return Err("it is compressed by JPEG 2000, which is not read"),
        34_925 => Compression::Lzma,
        50_000 => return Err("it is compressed by Zstandard, which is not read"),
        50_001 => return Err("it is compressed by WebP, which is not read"),
        _ => return Err("it is compressed in a way that is not read"),
    })
}

/// What the colours are, and how many samples they take.
fn colours(directory: &Directory, bits: usize, jpeg: bool) -> Result<(Colours, u64), Problem> {
    let colours = match directory.value(PHOTOMETRIC_INTERPRETATION).unwrap_or(0) {
        0 => Colours::WhiteIsZero,
        1 => Colours::BlackIsZero,
        2 => Colours::Rgb,
        3 => Colours::Palette(palette(directory, bits)?),
        5 => Colours::Cmyk,
        6 => {
            let sampling = directory.values(YCC_SUBSAMPLING);
            let whole = sampling.is_some_and(|each| each.iter().all(|factor| factor == 1));
            if !jpeg && !whole {
                return Err("its colours are coarser than its luma, and it is not a JPEG");
            }
            Colours::Ycc
        }
        8 if bits == 8 || bits == 16 => Colours::Lab(Lab::signed()),
        9 if bits == 8 || bits == 16 => Colours::Lab(Lab::shifted()),
        8..=10 => return Err("its colours are L*a*b* in a way that is not read"),
        _ => return Err("its colours are of a kind that is not read"),
    };
    let samples = colours.samples() as u64;
    Ok((colours, samples))
}

/// The grey level of each colour: first all reds, then greens, then blues, of 16 bits.
fn palette(directory: &Directory, bits: usize) -> Result<Vec<u8>, Problem> {
    let levels = directory.values(COLOUR_MAP).ok_or("it has no palette")?;
    let count = 1 << bits.min(8);
    let level = |place: usize| levels.get(place).map_or(0, |level| (level >> 8) as u8);
    let colour = |index: usize| [0, 1, 2].map(|channel| level(channel * count + index));
    let mut greys: Vec<u8> = (0..count).map(|index| luma(colour(index))).collect();
    greys.resize(256, 0);
    match bits {
        ..=8 => Ok(greys),
        _ => Err("its palette has more than 256 colours"),
    }
}
