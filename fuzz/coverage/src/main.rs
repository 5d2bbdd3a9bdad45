//! Reads what libFuzzer gives it as the kind of file that `LETRA_FUZZ_KIND` names.
#![no_main]

use std::sync::LazyLock;

use clap::ValueEnum as _;
use letra_fuzz::Kind;
use libfuzzer_sys::fuzz_target;

static KIND: LazyLock<Kind> = LazyLock::new(|| {
    let name = std::env::var("LETRA_FUZZ_KIND").unwrap_or_default();
    Kind::from_str(&name, false).expect("LETRA_FUZZ_KIND names a kind of file")
});

fuzz_target!(|bytes: &[u8]| {
    KIND.read(bytes);
});
