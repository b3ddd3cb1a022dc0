//! `x IN ('a', 'b')` written as `(x = 'a' OR x = 'b')`. The two mean the same, but polars reads a whole table
//! before a join when a list stands in what it is filtered by (0.55: a list counts as an aggregate).

/// A piece of an SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'s> {
    /// A name or keyword.
    Word(&'s str),
    /// A text in quotes, or a number.
    Literal(&'s str),
    /// Anything else that is no blank and no comment.
    Sign(&'s str),
    /// Blanks and comments.
    Blank(&'s str),
}

impl<'s> Token<'s> {
    fn text(self) -> &'s str {
        match self {
            Self::Word(text) | Self::Literal(text) | Self::Sign(text) | Self::Blank(text) => text,
        }
    }

    fn is(self, text: &str) -> bool {
        !matches!(self, Self::Literal(_)) && self.text().eq_ignore_ascii_case(text)
    }
}

/// The same query without lists of literals behind columns.
pub(super) fn spelled_out(sql: &str) -> String {
    let tokens = tokens(sql);
    // The tokens that count, by their places.
    let solid: Vec<usize> =
        (0..tokens.len()).filter(|place| !matches!(tokens.get(*place), Some(Token::Blank(_)))).collect();
    let at = |place: usize| solid.get(place).and_then(|place| tokens.get(*place)).copied();
    let mut out = String::with_capacity(sql.len() * 2);
    let mut written = 0;
    let mut place = 0;
    while place < solid.len() {
        if let Some((text, end)) = list(place, &at)
            && let (Some(first), Some(last)) = (solid.get(place), solid.get(end))
        {
            tokens.iter().take(*first).skip(written).for_each(|token| out.push_str(token.text()));
            out.push_str(&text);
            written = last + 1;
            place = end;
        }
        place += 1;
    }
    tokens.iter().skip(written).for_each(|token| out.push_str(token.text()));
    out
}

/// The list that begins with its column at a place, spelled out, and the place of its last token.
fn list<'s>(start: usize, at: &impl Fn(usize) -> Option<Token<'s>>) -> Option<(String, usize)> {
    // Behind other words the column may be the end of a longer expression.
    let before = at(start.checked_sub(1)?)?;
    let stands_alone = ["WHERE", "AND", "OR", "NOT", "ON", "WHEN", "("].iter().any(|word| before.is(word));
    let is_range = start >= 3 && at(start - 3).is_some_and(|token| token.is("BETWEEN"));
    if !stands_alone || is_range {
        return None;
    }
    let Token::Word(name) = at(start)? else { return None };
    let mut column = name.to_owned();
    let mut next = start + 1;
    if at(next)?.is(".") {
        let Token::Word(member) = at(next + 1)? else { return None };
        column = format!("{name}.{member}");
        next += 2;
    }
    let negated = at(next)?.is("NOT");
    next += usize::from(negated);
    if !at(next)?.is("IN") || !at(next + 1)?.is("(") {
        return None;
    }
    next += 2;
    let (sign, between) = if negated { ("<>", " AND ") } else { ("=", " OR ") };
    let mut parts = Vec::new();
    loop {
        let Token::Literal(value) = at(next)? else { return None };
        parts.push(format!("{column} {sign} {value}"));
        match at(next + 1)? {
            token if token.is(",") => next += 2,
            token if token.is(")") => return Some((format!("({})", parts.join(between)), next + 1)),
            _ => return None,
        }
    }
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut all = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let until = |stop: &dyn Fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let closed = |open: usize, end: &str| {
            let body = rest.get(open..).unwrap_or_default();
            body.find(end).map_or(rest.len(), |found| open + found + end.len())
        };
        let length = match first {
            _ if rest.starts_with("--") => closed(2, "\n"),
            _ if rest.starts_with("/*") => closed(2, "*/"),
            '\'' | '"' | '`' => quoted(rest, first),
            _ if first.is_whitespace() => until(&|letter| !letter.is_whitespace()),
            '0'..='9' => until(&|letter| !is_name(letter) && letter != '.'),
            _ if is_name(first) => until(&|letter| !is_name(letter)),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        all.push(match first {
            _ if piece.starts_with("--") || piece.starts_with("/*") => Token::Blank(piece),
            _ if first.is_whitespace() => Token::Blank(piece),
            '\'' | '0'..='9' => Token::Literal(piece),
            _ if is_name(first) => Token::Word(piece),
            _ => Token::Sign(piece),
        });
        rest = after;
    }
    all
}

/// The length of a quoted text at the beginning; a quote in it is written twice.
fn quoted(text: &str, quote: char) -> usize {
    let mut open = false;
    for (at, letter) in text.char_indices() {
        if letter == quote {
            open = !open;
        } else if !open {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_spelled_out() {
        for (sql, expect) in [
            ("WHERE a IN ('x')", "WHERE (a = 'x')"),
            ("WHERE e.a in\n ('x', 2)  AND b = 1", "WHERE (e.a = 'x' OR e.a = 2)  AND b = 1"),
            ("ON a NOT IN ('x','y')", "ON (a <> 'x' AND a <> 'y')"),
            ("OR NOT a IN ('it''s', 'IN (1)')", "OR NOT (a = 'it''s' OR a = 'IN (1)')"),
            ("((a IN (1)) AND (b IN (2)))", "(((a = 1)) AND ((b = 2)))"),
            ("WHERE a IN ('x') OR b IN ('y')", "WHERE (a = 'x') OR (b = 'y')"),
        ] {
            assert_eq!(spelled_out(sql), expect);
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for sql in [
            "",
            "WHERE a || b IN ('x')",
            "WHERE a IN (SELECT x FROM y)",
            "WHERE a IN (b, 'x')",
            "WHERE a IN (-1)",
            "WHERE a IN ()",
            "WHERE f(a) IN ('x')",
            "WHERE a BETWEEN 1 AND b IN (2)",
            "SELECT a IN ('x')",
            "-- WHERE a IN ('x')\nSELECT 1",
            "/* WHERE a IN ('x') */ SELECT 'WHERE a IN (1)'",
            "WHERE \"a\" IN ('x')",
            "WHERE a IN ('x",
            "WHERE é IN ('x'",
            "'",
            "/*",
        ] {
            assert_eq!(spelled_out(sql), sql);
        }
    }
}
