//! A small S3 in this process: listing with prefix, delimiter, pages and start, whole objects, redirections;
//! and everything that can go wrong on the way, chosen by a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// From this attempt at the same thing on, nothing goes wrong any more.
const ATTEMPTS_FAULTY: u32 = 4;

/// Objects by key.
pub(crate) type Objects = BTreeMap<String, Arc<Vec<u8>>>;

/// Answers a request with status and body.
pub(crate) type Answer = Box<dyn Fn(&Request) -> (u16, String) + Send + Sync>;

/// What the service holds and how it behaves.
#[derive(Default)]
pub(crate) struct World {
    /// Buckets: region and objects.
    pub(crate) buckets: BTreeMap<String, (String, Objects)>,
    /// Keys that nobody may read, and prefixes that nobody may list.
    pub(crate) denied: BTreeSet<String>,
    /// Keys on a page.
    pub(crate) page: usize,
    /// Faults in percent of the answers, and their seed.
    pub(crate) faults: Option<u64>,
    /// A redirection does not say where to; only the bucket's own head does.
    pub(crate) silent: bool,
    /// Objects carry a checksum.
    pub(crate) checksums: bool,
    /// Keys whose objects carry a signature as metadata.
    pub(crate) signatures: BTreeMap<String, String>,
    /// Keys whose objects are others by the time they are fetched.
    pub(crate) changed: BTreeSet<String>,
    /// Answers of other services: the body of a request to status and body.
    pub(crate) other: Option<Answer>,
}

/// A request, as far as it matters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A running service, ended with the test.
pub(crate) struct Stub {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    world: World,
    over: AtomicBool,
    seen: Mutex<Vec<Request>>,
    attempts: Mutex<BTreeMap<String, u32>>,
}

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Busy,
    Broken,
    /// The connection is reset before the answer.
    Reset,
    /// The connection is reset in the middle of the body.
    ResetLater,
    /// The connection ends in the middle of the body.
    Cut,
    /// One byte is another: one that depends on the number.
    Flip(u64),
    Slow(u64),
}

impl Stub {
    pub(crate) fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            world,
            over: AtomicBool::new(false),
            seen: Mutex::default(),
            attempts: Mutex::default(),
        });
        let running = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if running.over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&running);
                thread::spawn(move || shared.serve(connection));
            }
        });
        Self { url, shared }
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

impl Shared {
    /// Answers the requests of one connection. The head of a request is only looked at until it is clear
    /// what becomes of it: a connection that is closed with unread bytes is reset.
    fn serve(&self, mut connection: TcpStream) {
        let mut seen = vec![0; 64 << 10];
        let _ = connection.set_nodelay(true);
        loop {
            let Ok(length) = connection.peek(&mut seen) else { return };
            if length == 0 {
                return;
            }
            let text = String::from_utf8_lossy(&seen[..length]).into_owned();
            let Some(end) = text.find("\r\n\r\n") else {
                thread::sleep(Duration::from_millis(1));
                continue;
            };
            let mut request = parse(&text[..end]);
            let told = request.headers.get("content-length").and_then(|length| length.parse().ok());
            let body: usize = told.unwrap_or(0);
            if length < end + 4 + body {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            text[end + 4..end + 4 + body].clone_into(&mut request.body);
            let fault = self.fault(&request);
            self.seen.lock().unwrap().push(request.clone());
            if fault == Fault::Reset {
                return;
            }
            let (status, headers, content) = match fault {
                Fault::Busy => (503, String::new(), error("SlowDown", "Reduce your request rate.")),
                Fault::Broken => (500, String::new(), error("InternalError", "")),
                _ => self.answer(&request),
            };
            if let Fault::Slow(milliseconds) = fault {
                thread::sleep(Duration::from_millis(milliseconds));
            }
            let mut content = content;
            if let Fault::Flip(place) = fault {
                // Behind the header of a gzip file.
                let place = 10 + usize::try_from(place).unwrap() % content.len().saturating_sub(10).max(1);
                if let Some(byte) = content.get_mut(place) {
                    *byte ^= 0x10;
                }
            }
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", content.len());
            let sent = match fault {
                Fault::Cut | Fault::ResetLater => &content[..content.len() / 2],
                _ if request.method == "HEAD" => &[],
                _ => &content[..],
            };
            if connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(sent)).is_err()
                || fault == Fault::ResetLater
            {
                return;
            }
            if connection.read_exact(&mut seen[..end + 4 + body]).is_err() || fault == Fault::Cut {
                return;
            }
        }
    }

    /// What goes wrong this time: chosen by the seed, the request and how often it was made.
    fn fault(&self, request: &Request) -> Fault {
        let Some(seed) = self.world.faults else { return Fault::None };
        let what = format!("{} {:?}", request.path, request.query);
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap();
            let count = attempts.entry(what.clone()).or_default();
            *count += 1;
            *count
        };
        if attempt > ATTEMPTS_FAULTY {
            return Fault::None;
        }
        let dice = dice(seed, &format!("{what} {attempt}"));
        // XML has no guard against a byte that is another.
        let is_object = !request.query.contains_key("list-type");
        match dice % 100 {
            0..20 => Fault::Busy,
            20..23 => Fault::Broken,
            23..28 => Fault::Reset,
            28..33 => Fault::ResetLater,
            33..38 => Fault::Cut,
            38..43 if is_object => Fault::Flip(dice >> 8),
            43..46 => Fault::Slow(dice % 300),
            46 => Fault::Slow(1_000),
            _ => Fault::None,
        }
    }

    fn answer(&self, request: &Request) -> (u16, String, Vec<u8>) {
        if let (Some(other), "POST") = (&self.world.other, &*request.method) {
            let (status, body) = other(request);
            return (status, String::new(), body.into_bytes());
        }
        let path = request.path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let Some((region, objects)) = self.world.buckets.get(bucket) else {
            return (404, String::new(), error("NoSuchBucket", ""));
        };
        let told = format!("x-amz-bucket-region: {region}\r\n");
        let signed_for = request.headers.get("authorization").and_then(|line| line.split('/').nth(2));
        if request.method == "HEAD" {
            return (if signed_for == Some(region) { 200 } else { 301 }, told, Vec::new());
        }
        if signed_for != Some(region) {
            let told = if self.world.silent { String::new() } else { told };
            return (301, told, error("PermanentRedirect", ""));
        }
        if request.query.get("list-type").map(String::as_str) == Some("2") {
            return self.list(bucket, request, objects);
        }
        if self.world.denied.contains(key) {
            return (403, String::new(), error("AccessDenied", "Access Denied"));
        }
        let Some(content) = objects.get(key) else { return (404, String::new(), error("NoSuchKey", "")) };
        let now = if self.world.changed.contains(key) { "changed".to_owned() } else { etag(content) };
        let mut headers = format!("ETag: \"{now}\"\r\n");
        if let Some(signature) = self.world.signatures.get(key) {
            let _ = write!(headers, "x-amz-meta-signature: {signature}\r\n");
        }
        if self.world.checksums {
            let _ = write!(headers, "x-amz-checksum-crc32: {}\r\n", crc32_base64(content));
        }
        (200, headers, content.to_vec())
    }

    fn list(&self, bucket: &str, request: &Request, objects: &Objects) -> (u16, String, Vec<u8>) {
        let get = |name: &str| request.query.get(name).map(String::as_str).unwrap_or_default();
        let (prefix, delimiter) = (get("prefix"), get("delimiter"));
        if self.world.denied.contains(prefix) {
            let message = "User: arn:aws:iam::111122223333:user/u is not authorized to perform: s3:ListBucket on resource: x";
            return (403, String::new(), error("AccessDenied", message));
        }
        assert!(get("continuation-token").is_empty() || get("start-after").is_empty());
        let after = [get("start-after"), get("continuation-token")].concat();
        let room: usize = get("max-keys").parse().unwrap_or(1_000).min(self.world.page);
        let mut entries: Vec<(String, Option<&Arc<Vec<u8>>>)> = Vec::new();
        let mut truncated = false;
        for (key, content) in objects.range(after.clone()..) {
            if !key.starts_with(prefix) || *key == after {
                continue;
            }
            let folder = key[prefix.len()..].split_once('/').filter(|_| delimiter == "/");
            let entry = match folder {
                Some((name, _)) => (format!("{prefix}{name}/"), None),
                None => (key.clone(), Some(content)),
            };
            // A page that ended in a folder goes on behind all of it.
            if entry.1.is_none() && entry.0 <= after && after.starts_with(&entry.0)
                || entries.last() == Some(&entry)
            {
                continue;
            }
            if entries.len() == room {
                truncated = true;
                break;
            }
            entries.push(entry);
        }
        let encoded = |text: &str| if get("encoding-type") == "url" { encode(text) } else { text.to_owned() };
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>"
        );
        for (name, content) in &entries {
            let _ = match content {
                Some(content) => write!(
                    xml,
                    "<Contents><Key>{}</Key><ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>",
                    encoded(name),
                    etag(content),
                    content.len()
                ),
                None => write!(xml, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", encoded(name)),
            };
        }
        if let (true, Some((last, content))) = (truncated, entries.last()) {
            // Behind a folder the next page begins after everything in it.
            let next = if content.is_some() { last.clone() } else { format!("{last}\u{10ffff}") };
            let _ = write!(xml, "<NextContinuationToken>{next}</NextContinuationToken>");
        }
        xml.push_str("</ListBucketResult>");
        (200, String::new(), xml.into_bytes())
    }
}

fn parse(head: &str) -> Request {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    Request {
        method: method.to_owned(),
        path: decode(path),
        query: pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: String::new(),
    }
}

fn error(code: &str, message: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>")
        .into_bytes()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A number that depends on nothing but its arguments (FNV-1a, stirred).
fn dice(seed: u64, text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

/// What S3 calls an object's bytes: here with the dash of an upload in parts.
fn etag(content: &[u8]) -> String {
    format!("{:016x}-2", dice(0, &String::from_utf8_lossy(content)))
}

/// CRC-32 as S3 writes it.
fn crc32_base64(bytes: &[u8]) -> String {
    let crc =
        bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        });
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = u64::from(!crc) << 4;
    let mut text: Vec<char> = Vec::new();
    for _ in 0..6 {
        text.push(char::from(letters[usize::try_from(bits & 63).unwrap()]));
        bits >>= 6;
    }
    text.iter().rev().collect::<String>() + "=="
}
