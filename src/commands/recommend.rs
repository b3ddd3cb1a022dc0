//! `trailtrim recommend`: the trimmed policies in the form in which they are rolled out.

use super::judge::Judge;
use super::review::note_problems;
use super::{Outcome, Settings, note, output, print};
use crate::cli::{EmitFormat, RecommendArgs};
use crate::drift::Standing;
use crate::recommend::Recommendation;
use crate::recommend::emit::{self, Format, PrincipalChange};
use crate::report::escape;

/// What one principal's judgement comes to.
struct Judged {
    recommendations: Vec<Recommendation>,
    may_recommend: bool,
    standing: Standing,
}

/// Runs the command.
pub fn run(args: &RecommendArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let judge = Judge::read(&args.judge, settings)?;
    let judged = judge.each(|review, recommendations, may_recommend| Judged {
        recommendations,
        may_recommend,
        standing: review.standing,
    });
    let mut changes = Vec::new();
    for (principal, judged) in judge.snapshot.principals.iter().zip(&judged) {
        if judged.standing == Standing::Unused && judged.may_recommend {
            note(settings, &escape::terminal(&format!("{}: not used at all: delete it", principal.name)));
        }
        if !judged.may_recommend || judged.recommendations.is_empty() {
            continue;
        }
        let change = PrincipalChange::new(principal, &judged.recommendations);
        for why in &change.left_out {
            note(settings, &escape::terminal(&format!("{}: left as it is: {why}", principal.name)));
        }
        changes.push(change);
    }
    show(&changes, args, settings)?;
    note_problems(&judge.logs.problems, settings);
    for (account, days) in &judge.short {
        let ending = if args.judge.force { "forced" } else { "no recommendations; --force shows them" };
        let needed = args.judge.min_window;
        note(settings, &format!("coverage: account {account} has {days} of {needed} days: {ending}"));
    }
    let unread = !judge.logs.problems.is_empty() || !judge.snapshot.problems.is_empty();
    Ok(if unread || !judge.short.is_empty() || judge.window.is_none() {
        Outcome::Incomplete
    } else {
        Outcome::Clean
    })
}

fn show(changes: &[PrincipalChange<'_>], args: &RecommendArgs, settings: &Settings) -> anyhow::Result<()> {
    let format = form(args.format);
    if changes.iter().all(|change| change.policies.is_empty()) {
        note(settings, "nothing to change");
    }
    let Some(folder) = &args.output else { return print(&emit::text(format, changes)) };
    let files = emit::files(format, changes);
    output::write_files(folder, &files)?;
    let shown = escape::terminal(&folder.display().to_string());
    note(settings, &format!("wrote {shown}: {} files", files.len()));
    Ok(())
}

fn form(format: EmitFormat) -> Format {
    match format {
        EmitFormat::Json => Format::Json,
        EmitFormat::Terraform => Format::Terraform,
        EmitFormat::Cloudformation => Format::CloudFormation,
        EmitFormat::PulumiPython => Format::PulumiPython,
        EmitFormat::PulumiTypescript => Format::PulumiTypescript,
        EmitFormat::CdkTypescript => Format::CdkTypescript,
        EmitFormat::AwsCli => Format::AwsCli,
        EmitFormat::AwsCliRollback => Format::AwsCliRollback,
        EmitFormat::Markdown => Format::Markdown,
    }
}
