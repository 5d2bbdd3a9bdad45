//! JPEG files, to the bit as libjpeg-turbo reads them.

mod arithmetic;
mod decoder;
mod frame;
mod huffman;
mod lossless;
mod markers;
mod scan;
mod transform;
mod upsample;

pub(super) use markers::SIGNATURE;

use super::orientation::upright;
use super::{fail, greys, greys_of_colours, printed, rgb_of, shrink};
use crate::error::Result;
use crate::picture::{MOST_OF_COLOURS, Picture, check_size, check_size_of_colours};
use markers::{APP0, APP1, APP14, DAC, DHT, EOI, JPG, SOS, next_marker, split_segment};

type Problem = &'static str;

const CUT_SHORT: Problem = "it is cut short";
const DAMAGED: Problem = "its coding is damaged";

/// The most scans of a progressive picture; programs write some ten.
const MOST_SCANS: usize = 500;

/// The most pixels that all scans of a progressive picture together pass over.
const MOST_SCANNED: usize = MOST_SCANS * MOST_OF_COLOURS;

/// The most pixels of a picture that is not made smaller. Of one that is larger than its colours may be, the
/// luma alone is kept.
const MOST_PIXELS: usize = 1 << 27;

/// The most coefficients, of two bytes, that are held at once.
const MOST_COEFFICIENTS: usize = 1 << 28;

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let header = Header::read(bytes).map_err(|problem| fail(file, problem))?;
    let stored = stored(file, bytes, &header, (header.shrink(), header.kept()), true)?;
    let samples = stored.levels;
    let pixels = match (stored.of_a_pixel, header.is_ycc()) {
        (1, _) => samples,
        (2, _) => return Err(fail(file, "its two components are of no known meaning")),
        (3, true) => greys_of_colours(&samples, rgb_of),
        (3, false) => greys_of_colours(&samples, |rgb: [u8; 3]| rgb),
        (_, true) => greys(&samples, |[luma, blue, red, black]: [u8; 4]| {
            let inks = rgb_of([luma, blue, red]).map(|level| 255 - level);
            printed(inks, black)
        }),
        // Adobe's programs store inks turned round: 255 is none.
        (_, false) => greys(&samples, |[cyan, magenta, yellow, black]: [u8; 4]| {
            printed([cyan, magenta, yellow], black)
        }),
    };
    let picture = Picture::from_parts(stored.width, stored.height, pixels);
    Ok(upright(picture, header.exif, header.xmp))
}

/// The samples of a JPEG that is part of another file, as they are stored.
///
/// Where `smooth` is said coarse components are mixed with the samples beside them.
pub(super) fn samples(file: &str, bytes: &[u8], smooth: bool) -> Result<Samples> {
    let bytes = bytes.strip_prefix(SIGNATURE).map(|_| bytes);
    let bytes = bytes.ok_or_else(|| fail(file, "it holds no JPEG where it says so"))?;
    let header = Header::read(bytes).map_err(|problem| fail(file, problem))?;
    check_size_of_colours(file, header.width, header.height)?;
    stored(file, bytes, &header, (1, header.components.len()), smooth)
}

/// Samples of 8 bits, those of a pixel together, in rows from the top.
pub(super) struct Samples {
    pub(super) width: usize,
    pub(super) height: usize,
    /// How many a pixel has: 1 to 4.
    pub(super) of_a_pixel: usize,
    pub(super) levels: Vec<u8>,
}

/// Decodes the samples of a file as they are stored, at about a `shrink`th of its width and height, of
/// its first components so many as are `kept`.
fn stored(
    file: &str,
    bytes: &[u8],
    header: &Header,
    (shrink, kept): (usize, usize),
    smooth: bool,
) -> Result<Samples> {
    let (width, height) = (header.width, header.height);
    check_size(file, width.div_ceil(shrink), height.div_ceil(shrink))?;
    if width * height > bytes.len().saturating_mul(header.most_pixels_of_a_byte()) {
        return Err(fail(file, "it does not hold all its pixels"));
    }
    if header.progressive {
        let scans = scans(bytes);
        if scans > MOST_SCANS || scans * width * height > MOST_SCANNED {
            return Err(fail(file, "it is stored in too many passes"));
        }
    }
    let frame = decoder::decode(bytes, shrink).map_err(|problem| fail(file, problem))?;
    Ok(upsample::samples(&frame, kept, smooth))
}

/// How many scans there seem to be.
fn scans(bytes: &[u8]) -> usize {
    const SOS: &[u8] = &[0xff, 0xda];
    bytes.windows(2).filter(|marker| *marker == SOS).count()
}

/// What stands before the first scan (ITU-T T.81, annex B).
#[derive(Default)]
struct Header<'a> {
    width: usize,
    height: usize,
    components: Vec<u8>,
    /// Of all components together, but for those that fill up blocks.
    coefficients: usize,
    progressive: bool,
    arithmetic: bool,
    lossless: bool,
    jfif: bool,
    /// The colours by Adobe's segment: 0 as they are, 1 YCbCr, 2 YCCK.
    adobe: Option<u8>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// Reads the segments up to the first scan; bytes between them that belong to none are passed
    /// over, as libjpeg does.
    fn read(bytes: &'a [u8]) -> std::result::Result<Self, &'static str> {
        let mut header = Self::default();
        let mut rest = &bytes[SIGNATURE.len()..];
        loop {
            let marker;
            (marker, rest) = next_marker(rest).ok_or("it is cut short")?;
            match marker {
                SOS | EOI => break,
                // Markers without a segment.
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let segment;
            (segment, rest) = split_segment(rest).ok_or("it is cut short")?;
            match marker {
                DHT | JPG | DAC => {}
                0xc0..=0xcf => header.frame(marker, segment)?,
                APP0 => header.jfif |= segment.starts_with(b"JFIF\0") && segment.len() >= 14,
                APP1 => {
                    let xmp = segment.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0");
                    header.xmp = header.xmp.or(xmp);
                    header.exif = header.exif.or(segment.strip_prefix(b"Exif\0\0"));
                }
                APP14 if segment.starts_with(b"Adobe") => {
                    header.adobe = segment.get(11).copied().or(header.adobe);
                }
                _ => {}
            }
        }
        match header.components.len() {
            0 => Err("it holds no picture"),
            _ => Ok(header),
        }
    }

    /// The frame header: precision, height, width, and each component's name, sampling and table.
    fn frame(&mut self, marker: u8, segment: &[u8]) -> std::result::Result<(), &'static str> {
        if !self.components.is_empty() {
            return Err("it has two frames");
        }
        let &[
            precision,
            high,
            low,
            left,
            right,
            count,
            ref components @ ..,
        ] = segment
        else {
            return Err("it is cut short");
        };
        match marker {
            0xc0..=0xc3 => {}
            0xc9 | 0xca => {}
            0xcb => return Err("it is a lossless arithmetic-coded JPEG, which no program reads"),
            _ => return Err("it is a hierarchical JPEG, which hardly any program reads"),
        }
        if precision != 8 {
            return Err("it has more or fewer than 8 bits a sample");
        }
        self.height = usize::from(u16::from_be_bytes([high, low]));
        self.width = usize::from(u16::from_be_bytes([left, right]));
        self.progressive = matches!(marker, 0xc2 | 0xca);
        self.arithmetic = matches!(marker, 0xc9 | 0xca);
        self.lossless = marker == 0xc3;
        let components = components.as_chunks::<3>().0.iter().take(count.into());
        self.components = components.clone().map(|&[name, ..]| name).collect();
        let sampling = components
            .map(|&[_, factors, _]| (usize::from(factors >> 4), usize::from(factors & 0x0f)));
        let most_across = sampling.clone().map(|(across, _)| across).max();
        let most_down = sampling.clone().map(|(_, down)| down).max();
        let of_a_unit: usize = sampling.map(|(across, down)| across * down).sum();
        let pixels_of_a_unit = most_across.unwrap_or(0) * most_down.unwrap_or(0);
        self.coefficients = (self.width * self.height * of_a_unit)
            .checked_div(pixels_of_a_unit)
            .ok_or("its components are sampled in no known way")?;
        Ok(())
    }

    /// Whether the first three components are luma and differences of colour: as libjpeg guesses.
    fn is_ycc(&self) -> bool {
        match (self.components.as_slice(), self.adobe) {
            ([_, _, _, _], adobe) => adobe == Some(2),
            (_, _) if self.jfif => true,
            (_, Some(transform)) => transform != 0,
            (_, None) if self.lossless => false,
            (names, None) => names != b"RGB",
        }
    }

    /// How many pixels a byte of the file can hold: of Huffman's method 8 blocks of 8 × 8, each of
    /// which takes a bit at least. Arithmetic coding gets any number of blank ones into a byte; one
    /// that holds text has fewer than 256 blocks a byte.
    fn most_pixels_of_a_byte(&self) -> usize {
        match self.arithmetic {
            true => 256 * 64,
            false => 8 * 64,
        }
    }

    /// By which factor, 1, 2, 4 or 8, the picture is made smaller as it is decoded. The
    /// coefficients of a progressive one are held whole, so that not all of those are read beyond
    /// the limits; lossless ones are not made smaller.
    fn shrink(&self) -> usize {
        match self.lossless || self.progressive && self.coefficients > MOST_COEFFICIENTS {
            true => 1,
            false => {
                let most = match self.has_luma_of_its_own() {
                    true => MOST_PIXELS,
                    false => MOST_OF_COLOURS,
                };
                shrink(self.width, self.height, most).next_power_of_two()
            }
        }
    }

    /// How many components are kept: the luma alone where all of them would be too much.
    fn kept(&self) -> usize {
        let pixels = self.width * self.height / self.shrink().pow(2);
        match pixels > MOST_OF_COLOURS && self.has_luma_of_its_own() {
            true => 1,
            false => self.components.len(),
        }
    }

    /// Whether its first component alone is the picture in grey.
    fn has_luma_of_its_own(&self) -> bool {
        match self.components.len() {
            1 => true,
            3 => self.is_ycc(),
            _ => false,
        }
    }
}
