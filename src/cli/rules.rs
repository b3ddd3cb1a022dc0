//! Arguments of the commands that ask the tables: `query`, `investigate`, `explain-event`.

use super::{Moment, PlainFormat, ReadArgs, parse_moment};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `query`.
#[derive(Debug, Args)]
#[command(after_long_help = QUERY_EXAMPLES)]
pub struct QueryArgs {
    /// A query of --list by name or id, or a file .sql; then the logs: folders, files, or - for standard
    /// input. With --sql the logs alone
    #[arg(value_name = "QUERY | PATH")]
    pub items: Vec<PathBuf>,
    /// Show the queries that there are
    #[arg(long)]
    pub list: bool,
    /// The query itself (docs/TABLES.md says what there is to ask)
    #[arg(long, value_name = "SQL")]
    pub sql: Option<String>,

    /// Queries, logs and snapshot.
    #[command(flatten)]
    pub rules: RuleArgs,

    /// The form
    #[arg(long, value_enum, default_value_t = RowsFormat::Table, help_heading = "Output")]
    pub format: RowsFormat,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

const QUERY_EXAMPLES: &str = "\
Examples:
  trailtrim query --list
  trailtrim query root_use logs/
  trailtrim query SM-P01 logs/ --since 14d --format json
  trailtrim query console_without_mfa --ledger ledger/ --from 30d
  trailtrim query logs/ --sql \"SELECT region, COUNT(*) AS n FROM events GROUP BY region\"";

/// Arguments of `investigate`.
#[derive(Debug, Args)]
#[command(after_long_help = INVESTIGATE_EXAMPLES)]
pub struct InvestigateArgs {
    /// `sagemaker`, the topic, which may be left out; then the logs: folders, files, s3://…, or - for
    /// standard input
    #[arg(value_name = "TOPIC | PATH", required_unless_present = "ledger")]
    pub items: Vec<PathBuf>,

    /// Everything about a role, user or person: name, ARN, or the name behind a session
    #[arg(long, value_name = "NAME", help_heading = "What is known already", group = "pivot")]
    pub principal: Option<String>,
    /// Everything about an access key
    #[arg(long, value_name = "ID", help_heading = "What is known already", group = "pivot")]
    pub access_key: Option<String>,
    /// Everything from an address
    #[arg(long, value_name = "ADDRESS", help_heading = "What is known already", group = "pivot")]
    pub ip: Option<String>,
    /// Everything about a thing: name, ARN, bucket, profile, image
    #[arg(long, value_name = "NAME", help_heading = "What is known already", group = "pivot")]
    pub resource: Option<String>,

    /// Rules, logs and snapshot.
    #[command(flatten)]
    pub rules: RuleArgs,

    /// Show cases with this score or more, 0 to 100
    #[arg(long, value_name = "SCORE", help_heading = "Output", default_value_t = crate::investigate::SCORE_MIN)]
    pub min_score: u32,
    /// Exit with status 1 when a case has this score or more
    #[arg(long, value_name = "SCORE", help_heading = "Output")]
    pub fail_on: Option<u32>,
    /// The form
    #[arg(long, value_enum, default_value_t = CasesFormat::Table, help_heading = "Output")]
    pub format: CasesFormat,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

const INVESTIGATE_EXAMPLES: &str = "\
Examples:
  trailtrim investigate sagemaker logs/ --grants snapshot.json --since 14d
  trailtrim investigate --ledger ledger/ --principal DataScientist
  trailtrim investigate logs/ --resource my-bucket --format markdown -o ticket.md
  trailtrim explain-event 7b4b8b5f-0000-4000-8000-1234567890ab logs/";

/// What queries run on: the same for all commands that ask the tables.
#[derive(Clone, Debug, Args)]
pub struct RuleArgs {
    /// A folder with queries of your own; one with the name of another takes its place
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub queries: Option<PathBuf>,
    /// IAM snapshot for the table `grants` and the blast radius: output of `aws iam
    /// get-account-authorization-details`; repeatable
    #[arg(long, visible_alias = "snapshot", value_name = "FILE", help_heading = "Input")]
    pub grants: Vec<PathBuf>,
    /// What happened before this is the baseline of what is new, and cases begin after it [default: 30 days
    /// from the first event; all cases]
    #[arg(long, value_name = "TIME", help_heading = "Input", value_parser = parse_moment)]
    pub since: Option<Moment>,
    /// How logs are read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// Arguments of `explain-event`.
#[derive(Debug, Args)]
pub struct ExplainEventArgs {
    /// The event's `eventID`
    #[arg(value_name = "EVENT_ID")]
    pub event_id: String,
    /// The logs: folders, files, s3://…, or - for standard input
    #[arg(value_name = "PATH", required_unless_present = "ledger")]
    pub paths: Vec<PathBuf>,
    /// Rules, logs and snapshot.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// The form
    #[arg(long, value_enum, default_value_t = PlainFormat::Table, help_heading = "Output")]
    pub format: PlainFormat,
}

/// The forms of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CasesFormat {
    /// Text for people, 80 columns.
    Table,
    /// `trailtrim.cases/v1`.
    Json,
    /// For a ticket.
    Markdown,
    /// A page with the graph of every case; nothing in it is loaded from elsewhere.
    Html,
    /// Graphviz's language: who acted, with what, on what.
    Dot,
}

/// The forms of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowsFormat {
    /// Text for people, 80 columns.
    Table,
    /// RFC 4180; what is missing goes to standard error.
    Csv,
    /// `trailtrim.query/v1`.
    Json,
    /// A Parquet file; needs --output.
    Parquet,
}
