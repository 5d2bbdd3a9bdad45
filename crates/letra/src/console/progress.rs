//! Progress of long work, on standard error.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `length` parts; hidden where standard error is not a terminal. The template is
/// indicatif's: `{prefix}`, `{bar}`, `{pos}`, `{msg}` and more.
pub fn bar(template: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}
