//! JPEG files: orders of their data, what may be missing of it, and lossless ones.

mod helpers;

use helpers::lossless_jpeg::lossless;
use helpers::tiff::{BITS, COMPRESSION, EXTRA_SAMPLES, SAMPLES, Tiff};
use jpeg_encoder::{ColorType, Encoder};
use letra_type::Picture;

fn read(bytes: &[u8]) -> letra_type::Result<Picture> {
    Picture::from_bytes("the file", bytes)
}

const WIDTH: usize = 64;
const HEIGHT: usize = 16;

/// Colours that change from pixel to pixel, as a file that is written in some way.
fn colours(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let pixel = |place: usize| [place * 7 % 256, place / 5 % 256, place * place / 9 % 256];
    let samples = (0..WIDTH * HEIGHT).flat_map(pixel);
    let samples: Vec<u8> = samples.map(|sample| sample as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    write(&mut encoder);
    encoder
        .encode(&samples, WIDTH as u16, HEIGHT as u16, ColorType::Rgb)
        .unwrap();
    bytes
}

/// Where the markers of a kind stand.
fn markers(bytes: &[u8], kind: std::ops::RangeInclusive<u8>) -> Vec<usize> {
    let is_one = |&at: &usize| bytes[at] == 0xff && kind.contains(&bytes[at + 1]);
    (0..bytes.len() - 1).filter(is_one).collect()
}

#[test]
fn the_order_of_the_data_changes_no_pixel() {
    let expected = read(&colours(|_| ())).unwrap();
    for (progressive, optimised, restart) in [
        (true, false, 0),
        (true, true, 0),
        (false, true, 0),
        (false, false, 2),
    ] {
        let bytes = colours(|encoder| {
            encoder.set_progressive(progressive);
            encoder.set_optimized_huffman_tables(optimised);
            encoder.set_restart_interval(restart);
        });
        assert_eq!(read(&bytes).unwrap(), expected);
    }
}

#[test]
fn tables_that_are_not_stated_are_the_standard_s() {
    let mut bytes = colours(|_| ());
    let expected = read(&bytes).unwrap();
    while let Some(&at) = markers(&bytes, 0xc4..=0xc4).first() {
        let length = usize::from(bytes[at + 2]) * 256 + usize::from(bytes[at + 3]);
        bytes.drain(at..at + 2 + length);
    }
    assert_eq!(read(&bytes).unwrap(), expected);
}

#[test]
fn after_missing_data_the_next_restart_is_in_its_place() {
    let bytes = colours(|encoder| encoder.set_restart_interval(1));
    let expected = read(&bytes).unwrap();
    let restarts = markers(&bytes, 0xd0..=0xd7);
    assert!(restarts.len() > 4);
    let last_row = |picture: &Picture| picture.pixels()[WIDTH * (HEIGHT - 8)..].to_vec();
    // A unit is missing with the marker before it; a marker is there twice.
    for (from, to, between) in [
        (restarts[0], restarts[1], &[][..]),
        (restarts[1], restarts[1], &[0xff, 0xd0][..]),
    ] {
        let damaged = [&bytes[..from], between, &bytes[to..]].concat();
        let picture = read(&damaged).unwrap();
        assert_eq!(last_row(&picture), last_row(&expected));
    }
    // Bytes that belong to no unit are passed over.
    let damaged = [&bytes[..restarts[2]], &[7; 40], &bytes[restarts[2]..]].concat();
    assert_eq!(read(&damaged).unwrap(), expected);
}

#[test]
fn what_is_missing_before_the_end_marker_is_grey_and_a_cut_file_is_refused() {
    let bytes = colours(|_| ());
    let scan = markers(&bytes, 0xda..=0xda)[0];
    let half = scan + (bytes.len() - scan) / 2;
    let ended = [&bytes[..half], &[0, 0xff, 0xd9]].concat();
    let picture = read(&ended).unwrap();
    assert_eq!(picture.pixels().last(), Some(&128));
    assert!(read(&bytes[..half]).is_err());
    // But for its end marker it is whole.
    assert_eq!(
        read(&bytes[..bytes.len() - 2]).unwrap(),
        read(&bytes).unwrap()
    );
}

#[test]
fn two_frames_are_refused() {
    let bytes = colours(|_| ());
    let frame = markers(&bytes, 0xc0..=0xc0)[0];
    let twice = [&bytes[..frame], &bytes[frame..frame + 19], &bytes[frame..]].concat();
    assert!(read(&twice).is_err());
}

#[test]
fn a_lossless_jpeg_is_read_and_its_colours_are_as_they_are() {
    let levels = [0, 255, 3, 99, 100, 101, 200, 7, 7, 7, 255, 0];
    let grey = lossless(&[1], 4, &levels);
    assert_eq!(read(&grey).unwrap().pixels(), levels);
    assert!(read(&grey[..grey.len() - 8]).is_err());
    let colours = lossless(&[1, 2, 3], 2, &[255, 0, 0, 9, 9, 9, 255, 255, 255, 0, 0, 0]);
    assert_eq!(read(&colours).unwrap().pixels(), [76, 9, 255, 0]);
}

#[test]
fn grey_with_opacity_in_a_jpeg_in_a_tiff_is_laid_on_white() {
    let jpeg = lossless(&[1, 2], 2, &[0, 255, 0, 0, 100, 255, 255, 128]);
    assert!(
        read(&jpeg)
            .unwrap_err()
            .to_string()
            .contains("two components")
    );
    let file = Tiff::grey(2, 2, &jpeg)
        .with(BITS, &[8, 8])
        .with(SAMPLES, &[2])
        .with(EXTRA_SAMPLES, &[2])
        .with(COMPRESSION, &[7]);
    assert_eq!(file.pixels(), [0, 255, 100, 255]);
}
