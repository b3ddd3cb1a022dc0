//! How long each shipped query takes on the same tables: `time_rules FOLDER`. Prints seconds, rows and the name,
//! slowest first.

use std::time::Instant;
use trailtrim::cli::{LogArgs, ReadArgs};
use trailtrim::commands::gather::Gather;
use trailtrim::commands::{Settings, read_logs};
use trailtrim::query::{self, Asked, Asker, shipped};
use trailtrim::tables::wholes::{self, Params};
use trailtrim::time::Timestamp;

#[expect(clippy::print_stdout, reason = "a measurement")]
fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_default();
    let queries = shipped::all();
    let mut asked = Asked::new();
    for query in &queries {
        for (table, columns) in query::asked(&query.sql) {
            asked.entry(table).or_default().extend(columns);
        }
    }
    let settings = Settings { now: Timestamp::default(), threads: None, quiet: true };
    let gather = Gather::new(&asked);
    let args = LogArgs { paths: vec![folder.into()], read: ReadArgs::default() };
    let begun = Instant::now();
    let (logs, _) = read_logs::read_into(&args, &gather, &settings)?;
    let mut tables = gather.finish();
    tables.insert("params", Params::new(logs.coverage.span(), None).table());
    tables.insert("usage", wholes::usage(&logs.usage));
    tables.insert("grants", wholes::grants(None));
    tables.insert("coverage", wholes::coverage(&logs.coverage));
    let rules = Asker::new(tables);
    println!("{:>8.3} {:>8} reading", begun.elapsed().as_secs_f64(), logs.coverage.counts.events_distinct);
    let mut all = Vec::new();
    for query in &queries {
        let begun = Instant::now();
        let (answer, _) = rules.ask(&query.sql)?;
        all.push((begun.elapsed().as_secs_f64(), answer.rows.len(), query.name.clone()));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let whole: f64 = all.iter().map(|(seconds, ..)| seconds).sum();
    println!("{whole:>8.3} {:>8} all {} queries", "", queries.len());
    for (seconds, rows, name) in all {
        println!("{seconds:>8.3} {rows:>8} {name}");
    }
    Ok(())
}
