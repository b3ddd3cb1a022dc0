//! The command line: types and help, no work.

#[cfg(feature = "sql")]
mod rules;
#[cfg(feature = "sql")]
pub use rules::{CasesFormat, ExplainEventArgs, InvestigateArgs, QueryArgs, RowsFormat, RuleArgs};

use crate::source::open::{AwsOptions, LookupOptions};
use crate::time::{DAY_SECONDS, Day, Timestamp};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// CloudTrail in, least-privilege policies out, with proof. Offline, read-only.
#[derive(Debug, Parser)]
#[command(name = "trailtrim", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Threads to use [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Print results and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  nothing to report
  1  findings at or above --fail-on
  2  failed, or wrong arguments
  3  finished, but coverage is insufficient or input was unreadable
  4  a verification failed";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare what each role and user was granted with what it used, and trim its policies
    Review(Box<ReviewArgs>),
    /// Print the trimmed policies in the form that you roll out: Terraform, CloudFormation, Pulumi, CDK, scripts
    Recommend(Box<RecommendArgs>),
    /// Say why a role or user may do something, or may not: by which statement of which policy
    Explain(ExplainArgs),
    /// Prove a policy: nothing new against an old one, nothing broken by a role's logs; certificates again
    Verify(Box<VerifyArgs>),
    /// Show who used what: every principal's actions, how often and when last
    Usage(UsageArgs),
    /// Ask the logs with SQL: a query that comes along, a file, or your own text
    #[cfg(feature = "sql")]
    Query(Box<QueryArgs>),
    /// Find unusual access to SageMaker: ranked cases of who did what, what they could, what still stands
    #[cfg(feature = "sql")]
    Investigate(Box<InvestigateArgs>),
    /// Show one event, and which rules found it
    #[cfg(feature = "sql")]
    ExplainEvent(Box<ExplainEventArgs>),
    /// Show what the logs cover: account, region, day and kind of event; and the days that are missing
    Coverage(CoverageArgs),
    /// Read only the logs that are new, and keep what they say in a ledger, which the other commands take
    Ingest(IngestArgs),
    /// Look after a ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Check logs against CloudTrail's digest files: altered, deleted, added; status 4 when something is
    ValidateLogs(ValidateArgs),
    /// Read Parquet for another process of this program
    #[cfg(feature = "sql")]
    #[command(hide = true)]
    ReadParquet,
    /// Print a completion script for a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Which logs are read; the same for every command that reads logs.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// CloudTrail logs: folders (an `AWSLogs` tree or flat), files (.json.gz, .json, JSONL, LookupEvents
    /// output), `s3://bucket/prefix`, `lookup-events:` (90 days without a trail), or - for standard input
    #[arg(required_unless_present = "ledger", conflicts_with = "ledger", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// How logs are read.
#[derive(Clone, Debug, Default, Args)]
pub struct ReadArgs {
    /// Use what `trailtrim ingest` has kept in this folder instead of logs; times are whole UTC days then
    #[arg(long, value_name = "DIR", conflicts_with_all = ["require_digests", "max_file_mib"], help_heading = "Input")]
    pub ledger: Option<PathBuf>,
    /// Use events from this time on: RFC 3339, a date, or days back such as 90d
    #[arg(long, value_name = "TIME", help_heading = "Input", value_parser = parse_moment)]
    pub from: Option<Moment>,
    /// Use events before this time
    #[arg(long, value_name = "TIME", help_heading = "Input", value_parser = parse_moment)]
    pub to: Option<Moment>,
    /// Refuse a file that inflates to more than this many MiB
    #[arg(long, value_name = "MIB", help_heading = "Input")]
    pub max_file_mib: Option<u64>,
    /// Use only log files that a digest file proves; needs --public-keys
    #[arg(long, requires = "public_keys", help_heading = "Input")]
    pub require_digests: bool,
    /// CloudTrail's public keys: output of `aws cloudtrail list-public-keys`; repeat it for more regions
    #[arg(long, value_name = "FILE", requires = "require_digests", help_heading = "Input")]
    pub public_keys: Vec<PathBuf>,
    /// How AWS is reached.
    #[command(flatten)]
    pub aws: AwsArgs,
    /// What is looked up.
    #[command(flatten)]
    pub lookup: LookupArgs,
}

/// What `lookup-events:` stands for.
#[derive(Clone, Debug, Default, Args)]
pub struct LookupArgs {
    /// With `lookup-events:`, only these regions, separated by commas [default: those that every account has]
    #[arg(long, value_name = "REGION", value_delimiter = ',', help_heading = "AWS")]
    pub regions: Vec<String>,
    /// With `lookup-events:`, keep events in this folder, and ask only for those that are not there yet
    #[arg(long, value_name = "DIR", help_heading = "AWS")]
    pub lookup_cache: Option<PathBuf>,
    /// With `lookup-events:`, only events with this attribute, such as Username=x; then silence proves nothing
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_attribute, conflicts_with = "lookup_cache", help_heading = "AWS")]
    pub lookup_attribute: Option<(String, String)>,
}

impl LookupArgs {
    /// For the source.
    pub fn options(&self) -> LookupOptions {
        LookupOptions {
            regions: self.regions.clone(),
            attribute: self.lookup_attribute.clone(),
            cache: self.lookup_cache.clone(),
        }
    }
}

/// Attributes by which events are looked up ("`LookupAttribute`", `CloudTrail` API reference, 2026-11).
const ATTRIBUTES: [&str; 8] = [
    "AccessKeyId",
    "EventId",
    "EventName",
    "EventSource",
    "ReadOnly",
    "ResourceName",
    "ResourceType",
    "Username",
];

fn parse_attribute(text: &str) -> Result<(String, String), String> {
    let known = text.split_once('=').filter(|(key, value)| ATTRIBUTES.contains(key) && !value.is_empty());
    known
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("KEY=VALUE is needed, with one of {}", ATTRIBUTES.join(", ")))
}

/// How AWS is reached, for logs in S3 and for lookups.
#[derive(Clone, Debug, Default, Args)]
pub struct AwsArgs {
    /// Profile of the shared AWS configuration
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region that is asked first [default: as configured, else us-east-1]; buckets elsewhere are found
    #[arg(long, value_name = "REGION", help_heading = "AWS")]
    pub region: Option<String>,
    /// Role to assume for reading
    #[arg(long, value_name = "ARN", help_heading = "AWS")]
    pub role_arn: Option<String>,
    /// Endpoint other than AWS's own; buckets are then addressed by path
    #[arg(long, value_name = "URL", help_heading = "AWS")]
    pub endpoint_url: Option<String>,
    /// Who pays for requests, when the bucket's owner does not
    #[arg(long, value_enum, value_name = "WHO", help_heading = "AWS")]
    pub request_payer: Option<Payer>,
    /// Objects fetched ahead of the decoding hold at most this many MiB [default: 64]
    #[arg(long, value_name = "MIB", help_heading = "AWS")]
    pub prefetch_mib: Option<u64>,
}

/// Who pays for requests to S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Payer {
    /// Whoever asks
    Requester,
}

impl AwsArgs {
    /// For the source.
    pub fn options(&self) -> AwsOptions {
        AwsOptions {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            role_arn: self.role_arn.clone(),
            requester_pays: self.request_payer == Some(Payer::Requester),
            prefetch_mib: self.prefetch_mib,
        }
    }
}

/// Arguments of `ingest`.
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// CloudTrail logs: folders (an `AWSLogs` tree or flat), files (.json.gz, .json, JSONL, LookupEvents
    /// output), `s3://bucket/prefix`, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The ledger's folder; a new or empty one becomes a ledger
    #[arg(long, required = true, value_name = "DIR")]
    pub ledger: PathBuf,
    /// Keep only what the events come to: a third of the size, but `query` and `investigate` cannot ask it
    #[arg(long)]
    pub no_events: bool,
    /// Leave out log files that were delivered before this day, and do not even list them in S3: RFC 3339, a date, or
    /// days back such as 7d
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub from: Option<Moment>,
    /// Refuse a file that inflates to more than this many MiB
    #[arg(long, value_name = "MIB")]
    pub max_file_mib: Option<u64>,
    /// Use only log files that a digest file proves; needs --public-keys
    #[arg(long, requires = "public_keys")]
    pub require_digests: bool,
    /// CloudTrail's public keys: output of `aws cloudtrail list-public-keys`; repeat it for more regions
    #[arg(long, value_name = "FILE", requires = "require_digests")]
    pub public_keys: Vec<PathBuf>,
    /// How AWS is reached.
    #[command(flatten)]
    pub aws: AwsArgs,
}

/// What can be done with a ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Show what a ledger holds: objects, events, days, accounts, size, problems
    Status {
        /// The ledger's folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Make one segment of many, which is faster to read; with --keep, drop old days
    Compact {
        /// The ledger's folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Drop the events of UTC days that ended more than this many days ago
        #[arg(long, value_name = "DAYS", value_parser = parse_days)]
        keep: Option<u32>,
    },
    /// Add another ledger; events that are in both count once
    Merge {
        /// The ledger that grows.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The ledger that is added; it stays as it is.
        #[arg(value_name = "OTHER")]
        other: PathBuf,
        /// The logs of the other ledger, in a folder or in S3: read again where both ledgers have the same events;
        /// repeatable
        #[arg(long, value_name = "PATH")]
        logs: Vec<PathBuf>,
        /// How AWS is reached.
        #[command(flatten)]
        aws: AwsArgs,
    },
}

/// Arguments of `coverage`.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// The logs.
    #[command(flatten)]
    pub logs: LogArgs,
    /// Trail configuration: output of `aws cloudtrail get-event-selectors` or `describe-trails`
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub trails: Vec<PathBuf>,

    /// Draw with plain ASCII characters
    #[arg(long, help_heading = "Output")]
    pub ascii: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = PlainFormat::Table, help_heading = "Output")]
    pub format: PlainFormat,
}

/// Arguments of `validate-logs`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Folders or places in S3 with logs and digest files, as CloudTrail delivered them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// CloudTrail's public keys: output of `aws cloudtrail list-public-keys`; repeat it for more regions
    #[arg(long, value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// Check what was delivered from this time on: RFC 3339, a date, or days back such as 90d
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub from: Option<Moment>,
    /// Check what was delivered before this time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub to: Option<Moment>,
    /// Refuse a file that inflates to more than this many MiB
    #[arg(long, value_name = "MIB")]
    pub max_file_mib: Option<u64>,
    /// What to print
    #[arg(long, value_enum, default_value_t = PlainFormat::Table)]
    pub format: PlainFormat,
    /// How AWS is reached.
    #[command(flatten)]
    pub aws: AwsArgs,
}

/// What is judged, by which rules; the same for every command that judges principals.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// The logs.
    #[command(flatten)]
    pub logs: LogArgs,

    /// IAM snapshot: output of `aws iam get-account-authorization-details`; repeat it for more accounts
    #[arg(long, required = true, value_name = "FILE", help_heading = "Input")]
    pub grants: Vec<PathBuf>,
    /// Trail configuration: output of `aws cloudtrail get-event-selectors` or `describe-trails`
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub trails: Vec<PathBuf>,

    /// Review only these: name, ARN, or either with * and ?; repeatable
    #[arg(long, value_name = "ROLE", help_heading = "Selection")]
    pub role: Vec<String>,
    /// Review only principals of this account; repeatable
    #[arg(long, value_name = "ID", help_heading = "Selection")]
    pub account: Vec<String>,

    /// Days of coverage that an event category needs before its silence counts
    #[arg(long, value_name = "DAYS", default_value = "30d", help_heading = "Judgement", value_parser = parse_days)]
    pub min_window: u32,
    /// Protect principals created less than this before the end of the window
    #[arg(long, value_name = "DAYS", default_value = "90d", help_heading = "Judgement", value_parser = parse_days)]
    pub min_age: u32,
    /// Protect permissions that were granted less than this before the end of the window
    #[arg(long, value_name = "DAYS", default_value = "14d", help_heading = "Judgement", value_parser = parse_days)]
    pub grace: u32,
    /// What must not be trimmed, with owner, reason and expiry (TOML, docs/EXCLUSIONS.md)
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub exclusions: Option<PathBuf>,
    /// Customer managed policies that several principals hold: a trimmed copy for each, or one trimmed
    /// policy for all
    #[arg(long, value_enum, value_name = "HOW", default_value_t = SharedPolicies::Fork, help_heading = "Judgement")]
    pub shared: SharedPolicies,
    /// Show recommendations although the coverage is below --min-window
    #[arg(long, help_heading = "Judgement")]
    pub force: bool,
    /// How far the resources of kept actions are limited
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Resources::Auto, help_heading = "Judgement")]
    pub resources: Resources,
}

/// How far the resources of kept actions are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Resources {
    /// For each action the tightest that would have broken nothing in the window
    Auto,
    /// To those that were touched
    Exact,
    /// To those that were touched, with * for what each run names anew
    Generalise,
    /// Not at all
    Keep,
}

impl JudgeArgs {
    /// What some roles did, for a replay: without any judgement about silence.
    pub fn for_replay(logs: LogArgs, grants: Vec<PathBuf>, role: Vec<String>) -> Self {
        Self {
            logs,
            grants,
            trails: Vec::new(),
            role,
            account: Vec::new(),
            min_window: 1,
            min_age: 0,
            grace: 0,
            exclusions: None,
            shared: SharedPolicies::Fork,
            force: true,
            resources: Resources::Keep,
        }
    }
}

/// What becomes of a policy that several principals hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SharedPolicies {
    /// A trimmed copy for each, in the place of the shared policy.
    Fork,
    /// The policy itself, trimmed to what any of them needs.
    Union,
}

/// Arguments of `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// What is judged.
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// Write the report folder: review.json, review.md, policies/
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub format: Format,
    /// Exit with status 1 when there is a finding of this severity or above
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Output")]
    pub fail_on: Option<FailOn>,
}

/// Arguments of `recommend`.
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// What is judged.
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// What is recommended
    #[arg(long = "as", value_enum, value_name = "WHAT", default_value_t = PolicyShape::Policies, help_heading = "Output")]
    pub shape: PolicyShape,
    /// The form
    #[arg(long, value_enum, default_value_t = EmitFormat::Json, help_heading = "Output")]
    pub format: EmitFormat,
    /// Write a file for each principal into this new or empty folder instead of printing
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// What `recommend` recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyShape {
    /// Trimmed policies.
    Policies,
    /// A permissions boundary that caps the policies at what is needed.
    Boundary,
    /// A policy for each VPC endpoint in the logs: who used which actions through it.
    VpcEndpoint,
}

/// The form in which changes are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EmitFormat {
    /// The policy documents (`trailtrim.recommend/v1`; with -o one file a policy).
    Json,
    /// HCL with `aws_iam_policy_document`, resources and import blocks.
    Terraform,
    /// A template in YAML.
    Cloudformation,
    /// A Pulumi program in Python.
    PulumiPython,
    /// A Pulumi program in TypeScript.
    PulumiTypescript,
    /// A stack of the AWS CDK in TypeScript.
    CdkTypescript,
    /// A script that applies the changes; with -o also the one that takes them back.
    AwsCli,
    /// The script that takes the changes back.
    AwsCliRollback,
    /// The text of a pull request.
    Markdown,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Name or ARN of the role or user
    #[arg(value_name = "ROLE")]
    pub principal: String,
    /// The action, such as s3:GetObject
    pub action: String,
    /// The resource's ARN; * for actions without resources
    #[arg(default_value = "*")]
    pub resource: String,
    /// IAM snapshot: output of `aws iam get-account-authorization-details`; repeat it for more accounts
    #[arg(long, required = true, value_name = "FILE")]
    pub grants: Vec<PathBuf>,
    /// A condition key that the request has; repeat a key for several values. Other keys are unknown
    #[arg(long, value_name = "KEY=VALUE")]
    pub context: Vec<String>,
    /// A condition key that the request does not have
    #[arg(long, value_name = "KEY")]
    pub absent: Vec<String>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_long_help = VERIFY_EXAMPLES)]
pub struct VerifyArgs {
    /// With --against: new policies, which hold together. With --role: the new policy, then logs.
    /// With --certificate: logs
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// An old policy; repeat it for several that hold together
    #[arg(long, value_name = "OLD.json", group = "mode", help_heading = "Against what")]
    pub against: Vec<PathBuf>,
    /// The role or user that gets the policy: its calls are replayed
    #[arg(long, value_name = "ROLE", group = "mode", requires = "grants", help_heading = "Against what")]
    pub role: Option<String>,
    /// Certificates that a review wrote: prove them again
    #[arg(long, value_name = "FILE", num_args = 1, group = "mode", help_heading = "Against what")]
    pub certificate: Vec<PathBuf>,
    /// The trimmed policies were rolled out then: look for calls that are refused since
    #[arg(long, value_name = "TIME", requires = "certificate", help_heading = "Against what", value_parser = parse_moment)]
    pub since: Option<Moment>,

    /// A further new policy that holds together with the first
    #[arg(long, value_name = "NEW.json", requires = "role", help_heading = "Input")]
    pub with: Vec<PathBuf>,
    /// The policy of the role that is replaced: name or ARN, or `all`; default: that of the file's name
    #[arg(long, value_name = "POLICY", requires = "role", help_heading = "Input")]
    pub replaces: Vec<String>,
    /// IAM snapshot: output of `aws iam get-account-authorization-details`; repeat it for more accounts
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub grants: Vec<PathBuf>,
    /// How logs are read.
    #[command(flatten)]
    pub read: ReadArgs,

    /// What to print
    #[arg(long, value_enum, default_value_t = VerifyFormat::Text, help_heading = "Output")]
    pub format: VerifyFormat,
    /// Exit with status 4 when something of this severity or above is the matter
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Medium, help_heading = "Output")]
    pub fail_on: FailOn,
    /// With --since: write patched policies here
    #[arg(short, long, value_name = "DIR", requires = "since", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  trailtrim verify new.json --against old.json
  trailtrim verify new.json logs/ --role TrainingRole --grants snapshot.json --format sarif
  trailtrim verify logs/ --certificate review/policies/*/*/*~certificate.json --grants snapshot.json
  trailtrim verify newer-logs/ --certificate review/policies/1/R/P~certificate.json --since 2026-11-01";

/// What `verify` prints on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    /// A line for each thing.
    Text,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}

/// Arguments of `usage`.
#[derive(Debug, Args)]
pub struct UsageArgs {
    /// The logs.
    #[command(flatten)]
    pub logs: LogArgs,

    /// What to print
    #[arg(long, value_enum, default_value_t = PlainFormat::Table, help_heading = "Output")]
    pub format: PlainFormat,
}

/// What commands other than `review` print on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlainFormat {
    /// Text for people, 80 columns.
    Table,
    /// JSON with a `schema` of the command's own.
    Json,
}

/// What is printed on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line a principal.
    Table,
    /// `trailtrim.review/v1`.
    Json,
    /// The document of `review.md`.
    Markdown,
}

/// The lowest severity that changes the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding.
    Low,
    /// Medium and high.
    Medium,
    /// High only.
    High,
}

/// A point in time as typed: absolute, or days before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A point in time.
    At(Timestamp),
    /// So many days before now.
    DaysAgo(u32),
}

impl Moment {
    /// The point in time, given the present.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::DaysAgo(days) => now.plus_seconds(-i64::from(days) * DAY_SECONDS),
        }
    }
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Ok(days) = parse_days(text) {
        return Ok(Moment::DaysAgo(days));
    }
    let date = || {
        let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) => Day::from_date(year, month, day),
            _ => None,
        }
    };
    Timestamp::parse(text).or_else(|| date().map(Day::start)).map(Moment::At).ok_or_else(|| {
        "neither RFC 3339 (2026-01-31T00:00:00Z), nor a date (2026-01-31), nor days back (90d)".to_owned()
    })
}

fn parse_days(text: &str) -> Result<u32, String> {
    text.strip_suffix('d')
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| "a number of days is needed, such as 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn moments() {
        let at = |text: &str| Moment::At(Timestamp::parse(text).unwrap());
        assert_eq!(parse_moment("90d"), Ok(Moment::DaysAgo(90)));
        assert_eq!(parse_moment("2026-01-31"), Ok(at("2026-01-31T00:00:00Z")));
        assert_eq!(parse_moment("2026-01-31T10:00:00+01:00"), Ok(at("2026-01-31T09:00:00Z")));
        for bad in ["", "d", "2026-02-30", "soon", "-5d"] {
            assert!(parse_moment(bad).is_err(), "{bad}");
        }
    }
}
