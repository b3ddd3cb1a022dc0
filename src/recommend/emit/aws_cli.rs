//! Commands of the aws CLI: those that make one change, and scripts that make and take back all of them.

pub mod script;

use super::{NewPolicy, PolicyChange, PrincipalChange};
use crate::escape::shell;
use crate::recommend::Step;

/// The commands that make a change, to be run once; `file` gives a new policy's file. None for permission
/// sets: these have one inline policy, so a command for each document would overwrite the one before.
pub fn commands(
    change: &PrincipalChange<'_>,
    policy: &PolicyChange<'_>,
    file: &dyn Fn(&NewPolicy) -> String,
) -> Vec<String> {
    let call = Call::new(change, policy);
    let document = |new: &NewPolicy| shell(&format!("file://{}", file(new)));
    let each = |command: &dyn Fn(&NewPolicy) -> String| policy.documents.iter().map(command).collect();
    match policy.step {
        Step::PutInline => each(&|new| call.put_inline(&document(new))),
        Step::DeleteInline => vec![call.delete_inline()],
        Step::NewVersion => each(&|new| call.create_version(&document(new))),
        Step::Detach => vec![call.detach(policy.arn())],
        Step::CreateAndDetach => {
            // Everything new is attached before the old policy goes, so that nothing is refused in between.
            let mut commands: Vec<String> = each(&|new| create(&new.name, &document(new)));
            commands.extend(policy.documents.iter().map(|new| call.attach(&change.new_arn(&new.name))));
            commands.push(call.detach(policy.arn()));
            commands
        }
        Step::UpdatePermissionSet => Vec::new(),
    }
}

/// The calls about one policy of one principal. Documents are words of the shell, other texts are escaped.
struct Call<'a> {
    kind: &'static str,
    /// `--role-name NAME`.
    who: String,
    policy: &'a PolicyChange<'a>,
}

impl<'a> Call<'a> {
    fn new(change: &PrincipalChange<'_>, policy: &'a PolicyChange<'_>) -> Self {
        let kind = change.kind();
        Self { kind, who: format!("--{kind}-name {}", shell(&change.principal.name)), policy }
    }

    fn put_inline(&self, document: &str) -> String {
        let (kind, who, name) = (self.kind, &self.who, shell(&self.policy.policy.name));
        format!("aws iam put-{kind}-policy {who} --policy-name {name} --policy-document {document}")
    }

    fn delete_inline(&self) -> String {
        let name = shell(&self.policy.policy.name);
        format!("aws iam delete-{}-policy {} --policy-name {name}", self.kind, self.who)
    }

    fn create_version(&self, document: &str) -> String {
        let arn = shell(self.policy.arn());
        format!(
            "aws iam create-policy-version --policy-arn {arn} --policy-document {document} --set-as-default"
        )
    }

    fn attach(&self, arn: &str) -> String {
        format!("aws iam attach-{}-policy {} --policy-arn {}", self.kind, self.who, shell(arn))
    }

    fn detach(&self, arn: &str) -> String {
        format!("aws iam detach-{}-policy {} --policy-arn {}", self.kind, self.who, shell(arn))
    }
}

fn create(name: &str, document: &str) -> String {
    format!("aws iam create-policy --policy-name {} --policy-document {document}", shell(name))
}
