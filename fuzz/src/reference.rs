//! The obviously right decoder: `serde_json` into the full value, then field by field.

use serde_json::Value;
use trailtrim::trail::event::Event;

/// What is compared: every field as text.
pub fn shown(event: &Event<'_>) -> Vec<String> {
    let identity = &event.identity;
    let issuer = identity.issuer.clone().unwrap_or_default();
    let account =
        |account: Option<trailtrim::iam::AccountId>| account.map(|id| id.to_string()).unwrap_or_default();
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string()).unwrap_or_default();
    // Damaged text can be good enough for the walk and not for a parser.
    let json = |raw: Option<&str>| {
        raw.map(|raw| serde_json::from_str(raw).map_or(raw.to_owned(), |value: Value| value.to_string()))
    };
    let resources: Vec<String> = event
        .resources
        .iter()
        .map(|resource| format!("{}|{}|{}", resource.arn, account(resource.account), resource.kind))
        .collect();
    vec![
        event.id.to_string(),
        event.time.to_string(),
        event.source.to_string(),
        event.name.to_string(),
        event.region.to_string(),
        account(event.recipient_account),
        flag(event.read_only),
        event.error_code.to_string(),
        event.error_message.to_string(),
        event.user_agent.to_string(),
        resources.join(","),
        json(event.request.raw()).unwrap_or_default(),
        json(event.response.raw()).unwrap_or_default(),
        identity.kind.to_string(),
        identity.principal_id.to_string(),
        identity.arn.to_string(),
        account(identity.account),
        identity.invoked_by.to_string(),
        flag(identity.mfa),
        issuer.arn.to_string(),
        issuer.principal_id.to_string(),
    ]
}

/// The same from a full value; `None` when the record is unusable.
pub fn reference(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => String::new(),
    };
    let at = |pointer: &str| value.pointer(pointer).map(text).unwrap_or_default();
    let account = |text: String| {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) { text } else { String::new() }
    };
    let flag = |text: String| match text.to_lowercase().as_str() {
        "true" => "true".to_owned(),
        "false" => "false".to_owned(),
        _ => String::new(),
    };
    let json = |key: &str| value.get(key).filter(|value| !value.is_null()).map(Value::to_string);
    let identity = value.get("userIdentity").unwrap_or(&Value::Null);
    let (source, name, time) = (at("/eventSource"), at("/eventName"), at("/eventTime"));
    let usable = identity.is_null() || identity.is_object();
    if source.is_empty() || name.is_empty() || time.is_empty() || !usable {
        return None;
    }
    let resources: Vec<String> = value
        .get("resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|resource| {
            let member = |key: &str| resource.get(key).map(text).unwrap_or_default();
            format!("{}|{}|{}", member("ARN"), account(member("accountId")), member("type"))
        })
        .filter(|resource| resource != "||")
        .collect();
    let issuer = "/userIdentity/sessionContext/sessionIssuer";
    Some(vec![
        at("/eventID"),
        time,
        source,
        name,
        at("/awsRegion"),
        account(at("/recipientAccountId")),
        flag(at("/readOnly")),
        at("/errorCode"),
        at("/errorMessage"),
        at("/userAgent"),
        resources.join(","),
        json("requestParameters").unwrap_or_default(),
        json("responseElements").unwrap_or_default(),
        at("/userIdentity/type"),
        at("/userIdentity/principalId"),
        at("/userIdentity/arn"),
        account(at("/userIdentity/accountId")),
        at("/userIdentity/invokedBy"),
        flag(at("/userIdentity/sessionContext/attributes/mfaAuthenticated")),
        at(&format!("{issuer}/arn")),
        at(&format!("{issuer}/principalId")),
    ])
}
