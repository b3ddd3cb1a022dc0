//! The text of a pull request: what changes for whom, why it is safe, and how to take it back.

use super::{PolicyChange, PrincipalChange, aws_cli, literal};
use crate::escape::{code, markdown, sentence};
use crate::iam::contain::Containment;
use crate::iam::json::Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines of a difference are shown whole up to this many; a reviewer reads more of them in the files.
const DIFFERENCE_LINES_MAX: usize = 400;

/// All changes as one text.
pub fn emit(changes: &[PrincipalChange<'_>]) -> String {
    let mut out = String::from(
        "# Remove unused permissions\n\nOnly what the logs would have shown and did not show is removed. Each new policy is proved to allow nothing that the old one did not, and every distinct call in the logs was replayed against it.\n",
    );
    for change in changes {
        principal(&mut out, change);
    }
    out
}

fn principal(out: &mut String, change: &PrincipalChange<'_>) {
    let _ = writeln!(
        out,
        "\n## {} {}\n\n{}",
        change.kind(),
        markdown(&change.principal.name),
        code(change.principal.arn.as_str())
    );
    if change.is_permission_set() {
        out.push_str("\nThis role belongs to a permission set of IAM Identity Center, which other accounts may use too: change it there. A permission set has one inline policy, so these go into it together.\n");
    }
    for why in &change.left_out {
        let _ = writeln!(out, "\nLeft as it is: {}.", sentence(why));
    }
    for policy in &change.policies {
        policy_change(out, change, policy);
    }
}

fn policy_change(out: &mut String, change: &PrincipalChange<'_>, policy: &PolicyChange<'_>) {
    let _ = writeln!(out, "\n### {}\n", markdown(&policy.title()));
    let recommendation = policy.recommendation;
    let removed: Vec<_> = recommendation.changes.iter().flat_map(|one| &one.removed).collect();
    let mut services: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &removed {
        *services.entry(one.action.service).or_default() += 1;
    }
    let by_service: Vec<String> =
        services.iter().take(8).map(|(service, count)| format!("{} {count}", code(service))).collect();
    let more = if services.len() > 8 { ", and more" } else { "" };
    if !removed.is_empty() {
        let _ = writeln!(out, "- actions removed: {} ({}{more})", removed.len(), by_service.join(", "));
    }
    let narrowed: usize = recommendation.changes.iter().map(|one| one.narrowed.len()).sum();
    if narrowed > 0 {
        let _ = writeln!(out, "- actions limited to the resources that were touched: {narrowed}");
    }
    if let Containment::Proved { tier } = &recommendation.proof.containment {
        let _ = writeln!(out, "- allows nothing new: proved (tier {tier})");
    }
    let replay = &recommendation.proof.replay;
    let _ = writeln!(
        out,
        "- distinct calls of the principal: {} stay allowed, {} depend on conditions that the logs do not carry, {} have an unknown resource and keep their scope, {} break",
        replay.allowed,
        replay.undecided,
        replay.unknown_resource,
        replay.broken.len()
    );
    if policy.documents.is_empty() {
        out.push_str("- nothing of it was used: it goes\n");
    }
    let old = policy.policy.original.as_deref().and_then(|original| Json::parse(&original.text).ok());
    for new in &policy.documents {
        let same_policy = policy.documents.len() == 1;
        let _ = writeln!(out, "\n{}:\n", code(&new.name));
        let new = literal::pretty(&new.document.to_json());
        match (&old, same_policy) {
            (Some(old), true) => fence(out, "diff", &difference(&literal::pretty(old), &new)),
            _ => fence(out, "json", &new),
        }
    }
    let commands = aws_cli::commands(change, policy, &|new| format!("{}.json", new.name));
    if !commands.is_empty() {
        out.push_str("\nBy hand, once:\n\n");
        fence(out, "sh", &commands.join("\n"));
    }
}

/// A block of code; nothing in it ends it.
fn fence(out: &mut String, language: &str, text: &str) {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let ticks = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "{ticks}{language}\n{text}\n{ticks}");
}

/// Lines that are in both texts, with `-` those of the old one alone and with `+` those of the new one.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if old.len().max(new.len()) > DIFFERENCE_LINES_MAX {
        let lines = new.iter().map(|line| format!("+{line}"));
        return format!("-({} lines)\n", old.len()) + &lines.collect::<Vec<_>>().join("\n");
    }
    // Longest common subsequence from the end of both: `common[i][j]` is its length from there on.
    let mut common: Vec<Vec<usize>> = vec![vec![0; new.len() + 1]];
    for line in old.iter().rev() {
        let below = common.last().cloned().unwrap_or_default();
        let mut row = vec![0; new.len() + 1];
        for (j, other) in new.iter().enumerate().rev() {
            let value =
                if line == other { at(&below, j + 1) + 1 } else { at(&below, j).max(at(&row, j + 1)) };
            if let Some(cell) = row.get_mut(j) {
                *cell = value;
            }
        }
        common.push(row);
    }
    common.reverse();
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    let length = |i: usize, j: usize| common.get(i).map_or(0, |row| at(row, j));
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                lines.push(format!(" {a}"));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), other) if other.is_none() || length(i + 1, j) >= length(i, j + 1) => {
                lines.push(format!("-{a}"));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(format!("+{b}"));
                j += 1;
            }
            (_, None) => break,
        }
    }
    lines.join("\n")
}

fn at(row: &[usize], index: usize) -> usize {
    row.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        for (old, new, expect) in [
            ("a\nb\nc", "a\nc", " a\n-b\n c"),
            ("a", "b", "-a\n+b"),
            ("", "a", "+a"),
            ("a\nb", "x\na\nb\ny", "+x\n a\n b\n+y"),
        ] {
            assert_eq!(difference(old, new), expect, "{old} {new}");
        }
    }

    #[test]
    fn nothing_ends_a_fence() {
        let mut out = String::new();
        fence(&mut out, "sh", "a\n```\nb ````");
        assert_eq!(out, "`````sh\na\n```\nb ````\n`````\n");
    }
}
