//! Shell scripts for the aws CLI: one that applies, one that takes back. They ask before they act: what is
//! done already is left alone, what has changed since the snapshot stops the script.

use super::Call;
use crate::escape::{file_name, shell, terminal};
use crate::grants::PolicySource;
use crate::iam::json::Json;
use crate::iam::quota::Quota;
use crate::recommend::Step;
use crate::recommend::emit::{
    NewPolicy, PolicyChange, PrincipalChange, literal, permission_set, policy_path,
};
use std::fmt::Write as _;

/// What both scripts start with, behind their first comment.
const PRELUDE: &str = include_str!("prelude.sh");

/// The functions for permission sets.
const PERMISSION_SETS: &str = include_str!("permission_set.sh");

const APPLY: &str = "\
#!/bin/sh
# Made by trailtrim: gives policies that lack what their principals did not use.
# Needs the aws CLI with credentials for the account. Running it again is harmless: what is done is left
# alone. A policy that is not as the snapshot has it stops the script. Keep the rollback script at hand.
# shellcheck disable=SC2016 # Policies hold ${...}, queries hold backticks; neither is for the shell.
";

const ROLLBACK: &str = "\
#!/bin/sh
# Made by trailtrim: takes back what the apply script of the same changes did.
# Needs the aws CLI with credentials for the account. Running it again is harmless.
# shellcheck disable=SC2016 # Policies hold ${...}, queries hold backticks; neither is for the shell.
";

/// The script that makes all changes.
pub fn apply(changes: &[PrincipalChange<'_>]) -> String {
    script(Direction::Apply, changes)
}

/// The script that restores the policies of the snapshot: byte by byte where the snapshot holds the text of
/// the document, else the same JSON on one line.
pub fn rollback(changes: &[PrincipalChange<'_>]) -> String {
    script(Direction::Rollback, changes)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Apply,
    Rollback,
}

fn script(direction: Direction, changes: &[PrincipalChange<'_>]) -> String {
    let head = if direction == Direction::Apply { APPLY } else { ROLLBACK };
    let mut out = format!("{head}{PRELUDE}");
    if changes.iter().any(PrincipalChange::is_permission_set) {
        out.push_str(PERMISSION_SETS);
    }
    let mut account = None;
    for change in changes {
        let _ = writeln!(out, "\n# {}", terminal(&format!("{} ({})", change.title(), change.principal.arn)));
        for why in &change.left_out {
            let _ = writeln!(out, "# Left as it is: {}", terminal(why));
        }
        if change.policies.is_empty() {
            continue;
        }
        if change.is_permission_set() {
            permission_set(&mut out, change, direction);
            continue;
        }
        if account != Some(change.account()) {
            let _ = writeln!(out, "need_account {}", shell(&change.account()));
            account = Some(change.account());
        }
        // What is only detached makes room for what is attached.
        let (first, then): (Vec<_>, Vec<_>) =
            change.policies.iter().partition(|policy| policy.step == Step::Detach);
        for policy in first.into_iter().chain(then) {
            let _ = writeln!(out, "\n# {}", policy.title());
            let section = Section::new(change, policy);
            match direction {
                Direction::Apply => section.apply(&mut out),
                Direction::Rollback => section.rollback(&mut out),
            }
        }
    }
    out.push_str("\nsay 'done'\n");
    out
}

/// One policy's part of a script.
struct Section<'a> {
    change: &'a PrincipalChange<'a>,
    policy: &'a PolicyChange<'a>,
    call: Call<'a>,
    /// `role R: inline policy P`, one word of the shell.
    what: String,
    /// Name of the principal and of the policy, ARN of the policy: words of the shell.
    who: String,
    name: String,
    arn: String,
}

impl<'a> Section<'a> {
    fn new(change: &'a PrincipalChange<'a>, policy: &'a PolicyChange<'a>) -> Self {
        Self {
            change,
            policy,
            call: Call::new(change, policy),
            what: shell(&format!("{}: {}", change.title(), policy.title())),
            who: shell(&change.principal.name),
            name: shell(&policy.policy.name),
            arn: shell(policy.arn()),
        }
    }

    fn apply(&self, out: &mut String) {
        match self.policy.step {
            Step::PutInline | Step::DeleteInline | Step::NewVersion => self.replace(out, Direction::Apply),
            Step::CreateAndDetach => self.create_and_detach(out),
            Step::Detach => self.detach(out),
            Step::UpdatePermissionSet => {}
        }
    }

    fn rollback(&self, out: &mut String) {
        match self.policy.step {
            Step::PutInline | Step::DeleteInline | Step::NewVersion => self.replace(out, Direction::Rollback),
            Step::CreateAndDetach | Step::Detach => self.attach_again(out),
            Step::UpdatePermissionSet => {}
        }
    }

    /// The document as it is asked for, compared and, the other way, put in its place.
    fn replace(&self, out: &mut String, direction: Direction) {
        let forward = direction == Direction::Apply;
        let deletes = self.policy.step == Step::DeleteInline;
        let new = self.policy.documents.first();
        let _ = writeln!(out, "new={}", new.map_or_else(|| "''".to_owned(), document_word));
        let _ = writeln!(out, "old={}", self.old_word());
        if !forward {
            let _ = writeln!(out, "original={}", self.original_word());
        }
        let state = match self.policy.step {
            Step::NewVersion => format!("managed_state {}", self.arn),
            _ => format!("inline_state {} {} {}", self.change.kind(), self.who, self.name),
        };
        let (from, to) = if forward { ("old", "new") } else { ("new", "old") };
        let (from, to) = match (deletes, forward) {
            (true, true) => (from, "gone"),
            (true, false) => ("gone", to),
            _ => (from, to),
        };
        let act = match (self.policy.step, forward) {
            (Step::NewVersion, true) => {
                format!("make_room {}\n    {}", self.arn, self.call.create_version("\"$new\" >/dev/null"))
            }
            (Step::NewVersion, false) => self.previous_version(),
            (Step::DeleteInline, true) => self.call.delete_inline(),
            (_, true) => self.call.put_inline("\"$new\""),
            (_, false) => self.call.put_inline("\"$original\""),
        };
        let (done, already) =
            if forward { ("changed", "was changed already") } else { ("restored", "is the original") };
        let _ = writeln!(
            out,
            "state=$({state})
case $state in
  {to}) say {what} '{already}' ;;
  {from})
    {act}
    say {what} '{done}'
    ;;
  *) stop {what} 'is neither as the snapshot has it nor as this change makes it:' \"$state\" ;;
esac",
            what = self.what
        );
    }

    /// Makes the version of the snapshot the default again; creates it anew when it is gone.
    fn previous_version(&self) -> String {
        let again = self.call.create_version("\"$original\" >/dev/null");
        let delete = format!("aws iam delete-policy-version --policy-arn {} --version-id", self.arn);
        let create = format!("make_room {}\n      {again}", self.arn);
        let restore = self.policy.policy.default_version.as_deref().map_or_else(
            || create.replace("\n      ", "\n    "),
            |version| {
                let (arn, version) = (&self.arn, shell(version));
                format!(
                    "before=$(version_state {arn} {version})
    if [ \"$before\" = old ]; then
      aws iam set-default-policy-version --policy-arn {arn} --version-id {version}
    else
      {create}
    fi"
                )
            },
        );
        format!("applied=$(default_version {})\n    {restore}\n    {delete} \"$applied\"", self.arn)
    }

    fn create_and_detach(&self, out: &mut String) {
        let peak = self.change.attached_before(self.policy) + self.policy.documents.len();
        let most = Quota::ManagedPolicy.limit().documents_max;
        if peak > most {
            // Nothing may be refused in between, so the order stays; `set -e` ends the script in time.
            let _ = writeln!(
                out,
                "# Before the old policy goes, {peak} managed policies are attached, and {most} is the default\n\
                 # quota. Where it was not raised, attaching stops the script here, and nothing is detached."
            );
        }
        let mut inner = String::new();
        for new in &self.policy.documents {
            let arn = shell(&self.change.new_arn(&new.name));
            let _ = writeln!(inner, "new={}\nold=''\nstate=$(managed_state {arn})", document_word(new));
            let _ = writeln!(
                inner,
                "case $state in
  new) ;;
  gone)
    {}
    aws iam wait policy-exists --policy-arn {arn}
    ;;
  *) stop 'another policy has the ARN' {arn} ;;
esac",
                super::create(&new.name, "\"$new\" >/dev/null")
            );
        }
        for new in &self.policy.documents {
            let _ = writeln!(inner, "{}", self.call.attach(&self.change.new_arn(&new.name)));
        }
        self.while_attached(out, &inner);
    }

    fn detach(&self, out: &mut String) {
        self.while_attached(out, "");
    }

    /// Detaches the old policy after `first`, when it is attached and as the snapshot has it.
    fn while_attached(&self, out: &mut String, first: &str) {
        let (kind, who, arn, what) = (self.change.kind(), &self.who, &self.arn, &self.what);
        let _ = writeln!(out, "is=$(attached {kind} {who} {arn})\nif [ \"$is\" = no ]; then");
        let _ = writeln!(out, "  say {what} 'was detached already'\nelse");
        if let Some(version) = &self.policy.policy.default_version {
            let _ = writeln!(out, "  need_version {arn} {}", shell(version));
        }
        for line in first.lines() {
            let _ = writeln!(out, "  {line}");
        }
        let _ = writeln!(out, "  {}\n  say {what} 'detached'\nfi", self.call.detach(self.policy.arn()));
    }

    fn attach_again(&self, out: &mut String) {
        let _ = writeln!(out, "{}", self.call.attach(self.policy.arn()));
        for new in &self.policy.documents {
            let arn = self.change.new_arn(&new.name);
            let (kind, who, word) = (self.change.kind(), &self.who, shell(&arn));
            let _ = writeln!(
                out,
                "new={}\nold=''
is=$(attached {kind} {who} {word})
if [ \"$is\" = yes ]; then
  {}
fi
delete_if_new {word}",
                document_word(new),
                self.call.detach(&arn)
            );
        }
        let _ = writeln!(out, "say {} 'attached'", self.what);
    }

    /// The document of the snapshot for comparing, as JSON on one line.
    fn old_word(&self) -> String {
        let text = self.policy.policy.original.as_deref().map(|original| original.text.as_str());
        text.and_then(|text| Json::parse(text).ok()).map_or_else(|| "''".to_owned(), |json| json_word(&json))
    }

    /// The text that the rollback stores.
    fn original_word(&self) -> String {
        match self.policy.policy.original.as_deref() {
            Some(original) if literal::is_plain(&original.text) => shell(&original.text),
            _ => self.old_word(),
        }
    }
}

fn document_word(new: &NewPolicy) -> String {
    json_word(&new.document.to_json())
}

/// JSON on one line as a word of the shell. It becomes part of a query, in which a backtick ends it.
fn json_word(json: &Json) -> String {
    shell(&literal::compact(json).replace('`', "\\u0060"))
}

/// Permission sets are changed in Identity Center, with its own API and other credentials. The script saves
/// what is there before it changes it, and the other one restores that.
fn permission_set(out: &mut String, change: &PrincipalChange<'_>, direction: Direction) {
    let is_apply = direction == Direction::Apply;
    let set = match permission_set::joined(change) {
        Ok(set) => set,
        Err(why) => {
            let _ =
                writeln!(out, "# Not expressed: the changes cannot be one inline policy: {}", terminal(&why));
            return;
        }
    };
    let word = shell(set.name);
    let _ = writeln!(
        out,
        "# It belongs to a permission set, which other accounts may use too: see what they need first.\nfind_permission_set {word}"
    );
    let saved = shell(&format!("{}.saved-inline-policy.json", file_name(set.name)));
    if is_apply {
        let _ = writeln!(out, "save_inline_policy {saved}");
        match &set.inline {
            Some(inline) => {
                let _ = writeln!(out, "put_inline_policy {}", json_word(&inline.to_json()));
            }
            None => out.push_str("delete_inline_policy\n"),
        }
    } else {
        let _ = writeln!(out, "restore_inline_policy {saved}");
    }
    for policy in &set.detach {
        let verb = if is_apply { "detach" } else { "attach" };
        match &policy.source {
            PolicySource::AwsManaged { arn } => {
                let _ = writeln!(out, "{verb}_aws_managed {}", shell(arn));
            }
            PolicySource::CustomerManaged { arn } => {
                let path = shell(policy_path(arn));
                let _ = writeln!(out, "{verb}_customer_managed {} {path}", shell(&policy.name));
            }
            PolicySource::Inline | PolicySource::Group { .. } => {}
        }
    }
    out.push_str("provision\n");
}
