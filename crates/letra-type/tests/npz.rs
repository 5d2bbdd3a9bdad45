//! Data sets in the seminar's format, good and bad.

mod helpers;

use std::path::Path;

use helpers::{archive, header, npy, npz};
use letra_type::{Error, LabelledPictures, Split, read_npz, read_npz_bytes};

fn read(bytes: &[u8]) -> letra_type::Result<LabelledPictures> {
    read_npz_bytes("the file", bytes)
}

/// What an error about an array says.
fn problem(bytes: &[u8], of: &str) -> String {
    match read(bytes) {
        Err(Error::Array { array, problem, .. }) if array == of => problem,
        other => panic!("not an error about {of}: {other:?}"),
    }
}

#[test]
fn pictures_are_turned_upright() {
    let stored = [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60];
    let data = read(&npz([2, 3, 2], &stored, &[1, 0])).unwrap();
    assert_eq!(data.picture(0), [5, 6, 3, 4, 1, 2]);
    assert_eq!(data.picture(1), [50, 60, 30, 40, 10, 20]);
    assert_eq!((data.len(), data.height(), data.width()), (2, 3, 2));
    assert_eq!(data.labels(), [1, 0]);
    assert_eq!(data.class_names(), ["class 0", "class 1"]);
    assert_eq!(data.to_f32()[1], 6.0 / 255.0);
}

#[test]
fn the_seminars_order_gives_characters_and_groups() {
    let labels: Vec<u8> = (0..2790).map(|index| (index / 558) as u8).collect();
    let data = read(&npz([2790, 36, 36], &[0; 2790 * 36 * 36], &labels)).unwrap();
    let (characters, groups) = (data.characters().unwrap(), data.groups().unwrap());
    for (index, character, group) in [
        (0, '0', 0),
        (9 * 9, '9', 9),
        (90, 'A', 10),
        (558 + 36 * 9, 'a', 10),
        (2789, 'z', 35),
    ] {
        assert_eq!((characters[index], groups[index]), (character, group));
    }
    assert_eq!(data.class_names()[4], "font 4");
}

#[test]
fn other_files_have_no_groups_and_say_so() {
    let data = read(&npz([2, 1, 1], &[1, 2], &[0, 1])).unwrap();
    assert_eq!(data.groups(), None);
    let error = Split::unseen_characters(&data).unwrap_err();
    assert!(
        error.to_string().contains("not known which characters"),
        "{error}"
    );
    let error = Split::seminar(&data).unwrap_err();
    assert!(error.to_string().contains("2790"), "{error}");
}

#[test]
fn a_missing_or_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.npz");
    let error = read_npz(&path).unwrap_err();
    assert!(matches!(error, Error::Read { .. }) && error.to_string().contains("none.npz"));
    std::fs::write(&path, []).unwrap();
    assert!(matches!(read_npz(&path), Err(Error::EmptyFile { .. })));
    assert!(matches!(read_npz(Path::new(".")), Err(Error::Read { .. })));
    assert!(!error.hint().is_empty());
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let whole = npz([2, 3, 2], &[7; 12], &[1, 0]);
    assert!(read(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(
            read(&whole[..length]).is_err(),
            "cut to {length} of {}",
            whole.len()
        );
    }
}

#[test]
fn a_file_that_is_no_archive_or_lacks_an_array() {
    assert!(matches!(
        read(b"some text that is no zip archive"),
        Err(Error::Archive { .. })
    ));
    let labels = ("arr_1.npy", npy(&header("(2,)"), &[0, 1]));
    let missing = |error| matches!(error, Err(Error::MissingArray { .. }));
    assert!(missing(read(&archive(std::slice::from_ref(&labels)))));
    assert!(missing(read(&archive(&[(
        "arr_0.npy",
        npy(&header("(1, 1, 1)"), &[0])
    )]))));
    let text = archive(&[("arr_0.npy", b"text, not an array".to_vec()), labels]);
    assert!(problem(&text, "arr_0").contains("npy format"));
}

#[test]
fn an_array_of_the_wrong_type_or_shape() {
    let with = |dictionary: &str, bytes: &[u8]| {
        let labels = ("arr_1.npy", npy(&header("(2,)"), &[0, 1]));
        archive(&[("arr_0.npy", npy(dictionary, bytes)), labels])
    };
    let floats = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 1), }";
    assert!(problem(&with(floats, &[0; 8]), "arr_0").contains("<f4"));
    let columns = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1, 1), }";
    assert!(problem(&with(columns, &[0; 2]), "arr_0").contains("Fortran"));
    assert!(problem(&with(&header("(2, 1)"), &[0; 2]), "arr_0").contains("3 axes"));
    assert!(problem(&with(&header("(2, -1, 1)"), &[0; 2]), "arr_0").contains("cannot be read"));
    assert!(problem(&with(&header("(0, 1, 1)"), &[]), "arr_0").contains("no pixels"));
    assert!(problem(&with(&header("(2, 1, 2)"), &[0; 2]), "arr_0").contains("cut short"));
    assert!(problem(&with(&header("(2, 1, 1)"), &[0; 3]), "arr_0").contains("more bytes"));
    assert!(problem(&with("{'descr': '|u1'}", &[0; 2]), "arr_0").contains("shape"));
    assert!(problem(&npz([3, 1, 1], &[0; 3], &[0, 1]), "arr_1").contains("2 labels for 3"));
}

#[test]
fn labels_that_skip_a_class() {
    let skips = npz([3, 1, 1], &[0; 3], &[0, 1, 200]);
    assert!(problem(&skips, "arr_1").contains("up to 200 but none that is 2"));
    assert!(problem(&npz([1, 1, 1], &[0], &[1]), "arr_1").contains("none that is 0"));
}

#[test]
fn a_header_that_promises_more_than_there_is_takes_no_memory() {
    let promise = |shape: &str| {
        let pictures = ("arr_0.npy", npy(&header(shape), &[0; 4]));
        archive(&[pictures, ("arr_1.npy", npy(&header("(1,)"), &[0]))])
    };
    assert!(problem(&promise("(1000000000, 1000000, 1000000)"), "arr_0").contains("more than"));
    assert!(problem(&promise("(18446744073709551615, 2, 2)"), "arr_0").contains("more than"));
    assert!(problem(&promise("(200000, 36, 36)"), "arr_0").contains("cut short"));
    let long = npy(
        &format!("{}{}", header("(1, 1, 1)"), " ".repeat(60_000)),
        &[0],
    );
    let labels = ("arr_1.npy", npy(&header("(1,)"), &[0]));
    assert!(problem(&archive(&[("arr_0.npy", long), labels]), "arr_0").contains("header"));
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_its_shape_is_stopped() {
    let bomb = ("arr_0.npy", npy(&header("(1, 1, 1)"), &vec![0; 64 << 20]));
    let bytes = archive(&[bomb, ("arr_1.npy", npy(&header("(1,)"), &[0]))]);
    assert!(bytes.len() < 1 << 20);
    assert!(problem(&bytes, "arr_0").contains("more bytes"));
}

#[test]
fn archives_of_very_many_files_and_pictures_are_refused() {
    let names: Vec<String> = (0..1025).map(|index| format!("{index}.npy")).collect();
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (&**name, Vec::new())).collect();
    let error = read(&archive(&files)).unwrap_err();
    assert!(
        error.to_string().contains("more than 1024 files"),
        "{error}"
    );
    // Four million pictures of one pixel each, in a few kilobytes.
    let count = (1 << 22) + 1;
    let many = npz([count, 1, 1], &vec![0; count], &vec![0; count]);
    assert!(problem(&many, "arr_0").contains("4194305 pictures, more than"));
}
