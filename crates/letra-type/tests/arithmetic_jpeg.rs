//! Arithmetic-coded JPEGs beside the same coefficients coded by Huffman's method; how they were
//! made is told in `arithmetic/README.md`.

use letra_type::Picture;

macro_rules! jpeg {
    ($name:literal) => {
        include_bytes!(concat!("arithmetic/", $name, ".jpg")).as_slice()
    };
}

fn read(bytes: &[u8]) -> letra_type::Result<Picture> {
    Picture::from_bytes("the file", bytes)
}

#[test]
fn the_pixels_are_those_of_the_same_coefficients_coded_otherwise() {
    let pictures = [
        (
            jpeg!("quartered"),
            vec![
                jpeg!("quartered-sequential"),
                jpeg!("quartered-progressive"),
                jpeg!("quartered-restarts"),
                jpeg!("quartered-scans"),
            ],
        ),
        (
            jpeg!("full"),
            vec![jpeg!("full-sequential"), jpeg!("full-progressive")],
        ),
        (jpeg!("sixteenth"), vec![jpeg!("sixteenth-scans")]),
        (
            jpeg!("grey"),
            vec![jpeg!("grey-sequential"), jpeg!("grey-progressive")],
        ),
    ];
    for (ordinary, arithmetic) in pictures {
        let expected = read(ordinary).unwrap();
        assert_eq!((expected.width(), expected.height()), (20, 18));
        for bytes in arithmetic {
            let frame = |marker| bytes.windows(2).any(|pair| pair == [0xff, marker]);
            assert!(frame(0xc9) || frame(0xca));
            assert_eq!(read(bytes).unwrap(), expected);
        }
    }
}

#[test]
fn an_arithmetic_coded_jpeg_that_is_cut_short_is_refused() {
    for whole in [jpeg!("full-sequential"), jpeg!("quartered-progressive")] {
        for length in 2..whole.len() - 2 {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn a_small_file_that_claims_a_large_picture_is_refused() {
    for (bytes, marker) in [
        (jpeg!("full-sequential"), 0xc9),
        (jpeg!("full-progressive"), 0xca),
    ] {
        let mut bytes = bytes.to_vec();
        let frame = bytes.windows(2).position(|pair| pair == [0xff, marker]);
        let size = frame.unwrap() + 5;
        bytes[size..size + 4].copy_from_slice(&[0x1f, 0x40, 0x1f, 0x40]);
        let error = read(&bytes).unwrap_err();
        assert!(
            error.to_string().contains("does not hold all its pixels"),
            "{error}"
        );
    }
}

#[test]
fn a_restart_marker_that_is_missing_is_damage() {
    let mut bytes = jpeg!("quartered-restarts").to_vec();
    let marker = bytes
        .windows(2)
        .rposition(|pair| pair[0] == 0xff && (0xd0..=0xd7).contains(&pair[1]));
    let at = marker.unwrap();
    bytes.drain(at..at + 2);
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn passes_without_end_are_refused() {
    let whole = jpeg!("quartered-progressive");
    let scan = whole
        .windows(2)
        .position(|pair| pair == [0xff, 0xda])
        .unwrap();
    let next = whole[scan + 2..]
        .windows(2)
        .position(|pair| pair[0] == 0xff && pair[1] == 0xda);
    let once = &whole[scan..scan + 2 + next.unwrap()];
    let bytes = [&whole[..scan], &once.repeat(600), &whole[scan..]].concat();
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().contains("passes"), "{error}");
}
