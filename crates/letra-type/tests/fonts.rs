//! Fonts, glyphs, glyph sets and specimens.

mod helpers;

use letra_type::{
    CHARACTERS, Error, Font, LARGEST_INK, MOST_SPECIMENS, Outline, Picture, SHIFTS, SIDE,
    centred_glyph, draw_line, fitting_size, glyph_set, line_width, specimen,
};

fn hack() -> Font {
    Font::from_bytes("Hack.ttf", epaint_default_fonts::HACK_REGULAR, 0).unwrap()
}

/// A font file with only some of its tables.
fn with_tables(font: &[u8], keep: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let count = u16::from_be_bytes([font[4], font[5]]) as usize;
    let records: Vec<&[u8]> = font[12..][..16 * count]
        .chunks(16)
        .filter(|record| keep(&record[..4]))
        .collect();
    let mut bytes = font.to_vec();
    bytes[4..6].copy_from_slice(&(records.len() as u16).to_be_bytes());
    let directory = records.concat();
    bytes[12..][..directory.len()].copy_from_slice(&directory);
    bytes
}

#[test]
fn the_built_in_typefaces_in_order() {
    let fonts = Font::built_in();
    let names: Vec<String> = fonts.iter().map(Font::name).collect();
    assert_eq!(
        names,
        [
            "Libertinus Serif",
            "New Computer Modern",
            "DejaVu Sans Mono",
            "Hack",
            "Ubuntu Light"
        ]
    );
    for font in &fonts {
        assert!(CHARACTERS.iter().all(|&character| font.covers(character)));
        assert!(font.character_count() > 1000);
    }
    assert_eq!((fonts[4].family(), fonts[4].style()), ("Ubuntu", "Light"));
}

#[test]
fn a_font_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some font.ttf");
    std::fs::write(&path, epaint_default_fonts::HACK_REGULAR).unwrap();
    assert_eq!(Font::from_file(&path).unwrap(), hack());
    std::fs::write(&path, []).unwrap();
    assert!(matches!(
        Font::from_file(&path),
        Err(Error::EmptyFile { .. })
    ));
    let missing = Font::from_file(&folder.path().join("none.ttf")).unwrap_err();
    assert!(matches!(missing, Error::Read { .. }), "{missing}");
}

#[test]
fn metrics_are_the_fonts_own() {
    let font = hack();
    assert_eq!(font.advance('i', 2048.0), 1233.0);
    assert_eq!(font.advance('\u{10ffff}', 2048.0), 0.0);
    assert_eq!(line_width(&font, "letra", 2048.0), 5.0 * 1233.0);
    let metrics = font.line_metrics(2048.0);
    assert_eq!(
        (metrics.ascent, metrics.descent, metrics.height),
        (1901.0, 483.0, 2384.0)
    );
}

#[test]
fn bytes_that_are_no_font_of_use() {
    let problem = |bytes: Vec<u8>, index| match Font::from_bytes("the file", bytes, index) {
        Err(Error::Font { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let font = epaint_default_fonts::HACK_REGULAR;
    problem(b"no font at all, only text".to_vec(), 0);
    problem(font.to_vec(), 1);
    assert!(problem(with_tables(font, |tag| tag != b"glyf"), 0).contains("outlines"));
    assert!(problem(with_tables(font, |tag| tag != b"cmap"), 0).contains("cmap"));
    let nameless = with_tables(font, |tag| tag != b"name");
    let nameless = Font::from_bytes("folder/Some Name.ttf", nameless, 0).unwrap();
    assert_eq!(nameless.name(), "Some Name");
}

#[test]
fn coverage_adds_up_to_the_area_of_the_outline() {
    let font = hack();
    for size in [9.0, 33.3, 100.0, 512.0] {
        let outline = Outline::of(&font, 'I', size).unwrap();
        let bounds = outline.bounds().unwrap();
        let side = bounds.width().max(bounds.height()) as usize + 3;
        let at = (1.0 - bounds.left, 1.0 - bounds.top);
        let ink = outline.coverage(side, side, at.0, at.1).unwrap();
        let area = ink.iter().map(|&ink| f64::from(ink)).sum::<f64>() / 255.0;
        let scale = f64::from(size) / 2048.0;
        let (stem, bar, height, serif) = (202.0, 825.0, 1493.0, 170.0);
        let exact = (height * stem + 2.0 * serif * (bar - stem)) * scale * scale;
        assert!(
            (area / exact - 1.0).abs() < 0.02,
            "{size}: {area} of {exact}"
        );
    }
}

#[test]
fn sizes_and_characters_that_cannot_be_drawn() {
    let font = hack();
    for size in [0.0, -1.0, 4097.0, f32::NAN, f32::INFINITY] {
        assert!(
            matches!(Outline::of(&font, 'a', size), Err(Error::Size { .. })),
            "{size}"
        );
    }
    let error = Outline::of(&font, '\u{4e2d}', 20.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Hack has no glyph for the character '中'"
    );
    assert!(Outline::of(&font, ' ', 20.0).unwrap().bounds().is_none());
    assert!(matches!(
        centred_glyph(&font, ' ', 20.0),
        Err(Error::Character { .. })
    ));
}

#[test]
fn text_beyond_the_picture_is_cut_off() {
    let mut picture = Picture::blank(20, 10, 255).unwrap();
    for at in [
        (-30.0, 8.0),
        (15.0, 8.0),
        (0.0, -40.0),
        (0.0, 60.0),
        (1e9, 8.0),
        (f32::NAN, 0.0),
    ] {
        draw_line(&mut picture, &hack(), "Wide text", 12.0, at, 0).unwrap();
    }
    let outline = Outline::of(&hack(), 'W', 4096.0).unwrap();
    assert!(outline.coverage(100_000, 1, 0.0, 0.0).is_err());
    assert_eq!(outline.coverage(2, 1, -1e30, f32::NAN).unwrap(), [0, 0]);
    let mut other = Picture::blank(20, 10, 255).unwrap();
    let end = draw_line(&mut other, &hack(), "ab", 12.0, (2.0, 8.0), 0).unwrap();
    assert!((end - 2.0 - line_width(&hack(), "ab", 12.0)).abs() < 1e-4);
    assert!(other.pixels().iter().any(|&grey| grey < 50));
}

#[test]
fn a_glyph_set_is_centred_shifted_and_nowhere_cut_off() {
    let fonts = Font::built_in();
    let data = glyph_set(&fonts).unwrap();
    assert_eq!(data.len(), 5 * 62 * 9);
    assert_eq!(data.groups().unwrap()[558 + 36 * 9], 10);
    let ink = |index: usize| {
        data.picture(index)
            .iter()
            .map(|&ink| u64::from(ink))
            .sum::<u64>()
    };
    for glyph in (0..data.len()).step_by(9) {
        assert!(
            (1..9).all(|shift| ink(glyph + shift) == ink(glyph)),
            "glyph {glyph}"
        );
        assert_eq!(data.labels()[glyph], glyph / 558);
        let unshifted = data.picture(glyph + 6);
        let columns: Vec<usize> = (0..SIDE * SIDE)
            .filter(|&pixel| unshifted[pixel] > 0)
            .map(|pixel| pixel % SIDE)
            .collect();
        let (left, right) = (columns.iter().min().unwrap(), columns.iter().max().unwrap());
        assert!(
            left.abs_diff(SIDE - 1 - right) <= 1,
            "glyph {glyph}: {left} to {right}"
        );
        for (shift, &(right, down)) in SHIFTS.iter().enumerate() {
            let moved = data.picture(glyph + shift);
            let at = |row: i32, column: i32| unshifted[(row * SIDE as i32 + column) as usize];
            let to = moved[((18 + down) * SIDE as i32 + 17 + right) as usize];
            assert_eq!(to, at(18, 17), "glyph {glyph}, shift {shift}");
        }
    }
}

#[test]
fn the_largest_glyph_fills_its_room() {
    for font in Font::built_in() {
        let size = fitting_size(&font).unwrap();
        let longest = CHARACTERS.map(|character| {
            let bounds = Outline::of(&font, character, size)
                .unwrap()
                .bounds()
                .unwrap();
            bounds.width().max(bounds.height())
        });
        let longest = longest.into_iter().fold(0.0, f32::max);
        assert!(
            (longest - LARGEST_INK as f32).abs() < 0.05,
            "{}: {longest}",
            font.name()
        );
    }
}

#[test]
fn glyph_sets_that_cannot_be_drawn() {
    assert!(matches!(
        glyph_set(&[]),
        Err(Error::FontCount { count: 0, .. })
    ));
    let many = vec![hack(); 257];
    assert!(matches!(
        glyph_set(&many),
        Err(Error::FontCount { count: 257, .. })
    ));
}

#[test]
fn a_specimen_shows_each_font() {
    let fonts = Font::built_in();
    let one = specimen(&fonts[..1]).unwrap();
    let two = specimen(&fonts[..2]).unwrap();
    assert_eq!(two.width(), one.width());
    let block = two.height() - one.height();
    let shared = one.width() * block;
    assert_eq!(one.pixels()[..shared], two.pixels()[..shared]);
    let second = &two.pixels()[shared..];
    assert!(second.iter().filter(|&&grey| grey < 100).count() > 10_000);
    assert!(matches!(specimen(&[]), Err(Error::FontCount { .. })));
    assert!(specimen(&vec![hack(); MOST_SPECIMENS + 1]).is_err());
}
