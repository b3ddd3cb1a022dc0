//! The typed values of condition operators: exact decimals, points in time, addresses, bytes.

use ipnet::IpNet;
use std::cmp::Ordering;
use std::net::IpAddr;

/// A decimal number of any size, kept exactly: ±0.d₁d₂…dₙ × 10^point. Zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without leading and trailing zeros.
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// `-12`, `1.50`, `.5`, `1e3`; nothing else, and no blanks.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let all = whole.bytes().chain(fraction.bytes());
        if !all.clone().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let zeros = all.clone().take_while(|byte| *byte == b'0').count();
        let mut digits: Vec<u8> = all.skip(zeros).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Some(Self { negative: false, digits, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()? + exponent;
        // So that `text` can be read again.
        (point.abs() <= EXPONENT_MAX).then_some(Self { negative, digits, point })
    }

    /// The text of a number strictly between this one and a bigger one. `None` when its exponent would be
    /// out of range.
    pub(crate) fn between(&self, bigger: &Self) -> Option<String> {
        let inside = match (self.is_positive(), bigger.is_positive()) {
            (Some(false), Some(true)) => return Some("0".to_owned()),
            (None, _) => bigger.scaled(-1),
            (_, None) => self.scaled(-1),
            // Away from zero, but by less than the two differ.
            (Some(true), _) => self.grown(bigger),
            (Some(false), _) => bigger.grown(self),
        };
        let text = inside.text();
        let number = Self::parse(&text)?;
        (*self < number && number < *bigger).then_some(text)
    }

    /// The text of a smaller number.
    pub(crate) fn below(&self) -> String {
        if self.is_positive() == Some(false) { self.further().text() } else { "-1".to_owned() }
    }

    /// The text of a bigger number.
    pub(crate) fn above(&self) -> String {
        match self.is_positive() {
            Some(true) => self.further().text(),
            Some(false) => "0".to_owned(),
            None => "1".to_owned(),
        }
    }

    /// `None` for zero.
    fn is_positive(&self) -> Option<bool> {
        (!self.digits.is_empty()).then_some(!self.negative)
    }

    /// Times a power of ten.
    fn scaled(&self, by: i64) -> Self {
        Self { point: self.point + by, ..self.clone() }
    }

    /// A little further from zero, by less than the distance to `other`.
    fn grown(&self, other: &Self) -> Self {
        let mut grown = self.clone();
        if self.point == other.point {
            grown.digits.resize(grown.digits.len().max(other.digits.len()), b'0');
        }
        grown.further()
    }

    /// One digit further from zero.
    fn further(&self) -> Self {
        let mut further = self.clone();
        further.digits.push(b'1');
        further
    }

    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits.iter().map(|digit| char::from(*digit)).collect();
        if self.digits.is_empty() { "0".to_owned() } else { format!("{sign}0.{digits}e{}", self.point) }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // The first digit is never zero, so the place of the point decides first.
            (false, false) => self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

/// The biggest exponent, of a number from 0.1 to 1: enough for every number that means anything.
const EXPONENT_MAX: i64 = 999_999_999;

/// Up to nine digits: no overflow.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
///
/// Reads the W3C profile of ISO 8601 (`2019`, `2019-07`, `2019-07-01`, `2019-07-01T13:20Z` and finer, with
/// `Z` or an offset, `t` and `z` too, up to nine digits of fraction) and whole seconds since the epoch.
/// Four bare digits are a year. `milliseconds` reads epoch times of twelve digits and more that way.
pub(crate) fn parse_date(text: &str, milliseconds: bool) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain && (digits.len() != 4 || digits != text) {
        let number: i64 = text.parse().ok()?;
        return Some(
            i128::from(number) * if milliseconds && digits.len() >= 12 { SECOND / 1000 } else { SECOND },
        );
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let mut field = |digits: usize| fields.next().map(|text| fixed(text, digits));
    let year = field(4)??;
    let month = field(2);
    let day = field(2);
    if fields.next().is_some() || (time.is_some() && day.is_none()) {
        return None;
    }
    let month = month.unwrap_or(Some(1))?;
    let day = crate::time::Day::from_date(year, month, day.unwrap_or(Some(1))?)?;
    let midnight = i128::from(day.start().seconds()) * SECOND;
    match time {
        None => Some(midnight),
        Some(time) => Some(midnight + parse_time(time)?),
    }
}

/// Nanoseconds since midnight UTC of `hh:mm[:ss[.f]][Z|±hh:mm]`; without a zone, UTC is meant.
fn parse_time(text: &str) -> Option<i128> {
    let zone = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(zone)?;
    let offset_minutes = match zone {
        "" | "Z" | "z" => 0,
        _ => {
            let (sign, rest) = zone.split_at_checked(1)?;
            let (hours, minutes) = rest.split_once(':')?;
            let (hours, minutes) = (fixed(hours, 2)?, fixed(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if sign == "-" { -1 } else { 1 }
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (fixed(parts.next()?, 2)?, fixed(parts.next()?, 2)?);
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(text) => match text.split_once('.') {
            None => (fixed(text, 2)?, 0),
            Some((second, fraction)) => {
                if fraction.is_empty() || fraction.len() > 9 {
                    return None;
                }
                (fixed(second, 2)?, fixed(&format!("{fraction:0<9}"), 9)?)
            }
        },
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + (minute - offset_minutes) * 60 + second;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

fn fixed(text: &str, digits: usize) -> Option<i64> {
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `203.0.113.0/24`, `2001:db8::/32`, or an address, which is a network of one. No leading zeros: `010`
/// is eight to some readers and ten to others.
pub(crate) fn parse_network(text: &str) -> Option<IpNet> {
    let Some((address, bits)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let plain = bits == "0" || !bits.starts_with(['0', '+']);
    IpNet::new(address.parse().ok()?, bits.parse().ok().filter(|_| plain)?).ok()
}

/// `true` or `false`, in any case.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let order = [
            "-1e400",
            "-10",
            "-9.99",
            "-0.1",
            "0",
            "0.000000000000000000001",
            "0.1",
            "0.10000000000000000000001",
            "1",
            "9007199254740992",
            "9007199254740993",
            "1e400",
        ];
        for (i, a) in order.iter().enumerate() {
            for (j, b) in order.iter().enumerate() {
                let (left, right) = (Decimal::parse(a).unwrap(), Decimal::parse(b).unwrap());
                assert_eq!(left.cmp(&right), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in
            [("1.50", "1.5"), ("010", "10"), ("-0", "0"), ("+1", "1"), ("1e3", "1000"), (".5", "0.5")]
        {
            assert_eq!(Decimal::parse(a), Decimal::parse(b), "{a} {b}");
        }
        for bad in [
            "",
            "-",
            ".",
            "1,0",
            " 1",
            "0x1",
            "1e",
            "1e9999999999",
            "1e999999999",
            "--1",
            "NaN",
            "1.2.3",
            "٣",
        ] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn there_is_a_number_between_any_two() {
        let order = [
            "-0.9e999999999",
            "-1e9",
            "-10",
            "-9.99",
            "-9.98",
            "-1e-9",
            "0",
            "1e-30",
            "1",
            "1.00001",
            "2",
            "1e400",
            "0.9e999999999",
        ];
        for pair in order.windows(2) {
            let (low, high) = (Decimal::parse(pair[0]).unwrap(), Decimal::parse(pair[1]).unwrap());
            let between = Decimal::parse(&low.between(&high).unwrap()).unwrap();
            assert!(low < between && between < high, "{pair:?}");
            assert!(Decimal::parse(&low.below()).unwrap() < low, "{pair:?}");
            assert!(Decimal::parse(&high.above()).unwrap() > high, "{pair:?}");
        }
    }

    fn date(text: &str) -> Option<i128> {
        parse_date(text, false)
    }

    #[test]
    fn dates_come_in_many_forms() {
        let second = 1_000_000_000_i128;
        for (text, expect) in [
            ("2019-07-01T13:20:15Z", Some(1_561_987_215 * second)),
            ("2019-07-01t13:20:15z", Some(1_561_987_215 * second)),
            ("2019-07-01T15:20:15+02:00", Some(1_561_987_215 * second)),
            ("2019-07-01T13:20:15.123456789+00:00", Some(1_561_987_215 * second + 123_456_789)),
            ("2019-07-01T13:20Z", Some(1_561_987_200 * second)),
            ("1561987215", Some(1_561_987_215 * second)),
            ("-1", Some(-second)),
            ("1970", Some(0)),
            ("1970-02", Some(31 * 86_400 * second)),
            ("1970-01-02", Some(86_400 * second)),
            ("2019-02-29", None),
            ("2019-07-01T13:20:15", Some(1_561_987_215 * second)),
            ("2019-07T13:20:15Z", None),
            ("2019-07-01T25:20:15Z", None),
            ("2019-07-01T13:20:15.Z", None),
            ("2019-7-1", None),
            ("", None),
            ("-", None),
            ("99999999999999999999", None),
            ("yesterday", None),
        ] {
            assert_eq!(date(text), expect, "{text}");
        }
        assert_eq!(parse_date("1561987215000", true), date("1561987215"));
    }

    #[test]
    fn networks() {
        assert!(parse_network("10.0.0.0/8").unwrap().contains(&parse_network("10.1.2.3").unwrap()));
        assert!(parse_network("2001:DB8::/32").is_some());
        assert!(parse_network("::/0").unwrap().contains(&parse_network("2001:db8::1").unwrap()));
        for bad in ["10.0.0.0/33", "10.0.0", "10.01.0.0/16", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/", "/8"]
        {
            assert_eq!(parse_network(bad), None, "{bad}");
        }
    }
}
