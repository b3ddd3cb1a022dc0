//! Cases for a ticket.

use super::CasesReport;
use super::page::{Block, page};
use crate::escape::{code, markdown};
use std::fmt::Write as _;

/// The cases as Markdown.
pub fn cases(report: &CasesReport<'_>) -> String {
    let mut out = "# Unusual access\n\n".to_owned();
    for block in page(report) {
        match block {
            Block::Case(score, sentence) => {
                let _ = writeln!(out, "## {score} · {}\n", markdown(&sentence));
            }
            Block::Part(name) => {
                let _ = writeln!(out, "### {}\n", markdown(name));
            }
            Block::Text(text) => {
                let _ = writeln!(out, "{}\n", markdown(&text));
            }
            Block::Items(items) => {
                for item in &items {
                    let _ = writeln!(out, "- {}", markdown(item));
                }
                out.push('\n');
            }
            Block::Timeline(lines) => {
                out.push_str("| time | | call | |\n|---|---|---|---|\n");
                for line in lines {
                    let call = if line.call.is_empty() { String::new() } else { code(&line.call) };
                    let _ = writeln!(
                        out,
                        "| {} | {} | {call} | {} |",
                        line.time,
                        markdown(line.mark),
                        markdown(&line.about)
                    );
                }
                out.push('\n');
            }
            Block::Commands(lines) => {
                // Four blanks: no text can end such a block.
                for line in &lines {
                    let _ = writeln!(out, "    {}", crate::escape::terminal(line));
                }
                out.push('\n');
            }
            Block::Graph(_) => {}
        }
    }
    out
}
