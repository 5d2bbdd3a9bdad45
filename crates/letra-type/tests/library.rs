//! Font libraries: what is found, what is left out and why, and files that mean harm.

mod helpers;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use helpers::font_file::{
    FontFile, calling, cmap, cmap_of_groups, collection, composite, letters, rectangle, repeated,
};
use letra_type::{Error, Font, FontLibrary, Outline, Reason, Slant};

/// A library of files of one folder.
fn library_of(files: &[(&str, Vec<u8>)]) -> FontLibrary {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let mut library = FontLibrary::new();
    library.add_paths(&[folder.path()]).unwrap();
    library
}

/// Why the one file of a folder is left out.
fn reason(bytes: Vec<u8>) -> Reason {
    let library = library_of(&[("font.ttf", bytes)]);
    assert!(
        library.fonts().is_empty(),
        "{:?}",
        library.fonts()[0].name()
    );
    assert_eq!(library.left_out().len(), 1);
    library.left_out()[0].reason.clone()
}

fn names(library: &FontLibrary) -> Vec<String> {
    library.fonts().iter().map(Font::name).collect()
}

#[test]
fn folders_are_searched_at_any_depth_and_other_files_passed_over() {
    let font = |name| FontFile::of_letters(name).bytes();
    let mut other = FontFile::of_letters("Other");
    let (mut glyphs, characters) = letters();
    glyphs[1] = rectangle([0, 0, 77, 700]);
    let changed = FontFile::new(&glyphs, &characters);
    for (tag, table) in changed.tables {
        other.set(&tag, table);
    }
    let library = library_of(&[
        ("b/c/d/deep.TTF", font("Deep")),
        ("a.otf", other.bytes()),
        ("b/readme.txt", b"no font".to_vec()),
        ("z.ttf", font("Copy")),
    ]);
    assert_eq!(names(&library), ["Other", "Deep"]);
    let [copy] = library.left_out() else {
        panic!("{:?}", library.left_out())
    };
    assert_eq!(copy.name, "Copy");
    assert!(
        copy.reason
            .to_string()
            .starts_with("draws the same as Deep (")
    );
    assert!(
        library.fonts()[1]
            .path()
            .unwrap()
            .ends_with("b/c/d/deep.TTF")
    );
}

#[cfg(unix)]
#[test]
fn folders_that_lead_back_to_themselves_end() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    std::os::unix::fs::symlink(folder.path(), inner.join("back")).unwrap();
    fs::write(inner.join("a.ttf"), FontFile::of_letters("A").bytes()).unwrap();
    let mut library = FontLibrary::new();
    library.add_paths(&[folder.path()]).unwrap();
    assert_eq!(names(&library), ["A"]);
    assert!(library.left_out().is_empty());
}

#[test]
fn paths_that_do_not_exist_are_errors() {
    let mut library = FontLibrary::new();
    let error = library
        .add_paths(&[Path::new("/no/such/folder")])
        .unwrap_err();
    assert!(matches!(error, Error::Read { .. }), "{error}");
}

#[test]
fn names_weights_widths_and_slants_are_the_fonts_own() {
    let mut file = FontFile::of_letters("Some Sans Cond");
    file.name(&[
        (1, "Some Sans Cond Semi"),
        (2, "Italic"),
        (16, "Some Sans"),
        (17, "Condensed Semibold Italic"),
    ]);
    file.os2(600, 3, 0, 1);
    let library = library_of(&[("some.ttf", file.bytes())]);
    let font = &library.fonts()[0];
    assert_eq!(font.family(), "Some Sans");
    assert_eq!(font.style(), "Condensed Semibold Italic");
    assert_eq!((font.weight(), font.width()), (600.0, 75.0));
    assert_eq!(font.slant(), Slant::Italic);
    file.name(&[(1, "Some Sans"), (2, "Oblique\u{7}")]);
    let library = library_of(&[("some.ttf", file.bytes())]);
    assert_eq!(library.fonts()[0].style(), "Oblique");
    assert_eq!(library.fonts()[0].slant(), Slant::Oblique(None));
}

#[test]
fn every_face_of_a_collection_and_every_named_instance_is_a_face() {
    let mut variable = FontFile::of_letters("Variable");
    variable.name(&[
        (1, "Variable"),
        (2, "Regular"),
        (257, "Light"),
        (258, "Black"),
    ]);
    variable.fvar(&[(257, 300), (2, 400), (258, 900)]);
    let bytes = collection(&[FontFile::of_letters("Plain"), variable]);
    let faces = Font::faces("both.ttc", bytes).unwrap();
    let faces: Vec<Font> = faces.into_iter().map(Result::unwrap).collect();
    let described: Vec<_> = faces
        .iter()
        .map(|face| (face.name(), face.weight()))
        .collect();
    assert_eq!(
        described,
        [
            ("Plain".to_string(), 400.0),
            ("Variable Light".to_string(), 300.0),
            ("Variable".to_string(), 400.0),
            ("Variable Black".to_string(), 900.0),
        ]
    );
}

#[test]
fn fonts_without_latin_letters_are_left_out_with_a_reason() {
    let (glyphs, characters) = letters();
    let greek: Vec<_> = characters
        .iter()
        .map(|&(letter, glyph)| (char::from_u32(letter as u32 + 0x380).unwrap(), glyph))
        .collect();
    let greek = FontFile::new(&glyphs, &greek);
    assert_eq!(reason(greek.bytes()), Reason::NotLatin { missing: 52 });
    let some = FontFile::new(&glyphs, &characters[..30]);
    assert_eq!(reason(some.bytes()), Reason::NotLatin { missing: 22 });

    let mut emoji = FontFile::new(&glyphs, &[('\u{1f600}', 1)]);
    emoji.set(b"COLR", vec![0; 14]);
    assert_eq!(reason(emoji.bytes()), Reason::Colour);
    let strikes = FontFile::of_letters("Pictures")
        .without(b"glyf")
        .without(b"loca");
    let mut coloured = FontFile {
        tables: strikes.tables.clone(),
    };
    coloured.set(b"CBDT", vec![0, 3, 0, 0]);
    assert_eq!(reason(coloured.bytes()), Reason::Colour);
    let mut grey = FontFile {
        tables: strikes.tables,
    };
    grey.set(b"EBDT", vec![0, 2, 0, 0]);
    assert_eq!(reason(grey.bytes()), Reason::Bitmaps);
}

#[test]
fn symbols_in_the_place_of_letters_are_left_out() {
    let (glyphs, characters) = letters();
    let mut file = FontFile::new(&glyphs, &characters);
    let private: Vec<_> = characters
        .iter()
        .map(|&(letter, glyph)| (char::from_u32(letter as u32 + 0xf000).unwrap(), glyph))
        .collect();
    file.set(b"cmap", cmap(0, &private));
    assert!(matches!(
        reason(file.bytes()),
        Reason::Symbols | Reason::Broken(_)
    ));
    let mut pictorial = FontFile::of_letters("Pictorial");
    pictorial.os2(400, 5, 5, 0x40);
    assert_eq!(reason(pictorial.bytes()), Reason::Symbols);
    let same: Vec<_> = characters.iter().map(|&(letter, _)| (letter, 1)).collect();
    assert_eq!(
        reason(FontFile::new(&glyphs, &same).bytes()),
        Reason::NoShapes
    );
    let blank = vec![Vec::new(); 53];
    assert_eq!(
        reason(FontFile::new(&blank, &characters).bytes()),
        Reason::NoShapes
    );
}

#[test]
fn broken_files_are_left_out_and_the_rest_is_read() {
    let sound = FontFile::of_letters("Sound").bytes();
    let files = [
        ("empty.ttf", Vec::new()),
        ("text.ttf", b"this is no font at all".to_vec()),
        ("half.ttf", sound[..sound.len() / 2].to_vec()),
        ("header.ttf", sound[..12].to_vec()),
        (
            "no cmap.ttf",
            FontFile::of_letters("N").without(b"cmap").bytes(),
        ),
        ("sound.ttf", sound.clone()),
    ];
    let library = library_of(&files);
    assert_eq!(names(&library), ["Sound"]);
    assert_eq!(library.left_out().len(), 5);
    for one in library.left_out() {
        let reason = one.reason.to_string();
        assert!(
            matches!(one.reason, Reason::Broken(_) | Reason::NoShapes),
            "{reason}"
        );
        assert!(!reason.contains(".ttf"), "{reason}");
    }
}

#[test]
fn tables_of_no_size_are_no_panic() {
    let whole = FontFile::of_letters("Whole");
    for index in 0..whole.tables.len() {
        let mut tables = whole.tables.clone();
        tables[index].1.clear();
        let file = FontFile { tables };
        let library = library_of(&[("font.ttf", file.bytes())]);
        assert_eq!(library.fonts().len() + library.left_out().len(), 1);
    }
}

#[test]
fn loops_in_composite_glyphs_end() {
    let (mut glyphs, characters) = letters();
    glyphs[1] = composite(&[1]);
    glyphs[2] = composite(&[3]);
    glyphs[3] = composite(&[2]);
    let looped = FontFile::new(&glyphs, &characters).bytes();
    assert!(matches!(reason(looped.clone()), Reason::Broken(_)));
    let font = Font::from_bytes("looped", looped, 0).unwrap();
    assert!(matches!(
        Outline::of(&font, 'A', 20.0),
        Err(Error::Character { .. })
    ));

    // Each glyph is twice the next one: 2 to the power of 48 parts if all were drawn.
    let (mut glyphs, characters) = letters();
    for index in 1..50_u16 {
        glyphs[usize::from(index)] = composite(&[index + 1, index + 1]);
    }
    let start = Instant::now();
    assert!(matches!(
        reason(FontFile::new(&glyphs, &characters).bytes()),
        Reason::Broken(_)
    ));
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// Checks that the letters of a file's face are too much work.
#[track_caller]
fn too_much_work(bytes: Vec<u8>) {
    let Reason::Broken(problem) = reason(bytes) else {
        panic!("it was read");
    };
    assert!(
        problem.contains("'A' takes more than 200000 operations"),
        "{problem}"
    );
}

#[test]
fn programs_that_run_for_long_are_left_out_and_not_drawn() {
    // 216 thousand lines a glyph, in 3 kB.
    let bomb = calling(60, 3).bytes();
    assert!(bomb.len() < 4000);
    too_much_work(bomb.clone());
    let font = Font::from_bytes("bomb", bomb, 0).unwrap();
    let problem = Outline::of(&font, 'A', 20.0).unwrap_err().to_string();
    assert!(problem.contains("too many operations"), "{problem}");
    // One that is called as deep, but seldom, is a font like others.
    let library = library_of(&[("calling.otf", calling(3, 4).bytes())]);
    assert_eq!(names(&library), ["Calling"], "{:?}", library.left_out());
}

#[test]
fn the_faces_of_a_file_share_their_work() {
    let library = library_of(&[("many.ttc", repeated(&calling(60, 3), 256))]);
    assert!(library.fonts().is_empty());
    assert_eq!(library.left_out().len(), 256);
    let library = library_of(&[("many.ttc", repeated(&calling(3, 4), 256))]);
    assert_eq!(library.fonts().len(), 1);
    assert!(matches!(
        library.left_out()[254].reason,
        Reason::SameAs { .. }
    ));
    // Each as much work as is allowed, and together too much.
    let heavy: Vec<FontFile> = (0..9).map(|_| calling(39, 3)).collect();
    let library = library_of(&[("heavy.ttc", collection(&heavy))]);
    assert_eq!(library.fonts().len(), 1);
    let last = library.left_out().last().unwrap();
    assert!(
        last.reason
            .to_string()
            .contains("the faces of its file take more"),
        "{}",
        last.reason
    );
}

#[test]
fn variations_without_number_are_too_much_work() {
    let (mut glyphs, characters) = letters();
    let last = glyphs.len() as u16;
    let simple = glyphs[1].clone();
    for (index, glyph) in glyphs.iter_mut().enumerate().skip(1) {
        *glyph = composite(&vec![last; 100 + index]);
    }
    glyphs.push(simple);
    let varied = |variations| {
        let mut file = FontFile::new(&glyphs, &characters);
        file.name(&[(1, "Varied"), (2, "Regular"), (258, "Black")]);
        file.fvar(&[(258, 900)]);
        file.variations(glyphs.len(), variations);
        file.bytes()
    };
    too_much_work(varied(4095));
    let library = library_of(&[("varied.ttf", varied(4))]);
    assert_eq!(
        names(&library),
        ["Varied Black"],
        "{:?}",
        library.left_out()
    );

    let mut advances = FontFile::of_letters("Advances");
    advances.fvar(&[(2, 900)]);
    advances.varied_advances(64, 16_000);
    too_much_work(advances.bytes());
    advances.varied_advances(1, 4);
    let library = library_of(&[("advances.ttf", advances.bytes())]);
    assert_eq!(library.fonts().len(), 1, "{:?}", library.left_out());
}

#[test]
fn faces_claim_no_more_than_they_could_have() {
    let mut axes = FontFile::of_letters("Axes");
    axes.axes(65);
    let problem = reason(axes.bytes()).to_string();
    assert!(problem.contains("65 axes"), "{problem}");
    axes.axes(64);
    let library = library_of(&[("axes.ttf", axes.bytes())]);
    assert_eq!(library.fonts().len(), 1, "{:?}", library.left_out());

    let mut tables = FontFile::of_letters("Tables");
    let count = 300_u16;
    let record = [[0, 3, 0, 1], (4 + 8 * u32::from(count)).to_be_bytes()].concat();
    let (_, characters) = tables
        .tables
        .iter()
        .find(|(tag, _)| tag == b"cmap")
        .unwrap();
    let characters = [
        &[[0, 0], count.to_be_bytes()].concat()[..],
        &record.repeat(count.into()),
        &characters[12..],
    ];
    tables.set(b"cmap", characters.concat());
    let problem = reason(tables.bytes()).to_string();
    assert!(problem.contains("300 tables of characters"), "{problem}");

    // Instances of all faces together.
    let mut instances = FontFile::of_letters("Instances");
    instances.fvar(&[(2, 900)].repeat(512));
    let faces = Font::faces("instances.ttc", repeated(&instances, 200)).unwrap();
    assert_eq!(faces.len(), 1024);
}

#[test]
fn names_without_end_or_number_are_no_burden() {
    let mut file = FontFile::of_letters("Long");
    let long = "n".repeat(30_000);
    file.name(&[(1, &long), (2, "\u{202e}Regular\u{1b}[31m")]);
    let library = library_of(&[("long.ttf", file.bytes())]);
    assert_eq!(library.fonts()[0].family().len(), 200);
    assert_eq!(library.fonts()[0].style(), "Regular[31m");
    let many: Vec<(i32, &str)> = (0..5000).map(|id| (id + 300, "")).collect();
    file.name(&many);
    let library = library_of(&[("\u{202e}\u{7}name.ttf", file.bytes())]);
    assert_eq!(library.fonts()[0].family(), "name");
}

#[test]
fn very_many_glyphs_are_no_burden() {
    let (glyphs, characters) = letters();
    let mut many = glyphs.clone();
    many.resize(65_535, rectangle([0, 0, 10, 10]));
    let library = library_of(&[("many.ttf", FontFile::new(&many, &characters).bytes())]);
    assert_eq!(library.fonts().len(), 1);
    // Sixty thousand groups of characters that overlap.
    let group = [0, 0x10_ffff, 1];
    let mut overlapping = FontFile::new(&many, &characters);
    overlapping.set(b"cmap", cmap_of_groups(10, &[group].repeat(60_000)));
    let font = Font::from_bytes("overlapping", overlapping.bytes(), 0).unwrap();
    assert!(font.character_count() <= 0x11_0000);
    // A table of characters that promises 100,000 glyphs, of which the font has 53.
    let mut promised = FontFile::new(&glyphs, &characters);
    promised.set(
        b"cmap",
        cmap_of_groups(10, &[['A' as u32, 'A' as u32 + 100_000, 1]]),
    );
    assert!(matches!(reason(promised.bytes()), Reason::Broken(_)));
}

#[test]
fn the_built_in_faces_make_a_library() {
    let mut library = FontLibrary::new();
    library.add_built_in();
    library.add_built_in();
    let count = library.fonts().len();
    assert!(count >= 15, "{count}");
    assert_eq!(library.left_out().len(), count);
    let bold = library
        .fonts()
        .iter()
        .find(|font| font.name() == "Libertinus Serif Bold");
    assert_eq!(bold.unwrap().weight(), 700.0);
}

#[cfg(not(feature = "woff2"))]
#[test]
fn web_fonts_need_a_feature_and_say_so() {
    let Reason::Broken(problem) = reason(b"wOF2 and more".to_vec()) else {
        panic!("it was read");
    };
    assert!(problem.contains("feature woff2"), "{problem}");
}

#[cfg(feature = "woff2")]
#[test]
fn damaged_web_fonts_are_left_out() {
    let huge = |kind: &[u8]| [kind, &[0; 12], &[0xff; 4], &[0; 40]].concat();
    for bytes in [huge(b"wOF2"), huge(b"wOFF")] {
        let Reason::Broken(problem) = reason(bytes) else {
            panic!("it was read");
        };
        assert!(problem.contains("4294967295"), "{problem}");
    }
    for bytes in [
        b"wOF2".to_vec(),
        b"wOFF then nothing of use, but long enough to see".to_vec(),
    ] {
        assert!(matches!(reason(bytes), Reason::Broken(_)));
    }
}
