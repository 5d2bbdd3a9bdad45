//! Event files, read back as TensorBoard reads them.

use std::path::{Path, PathBuf};

use letra_nn::prelude::*;

use super::data::{network, quadrants};

/// CRC-32C, bit by bit: Castagnoli's polynomial, reflected.
fn crc32c(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82F6_3B78 * (crc & 1));
        }
    }
    !crc
}

/// The checksum that TFRecord stores.
fn masked(data: &[u8]) -> u32 {
    let crc = crc32c(data);
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// The data of each record of a file, every checksum being right.
fn records(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let (mut rest, mut records) = (&bytes[..], Vec::new());
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(word(&rest[8..12]), masked(&rest[..8]));
        let data = &rest[12..12 + length];
        assert_eq!(word(&rest[12 + length..16 + length]), masked(data));
        records.push(data.to_vec());
        rest = &rest[16 + length..];
    }
    records
}

/// A field of a protocol buffer.
#[derive(Debug, PartialEq)]
enum Field {
    Whole(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(Vec<u8>),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return value;
        }
        shift += 7;
    }
}

/// Number and value of each field of a message.
fn fields(message: &[u8]) -> Vec<(u64, Field)> {
    let (mut rest, mut fields) = (message, Vec::new());
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let take = |rest: &mut &[u8], length: usize| {
            let (taken, left) = rest.split_at(length);
            *rest = left;
            taken.to_vec()
        };
        let field = match key & 7 {
            0 => Field::Whole(varint(&mut rest)),
            1 => Field::Fixed64(take(&mut rest, 8).try_into().unwrap()),
            2 => {
                let length = varint(&mut rest) as usize;
                Field::Bytes(take(&mut rest, length))
            }
            5 => Field::Fixed32(take(&mut rest, 4).try_into().unwrap()),
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn only(message: &[u8], number: u64) -> Option<Field> {
    let mut found = fields(message).into_iter().filter(|(n, _)| *n == number);
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "field {number} twice");
    first.map(|(_, field)| field)
}

/// Step, tag and value of the curves of a file, and the step that its session starts with.
fn events(path: &Path) -> (u64, Vec<(u64, String, f32)>) {
    let records = records(path);
    let version = Some(Field::Bytes(b"brain.Event:2".to_vec()));
    assert_eq!(only(&records[0], 3), version);
    // A session log whose status is START.
    assert_eq!(only(&records[1], 7), Some(Field::Bytes(vec![8, 1])));
    let step = |record: &[u8]| match only(record, 2) {
        Some(Field::Whole(step)) => step,
        other => panic!("no step: {other:?}"),
    };
    let mut values = Vec::new();
    let mut time = 0.0;
    for record in &records {
        let Some(Field::Fixed64(bytes)) = only(record, 1) else {
            panic!("no time");
        };
        assert!(f64::from_le_bytes(bytes) >= time);
        time = f64::from_le_bytes(bytes);
        let Some(Field::Bytes(summary)) = only(record, 5) else {
            continue;
        };
        for (number, value) in fields(&summary) {
            let (1, Field::Bytes(value)) = (number, value) else {
                panic!("not a value");
            };
            let (Some(Field::Bytes(tag)), Some(Field::Fixed32(number))) =
                (only(&value, 1), only(&value, 2))
            else {
                panic!("no scalar");
            };
            let tag = String::from_utf8(tag).unwrap();
            values.push((step(record), tag, f32::from_le_bytes(number)));
        }
    }
    (step(&records[1]), values)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("events.out.tfevents."), "{name}");
    }
    files
}

#[test]
fn known_checksums() {
    assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
}

#[test]
fn the_history_is_in_the_files() {
    let (train, test) = (quadrants(50), quadrants(20));
    let folder = tempfile::tempdir().unwrap();
    let mut board = TensorBoard::new(folder.path().join("logs"));
    let fit = Fit::epochs(3).batch_size(20).validation_data(&test);
    let history = network(1).fit(&train, fit.callback(&mut board)).unwrap();
    for (run, prefix) in [("train", ""), ("validation", "val_")] {
        let files = files(&folder.path().join("logs").join(run));
        assert_eq!(files.len(), 1);
        let (start, values) = events(&files[0]);
        assert_eq!(start, 1);
        let names = ["loss", "accuracy", "top_2_accuracy"];
        let wanted: Vec<(u64, String, f32)> = history
            .epochs()
            .iter()
            .flat_map(|epoch| {
                names.map(|name| {
                    let value = epoch.get(&format!("{prefix}{name}")).unwrap();
                    (epoch.epoch() as u64, format!("epoch_{name}"), value as f32)
                })
            })
            .collect();
        assert_eq!(values, wanted);
    }
}

#[test]
fn a_resumed_training_adds_a_file_that_starts_where_it_goes_on() {
    let train = quadrants(50);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let logs = folder.path().join("logs");
    for epochs in [2, 5] {
        let mut board = TensorBoard::new(&logs);
        let mut keeper = Checkpoint::new(&checkpoint);
        let fit = Fit::epochs(epochs)
            .batch_size(20)
            .resume(&checkpoint)
            .callback(&mut board)
            .callback(&mut keeper);
        network(1).fit(&train, fit).unwrap();
    }
    let files = files(&logs.join("train"));
    assert_eq!(files.len(), 2);
    let steps = |file: &Path| {
        let (start, values) = events(file);
        let mut steps: Vec<u64> = values.into_iter().map(|(step, _, _)| step).collect();
        steps.dedup();
        (start, steps)
    };
    assert_eq!(steps(&files[0]), (1, vec![1, 2]));
    assert_eq!(steps(&files[1]), (3, vec![3, 4, 5]));
    assert!(!logs.join("validation").exists());
}
