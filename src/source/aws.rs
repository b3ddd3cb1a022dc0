//! What the sources in AWS share: who is asking, how answers are judged, and how often something is tried.

pub(super) mod effort;
pub(super) mod fault;

use super::open::{AwsOptions, OpenError};
use crate::escape;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_s3::error::{BoxError, DisplayErrorContext};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Threads that wait for the network. Decoding has threads of its own.
const NETWORK_THREADS: usize = 2;

/// Where to ask when nobody names a region; S3 says which other one is meant.
const REGION: &str = "us-east-1";

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the first byte of an answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// The longest text of a service that is shown, in characters.
const WORDS_MAX: usize = 300;

/// Starts the threads that wait for the network.
pub(super) fn runtime() -> Result<Runtime, OpenError> {
    let mut builder = Builder::new_multi_thread();
    Ok(builder.worker_threads(NETWORK_THREADS).thread_name("network").enable_all().build()?)
}

/// Finds credentials and region as the aws CLI does, assumes the role if there is one, and asks for the
/// credentials once: without them nothing else is worth trying.
pub(super) async fn session(options: &AwsOptions) -> Result<SdkConfig, OpenError> {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(timeouts);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let mut config = loader.load().await;
    if config.region().is_none() {
        config = config.into_builder().region(Region::from_static(REGION)).build();
    }
    let provider = config
        .credentials_provider()
        .ok_or_else(|| OpenError::NoCredentials("none are configured".to_owned()))?;
    let found = provider.provide_credentials().await;
    found.map_err(|error| OpenError::NoCredentials(words(&error.into())))?;
    let Some(role) = &options.role_arn else { return Ok(config) };
    let assumed =
        AssumeRoleProvider::builder(role).configure(&config).session_name("trailtrim").build().await;
    let refused = |error: BoxError| OpenError::NoRole { role: escape::terminal(role), why: words(&error) };
    assumed.provide_credentials().await.map_err(|error| refused(error.into()))?;
    Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(assumed)).build())
}

/// An error and its causes on one line, harmless and not too long.
pub(super) fn words(error: &BoxError) -> String {
    bounded(&DisplayErrorContext(&**error).to_string())
}

/// The words of a service: one line, harmless and not too long.
pub(super) fn bounded(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut end = line.char_indices().map(|(at, _)| at).skip(WORDS_MAX);
    match end.next().and_then(|at| line.get(..at)) {
        Some(start) => escape::terminal(start) + "…",
        None => escape::terminal(&line),
    }
}
