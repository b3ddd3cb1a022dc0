//! Ways in which permissions lead to more permissions (`data/privilege_escalation.tsv`), and which of them
//! a principal's policies leave open.

use crate::iam::reach::{Breadth, Reach};
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::table;
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../data/privilege_escalation.tsv");

/// One way: all its actions together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its name in the table.
    pub name: &'static str,
    /// The actions that it needs, as written.
    pub actions: Vec<&'static str>,
    /// The service that a role is handed to, where one is.
    pub passed_to: Option<&'static str>,
}

/// A way that is open to a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenWay {
    /// Which.
    pub way: &'static Way,
    /// On how much: the least of its actions' breadths.
    pub breadth: Breadth,
}

/// All ways, in the table's order.
pub fn ways() -> &'static [Way] {
    static WAYS: LazyLock<Vec<Way>> = LazyLock::new(|| {
        let way = |[name, actions, passed_to]: [&'static str; 3]| Way {
            name,
            actions: table::list(actions).collect(),
            passed_to: table::list(passed_to).next(),
        };
        table::rows(TABLE).map(way).collect()
    });
    &WAYS
}

impl Way {
    /// The way's actions in the reference; a test checks that it knows them all.
    pub fn known_actions(&self) -> impl Iterator<Item = &'static ActionInfo> {
        self.actions.iter().filter_map(|name| reference().action_named(name))
    }
}

/// The ways that are open: each of their actions is allowed on something, or may be under a condition. For
/// a passed role, only grants that let it go to the way's own service count.
pub fn open(reach: &Reach<'_>) -> Vec<OpenWay> {
    let breadth = |way: &'static Way| {
        let of = |action: &'static ActionInfo| {
            let passes = (action.service, action.name) == ("iam", "PassRole");
            reach.breadth(action, way.passed_to.filter(|_| passes))
        };
        // An iterator's own minimum would ask about every action; most ways end at the first.
        let mut least = Breadth::Any;
        for action in way.known_actions() {
            least = least.min(of(action));
            if least == Breadth::None {
                break;
            }
        }
        least
    };
    let all = ways().iter().map(|way| OpenWay { way, breadth: breadth(way) });
    all.filter(|one| one.breadth != Breadth::None).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_sound() {
        assert!(table::stamp(TABLE, "date").is_some() && table::stamp(TABLE, "source").is_some());
        let mut names = BTreeSet::new();
        for way in ways() {
            assert!(names.insert(way.name), "{} twice", way.name);
            assert!(!way.actions.is_empty(), "{}", way.name);
            assert_eq!(way.known_actions().count(), way.actions.len(), "{}: {:?}", way.name, way.actions);
            assert_eq!(way.actions.contains(&"iam:PassRole"), way.passed_to.is_some(), "{}", way.name);
        }
        assert!(names.len() >= 50);
    }
}
