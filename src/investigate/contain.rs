//! Commands that stop a case. They are printed and never run; every name in them comes from a log and is quoted
//! for a shell.

use super::case::Case;
use super::event::Actor;
use super::standing;
use crate::escape::shell;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// What somebody with the right to do so may run, in order: first who acted, then what stands. Lines that
/// begin with `#` say what no command does.
pub fn commands(case: &Case<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for actor in &case.actors {
        let keys = case.access_keys.iter().filter(|(key, _)| *key == actor.key);
        let keys: BTreeSet<&str> = keys.map(|(_, access_key)| access_key.as_str()).collect();
        if seen.insert((&actor.key, &actor.human)) {
            all.extend(of_actor(actor, &keys, case.last()));
        }
    }
    let mut commands = BTreeSet::new();
    for left in case.changes.iter().filter(|left| left.undone.is_none()) {
        if let Some(command) = standing::command(&left.event)
            && commands.insert(command.clone())
        {
            all.push(command);
        }
    }
    all
}

fn of_actor(actor: &Actor, keys: &BTreeSet<&str>, last: i64) -> Vec<String> {
    if actor.arn.contains(":role/aws-reserved/") || actor.name.starts_with("AWSReservedSSO_") {
        let who = if actor.human.is_empty() { &actor.session } else { &actor.human };
        return vec![format!(
            "# disable {} in Identity Center and revoke its sessions: the role's policies are not edited here",
            crate::escape::terminal(who)
        )];
    }
    match actor.kind.as_str() {
        "role" => {
            let time = Timestamp::from_seconds(last + 1).unwrap_or_default();
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{time}"}}}}}}]}}"#
            );
            vec![
                format!(
                    "# ends every session of {}, whoever has it, that began before {time}",
                    crate::escape::terminal(&actor.name)
                ),
                format!(
                    "aws iam put-role-policy --role-name {} --policy-name revoke-older-sessions --policy-document {}",
                    shell(&actor.name),
                    shell(&policy)
                ),
            ]
        }
        "user" => {
            let long_term = keys.iter().filter(|key| key.starts_with("AKIA"));
            let command = |key: &&str| {
                format!(
                    "aws iam update-access-key --user-name {} --access-key-id {} --status Inactive",
                    shell(&actor.name),
                    shell(key)
                )
            };
            long_term.map(command).collect()
        }
        _ => Vec::new(),
    }
}
