//! Amazon Resource Names and account ids, made only by parsing.

use crate::error::ParseError;
use std::fmt;

/// The longest ARN that is accepted, in bytes. AWS documents 2,048 for IAM; S3 keys alone may have 1,024.
const ARN_BYTES_MAX: usize = 4_096;

/// A twelve-digit AWS account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

impl AccountId {
    /// Exactly twelve ASCII digits, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: &[u8; 12] = text.as_bytes().try_into().ok()?;
        // A digit's value is below ten, anything else is not.
        let (number, odd) = digits.iter().fold((0, 0), |(number, odd), byte| {
            let digit = byte.wrapping_sub(b'0');
            (u64::wrapping_mul(number, 10).wrapping_add(digit.into()), odd | u8::from(digit > 9))
        });
        (odd == 0).then_some(Self(number))
    }

    /// The twelve digits.
    pub(crate) fn digits(self) -> [u8; 12] {
        let mut rest = self.0;
        let mut digits = [b'0'; 12];
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        digits
    }

    /// The id as a number, for hashing and packing.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

/// A concrete ARN: `arn:partition:service:region:account:resource`. Region and account may be empty.
/// Comparison is byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(Box<str>);

/// The six parts of an ARN or of an ARN pattern, split at the first five colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's namespace: `s3`, `iam`, …
    pub service: &'a str,
    /// Region name, empty for global resources and for S3 buckets.
    pub region: &'a str,
    /// Account id, empty for S3 buckets and objects, `aws` for managed policies.
    pub account: &'a str,
    /// Everything behind the fifth colon.
    pub resource: &'a str,
}

impl Arn {
    /// Six parts, the first `arn`, partition, service and resource not empty.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &str| Err(ParseError::new("not an ARN", text, why));
        if text.len() > ARN_BYTES_MAX {
            return refuse("too long");
        }
        let Some(parts) = split(text) else {
            return refuse("six parts separated by colons are needed, the first `arn`");
        };
        if parts.partition.is_empty() || parts.service.is_empty() || parts.resource.is_empty() {
            return refuse("partition, service and resource must not be empty");
        }
        Ok(Self(text.into()))
    }

    /// The text as it was parsed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The six parts.
    pub fn parts(&self) -> Parts<'_> {
        split(&self.0).unwrap_or(Parts { partition: "", service: "", region: "", account: "", resource: "" })
    }

    /// The owner's account, when the ARN names one.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(self.parts().account)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Splits an ARN or an ARN pattern at its first five colons; `None` when it has fewer or does not
/// start with `arn:`.
pub fn split(text: &str) -> Option<Parts<'_>> {
    // The parts are so short that to begin a search for several bytes at a time costs more than it saves.
    let mut rest = text.strip_prefix("arn:")?;
    let mut part = || {
        let (part, behind) = rest.split_at_checked(rest.bytes().position(|byte| byte == b':')?)?;
        rest = behind.get(1..)?;
        Some(part)
    };
    let (partition, service, region, account) = (part()?, part()?, part()?, part()?);
    Some(Parts { partition, service, region, account, resource: rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts() {
        let arn = Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:/a:b:*").unwrap();
        assert_eq!(arn.parts().resource, "log-group:/a:b:*");
        assert_eq!(arn.account().unwrap().to_string(), "111122223333");
        for bad in ["", "arn", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::b", "x:aws:s3:::b"] {
            assert!(Arn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_id_keeps_its_zeros() {
        assert_eq!(AccountId::parse("000000000012").unwrap().to_string(), "000000000012");
        for bad in ["12345678901", "1234567890123", "12345678901a", "+12345678901", ""] {
            assert_eq!(AccountId::parse(bad), None, "{bad}");
        }
    }
}
