//! JPEG files.

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::orientation::upright;
use super::{fail, luma, on_white, rgb, shrink};
use crate::error::Result;
use crate::picture::{Picture, check_size};

/// What a JPEG file begins with: the marker SOI.
pub(super) const SIGNATURE: &[u8] = &[0xff, 0xd8];

/// The most scans of a progressive picture; programs write some ten.
const MOST_SCANS: usize = 500;

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let header = Header::read(bytes).map_err(|problem| fail(file, problem))?;
    let (width, height) = (header.width, header.height);
    let shrink = header.shrink();
    if shrink == 1 {
        check_size(file, width, height)?;
    }
    // A block of 8 × 8 pixels takes a bit at least.
    if width * height > bytes.len().saturating_mul(8 * 64) {
        return Err(fail(file, "it does not hold all its pixels"));
    }
    if header.progressive && scans(bytes) > MOST_SCANS {
        return Err(fail(file, "it is stored in too many passes"));
    }
    let mut decoder = Decoder::new(bytes);
    // Samples as they are stored, but those of four components turned round.
    decoder.set_color_transform(match header.components.len() {
        4 => ColorTransform::CMYK,
        _ => ColorTransform::RGB,
    });
    let (width, height) = decoder
        .scale(
            width.div_ceil(shrink) as u16,
            height.div_ceil(shrink) as u16,
        )
        .map_err(|error| fail(file, error))?;
    let (width, height) = (usize::from(width), usize::from(height));
    check_size(file, width, height)?;
    let samples = decoder.decode().map_err(|error| fail(file, error))?;
    let format = decoder.info().map(|info| info.pixel_format);
    let pixels = match (format, header.is_ycc()) {
        (Some(PixelFormat::L8), _) => samples,
        (Some(PixelFormat::RGB24), true) => on_white(&samples, |ycc| (luma(rgb_of(ycc)), 255)),
        (Some(PixelFormat::RGB24), false) => on_white(&samples, rgb),
        (Some(PixelFormat::CMYK32), true) => on_white(&samples, |turned: [u8; 4]| {
            let [luma, blue, red, black] = turned.map(|sample| 255 - sample);
            let inks = rgb_of([luma, blue, red]).map(|level| 255 - level);
            (printed(inks, black), 255)
        }),
        (Some(PixelFormat::CMYK32), false) => on_white(&samples, |turned: [u8; 4]| {
            let [cyan, magenta, yellow, black] = turned.map(|sample| 255 - sample);
            (printed([cyan, magenta, yellow], black), 255)
        }),
        _ => return Err(fail(file, "it has more than 256 levels")),
    };
    if pixels.len() != width * height {
        return Err(fail(file, "it does not hold all its pixels"));
    }
    let picture = Picture::from_parts(width, height, pixels);
    Ok(upright(picture, header.exif, header.xmp))
}

/// Red, green and blue of luma and two differences of colour (ITU-T T.871, section 7), in steps of
/// 1/65,536.
fn rgb_of([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let luma = i32::from(luma) << 16 | 1 << 15;
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    [
        luma + 91_881 * red,
        luma - 22_554 * blue - 46_802 * red,
        luma + 116_130 * blue,
    ]
    .map(|level| (level >> 16).clamp(0, 255) as u8)
}

/// Grey of inks as Adobe's programs store them: 255 is none.
fn printed(inks: [u8; 3], black: u8) -> u8 {
    let over = |ink: u8| ((u32::from(ink) * u32::from(black) + 127) / 255) as u8;
    luma(inks.map(over))
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
    progressive: bool,
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
            0xc9..=0xcb => {
                return Err("it is an arithmetic-coded JPEG, which hardly any program reads");
            }
            _ => return Err("it is a hierarchical JPEG, which hardly any program reads"),
        }
        if precision != 8 {
            return Err("it has more or fewer than 8 bits a sample");
        }
        self.height = usize::from(u16::from_be_bytes([high, low]));
        self.width = usize::from(u16::from_be_bytes([left, right]));
        self.progressive = marker == 0xc2;
        let names = components.chunks(3).map(|component| component[0]);
        self.components = names.take(usize::from(count)).collect();
        Ok(())
    }

    /// Whether the first three components are luma and differences of colour: as libjpeg guesses.
    fn is_ycc(&self) -> bool {
        match (self.components.as_slice(), self.adobe) {
            ([_, _, _, _], adobe) => adobe == Some(2),
            (_, _) if self.jfif => true,
            (_, Some(transform)) => transform != 0,
            (names, None) => names != b"RGB",
        }
    }

    /// By which factor, 1, 2, 4 or 8, the picture is made smaller as it is decoded. The
    /// coefficients of a progressive one are held whole, so that it is not read beyond the limits.
    fn shrink(&self) -> usize {
        match self.progressive {
            true => 1,
            false => shrink(self.width, self.height).next_power_of_two(),
        }
    }
}

const DHT: u8 = 0xc4;
const JPG: u8 = 0xc8;
const DAC: u8 = 0xcc;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP14: u8 = 0xee;

/// The next marker and what follows it.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let at = bytes
        .array_windows()
        .position(|&[fill, marker]| fill == 0xff && !matches!(marker, 0 | 0xff))?;
    Some((bytes[at + 1], &bytes[at + 2..]))
}

/// The contents of a segment, before which their length stands, and what follows it.
fn split_segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
    rest.split_at_checked(length)
}
