//! The tables in `data/`: lines of tab-separated fields; empty lines and lines that start with `#` are
//! comments. A field that is missing at the end of a line is empty.

/// The rows of a table, `N` fields each; further fields of a line are ignored.
pub(crate) fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut fields = line.split('\t');
        std::array::from_fn(|_| fields.next().unwrap_or_default())
    })
}

/// The elements of a field that holds a list: separated by commas; empty and `-` are no elements.
pub(crate) fn list(field: &'static str) -> impl Iterator<Item = &'static str> {
    field.split(',').filter(|element| !element.is_empty() && *element != "-")
}

/// The value of a comment line `# key: value`.
pub(crate) fn stamp(text: &'static str, key: &str) -> Option<&'static str> {
    text.lines()
        .map_while(|line| line.strip_prefix("# "))
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_of_fields() {
        let text = "# about\n# date: 2026-01-02\n\na\tb,c\t-\nd\n";
        assert_eq!(rows(text).collect::<Vec<[&str; 4]>>(), [["a", "b,c", "-", ""], ["d", "", "", ""]]);
        assert_eq!(list("b,c").collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(list("-").count() + list("").count(), 0);
        assert_eq!(stamp(text, "date"), Some("2026-01-02"));
    }
}
