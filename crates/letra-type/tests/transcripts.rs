//! Lines read where their typeface is known, and refused where it is another.

mod helpers;

use helpers::Numbers;
use letra_type::{
    Font, LEAST_FIT, Picture, TextLine, Texts, Transcriber, Transcript, draw_line, find_lines,
    line_width,
};

/// A line of text in a grey level on a ground of another, and where it was found.
fn drawn(font: &Font, text: &str, size: f32, (ink, ground): (u8, u8)) -> (Picture, TextLine) {
    let width = (line_width(font, text, size) + 2.0 * size) as usize;
    let mut picture = Picture::blank(width, (2.5 * size) as usize, ground).unwrap();
    draw_line(
        &mut picture,
        font,
        text,
        size,
        (size + 0.3, 1.6 * size),
        ink,
    )
    .unwrap();
    let mut lines = find_lines(&picture);
    lines.sort_by_key(|line| line.letters);
    let line = lines.pop().expect("a line");
    (picture, line)
}

fn read(font: &Font, picture: &Picture, line: &TextLine) -> Option<Transcript> {
    Transcriber::new(font, &Texts::new())?.read(picture, line)
}

#[test]
fn lines_are_read_in_every_typeface_and_size() {
    let texts = Texts::new();
    for font in Font::built_in() {
        for (size, text) in [
            (19.0, "Illusions of a modern burn, 10 or 01"),
            (28.0, "Whistling quietly past the harbour; why?"),
            (47.5, "rn m cl d vv w: 3,50 (25%)"),
        ] {
            let (picture, line) = drawn(&font, text, size, (20, 240));
            let mut transcriber = Transcriber::new(&font, &texts).unwrap();
            let transcript = transcriber.read(&picture, &line).unwrap();
            assert_eq!(transcript.text, text, "{} {transcript:?}", font.name());
            assert!(transcript.fit > LEAST_FIT, "{} {transcript:?}", font.name());
            let found = transcript.size / size;
            assert!(
                (0.94..1.06).contains(&found),
                "{} {transcript:?}",
                font.name()
            );
        }
    }
}

#[test]
fn capitals_accents_and_ligatures_are_read_light_on_dark_too() {
    let fonts = Font::built_in();
    for (font, text, reads) in [
        (0, "ÉCOLE D'ÉTÉ À TROIS", "ÉCOLE D'ÉTÉ À TROIS"),
        (0, "Größe, façade, łódź, žluť", "Größe, façade, łódź, žluť"),
        (2, "HARBOUR MUSEUM 1984", "HARBOUR MUSEUM 1984"),
        (3, "Où êtes-vous née, señora?", "Où êtes-vous née, señora?"),
        (1, "the \u{fb01}nal o\u{fb03}ce", "the final office"),
    ] {
        let font = &fonts[font];
        let (picture, line) = drawn(font, text, 32.0, (230, 40));
        let transcript = read(font, &picture, &line).unwrap();
        assert_eq!(transcript.text, reads, "{transcript:?}");
        assert!(transcript.fit > LEAST_FIT, "{transcript:?}");
    }
}

#[test]
fn lines_after_one_another_may_have_sizes_of_their_own() {
    let font = &Font::built_in()[4];
    let mut transcriber = Transcriber::new(font, &Texts::new()).unwrap();
    for (size, text) in [
        (30.0, "The first line"),
        (30.0, "and one like it"),
        (52.0, "LARGE"),
    ] {
        let (picture, line) = drawn(font, text, size, (0, 255));
        let transcript = transcriber.read(&picture, &line).unwrap();
        assert_eq!(transcript.text, text);
    }
}

#[test]
fn another_typeface_does_not_fit() {
    let fonts = Font::built_in();
    for (set, with) in [(0, 2), (2, 0), (4, 1), (1, 3)] {
        let text = "A line in quite another typeface";
        let (picture, line) = drawn(&fonts[set], text, 30.0, (0, 255));
        let fit = read(&fonts[with], &picture, &line).map_or(0.0, |transcript| transcript.fit);
        assert!(
            fit < LEAST_FIT,
            "{} in {}: {fit}",
            fonts[set].name(),
            fonts[with].name()
        );
    }
}

#[test]
fn noise_does_not_fit() {
    let mut numbers = Numbers(3);
    let pixels = (0..600 * 60).map(|_| numbers.below(256) as u8).collect();
    let picture = Picture::new(600, 60, pixels).unwrap();
    for font in Font::built_in() {
        let transcript = read(&font, &picture, &line(20.0, 500.0));
        let fit = transcript.map_or(0.0, |transcript| transcript.fit);
        assert!(fit < LEAST_FIT, "{}: {fit}", font.name());
    }
}

#[test]
fn nothing_is_read_where_there_is_nothing() {
    let font = &Font::built_in()[0];
    let blank = Picture::blank(300, 60, 255).unwrap();
    assert_eq!(read(font, &blank, &line(20.0, 250.0)), None);
    let speck = Picture::blank(1, 1, 0).unwrap();
    for (height, width) in [
        (20.0, 250.0),
        (0.0, 0.0),
        (1e9, 1e9),
        (1.0, 1e9),
        (f32::NAN, 100.0),
        (20.0, f32::INFINITY),
        (-5.0, -5.0),
    ] {
        for picture in [&speck, &blank] {
            assert_eq!(read(font, picture, &line(height, width)), None);
        }
    }
}

/// A line as it might have been found.
fn line(letter_height: f32, width: f32) -> TextLine {
    TextLine {
        left: 20.0,
        baseline: 42.0,
        width,
        slope: 0.0,
        letter_height,
        x_height: 0.7 * letter_height,
        light_on_dark: false,
        letters: 20,
    }
}
