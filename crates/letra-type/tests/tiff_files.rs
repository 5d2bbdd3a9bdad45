//! TIFF files: colours, packings, strips and tiles, and what they must not claim.

mod helpers;

use std::io::Write;

use helpers::tiff::{
    BITS, COLOUR_MAP, COLOURS, COMPRESSION, EXTRA_SAMPLES, FILL_ORDER, ORIENTATION, PLANAR,
    PREDICTOR, ROWS_PER_STRIP, SAMPLE_FORMAT, SAMPLES, STRIP_BYTE_COUNTS, STRIP_OFFSETS,
    T4_OPTIONS, Tiff,
};
use letra_type::Picture;

const RED: u8 = 76;

/// 5 × 4 levels, the rows of which differ.
const LEVELS: [u8; 20] = [
    0, 9, 90, 200, 255, 1, 1, 1, 1, 1, 255, 254, 253, 0, 0, 7, 70, 77, 77, 77,
];

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(data).unwrap();
    packed.finish().unwrap()
}

fn lzw(data: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(data)
        .unwrap()
}

#[test]
fn every_packing_holds_the_same_levels() {
    // Four bytes as they are, one three times, no run, and the rest as it is.
    let runs = [&[3][..], &LEVELS[..4], &[0, 255, 254, 1, 128, 0, 1, 0, 1]].concat();
    let runs = [&runs, &[9][..], &LEVELS[10..]].concat();
    for (number, data) in [
        (1, LEVELS.to_vec()),
        (5, lzw(&LEVELS)),
        (8, zlib(&LEVELS)),
        (32_946, zlib(&LEVELS)),
        (32_773, runs),
    ] {
        let file = Tiff::grey(5, 4, &data).with(COMPRESSION, &[number]);
        assert_eq!(file.pixels(), LEVELS, "{number}");
        let cut = Tiff::grey(5, 4, &data[..data.len() / 2]).with(COMPRESSION, &[number]);
        cut.problem();
    }
    for number in [34_712, 50_000, 50_001, 999] {
        let file = Tiff::grey(5, 4, &LEVELS).with(COMPRESSION, &[number]);
        assert!(file.problem().contains("compressed"));
    }
}

#[test]
fn differences_are_added_up() {
    let mut bytes = LEVELS;
    for row in bytes.chunks_exact_mut(5) {
        for place in (1..5).rev() {
            row[place] = row[place].wrapping_sub(row[place - 1]);
        }
    }
    let file = Tiff::grey(5, 4, &zlib(&bytes)).with(COMPRESSION, &[8]);
    assert_eq!(file.with(PREDICTOR, &[2]).pixels(), LEVELS);
    // 300, 300 - 2, 300 - 2 + 511.
    let words = [1, 44, 255, 254, 1, 255];
    let file = Tiff::grey(3, 1, &lzw(&words)).with(COMPRESSION, &[5]);
    let file = file.with(PREDICTOR, &[2]).with(BITS, &[16]).big_endian();
    assert_eq!(file.pixels(), [1, 1, 3]);
}

#[test]
fn depths_and_orders_of_bytes() {
    let bits = |bits: u32, width: u32, data: &[u8]| Tiff::grey(width, 1, data).with(BITS, &[bits]);
    assert_eq!(bits(1, 4, &[0b1010_0000]).pixels(), [255, 0, 255, 0]);
    assert_eq!(bits(2, 4, &[0b0001_1011]).pixels(), [0, 85, 170, 255]);
    assert_eq!(bits(4, 3, &[0x0f, 0x30]).pixels(), [0, 255, 51]);
    assert_eq!(
        bits(12, 3, &[0x12, 0x34, 0x56, 0x78, 0x90]).pixels(),
        [0x12, 0x45, 0x78]
    );
    assert_eq!(bits(16, 2, &[1, 2, 3, 4]).pixels(), [2, 4]);
    assert_eq!(bits(16, 2, &[1, 2, 3, 4]).big_endian().pixels(), [1, 3]);
    let turned = bits(4, 3, &[0xf0, 0x0c]).with(FILL_ORDER, &[2]);
    assert_eq!(turned.pixels(), [0, 255, 51]);
    let white_is_zero = bits(2, 4, &[0b0001_1011]).with(COLOURS, &[0]);
    assert_eq!(white_is_zero.pixels(), [255, 170, 85, 0]);
    assert!(
        bits(8, 3, &[0; 3])
            .with(339, &[2])
            .problem()
            .contains("signed")
    );
    assert!(bits(3, 3, &[0; 3]).problem().contains("bits"));
}

#[test]
fn colours_are_laid_on_white() {
    let colours = |kind: u32, samples: u32, data: &[u8]| {
        Tiff::grey(data.len() as u32 / samples, 1, data)
            .with(COLOURS, &[kind])
            .with(SAMPLES, &[samples])
            .with(BITS, &vec![8; samples as usize])
    };
    assert_eq!(colours(2, 3, &[255, 0, 0, 9, 9, 9]).pixels(), [RED, 9]);
    let half_red = [255, 0, 0, 102];
    let half = 183;
    assert_eq!(colours(2, 4, &half_red).pixels(), [half]);
    assert_eq!(
        colours(2, 4, &half_red).with(EXTRA_SAMPLES, &[2]).pixels(),
        [half]
    );
    assert_eq!(
        colours(2, 4, &half_red).with(EXTRA_SAMPLES, &[0]).pixels(),
        [RED]
    );
    let multiplied = colours(2, 4, &[102, 0, 0, 102, 0, 0, 0, 0]).with(EXTRA_SAMPLES, &[1]);
    assert_eq!(multiplied.pixels(), [half, 255]);
    assert_eq!(
        colours(1, 2, &[0, 102]).with(EXTRA_SAMPLES, &[2]).pixels(),
        [153]
    );
    assert_eq!(
        colours(5, 4, &[0, 255, 255, 0, 0, 0, 0, 255]).pixels(),
        [RED, 0]
    );
    // Luma and differences of colour, which are the same for grey.
    let ycc = colours(6, 3, &[50, 128, 128]).with(530, &[1, 1]);
    assert_eq!(ycc.pixels(), [50]);
    let planes = colours(2, 3, &[255, 9, 0, 9, 0, 9]).with(PLANAR, &[2]);
    let planes = planes
        .with(STRIP_OFFSETS, &[0, 2, 4])
        .with(STRIP_BYTE_COUNTS, &[2, 2, 2]);
    assert_eq!(planes.pixels(), [RED, 9]);
    let map = [0, 0xffff, 0, 0xffff, 0, 0, 0, 0xffff, 0, 0, 0, 0xffff];
    let palette = Tiff::grey(4, 1, &[0b0001_1011]).with(BITS, &[2]);
    let palette = palette.with(COLOURS, &[3]).with(COLOUR_MAP, &map);
    assert_eq!(palette.pixels(), [0, RED, 0, 255]);
    assert!(palette.without(COLOUR_MAP).problem().contains("palette"));
    assert!(colours(10, 3, &[0; 3]).problem().contains("L*a*b*"));
    assert!(colours(2, 2, &[0; 2]).problem().contains("fewer samples"));
}

#[test]
fn strips_and_tiles_are_put_in_their_places() {
    let strips = Tiff::grey(5, 4, &LEVELS)
        .with(ROWS_PER_STRIP, &[3])
        .with(STRIP_OFFSETS, &[0, 15])
        .with(STRIP_BYTE_COUNTS, &[15, 5]);
    assert_eq!(strips.pixels(), LEVELS);
    // Tiles of 3 × 3 of which the right and the lower ones hold what lies outside.
    let mut data = Vec::new();
    for (left, top) in [(0, 0), (3, 0), (0, 3), (3, 3)] {
        for (x, y) in (0..9).map(|place| (left + place % 3, top + place / 3)) {
            data.push(if x < 5 && y < 4 {
                LEVELS[y * 5 + x]
            } else {
                99
            });
        }
    }
    let tiles = Tiff::grey(5, 4, &data).with(322, &[3]).with(323, &[3]);
    let tiles = tiles.with(324, &[0, 9, 18, 27]).with(325, &[9; 4]);
    assert_eq!(tiles.pixels(), LEVELS);
}

#[test]
fn a_page_is_turned_as_it_says() {
    let turned = |orientation| {
        let page = Tiff::grey(3, 2, &[1, 2, 3, 4, 5, 6]).with(ORIENTATION, &[orientation]);
        let picture = page.read().unwrap();
        (picture.width(), picture.pixels().to_vec())
    };
    assert_eq!(turned(1), (3, vec![1, 2, 3, 4, 5, 6]));
    assert_eq!(turned(2), (3, vec![3, 2, 1, 6, 5, 4]));
    assert_eq!(turned(3), (3, vec![6, 5, 4, 3, 2, 1]));
    assert_eq!(turned(4), (3, vec![4, 5, 6, 1, 2, 3]));
    assert_eq!(turned(5), (2, vec![1, 4, 2, 5, 3, 6]));
    assert_eq!(turned(6), (2, vec![4, 1, 5, 2, 6, 3]));
    assert_eq!(turned(7), (2, vec![6, 3, 5, 2, 4, 1]));
    assert_eq!(turned(8), (2, vec![3, 6, 2, 5, 1, 4]));
}

/// Bits written as zeros and ones, filled up to a byte.
fn bits(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let byte = |digits: &[u8]| {
        let value = digits
            .iter()
            .fold(0, |value, digit| value << 1 | (digit - b'0'));
        value << (8 - digits.len())
    };
    digits.chunks(8).map(byte).collect()
}

/// A fax of 16 columns: 4 white, 4 black, 8 white; all white; 2 black, the rest white.
fn fax(number: u32, data: &str) -> Tiff {
    Tiff::grey(16, 3, &bits(data))
        .with(BITS, &[1])
        .with(COLOURS, &[0])
        .with(COMPRESSION, &[number])
}

fn fax_levels() -> Vec<u8> {
    let mut levels = vec![255; 48];
    levels[4..8].fill(0);
    levels[32..34].fill(0);
    levels
}

#[test]
fn a_fax_is_read() {
    // Each row from a byte on.
    let rows = "1011 011 10011 0000  101010 00  00110101 11 110100 00";
    assert_eq!(fax(2, rows).pixels(), fax_levels());
    let mark = "000000000001";
    let marked = |mark: &str| {
        format!("{mark} 1011 011 10011 {mark} 101010 000{mark} 00110101 11 110100 {mark}{mark}")
    };
    assert_eq!(fax(3, &marked(mark)).pixels(), fax_levels());
    // The second row by the first: past the black, to the end; the third by itself.
    let tagged = format!("{mark}1 1011 011 10011 {mark}0 0001 1 {mark}1 00110101 11 110100");
    let tagged = fax(3, &tagged).with(T4_OPTIONS, &[1]);
    assert_eq!(tagged.pixels(), fax_levels());
    // Runs across; past the black, to the end; runs across, to the end.
    let above = "001 1011 011 1  0001 1  001 00110101 11 1";
    assert_eq!(fax(4, above).pixels(), fax_levels());
    // After the page's end all is white; and the lowest bit may come first.
    let ended = fax(4, &format!("001 1011 011 1 {mark}{mark}"));
    assert_eq!(ended.pixels()[..16], fax_levels()[..16]);
    assert_eq!(ended.pixels()[16..], [255; 32]);
    let mut turned = fax(4, above).with(FILL_ORDER, &[2]);
    turned
        .data
        .iter_mut()
        .for_each(|byte| *byte = byte.reverse_bits());
    assert_eq!(turned.pixels(), fax_levels());
}

#[test]
fn damage_to_a_row_of_a_fax_ends_with_the_row_where_marks_tell() {
    let mark = "000000000001";
    let damaged = format!("{mark} 1011 0000 0000 1 {mark} 101010 {mark} 00110101 11 110100 {mark}");
    let pixels = fax(3, &damaged).pixels();
    assert_eq!(pixels[..32], [255; 32]);
    assert_eq!(pixels[32..], fax_levels()[32..]);
    // What stands between a row and the next mark belongs to none.
    let filled =
        format!("{mark} 1011 011 10011 1101 {mark} 101010 {mark} 00110101 11 110100 {mark}");
    assert_eq!(fax(3, &filled).pixels(), fax_levels());
    assert!(fax(4, "001 1011 0000 0000 1").problem().contains("fax"));
    assert!(fax(4, "001 1011 011 1").problem().contains("fax"));
    assert!(fax(2, "1011").problem().contains("fax"));
}

#[test]
fn damage_to_a_row_of_a_fax_without_marks_is_passed_over() {
    // The first of the rows that begin with a byte ends after its first run.
    let rows = "1011 0000 00000000  101010 00  00110101 11 110100 00 00000000 00000000";
    let pixels = fax(2, rows).pixels();
    assert_eq!(pixels[..16], [255; 16]);
    // In the second row after four white columns a code that there is not; the third is read from
    // there on: eight zeros, which end the page.
    let damaged = format!("001 1011 011 1  001 1011 0000 0000 {}", "1".repeat(60));
    let pixels = fax(4, &damaged).pixels();
    assert_eq!(pixels[..16], fax_levels()[..16]);
    assert_eq!(pixels[16..], [255; 32]);
    // A black run beyond the end of its row is none.
    let long = format!("001 1011 011 1  001 1011 000101 {}", "1".repeat(60));
    assert_eq!(fax(4, &long).pixels()[20..28], [0; 8]);
    let long = format!("001 1011 011 1  001 1011 00000100 {}", "1".repeat(60));
    assert_eq!(fax(4, &long).pixels()[16..32], [255; 16]);
}

#[test]
fn lzma_with_and_without_differences_is_read() {
    for difference in [None, Some(1), Some(5)] {
        let mut data = LEVELS.to_vec();
        if let Some(distance) = difference {
            for place in (distance..data.len()).rev() {
                data[place] = data[place].wrapping_sub(data[place - distance]);
            }
        }
        let mut stream = b"\xfd7zXZ\0\0\0\0\0\0\0".to_vec();
        match difference {
            None => stream.extend([2, 0, 0x21, 1, 22, 0, 0, 0, 0, 0, 0, 0]),
            Some(distance) => {
                stream.extend([2, 1, 3, 1, distance as u8 - 1, 0x21, 1, 22, 0, 0, 0, 0]);
            }
        }
        let options = lzma_rust2::Lzma2Options::with_preset(6);
        let mut writer = lzma_rust2::Lzma2Writer::new(Vec::new(), options);
        writer.write_all(&data).unwrap();
        stream.extend(writer.finish().unwrap());
        let file = Tiff::grey(5, 4, &stream).with(COMPRESSION, &[34_925]);
        assert_eq!(file.pixels(), LEVELS, "{difference:?}");
        let cut = Tiff::grey(5, 4, &stream[..stream.len() - 12]).with(COMPRESSION, &[34_925]);
        assert!(cut.problem().contains("cut short"));
    }
}

#[test]
fn levels_below_black_are_black() {
    let words = [0_i16, i16::MIN, -1, 0x40ff, i16::MAX];
    let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let file = Tiff::grey(5, 1, &data)
        .with(BITS, &[16])
        .with(SAMPLE_FORMAT, &[2]);
    assert_eq!(file.pixels(), [0, 0, 0, 0x81, 255]);
    let fractions = file.with(SAMPLE_FORMAT, &[3]);
    assert!(fractions.problem().contains("fractions"));
}

#[test]
fn fractions_are_levels_unless_none_is_above_one() {
    let fractions = |levels: [f32; 5], big: bool| {
        let bytes = levels.iter().flat_map(|level| match big {
            true => level.to_be_bytes(),
            false => level.to_le_bytes(),
        });
        let file = Tiff::grey(5, 1, &bytes.collect::<Vec<_>>());
        let file = file.with(BITS, &[32]).with(SAMPLE_FORMAT, &[3]);
        if big { file.big_endian() } else { file }
    };
    // As Pillow has them: cut off, not rounded.
    let levels = [-3.1, 3.1, 254.9, 1e9, f32::NAN];
    for big in [false, true] {
        assert_eq!(fractions(levels, big).pixels(), [0, 3, 254, 255, 0]);
    }
    let dark = fractions([0.0, 0.25, 0.5, 1.0, -1.0], false);
    assert!(dark.problem().contains("nothing tells the white"));
}

#[test]
fn colours_of_lab_are_read_by_their_light() {
    // White, black, middle grey, and sRGB's red, green and blue as Lindbloom's tables have them.
    let colours: [[i8; 3]; 6] = [
        [-1, 0, 0],
        [0, 0, 0],
        [-119, 0, 0],
        [-117, 81, 70],
        [-32, -79, 81],
        [75, 68, -112],
    ];
    let signed: Vec<u8> = colours
        .as_flattened()
        .iter()
        .map(|&byte| byte as u8)
        .collect();
    let lab = |data: &[u8], kind| {
        Tiff::grey(6, 1, data)
            .with(BITS, &[8, 8, 8])
            .with(SAMPLES, &[3])
            .with(COLOURS, &[kind])
            .pixels()
    };
    let expected = [255, 0, 128, 77, 152, 30];
    let pixels = lab(&signed, 8);
    for (pixel, expected) in pixels.iter().zip(expected) {
        assert!(pixel.abs_diff(expected) <= 1, "{pixels:?}");
    }
    let shifted: Vec<u8> = signed
        .chunks(3)
        .flat_map(|lab| [lab[0], lab[1] ^ 0x80, lab[2] ^ 0x80])
        .collect();
    assert_eq!(lab(&shifted, 9), pixels);
}

#[test]
fn a_jpeg_within_a_tiff_is_read() {
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 100)
        .encode(&[100; 64], 16, 4, jpeg_encoder::ColorType::Luma)
        .unwrap();
    let file = Tiff::grey(16, 4, &jpeg).with(COMPRESSION, &[7]);
    assert_eq!(file.pixels(), [100; 64]);
    // Its tables may stand apart, as a file without a picture.
    let (mut tables, mut rest) = (vec![0xff, 0xd8], vec![0xff, 0xd8]);
    let mut at = 2;
    while jpeg[at + 1] != 0xda {
        let end = at + 2 + usize::from(jpeg[at + 2]) * 256 + usize::from(jpeg[at + 3]);
        match jpeg[at + 1] {
            0xdb | 0xc4 => tables.extend(&jpeg[at..end]),
            _ => rest.extend(&jpeg[at..end]),
        }
        at = end;
    }
    tables.extend([0xff, 0xd9]);
    rest.extend(&jpeg[at..]);
    let mut file = Tiff::grey(16, 4, &rest).with(COMPRESSION, &[7]);
    assert!(file.read().is_err());
    // As numbers of four bytes they would be no tables: they are written as bytes.
    let at = file.bytes().len() as u32;
    file = file.with(347, &[0; 1]);
    let mut bytes = file.bytes();
    let entry = bytes
        .windows(4)
        .position(|entry| entry == [91, 1, 4, 0])
        .unwrap();
    bytes[entry + 2] = 7;
    bytes[entry + 4..entry + 8].copy_from_slice(&(tables.len() as u32).to_le_bytes());
    bytes[entry + 8..entry + 12].copy_from_slice(&(at + 12).to_le_bytes());
    bytes.extend(&tables);
    let picture = Picture::from_bytes("the file", &bytes).unwrap();
    assert_eq!(picture.pixels(), [100; 64]);
    let other_size = Tiff::grey(15, 4, &jpeg).with(COMPRESSION, &[7]);
    assert!(other_size.problem().contains("another size"));
}

#[test]
fn a_tiff_that_claims_more_than_it_holds_is_refused() {
    let huge = Tiff::grey(8000, 8000, &LEVELS);
    assert!(huge.problem().contains("does not hold"));
    assert!(huge.with(256, &[100_000]).read().is_err());
    let tiny_tiles = Tiff::grey(8000, 8000, &LEVELS)
        .with(322, &[2])
        .with(323, &[2]);
    assert!(
        tiny_tiles
            .with(324, &[0, 1])
            .problem()
            .contains("too many parts")
    );
    // Every row is all of the data again.
    let runs = [128; 10_000];
    let rows = Tiff::grey(5, 1000, &runs)
        .with(COMPRESSION, &[32_773])
        .with(ROWS_PER_STRIP, &[1]);
    let rows = rows
        .with(STRIP_OFFSETS, &[0; 1000])
        .with(STRIP_BYTE_COUNTS, &[10_000; 1000]);
    assert!(rows.problem().contains("longer than the file"));
    assert!(
        Tiff::grey(5, 4, &LEVELS)
            .without(STRIP_OFFSETS)
            .problem()
            .contains("no picture")
    );
    assert!(
        Tiff::grey(5, 4, &LEVELS)
            .with(SAMPLES, &[60_000])
            .read()
            .is_err()
    );
    assert_eq!(
        Tiff::grey(5, 4, &LEVELS)
            .without(STRIP_BYTE_COUNTS)
            .pixels(),
        LEVELS
    );
    for length in 0..40 {
        let bytes = Tiff::grey(5, 4, &LEVELS).bytes();
        assert!(Picture::from_bytes("the file", &bytes[..length]).is_err());
    }
}
