//! Files with bytes changed or missing: an error or a result, never a panic.

mod helpers;

use std::io::Write;

use helpers::lossless_jpeg::lossless;
use helpers::{Numbers, npz, small_glyph};
use letra_type::{
    CHARACTERS, Distortions, Font, FontLibrary, Ink, LINE_HEIGHT, Outline, Picture, Sampler,
    WINDOW_WIDTH, Workbench, find_lines, glyph_set, read_npz_bytes,
};

/// Damages `whole` in `rounds` ways, each handed to `read`.
fn damaged(whole: &[u8], rounds: u64, mut read: impl FnMut(Vec<u8>)) {
    for round in 0..rounds {
        let mut numbers = Numbers(round);
        let mut bytes = whole.to_vec();
        // Half of the changes fall on the first bytes, where headers are.
        for _ in 0..1 + numbers.below(8) {
            let reach = if numbers.below(2) == 0 {
                bytes.len().min(400)
            } else {
                bytes.len()
            };
            let at = numbers.below(reach);
            bytes[at] = match numbers.below(3) {
                0 => 0xff,
                1 => bytes[at] ^ (1 << numbers.below(8)),
                _ => numbers.below(256) as u8,
            };
        }
        if numbers.below(4) == 0 {
            bytes.truncate(numbers.below(whole.len()));
        }
        read(bytes);
    }
}

#[test]
fn an_npz() {
    let whole = npz([20, 6, 5], &[9; 600], &[0, 1, 2, 3].repeat(5));
    damaged(&whole, 5000, |bytes| {
        drop(read_npz_bytes("the file", &bytes))
    });
}

#[test]
fn a_picture() {
    let glyph = small_glyph('g');
    let jpeg = |progressive: bool, optimised: bool, colour| {
        let mut file = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut file, 80);
        encoder.set_progressive(progressive);
        encoder.set_optimized_huffman_tables(optimised);
        let count = if colour == jpeg_encoder::ColorType::Luma {
            1
        } else {
            3
        };
        let levels = glyph.pixels().iter();
        let samples: Vec<u8> = levels.flat_map(|&level| vec![level; count]).collect();
        encoder.encode(&samples, 36, 36, colour).unwrap();
        file
    };
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp)
        .encode(glyph.pixels(), 36, 36, image_webp::ColorType::L8)
        .unwrap();
    let mut gif = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
    let frame = gif::Frame::from_indexed_pixels(36, 36, glyph.pixels(), None);
    gif::Encoder::new(&mut gif, 36, 36, &palette)
        .and_then(|mut encoder| encoder.write_frame(&frame))
        .unwrap();
    // 8 bits a pixel, each a run of its own.
    let mut bmp =
        b"BM\0\0\0\0\0\0\0\0\x36\x04\0\0\x28\0\0\0\x24\0\0\0\x24\0\0\0\x01\0\x08\0\x01".to_vec();
    bmp.resize(54, 0);
    bmp.extend((0..=255).flat_map(|level| [level, level, level, 0]));
    for row in glyph.pixels().chunks_exact(36) {
        bmp.extend(row.iter().flat_map(|&level| [1, level]));
        bmp.extend([0, 0]);
    }
    let tiff = |compression: u16, bits: u8, data: &[u8]| {
        let mut file = b"II*\0\x08\0\0\0\x08\0".to_vec();
        let length = (data.len() as u32).to_le_bytes();
        for (tag, value) in [
            (256_u16, [36, 0, 0, 0]),
            (257, [36, 0, 0, 0]),
            (258, [bits, 0, 0, 0]),
            (259, [compression as u8, (compression >> 8) as u8, 0, 0]),
            (262, [0; 4]),
            (273, [110, 0, 0, 0]),
            (277, [1, 0, 0, 0]),
            (279, length),
        ] {
            file.extend(tag.to_le_bytes());
            file.extend([4, 0, 1, 0, 0, 0]);
            file.extend(value);
        }
        file.extend([0; 4]);
        [&file, data].concat()
    };
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(glyph.pixels())
        .unwrap();
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    deflated.write_all(glyph.pixels()).unwrap();
    let deflated = deflated.finish().unwrap();
    // Rows of 12 white, 12 black and 12 white pixels; for Group 4 each is as the one above it.
    let rows = [0b0010_0000, 0b0011_1001, 0].repeat(36);
    let group_3 = [0, 0b0001_0010, 0b0000_0011, 0b1001_0000].repeat(36);
    let group_4 = [&[0b0010_0100, 0b0000_0111][..], &[0xff; 14]].concat();
    let mut lzma = lzma_rust2::Lzma2Writer::new(
        b"\xfd7zXZ\0\0\0\0\0\0\0\x02\0\x21\x01\x16\0\0\0\0\0\0\0".to_vec(),
        lzma_rust2::Lzma2Options::with_preset(6),
    );
    lzma.write_all(glyph.pixels()).unwrap();
    let lzma = lzma.finish().unwrap();
    let mut restarts = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut restarts, 80);
    encoder.set_restart_interval(2);
    encoder
        .encode(glyph.pixels(), 36, 36, jpeg_encoder::ColorType::Luma)
        .unwrap();
    let files = [
        tiff(34_925, 8, &lzma),
        restarts,
        lossless(&[1], 36, glyph.pixels()),
        tiff(1, 8, glyph.pixels()),
        tiff(5, 8, &lzw),
        tiff(8, 8, &deflated),
        tiff(2, 1, &rows),
        tiff(3, 1, &group_3),
        tiff(4, 1, &group_4),
        include_bytes!("arithmetic/full-sequential.jpg").to_vec(),
        include_bytes!("arithmetic/quartered-progressive.jpg").to_vec(),
        include_bytes!("arithmetic/quartered-restarts.jpg").to_vec(),
        glyph.to_png().unwrap(),
        jpeg(false, false, jpeg_encoder::ColorType::Luma),
        jpeg(false, true, jpeg_encoder::ColorType::Rgb),
        jpeg(true, false, jpeg_encoder::ColorType::Rgb),
        webp,
        gif,
        bmp,
    ];
    for whole in files {
        assert!(Picture::from_bytes("the file", &whole).is_ok());
        damaged(&whole, 3000, |bytes| {
            if let Ok(picture) = Picture::from_bytes("the file", &bytes) {
                drop(Ink::find(&picture));
                drop(find_lines(&picture));
            }
        });
    }
}

#[test]
fn a_font() {
    let fonts: Vec<&[u8]> = vec![
        typst_assets::fonts().next().unwrap(),
        epaint_default_fonts::HACK_REGULAR,
        epaint_default_fonts::UBUNTU_LIGHT,
    ];
    let mut bench = Workbench::default();
    let mut window = vec![0; LINE_HEIGHT * WINDOW_WIDTH];
    for whole in fonts {
        damaged(whole, 150, |bytes| {
            let Ok(font) = Font::from_bytes("the file", bytes, 0) else {
                return;
            };
            font.line_metrics(20.0);
            for character in CHARACTERS {
                font.advance(character, 20.0);
                if let Ok(outline) = Outline::of(&font, character, 30.0) {
                    outline.coverage(36, 36, 0.0, 30.0).unwrap();
                }
            }
            drop(glyph_set(std::slice::from_ref(&font)));
            let Ok(sampler) = Sampler::new(std::slice::from_ref(&font), Distortions::default())
            else {
                return;
            };
            for index in 0..4 {
                sampler.draw(1, index, &mut bench, &mut window);
            }
            FontLibrary::new().add(font);
        });
    }
}
