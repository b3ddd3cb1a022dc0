//! The examples of the README and of the documents, run as written.

#[test]
fn examples_print_what_the_documents_show() {
    // `cargo` commands stand in `sh` blocks, which are for people; `console` blocks are run.
    trycmd::TestCases::new().case("README.md").case("docs/EMIT.md");
}
