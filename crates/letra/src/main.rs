//! The `letra` command.
fn main() {}
