//! `trailtrim query`: SQL over the tables.

use super::gather::Gather;
use super::near::near;
use super::read_logs::{self, Logs};
use super::review::note_problems;
use super::{Outcome, Settings, note, print};
use crate::cli::{LogArgs, QueryArgs, ReadArgs, RowsFormat};
use crate::escape;
use crate::grants::snapshot::Snapshot;
use crate::query::{self, Asked, Asker, Header, Input, Query, QueryError, frame, shipped};
use crate::report::rows::{self, RowsReport};
use crate::tables::wholes::{self, Params};
use crate::tables::{self, Table};
use crate::time::Timestamp;
use anyhow::{Context as _, anyhow, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(args: &QueryArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let known = known(args.rules.queries.as_deref())?;
    if args.list {
        print(&rows::list(&known))?;
        return Ok(Outcome::Clean);
    }
    let (query, paths) = chosen(args, &known)?;
    check_input(paths, &args.rules.read)?;
    if args.format == RowsFormat::Parquet && args.output.is_none() {
        bail!("a Parquet file cannot be printed\nhint: give --output FILE");
    }
    let snapshot = (!args.rules.grants.is_empty()).then(|| Snapshot::read(&args.rules.grants)).transpose()?;
    let asked = query::asked(&query.sql);
    let logs = LogArgs { paths: paths.to_vec(), read: args.rules.read.clone() };
    let gather = Gather::new(&asked);
    let (logs, pool) = read_logs::read_into(&logs, &gather, settings)?;
    let params = Params::new(logs.coverage.span(), args.rules.since.map(|since| since.resolve(settings.now)))
        .covered(&logs.coverage);
    let tables = pool.install(|| self::tables(&asked, gather, &logs, snapshot.as_ref(), params));
    let empty: Vec<&'static str> =
        tables.iter().filter(|(_, table)| table.rows == 0).map(|(name, _)| *name).collect();
    let answer = pool.install(|| Asker::new(tables)).ask(&query.sql);
    let (answer, frame) = answer.map_err(|error| explained(error, &asked))?;
    let input = Input {
        coverage: &logs.coverage,
        has_snapshot: snapshot.is_some(),
        baseline: (params.baseline_days(), params.has_baseline()),
    };
    let unmet = query::unmet(&query.header.needs, input);
    let report = RowsReport {
        name: &query.name,
        header: &query.header,
        answer: &answer,
        events: logs.coverage.counts.events_distinct,
        span: logs.coverage.span(),
        split: asked.contains_key("params").then(|| Timestamp::from_seconds(params.split)).flatten(),
        unmet: &unmet,
        empty: &empty,
    };
    let shown = match args.format {
        RowsFormat::Table => rows::table(&report).into_bytes(),
        RowsFormat::Csv => rows::csv(&answer).into_bytes(),
        RowsFormat::Json => rows::json(&report).into_bytes(),
        RowsFormat::Parquet => frame::parquet(frame)?,
    };
    if matches!(args.format, RowsFormat::Csv | RowsFormat::Parquet) {
        note(settings, rows::coverage_lines(&report).trim_end());
    }
    write(args.output.as_deref(), &shown)?;
    note_problems(&logs.problems, settings);
    let whole = logs.problems.is_empty() && logs.coverage.counts.events > 0 && unmet.is_empty();
    Ok(if whole { Outcome::Clean } else { Outcome::Incomplete })
}

/// Either logs or a ledger: both at once could count an event twice.
pub(super) fn check_input(paths: &[PathBuf], read: &ReadArgs) -> anyhow::Result<()> {
    match (paths, &read.ledger) {
        ([], None) => bail!(
            "no logs are named\nhint: name folders that hold CloudTrail's .json.gz files, or - for standard input, or --ledger DIR"
        ),
        ([path, ..], Some(_)) => bail!(
            "`{}` is named beside --ledger\nhint: name logs or a ledger; `trailtrim ingest` adds logs to it",
            escape::terminal(&path.display().to_string())
        ),
        _ => Ok(()),
    }
}

/// The tables that the query asks for.
pub(super) fn tables(
    asked: &Asked,
    gather: Gather,
    logs: &Logs,
    snapshot: Option<&Snapshot>,
    params: Params,
) -> BTreeMap<&'static str, Table> {
    let mut tables = gather.finish();
    for name in asked.keys() {
        let table = match *name {
            "usage" => wholes::usage(&logs.usage),
            "grants" => wholes::grants(snapshot),
            "coverage" => wholes::coverage(&logs.coverage),
            "params" => params.table(),
            _ => continue,
        };
        tables.insert(name, table);
    }
    tables
}

/// The queries by name: those that come with the program, and those of the user's folder in their place.
pub(super) fn known(folder: Option<&Path>) -> anyhow::Result<Vec<Query>> {
    let mut known: BTreeMap<String, Query> =
        shipped::all().into_iter().map(|query| (query.name.clone(), query)).collect();
    if let Some(folder) = folder {
        let shown = folder.display();
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder `{shown}`"))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "sql")) {
            let query = read_query(file)?;
            known.insert(query.name.clone(), query);
        }
    }
    Ok(known.into_values().collect())
}

#[expect(clippy::disallowed_methods, reason = "the user's own query")]
fn read_query(file: &Path) -> anyhow::Result<Query> {
    let shown = file.display();
    let sql = fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
    let header = Header::parse(&sql).with_context(|| format!("cannot use `{shown}`"))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Query { name, header, sql })
}

/// The query that is asked, and the paths of the logs.
fn chosen<'a>(args: &'a QueryArgs, known: &[Query]) -> anyhow::Result<(Query, &'a [PathBuf])> {
    if let Some(sql) = &args.sql {
        let query = Query { name: String::new(), header: Header::default(), sql: sql.clone() };
        return Ok((query, &args.items));
    }
    let Some((first, paths)) = args.items.split_first() else {
        bail!("no query is named\nhint: `trailtrim query --list` shows those that there are");
    };
    let name = first.to_string_lossy();
    if let Some(query) = known.iter().find(|query| query.name == name) {
        return Ok((query.clone(), paths));
    }
    let with_id: Vec<&Query> =
        known.iter().filter(|query| query.header.ids.iter().any(|id| *id == name)).collect();
    match with_id.as_slice() {
        [] => {}
        [query] => return Ok(((*query).clone(), paths)),
        several => {
            let names: Vec<&str> = several.iter().map(|query| query.name.as_str()).collect();
            bail!("several queries are about `{name}`\nhint: name one of {}", names.join(", "));
        }
    }
    if first.extension().is_some_and(|end| end == "sql") {
        return Ok((read_query(first)?, paths));
    }
    bail!("there is no query `{name}`\nhint: `trailtrim query --list` shows those that there are");
}

/// A failure, with the name that was meant where there is no such column or table: polars itself only knows the
/// columns that were read.
fn explained(error: QueryError, asked: &Asked) -> anyhow::Error {
    let message = error.to_string();
    let kinds =
        [("unable to find column \"", "column"), ("no column named '", "column"), ("relation '", "table")];
    let found = kinds.iter().find_map(|(words, kind)| Some((message.split_once(words)?.1, *kind)));
    let Some((name, kind)) = found.and_then(|(rest, kind)| Some((rest.split(['"', '\'']).next()?, kind)))
    else {
        return error.into();
    };
    let tables = tables::tables();
    let read = || tables.iter().filter(|table| asked.contains_key(table.name));
    let known: Vec<&str> = if kind == "column" {
        read().flat_map(|table| table.columns.iter().map(|column| column.name)).collect()
    } else {
        tables.iter().map(|table| table.name).collect()
    };
    if known.contains(&name) {
        return error.into();
    }
    let of: Vec<&str> = if kind == "column" { read().map(|table| table.name).collect() } else { Vec::new() };
    let of = if of.is_empty() { String::new() } else { format!(" in {}", of.join(", ")) };
    let hint = match near(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if kind == "table" => format!("the tables are {}", known.join(", ")),
        None => "docs/TABLES.md lists all columns".to_owned(),
    };
    anyhow!("there is no {kind} `{}`{of}\nhint: {hint}", escape::terminal(name))
}

#[expect(clippy::disallowed_methods, reason = "this is where results are written")]
pub(super) fn write(file: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    match file {
        Some(file) => fs::write(file, bytes).with_context(|| format!("cannot write `{}`", file.display())),
        // Only Parquet is not text, and that has a file.
        None => print(&String::from_utf8_lossy(bytes)),
    }
}
