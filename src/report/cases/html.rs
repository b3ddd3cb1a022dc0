//! Cases as one page: no script, nothing loaded from elsewhere, everything from the logs escaped.

use super::page::{Block, Line, page};
use super::{CasesReport, graph};
use crate::escape::html;
use std::fmt::Write as _;

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2.5rem 0 .3rem;padding-top:1rem;border-top:2px solid #d5dbe3}\
h3{font-size:.95rem;margin:1.1rem 0 .2rem;color:#46546a}ul{margin:.2rem 0;padding-left:1.2rem}\
.score{display:inline-block;min-width:2.2rem;text-align:center;border-radius:.3rem;color:#fff;background:#a5530a;margin-right:.6rem}\
.score.top{background:#b3192b}table{border-collapse:collapse;width:100%;font-size:.88rem}\
td{padding:.12rem .6rem .12rem 0;vertical-align:top;overflow-wrap:anywhere}td.t{white-space:nowrap;color:#46546a}\
tr.found td{font-weight:600}pre{background:#f3f5f8;padding:.6rem;overflow-x:auto;font-size:.82rem}li{overflow-wrap:anywhere}\
svg{max-width:100%;height:auto;margin-top:.8rem}svg text{font:12px system-ui,sans-serif}\
@media(prefers-color-scheme:dark){body{color:#dfe5ee;background:#14181f}pre{background:#1e242e}h2{border-color:#323b49}h3,td.t{color:#9fb0c6}}";

/// The score from which a case's number is red.
const TOP: u32 = 70;

/// The cases as HTML.
pub fn cases(report: &CasesReport<'_>) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Unusual access</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Unusual access</h1>\n"
    );
    for block in page(report) {
        let _ = match block {
            Block::Case(score, sentence) => {
                let top = if score >= TOP { " top" } else { "" };
                writeln!(out, "<h2><span class=\"score{top}\">{score}</span>{}</h2>", html(&sentence))
            }
            Block::Part(name) => writeln!(out, "<h3>{}</h3>", html(name)),
            Block::Text(text) => writeln!(out, "<p>{}</p>", html(&text)),
            Block::Items(items) => {
                let items: Vec<String> =
                    items.iter().map(|item| format!("<li>{}</li>", html(item))).collect();
                writeln!(out, "<ul>\n{}\n</ul>", items.join("\n"))
            }
            Block::Timeline(lines) => {
                let rows: String = lines.iter().map(row).collect();
                writeln!(out, "<table>\n{rows}</table>")
            }
            Block::Commands(lines) => {
                let lines: String = lines.iter().map(|line| html(line) + "\n").collect();
                writeln!(out, "<pre>{lines}</pre>")
            }
            Block::Graph(number) => {
                let one = report.cases.get(number);
                writeln!(out, "{}", one.map(|one| graph::svg(&one.case)).unwrap_or_default())
            }
        };
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn row(line: &Line) -> String {
    let found = if line.mark == "*" { " class=\"found\"" } else { "" };
    format!(
        "<tr{found}><td class=\"t\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        html(&line.time),
        html(line.mark),
        html(&line.call),
        html(&line.about)
    )
}
