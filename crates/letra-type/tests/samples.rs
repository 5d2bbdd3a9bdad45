//! Samples to learn from: the same for a seed and an index, readable, and worn as asked for.

mod helpers;

use helpers::font_file::{FontFile, composite, letters};
use letra_type::{
    Distortions, Error, Font, FontLibrary, LINE_HEIGHT, Origin, Sampler, WINDOW_WIDTH, Workbench,
    training_sheet,
};

const PIXELS: usize = LINE_HEIGHT * WINDOW_WIDTH;

fn sampler(distortions: Distortions) -> Sampler {
    let mut library = FontLibrary::new();
    library.add_built_in();
    Sampler::new(library.fonts(), distortions).unwrap()
}

fn draw(sampler: &Sampler, seed: u64, index: u64) -> (usize, Vec<u8>) {
    let mut window = vec![0; PIXELS];
    let label = sampler.draw(seed, index, &mut Workbench::default(), &mut window);
    (label, window)
}

#[test]
fn samples_are_the_same_on_any_number_of_threads_and_in_any_order() {
    let count = 120;
    let first = sampler(Distortions::default());
    let mut bench = Workbench::default();
    let mut window = vec![0; PIXELS];
    let in_order: Vec<_> = (0..count)
        .map(|index| {
            (
                first.draw(7, index, &mut bench, &mut window),
                window.clone(),
            )
        })
        .collect();
    let other = sampler(Distortions::default());
    let mut threaded: Vec<Option<(usize, Vec<u8>)>> = vec![None; count as usize];
    std::thread::scope(|scope| {
        for (part, samples) in threaded.chunks_mut(31).enumerate() {
            let other = &other;
            scope.spawn(move || {
                let mut bench = Workbench::default();
                for (index, sample) in samples.iter_mut().enumerate().rev() {
                    let index = (31 * part + index) as u64;
                    let mut window = vec![9; PIXELS];
                    let label = other.draw(7, index, &mut bench, &mut window);
                    *sample = Some((label, window));
                }
            });
        }
    });
    for (index, (one, other)) in in_order.iter().zip(&threaded).enumerate() {
        assert!(Some(one) == other.as_ref(), "sample {index}");
    }
}

#[test]
fn seeds_and_indices_draw_samples_of_their_own() {
    let sampler = sampler(Distortions::default());
    let mut windows: Vec<_> = (0..6)
        .flat_map(|seed| (0..6).map(move |index| (seed, index)))
        .map(|(seed, index)| draw(&sampler, seed, index).1)
        .collect();
    windows.sort();
    windows.dedup();
    assert_eq!(windows.len(), 36);
}

#[test]
fn every_face_comes_and_every_window_is_dark_on_light() {
    let sampler = sampler(Distortions::default());
    let mut counts = vec![0; sampler.fonts().len()];
    let mut bench = Workbench::default();
    let mut window = vec![0; PIXELS];
    for index in 0..600 {
        counts[sampler.draw(2, index, &mut bench, &mut window)] += 1;
        let dark = window.iter().filter(|&&level| level < 90).count();
        let light = window.iter().filter(|&&level| level > 165).count();
        assert!(dark > 30, "sample {index}: {dark} dark");
        // Around a box lies what is as dark as letters.
        let least = match sampler.explain(2, index).unwrap().wear.panel {
            Some(_) => PIXELS / 20,
            None => PIXELS / 4,
        };
        assert!(light > least, "sample {index}: {light} light");
    }
    assert!(counts.iter().all(|&count| count > 10), "{counts:?}");
}

#[test]
fn samples_without_wear_are_black_on_white() {
    let sampler = sampler(Distortions {
        cap_height: (30.0, 60.0),
        ..Distortions::none()
    });
    for index in 0..40 {
        let sample = sampler.explain(1, index).unwrap();
        let levels = sample.picture.pixels();
        let grey = levels
            .iter()
            .filter(|level| (20..236).contains(*level))
            .count();
        // What is grey is the edges of letters, more of small ones.
        let share = grey as f32 / levels.len() as f32;
        assert!(
            share < 4.0 / sample.wear.cap_height,
            "sample {index}: {share}"
        );
        assert!(levels.contains(&0) && levels.contains(&255));
        let (label, window) = draw(&sampler, 1, index);
        assert_eq!(
            (label, window.as_slice()),
            (sample.face, sample.window.pixels())
        );
    }
}

#[test]
fn letters_stand_at_their_height_on_the_baseline() {
    let sampler = sampler(Distortions::none());
    let mut checked = 0;
    for index in 0..400 {
        let sample = sampler.explain(4, index).unwrap();
        // Capitals all through, without accents, descenders and marks.
        if !sample
            .text
            .chars()
            .all(|letter| "ABCDEFGHIKLMNOPRSTUVWXYZ ".contains(letter))
        {
            continue;
        }
        let dark = |row: usize| {
            let row = &sample.window.pixels()[row * WINDOW_WIDTH..][..WINDOW_WIDTH];
            row.iter().filter(|&&level| level < 128).count()
        };
        let rows: Vec<usize> = (0..LINE_HEIGHT).filter(|&row| dark(row) > 3).collect();
        let (top, bottom) = (rows[0], rows[rows.len() - 1] + 1);
        assert!(
            top.abs_diff(9) <= 1 && bottom.abs_diff(29) <= 1,
            "{top} {bottom}: {}",
            sample.text
        );
        checked += 1;
    }
    assert!(checked > 3, "{checked}");
}

#[test]
fn wear_is_as_its_origin_has_it() {
    let sampler = sampler(Distortions {
        origins: [0.0, 1.0, 0.0],
        cap_height: (12.0, 13.0),
        ..Distortions::default()
    });
    for index in 0..50 {
        let wear = sampler.explain(3, index).unwrap().wear;
        assert_eq!(wear.origin, Origin::Scan);
        assert!((12.0..=13.0).contains(&wear.cap_height));
        assert!(wear.ink < wear.ground && wear.rotation.abs() <= 1.0);
        assert!(wear.stripes.is_none() && wear.blur <= 13.0 / 8.0);
    }
}

#[test]
fn samples_of_a_chosen_face() {
    let sampler = sampler(Distortions::default());
    let mut bench = Workbench::default();
    let (mut one, mut other) = (vec![0; PIXELS], vec![0; PIXELS]);
    sampler.draw_face(0, 1, 5, &mut bench, &mut one);
    sampler.draw_face(3, 1, 5, &mut bench, &mut other);
    assert_ne!(one, other);
    sampler.draw_face(0, 1, 5, &mut bench, &mut other);
    assert_eq!(one, other);
}

#[test]
fn settings_out_of_range_and_fonts_without_letters_are_errors() {
    let fonts = Font::built_in();
    let settings = [
        Distortions {
            origins: [0.0; 3],
            ..Distortions::default()
        },
        Distortions {
            origins: [1.0, -0.1, 0.0],
            ..Distortions::default()
        },
        Distortions {
            origins: [f32::NAN, 1.0, 1.0],
            ..Distortions::default()
        },
        Distortions {
            cap_height: (2.0, 20.0),
            ..Distortions::default()
        },
        Distortions {
            cap_height: (30.0, 20.0),
            ..Distortions::default()
        },
        Distortions {
            cap_height: (20.0, f32::INFINITY),
            ..Distortions::default()
        },
        Distortions {
            strength: 1.5,
            ..Distortions::default()
        },
    ];
    for distortions in settings {
        let error = Sampler::new(&fonts, distortions).unwrap_err();
        assert!(matches!(error, Error::Distortions { .. }), "{error}");
    }
    let none = Sampler::new(&[], Distortions::default()).unwrap_err();
    assert!(matches!(none, Error::FontCount { .. }));
    let (_, characters) = letters();
    let blank = FontFile::new(&vec![Vec::new(); 53], &characters).bytes();
    let blank = Font::from_bytes("blank", blank, 0).unwrap();
    let error = Sampler::new(&[blank], Distortions::default()).unwrap_err();
    assert!(matches!(error, Error::Character { .. }), "{error}");
}

#[test]
fn a_face_with_little_in_it_is_drawn_all_the_same() {
    let (mut glyphs, characters) = letters();
    glyphs[2] = composite(&[2]);
    let bytes = FontFile::new(&glyphs, &characters).bytes();
    let font = Font::from_bytes("few", bytes, 0).unwrap();
    let sampler = Sampler::new(&[font], Distortions::default()).unwrap();
    let inked = (0..60).filter(|&index| draw(&sampler, 1, index).1.contains(&0));
    assert!(inked.count() > 55);
}

#[test]
fn a_sheet_shows_as_many_samples_as_asked_for() {
    let sampler = sampler(Distortions::default());
    let few = training_sheet(&sampler, 1, 3).unwrap();
    let more = training_sheet(&sampler, 1, 4).unwrap();
    assert!(more.height() > few.height());
    assert!(few.pixels().iter().filter(|&&level| level < 100).count() > 1000);
}
