//! Lines of text found in pictures of every kind, and none where there is none.

mod helpers;

use helpers::Numbers;
use letra_type::{
    Distortions, Font, FontLibrary, LINE_HEIGHT, Picture, Sampler, TextLine, WINDOW_WIDTH,
    draw_line, find_line_near, find_lines, line_width, runs_vertically,
};

const INK: u8 = 20;
const PAPER: u8 = 240;

/// A line that was drawn: left, baseline, width and height of the capitals.
type Drawn = (f32, f32, f32, f32);

/// A page with lines of text: size in pixels per em, left end and baseline of each.
fn page(
    (width, height): (usize, usize),
    lines: &[(&str, f32, f32, f32)],
    (ink, paper): (u8, u8),
) -> (Picture, Vec<Drawn>) {
    let mut picture = Picture::blank(width, height, paper).unwrap();
    let fonts = Font::built_in();
    let drawn = lines
        .iter()
        .enumerate()
        .map(|(index, &(text, size, left, baseline))| {
            let font = &fonts[index % fonts.len()];
            draw_line(&mut picture, font, text, size, (left, baseline), ink).unwrap();
            let outline = letra_type::Outline::of(font, 'H', size).unwrap();
            let cap_height = outline.bounds().unwrap().height();
            (left, baseline, line_width(font, text, size), cap_height)
        });
    let drawn = drawn.collect();
    (picture, drawn)
}

const PARAGRAPH: [(&str, f32, f32, f32); 5] = [
    ("Typefaces have habits, like people", 32.0, 40.0, 60.0),
    ("and this line is set in a second one", 22.0, 40.0, 110.0),
    ("Small print: 12 pixels, 3.50 each", 14.0, 300.0, 150.0),
    ("LARGE CAPITALS", 64.0, 30.0, 240.0),
    ("light and thin, but readable still", 26.0, 90.0, 300.0),
];

/// How much two boxes share of what they cover together.
fn overlap(one: [f32; 4], other: [f32; 4]) -> f32 {
    let shared =
        |low: usize| (one[low + 2].min(other[low + 2]) - one[low].max(other[low])).max(0.0);
    let area = |of: [f32; 4]| (of[2] - of[0]) * (of[3] - of[1]);
    let both = shared(0) * shared(1);
    both / (area(one) + area(other) - both)
}

fn box_of(&(left, baseline, width, cap_height): &Drawn) -> [f32; 4] {
    [
        left,
        baseline - cap_height,
        left + width,
        baseline + 0.4 * cap_height,
    ]
}

/// Every line that was drawn is found, once, where it stands and as high as it is.
fn check(found: &[TextLine], drawn: &[Drawn], light_on_dark: bool) {
    assert_eq!(found.len(), drawn.len(), "{found:#?}");
    for line in drawn {
        let best = found
            .iter()
            .max_by(|one, other| {
                let of = |found: &TextLine| overlap(found.bounds(), box_of(line));
                of(one).total_cmp(&of(other))
            })
            .unwrap();
        let shared = overlap(best.bounds(), box_of(line));
        assert!(shared > 0.7, "{line:?}: {best:?} shares {shared}");
        let height = best.letter_height / line.3;
        assert!((0.85..1.2).contains(&height), "{line:?}: {best:?}");
        assert_eq!(best.light_on_dark, light_on_dark);
    }
}

fn with_noise(picture: &Picture, deviation: f32) -> Picture {
    let mut numbers = Numbers(11);
    let levels = picture.pixels().iter().map(|&level| {
        let sum: usize = (0..12).map(|_| numbers.below(1000)).sum();
        let noise = (sum as f32 / 1000.0 - 6.0) * deviation;
        (f32::from(level) + noise).clamp(0.0, 255.0) as u8
    });
    Picture::new(picture.width(), picture.height(), levels.collect()).unwrap()
}

/// The picture turned clockwise about its middle, by degrees.
fn turned(picture: &Picture, degrees: f32) -> Picture {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let level = |index: usize| {
        let x = (index % picture.width()) as f32 - width / 2.0;
        let y = (index / picture.width()) as f32 - height / 2.0;
        let (u, v) = (
            x * cos + y * sin + width / 2.0,
            y * cos - x * sin + height / 2.0,
        );
        let at = |column: f32, row: f32| {
            let column = column.clamp(0.0, width - 1.0) as usize;
            let row = row.clamp(0.0, height - 1.0) as usize;
            f32::from(picture.pixels()[row * picture.width() + column])
        };
        let (left, top) = (u.floor(), v.floor());
        let upper = at(left, top) + (at(left + 1.0, top) - at(left, top)) * (u - left);
        let lower =
            at(left, top + 1.0) + (at(left + 1.0, top + 1.0) - at(left, top + 1.0)) * (u - left);
        (upper + (lower - upper) * (v - top)) as u8
    };
    let levels = (0..picture.pixels().len()).map(level).collect();
    Picture::new(picture.width(), picture.height(), levels).unwrap()
}

#[test]
fn lines_of_many_sizes_dark_on_light_and_light_on_dark() {
    let (picture, drawn) = page((640, 330), &PARAGRAPH, (INK, PAPER));
    check(&find_lines(&picture), &drawn, false);
    let (picture, drawn) = page((640, 330), &PARAGRAPH, (PAPER, INK));
    check(&find_lines(&picture), &drawn, true);
    let (picture, drawn) = page((640, 330), &PARAGRAPH, (110, 170));
    check(&find_lines(&picture), &drawn, false);
}

#[test]
fn noise_does_not_hide_lines_nor_make_any() {
    let (picture, drawn) = page((640, 330), &PARAGRAPH, (INK, PAPER));
    check(&find_lines(&with_noise(&picture, 15.0)), &drawn, false);
}

#[test]
fn lines_aslant_are_found_and_made_level() {
    let (picture, drawn) = page((640, 330), &PARAGRAPH, (INK, PAPER));
    for degrees in [-5.0, -2.0, 2.0, 5.0] {
        let picture = turned(&picture, degrees);
        let found = find_lines(&picture);
        assert_eq!(found.len(), drawn.len(), "{degrees}: {found:#?}");
        for line in found {
            let slope = line.slope.atan().to_degrees();
            assert!((slope - degrees).abs() < 1.0, "{degrees}: {line:?}");
        }
    }
}

#[test]
fn a_line_is_made_straight_at_the_height_that_is_learnt() {
    let font = &Font::built_in()[3];
    for (size, degrees) in [(17.0, 0.0), (40.0, 3.0), (120.0, 0.0)] {
        let width = (line_width(font, "HAMBURGEFINTH", size) + 4.0 * size) as usize;
        let height = (3.0 * size + 0.1 * width as f32) as usize;
        let mut picture = Picture::blank(width, height, PAPER).unwrap();
        let baseline = height as f32 / 2.0 + 0.3 * size;
        draw_line(
            &mut picture,
            font,
            "HAMBURGEFINTH",
            size,
            (2.0 * size, baseline),
            INK,
        )
        .unwrap();
        let picture = turned(&picture, degrees);
        let lines = find_lines(&picture);
        let [line] = lines.as_slice() else {
            panic!("{size}: {lines:?}")
        };
        assert!(!line.light_on_dark, "{size}: {line:?}");
        let straight = line.straightened(&picture);
        assert_eq!(straight.height(), LINE_HEIGHT);
        let dark = |row: usize| {
            let row = &straight.pixels()[row * straight.width()..][..straight.width()];
            row.iter().filter(|&&level| level < 120).count()
        };
        let rows: Vec<usize> = (0..LINE_HEIGHT).filter(|&row| dark(row) > 12).collect();
        let (top, bottom) = (rows[0], rows[rows.len() - 1] + 1);
        assert!(
            top.abs_diff(9) <= 1 && bottom.abs_diff(29) <= 1,
            "{size}: {top} to {bottom}"
        );
        let windows = line.windows(&picture, 40);
        assert_eq!(windows.len() % (LINE_HEIGHT * WINDOW_WIDTH), 0);
        let count = windows.len() / (LINE_HEIGHT * WINDOW_WIDTH);
        assert_eq!(count, (straight.width() - WINDOW_WIDTH).div_ceil(40) + 1);
        let light = windows.iter().filter(|&&level| level > 200).count();
        assert!(light > windows.len() / 2 && windows.contains(&0));
    }
}

#[test]
fn pictures_without_text_have_no_lines() {
    let side = 300;
    let make = |level: &dyn Fn(usize, usize) -> u8| {
        let levels = (0..side * side).map(|pixel| level(pixel % side, pixel / side));
        Picture::new(side, side, levels.collect()).unwrap()
    };
    let pictures = [
        make(&|_, _| 128),
        make(&|x, y| ((x + y) / 3) as u8),
        with_noise(&make(&|_, _| 128), 30.0),
        make(&|_, y| if (140..144).contains(&y) { 0 } else { 255 }),
        make(&|x, y| {
            if x.abs_diff(150).pow(2) + y.abs_diff(150).pow(2) < 6000 {
                30
            } else {
                220
            }
        }),
        make(&|x, y| {
            if x < 150 {
                40
            } else if y < 100 {
                200
            } else {
                120
            }
        }),
        make(&|x, y| {
            if (20..280).contains(&x) && (20..280).contains(&y) {
                255
            } else {
                0
            }
        }),
        Picture::blank(1, 1, 0).unwrap(),
        Picture::blank(3, 400, 7).unwrap(),
    ];
    for (index, picture) in pictures.iter().enumerate() {
        let found = find_lines(picture);
        assert!(found.is_empty(), "picture {index}: {found:?}");
        assert!(!runs_vertically(picture), "picture {index}");
    }
}

#[test]
fn marks_above_capitals_are_no_lines_of_their_own() {
    let lines = [
        ("FÄRJAN GÅR ÜBER DEN SEE", 60.0, 40.0, 90.0),
        ("Ångström, Ölands Äpplen", 48.0, 40.0, 180.0),
    ];
    let (picture, drawn) = page((1100, 240), &lines, (INK, PAPER));
    let found = find_lines(&picture);
    assert_eq!(found.len(), drawn.len(), "{found:?}");
    // Small print above a heading stays.
    let lines = [
        ("No. 12", 14.0, 60.0, 60.0),
        ("LARGE CAPITALS", 64.0, 30.0, 130.0),
    ];
    let (picture, _) = page((800, 200), &lines, (INK, PAPER));
    assert_eq!(find_lines(&picture).len(), 2);
}

#[test]
fn parts_of_a_row_come_from_left_to_right() {
    let picture = &mut Picture::blank(1400, 160, PAPER).unwrap();
    let font = &Font::built_in()[0];
    // The right part a little higher than the left one.
    for (text, left, baseline) in [
        ("gypsy joy", 40.0, 80.0),
        ("Heading Three", 800.0, 78.0),
        ("under them both", 40.0, 140.0),
    ] {
        draw_line(picture, font, text, 40.0, (left, baseline), INK).unwrap();
    }
    let lefts: Vec<f32> = find_lines(picture).iter().map(|line| line.left).collect();
    assert_eq!(lefts.len(), 3, "{lefts:?}");
    assert!(
        lefts[0] < 100.0 && lefts[1] > 700.0 && lefts[2] < 100.0,
        "{lefts:?}"
    );
}

#[test]
fn words_of_two_or_three_letters_are_lines_whatever_hangs_below_them() {
    for (number, word) in ["fog", "Qua", "Hey", "gym", "ply", "jump", "To", "gypsy"]
        .into_iter()
        .enumerate()
    {
        for size in [30.0, 80.0] {
            let font = &Font::built_in()[number % 3];
            let mut picture = Picture::blank(400, 200, PAPER).unwrap();
            draw_line(&mut picture, font, word, size, (60.0, 120.0), INK).unwrap();
            let found = find_lines(&picture);
            assert_eq!(found.len(), 1, "{word} {size}: {found:?}");
            let line = &found[0];
            let width = line_width(font, word, size);
            assert!((line.left - 60.0).abs() < 0.2 * size, "{word}: {line:?}");
            assert!((line.width - width).abs() < 0.3 * size, "{word}: {line:?}");
        }
    }
}

/// Paints rows of some columns.
fn paint(picture: &mut Picture, (left, right): (f32, f32), rows: std::ops::Range<usize>, ink: u8) {
    let width = picture.width();
    let mut levels = picture.pixels().to_vec();
    for row in levels
        .chunks_exact_mut(width)
        .take(rows.end)
        .skip(rows.start)
    {
        row[left as usize..right as usize].fill(ink);
    }
    *picture = Picture::new(width, picture.height(), levels).unwrap();
}

#[test]
fn letters_that_are_joined_are_a_line() {
    for (number, text) in ["winter", "Seven kinds", "orchard"].into_iter().enumerate() {
        // A stroke joins all letters at the baseline, as a pen does, or goes through them.
        for stroke in [118..120, 109..111] {
            let font = &Font::built_in()[number];
            let mut picture = Picture::blank(400, 200, PAPER).unwrap();
            draw_line(&mut picture, font, text, 30.0, (40.0, 120.0), INK).unwrap();
            let end = 40.0 + line_width(font, text, 30.0);
            paint(&mut picture, (42.0, end - 2.0), stroke, INK);
            let found = find_lines(&picture);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!((found[0].baseline - 120.0).abs() < 5.0, "{text}: {found:?}");
        }
    }
}

#[test]
fn text_in_tight_boxes_is_found() {
    let font = &Font::built_in()[0];
    for (size, margin) in [(16.0, 3), (24.0, 3), (24.0, 8)] {
        for (page, ground, ink) in [
            (250, 60, 240),
            (250, 190, 90),
            (20, 140, 250),
            (90, 200, 90),
        ] {
            let mut picture = Picture::blank(700, 200, page).unwrap();
            let cap_height = letra_type::Outline::of(font, 'H', size).unwrap();
            let cap_height = cap_height.bounds().unwrap().height() as usize;
            let text = "Save changes";
            let end = 60.0 + line_width(font, text, size);
            let rows = 120 - cap_height - margin..120 + margin + cap_height / 3;
            paint(&mut picture, (50.0, end + 10.0), rows, ground);
            draw_line(&mut picture, font, text, size, (60.0, 120.0), ink).unwrap();
            let found = find_lines(&picture);
            let told = (size, margin, page, ground, ink);
            assert_eq!(found.len(), 1, "{told:?}: {found:?}");
            assert_eq!(found[0].light_on_dark, ink > ground, "{told:?} {found:?}");
            assert!(
                (found[0].baseline - 120.0).abs() < 3.0,
                "{told:?}: {found:?}"
            );
            // The box's sides may be taken for letters.
            assert!(
                (found[0].width - (end - 60.0)).abs() < 24.0,
                "{told:?}: {found:?}"
            );
        }
    }
}

#[test]
fn one_letter_is_a_line() {
    for (size, colours) in [
        (24.0, (INK, PAPER)),
        (200.0, (INK, PAPER)),
        (60.0, (PAPER, INK)),
    ] {
        let side = (2.0 * size) as usize;
        let (picture, _) = page(
            (side, side),
            &[("R", size, 0.6 * size, 1.3 * size)],
            colours,
        );
        let lines = find_lines(&picture);
        let [line] = lines.as_slice() else {
            panic!("{size}: {lines:?}")
        };
        assert_eq!((line.letters, line.light_on_dark), (1, colours.0 == PAPER));
        assert!((line.baseline - 1.3 * size).abs() < 0.1 * size, "{line:?}");
        assert_eq!(line.windows(&picture, 40).len(), LINE_HEIGHT * WINDOW_WIDTH);
    }
}

#[test]
fn text_that_runs_vertically_is_told_from_text_that_does_not() {
    let (picture, _) = page((640, 330), &PARAGRAPH, (INK, PAPER));
    assert!(!runs_vertically(&picture));
    let (width, height) = (picture.width(), picture.height());
    let quarter = (0..width * height).map(|pixel| {
        let (column, row) = (pixel % height, pixel / height);
        picture.pixels()[(height - 1 - column) * width + row]
    });
    let vertical = Picture::new(height, width, quarter.collect()).unwrap();
    assert!(runs_vertically(&vertical));
}

#[test]
fn the_largest_pictures_are_searched() {
    let (picture, drawn) = page(
        (16_384, 4_096),
        &[("Very large letters indeed", 900.0, 700.0, 2600.0)],
        (INK, PAPER),
    );
    check(&find_lines(&picture), &drawn, false);
}

#[test]
fn lines_of_worn_samples_are_found() {
    let mut library = FontLibrary::new();
    library.add_built_in();
    let sampler = Sampler::new(library.fonts(), Distortions::default()).unwrap();
    let (mut found, mut right) = (0, 0);
    let count = 120;
    for index in 0..count {
        let sample = sampler.explain(6, index).unwrap();
        let lines = find_lines(&sample.picture);
        let longest = lines
            .iter()
            .max_by(|one, other| one.width.total_cmp(&other.width));
        let Some(line) = longest else { continue };
        found += 1;
        let polarity = line.light_on_dark == (sample.wear.ink > sample.wear.ground);
        let middle = line.baseline + line.slope * line.width / 2.0;
        let off = middle - sample.picture.height() as f32 * 0.67;
        right += usize::from(polarity && off.abs() < 0.4 * line.letter_height);
    }
    assert!(
        found as f32 > 0.85 * count as f32,
        "{found} of {count} found"
    );
    assert!(
        right as f32 > 0.9 * found as f32,
        "{right} right of {found}"
    );
}

/// A page full of level lines in one of the built-in typefaces, its capitals of a height.
fn full_page(side: usize, cap_height: f32, font: usize) -> (Picture, usize) {
    let fonts = Font::built_in();
    let font = &fonts[font % fonts.len()];
    let drawn = letra_type::Outline::of(font, 'H', 100.0).unwrap();
    let size = 100.0 * cap_height / drawn.bounds().unwrap().height();
    let words = "Typefaces have habits, like people; 14 of them were seen on Monday by Quincy. ";
    let text = words.repeat(side / 200);
    let mut text = text.as_str();
    while line_width(font, text, size) > side as f32 - 100.0 {
        text = &text[..text.len() * 15 / 16];
    }
    let mut picture = Picture::blank(side, side, PAPER).unwrap();
    let (mut baseline, mut lines) = (60.0, 0);
    while baseline < side as f32 - 40.0 {
        draw_line(&mut picture, font, text, size, (40.0, baseline), INK).unwrap();
        baseline += (2.2 * cap_height).round();
        lines += 1;
    }
    (picture, lines)
}

/// How many lines of a large page are found, of how many; that it is level is a must.
fn judge(side: usize, cap_height: f32, font: usize) -> (usize, usize) {
    let (picture, drawn) = full_page(side, cap_height, font);
    let found = find_lines(&picture);
    let vertical = runs_vertically(&picture);
    println!(
        "{side} {cap_height} {font}: {} of {drawn}, vertical {vertical}",
        found.len()
    );
    assert!(
        !vertical,
        "{side} pixels, capitals of {cap_height}, typeface {font}"
    );
    (found.len(), drawn)
}

#[test]
fn small_level_text_in_a_large_picture_is_found_and_seen_to_be_level() {
    for (side, cap_height, font) in [(3_000, 8.0, 0), (4_000, 10.0, 3)] {
        let (found, drawn) = judge(side, cap_height, font);
        assert!(found.abs_diff(drawn) <= drawn / 10, "{found} of {drawn}");
    }
}

#[test]
#[ignore = "minutes of drawing"]
fn small_level_text_in_large_pictures_is_seen_to_be_level() {
    for (index, side) in [3_000, 3_500, 4_000, 4_500, 5_000, 4_000, 4_000]
        .into_iter()
        .enumerate()
    {
        for step in 0..6 {
            judge(side, 8.0 + 0.8 * step as f32, index + step);
        }
    }
}

/// A line whose baseline falls a pixel in so many: turned as a whole, or as on a board seen from the side,
/// where its letters stay upright.
fn falling(one_in: usize, turned: bool) -> Picture {
    let mut level = Picture::blank(700, 300, 240).unwrap();
    let font = &Font::built_in()[0];
    draw_line(&mut level, font, "HILL MILL FIELD", 48.0, (60.0, 110.0), 10).unwrap();
    let slope = 1.0 / one_in as f32;
    let (cos, sin) = match turned {
        true => (
            1.0 / (1.0 + slope * slope).sqrt(),
            slope / (1.0 + slope * slope).sqrt(),
        ),
        false => (1.0, 0.0),
    };
    let at = |x: usize, y: usize| f32::from(level.pixels()[y.min(299) * 700 + x.min(699)]);
    let pixel = |index: usize| {
        let (x, y) = ((index % 700) as f32, (index / 700) as f32);
        let (x, y) = match turned {
            true => (x * cos + y * sin, y * cos - x * sin),
            false => (x, y - x * slope),
        };
        let (x, y) = (x.clamp(0.0, 698.0), y.clamp(0.0, 298.0));
        let (left, top) = (x as usize, y as usize);
        let upper = at(left, top) + (at(left + 1, top) - at(left, top)) * x.fract();
        let lower = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * x.fract();
        (upper + (lower - upper) * y.fract()) as u8
    };
    Picture::new(700, 300, (0..700 * 300).map(pixel).collect()).unwrap()
}

#[test]
fn letters_of_a_board_seen_from_the_side_are_stood_up_and_those_of_a_turned_line_are_not() {
    for turned in [false, true] {
        let picture = falling(7, turned);
        let line = find_lines(&picture).swap_remove(0);
        assert!((line.slope - 1.0 / 7.0).abs() < 0.02, "{line:?}");
        let stood = line.clone().stood_up(&picture);
        assert_eq!(stood.lean, if turned { 0.0 } else { line.slope });
    }
}

#[test]
fn a_line_is_found_near_a_guess_and_not_where_there_is_none() {
    let picture = falling(7, true);
    let known = find_lines(&picture).swap_remove(0);
    let guess = TextLine {
        baseline: known.baseline + 5.0,
        slope: known.slope - 0.05,
        letter_height: 1.2 * known.letter_height,
        ..known.clone()
    };
    let found = find_line_near(&picture, &guess).unwrap();
    assert!(
        (found.baseline - known.baseline).abs() < 2.0,
        "{found:?} {known:?}"
    );
    assert!((found.slope - known.slope).abs() < 0.01 && !found.light_on_dark);
    let capital = letra_type::Outline::of(&Font::built_in()[0], 'H', 48.0).unwrap();
    let height = capital.bounds().unwrap().height();
    assert!(
        (found.letter_height / height - 1.0).abs() < 0.07,
        "{found:?}"
    );
    let nowhere = TextLine {
        baseline: known.baseline + 120.0,
        ..known
    };
    assert_eq!(find_line_near(&picture, &nowhere), None);
}
