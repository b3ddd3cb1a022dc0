//! Questions that nobody wrote: made at random from steps, joins of every kind and filters, and compared with the
//! answer to the same text when every table is whole.

use super::{plainly, tables_of};
use crate::query::Asker;
use std::fmt::Write as _;
use std::panic::catch_unwind;

/// Numbers that follow from the first one (a linear congruence, its upper half; Knuth's factor for 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }
}

const COLUMNS: [&str; 5] = ["ts", "event_name", "event_id", "n", "ok"];

/// A question about `events` and `refs`, its steps first.
fn question(dice: &mut Dice) -> String {
    let mut tables = vec!["events", "refs"];
    let mut steps = Vec::new();
    for name in ["f", "g", "h"].into_iter().take(dice.below(4)) {
        steps.push(format!("{name} AS ({})", step(dice, &tables)));
        tables.push(name);
    }
    let with = if steps.is_empty() { String::new() } else { format!("WITH {} ", steps.join(", ")) };
    let mut sql = with + &select(dice, &tables);
    if dice.one_in(8) {
        let _ = write!(sql, " UNION ALL {}", select(dice, &tables));
    }
    sql
}

/// A query with the columns that all tables have.
fn step(dice: &mut Dice, tables: &[&str]) -> String {
    let table = dice.of(tables);
    match dice.below(4) {
        0 => {
            let filter = filter(dice, &["a"]);
            format!(
                "SELECT MIN(a.ts) AS ts, a.event_name, MAX(a.event_id) AS event_id, a.n, MAX(a.ok) AS ok FROM {table} a {filter} GROUP BY a.event_name, a.n"
            )
        }
        1 => {
            let (other, on) = (dice.of(tables), equal(dice, "a", "b"));
            let filter = filter(dice, &["a", "b"]);
            let kind = dice.of(&["JOIN", "LEFT JOIN"]);
            format!(
                "SELECT a.ts, b.event_name, a.event_id, b.n, a.ok FROM {table} a {kind} {other} b ON {on} {filter}"
            )
        }
        _ => {
            let (distinct, filter) = (dice.of(&["", "DISTINCT "]), filter(dice, &["a"]));
            format!("SELECT {distinct}a.ts, a.event_name, a.event_id, a.n, a.ok FROM {table} a {filter}")
        }
    }
}

fn select(dice: &mut Dice, tables: &[&str]) -> String {
    let mut aliases = vec!["a"];
    let mut from = format!("{} a", dice.of(tables));
    for alias in ["b", "c", "d"].into_iter().take(dice.below(4)) {
        let table = dice.of(tables);
        if alias != "b" && dice.one_in(3) {
            from.push_str(dice.of(&[" CROSS JOIN params p", " LEFT JOIN params p ON p.split = a.ts"]));
            aliases.push("p");
            break;
        }
        let kind = dice.of(&[
            "JOIN",
            "JOIN",
            "INNER JOIN",
            "JOIN",
            "LEFT JOIN",
            "LEFT JOIN",
            "RIGHT JOIN",
            "FULL JOIN",
        ]);
        let known = dice.of(&aliases);
        let on = equal(dice, alias, known);
        if dice.one_in(10) {
            // Its columns are not there afterwards.
            let _ = write!(from, " LEFT {} JOIN {table} {alias} ON {on}", dice.of(&["SEMI", "ANTI"]));
            continue;
        }
        if dice.one_in(20) {
            let _ = write!(from, " JOIN {table} {alias} USING (n)");
            aliases.push(alias);
            continue;
        }
        if dice.one_in(6) {
            let inner = filter(dice, &["x"]);
            let _ = write!(
                from,
                " {kind} (SELECT x.ts, x.event_name, x.event_id, x.n, x.ok FROM {table} x {inner}) {alias} ON {on}"
            );
        } else {
            let _ = write!(from, " {kind} {table} {alias} ON {on}");
        }
        aliases.push(alias);
    }
    let filter = filter(dice, &aliases);
    let (one, other) = (column(dice, &aliases), column(dice, &aliases));
    match dice.below(5) {
        0 => format!("SELECT {one} AS u, COUNT(*) AS v FROM {from} {filter} GROUP BY {one}"),
        1 => format!("SELECT DISTINCT {one} AS u, {other} AS v FROM {from} {filter}"),
        _ => format!("SELECT {one} AS u, {other} AS v FROM {from} {filter}"),
    }
}

/// What joins two tables.
fn equal(dice: &mut Dice, one: &str, other: &str) -> String {
    let column = dice.of(&COLUMNS[..4]);
    let more = dice.of(&COLUMNS);
    let both = if dice.one_in(4) { format!(" AND {other}.{more} = {one}.{more}") } else { String::new() };
    format!("{one}.{column} = {other}.{column}{both}")
}

fn column(dice: &mut Dice, aliases: &[&str]) -> String {
    match dice.of(aliases) {
        "p" => "p.split".to_owned(),
        alias => format!("{alias}.{}", dice.of(&COLUMNS)),
    }
}

/// A `WHERE`, or nothing.
fn filter(dice: &mut Dice, aliases: &[&str]) -> String {
    let parts: Vec<String> = (0..dice.below(4)).map(|_| condition(dice, aliases, 2)).collect();
    if parts.is_empty() { String::new() } else { format!("WHERE {}", parts.join(" AND ")) }
}

fn condition(dice: &mut Dice, aliases: &[&str], depth: usize) -> String {
    let plain: Vec<&str> = aliases.iter().copied().filter(|alias| *alias != "p").collect();
    let (one, other) = (dice.of(&plain), dice.of(&plain));
    let number = dice.below(6);
    match dice.below(if depth == 0 { 14 } else { 17 }) {
        0 => format!("{one}.n = {number}"),
        1 => format!("{one}.event_name = '{}'", dice.of(&["Get", "Put", "None", ""])),
        2 => format!("{one}.n IN (1, {number})"),
        3 => format!("{one}.event_name NOT IN ('Put', 'GetAll')"),
        4 => format!("{one}.event_name LIKE 'Get%'"),
        5 => format!("{} IS NULL", column(dice, aliases)),
        6 => format!("{} IS NOT NULL", column(dice, aliases)),
        7 => format!("{one}.ts > {}", number * 40),
        8 => format!("{one}.ok = {}", number % 2),
        9 => format!("{one}.n = {other}.n"),
        10 => format!("COALESCE({one}.n, {number}) > 2"),
        11 if aliases.contains(&"p") && dice.one_in(2) => {
            format!("({one}.ts {} p.split OR p.split IS NULL)", dice.of(&["<", ">"]))
        }
        11 if aliases.contains(&"p") => format!("{one}.ts < p.split"),
        11 => format!("{one}.ts - {other}.ts < {}", number * 30),
        12 if dice.one_in(3) => format!("{one}.ts > {}({one}.ts)", dice.of(&["AVG", "MIN"])),
        12 => format!("LENGTH({one}.event_name) + {one}.n > {number}"),
        13 => {
            let inner = filter(dice, &["y"]);
            format!("{one}.n IN (SELECT y.n FROM {} y {inner})", dice.of(&["events", "refs", "f"]))
        }
        14 => format!("NOT ({})", condition(dice, aliases, depth - 1)),
        _ => format!("({} OR {})", condition(dice, aliases, depth - 1), condition(dice, aliases, depth - 1)),
    }
}

/// Asks so many questions; gives how many had an answer, and how many a row.
fn ask(seeds: std::ops::Range<u64>) -> (usize, usize) {
    let (mut answered, mut with_rows) = (0, 0);
    for seed in seeds {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let rows: Vec<(u8, u8)> = (0..dice.below(24))
            .map(|_| (u8::try_from(dice.below(9) * 28).unwrap(), u8::try_from(dice.below(250)).unwrap()))
            .collect();
        let sql = question(&mut dice);
        // Polars refuses some of them.
        // Polars refuses some of them, and panics over a few (0.55, an average in the `WHERE` of a table read twice).
        let Ok(Some(expect)) = catch_unwind(|| plainly(&rows, &sql)) else { continue };
        let found = match Asker::new(tables_of(&rows)).ask(&sql) {
            Ok((answer, _)) => answer,
            Err(error) => panic!("{seed}: {sql}: {error}"),
        };
        assert_eq!((&found.columns, &found.rows), (&expect.columns, &expect.rows), "{seed}: {sql}");
        answered += 1;
        with_rows += usize::from(!expect.rows.is_empty());
    }
    (answered, with_rows)
}

#[test]
fn questions_that_nobody_wrote() {
    let (answered, with_rows) = ask(0..400);
    assert!(answered > 200 && with_rows > 100, "{answered} answered, {with_rows} with rows");
}

#[test]
#[ignore = "takes two minutes"]
fn many_questions_that_nobody_wrote() {
    ask(400..20_000);
}
