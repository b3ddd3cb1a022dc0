//! One bucket: pages of its listing and whole objects, in the words of this program. The only place that
//! calls S3, with `ListObjectsV2`, `GetObject` and `HeadBucket`; nothing here can change anything.

use crate::source::LogObject;
use crate::source::aws::effort::Effort;
use crate::source::aws::fault::Fault;
use crate::source::aws::words;
use crate::source::dir::FILE_BYTES_MAX;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, RequestPayer};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// What S3 says about the place of a bucket, whatever else it answers.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// The longest name of a region, in bytes.
const REGION_BYTES_MAX: usize = 32;

/// A bucket, in whatever region it turns out to be.
#[derive(Debug)]
pub(super) struct Bucket {
    name: String,
    settings: Settings,
    place: RwLock<Place>,
}

/// How every bucket of a run is asked.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Credentials, region, timeouts.
    pub(super) config: SdkConfig,
    /// Another endpoint than AWS's own.
    pub(super) endpoint_url: Option<String>,
    /// The requester pays.
    pub(super) requester_pays: bool,
}

#[derive(Clone, Debug)]
struct Place {
    region: String,
    client: Client,
}

/// An object as a listing shows it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) key: String,
    /// In bytes.
    pub(super) size: u64,
    /// Without its quotes.
    pub(super) etag: Option<Box<str>>,
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Ordered by key.
    pub(super) objects: Vec<Listed>,
    /// Prefixes up to the next slash, when the page was asked for them.
    pub(super) folders: Vec<String>,
    /// Where to go on; `None` on the last page.
    pub(super) next: Option<String>,
}

/// Which keys a page shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    /// All keys begin so.
    pub(super) prefix: String,
    /// Keys behind this one.
    pub(super) after: Option<String>,
    /// Where an earlier page of the same query ended.
    pub(super) next: Option<String>,
    /// Keys with a further slash are shown as folders.
    pub(super) folders: bool,
    /// One key only.
    pub(super) one: bool,
}

/// An object's bytes, and what was stored beside them.
#[derive(Debug)]
pub(super) struct Content {
    /// The bytes, as stored.
    pub(super) bytes: Vec<u8>,
    /// `x-amz-meta-…`, without that.
    pub(super) metadata: BTreeMap<String, String>,
}

impl Settings {
    fn place(&self, region: &str) -> Place {
        let builder = aws_sdk_s3::config::Builder::from(&self.config)
            // All repeating is ours: what the client repeats is no part of the count.
            .retry_config(RetryConfig::disabled())
            .region(Region::new(region.to_owned()))
            .force_path_style(self.endpoint_url.is_some());
        let builder = match &self.endpoint_url {
            Some(url) => builder.endpoint_url(url),
            None => builder,
        };
        Place { region: region.to_owned(), client: Client::from_conf(builder.build()) }
    }

    fn payer(&self) -> Option<RequestPayer> {
        self.requester_pays.then_some(RequestPayer::Requester)
    }
}

impl Bucket {
    /// A bucket that is looked for in the region of the configuration first.
    pub(super) fn new(name: String, settings: Settings) -> Self {
        let region = settings.config.region().map(ToString::to_string).unwrap_or_default();
        let place = RwLock::new(settings.place(&region));
        Self { name, settings, place }
    }

    /// One page of keys. The error is a line for the user.
    pub(super) async fn page(&self, query: &Query, effort: &Effort) -> Result<Page, String> {
        effort.repeat(|| self.ask_page(query)).await
    }

    async fn ask_page(&self, query: &Query) -> Result<Page, Fault> {
        let mut place = self.place();
        loop {
            let request = place
                .client
                .list_objects_v2()
                .bucket(&self.name)
                .encoding_type(EncodingType::Url)
                .set_request_payer(self.settings.payer())
                .set_start_after(query.after.clone().filter(|after| !after.is_empty()))
                .set_continuation_token(query.next.clone())
                .set_delimiter(query.folders.then(|| "/".to_owned()))
                .set_max_keys(query.one.then_some(1))
                .set_prefix(Some(query.prefix.clone()).filter(|prefix| !prefix.is_empty()));
            let error = match request.send().await {
                Ok(answer) => return page(&answer),
                Err(error) => error,
            };
            let fault = Fault::of(&error, "s3:ListBucket");
            match self.elsewhere(&place, Redirection::of(&error)).await {
                Some(other) => place = other,
                None => return Err(fault),
            }
        }
    }

    /// All bytes of an object as it was when it was listed. The error is a line for the user.
    pub(super) async fn content(
        &self,
        key: &str,
        listed: &LogObject,
        effort: &Effort,
    ) -> Result<Content, String> {
        effort.repeat(|| self.ask_content(key, listed)).await
    }

    async fn ask_content(&self, key: &str, listed: &LogObject) -> Result<Content, Fault> {
        let mut place = self.place();
        loop {
            let request = place
                .client
                .get_object()
                .bucket(&self.name)
                .key(key)
                .set_request_payer(self.settings.payer());
            let error = match request.send().await {
                Ok(answer) => return content(answer, listed).await,
                Err(error) => error,
            };
            let fault = Fault::of(&error, "s3:GetObject");
            match self.elsewhere(&place, Redirection::of(&error)).await {
                Some(other) => place = other,
                None => return Err(fault),
            }
        }
    }

    fn place(&self) -> Place {
        self.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bucket's own region, when an answer shows that it is another one than `asked`. A redirection that
    /// does not say where to is followed by asking for it.
    async fn elsewhere(&self, asked: &Place, answer: Redirection) -> Option<Place> {
        let region = match answer {
            Redirection::To(region) => region,
            Redirection::Somewhere => match asked.client.head_bucket().bucket(&self.name).send().await {
                Ok(head) => head.bucket_region()?.to_owned(),
                Err(error) => error.raw_response()?.headers().get(BUCKET_REGION)?.to_owned(),
            },
            Redirection::None => return None,
        };
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if region == asked.region || region.len() > REGION_BYTES_MAX || !region.chars().all(plain) {
            return None;
        }
        let mut place = self.place.write().unwrap_or_else(PoisonError::into_inner);
        if place.region == asked.region {
            *place = self.settings.place(&region);
        }
        // Somebody else may have moved on already. Two regions that point at each other end the search.
        (place.region == region).then(|| place.clone())
    }
}

/// What an answer that is no success says about the place of the bucket.
enum Redirection {
    None,
    Somewhere,
    To(String),
}

impl Redirection {
    fn of<E>(error: &SdkError<E, HttpResponse>) -> Self {
        let Some(answer) = error.raw_response() else { return Self::None };
        match answer.headers().get(BUCKET_REGION) {
            Some(region) => Self::To(region.to_owned()),
            None if matches!(answer.status().as_u16(), 301 | 307) => Self::Somewhere,
            None => Self::None,
        }
    }
}

/// The page that an answer holds. Keys travel percent-encoded, because XML cannot hold every character.
fn page(answer: &ListObjectsV2Output) -> Result<Page, Fault> {
    let encoded = answer.encoding_type() == Some(&EncodingType::Url);
    let plain = |text: &str| {
        let plain = if encoded { decoded(text) } else { Some(text.to_owned()) };
        plain.ok_or_else(|| Fault::Passing("a key in the listing cannot be read".to_owned()))
    };
    let mut page = Page { objects: Vec::with_capacity(answer.contents().len()), ..Page::default() };
    for object in answer.contents() {
        let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let key = plain(object.key().unwrap_or_default())?;
        page.objects.push(Listed { key, size, etag: object.e_tag().map(|etag| unquoted(etag).into()) });
    }
    for folder in answer.common_prefixes() {
        page.folders.push(plain(folder.prefix().unwrap_or_default())?);
    }
    if answer.is_truncated() == Some(true) {
        let next = answer.next_continuation_token().map(ToOwned::to_owned);
        page.next = Some(next.ok_or_else(|| Fault::Passing("the listing breaks off".to_owned()))?);
    }
    Ok(page)
}

/// Collects a body. That it is whole is seen from its length, and from its checksum when it has one, which
/// the client compares at the end.
async fn content(answer: GetObjectOutput, listed: &LogObject) -> Result<Content, Fault> {
    // A ledger notes what was listed: other bytes must not be taken for these.
    if listed.etag.as_deref().zip(answer.e_tag()).is_some_and(|(listed, now)| *listed != *unquoted(now)) {
        return Err(Fault::Final("changed since it was listed; run it again".to_owned()));
    }
    let told = answer.content_length.and_then(|length| u64::try_from(length).ok());
    let expected = told.unwrap_or(listed.size);
    let metadata = answer.metadata.unwrap_or_default().into_iter().collect();
    let mut body = answer.body;
    let room = usize::try_from(expected.min(FILE_BYTES_MAX)).unwrap_or(0);
    let mut bytes: Vec<u8> = Vec::new();
    if bytes.try_reserve_exact(room).is_err() {
        return Err(Fault::Final(format!("no memory for {expected} bytes")));
    }
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| Fault::Passing(words(&error.into())))?;
        if bytes.len() as u64 + part.len() as u64 > FILE_BYTES_MAX {
            return Err(Fault::Final(format!("larger than {FILE_BYTES_MAX} bytes")));
        }
        bytes.extend_from_slice(&part);
    }
    if (bytes.len() as u64) < expected {
        return Err(Fault::Passing(format!("{} of {expected} bytes arrived", bytes.len())));
    }
    Ok(Content { bytes, metadata })
}

fn unquoted(etag: &str) -> &str {
    etag.trim_matches('"')
}

/// Undoes percent-encoding; a plus is a blank, as S3 writes it. `None` when the bytes are no Unicode.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_travel_encoded() {
        for (text, expect) in [
            ("AWSLogs/1/x.json.gz", Some("AWSLogs/1/x.json.gz")),
            ("a%2Bb+c%20d%0A%C3%A9", Some("a+b c d\né")),
            ("%ff", None),
            ("%4", None),
            ("%zz", None),
        ] {
            assert_eq!(decoded(text).as_deref(), expect, "{text}");
        }
    }
}
