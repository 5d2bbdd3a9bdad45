//! The seminar's own data, where the environment variable LETRA_SEMINAR_DATA holds its path.

use std::path::PathBuf;

use letra_type::{
    LabelledPictures, SHIFTS, SIDE, Split, ink_sides, nearest_neighbour_accuracy, read_npz,
};

fn seminar() -> Option<LabelledPictures> {
    let Some(path) = std::env::var_os("LETRA_SEMINAR_DATA") else {
        println!("skipped: set LETRA_SEMINAR_DATA to the path of data_with_labels.npz");
        return None;
    };
    Some(read_npz(&PathBuf::from(path)).unwrap())
}

#[test]
fn the_file_is_what_its_description_says() {
    let Some(data) = seminar() else { return };
    assert_eq!(
        (data.len(), data.height(), data.width()),
        (2790, SIDE, SIDE)
    );
    assert_eq!(data.class_names()[1], "condensed slab");
    let sides = ink_sides(&data);
    let below = |most: f32| -> f32 {
        sides
            .iter()
            .filter(|(side, _)| *side <= most)
            .map(|(_, share)| share)
            .sum()
    };
    assert!(below(17.0) < 0.501 && below(18.0) > 0.7, "{sides:?}");
    assert!((below(36.0) - 1.0).abs() < 1e-5);
    let twins = (0..26).filter(|letter| {
        let upper = 2 * 558 + (10 + letter) * 9;
        data.picture(upper) == data.picture(upper + 26 * 9)
    });
    assert_eq!(twins.count(), 21);
    let top_heavy = data.picture(558 * 3 + 15 * 9 + 6);
    let ink = |rows: &[u8]| rows.iter().map(|&ink| u64::from(ink)).sum::<u64>();
    assert!(
        ink(&top_heavy[..SIDE * SIDE / 2]) > ink(&top_heavy[SIDE * SIDE / 2..]),
        "F is upright"
    );
}

#[test]
fn each_picture_is_its_glyph_moved_by_its_shift() {
    let Some(data) = seminar() else { return };
    let unshifted = SHIFTS.iter().position(|&shift| shift == (0, 0)).unwrap();
    for index in 0..data.len() {
        let glyph = data.picture(index / 9 * 9 + unshifted);
        let (right, down) = SHIFTS[index % 9];
        for (pixel, &ink) in data.picture(index).iter().enumerate() {
            let row = (pixel / SIDE)
                .checked_add_signed(-down as isize)
                .filter(|&row| row < SIDE);
            let column = (pixel % SIDE)
                .checked_add_signed(-right as isize)
                .filter(|&column| column < SIDE);
            let from = row
                .zip(column)
                .map_or(0, |(row, column)| glyph[row * SIDE + column]);
            assert_eq!(ink, from, "picture {index}, pixel {pixel}");
        }
    }
}

#[test]
fn nearest_neighbour_gives_the_known_figure_on_unseen_characters() {
    let Some(data) = seminar() else { return };
    let accuracies: Vec<f64> = Split::unseen_characters(&data)
        .unwrap()
        .iter()
        .map(|fold| nearest_neighbour_accuracy(&data, fold).unwrap())
        .collect();
    let mean = accuracies.iter().sum::<f64>() / 5.0;
    assert!((mean - 0.803).abs() < 0.001, "{mean}");
    let extremes = [0.7296, 0.8397];
    for (extreme, found) in extremes.iter().zip([
        accuracies.iter().copied().fold(1.0, f64::min),
        accuracies.iter().copied().fold(0.0, f64::max),
    ]) {
        assert!((extreme - found).abs() < 1e-4, "{found}");
    }
}
