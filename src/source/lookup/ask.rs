//! The two operations behind a lookup: whose events they are, and one page of them after the other.

use super::pages::Pages;
use crate::iam::AccountId;
use crate::source::aws::effort::Effort;
use crate::source::aws::fault::Fault;
use crate::time::Timestamp;
use aws_config::{Region as Name, SdkConfig};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::retry::RetryConfig;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Two requests a second are allowed, for each account and region ("`LookupEvents`", `CloudTrail` API
/// reference, 2026-11).
const PACE: Duration = Duration::from_millis(500);

/// Events on a page: what one request gives at most (ibid.).
const PAGE_EVENTS: i32 = 50;

/// One region that is asked.
#[derive(Debug)]
pub(super) struct Region {
    client: Client,
    attribute: Option<(String, String)>,
    effort: Effort,
    pace: Mutex<Interval>,
}

/// One page of events.
#[derive(Debug)]
pub(super) struct Page {
    /// Each event as `CloudTrail` keeps it: a text that holds JSON.
    pub(super) events: Vec<String>,
    /// The times of the oldest and the newest event.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// Where to go on; `None` on the last page.
    pub(super) next: Option<String>,
}

/// The account of the credentials. Needs no permission.
pub(super) async fn account(config: &SdkConfig, endpoint_url: Option<&str>) -> Result<AccountId, String> {
    let mut builder = aws_sdk_sts::config::Builder::from(config).retry_config(RetryConfig::disabled());
    if let Some(url) = endpoint_url {
        builder = builder.endpoint_url(url);
    }
    let client = aws_sdk_sts::Client::from_conf(builder.build());
    let ask = || async {
        let answer = client.get_caller_identity().send().await;
        answer.map_err(|error| Fault::of(&error, "sts:GetCallerIdentity"))
    };
    let answer = Effort::new().repeat(ask).await?;
    answer.account().and_then(AccountId::parse).ok_or_else(|| "AWS names no account".to_owned())
}

impl Region {
    /// A region that nobody has asked yet.
    pub(super) fn new(
        config: &SdkConfig,
        name: &str,
        endpoint_url: Option<&str>,
        attribute: Option<(String, String)>,
    ) -> Self {
        let mut builder = aws_sdk_cloudtrail::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .region(Name::new(name.to_owned()));
        if let Some(url) = endpoint_url {
            builder = builder.endpoint_url(url);
        }
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client: Client::from_conf(builder.build()),
            attribute,
            effort: Effort::new(),
            pace: Mutex::new(pace),
        }
    }

    /// Asks for everything between two seconds that is not there yet, the newest first, and hands it over
    /// page by page.
    pub(super) async fn look_up(
        &self,
        span: (Timestamp, Timestamp),
        pages: &mut Pages,
    ) -> Result<(), String> {
        for (from, to) in pages.missing(span) {
            let mut next = None;
            loop {
                let page = self.effort.repeat(|| self.ask((from, to), next.clone())).await?;
                pages.add(&page)?;
                let Some(more) = page.next else { break };
                if let Some((oldest, _)) = page.span {
                    // The second of the oldest event may hold more of them.
                    pages.cover(oldest.plus_seconds(1), to)?;
                }
                next = Some(more);
            }
            pages.cover(from, to)?;
        }
        Ok(())
    }

    async fn ask(&self, span: (Timestamp, Timestamp), next: Option<String>) -> Result<Page, Fault> {
        self.pace.lock().await.tick().await;
        let (from, to) = span;
        let mut request = self
            .client
            .lookup_events()
            .start_time(DateTime::from_secs(from.seconds()))
            .end_time(DateTime::from_secs(to.seconds()))
            .max_results(PAGE_EVENTS)
            .set_next_token(next);
        if let Some((key, value)) = &self.attribute {
            let attribute = LookupAttribute::builder()
                .attribute_key(LookupAttributeKey::from(key.as_str()))
                .attribute_value(value)
                .build();
            let attribute = attribute.map_err(|error| Fault::Final(error.to_string()))?;
            request = request.lookup_attributes(attribute);
        }
        let answer = request.send().await.map_err(|error| Fault::of(&error, "cloudtrail:LookupEvents"))?;
        let mut page = Page { events: Vec::new(), span: None, next: answer.next_token };
        for event in answer.events.unwrap_or_default() {
            if let Some(time) = event.event_time.and_then(|time| Timestamp::from_seconds(time.secs())) {
                let (oldest, newest) = page.span.unwrap_or((time, time));
                page.span = Some((oldest.min(time), newest.max(time)));
            }
            // An event without its text is still one: the decoder says what is wrong with it.
            page.events.push(event.cloud_trail_event.unwrap_or_default());
        }
        Ok(page)
    }
}
