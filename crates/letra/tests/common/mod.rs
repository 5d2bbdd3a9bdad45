//! Running the command and judging how it ended.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// Runs `letra` with arguments.
pub(crate) fn letra<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    command()
        .args(arguments)
        .output()
        .expect("the command starts")
}

/// `letra`, to be given arguments.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_letra"))
}

/// What a command that did its work printed.
#[track_caller]
pub(crate) fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// Checks that the command ended with `code`, printed nothing, and said `words` in an error with a
/// hint.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(output.stdout.is_empty(), "something was printed");
    assert!(errors.starts_with("error: "), "{errors}");
    assert!(errors.contains("\nhint: "), "{errors}");
    for word in words {
        assert!(errors.contains(word), "no {word:?} in: {errors}");
    }
}
