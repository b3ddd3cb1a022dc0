//! Writes logs of any size for measurements: the same bytes on every run, nothing in them is real.
//!
//! ```text
//! cargo run --release --example generate_logs -- --events 1000000 --out FOLDER [--per-file N] [--mix MIX]
//! ```
//!
//! Assumptions, which `docs/BENCHMARKS.md` repeats: three accounts with two regions each, 120 roles an
//! account, ninety days. Shares of the events are the weights in `calls.rs`: S3 and `DynamoDB` data
//! events 43 %, describing and listing by people and scanners 27 %, the rest control plane of build
//! jobs, pipelines and services. A session lasts for some hundred events. Half of the files have fewer
//! than 15 records, the largest have 5,000, as of a trail that delivers every five minutes; `--per-file`
//! gives every file the same number. One file in two hundred is delivered twice.
//!
//! With `--mix unique` every role touches every bucket, table and function alike, no object is read twice, and
//! every file has sessions of its own: nothing repeats, the hard case for a summary. With `--mix usual` a role
//! has two buckets and three names of its own, few roles are busy, three quarters of the objects that are read
//! were read before, scanners ask about the same twenty networks, and sessions last for an hour. `--mix platform`
//! is the usual mix with the calls of a machine-learning platform besides, a sixth of all: endpoints, models, jobs.

#[path = "../generate_sample/rng.rs"]
mod rng;

mod calls;

use anyhow::{Context, bail};
use calls::{CALLS, Call, PLATFORM};
use flate2::{Compression, write::GzEncoder};
use rayon::prelude::*;
use rng::Rng;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use trailtrim::time::{Day, Timestamp};

const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const DAYS: u32 = 90;
/// 2026-08-03, in days since 1970-01-01.
const FIRST_DAY: i32 = 20_668;
const ROLES: u32 = 40;
const SESSION_EVENTS: u32 = 300;
/// Share of the files in percent, fewest and most records.
const FILE_SIZES: [(u32, u32, u32); 6] =
    [(25, 1, 5), (30, 5, 15), (20, 15, 40), (15, 40, 150), (8, 150, 800), (2, 800, 5_000)];
/// One file of so many is delivered a second time.
const DELIVERED_TWICE_PERIOD: u64 = 200;
const SEED: u64 = 0x6265_6e63_686d_6172;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How much repeats; see above.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mix {
    Unique,
    Usual,
    Platform,
}

impl Mix {
    fn calls(self) -> Vec<&'static Call> {
        CALLS.iter().chain(if self == Self::Platform { PLATFORM } else { &[] }).collect()
    }
}

/// Objects of a bucket that are read again and again, with `--mix usual`: days and parts of a day.
const READ_AGAIN: (u32, u32) = (20, 5);

/// One file to write. Everything in it follows from its number.
struct File {
    number: u64,
    records: u32,
}

fn main() -> anyhow::Result<()> {
    let mut events = None;
    let mut out: Option<PathBuf> = None;
    let mut per_file = None;
    let mut mix = Mix::Unique;
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let value = args.next().with_context(|| format!("`{option}` needs a value"))?;
        match option.as_str() {
            "--events" => events = Some(value.parse::<u64>()?),
            "--out" => out = Some(value.into()),
            "--mix" if value == "unique" => mix = Mix::Unique,
            "--mix" if value == "usual" => mix = Mix::Usual,
            "--mix" if value == "platform" => mix = Mix::Platform,
            "--per-file" => per_file = Some(value.parse::<u32>()?),
            _ => bail!("unknown option `{option}`"),
        }
    }
    let (Some(events), Some(out)) = (events, out) else {
        bail!("--events and --out are needed\nhint: `generate_logs --events 1000000 --out FOLDER`");
    };
    plan(events, per_file).par_iter().try_for_each(|file| write(&out, file, mix))
}

fn plan(events: u64, per_file: Option<u32>) -> Vec<File> {
    let mut rng = Rng::new(SEED);
    let mut files = Vec::new();
    let mut left = events;
    while left > 0 {
        let wanted = per_file.unwrap_or_else(|| {
            let mut percent = rng.below(100);
            let class = FILE_SIZES.iter().find(|(share, ..)| {
                let found = percent < *share;
                percent = percent.saturating_sub(*share);
                found
            });
            class.map_or(1, |(_, fewest, most)| fewest + rng.below(most - fewest))
        });
        let records = wanted.clamp(1, u32::try_from(left).unwrap_or(u32::MAX));
        files.push(File { number: files.len() as u64, records });
        left -= u64::from(records);
    }
    files
}

fn write(out: &Path, file: &File, mix: Mix) -> anyhow::Result<()> {
    let mut rng = Rng::new(SEED ^ (file.number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (account, region) = (rng.pick(&ACCOUNTS), rng.pick(&REGIONS));
    let day = Day::from_epoch_days(FIRST_DAY + i32::try_from(rng.below(DAYS))?);
    let start = rng.below(288) * 300;
    let mut text = String::from("{\"Records\":[");
    let time = day.start().plus_seconds(start.into());
    let mut writer = Writer { rng: &mut rng, mix, account, region, start: time };
    writer.records(file.records, &mut text);
    text.push_str("]}");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    let bytes = encoder.finish()?;
    let date = day.to_string();
    let folder = out.join(format!("AWSLogs/{account}/CloudTrail/{region}/{}", date.replace('-', "/")));
    fs::create_dir_all(&folder)?;
    let deliveries = if file.number % DELIVERED_TWICE_PERIOD == 7 { 2 } else { 1 };
    for _ in 0..deliveries {
        let minute = format!("{:02}{:02}", start / 3600, start / 60 % 60);
        let (compact, unique) = (date.replace('-', ""), rng.text(LETTERS, 16));
        let name = format!("{account}_CloudTrail_{region}_{compact}T{minute}Z_{unique}.json.gz");
        put(&folder.join(name), &bytes)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is where the files are written")]
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

struct Writer<'r> {
    rng: &'r mut Rng,
    mix: Mix,
    account: &'static str,
    region: &'static str,
    start: Timestamp,
}

/// Who calls: the text of `userIdentity`, the address and the program.
struct Session {
    identity: String,
    ip: String,
    agent: &'static str,
    arn: String,
    kind: &'static str,
    /// Which of the roles of its kind.
    role: u32,
    left: u32,
}

impl Writer<'_> {
    fn records(&mut self, count: u32, out: &mut String) {
        let calls = self.mix.calls();
        let total: u32 = calls.iter().map(|call| call.weight).sum();
        let mut sessions: Vec<Session> = Vec::new();
        for index in 0..count {
            let mut at = self.rng.below(total);
            let chosen = calls.iter().find(|call| {
                let found = at < call.weight;
                at = at.saturating_sub(call.weight);
                found
            });
            let Some(call) = chosen else { continue };
            sessions.retain(|session| session.left > 0);
            // Several sessions of a kind are open at a time.
            let open = sessions.iter().filter(|session| session.kind == call.who).count();
            if open < 4 {
                let session = self.session(call, open);
                sessions.push(session);
            }
            let chosen = self.rng.below(4) as usize;
            let mut fitting = sessions.iter_mut().filter(|session| session.kind == call.who);
            let Some(session) = fitting.nth(chosen.min(open)) else { continue };
            session.left -= 1;
            if index > 0 {
                out.push(',');
            }
            self.record(call, session, out);
        }
    }

    /// Another session for a call; it is the `open`th of its kind.
    fn session(&mut self, call: &Call, open: usize) -> Session {
        if self.mix == Mix::Unique {
            return self.session_from(call, self.start);
        }
        // The same one in all files of the hour.
        let hour = self.start.seconds().div_euclid(3_600);
        let name = format!("{}{}{}{hour}/{open}", self.account, self.region, call.who);
        let rng = std::mem::replace(self.rng, Rng::new(hash(&name)));
        let begin = self.start.plus_seconds(hour * 3_600 - self.start.seconds());
        let session = self.session_from(call, begin);
        *self.rng = rng;
        session
    }

    fn session_from(&mut self, call: &Call, begin: Timestamp) -> Session {
        let mix = self.mix;
        let (rng, account) = (&mut *self.rng, self.account);
        let left = 1 + rng.below(SESSION_EVENTS);
        let ip = format!("100.{}.{}.{}", 64 + rng.below(64), rng.below(256), rng.below(256));
        let created = begin.plus_seconds(-i64::from(rng.below(3_000)));
        if let "service" = call.who {
            let service = rng.pick(&["sagemaker", "lambda", "ecs-tasks", "config"]);
            let name = format!("{service}.amazonaws.com");
            let identity = format!(r#"{{"type":"AWSService","invokedBy":"{name}"}}"#);
            return Session {
                identity,
                ip: name,
                agent: "",
                arn: String::new(),
                kind: call.who,
                role: 0,
                left,
            };
        }
        let number = match mix {
            Mix::Unique => rng.below(ROLES),
            // The first roles are the busy ones.
            Mix::Usual | Mix::Platform => rng.below(ROLES) * rng.below(ROLES) / ROLES,
        };
        let (path, role, name, agent) = match call.who {
            "app" => ("", format!("app-{number:03}-task"), rng.hex(32), calls::AGENT_JAVA),
            "function" => {
                let role = format!("function-{number:03}");
                ("service-role/", format!("{role}-role"), role, calls::AGENT_LAMBDA)
            }
            "training" => (
                "service-role/",
                format!("training-{:03}", number / 2),
                "SageMaker".into(),
                calls::AGENT_BOTO,
            ),
            "person" => (
                "aws-reserved/sso.amazonaws.com/eu-west-1/",
                format!("AWSReservedSSO_Team{:02}_0123456789abcdef", number / 4),
                format!("person{:03}@example.com", rng.below(200)),
                calls::AGENT_CONSOLE,
            ),
            _ => ("", format!("scanner-{}", number / 10), "scan".into(), calls::AGENT_GO),
        };
        // The same id for the same role of the same account, whatever the file.
        let mut own = Rng::new(hash(&format!("{role}{account}")));
        let id = format!("AROA{}", own.base32(17));
        let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/{name}");
        let key = format!("ASIA{}", rng.base32(16));
        let identity = format!(
            r#"{{"type":"AssumedRole","principalId":"{id}:{name}","arn":"{arn}","accountId":"{account}","accessKeyId":"{key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"arn:aws:iam::{account}:role/{path}{role}","accountId":"{account}","userName":"{role}"}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}}}"#
        );
        Session { identity, ip, agent, arn, kind: call.who, role: number, left }
    }

    fn record(&mut self, call: &Call, session: &Session, out: &mut String) {
        let time = self.start.plus_seconds(self.rng.below(300).into());
        let mut put = |name: &str, value: &str| {
            out.push_str(if name == "eventVersion" { "{\"" } else { ",\"" });
            out.push_str(name);
            out.push_str("\":");
            out.push_str(value);
        };
        let quoted = |text: &str| format!("\"{text}\"");
        let (agent, ip) =
            if session.agent.is_empty() { (&*session.ip, &session.ip) } else { (session.agent, &session.ip) };
        put("eventVersion", "\"1.11\"");
        let forwarded = call.via.map(|via| {
            let open = session.identity.strip_suffix('}').unwrap_or_default();
            format!(r#"{open},"invokedBy":"{via}"}}"#)
        });
        put("userIdentity", forwarded.as_deref().unwrap_or(&session.identity));
        put("eventTime", &quoted(&time.to_string()));
        put("eventSource", &quoted(&format!("{}.amazonaws.com", call.source)));
        put("eventName", &quoted(call.name));
        put("awsRegion", &quoted(self.region));
        put("sourceIPAddress", &quoted(call.via.unwrap_or(ip)));
        put("userAgent", &quoted(call.via.unwrap_or(agent)));
        let denied = !session.arn.is_empty() && self.rng.below(100) == 0;
        if denied {
            let action = format!("{}:{}", call.source, call.name);
            put("errorCode", "\"AccessDenied\"");
            put(
                "errorMessage",
                &quoted(&format!(
                    "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
                    session.arn
                )),
            );
        }
        // What stands for itself in all templates of one record.
        let names = match self.mix {
            Mix::Unique => Names::new(self.rng),
            Mix::Usual | Mix::Platform => Names::of_role(self.rng, session.role, call.read_only),
        };
        put("requestParameters", &self.filled(call.request, &names));
        put("responseElements", &if denied { "null".to_owned() } else { self.filled(call.response, &names) });
        if !call.additional.is_empty() {
            put("additionalEventData", &self.filled(call.additional, &names));
        }
        let request_id = if call.source == "s3" { self.rng.base32(16) } else { self.rng.uuid() };
        put("requestID", &quoted(&request_id));
        put("eventID", &quoted(&self.rng.uuid()));
        put("readOnly", if call.read_only { "true" } else { "false" });
        if !call.resources.is_empty() {
            put("resources", &self.filled(call.resources, &names));
        }
        put("eventType", "\"AwsApiCall\"");
        put("managementEvent", if call.data { "false" } else { "true" });
        put("recipientAccountId", &quoted(self.account));
        put("eventCategory", if call.data { "\"Data\"" } else { "\"Management\"" });
        if !session.arn.is_empty() && call.via.is_none() {
            let host = format!("{}.{}.amazonaws.com", call.source, self.region);
            put(
                "tlsDetails",
                &format!(
                    r#"{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{host}"}}"#
                ),
            );
        }
        out.push('}');
    }

    /// A template with its placeholders replaced: `$A` account, `$R` region, `$B` bucket, `$K` key,
    /// `$N` name, `$O` another role, `$U` a UUID of its own, `$H` sixteen hexadecimal digits, `$V` the same for a
    /// network, `$D` digits.
    fn filled(&mut self, template: &str, names: &Names) -> String {
        let mut out = String::with_capacity(template.len() * 2);
        let mut parts = template.split('$');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (what, rest) = part.split_at_checked(1).unwrap_or(("", ""));
            match what {
                "A" => out.push_str(self.account),
                "R" => out.push_str(self.region),
                "B" => out.push_str(&names.bucket),
                "K" => out.push_str(&names.key),
                "N" => out.push_str(&names.name),
                "O" => out.push_str(&names.role),
                "U" => out.push_str(&self.rng.uuid()),
                "V" if self.mix != Mix::Unique => out.push_str(&network(self.rng.below(20))),
                "H" | "V" => out.push_str(&self.rng.hex(16)),
                _ => out.push_str(&self.rng.below(9_000_000).to_string()),
            }
            out.push_str(rest);
        }
        out
    }
}

struct Names {
    bucket: String,
    key: String,
    name: String,
    role: String,
}

impl Names {
    fn new(rng: &mut Rng) -> Self {
        let day = rng.below(90);
        Self {
            bucket: format!("company-data-{:02}", rng.below(30)),
            key: format!("year=2026/day={day:03}/part-{:05}-{}.parquet", rng.below(400), rng.hex(12)),
            name: format!("service-{:03}", rng.below(150)),
            role: format!("training-{:03}", rng.below(20)),
        }
    }

    /// What a role touches.
    fn of_role(rng: &mut Rng, role: u32, reads: bool) -> Self {
        let bucket = (role * 7 + rng.below(2)) % 30;
        let (days, parts) = READ_AGAIN;
        let key = if reads && rng.below(4) > 0 {
            let (day, part) = (rng.below(days), rng.below(parts));
            let unique = hash(&format!("{bucket}/{day}/{part}")) & 0xffff_ffff_ffff;
            format!("year=2026/day={day:03}/part-{part:05}-{unique:012x}.parquet")
        } else {
            format!("year=2026/day={:03}/part-{:05}-{}.parquet", rng.below(90), rng.below(400), rng.hex(12))
        };
        Self {
            bucket: format!("company-data-{bucket:02}"),
            key,
            name: format!("service-{:03}", (role * 11 + rng.below(3)) % 150),
            role: format!("training-{:03}", rng.below(20)),
        }
    }
}

/// FNV-1a with another start.
fn hash(text: &str) -> u64 {
    text.bytes().fold(7, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The hexadecimal digits of a network's id.
fn network(number: u32) -> String {
    format!("{number:016x}")
}
