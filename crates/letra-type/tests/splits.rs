//! Splits, and nearest neighbours across them.

mod helpers;

use helpers::Numbers;
use letra_type::{
    LabelledPictures, SEMINAR_TEST, Split, nearest_neighbour, nearest_neighbour_accuracy,
};

fn is_partition(split: &Split, count: usize) -> bool {
    let mut all: Vec<usize> = split.train.iter().chain(&split.test).copied().collect();
    all.sort_unstable();
    all == (0..count).collect::<Vec<_>>()
}

#[test]
fn a_random_split_is_a_partition_that_its_seed_decides() {
    let split = Split::random(2790, 0.1, 7).unwrap();
    assert!(is_partition(&split, 2790));
    assert_eq!(split.test.len(), 279);
    assert_eq!(split, Split::random(2790, 0.1, 7).unwrap());
    assert_ne!(split, Split::random(2790, 0.1, 8).unwrap());
    assert_eq!(Split::random(10, 0.3, 1).unwrap().test, [9, 0, 1]);
}

#[test]
fn every_picture_tests_about_equally_often() {
    let mut times = [0; 20];
    for seed in 0..4000 {
        Split::random(20, 0.25, seed)
            .unwrap()
            .test
            .iter()
            .for_each(|&index| times[index] += 1);
    }
    assert!(
        times.iter().all(|times| (870..1130).contains(times)),
        "{times:?}"
    );
}

#[test]
fn splits_that_cannot_be_made() {
    for share in [0.0, 1.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        assert!(Split::random(10, share, 0).is_err(), "{share}");
    }
    assert!(Split::random(0, 0.5, 0).is_err());
    for test in [&[3, 3][..], &[10], &[], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        assert!(Split::by_test_indices(10, test).is_err(), "{test:?}");
    }
    for folds in [0, 1, 4] {
        assert!(Split::by_group(&[0, 1, 2], folds).is_err(), "{folds}");
    }
}

#[test]
fn folds_by_group_test_each_picture_once_and_no_group_twice() {
    let groups: Vec<usize> = (0..360).map(|index| index % 36).collect();
    let folds = Split::by_group(&groups, 5).unwrap();
    let mut times = vec![0; groups.len()];
    for (number, fold) in folds.iter().enumerate() {
        assert!(is_partition(fold, groups.len()));
        assert!(fold.test.iter().all(|&index| groups[index] % 5 == number));
        assert!(fold.train.iter().all(|&index| groups[index] % 5 != number));
        fold.test.iter().for_each(|&index| times[index] += 1);
    }
    assert!(times.iter().all(|&times| times == 1));
}

#[test]
fn the_seminars_test_indices() {
    let split = Split::by_test_indices(2790, &SEMINAR_TEST).unwrap();
    assert_eq!((split.train.len(), split.test.len()), (2511, 279));
    assert_eq!(split.test[..3], [2266, 1012, 2759]);
}

/// Nearest neighbours by plain loops.
fn plainly(data: &LabelledPictures, split: &Split) -> Vec<usize> {
    let apart = |one: usize, other: usize| {
        let pairs = data.picture(one).iter().zip(data.picture(other));
        pairs
            .filter(|&(&one, &other)| (one > 127) != (other > 127))
            .count()
    };
    let class = |&test: &usize| {
        let mut best = (usize::MAX, usize::MAX);
        for &train in &split.train {
            best = best.min((apart(test, train), train));
        }
        data.labels()[best.1]
    };
    split.test.iter().map(class).collect()
}

#[test]
fn nearest_neighbours_are_those_of_plain_loops() {
    let mut numbers = Numbers(3);
    for (height, width) in [(1, 1), (7, 9), (8, 8), (5, 13), (11, 12)] {
        let mut byte = |_| numbers.below(256) as u8;
        let pixels = (0..60 * height * width).map(&mut byte).collect();
        let labels = (0..60).map(|index| index % 4).collect();
        let names = ["a", "b", "c", "d"].map(String::from).to_vec();
        let data = LabelledPictures::new(height, width, pixels, labels, names).unwrap();
        let mut split = Split::random(60, 0.4, 5).unwrap();
        split.train.reverse();
        let classes = nearest_neighbour(&data, &split).unwrap();
        assert_eq!(classes, plainly(&data, &split));
        let right = classes
            .iter()
            .zip(&split.test)
            .filter(|&(&class, &index)| class == index % 4);
        let accuracy = right.count() as f64 / 24.0;
        assert_eq!(nearest_neighbour_accuracy(&data, &split).unwrap(), accuracy);
    }
}

#[test]
fn nearest_neighbours_of_a_split_of_other_data() {
    let names = vec!["a".to_string()];
    let data = LabelledPictures::new(1, 1, vec![0; 3], vec![0; 3], names).unwrap();
    let split = |train: &[usize], test: &[usize]| Split {
        train: train.into(),
        test: test.into(),
    };
    assert!(nearest_neighbour(&data, &split(&[0], &[3])).is_err());
    assert!(nearest_neighbour(&data, &split(&[], &[1])).is_err());
    assert!(nearest_neighbour_accuracy(&data, &split(&[0], &[])).is_err());
}
