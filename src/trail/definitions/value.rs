//! The values of a definition in one form each, so that equal things are equal text.

use super::Kind;
use crate::iam::arn;
use crate::trail::resource_map::is_access_point_alias;

/// The one form of a value: `s3://bucket/key`, an image without tag and digest, a key's id or ARN. `None`
/// when it does not tell the resource for certain: an alias, an access point, a text that is none of these.
pub fn canonical(kind: Kind, used: &str, value: &str) -> Option<String> {
    match kind {
        Kind::S3In | Kind::S3Out if used == "bucket" => bucket(value).map(|name| format!("s3://{name}/")),
        Kind::S3In | Kind::S3Out => s3(value),
        Kind::Image => image(value),
        Kind::KmsKey => is_key(value).then(|| value.to_owned()),
        _ => Some(value.to_owned()),
    }
}

/// `s3://bucket/` for a canonical S3 value.
pub fn whole_bucket(canonical: &str) -> Option<String> {
    let (bucket, _) = canonical.strip_prefix("s3://")?.split_once('/')?;
    Some(format!("s3://{bucket}/"))
}

fn s3(value: &str) -> Option<String> {
    let (name, key) = if let Some(rest) = value.strip_prefix("s3://") {
        rest.split_once('/').unwrap_or((rest, ""))
    } else if let Some(rest) = value.strip_prefix("https://") {
        of_url(rest)?
    } else {
        let parts = arn::split(value).filter(|parts| parts.service == "s3" && parts.account.is_empty())?;
        parts.resource.split_once('/').unwrap_or((parts.resource, ""))
    };
    Some(format!("s3://{}/{key}", bucket(name)?))
}

/// Bucket and key of `bucket.s3.region.amazonaws.com/key` or `s3.region.amazonaws.com/bucket/key`.
fn of_url(rest: &str) -> Option<(&str, &str)> {
    let (host, path) = rest.split_once('/')?;
    let at_aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    if !at_aws || path.contains(['%', '?', '#']) {
        return None;
    }
    if host.starts_with("s3.") || host.starts_with("s3-") {
        return Some(path.split_once('/').unwrap_or((path, "")));
    }
    let end = host.rfind(".s3.").or_else(|| host.rfind(".s3-"))?;
    Some((host.get(..end)?, path))
}

/// A bucket's name: letters, digits, dots, hyphens, and in old ones underscores; 3 to 255 characters
/// (S3 user guide, "Bucket naming rules"). An alias of an access point is none.
fn bucket(name: &str) -> Option<&str> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let sound = (3..=255).contains(&name.len()) && name.chars().all(good);
    (sound && !is_access_point_alias(name)).then_some(name)
}

/// `account.dkr.ecr.region.amazonaws.com/repository`.
fn image(value: &str) -> Option<String> {
    let (registry, rest) = value.split_once('/')?;
    let mut labels = registry.splitn(5, '.');
    let account = labels.next()?;
    let known = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let ecr = labels.next() == Some("dkr") && labels.next()?.starts_with("ecr");
    let region = labels.next()?;
    let place = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !known || !ecr || !place || !labels.next()?.starts_with("amazonaws.com") {
        return None;
    }
    let repository = rest.split(['@', ':']).next().unwrap_or_default();
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    (!repository.is_empty() && repository.chars().all(good))
        .then(|| format!("{account}.dkr.ecr.{region}.amazonaws.com/{repository}"))
}

/// Is it a key's id or ARN? An alias does not tell its key.
fn is_key(value: &str) -> bool {
    let id = match arn::split(value) {
        Some(parts) => {
            let id = parts.resource.strip_prefix("key/");
            id.filter(|_| parts.service == "kms" && !parts.region.is_empty() && !parts.account.is_empty())
        }
        None => Some(value),
    };
    id.is_some_and(|id| {
        (8..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_hexdigit() || b"-mrk".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_has_one_form() {
        for (kind, used, value, expect) in [
            (Kind::S3In, "", "s3://my-bucket/train/", Some("s3://my-bucket/train/")),
            (Kind::S3In, "", "s3://my-bucket", Some("s3://my-bucket/")),
            (
                Kind::S3In,
                "",
                "https://my-bucket.s3.eu-west-1.amazonaws.com/m.tar.gz",
                Some("s3://my-bucket/m.tar.gz"),
            ),
            (Kind::S3In, "", "https://s3.eu-west-1.amazonaws.com/my-bucket/a/b", Some("s3://my-bucket/a/b")),
            (Kind::S3In, "", "https://my-bucket.s3.amazonaws.com.evil.example/a", None),
            (Kind::S3In, "", "https://example.com/my-bucket/a", None),
            (Kind::S3In, "", "arn:aws:s3:::my-bucket", Some("s3://my-bucket/")),
            (Kind::S3In, "", "arn:aws:s3vectors:eu-west-1:111122223333:bucket/b", None),
            (Kind::S3In, "", "s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/p/a", None),
            (Kind::S3In, "", "s3://point-abc123-s3alias/a", None),
            (Kind::S3In, "", "s3://a*b/c", None),
            (Kind::S3In, "", "s3:///c", None),
            (Kind::S3In, "bucket", "my-bucket", Some("s3://my-bucket/")),
            (Kind::S3Out, "", "my-bucket", None),
            (
                Kind::Image,
                "",
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/model:v1@sha256:00",
                Some("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/model"),
            ),
            (Kind::Image, "", "docker.io/library/python:3", None),
            (Kind::Image, "", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/", None),
            (
                Kind::KmsKey,
                "",
                "6f1c7f0a-2b7d-4c55-9d0e-3a8f5b1e7c24",
                Some("6f1c7f0a-2b7d-4c55-9d0e-3a8f5b1e7c24"),
            ),
            (Kind::KmsKey, "", "alias/models", None),
            (Kind::KmsKey, "", "arn:aws:kms:eu-west-1:111122223333:alias/models", None),
            (Kind::KmsKey, "", "arn:aws:kms:eu-west-1:111122223333:key/*", None),
        ] {
            assert_eq!(canonical(kind, used, value).as_deref(), expect, "{value}");
        }
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(value in "(s3://|https://|arn:aws:s3:::)?[a-z.*/-]{0,12}(s3|/|é|\\$\\{)?[a-z/]{0,5}") {
            if let Some(one) = canonical(Kind::S3In, "", &value) {
                prop_assert_eq!(canonical(Kind::S3In, "", &one), Some(one.clone()));
                prop_assert!(whole_bucket(&one).is_some_and(|all| one.starts_with(&all)));
            }
        }
    }
}
