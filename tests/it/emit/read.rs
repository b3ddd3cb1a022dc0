//! Small readers of the emitted forms: as much of each language as the forms use, and nothing lenient.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A token of HCL, Python or TypeScript.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Text(String),
    Word(String),
    Mark(char),
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Language {
    Hcl,
    Python,
    TypeScript,
}

/// The tokens of a program. Comments are left out; a string that would be evaluated is refused.
pub(crate) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let comment = if language == Language::TypeScript { "//" } else { "#" };
        if rest.starts_with(comment) {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '"' {
            let (token, after) = string(rest, language);
            tokens.push(Token::Text(token));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("<<-JSON\n") {
            assert!(language == Language::Hcl);
            let (body, after) = after.split_once("\n  JSON\n").unwrap();
            tokens.push(Token::Text(untemplated(body)));
            rest = after;
        } else if word(first) || first == '-' {
            let end = rest[1..].find(|letter| !word(letter)).map_or(rest.len(), |end| end + 1);
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            tokens.push(Token::Mark(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

fn word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_.+-".contains(letter)
}

/// A string literal at the start of a text, and what is behind it. All languages share JSON's escapes.
fn string(text: &str, language: Language) -> (String, &str) {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        assert!(letter != '\n', "a string leaves its line");
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == '"' {
            let (literal, rest) = text.split_at(at + 1);
            let literal = if language == Language::Hcl { untemplated(literal) } else { literal.to_owned() };
            return (serde_json::from_str(&literal).unwrap(), rest);
        }
    }
    panic!("a string has no end");
}

/// HCL's templates: `$${` and `%%{` stand for `${` and `%{`, which may not be there otherwise.
fn untemplated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("$${") {
            out.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("%%{") {
            out.push_str("%{");
            rest = after;
        } else {
            assert!(!rest.starts_with("${") && !rest.starts_with("%{"), "a template: {rest}");
            let first = rest.chars().next().unwrap();
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// An expression of Python or TypeScript.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Json(Value),
    /// A name that is neither a constant nor a number.
    Name(String),
    List(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    Call(Call),
}

/// A call; named arguments of Python are members of `named`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) variable: String,
    pub(crate) arguments: Vec<Expression>,
    pub(crate) named: Vec<(String, Expression)>,
}

/// All calls of a function or class.
pub(crate) fn calls(tokens: &[Token], name: &str) -> Vec<Call> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if *token != Token::Word(name.to_owned()) || tokens.get(at + 1) != Some(&Token::Mark('(')) {
            continue;
        }
        let before: Vec<&Token> =
            tokens[..at].iter().rev().filter(|one| **one != Token::Word("new".to_owned())).take(2).collect();
        let mut call = Reader { tokens, at: at + 1 }.call();
        if let [Token::Mark('='), Token::Word(variable)] = before[..] {
            call.variable.clone_from(variable);
        }
        found.push(call);
    }
    found
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn next(&mut self) -> Token {
        self.at += 1;
        self.tokens[self.at - 1].clone()
    }

    fn takes(&mut self, mark: char) -> bool {
        let there = *self.peek() == Token::Mark(mark);
        self.at += usize::from(there);
        there
    }

    fn items(&mut self, close: char, mut item: impl FnMut(&mut Self)) {
        while !self.takes(close) {
            item(self);
            if !self.takes(',') {
                assert!(self.takes(close), "{:?}", self.peek());
                return;
            }
        }
    }

    fn call(&mut self) -> Call {
        assert!(self.takes('('));
        let mut call = Call { variable: String::new(), arguments: Vec::new(), named: Vec::new() };
        self.items(')', |reader| {
            let next = reader.tokens.get(reader.at + 1);
            if let (Token::Word(name), Some(Token::Mark('='))) = (reader.peek().clone(), next) {
                reader.at += 2;
                let value = reader.expression();
                call.named.push((name, value));
            } else {
                let value = reader.expression();
                call.arguments.push(value);
            }
        });
        call
    }

    fn expression(&mut self) -> Expression {
        match self.next() {
            Token::Text(text) => Expression::Json(Value::String(text)),
            Token::Mark('[') => {
                let mut list = Vec::new();
                self.items(']', |reader| list.push(reader.expression()));
                Expression::List(list)
            }
            Token::Mark('{') => {
                let mut members = Vec::new();
                self.items('}', |reader| {
                    let (Token::Text(key) | Token::Word(key)) = reader.next() else { panic!("no key") };
                    assert!(reader.takes(':'));
                    members.push((key, reader.expression()));
                });
                Expression::Object(members)
            }
            Token::Word(word) => match word.as_str() {
                "new" => self.expression(),
                "true" | "True" => Expression::Json(json!(true)),
                "false" | "False" => Expression::Json(json!(false)),
                "null" | "None" => Expression::Json(json!(null)),
                _ if *self.peek() == Token::Mark('(') => Expression::Call(self.call()),
                _ => match serde_json::from_str::<serde_json::Number>(&word) {
                    Ok(number) => Expression::Json(Value::Number(number)),
                    Err(_) => Expression::Name(word),
                },
            },
            Token::Mark(mark) => panic!("`{mark}` starts nothing"),
        }
    }
}

impl Call {
    /// The argument of a name: Python's, or a member of an object, whose names are in camel case.
    pub(crate) fn field(&self, name: &str) -> Option<&Expression> {
        let mut camel = String::new();
        let mut up = false;
        for letter in name.chars() {
            if letter == '_' {
                up = true;
            } else {
                camel.push(if up { letter.to_ascii_uppercase() } else { letter });
                up = false;
            }
        }
        let objects = self.arguments.iter().filter_map(|one| match one {
            Expression::Object(members) => Some(members),
            _ => None,
        });
        objects.flatten().chain(&self.named).find(|(key, _)| key == name || *key == camel).map(|(_, one)| one)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        match self.field(name) {
            Some(Expression::Json(Value::String(text))) => text.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }
}

impl Expression {
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::List(list) => list.iter().map(Self::json).collect(),
            Self::Object(members) => {
                let mut map = Map::new();
                for (key, value) in members {
                    assert!(map.insert(key.clone(), value.json()).is_none(), "{key} is there twice");
                }
                Value::Object(map)
            }
            other => panic!("no JSON: {other:?}"),
        }
    }

    /// An object, or a call with named arguments, as a call.
    pub(crate) fn fields(&self) -> Call {
        match self {
            Self::Call(call) => call.clone(),
            Self::Object(_) => {
                Call { variable: String::new(), arguments: vec![self.clone()], named: Vec::new() }
            }
            other => panic!("no fields: {other:?}"),
        }
    }

    pub(crate) fn list(&self) -> &[Expression] {
        match self {
            Self::List(list) => list,
            other => panic!("no list: {other:?}"),
        }
    }
}

/// A block of HCL: `resource "a" "b" { … }`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) labels: Vec<String>,
    pub(crate) values: BTreeMap<String, Vec<Token>>,
    pub(crate) blocks: Vec<Block>,
}

/// The blocks of a configuration.
pub(crate) fn hcl(text: &str) -> Vec<Block> {
    let mut tokens = tokens(text, Language::Hcl);
    tokens.push(Token::Mark('}'));
    let mut at = 0;
    let body = hcl_body(&tokens, &mut at);
    assert_eq!(at, tokens.len());
    body.blocks
}

fn hcl_body(tokens: &[Token], at: &mut usize) -> Block {
    let mut block = Block::default();
    loop {
        let word = match &tokens[*at] {
            Token::Mark('}') => {
                *at += 1;
                return block;
            }
            Token::Word(word) => word.clone(),
            other => panic!("{other:?}"),
        };
        *at += 1;
        if tokens[*at] == Token::Mark('=') {
            *at += 1;
            let start = *at;
            let mut depth = 0;
            // A value ends where, outside of brackets, the next one or the end begins.
            loop {
                match &tokens[*at] {
                    Token::Mark('[' | '(') => depth += 1,
                    Token::Mark(']' | ')') => depth -= 1,
                    _ => {}
                }
                *at += 1;
                let next = tokens.get(*at + 1);
                let calls = tokens[*at] == Token::Mark('(');
                let ends = matches!(tokens[*at], Token::Mark('}'))
                    || matches!(
                        (&tokens[*at], next),
                        (Token::Word(_), Some(Token::Mark('=' | '{') | Token::Text(_)))
                    );
                if depth == 0 && !calls && ends {
                    break;
                }
            }
            let value = tokens[start..*at].to_vec();
            assert!(block.values.insert(word, value).is_none());
            continue;
        }
        let mut labels = vec![word];
        while let Token::Text(label) = &tokens[*at] {
            labels.push(label.clone());
            *at += 1;
        }
        assert_eq!(tokens[*at], Token::Mark('{'), "{labels:?}");
        *at += 1;
        let mut inner = hcl_body(tokens, at);
        inner.labels = labels;
        block.blocks.push(inner);
    }
}

impl Block {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|tokens| match &tokens[..] {
            [Token::Text(text)] => text.clone(),
            other => panic!("{name}: {other:?}"),
        })
    }

    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let tokens = self.values.get(name)?;
        let text = |token: &Token| match token {
            Token::Text(text) => Some(text.clone()),
            Token::Mark('[' | ']' | ',') => None,
            other => panic!("{name}: {other:?}"),
        };
        Some(tokens.iter().filter_map(text).collect())
    }
}

/// YAML in block style, as the templates use it; comments stand at the start of lines.
pub(crate) fn yaml(text: &str) -> Value {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| (line.len() - line.trim_start_matches(' ').len(), line.trim_start_matches(' ')))
        .collect();
    let mut at = 0;
    let value = yaml_block(&lines, &mut at, 0);
    assert_eq!(at, lines.len(), "{:?}", lines.get(at));
    value
}

fn yaml_block(lines: &[(usize, &str)], at: &mut usize, indent: usize) -> Value {
    let mut list = Vec::new();
    let mut map = Map::new();
    while let Some(&(depth, line)) = lines.get(*at) {
        if depth != indent {
            assert!(depth < indent, "{line}");
            break;
        }
        if let Some(item) = line.strip_prefix("- ") {
            if let Some((key, value)) = yaml_key(item) {
                // The members of an object stand two columns behind the dash.
                let mut object = Map::new();
                *at += 1;
                object.insert(key, yaml_value(lines, at, indent + 2, value));
                if lines.get(*at).is_some_and(|&(depth, line)| depth == indent + 2 && !line.starts_with("- "))
                {
                    let Value::Object(more) = yaml_block(lines, at, indent + 2) else { panic!("{item}") };
                    object.extend(more);
                }
                list.push(Value::Object(object));
            } else {
                *at += 1;
                list.push(yaml_scalar(item));
            }
        } else {
            let (key, value) = yaml_key(line).unwrap_or_else(|| panic!("no key: {line}"));
            *at += 1;
            let value = yaml_value(lines, at, indent, value);
            assert!(map.insert(key, value).is_none(), "{line}");
        }
    }
    assert!(list.is_empty() || map.is_empty());
    if list.is_empty() { Value::Object(map) } else { Value::Array(list) }
}

/// `key: rest` or `key:`; the key bare or in quotes.
fn yaml_key(line: &str) -> Option<(String, &str)> {
    if line.starts_with('"') {
        let (key, rest) = string(line, Language::Python);
        return rest.strip_prefix(':').map(|rest| (key, rest));
    }
    let (key, rest) = match line.split_once(": ") {
        Some((key, _)) => (key, &line[key.len() + 1..]),
        None => (line.strip_suffix(':')?, ""),
    };
    Some((yaml_scalar(key).as_str().unwrap().to_owned(), rest))
}

fn yaml_value(lines: &[(usize, &str)], at: &mut usize, indent: usize, rest: &str) -> Value {
    if rest.is_empty() { yaml_block(lines, at, indent + 2) } else { yaml_scalar(rest.trim_start()) }
}

fn yaml_scalar(text: &str) -> Value {
    match text {
        "[]" => return json!([]),
        "{}" => return json!({}),
        "true" | "false" | "null" => return serde_json::from_str(text).unwrap(),
        _ => {}
    }
    if text.starts_with('"') {
        let (value, rest) = string(text, Language::Python);
        assert!(rest.is_empty(), "{text}");
        return Value::String(value);
    }
    if let Ok(number) = serde_json::from_str::<serde_json::Number>(text) {
        return Value::Number(number);
    }
    let bare = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.contains(|letter: char| letter.is_whitespace() || "#,[]{}&!|>'\"%@`".contains(letter))
        && !text.ends_with(':')
        && !["yes", "no", "on", "off", "y", "n", "true", "false", "null"]
            .contains(&text.to_lowercase().as_str());
    assert!(bare, "this must be in quotes: {text}");
    Value::String(text.to_owned())
}

/// The values that a script gives to a variable, in order: single quotes, `'\''` for one of them.
pub(crate) fn shell_values(script: &str, variable: &str) -> Vec<String> {
    let mut values = Vec::new();
    let start = format!("{variable}=");
    let indented = format!("\n  {start}");
    let mut rest = script;
    while let Some(at) = [rest.find(&format!("\n{start}")), rest.find(&indented)].into_iter().flatten().min()
    {
        rest = rest[at..].trim_start().strip_prefix(&start).unwrap();
        let mut value = String::new();
        // `new='…'` starts a word; `new=$(…)` is no value.
        while let Some(quoted) = rest.strip_prefix('\'') {
            let (part, after) = quoted.split_once('\'').unwrap();
            value.push_str(part);
            rest = after;
            if let Some(after) = rest.strip_prefix("\\'") {
                value.push('\'');
                rest = after;
            }
        }
        if !value.is_empty() {
            values.push(value);
        }
    }
    values
}
