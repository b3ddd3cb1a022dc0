//! The README's examples, run as written.

#[test]
fn examples_print_what_the_readme_shows() {
    // `cargo` commands stand in `sh` blocks, which are for people; `console` blocks are run.
    trycmd::TestCases::new().case("README.md");
}
