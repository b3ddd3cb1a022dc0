//! The graph of a case: from where and by whom, who acted, on what. As Graphviz's language and as an image that
//! stands in a page.

use super::CasesReport;
use crate::escape::{html, quoted};
use crate::investigate::case::Case;
use crate::report::text::clipped;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many nodes of a column are drawn; the rest is one node that says how many.
const NODES_SHOWN: usize = 10;

/// What nodes are, which is also the column of the image where they stand, from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A person, or an address.
    Origin,
    /// A principal that acted.
    Actor,
    /// What a call was about, and roles that were handed over.
    Thing,
}

/// Nodes by kind and name, and edges with what they mean.
#[derive(Debug, Default)]
struct Graph {
    nodes: Vec<(Kind, String)>,
    edges: BTreeMap<(usize, usize), Vec<String>>,
}

impl Graph {
    fn node(&mut self, kind: Kind, name: &str) -> usize {
        let known = self.nodes.iter().position(|one| (one.0, one.1.as_str()) == (kind, name));
        known.unwrap_or_else(|| {
            let of_kind = self.nodes.iter().filter(|(other, _)| *other == kind).count();
            let name = if of_kind >= NODES_SHOWN { "more" } else { name };
            if let Some(more) = self.nodes.iter().position(|one| (one.0, one.1.as_str()) == (kind, name)) {
                return more;
            }
            self.nodes.push((kind, name.to_owned()));
            self.nodes.len() - 1
        })
    }

    fn edge(&mut self, from: usize, to: usize, label: &str) {
        let labels = self.edges.entry((from, to)).or_default();
        if !labels.iter().any(|one| one == label) {
            labels.push(label.to_owned());
        }
    }

    /// Of the events that a rule found, and of the sessions that followed.
    fn of(case: &Case<'_>) -> Self {
        let mut graph = Self::default();
        for moment in case.timeline.iter().filter(|moment| moment.found || moment.followed) {
            let event = &moment.event;
            let actor = graph.node(Kind::Actor, event.actor.label());
            for origin in [&event.actor.human, &event.ip].into_iter().filter(|text| !text.is_empty()) {
                let origin = graph.node(Kind::Origin, origin);
                graph.edge(origin, actor, "");
            }
            let about = if event.about().is_empty() { event.source.as_str() } else { event.about() };
            let thing = graph.node(Kind::Thing, about);
            graph.edge(actor, thing, &event.name);
        }
        for (role, event) in &case.handed {
            let from = graph.node(Kind::Actor, event.actor.label());
            let role = role.rsplit('/').next().unwrap_or(role);
            let acted = graph.nodes.iter().any(|(kind, known)| *kind == Kind::Actor && known == role);
            let to = graph.node(if acted { Kind::Actor } else { Kind::Thing }, role);
            graph.edge(from, to, "hands over");
        }
        graph
    }
}

/// What an edge says: the first few calls.
fn label(labels: &[String]) -> String {
    const SHOWN: usize = 2;
    let shown: Vec<&str> =
        labels.iter().filter(|one| !one.is_empty()).take(SHOWN).map(String::as_str).collect();
    match labels.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} +{more}", shown.join(", ")),
    }
}

/// All cases in Graphviz's language, each a cluster.
pub fn dot(report: &CasesReport<'_>) -> String {
    let mut out = "digraph cases {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    for (number, one) in report.cases.iter().enumerate() {
        let graph = Graph::of(&one.case);
        let title = format!("{} {}", one.case.score, one.case.who());
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label={};", quoted(&title));
        for (at, (kind, name)) in graph.nodes.iter().enumerate() {
            let shape = match kind {
                Kind::Origin => "ellipse",
                Kind::Actor => "box",
                Kind::Thing => "note",
            };
            let _ = writeln!(out, "    n{number}_{at} [shape={shape}, label={}];", quoted(name));
        }
        for ((from, to), labels) in &graph.edges {
            let label = quoted(&label(labels));
            let _ = writeln!(out, "    n{number}_{from} -> n{number}_{to} [label={label}];");
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

/// Sizes of the image, in pixels.
const WIDTH: usize = 1_000;
const ROW: usize = 44;
const BOX: usize = 250;

/// The graph of one case as an image: three columns, nodes in the order in which they came.
pub fn svg(case: &Case<'_>) -> String {
    let graph = Graph::of(case);
    let column = |kind: Kind| graph.nodes.iter().enumerate().filter(move |(_, node)| node.0 == kind);
    let rows = [Kind::Origin, Kind::Actor, Kind::Thing].map(|kind| column(kind).count());
    let height = rows.into_iter().max().unwrap_or_default() * ROW + 10;
    let mut places: Vec<(usize, usize)> = vec![(0, 0); graph.nodes.len()];
    for (x, kind) in [(5, Kind::Origin), ((WIDTH - BOX) / 2, Kind::Actor), (WIDTH - BOX - 5, Kind::Thing)] {
        let count = column(kind).count().max(1);
        let step = (height - 10) / count;
        for (row, (at, _)) in column(kind).enumerate() {
            if let Some(place) = places.get_mut(at) {
                *place = (x, 5 + row * step + step.saturating_sub(30) / 2);
            }
        }
    }
    let mut out =
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">", html(&case.who()));
    for ((from, to), labels) in &graph.edges {
        if let (Some(from), Some(to)) = (places.get(*from), places.get(*to)) {
            edge(&mut out, *from, *to, &label(labels));
        }
    }
    for ((kind, name), (x, y)) in graph.nodes.iter().zip(&places) {
        let fill = match kind {
            Kind::Origin => "#e6eef9",
            Kind::Actor => "#fbe7cf",
            Kind::Thing => "#e5f3e6",
        };
        let _ = write!(
            out,
            "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"30\" rx=\"5\" fill=\"{fill}\" stroke=\"#7a879a\"/><text x=\"{}\" y=\"{}\" fill=\"#1c2430\">{}</text></g>",
            html(name),
            x + 8,
            y + 20,
            html(&clipped(&crate::escape::terminal(name), 30))
        );
    }
    out.push_str("</svg>");
    out
}

fn edge(out: &mut String, from: (usize, usize), to: (usize, usize), label: &str) {
    // Within a column an edge goes down its left side.
    let same = from.0 == to.0;
    let (x1, x2) = if same { (from.0, to.0) } else { (from.0 + BOX, to.0) };
    let (y1, y2) = (from.1 + 15, to.1 + 15);
    let _ = write!(out, "<path d=\"M{x1} {y1} L{x2} {y2}\" fill=\"none\" stroke=\"#8b98ab\"/>");
    if !label.is_empty() {
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#6b7890\">{}</text>",
            x2.saturating_sub(6),
            y2.saturating_sub(3),
            html(&clipped(&crate::escape::terminal(label), 24))
        );
    }
}
