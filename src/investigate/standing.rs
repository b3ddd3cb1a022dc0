//! What changed and still stands (`data/standing_changes.tsv`): what a call leaves behind, and the calls that
//! would have undone it.

use super::event::EventRow;
use crate::escape::shell;
use crate::iam::table;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../data/standing_changes.tsv");

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Change {
    source: &'static str,
    event: &'static str,
    /// What it leaves behind.
    pub what: &'static str,
    undone_by: Vec<&'static str>,
    command: &'static str,
}

/// A thing that an event left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The event.
    pub event: EventRow,
    /// What stands, in words.
    pub what: &'static str,
    /// The call that undid it later, when one is in the logs.
    pub undone: Option<EventRow>,
}

fn changes() -> &'static [Change] {
    static CHANGES: LazyLock<Vec<Change>> = LazyLock::new(|| {
        let change = |[source, event, what, undone_by, command]: [&'static str; 5]| Change {
            source,
            event,
            what,
            undone_by: table::list(undone_by).collect(),
            command,
        };
        table::rows(TABLE).map(change).collect()
    });
    &CHANGES
}

/// The names of all calls that undo something.
pub fn undoing() -> BTreeSet<&'static str> {
    changes().iter().flat_map(|change| &change.undone_by).copied().collect()
}

/// What a call leaves behind, if it is known to leave something.
pub fn change(event: &EventRow) -> Option<&'static Change> {
    let host = event.source.strip_suffix(".amazonaws.com")?;
    changes().iter().find(|change| change.source == host && change.event == event.name)
}

/// What the events left behind, in their order. Calls that undo it have the same resource, account and region
/// and come later.
pub fn left(events: &[&EventRow], undone: &[EventRow]) -> Vec<Left> {
    let one = |event: &&EventRow| {
        let change = change(event).filter(|_| event.ok)?;
        let undoes = |later: &&EventRow| {
            later.time >= event.time
                && later.source == event.source
                && change.undone_by.contains(&later.name.as_str())
                && !event.resource.is_empty()
                && (&later.resource, &later.account, &later.region)
                    == (&event.resource, &event.account, &event.region)
        };
        Some(Left { event: (*event).clone(), what: change.what, undone: undone.iter().find(undoes).cloned() })
    };
    events.iter().filter_map(one).collect()
}

/// The command that undoes what an event left behind, or shows it where undoing takes more than one; `None`
/// when there is no single one. The name comes from the log and is quoted for a shell.
pub fn command(event: &EventRow) -> Option<String> {
    let command = change(event)?.command;
    if command.is_empty() || event.resource.is_empty() {
        return None;
    }
    let name = shell(&event.resource);
    Some(format!("{} --region {}", command.replace("{name}", &name), shell(&event.region)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, name: &str, resource: &str) -> EventRow {
        EventRow {
            time,
            source: "sagemaker.amazonaws.com".to_owned(),
            name: name.to_owned(),
            resource: resource.to_owned(),
            region: "eu-west-1".to_owned(),
            ok: true,
            ..EventRow::default()
        }
    }

    #[test]
    fn the_table_is_sound() {
        assert!(table::stamp(TABLE, "date").is_some() && table::stamp(TABLE, "source").is_some());
        let mut seen = BTreeSet::new();
        for change in changes() {
            assert!(seen.insert((change.source, change.event)), "{} twice", change.event);
            assert!(!change.what.is_empty());
            let safe = change.command.is_empty() || change.command.starts_with("aws ");
            assert!(safe, "{}", change.command);
        }
        assert!(seen.len() > 50);
    }

    #[test]
    fn what_stands() {
        let made = [
            event(10, "CreateNotebookInstance", "a"),
            event(10, "CreateNotebookInstance", "b"),
            event(10, "ListModels", ""),
            EventRow { ok: false, ..event(10, "CreateModel", "m") },
        ];
        let undone = [
            event(5, "DeleteNotebookInstance", "a"),
            event(20, "DeleteNotebookInstance", "b"),
            EventRow { region: "us-east-1".to_owned(), ..event(20, "DeleteNotebookInstance", "a") },
        ];
        let found = left(&made.iter().collect::<Vec<_>>(), &undone);
        let words: Vec<(&str, bool)> =
            found.iter().map(|one| (one.event.resource.as_str(), one.undone.is_some())).collect();
        assert_eq!(words, [("a", false), ("b", true)]);
    }

    #[test]
    fn names_are_quoted() {
        let hostile = event(0, "CreateModel", "m; rm -rf ~");
        let expect = "aws sagemaker delete-model --model-name 'm; rm -rf ~' --region eu-west-1";
        assert_eq!(command(&hostile).unwrap(), expect);
        assert_eq!(command(&event(0, "CreateModelPackage", "m")), None);
    }
}
