//! Points that AWS does not document, or that sources dispute. Each has a default reading, and each can
//! be read the other way: an evaluation that would come out differently says on which points it rests.

use std::cell::Cell;

/// A disputed point of IAM's semantics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// A resource policy that names a session ARN is not limited by the session policy's silence.
    SessionArnBeatsSessionPolicy,
    /// A policy variable without a value makes a negated operator match.
    UnresolvedVariableNegated,
    /// A malformed number, date, address or ARN makes a negated operator fail.
    MalformedValueNegated,
    /// An empty string is a value, not the absence of one.
    EmptyStringIsPresent,
    /// A statement whose `NotResource` holds an unusable pattern does not apply.
    UnusableNotResource,
    /// A list-valued key never satisfies an operator without `ForAllValues` or `ForAnyValue`.
    ListUnderPlainOperator,
    /// `ForAnyValue:…IfExists` is true when the key is absent.
    AnyValueIfExistsAbsent,
    /// `ForAllValues:Null` and `ForAnyValue:Null` mean `Null`.
    NullUnderSetOperator,
    /// Epoch times are seconds, never milliseconds.
    EpochSeconds,
    /// A wildcard in the resource-type word of an ARN matches.
    ResourceTypeWildcard,
    /// A request asked as the role itself, named by a resource policy, is limited by a boundary's silence.
    RoleItselfLimited,
    /// A grant to everyone reaches a role itself without limits.
    StarGradeForRole,
    /// An anonymous caller matches no account principal.
    AnonymousNoAccount,
    /// A `*` that ends a colon-separated part of a resource pattern may match beyond the colon.
    StarCrossesColon,
    /// A wildcard in the service half of an action matches nothing.
    ServiceWildcard,
    /// A wildcard inside a substituted variable value is an ordinary character.
    VariableValueLiteral,
}

impl Point {
    pub(crate) const ALL: [Self; 16] = [
        Self::SessionArnBeatsSessionPolicy,
        Self::UnresolvedVariableNegated,
        Self::MalformedValueNegated,
        Self::EmptyStringIsPresent,
        Self::UnusableNotResource,
        Self::ListUnderPlainOperator,
        Self::AnyValueIfExistsAbsent,
        Self::NullUnderSetOperator,
        Self::EpochSeconds,
        Self::ResourceTypeWildcard,
        Self::RoleItselfLimited,
        Self::StarGradeForRole,
        Self::AnonymousNoAccount,
        Self::StarCrossesColon,
        Self::ServiceWildcard,
        Self::VariableValueLiteral,
    ];

    /// The stable name that reports print.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::SessionArnBeatsSessionPolicy => "session-arn-beats-session-policy",
            Self::UnresolvedVariableNegated => "unresolved-variable-negated",
            Self::MalformedValueNegated => "malformed-value-negated",
            Self::EmptyStringIsPresent => "empty-string-is-present",
            Self::UnusableNotResource => "unusable-not-resource",
            Self::ListUnderPlainOperator => "list-under-plain-operator",
            Self::AnyValueIfExistsAbsent => "any-value-if-exists-absent",
            Self::NullUnderSetOperator => "null-under-set-operator",
            Self::EpochSeconds => "epoch-seconds",
            Self::ResourceTypeWildcard => "resource-type-wildcard",
            Self::RoleItselfLimited => "role-itself-limited",
            Self::StarGradeForRole => "star-grade-for-role",
            Self::AnonymousNoAccount => "anonymous-no-account",
            Self::StarCrossesColon => "star-crosses-colon",
            Self::ServiceWildcard => "service-wildcard",
            Self::VariableValueLiteral => "variable-value-literal",
        }
    }

    fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// Which points are read the other way, and which were asked about. The default takes every default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings {
    flipped: u32,
    touched: Cell<u32>,
}

impl Readings {
    /// The default readings but for one point.
    pub(crate) fn flipping(point: Point) -> Self {
        Self { flipped: point.bit(), touched: Cell::new(0) }
    }

    /// Does the default reading hold? Remembers that it was asked.
    pub(crate) fn by_default(&self, point: Point) -> bool {
        self.touched.set(self.touched.get() | point.bit());
        self.flipped & point.bit() == 0
    }

    /// The points that were asked about.
    pub(crate) fn touched(&self) -> impl Iterator<Item = Point> + use<> {
        let touched = self.touched.get();
        Point::ALL.into_iter().filter(move |point| touched & point.bit() != 0)
    }
}
