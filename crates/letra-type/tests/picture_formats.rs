//! What the formats of pictures allow, beside what most programs write.

use std::borrow::Cow;
use std::io::Write;

use image_webp::WebPEncoder;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use letra_type::{Error, Picture};

fn read(bytes: &[u8]) -> letra_type::Result<Picture> {
    Picture::from_bytes("the file", bytes)
}

const RED: [u8; 3] = [255, 0, 0];
/// Its luma.
const GREY_OF_RED: u8 = 76;

/// A JPEG all of one colour; each component in a scan of its own if `apart`.
fn red_jpeg(sampling: SamplingFactor, apart: bool) -> Vec<u8> {
    let (width, height) = (75, 50);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 98);
    encoder.set_sampling_factor(sampling);
    encoder.set_optimized_huffman_tables(apart);
    let samples = RED.repeat(width * height);
    encoder
        .encode(&samples, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    let scans = bytes.windows(2).filter(|&marker| marker == [0xff, 0xda]);
    assert_eq!(scans.count(), if apart { 3 } else { 1 });
    bytes
}

fn all_grey_of_red(picture: &Picture) {
    let off = picture
        .pixels()
        .iter()
        .find(|grey| grey.abs_diff(GREY_OF_RED) > 3);
    assert_eq!(off, None);
}

#[test]
fn a_jpeg_in_separate_scans_has_the_colours_of_one_in_a_single_scan() {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
    ];
    for sampling in samplings {
        for apart in [false, true] {
            let picture = read(&red_jpeg(sampling, apart)).unwrap();
            assert_eq!((picture.width(), picture.height()), (75, 50));
            all_grey_of_red(&picture);
        }
    }
}

#[test]
fn bytes_between_the_segments_of_a_jpeg_do_no_harm() {
    let whole = red_jpeg(SamplingFactor::F_1_1, false);
    for marker in [0xdb, 0xc0, 0xc4] {
        let at = whole
            .windows(2)
            .position(|bytes| bytes == [0xff, marker])
            .unwrap();
        for junk in [&[0_u8, 0, 0][..], &[0xff, 0x00], &[0xff, 0xff], b"AB"] {
            let bytes = [&whole[..at], junk, &whole[at..]].concat();
            all_grey_of_red(&read(&bytes).unwrap());
        }
    }
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_named() {
    let whole = red_jpeg(SamplingFactor::F_1_1, false);
    let frame = whole
        .windows(2)
        .position(|bytes| bytes == [0xff, 0xc0])
        .unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[frame + at] = byte;
        read(&bytes).unwrap_err().to_string()
    };
    assert!(changed(1, 0xcb).contains("lossless"));
    assert!(changed(1, 0xc5).contains("hierarchical"));
    assert!(changed(4, 12).contains("8 bits"));
}

#[test]
fn a_jpeg_that_claims_more_than_it_holds_is_refused_at_once() {
    let mut bytes = red_jpeg(SamplingFactor::F_1_1, false);
    let frame = bytes
        .windows(2)
        .position(|bytes| bytes == [0xff, 0xc0])
        .unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x20, 0, 0x20, 0]);
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().contains("does not hold"), "{error}");
}

#[test]
fn a_jpeg_of_one_row_or_column_is_read_whole() {
    for (width, height) in [(300, 1), (1, 300), (1, 1)] {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, 90)
            .encode(
                &[9; 300][..width * height],
                width as u16,
                height as u16,
                ColorType::Luma,
            )
            .unwrap();
        let picture = read(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (width, height));
    }
}

#[test]
fn a_jpeg_of_144_megapixels_is_read_at_half_its_size() {
    let (width, height) = (12_000, 12_000);
    let mut samples = vec![255; width * height];
    // Black from column 2,000 to 4,000.
    for row in samples.chunks_exact_mut(width) {
        row[2000..4000].fill(0);
    }
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 50)
        .encode(&samples, width as u16, height as u16, ColorType::Luma)
        .unwrap();
    let picture = read(&bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (6000, 6000));
    let row = &picture.pixels()[1500 * 6000..][..6000];
    assert_eq!(
        [990, 1010, 1990, 2010].map(|column| row[column] < 128),
        [false, true, true, false]
    );
}

#[test]
fn screenshots_of_long_pages_keep_their_size() {
    let (width, height) = (1_280, 60_000);
    let mut pixels = vec![255; width * height];
    pixels[59_000 * width + 640..][..200].fill(0);
    let picture = Picture::new(width, height, pixels).unwrap();
    let again = read(&picture.to_png().unwrap()).unwrap();
    assert!(again == picture);
    let mut bytes = Vec::new();
    let colours: Vec<u8> = picture
        .pixels()
        .iter()
        .flat_map(|&grey| [grey; 3])
        .collect();
    Encoder::new(&mut bytes, 90)
        .encode(&colours, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    let again = read(&bytes).unwrap();
    assert_eq!((again.width(), again.height()), (width, height));
    let level = |column: usize| again.pixels()[59_000 * width + column];
    assert!(level(700) < 60 && level(500) > 240);
}

/// A picture of 6 × 4 whose upper left corner is black.
fn corner() -> Picture {
    let mut pixels = vec![255; 24];
    pixels[0] = 0;
    Picture::new(6, 4, pixels).unwrap()
}

/// Where the black corner is after the picture was read: its size and the pixel.
fn black(bytes: &[u8]) -> (usize, usize) {
    let picture = read(bytes).unwrap();
    let at = picture.pixels().iter().position(|&grey| grey < 128);
    (picture.width(), at.unwrap())
}

/// An Exif directory of one entry, the orientation, little-endian.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat()
}

fn xmp(orientation: u8) -> Vec<u8> {
    format!("<rdf:Description tiff:Orientation=\"{orientation}\"/>").into_bytes()
}

/// A PNG with a further chunk before the chunk of a name.
fn with_chunk(before: &[u8; 4], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let png = corner().to_png().unwrap();
    let at = png.windows(4).position(|name| name == before).unwrap() - 4;
    let named = [kind, data].concat();
    let crc = !named.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let length = (data.len() as u32).to_be_bytes();
    [&png[..at], &length, &named, &crc.to_be_bytes(), &png[at..]].concat()
}

#[test]
fn a_png_is_turned_as_exif_or_xmp_before_or_after_its_data_says() {
    let text = |orientation| [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &xmp(orientation)].concat();
    for place in [b"IDAT", b"IEND"] {
        assert_eq!(black(&with_chunk(place, b"eXIf", &exif(6))), (4, 3));
        assert_eq!(black(&with_chunk(place, b"iTXt", &text(3))), (6, 23));
        assert_eq!(black(&with_chunk(place, b"iTXt", &text(9))), (6, 0));
    }
    assert_eq!(black(&with_chunk(b"IDAT", b"eXIf", &[])), (6, 0));
    let mut compressed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    compressed.write_all(&xmp(6)).unwrap();
    let compressed = compressed.finish().unwrap();
    let text = [&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &compressed].concat();
    assert_eq!(black(&with_chunk(b"IEND", b"iTXt", &text)), (4, 3));
    let digits: String = exif(6).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("Raw profile type exif\0\nexif\n      26\n{digits}\n");
    assert_eq!(
        black(&with_chunk(b"IEND", b"tEXt", text.as_bytes())),
        (4, 3)
    );
}

#[test]
fn a_jpeg_is_turned_as_its_xmp_says_if_exif_is_silent() {
    let mut plain = Vec::new();
    let dark = |pixel: usize| {
        if pixel % 32 < 8 && pixel / 32 < 8 {
            0
        } else {
            255
        }
    };
    let samples: Vec<u8> = (0..32 * 16).map(dark).collect();
    Encoder::new(&mut plain, 95)
        .encode(&samples, 32, 16, ColorType::Luma)
        .unwrap();
    let with = |segments: &[Vec<u8>]| {
        let mut bytes = plain[..2].to_vec();
        for segment in segments {
            bytes.extend([0xff, 0xe1]);
            bytes.extend((segment.len() as u16 + 2).to_be_bytes());
            bytes.extend(segment);
        }
        bytes.extend(&plain[2..]);
        let picture = read(&bytes).unwrap();
        (picture.width(), picture.pixels()[0] < 128)
    };
    let xmp = |orientation| [&b"http://ns.adobe.com/xap/1.0/\0"[..], &xmp(orientation)].concat();
    let exif = |orientation| [&b"Exif\0\0"[..], &exif(orientation)].concat();
    assert_eq!(with(&[xmp(6)]), (16, false));
    assert_eq!(with(&[xmp(5)]), (16, true));
    assert_eq!(with(&[xmp(6), exif(1)]), (32, true));
}

#[test]
fn a_webp_is_read() {
    let encode = |samples: &[u8], color, orientation| {
        let mut bytes = Vec::new();
        let mut encoder = WebPEncoder::new(&mut bytes);
        encoder.set_exif_metadata(exif(orientation));
        encoder.encode(samples, 6, 4, color).unwrap();
        bytes
    };
    let mut red = RED.repeat(24);
    red[..3].fill(0);
    let file = encode(&red, image_webp::ColorType::Rgb8, 1);
    let picture = read(&file).unwrap();
    assert_eq!(picture.pixels(), [&[0][..], &[GREY_OF_RED; 23]].concat());
    assert_eq!(
        black(&encode(corner().pixels(), image_webp::ColorType::L8, 6)),
        (4, 3)
    );
    let clear = [0, 0, 0, 102].repeat(24);
    let picture = read(&encode(&clear, image_webp::ColorType::Rgba8, 1)).unwrap();
    assert_eq!(picture.pixels(), [153; 24]);
}

#[test]
fn of_a_gif_the_first_picture_is_read_on_white() {
    let mut bytes = Vec::new();
    let palette = [0, 0, 0, 255, 0, 0, 255, 255, 255];
    let mut encoder = gif::Encoder::new(&mut bytes, 3, 2, &palette).unwrap();
    let frame = gif::Frame {
        left: 1,
        width: 2,
        height: 2,
        buffer: Cow::Borrowed(&[0, 1, 2, 0]),
        transparent: Some(0),
        ..gif::Frame::default()
    };
    encoder.write_frame(&frame).unwrap();
    let second = gif::Frame {
        width: 3,
        height: 2,
        buffer: Cow::Borrowed(&[0; 6]),
        ..Default::default()
    };
    encoder.write_frame(&second).unwrap();
    drop(encoder);
    let picture = read(&bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (3, 2));
    assert_eq!(picture.pixels(), [255, 255, GREY_OF_RED, 255, 255, 255]);
}

#[test]
fn a_gif_without_a_palette_is_grey() {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 3, 1, &[1; 6]).unwrap();
    let frame = gif::Frame {
        width: 3,
        height: 1,
        buffer: Cow::Borrowed(&[0, 1, 200]),
        ..gif::Frame::default()
    };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    let picture = read(&bytes).unwrap();
    assert_eq!(picture.pixels()[..2], [1, 1]);
    // The palette of two colours goes, and with it what says so.
    bytes.drain(13..19);
    bytes[10] &= 0x70;
    assert_eq!(read(&bytes).unwrap().pixels(), [0, 1, 200]);
}

/// A BMP of 3 × 2 pixels: bits a pixel, how it is compressed, palette or masks, and its rows.
fn bmp(bits: u8, compression: u8, height: i32, between: &[u8], rows: &[u8]) -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend((54 + between.len() as u32).to_le_bytes());
    bytes.extend([40, 0, 0, 0, 3, 0, 0, 0]);
    bytes.extend(height.to_le_bytes());
    bytes.extend([1, 0, bits, 0, compression, 0, 0, 0]);
    bytes.resize(54, 0);
    [&bytes, between, rows].concat()
}

#[test]
fn bmps_of_every_depth_are_read() {
    const BLACK_RED_WHITE: &[u8] = &[0, 0, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0];
    let level = |bytes: Vec<u8>| read(&bytes).unwrap().pixels().to_vec();
    let expected = [0, GREY_OF_RED, 255, 255, 255, 0];
    // From the bottom, as most are.
    let rows = [2, 2, 0, 0, 0, 1, 2, 0];
    assert_eq!(
        level(bmp(8, 0, 2, &palette(BLACK_RED_WHITE, 256), &rows)),
        expected
    );
    let nibbles = [0x22, 0x00, 0, 0, 0x01, 0x20, 0, 0];
    assert_eq!(
        level(bmp(4, 0, 2, &palette(BLACK_RED_WHITE, 16), &nibbles)),
        expected
    );
    let bits = [0b1100_0000, 0, 0, 0, 0b0110_0000, 0, 0, 0];
    let black_white = &[0, 0, 0, 0, 255, 255, 255, 0];
    assert_eq!(
        level(bmp(1, 0, 2, black_white, &bits)),
        [0, 255, 255, 255, 255, 0]
    );
    let colours = [
        255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0,
    ];
    assert_eq!(level(bmp(24, 0, 2, &[], &colours)), expected);
    let runs = [2, 2, 1, 0, 0, 0, 0, 3, 0, 1, 2, 0, 0, 1];
    assert_eq!(
        level(bmp(8, 1, 2, &palette(BLACK_RED_WHITE, 256), &runs)),
        expected
    );
    let runs = [2, 0x22, 1, 0x00, 0, 0, 0, 3, 0x01, 0x20, 0, 1];
    assert_eq!(
        level(bmp(4, 2, 2, &palette(BLACK_RED_WHITE, 16), &runs)),
        expected
    );
    // From the top, 5, 6 and 5 bits a colour.
    let masks = [0, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0, 0, 0];
    let pixels = [
        0, 0, 0, 0xf8, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    assert_eq!(level(bmp(16, 3, -2, &masks, &pixels)), expected);
    let cut = &bmp(24, 0, 2, &[], &colours)[..70];
    assert!(matches!(read(cut), Err(Error::Picture { .. })));
}

#[test]
fn a_bitmap_without_its_file_header_is_read() {
    let rows = [2, 2, 0, 0, 0, 1, 2, 0];
    let greys = palette(&[0, 0, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0], 256);
    let masks = [0, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0, 0, 0];
    for whole in [
        bmp(8, 0, 2, &greys, &rows),
        bmp(16, 3, 2, &masks, &[0xff; 16]),
    ] {
        assert_eq!(read(&whole[14..]).unwrap(), read(&whole).unwrap());
        assert!(read(&whole[14..40]).is_err());
    }
}

#[test]
fn runs_beyond_the_end_of_a_row_are_those_of_pillow() {
    let greys: Vec<u8> = (0..=255).flat_map(|grey| [grey, grey, grey, 0]).collect();
    let pixels = |runs: &[u8]| {
        read(&bmp(8, 1, -2, &greys, runs))
            .unwrap()
            .pixels()
            .to_vec()
    };
    // One index repeated ends with the row; several go on in the next.
    assert_eq!(pixels(&[9, 7, 0, 0, 3, 8, 0, 1]), [7, 7, 7, 8, 8, 8]);
    assert_eq!(pixels(&[0, 4, 1, 2, 3, 4, 0, 0, 0, 1]), [1, 2, 3, 4, 0, 0]);
    assert_eq!(pixels(&[0, 2, 255, 255, 0, 1]), [0; 6]);
}

fn palette(colours: &[u8], count: usize) -> Vec<u8> {
    let mut palette = colours.to_vec();
    palette.resize(4 * count, 0);
    palette
}

#[test]
fn formats_that_are_not_read_are_named() {
    let begins: [(&[u8], &str); 5] = [
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "AVIF"),
        (b"%PDF-1.7", "PDF"),
        (b"<?xml version=\"1.0\"?>\n<svg xmlns=", "SVG"),
        (b"8BPS\0\x01", "Photoshop"),
    ];
    for (bytes, name) in begins {
        let error = read(bytes).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.hint().contains("PNG"), "{}", error.hint());
    }
}
