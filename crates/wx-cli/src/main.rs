//! The `wx` command.
fn main() {}
