//! A word on builds that nothing optimises.

use std::sync::Once;

use crate::check::warn;
use crate::kernels::OPTIMISED;

/// Says once in a process that the kernels are slow as they are built, where they are, and what to do.
pub(crate) fn warn_of_slow_kernels() {
    static SAID: Once = Once::new();
    if !OPTIMISED {
        SAID.call_once(|| {
            warn(
                "letra-kernels is built without optimisation, which makes training some 100 to 200 times slower: build with --release, or write [profile.dev.package.letra-kernels] opt-level = 3, and the same for letra-nn, into the Cargo.toml of your workspace",
            );
        });
    }
}
