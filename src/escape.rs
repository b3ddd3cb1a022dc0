//! Text from logs and snapshots is hostile: it is made harmless for the place where it is shown.

use std::fmt::Write as _;

/// For a terminal: control characters, which could move the cursor or change colours, become visible.
pub fn terminal(text: &str) -> String {
    if !text.chars().any(deceives) {
        return text.to_owned();
    }
    text.chars()
        .map(|letter| if deceives(letter) { letter.escape_unicode().to_string() } else { letter.to_string() })
        .collect()
}

/// Control characters and those that change the direction of the text: what is seen is not what is there.
pub fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// A string literal in double quotes that reads the same in JSON, YAML, Python, TypeScript, and, but for its
/// templates, HCL: nothing leaves the line, nothing is invisible.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Line ends of JavaScript and YAML, blanks without width, and the mark of byte order.
            '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200d}' | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter if deceives(letter) => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// For text and attributes of HTML and SVG: nothing is markup.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in terminal(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// For running text and table cells of Markdown: nothing is markup, nothing leaves the line.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in terminal(text).chars() {
        if matches!(
            letter,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' | '&' | '~' | '$'
        ) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// For an inline code span of Markdown, in which only the backtick has a meaning; `|` would end a cell.
pub fn code(text: &str) -> String {
    let clean = terminal(text).replace('|', "\\|");
    let longest = clean.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    if longest == 0 {
        return format!("`{clean}`");
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence} {clean} {fence}")
}

/// A sentence of this program for Markdown: what stands between backticks becomes code, the rest running text.
pub fn sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick comes from quoted text, so none of them can be trusted.
    if parts.len().is_multiple_of(2) {
        return markdown(text);
    }
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { code(part) } else { markdown(part) })
        .collect()
}

/// One word of a POSIX shell command.
pub fn shell(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:=+@,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// One component of a path: letters, digits and the punctuation of IAM names; anything else is `_`, and a
/// name that consists of dots gets one in front.
pub fn file_name(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter) { letter } else { '_' })
        .take(128)
        .collect();
    if clean.trim_matches('.').is_empty() { format!("_{clean}") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(terminal("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\u{a}");
        assert_eq!(markdown("<script>|`x`"), "\\<script\\>\\|\\`x\\`");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(sentence("`a_b`, which_was <b>"), "`a_b`, which\\_was \\<b\\>");
        assert_eq!(sentence("a ` b"), "a \\` b");
        assert_eq!(shell("it's"), "'it'\\''s'");
        assert_eq!(shell("$(rm)"), "'$(rm)'");
        assert_eq!(shell("arn:aws:iam::aws:policy/X"), "arn:aws:iam::aws:policy/X");
        assert_eq!(file_name("../../etc"), ".._.._etc");
        assert_eq!(file_name(".."), "_..");
        assert_eq!(file_name(""), "_");
        assert_eq!(
            quoted("a\"\\\n\u{1b}\u{7f}\u{202e}\u{2028}é${x}"),
            r#""a\"\\\n\u001b\u007f\u202e\u2028é${x}""#
        );
    }
}
