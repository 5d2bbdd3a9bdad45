//! Compressed web fonts, sound ones and such as claim more than they have.

#![cfg(feature = "woff2")]

mod helpers;

use std::alloc::System;
use std::io::Write;
use std::sync::Mutex;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use helpers::font_file::FontFile;
use helpers::web_font_file::{TRUE_TYPE, Table, claims, woff, woff2};
use letra_type::Font;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Reads a file; the family of its face or what is wrong with it, and the bytes that were taken.
fn read(file: Vec<u8>) -> (Result<String, String>, usize) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let region = Region::new(ALLOCATOR);
    let family = match Font::from_bytes("the file", file, 0) {
        Ok(font) => Ok(font.family().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    (family, region.change().bytes_allocated)
}

/// Checks that a file is refused for a reason, before memory is taken.
#[track_caller]
fn refused(file: Vec<u8>, word: &str) {
    let (family, bytes) = read(file);
    let problem = family.unwrap_err();
    assert!(problem.contains(word), "no {word:?} in {problem}");
    assert!(bytes < 1 << 20, "{bytes} bytes were taken");
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The tables of a font, each compressed where that makes it shorter.
fn tables(font: &FontFile) -> Vec<Table> {
    let table = |(tag, bytes): &([u8; 4], Vec<u8>)| {
        let packed = packed(bytes);
        let shorter = packed.len() < bytes.len();
        let stored = if shorter { packed } else { bytes.clone() };
        (*tag, stored, bytes.len() as u32)
    };
    font.tables.iter().map(table).collect()
}

#[test]
fn sound_files_are_read() {
    let font = FontFile::of_letters("Web");
    assert_eq!(read(woff(5000, &tables(&font), false)).0, Ok("Web".into()));
    let (claims, data) = claims(&font);
    assert_eq!(
        read(woff2(TRUE_TYPE, &claims, &[], &data)).0,
        Ok("Web".into())
    );
    // A collection of the same tables twice.
    let face = [
        &[claims.len() as u8],
        &TRUE_TYPE[..],
        &(0..claims.len() as u8).collect::<Vec<_>>(),
    ];
    let faces = [&[0, 1, 0, 0, 2][..], &face.concat().repeat(2)].concat();
    let collection = woff2(b"ttcf", &claims, &faces, &data);
    let read = Font::faces("the file", collection).unwrap();
    assert_eq!(read.len(), 2);
    assert!(
        read.iter()
            .all(|face| face.as_ref().unwrap().family() == "Web")
    );
}

#[test]
fn a_directory_that_claims_gigabytes_takes_no_memory() {
    // The header claims little: 76 bytes of which one table is to grow to four gigabytes.
    let claim = |length| woff(100, &[(*b"glyf", vec![0; 12], length)], false);
    assert_eq!(claim(u32::MAX).len(), 76);
    refused(claim(u32::MAX), "cannot grow to 4294967295");
    refused(claim(40 << 20), "cannot grow to");
    let (mut claims, data) = claims(&FontFile::of_letters("Web"));
    claims[0].2 = u32::MAX;
    refused(woff2(TRUE_TYPE, &claims, &[], &data), "it grows to");
    claims[0].2 = 60 << 20;
    claims[1].2 = 5 << 20;
    refused(woff2(TRUE_TYPE, &claims, &[], &data), "it grows to");
}

#[test]
fn what_inflates_beyond_the_limit_takes_no_memory() {
    let table = packed(&vec![0; 33 << 20]);
    let claims = [b"AAAA", b"BBBB"].map(|tag| (*tag, table.clone(), 33 << 20));
    refused(woff(100, &claims, false), "it grows to");
    // One that inflates to more than it claims.
    let claims = [(*b"glyf", table, 1 << 20)];
    let (family, bytes) = read(woff(100, &claims, false));
    assert!(family.is_err());
    assert!(bytes < 8 << 20, "{bytes} bytes were taken");
}

#[test]
fn tables_that_overlap_are_refused() {
    let same = |count: u16| -> Vec<Table> {
        let tags = (0..count).map(u16::to_be_bytes);
        tags.map(|[high, low]| ([b'A', b'A', high, low], vec![0; 4000], 4000))
            .collect()
    };
    refused(woff(100, &same(1000), true), "tables overlap");
    refused(woff(100, &same(5000), true), "5000 tables");
    let mut ends_later = woff(100, &same(1), false);
    ends_later.truncate(2000);
    refused(ends_later, "cut short");
}

#[test]
fn collections_of_very_many_faces_are_refused() {
    let (claims, data) = claims(&FontFile::of_letters("Web"));
    let face = [&[200][..], TRUE_TYPE, &[0; 200]].concat();
    let faces = [&[0, 1, 0, 0, 253, 0xff, 0xff][..], &face.repeat(400)].concat();
    refused(
        woff2(b"ttcf", &claims, &faces, &data),
        "more than 65536 tables",
    );
    refused(woff2(b"ttcf", &claims, &faces[..500], &data), "cut short");
}
