//! Files of pictures, and the ink found in them.

mod helpers;

use helpers::{glyph_picture, small_glyph};
use jpeg_encoder::{ColorType, Encoder};
use letra_type::{Error, Font, Ink, Picture, centred_glyph, fitting_size, normalise, write_whole};

fn jpeg(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    Encoder::new(&mut bytes, 95)
        .encode(picture.pixels(), width, height, ColorType::Luma)
        .unwrap();
    bytes
}

fn png_of(color: png::ColorType, width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A PNG header (IHDR) alone that promises a size.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png_of(png::ColorType::Grayscale, 1, 1, &[0]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2_crc(&bytes[12..29]).to_be_bytes();
    bytes[29..33].swap_with_slice(&mut crc);
    bytes
}

/// CRC-32 as PNG defines it (ISO 3309).
fn flate2_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

fn read(bytes: &[u8]) -> letra_type::Result<Picture> {
    Picture::from_bytes("the file", bytes)
}

#[test]
fn a_png_comes_back_as_it_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glyph.png");
    let picture = small_glyph('R');
    picture.save_png(&path).unwrap();
    picture.save_png(&path).unwrap();
    assert_eq!(Picture::from_file(&path).unwrap(), picture);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no such folder").join("glyph.png");
    assert!(matches!(
        small_glyph('R').save_png(&path),
        Err(Error::Write { .. })
    ));
    let taken = folder.path().join("a folder");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(
        write_whole(&taken, b"bytes"),
        Err(Error::Write { .. })
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn colours_become_grey_and_what_is_transparent_white() {
    let rgb = png_of(
        png::ColorType::Rgb,
        4,
        1,
        &[255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9],
    );
    assert_eq!(read(&rgb).unwrap().pixels(), [76, 150, 29, 9]);
    let rgba = png_of(png::ColorType::Rgba, 2, 1, &[0, 0, 0, 0, 0, 0, 0, 102]);
    assert_eq!(read(&rgba).unwrap().pixels(), [255, 153]);
    let grey = png_of(png::ColorType::GrayscaleAlpha, 1, 2, &[10, 255, 10, 0]);
    assert_eq!(read(&grey).unwrap().pixels(), [10, 255]);
}

#[test]
fn colours_of_one_luma_are_told_apart() {
    // Red and blue of luma 100 in turn, then a grey that is nearly the same.
    let (red, blue, grey) = ([200, 60, 42], [20, 110, 255], [100, 100, 100]);
    let pixels = [red, blue, red, blue, blue, blue, grey, grey].concat();
    let levels = read(&png_of(png::ColorType::Rgb, 8, 1, &pixels)).unwrap();
    let [red, blue, .., grey] = levels.pixels() else {
        panic!("eight pixels");
    };
    assert!(
        red.abs_diff(*blue) > 150 && grey.abs_diff(*red) > 40,
        "{levels:?}"
    );
    // Where luma tells as much it stays.
    let pixels = [[200, 60, 42], [255, 255, 255], [20, 110, 255]].concat();
    let levels = read(&png_of(png::ColorType::Rgb, 3, 1, &pixels)).unwrap();
    assert_eq!(levels.pixels(), [100, 255, 100]);
}

#[test]
fn light_letters_alone_are_laid_on_black() {
    let mut samples = [255, 255, 255, 0].repeat(10);
    samples[3] = 255;
    samples[7] = 64;
    let letters = png_of(png::ColorType::Rgba, 10, 1, &samples);
    let seen = [255, 64, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(read(&letters).unwrap().pixels(), seen);
    let dark: Vec<u8> = samples
        .chunks(4)
        .flat_map(|pixel| [20, 20, 20, pixel[3]])
        .collect();
    let dark = png_of(png::ColorType::Rgba, 10, 1, &dark);
    assert_eq!(read(&dark).unwrap().pixels()[..3], [20, 196, 255]);
    // A light sheet with a few holes stays on white.
    let mut sheet = [250, 250, 250, 255].repeat(10);
    sheet[3] = 0;
    let sheet = png_of(png::ColorType::Rgba, 10, 1, &sheet);
    assert_eq!(read(&sheet).unwrap().pixels()[..2], [255, 250]);
}

#[test]
fn a_jpeg_is_read() {
    let glyph = glyph_picture(&Font::built_in()[0], 'g', 60.0, 80);
    let read = read(&jpeg(&glyph)).unwrap();
    assert_eq!((read.width(), read.height()), (80, 80));
    let apart = read
        .pixels()
        .iter()
        .zip(glyph.pixels())
        .map(|(one, other)| one.abs_diff(*other));
    assert!(apart.max().unwrap() < 40);
}

#[test]
fn a_picture_is_turned_as_its_exif_says() {
    let mut tiff =
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec();
    let mut picture = Picture::blank(64, 32, 255).unwrap().pixels().to_vec();
    (0..16 * 64)
        .filter(|pixel| pixel % 64 < 16)
        .for_each(|pixel| picture[pixel] = 0);
    let plain = jpeg(&Picture::new(64, 32, picture).unwrap());
    let corners = |orientation: u8| {
        tiff[25] = orientation;
        let mut bytes = plain[..2].to_vec();
        bytes.extend([0xff, 0xe1]);
        bytes.extend((tiff.len() as u16 + 2).to_be_bytes());
        bytes.extend(&tiff);
        bytes.extend(&plain[2..]);
        let turned = read(&bytes).unwrap();
        let (right, bottom) = (turned.width() - 1, (turned.height() - 1) * turned.width());
        let dark = [0, right, bottom, bottom + right].map(|pixel| turned.pixels()[pixel] < 128);
        (turned.width(), dark.iter().position(|&dark| dark).unwrap())
    };
    let expected = [
        (64, 0),
        (64, 1),
        (64, 3),
        (64, 2),
        (32, 0),
        (32, 1),
        (32, 3),
        (32, 2),
    ];
    assert_eq!([1, 2, 3, 4, 5, 6, 7, 8].map(corners), expected);
}

#[test]
fn files_that_are_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    assert!(matches!(Picture::from_file(&path), Err(Error::Read { .. })));
    std::fs::write(&path, []).unwrap();
    assert!(matches!(
        Picture::from_file(&path),
        Err(Error::EmptyFile { .. })
    ));
    let error = read(b"Once upon a time").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not a PNG, JPEG, WebP, GIF, BMP or TIFF"),
        "{error}"
    );
    assert!(matches!(read(&[]), Err(Error::EmptyFile { .. })));
}

#[test]
fn pictures_cut_short() {
    let glyph = glyph_picture(&Font::built_in()[0], 'g', 60.0, 80);
    let (png, jpeg) = (glyph.to_png().unwrap(), jpeg(&glyph));
    for whole in [&png, &jpeg] {
        assert!(read(whole).is_ok());
        for tenth in 1..10 {
            let cut = read(&whole[..whole.len() * tenth / 10]);
            assert!(matches!(cut, Err(Error::Picture { .. })), "{tenth} tenths");
        }
    }
}

#[test]
fn pictures_too_large_are_refused_by_their_header() {
    for (width, height) in [
        (100_000, 1),
        (1, 100_000),
        (32_768, 16_385),
        (u32::MAX >> 1, 1 << 30),
    ] {
        let error = read(&png_header(width, height)).unwrap_err();
        let size = Error::PictureSize {
            file: "the file".into(),
            width: width as usize,
            height: height as usize,
        };
        assert_eq!(error.to_string(), size.to_string());
        assert!(error.hint().contains("65,535"));
    }
    let mut wide = jpeg(&small_glyph('R'));
    let frame = wide
        .windows(2)
        .position(|marker| marker == [0xff, 0xc0])
        .unwrap();
    wide[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert!(matches!(
        read(&wide),
        Err(Error::PictureSize { width: 65_535, .. })
    ));
}

/// Its coefficients are held whole, and are not too many.
#[test]
fn a_progressive_jpeg_beyond_the_limit_is_read_at_half_its_size() {
    let (width, height) = (16_384, 8208);
    let dark = |pixel: usize| pixel % width >= 8192 && pixel / width >= 4104;
    let pixels: Vec<u8> = (0..width * height)
        .map(|pixel| if dark(pixel) { 40 } else { 200 })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    encoder
        .encode(&pixels, width as u16, height as u16, ColorType::Luma)
        .unwrap();
    let picture = read(&bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (8192, 4104));
    for (x, y, level) in [
        (10, 10, 200),
        (8000, 10, 200),
        (10, 4000, 200),
        (8000, 4000, 40),
    ] {
        let found = picture.pixels()[y * 8192 + x];
        assert!(found.abs_diff(level) < 4, "{found} for {level}");
    }
}

#[test]
fn a_png_of_20_000_by_20_000_is_read_at_half_its_size() {
    let side = 20_000;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().unwrap();
    let stride = side as usize / 8;
    let mut samples = vec![0xff; stride * side as usize];
    // Black from pixel 8,000 to 16,000 to the right, and from row 7,999 on.
    for row in samples.chunks_exact_mut(stride).skip(7999).take(8000) {
        row[1000..2000].fill(0);
    }
    writer.write_image_data(&samples).unwrap();
    writer.finish().unwrap();
    let picture = read(&bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (10_000, 10_000));
    let at = |column: usize, row: usize| picture.pixels()[row * 10_000 + column];
    assert_eq!(at(6000, 6000), 0);
    assert_eq!(at(3990, 6000), 255);
    assert_eq!(at(6000, 3990), 255);
    assert_eq!(at(8010, 6000), 255);
    // Of the square of two from row 7,998 on, half is black.
    assert_eq!(at(6000, 3999), 128);
    // Cut short, it is no picture.
    assert!(read(&bytes[..bytes.len() / 20]).is_err());
}

#[test]
fn sizes_a_picture_cannot_have() {
    assert!(Picture::new(2, 2, vec![0; 3]).is_err());
    for (width, height) in [
        (0, 5),
        (5, 0),
        (65_536, 1),
        (16_384, 16_385),
        (usize::MAX, usize::MAX),
    ] {
        let refused = Picture::blank(width, height, 0);
        assert!(
            matches!(refused, Err(Error::PictureSize { .. })),
            "{width} by {height}"
        );
    }
}

#[test]
fn pictures_without_ink() {
    for grey in [0, 90, 255] {
        let error = Ink::find(&Picture::blank(50, 40, grey).unwrap()).unwrap_err();
        assert!(matches!(error, Error::NoInk { .. }), "{error}");
    }
    let nearly: Vec<u8> = (0..2000).map(|pixel| 200 + (pixel % 7) as u8).collect();
    let error = Ink::find(&Picture::new(50, 40, nearly).unwrap()).unwrap_err();
    assert!(error.to_string().contains("faint"), "{error}");
    assert!(Ink::find(&Picture::blank(1, 1, 3).unwrap()).is_err());
}

/// How much two pictures of ink differ, as a share of the ink of the first.
fn apart(one: &[u8], other: &[u8]) -> f64 {
    let apart: f64 = one
        .iter()
        .zip(other)
        .map(|(one, other)| f64::from(one.abs_diff(*other)))
        .sum();
    apart / one.iter().map(|&ink| f64::from(ink)).sum::<f64>()
}

/// The longer side of a glyph's ink box at a size.
fn longer_side(font: &Font, character: char, size: f32) -> f32 {
    let bounds = letra_type::Outline::of(font, character, size)
        .unwrap()
        .bounds()
        .unwrap();
    bounds.width().max(bounds.height())
}

#[test]
fn a_glyph_of_any_size_and_polarity_comes_out_as_in_the_training_data() {
    for font in Font::built_in() {
        let size = fitting_size(&font).unwrap();
        for character in ['R', 'g', 'i', '8', 'W'] {
            let wanted = centred_glyph(&font, character, size).unwrap();
            let side = longer_side(&font, character, size);
            for factor in [2.0, 5.0, 14.0] {
                let room = (36.0 * factor) as usize + 7;
                let dark = glyph_picture(&font, character, size * factor, room);
                let light = dark
                    .pixels()
                    .iter()
                    .map(|grey| 230 - grey / 4 * 3)
                    .collect();
                let light = Picture::new(room, room, light).unwrap();
                for picture in [dark, light] {
                    let found = normalise(&picture, side).unwrap();
                    let apart = apart(&wanted, &found);
                    assert!(
                        apart < 0.25,
                        "{} {character} ×{factor}: {apart}",
                        font.name()
                    );
                }
            }
        }
    }
}

#[test]
fn a_picture_of_a_glyph_set_keeps_its_size() {
    for character in ['R', 'i', 'W'] {
        let picture = small_glyph(character);
        let ink: Vec<u8> = picture.pixels().iter().map(|grey| 255 - grey).collect();
        assert!(
            apart(&ink, &normalise(&picture, 10.0).unwrap()) < 0.05,
            "{character}"
        );
    }
}

#[test]
fn dust_and_a_tight_crop_do_no_harm() {
    let font = &Font::built_in()[3];
    let clean = glyph_picture(font, 'E', 200.0, 220);
    let wanted = normalise(&clean, 24.0).unwrap();
    let mut dusty = clean.pixels().to_vec();
    [0, 219, 220 * 219 + 3]
        .iter()
        .for_each(|&pixel| dusty[pixel] = 0);
    let dusty = Picture::new(220, 220, dusty).unwrap();
    assert_eq!(normalise(&dusty, 24.0).unwrap(), wanted);
    let ink = Ink::find(&clean).unwrap();
    let outer = |side: usize, length: usize| (side - length) / 2;
    let (left, top) = (outer(220, ink.width()), outer(220, ink.height()));
    let tight: Vec<u8> = (top..top + ink.height())
        .flat_map(|row| clean.pixels()[row * 220 + left..][..ink.width()].to_vec())
        .collect();
    let tight = Picture::new(ink.width(), ink.height(), tight).unwrap();
    assert!(apart(&wanted, &normalise(&tight, 24.0).unwrap()) < 0.1);
}

#[test]
fn any_side_asked_for_fits() {
    let ink = Ink::find(&small_glyph('R')).unwrap();
    for side in [-1.0, 0.0, 1e9, f32::NAN, f32::INFINITY] {
        assert_eq!(ink.centred(side).len(), 36 * 36);
    }
    let full = ink.centred(30.0);
    let edge = |pixel: usize| [0, 1, 34, 35].contains(&(pixel % 36));
    assert!(
        (0..36 * 36)
            .filter(|&pixel| edge(pixel))
            .all(|pixel| full[pixel] == 0)
    );
}

/// A PNG of 16 bits a sample.
#[test]
fn pictures_of_sixteen_bits_are_read() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0x80, 0xff, 0xff, 0x00]).unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&bytes).unwrap().pixels(), [0x80, 0xff]);
}

#[test]
fn of_an_animation_the_first_picture_is_read() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_animated(3, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for level in [10, 120, 240] {
        writer.write_image_data(&[level; 4]).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(read(&bytes).unwrap().pixels(), [10; 4]);
}

#[test]
fn colours_for_print_become_grey() {
    let inks = |cyan, magenta, yellow, black| [cyan, magenta, yellow, black].repeat(256);
    let level = |samples: Vec<u8>| {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, 95)
            .encode(&samples, 16, 16, ColorType::Cmyk)
            .unwrap();
        let picture = read(&bytes).unwrap();
        picture.pixels()[100]
    };
    let (none, full, half) = (
        level(inks(0, 0, 0, 0)),
        level(inks(0, 0, 0, 255)),
        level(inks(0, 0, 0, 128)),
    );
    assert!(
        none > 250 && full < 5 && half.abs_diff(127) < 6,
        "{none} {full} {half}"
    );
}
