//! Conditions on organizations for trust policies, or why there are none, in the forms of the report.

use super::escape::{self, code, sentence};
use super::model::{PrincipalReport, Report};
use super::text::{clipped, grouped, plural, wrapped_list};
use crate::iam::{AccountId, quota};
use crate::recommend::TrustCondition;
use crate::recommend::organization::{CALLS_MIN, KEY, NoCondition, OPERATOR};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Accounts and organizations listed in one line.
const LISTED_MAX: usize = 8;

/// Accounts listed in JSON.
const ACCOUNTS_MAX: usize = 100;

/// One statement.
pub(super) fn json(one: &TrustCondition) -> Value {
    let (supporting, all) = one.support;
    let mut value = json!({
        "statement": one.statement + 1,
        "sid": one.sid,
        "support": {"assumptions": supporting, "of": all},
        "condition": Value::Null,
        "accounts": [],
        "evidence": [],
        "backtest_held_from": [],
        "document": Value::Null,
        "size_chars": Value::Null,
        "withheld": Value::Null,
    });
    let Value::Object(members) = &mut value else { return value };
    let mut put = |key: &str, value: Value| members.insert(key.to_owned(), value);
    match &one.result {
        Ok(proposal) => {
            let accounts = proposal.accounts.iter().take(ACCOUNTS_MAX).map(ToString::to_string);
            let held = proposal.held_from.iter().map(ToString::to_string);
            let condition = json!({"operator": OPERATOR, "key": KEY, "values": [proposal.organization]});
            put("condition", condition);
            put("accounts", accounts.collect());
            put("evidence", json!(proposal.evidence));
            put("backtest_held_from", held.collect());
            put("document", json!(proposal.document.to_json()));
            put("size_chars", json!(quota::size(&proposal.document).characters));
        }
        Err(why) => {
            if let NoCondition::UnknownAccounts(accounts) = why {
                put("accounts", accounts.keys().take(ACCOUNTS_MAX).map(ToString::to_string).collect());
            }
            put("withheld", json!({"reason": why.as_str(), "message": words(why)}));
        }
    }
    value
}

/// All statements of a role as a list.
pub(super) fn markdown(out: &mut String, one: &PrincipalReport) {
    if one.trust_conditions.is_empty() {
        return;
    }
    out.push_str("### Other accounts in the trust policy\n\n");
    for condition in &one.trust_conditions {
        let (supporting, all) = condition.support;
        let sid = condition.sid.as_deref().filter(|sid| !sid.is_empty());
        let name = sid.map(|sid| format!(" {}", code(sid))).unwrap_or_default();
        let line = match &condition.result {
            Ok(proposal) => {
                let accounts: Vec<String> = proposal.accounts.iter().map(ToString::to_string).collect();
                format!(
                    "only when {} ({OPERATOR}) {}: {} of {} assumptions by other accounts came from members of it ({}). Proposal, not part of what is recommended; it held in the backtest (document in `review.json`)",
                    code(KEY),
                    code(&proposal.organization),
                    grouped(supporting),
                    grouped(all),
                    wrapped_list(&accounts, LISTED_MAX)
                )
            }
            Err(why) => format!(
                "no condition on {} is proposed: {} ({} of {} assumptions by other accounts came from known members)",
                code(KEY),
                sentence(&words(why)),
                grouped(supporting),
                grouped(all)
            ),
        };
        let _ = writeln!(out, "- Statement {}{name}: {line}.", condition.statement + 1);
    }
    out.push('\n');
}

/// Lines of a terminal: each proposal, and how many statements get none.
pub(super) fn lines(out: &mut String, report: &Report, chars: usize) {
    let mut without = 0;
    for principal in &report.principals {
        for condition in &principal.trust_conditions {
            let Ok(proposal) = &condition.result else {
                without += 1;
                continue;
            };
            let (supporting, all) = condition.support;
            let line = format!(
                "trust  {}: only {} assumed it from other accounts, {supporting} of {all} times",
                principal.name, proposal.organization
            );
            let _ = writeln!(out, "{}", clipped(&escape::terminal(&line), chars));
        }
    }
    if without > 0 {
        let _ = writeln!(
            out,
            "trust  {without} statement{} let other accounts in; no organization is proposed",
            plural(without)
        );
    }
}

/// Why there is no condition.
fn words(why: &NoCondition) -> String {
    match why {
        NoCondition::OtherKinds => {
            "the statement also trusts services or identity providers, which are of no organization"
                .to_owned()
        }
        NoCondition::NoOrganization => {
            "the logs do not tell the organization, because no log file is one of an organization trail"
                .to_owned()
        }
        NoCondition::NoAccount(calls) => {
            format!("{} assumptions are, or may be, by callers without a known account", grouped(*calls))
        }
        NoCondition::UnknownAccounts(accounts) => {
            let one = |(account, calls): (&AccountId, &u64)| match calls {
                0 => account.to_string(),
                1 => format!("{account} (assumed it once)"),
                calls => format!("{account} (assumed it {} times)", grouped(*calls)),
            };
            let accounts: Vec<String> = accounts.iter().map(one).collect();
            format!(
                "no log file of an organization trail shows that these accounts are members: {}",
                wrapped_list(&accounts, LISTED_MAX)
            )
        }
        NoCondition::Several(organizations) => {
            let all: Vec<String> = organizations.iter().cloned().collect();
            format!("its accounts are of several organizations, {}", wrapped_list(&all, LISTED_MAX))
        }
        NoCondition::TooFew(calls) => {
            format!("other accounts assumed it {calls} times, {CALLS_MIN} are needed")
        }
        NoCondition::Invalid(rule) => format!("AWS would not accept the policy: {rule}"),
        NoCondition::TooLarge(size, limit) => {
            format!("the policy would have {size} characters, {limit} are allowed without a raised quota")
        }
        NoCondition::Refused(calls) => format!("it would refuse {} observed assumptions", grouped(*calls)),
        NoCondition::Broken => {
            "made from the first part of the window, it would have refused a later assumption".to_owned()
        }
        NoCondition::Untested => "nothing in the window tests it".to_owned(),
    }
}
