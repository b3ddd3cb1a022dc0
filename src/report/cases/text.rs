//! Cases for a terminal of 80 columns.

use super::CasesReport;
use super::page::{Block, Line, page};
use crate::escape::terminal;
use std::fmt::Write as _;

const WIDTH: usize = 80;

/// The cases as text.
pub fn cases(report: &CasesReport<'_>) -> String {
    let mut out = String::new();
    for block in page(report) {
        match block {
            Block::Case(score, sentence) => {
                let _ = writeln!(out, "\n{}", "─".repeat(WIDTH));
                wrapped(&mut out, &format!("{score:>3}  "), &sentence);
            }
            Block::Part(name) => {
                let _ = writeln!(out, "\n{name}");
            }
            Block::Text(text) => wrapped(&mut out, "", &text),
            Block::Items(items) => items.iter().for_each(|item| wrapped(&mut out, "  - ", item)),
            Block::Timeline(lines) => lines.iter().for_each(|line| timeline(&mut out, line)),
            // Lines that are copied into a shell are not broken.
            Block::Commands(lines) => lines.iter().for_each(|line| {
                let _ = writeln!(out, "  {}", terminal(line));
            }),
            Block::Graph(_) => {}
        }
    }
    out
}

fn timeline(out: &mut String, line: &Line) {
    let Line { time, mark, call, about } = line;
    let text = format!("{call} {about}");
    wrapped(out, &format!("{time:<20} {mark:<1} "), text.trim());
}

/// Breaks a text at blanks; the lines after the first are indented as far as the lead is long. A word that is
/// longer than the line stays whole, so that it can be copied.
fn wrapped(out: &mut String, lead: &str, text: &str) {
    let clean = terminal(text);
    let indent = lead.chars().count();
    let mut line = lead.to_owned();
    let mut used = indent;
    let mut begun = false;
    for word in clean.split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if begun && used + 1 + width > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = " ".repeat(indent);
            used = indent;
            begun = false;
        }
        if begun {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width;
        begun = true;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit() {
        let check = |lead: &str, text: &str, expect: &str| {
            let mut out = String::new();
            wrapped(&mut out, lead, text);
            assert_eq!(out, expect);
        };
        check("- ", "a b", "- a b\n");
        check("", "", "\n");
        let long = "x".repeat(90);
        check("- ", &format!("a {long} b"), &format!("- a\n  {long}\n  b\n"));
        let words = "word ".repeat(20);
        let mut out = String::new();
        wrapped(&mut out, "- ", &words);
        assert!(out.lines().count() == 2 && out.lines().all(|line| line.chars().count() <= WIDTH));
        check("", "a\u{1b}[2Jb\nc", "a\\u{1b}[2Jb\\u{a}c\n");
    }
}
