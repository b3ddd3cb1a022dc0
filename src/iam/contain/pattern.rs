//! Patterns as sequences of letters, so that one can be asked to cover or to meet another.

use crate::iam::arn::Parts;
use crate::iam::condition::variable::{Piece, has_variable, pieces};
use crate::iam::resource::{PolicyKind, Shape, shape, type_wildcard};

/// One position of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Letter {
    /// Exactly this character.
    One(char),
    /// `?`.
    Any,
    /// `*`.
    Star,
    /// A policy variable: the same text, whatever it is, wherever the same variable stands.
    Variable(Box<str>),
}

/// The letters of a text; with `variables`, `${…}` is one letter. Runs of wildcards are put in one order.
pub(crate) fn letters(text: &str, variables: bool) -> Vec<Letter> {
    let mut out = Vec::with_capacity(text.len());
    let mut star = false;
    let mut push = |letter: Letter| match letter {
        Letter::Star => star = true,
        // `*?` and `?*` mean the same: the star waits for the end of the run.
        Letter::Any => out.push(Letter::Any),
        letter => {
            if std::mem::take(&mut star) {
                out.push(Letter::Star);
            }
            out.push(letter);
        }
    };
    let plain = |letter: char| match letter {
        '*' => Letter::Star,
        '?' => Letter::Any,
        letter => Letter::One(letter),
    };
    if variables && has_variable(text) {
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => text.chars().map(plain).for_each(&mut push),
                Piece::Character(letter) => push(Letter::One(letter)),
                Piece::Variable { key, default } => {
                    let default = default.map(|text| format!(", '{text}'")).unwrap_or_default();
                    push(Letter::Variable(format!("{}{default}", key.to_ascii_lowercase()).into()));
                }
            }
        }
    } else {
        text.chars().map(plain).for_each(&mut push);
    }
    if star {
        out.push(Letter::Star);
    }
    out
}

/// Does every text that matches `small` match `big`? `true` is always right.
pub(crate) fn covers(big: &[Letter], small: &[Letter]) -> bool {
    if big == [Letter::Star] || big == small {
        return true;
    }
    // A literal beginning of the bigger one must be that of the smaller one; few pairs pass.
    let literal = |letter: &&Letter| matches!(letter, Letter::One(_) | Letter::Variable(_));
    let length = big.iter().take_while(literal).count();
    if big.get(..length) != small.get(..length) {
        return false;
    }
    // row[j]: the part of `big` read so far covers the first j letters of `small`.
    let mut row = vec![false; small.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for letter in big {
        let mut next = Vec::with_capacity(row.len());
        let mut left = *letter == Letter::Star && row.first() == Some(&true);
        next.push(left);
        for ((wanted, up), diagonal) in small.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            left = match letter {
                Letter::Star => *up || left,
                Letter::Any => *diagonal && matches!(wanted, Letter::One(_) | Letter::Any),
                letter => *diagonal && letter == wanted,
            };
            next.push(left);
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// May some text match both? `false` is always right; variables may be any text.
pub(crate) fn may_overlap(a: &[Letter], b: &[Letter]) -> bool {
    let runs = |letter: &Letter| matches!(letter, Letter::Star | Letter::Variable(_));
    // Most pairs differ in their literal beginnings already.
    let one = |letter: &Letter| matches!(letter, Letter::One(_));
    let differ = a.iter().zip(b).take_while(|(a, b)| one(a) && one(b)).any(|(a, b)| a != b);
    if differ {
        return false;
    }
    let mut row = vec![true];
    for letter in b {
        row.push(row.last() == Some(&true) && runs(letter));
    }
    for letter in a {
        let mut next = Vec::with_capacity(row.len());
        let mut left = runs(letter) && row.first() == Some(&true);
        next.push(left);
        for ((other, up), diagonal) in b.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            left = match (letter, other) {
                (letter, other) if runs(letter) || runs(other) => *up || left || *diagonal,
                (Letter::One(letter), Letter::One(other)) => *diagonal && letter == other,
                _ => *diagonal,
            };
            next.push(left);
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// A pattern of an `Action` or `NotAction` element, lower-cased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ActionPattern {
    /// `*`.
    Everything,
    /// One service, and the letters of the name.
    Of {
        /// The service prefix.
        service: Box<str>,
        /// The name pattern as text.
        name: Box<str>,
    },
    /// It matches nothing, or, if a wildcard in the service half counts, something. Lower-cased.
    Disputed(Box<str>),
    /// It matches nothing.
    Nothing,
}

impl ActionPattern {
    /// Reads one string of an element.
    pub(crate) fn parse(text: &str) -> Self {
        let Some((service, name)) = text.split_once(':') else {
            let stars = !text.is_empty() && text.bytes().all(|byte| byte == b'*');
            return if stars { Self::Everything } else { Self::Nothing };
        };
        if !crate::iam::evaluate::is_action_name(name) {
            Self::Nothing
        } else if crate::iam::glob::has_wildcard(service) {
            Self::Disputed(text.to_ascii_lowercase().into())
        } else {
            Self::Of { service: service.to_ascii_lowercase().into(), name: name.to_ascii_lowercase().into() }
        }
    }

    /// Does every action that `small` may match certainly match this pattern?
    pub(crate) fn covers(&self, small: &Self) -> bool {
        match (self, small) {
            (Self::Everything, _) | (_, Self::Nothing) => true,
            (Self::Of { service, name }, Self::Of { service: of, name: small }) => {
                service == of && crate::iam::glob::covers(name, small)
            }
            (Self::Disputed(big), Self::Disputed(small)) => big == small,
            _ => false,
        }
    }

    /// May some action match both?
    pub(crate) fn may_overlap(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => false,
            (Self::Of { service, name }, Self::Of { service: of, name: other }) => {
                service == of && names_overlap(name, other)
            }
            _ => true,
        }
    }
}

/// Most names have no wildcard, or one at their end: they differ in their literal beginnings.
fn names_overlap(a: &str, b: &str) -> bool {
    let one = |letter: u8| letter != b'*' && letter != b'?';
    let differ = a.bytes().zip(b.bytes()).take_while(|(a, b)| one(*a) && one(*b)).any(|(a, b)| a != b);
    !differ && crate::iam::glob::overlaps(a, b)
}

/// A pattern of a `Resource` or `NotResource` element of an identity policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResourcePattern {
    /// `*`: everything, also "no resource".
    Everything,
    /// Six parts.
    Arn(ArnPattern),
    /// Malformed: it matches nothing.
    Nothing,
}

/// A pattern of six parts, the first four behind `arn` lower-cased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ArnPattern {
    /// Partition, service, region, account.
    pub(crate) head: [Vec<Letter>; 4],
    /// The resource part.
    pub(crate) rest: Vec<Letter>,
    /// The word before the first delimiter has a wildcard, which may make the pattern match nothing.
    pub(crate) type_wildcard: bool,
}

impl ResourcePattern {
    /// Reads one string of an element; `variables` as the document's version has it.
    pub(crate) fn parse(text: &str, variables: bool) -> Self {
        match shape(text, PolicyKind::Identity) {
            Shape::Everything => Self::Everything,
            Shape::Unusable => Self::Nothing,
            Shape::Parts(parts) => Self::Arn(ArnPattern::new(&parts, variables)),
        }
    }

    /// Does every resource that `small` matches certainly match this pattern, however a `*` before a
    /// colon is read, as long as it is read the same way in both?
    pub(crate) fn covers(&self, small: &Self) -> bool {
        match (self, small) {
            (Self::Everything, _) | (_, Self::Nothing) => true,
            (Self::Arn(big), Self::Arn(small)) => big.covers(small),
            _ => false,
        }
    }

    /// May some resource match both, whatever a `*` before a colon means?
    pub(crate) fn may_overlap(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => false,
            (Self::Everything, _) | (_, Self::Everything) => true,
            (Self::Arn(a), Self::Arn(b)) => a.may_overlap(b),
        }
    }
}

impl ArnPattern {
    fn new(parts: &Parts<'_>, variables: bool) -> Self {
        // Variables have no meaning before the fifth colon.
        let head = |text: &str| letters(&text.to_ascii_lowercase(), false);
        Self {
            head: [head(parts.partition), head(parts.service), head(parts.region), head(parts.account)],
            rest: letters(parts.resource, variables),
            type_wildcard: type_wildcard(parts),
        }
    }

    fn covers(&self, small: &Self) -> bool {
        // A `*` that ends a part may run over colons; the bigger part must then be able to do the same.
        let part = |(big, small): (&Vec<Letter>, &Vec<Letter>)| {
            covers(big, small) && (small.last() != Some(&Letter::Star) || big.last() == Some(&Letter::Star))
        };
        (!self.type_wildcard || small.type_wildcard)
            && self.head.iter().zip(&small.head).all(part)
            && covers(&self.rest, &small.rest)
    }

    fn may_overlap(&self, other: &Self) -> bool {
        let parts = self.head.iter().zip(&other.head).all(|(a, b)| may_overlap(a, b))
            && may_overlap(&self.rest, &other.rest);
        parts || (self.may_cross() || other.may_cross()) && may_overlap(&self.whole(), &other.whole())
    }

    /// Can a `*` or `?` of the first parts stand for a colon under any reading?
    pub(crate) fn may_cross(&self) -> bool {
        self.head.iter().flatten().any(|letter| matches!(letter, Letter::Star | Letter::Any))
    }

    /// Has every text that matches, under any reading, a partition, a service and a resource?
    pub(crate) fn is_real(&self) -> bool {
        let [partition, service, ..] = &self.head;
        let fixed =
            |part: &[Letter]| !part.is_empty() && part.iter().all(|letter| matches!(letter, Letter::One(_)));
        fixed(partition)
            && fixed(service)
            && self.rest.iter().any(|letter| matches!(letter, Letter::One(_) | Letter::Any))
    }

    /// The whole pattern as one string, letters of the first parts as they are, lower-cased; the rest
    /// lower-cased too, so that no overlap is missed.
    fn whole(&self) -> Vec<Letter> {
        let mut all = Vec::new();
        for part in &self.head {
            all.extend(part.iter().cloned());
            all.push(Letter::One(':'));
        }
        all.extend(self.rest.iter().map(|letter| match letter {
            Letter::One(letter) => Letter::One(letter.to_ascii_lowercase()),
            letter => letter.clone(),
        }));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> ResourcePattern {
        ResourcePattern::parse(text, true)
    }

    fn check(big: &str, small: &str, covered: bool) {
        assert_eq!(resource(big).covers(&resource(small)), covered, "{big} ⊇ {small}");
    }

    #[test]
    fn resources_cover_part_by_part() {
        check("*", "arn:aws:s3:::b", true);
        check("arn:aws:s3:::*", "*", false);
        check("arn:aws:s3:::b*", "arn:aws:S3:::bucket/*", true);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::B/*", false);
        check("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${AWS:UserName}/x", true);
        check("arn:aws:s3:::b/ana/*", "arn:aws:s3:::b/${aws:username}/x", false);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}/x", true);
        check("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/*", false);
        check("arn:aws:s3", "arn:aws:s3:::b", true);
        check("arn:aws:ec2:*:*:*/*", "arn:aws:ec2:*:*:instance/*", false);
        check("arn:aws:ec2:*:*:*/*", "arn:aws:ec2:eu:*:*/*", true);
        check("arn:aws:ec2:*:*:*", "arn:aws:ec2:eu:*:*/*", true);
    }

    #[test]
    fn overlap_takes_the_widest_reading() {
        for (a, b, expect) in [
            ("arn:aws:logs:*:1:x", "arn:aws:logs:eu:2:group:1:x", true),
            ("arn:aws:logs:eu:1:x", "arn:aws:logs:eu:2:*", false),
            ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/a*", true),
            ("arn:aws:s3:::a*", "arn:aws:s3:::b*", false),
        ] {
            assert_eq!(resource(a).may_overlap(&resource(b)), expect, "{a} {b}");
        }
    }

    #[test]
    fn actions() {
        let action = ActionPattern::parse;
        assert!(action("S3:*").covers(&action("s3:Get*")));
        assert!(action("*").covers(&action("s3:Get*")));
        assert!(!action("s3:*").covers(&action("*")));
        assert!(!action("s*:*").covers(&action("s3:Get*")));
        assert!(action("s*:*").may_overlap(&action("s3:Get*")));
        assert!(!action("s3:Put*").may_overlap(&action("s3:Get*")));
        assert_eq!(action("s3:Get Object"), ActionPattern::Nothing);
    }
}
