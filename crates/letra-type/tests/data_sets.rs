//! Labelled pictures as a data structure.

use letra_type::{Error, LabelledPictures};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|class| format!("class {class}")).collect()
}

#[test]
fn parts_that_do_not_fit() {
    let make = |height, width, pixels, labels: &[usize], classes| {
        LabelledPictures::new(
            height,
            width,
            vec![0; pixels],
            labels.to_vec(),
            names(classes),
        )
    };
    assert!(make(2, 3, 12, &[0, 1], 2).is_ok());
    let wrong = [
        make(2, 3, 11, &[0, 1], 2),
        make(2, 3, 12, &[0, 2], 2),
        make(0, 3, 0, &[0, 1], 2),
        make(2, 0, 0, &[0, 1], 2),
        make(2, 3, 0, &[], 2),
        make(usize::MAX, 3, 12, &[0, 1], 2),
    ];
    for result in wrong {
        assert!(matches!(result, Err(Error::DataSet { .. })), "{result:?}");
    }
}

#[test]
fn a_selection_keeps_order_names_characters_and_groups() {
    let data = LabelledPictures::new(1, 2, (0..8).collect(), vec![0, 1, 2, 1], names(3))
        .and_then(|data| data.with_characters(vec!['b', 'B', '7', 'a']))
        .unwrap();
    assert_eq!(data.groups(), Some(&[2, 2, 0, 1][..]));
    let some = data.select(&[3, 0]).unwrap();
    assert_eq!(
        (some.picture(0), some.picture(1)),
        (&[6, 7][..], &[0, 1][..])
    );
    assert_eq!(
        (some.labels(), some.class_names()),
        (&[1, 0][..], data.class_names())
    );
    assert_eq!(some.characters(), Some(&['a', 'b'][..]));
    assert_eq!(some.groups(), Some(&[1, 2][..]));
    assert!(data.select(&[4]).is_err());
    assert!(data.select(&[]).is_err());
}

#[test]
fn a_character_for_each_picture() {
    let data = LabelledPictures::new(1, 1, vec![0; 2], vec![0, 0], names(1)).unwrap();
    assert!(data.with_characters(vec!['a']).is_err());
}

#[test]
fn a_picture_is_dark_on_light() {
    let data = LabelledPictures::new(1, 2, vec![0, 255], vec![0], names(1)).unwrap();
    assert_eq!(data.to_picture(0).pixels(), [255, 0]);
}
