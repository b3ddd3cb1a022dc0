//! Services whose events need more than templates.

use super::{Call, Listed, Weighing, fields};
use crate::iam::Arn;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What the types of access points have in common: `AWS::S3::AccessPoint`, `AWS::S3ObjectLambda::AccessPoint`.
static ACCESS_POINT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("AccessPoint"));

/// What a special case found.
pub(super) enum Special {
    /// These and no others, possibly none.
    Only(Vec<(&'static str, Arn)>),
    None,
}

/// Services whose events need more than templates.
pub(super) fn special_case(call: &Call<'_>, weighing: &Weighing<'_>) -> Special {
    match weighing.action.service {
        "s3" => s3(call, weighing),
        "lambda" => lambda(call, weighing),
        "kms" if call.event.name == "ReEncrypt" => re_encrypt(call, weighing),
        _ => Special::None,
    }
}

fn s3(call: &Call<'_>, weighing: &Weighing<'_>) -> Special {
    let text = |name: &str| call.request.first_text(name);
    let copies = call.event.name.eq_ignore_ascii_case("CopyObject")
        || call.event.name.eq_ignore_ascii_case("UploadPartCopy");
    if copies && weighing.action.name.starts_with("GetObject") {
        // `resources[]` and `bucketName` speak of the target.
        return Special::Only(
            text("x-amz-copy-source")
                .and_then(|source| copied_from(call.partition, source))
                .into_iter()
                .collect(),
        );
    }
    let bucket = text("bucketName").unwrap_or_default();
    if copies && !bucket.starts_with("arn:") {
        // Whether `resources[]` lists the source besides the target is not documented.
        let targets = weighing.types.iter().filter(|kind| kind.found.name == "object");
        let built =
            targets.flat_map(|kind| call.built("s3", kind).into_iter().map(|arn| (kind.found.name, arn)));
        return Special::Only(built.filter(|_| !is_access_point_alias(bucket)).collect());
    }
    let is_point = |kind: &str| ACCESS_POINT.find(kind.as_bytes()).is_some();
    let point = call.event.resources.iter().find(|resource| is_point(&resource.kind));
    let point =
        point.map(|resource| &*resource.arn).or_else(|| Some(bucket).filter(|name| name.starts_with("arn:")));
    if let Some(point) = point {
        let object = text("key").map(|key| format!("{point}/object/{key}"));
        let found = weighing.types.iter().filter_map(|kind| {
            let arn = match kind.found.name {
                "accesspoint" => Some(point.to_owned()),
                "accesspointobject" => object.clone(),
                _ => None,
            }?;
            let parsed = Arn::parse(&arn).ok().filter(|_| kind.matches_text(&arn))?;
            Some((kind.found.name, Some(parsed).filter(|arn| !arn.as_str().contains(['*', '?']))?))
        });
        return Special::Only(found.collect());
    }
    if is_access_point_alias(bucket) { Special::Only(Vec::new()) } else { Special::None }
}

/// An alias of an access point looks like a bucket, but IAM weighs the access point.
pub(in crate::trail) fn is_access_point_alias(bucket: &str) -> bool {
    ["-s3alias", "--ol-s3", ".mrap"].iter().any(|end| bucket.ends_with(end))
}

/// `bucket/key?versionId=…`, percent-encoded, or an access point's ARN with `/object/key`.
fn copied_from(partition: &str, source: &str) -> Option<(&'static str, Arn)> {
    let source = source.split_once("?versionId=").map_or(source, |(front, _)| front);
    let decoded = fields::percent_decoded(source.strip_prefix('/').unwrap_or(source))?;
    if decoded.contains(['*', '?']) {
        return None;
    }
    if decoded.starts_with("arn:") {
        return Arn::parse(&decoded).ok().map(|arn| ("accesspointobject", arn));
    }
    let (bucket, key) = decoded.split_once('/')?;
    if bucket.is_empty() || key.is_empty() || is_access_point_alias(bucket) {
        return None;
    }
    Arn::parse(&format!("arn:{partition}:s3:::{bucket}/{key}")).ok().map(|arn| ("object", arn))
}

/// With a qualifier, IAM weighs the ARN of the version or the alias, which `resources[]` does not list.
fn lambda(call: &Call<'_>, weighing: &Weighing<'_>) -> Special {
    let Some(qualifier) = call.request.text("qualifier").filter(|qualifier| !qualifier.is_empty()) else {
        return Special::None;
    };
    let alias = weighing.type_named("function alias");
    let Some(function) = weighing.type_named("function") else { return Special::None };
    let plain = call.arns_of(weighing, function, &Listed::new(weighing, call.event));
    let [plain] = &plain[..] else { return Special::Only(Vec::new()) };
    let kind = alias.unwrap_or(function);
    let arn = Arn::parse(&format!("{plain}:{qualifier}")).ok();
    let good = |arn: &Arn| !arn.as_str().contains(['*', '?']) && !qualifier.contains([':', '/']);
    Special::Only(arn.filter(good).map(|arn| (kind.found.name, arn)).into_iter().collect())
}

/// The two keys of the call belong to different actions; `resources[]` lists both without saying which is which.
fn re_encrypt(call: &Call<'_>, weighing: &Weighing<'_>) -> Special {
    let wanted = if weighing.action.name == "ReEncryptFrom" { "sourceKeyId" } else { "destinationKeyId" };
    // An alias does not tell its key.
    let id = call
        .request
        .text(wanted)
        .filter(|id| !id.contains("alias/"))
        .map(|id| id.rsplit('/').next().unwrap_or(id));
    let listed = call.event.resources.iter().filter_map(|resource| Arn::parse(&resource.arn).ok());
    let ours = listed.filter(|arn| {
        arn.parts().service == "kms" && id.is_some() && arn.parts().resource.strip_prefix("key/") == id
    });
    Special::Only(ours.map(|arn| ("key", arn)).collect())
}
