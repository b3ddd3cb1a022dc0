//! The `trailtrim` program.

fn main() {}
