//! Every form of a change, read back: the policies in it are the recommended ones, whatever they hold.

mod read;

use proptest::prelude::*;
use read::{Block, Call, Expression, Language, Token};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use trailtrim::grants::{AttachedPolicy, GrantedPrincipal, LastUsed, Original, PolicySource, PrincipalType};
use trailtrim::iam::contain::{Containment, equivalent};
use trailtrim::iam::{Arn, PolicyDocument};
use trailtrim::recommend::emit::{self, Format, PrincipalChange};
use trailtrim::recommend::{Proof, Recommendation, ReplayCounts, Status, Step};

/// A policy to be changed: its source, the step, the new documents.
pub(crate) type Case = (PolicySource, Step, Vec<Value>);

const OLD: &str = "{\n \"Version\": \"2012-10-17\",\t\"Statement\": []}\n";

pub(crate) fn principal(kind: PrincipalType, name: &str, cases: &[Case], trust: &Value) -> GrantedPrincipal {
    let word = if kind == PrincipalType::Role { "role" } else { "user" };
    let policies = cases.iter().enumerate().map(|(index, (source, ..))| AttachedPolicy {
        name: format!("P{index}"),
        source: source.clone(),
        document: PolicyDocument::parse(OLD).ok().map(Arc::new),
        original: Some(Arc::new(Original { text: OLD.to_owned(), exact: true })),
        default_version: Some("v3".to_owned()),
        holders: 1,
        versions: Vec::new(),
    });
    let arn = Arn::parse(&format!("arn:aws:iam::111122223333:{word}/a/{name}")).unwrap();
    GrantedPrincipal {
        kind,
        id: "AROA1".to_owned(),
        name: name.to_owned(),
        path: "/a/".to_owned(),
        account: arn.account(),
        arn,
        created: None,
        last_used: LastUsed::NotInSnapshot,
        tags: BTreeMap::from([("it's ${x}\" %{y}".to_owned(), "\\\u{202e}\n#".to_owned())]),
        trust: (kind == PrincipalType::Role).then(|| PolicyDocument::parse(&trust.to_string()).unwrap()),
        boundary: None,
        policies: policies.collect(),
    }
}

pub(crate) fn recommendations(cases: &[Case]) -> Vec<Recommendation> {
    let one = |(index, (_, step, documents)): (usize, &Case)| Recommendation {
        policy: index,
        step: *step,
        documents: documents.iter().map(|one| PolicyDocument::parse(&one.to_string()).unwrap()).collect(),
        changes: Vec::new(),
        size_chars: 0,
        quota_chars: 0,
        choice: None,
        backtest: Arc::default(),
        proof: Proof {
            containment: Containment::Proved { tier: 0 },
            replay: ReplayCounts::default(),
            invalid: None,
        },
        status: Status::Ready,
    };
    cases.iter().enumerate().map(one).collect()
}

/// What IAM makes no difference of: one string or a list of it, order and repetition in lists, the version
/// that is meant when there is none, an empty Sid, and booleans and numbers as text.
pub(crate) fn meaning(document: &Value) -> Value {
    let mut document = document.clone();
    let text = document.to_string();
    let members = document.as_object_mut().unwrap();
    let version = members.entry("Version").or_insert(json!("2008-10-17"));
    // Without a `${` the versions mean the same.
    if *version == "2008-10-17" && !text.contains("${") {
        *version = json!("2012-10-17");
    }
    let statements = members.get_mut("Statement").unwrap();
    if statements.is_object() {
        *statements = json!([statements]);
    }
    for statement in statements.as_array_mut().unwrap() {
        let statement = statement.as_object_mut().unwrap();
        if statement.get("Sid").is_some_and(|sid| sid == "") {
            statement.remove("Sid");
        }
        for (key, value) in statement.iter_mut() {
            match key.as_str() {
                "Action" | "NotAction" | "Resource" | "NotResource" => *value = set(value),
                "Principal" | "NotPrincipal" => {
                    if let Value::Object(types) = value {
                        types.values_mut().for_each(|value| *value = set(value));
                    }
                }
                "Condition" => {
                    for keys in value.as_object_mut().unwrap().values_mut() {
                        keys.as_object_mut().unwrap().values_mut().for_each(|value| *value = set(value));
                    }
                }
                _ => {}
            }
        }
    }
    sorted(&document)
}

fn set(value: &Value) -> Value {
    let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    let set: std::collections::BTreeSet<String> = list.iter().map(text).collect();
    json!(set)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> =
                members.iter().map(|(key, value)| (key, sorted(value))).collect();
            json!(members)
        }
        Value::Array(values) => values.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The documents of an output, by the name of the policy.
type Found = Vec<(String, Value)>;

/// A document of a template: a value, or the text of one.
fn opened(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap(),
        value => value,
    }
}

fn from_json(text: &str) -> Found {
    let whole: Value = serde_json::from_str(text).unwrap();
    assert_eq!(whole["schema"], "trailtrim.recommend/v1");
    let changes =
        whole["principals"].as_array().unwrap().iter().flat_map(|one| one["changes"].as_array().unwrap());
    let documents = changes.flat_map(|one| one["documents"].as_array().unwrap());
    documents.map(|one| (one["name"].as_str().unwrap().to_owned(), one["document"].clone())).collect()
}

fn from_yaml(text: &str) -> Found {
    let whole = read::yaml(text);
    let resources = whole["Resources"].as_object().unwrap().values();
    let one = |resource: &Value| {
        let properties = &resource["Properties"];
        let name = properties.get("PolicyName").unwrap_or(&properties["ManagedPolicyName"]);
        assert_eq!(resource["DeletionPolicy"], "Retain");
        (name.as_str().unwrap().to_owned(), opened(properties["PolicyDocument"].clone()))
    };
    resources.map(one).collect()
}

/// A statement or a document in the terms of `aws_iam_policy_document`, as JSON.
fn built(version: &str, id: Option<String>, statements: &[Value]) -> Value {
    let mut document = json!({ "Version": version, "Statement": statements });
    if let Some(id) = id {
        document["Id"] = json!(id);
    }
    document
}

fn add_condition(statement: &mut Value, test: String, variable: String, values: Value) {
    let place = statement.as_object_mut().unwrap().entry("Condition").or_insert(json!({}));
    let keys = place.as_object_mut().unwrap().entry(test).or_insert(json!({}));
    assert!(keys.as_object_mut().unwrap().insert(variable, values).is_none());
}

fn add_principal(statement: &mut Value, name: &str, kind: String, values: Value) {
    if kind == "*" {
        statement[name] = json!("*");
        return;
    }
    let place = statement.as_object_mut().unwrap().entry(name).or_insert(json!({}));
    assert!(place.as_object_mut().unwrap().insert(kind, values).is_none());
}

const LISTS: [(&str, &str); 4] = [
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];

fn from_hcl(text: &str) -> Found {
    let blocks = read::hcl(text);
    let mut documents: BTreeMap<String, Value> = BTreeMap::new();
    for block in &blocks {
        let labels: Vec<&str> = block.labels.iter().map(String::as_str).collect();
        match labels[..] {
            ["data", "aws_iam_policy_document", name] => {
                let statements = block.blocks.iter().map(hcl_statement).collect::<Vec<_>>();
                let document = built(&block.text("version").unwrap(), block.text("policy_id"), &statements);
                documents.insert(format!("data.aws_iam_policy_document.{name}.json"), document);
            }
            ["locals"] => {
                for name in block.values.keys() {
                    let json = block.text(name).unwrap();
                    documents.insert(format!("local.{name}"), serde_json::from_str(&json).unwrap());
                }
            }
            _ => {}
        }
    }
    let policies = blocks.iter().filter(|block| block.values.contains_key("policy"));
    let one = |block: &Block| {
        let [Token::Word(expression)] = &block.values["policy"][..] else { panic!("{block:?}") };
        (block.text("name").unwrap(), documents[expression].clone())
    };
    policies.map(one).collect()
}

fn hcl_statement(block: &Block) -> Value {
    let mut statement = json!({ "Effect": block.text("effect").unwrap() });
    if let Some(sid) = block.text("sid") {
        statement["Sid"] = json!(sid);
    }
    for (name, key) in LISTS {
        if let Some(list) = block.list(name) {
            statement[key] = json!(list);
        }
    }
    for inner in &block.blocks {
        match inner.labels[0].as_str() {
            "condition" => {
                let (test, variable) = (inner.text("test").unwrap(), inner.text("variable").unwrap());
                add_condition(&mut statement, test, variable, json!(inner.list("values").unwrap()));
            }
            name => {
                let name = if name == "principals" { "Principal" } else { "NotPrincipal" };
                let values = json!(inner.list("identifiers").unwrap());
                add_principal(&mut statement, name, inner.text("type").unwrap(), values);
            }
        }
    }
    statement
}

fn from_pulumi(text: &str, language: Language) -> Found {
    let tokens = read::tokens(text, language);
    let lookup = if language == Language::Python {
        "aws.iam.get_policy_document"
    } else {
        "aws.iam.getPolicyDocumentOutput"
    };
    let mut documents: BTreeMap<String, Value> = BTreeMap::new();
    for call in read::calls(&tokens, lookup) {
        let statements = call.field("statements").unwrap().list().iter();
        let id = call.field("policy_id").map(|_| call.text("policy_id"));
        let statements = statements.map(|one| pulumi_statement(&one.fields())).collect::<Vec<_>>();
        documents.insert(format!("{}.json", call.variable), built(&call.text("version"), id, &statements));
    }
    let mut found = Vec::new();
    for class in ["aws.iam.RolePolicy", "aws.iam.UserPolicy", "aws.iam.Policy"] {
        for call in read::calls(&tokens, class) {
            found.push((call.text("name"), pulumi_json(call.field("policy").unwrap(), &documents)));
        }
    }
    for call in read::calls(&tokens, "aws.iam.Role") {
        let trust = pulumi_json(call.field("assume_role_policy").unwrap(), &documents);
        found.push(("trust".to_owned(), trust));
    }
    found
}

/// A document: the JSON of a literal, or what a lookup made.
fn pulumi_json(value: &Expression, documents: &BTreeMap<String, Value>) -> Value {
    match value {
        Expression::Call(call) => call.arguments[0].json(),
        Expression::Name(name) => documents[name].clone(),
        other => panic!("{other:?}"),
    }
}

fn pulumi_statement(call: &Call) -> Value {
    let mut statement = json!({ "Effect": call.text("effect") });
    if call.field("sid").is_some() {
        statement["Sid"] = json!(call.text("sid"));
    }
    for (name, key) in LISTS {
        if let Some(list) = call.field(name) {
            statement[key] = list.json();
        }
    }
    for condition in call.field("conditions").map(Expression::list).unwrap_or_default() {
        let condition = condition.fields();
        let values = condition.field("values").unwrap().json();
        add_condition(&mut statement, condition.text("test"), condition.text("variable"), values);
    }
    for (name, key) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        for one in call.field(name).map(Expression::list).unwrap_or_default() {
            let one = one.fields();
            let values = one.field("identifiers").unwrap().json();
            add_principal(&mut statement, key, one.text("type"), values);
        }
    }
    statement
}

fn from_cdk(text: &str) -> Found {
    let tokens = read::tokens(text, Language::TypeScript);
    let mut found = Vec::new();
    for class in ["iam.CfnRolePolicy", "iam.CfnUserPolicy", "iam.CfnManagedPolicy"] {
        for call in read::calls(&tokens, class) {
            let name = if class == "iam.CfnManagedPolicy" { "managed_policy_name" } else { "policy_name" };
            let given = read::calls(&tokens, &format!("{}.addPropertyOverride", call.variable));
            let document = match call.field("policy_document").unwrap() {
                _ if !given.is_empty() => opened(given[0].arguments[1].json()),
                Expression::Call(document) => {
                    let statements = document.field("statements").unwrap().list().iter();
                    let statements = statements.map(|one| cdk_statement(&one.fields())).collect::<Vec<_>>();
                    built("2012-10-17", None, &statements)
                }
                other => opened(other.json()),
            };
            found.push((call.text(name), document));
        }
    }
    found
}

fn cdk_statement(call: &Call) -> Value {
    let mut statement = Map::new();
    for (name, key) in LISTS.iter().chain(&[("sid", "Sid"), ("conditions", "Condition")]) {
        if let Some(value) = call.field(name) {
            statement.insert((*key).to_owned(), value.json());
        }
    }
    let Some(Expression::Name(effect)) = call.field("effect") else { panic!("{call:?}") };
    let effect = if effect == "iam.Effect.ALLOW" { "Allow" } else { "Deny" };
    statement.insert("Effect".to_owned(), json!(effect));
    Value::Object(statement)
}

fn from_markdown(text: &str) -> Found {
    let mut found = Vec::new();
    let mut name = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(one) = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:")) {
            one.clone_into(&mut name);
        }
        let ticks = line.len() - line.trim_start_matches('`').len();
        let language = line.trim_start_matches('`');
        if ticks < 3 || !["json", "diff"].contains(&language) {
            continue;
        }
        let body: Vec<&str> = lines.by_ref().take_while(|one| *one != "`".repeat(ticks)).collect();
        let kept = body.iter().filter(|line| language == "json" || !line.starts_with('-'));
        let text: Vec<&str> = kept.map(|line| if language == "json" { line } else { &line[1..] }).collect();
        found.push((name.clone(), serde_json::from_str(&text.join("\n")).unwrap()));
    }
    found
}

/// A script holds documents without the names, in the order of the changes.
fn from_script(text: &str, names: &[String]) -> Found {
    let values = read::shell_values(text, "new").into_iter().map(|one| serde_json::from_str(&one).unwrap());
    names.iter().cloned().zip(values).collect()
}

fn check(kind: PrincipalType, cases: &[Case], trust: &Value) {
    let principal = principal(kind, "Worker", cases, trust);
    let recommendations = recommendations(cases);
    let change = PrincipalChange::new(&principal, &recommendations);
    assert_eq!((change.policies.len(), &change.left_out), (cases.len(), &Vec::new()));
    let new = || change.policies.iter().flat_map(|one| &one.documents);
    let names: Vec<String> = new().map(|one| one.name.clone()).collect();
    let expect: BTreeMap<String, Value> = new()
        .zip(cases.iter().flat_map(|one| &one.2))
        .map(|(one, document)| (one.name.clone(), meaning(document)))
        .collect();
    let changes = [change];
    for (format, read) in [
        (Format::Json, &from_json as &dyn Fn(&str) -> Found),
        (Format::Terraform, &from_hcl),
        (Format::CloudFormation, &from_yaml),
        (Format::PulumiPython, &|text| from_pulumi(text, Language::Python)),
        (Format::PulumiTypescript, &|text| from_pulumi(text, Language::TypeScript)),
        (Format::CdkTypescript, &from_cdk),
        (Format::Markdown, &from_markdown),
        (Format::AwsCli, &|text| from_script(text, &names)),
        (Format::AwsCliRollback, &|text| from_script(text, &names)),
    ] {
        let text = emit::text(format, &changes);
        let plain = |letter: char| letter == '\n' || !trailtrim::escape::deceives(letter);
        // The rollback restores the old text, with its blanks.
        let plain = |letter: char| plain(letter) || (format == Format::AwsCliRollback && letter == '\t');
        assert!(text.chars().all(plain), "{format:?}");
        let mut found: BTreeMap<String, Value> = BTreeMap::new();
        for (name, document) in read(&text) {
            if name == "trust" {
                assert_eq!(meaning(&document), meaning(trust), "{format:?}");
                continue;
            }
            // The engine takes its time, so it is asked about one of them.
            if name == "P0" {
                same_for_the_engine(&document, &cases[0].2[0]);
            }
            assert!(found.insert(name, meaning(&document)).is_none());
        }
        assert_eq!(found, expect, "{format:?}\n{text}");
    }
}

fn same_for_the_engine(a: &Value, b: &Value) {
    if a == b {
        return;
    }
    let [a, b] = [a, b].map(|one| PolicyDocument::parse(&one.to_string()).unwrap());
    let (there, back) = equivalent(&[&a], &[&b]);
    assert!(!matches!(there, Containment::Refuted(_)), "{there:?}");
    assert!(!matches!(back, Containment::Refuted(_)), "{back:?}");
}

/// Letters that mean something to one of the languages, and pieces that do to several.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "${aws:username}",
            "$${",
            "%{if}",
            "${",
            "%%{",
            "$",
            "%",
            "&{aws:userid}",
            "'",
            "\"",
            "\\",
            "\\n",
            "`",
            "```",
            "$(id)",
            "\n",
            "\t",
            "\u{1b}[31m",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{202e}",
            "é",
            "#",
            "//",
            "*/",
            "<!--",
            "{{resolve:ssm:x}}",
            "${Token[TOKEN.1]}",
            ": ",
            " #",
            "- ",
            "!Ref x",
            "JSON",
            "\n  JSON\n",
            "EOT",
            "\u{0}",
            "'\\''",
            "|",
            "~",
            "yes",
            "1e3",
            "'''",
            "\"\"\"",
            "\nnew='{}'\n",
        ])
        .prop_map(str::to_owned),
        "[a-z*?]{1,3}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn one_or_more(one: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Value> {
    let list = prop::collection::vec(one, 1..4);
    (list, any::<bool>()).prop_map(|(list, bare)| if bare { json!(list[0]) } else { json!(list) })
}

fn condition() -> impl Strategy<Value = Value> {
    let operator = prop_oneof![
        Just("StringLike".to_owned()),
        Just("ForAllValues:StringEqualsIfExists".to_owned()),
        Just("Bool".to_owned()),
        Just("Ref".to_owned()),
        hostile(),
    ];
    let value = prop_oneof![
        4 => hostile().prop_map(Value::String),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => (-5i64..5000).prop_map(|number| json!(number)),
        1 => Just(json!(1.5)),
    ];
    let values = (prop::collection::vec(value, 0..3), any::<bool>()).prop_map(|(values, bare)| {
        if bare && values.len() == 1 { values[0].clone() } else { Value::Array(values) }
    });
    let keys = prop::collection::btree_map(hostile(), values, 1..3);
    prop::collection::btree_map(operator, keys, 1..3).prop_map(|blocks| json!(blocks))
}

fn statement(is_trust: bool) -> impl Strategy<Value = Value> {
    let action =
        prop_oneof![2 => Just("s3:Get*".to_owned()), 1 => Just("s3:Get??ject".to_owned()), 1 => hostile()];
    let resource = prop_oneof![1 => Just("arn:aws:s3:::b/${aws:username}/*".to_owned()), 2 => hostile()];
    let principals = prop_oneof![
        Just(json!("*")),
        (prop::sample::select(vec!["AWS", "Service", "Odd"]), one_or_more(hostile()))
            .prop_map(|(kind, values)| json!({ kind: values })),
        one_or_more(hostile()).prop_map(|values| json!({ "Federated": values, "AWS": "1" })),
    ];
    (
        prop::option::of(hostile()),
        any::<bool>(),
        (any::<bool>(), one_or_more(action)),
        (any::<bool>(), prop_oneof![9 => one_or_more(resource), 1 => Just(json!([]))]),
        prop::option::weighted(0.5, condition()),
        (any::<bool>(), principals),
        prop::option::weighted(0.1, hostile()),
    )
        .prop_map(move |(sid, allow, action, resource, condition, principal, unknown)| {
            let not = |(negated, value): (bool, Value), name: &str| {
                (if negated { format!("Not{name}") } else { name.to_owned() }, value)
            };
            let mut statement = Map::new();
            statement.extend(sid.map(|sid| ("Sid".to_owned(), json!(sid))));
            statement.insert("Effect".to_owned(), json!(if allow { "Allow" } else { "Deny" }));
            if is_trust {
                statement.extend([not(principal, "Principal")]);
            } else {
                statement.extend([not(resource, "Resource")]);
            }
            statement.extend([not(action, "Action")]);
            statement.extend(condition.map(|one| ("Condition".to_owned(), one)));
            statement.extend(unknown.map(|one| ("Odd".to_owned(), json!({ "Fn::Sub": one }))));
            Value::Object(statement)
        })
}

fn document(is_trust: bool) -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec![Some("2012-10-17"), Some("2012-10-17"), Some("2008-10-17"), None]),
        prop::option::weighted(0.1, hostile()),
        prop::collection::vec(statement(is_trust), 1..4),
        any::<bool>(),
    )
        .prop_map(|(version, id, mut statements, single)| {
            let mut document = Map::new();
            document.extend(version.map(|version| ("Version".to_owned(), json!(version))));
            document.extend(id.map(|id| ("Id".to_owned(), json!(id))));
            let statement = if single { statements.remove(0) } else { json!(statements) };
            document.insert("Statement".to_owned(), statement);
            Value::Object(document)
        })
}

fn managed(name: &str) -> PolicySource {
    PolicySource::CustomerManaged { arn: format!("arn:aws:iam::111122223333:policy/p/${{x}}'`\"/{name}") }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn every_form_reads_back(
        documents in prop::collection::vec(document(false), 5),
        trust in document(true),
        is_role in any::<bool>(),
    ) {
        let [a, b, c, d, e] = &documents[..] else { panic!("five documents") };
        let cases = [
            (PolicySource::Inline, Step::PutInline, vec![a.clone()]),
            (managed("P1"), Step::NewVersion, vec![b.clone()]),
            (managed("P2"), Step::CreateAndDetach, vec![c.clone(), d.clone()]),
            (PolicySource::AwsManaged { arn: "arn:aws:iam::aws:policy/P3".to_owned() }, Step::CreateAndDetach, vec![e.clone()]),
            (PolicySource::Inline, Step::DeleteInline, vec![]),
            (managed("P5"), Step::Detach, vec![]),
        ];
        check(if is_role { PrincipalType::Role } else { PrincipalType::User }, &cases, &trust);
    }
}
