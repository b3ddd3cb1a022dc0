//! Standard base64.

/// The bytes of a text in standard base64 with padding (RFC 4648, section 4), without white space; `None` when
/// it is anything else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (quads, rest) = text.as_bytes().as_chunks::<4>();
    let mut bytes = Vec::with_capacity(quads.len() * 3);
    for (index, quad) in quads.iter().enumerate() {
        let padding = quad.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 < quads.len()) {
            return None;
        }
        let mut value = 0;
        for byte in quad.iter().take(4 - padding) {
            value = value << 6 | digit(*byte)?;
        }
        value <<= 6 * padding;
        bytes.extend(value.to_be_bytes().iter().skip(1).take(3 - padding));
    }
    rest.is_empty().then_some(bytes)
}

/// [`decode`] of a text with line breaks and other white space in it.
pub(crate) fn decode_lines(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.split_ascii_whitespace().collect();
    decode(&plain)
}

fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_the_rfc() {
        // RFC 4648, section 10.
        for (text, expect) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("bG8=", Some("lo")),
            ("Zm9v", Some("foo")),
            ("aGkh", Some("hi!")),
            ("Zm9vYg==", Some("foob")),
            ("Zm9vYmFy", Some("foobar")),
            ("Zm9v\nYmFy", None),
            ("Zg", None),
            ("Zg==Zg==", None),
            ("Z=Gk", None),
            ("Z===", None),
            ("Zm9*", None),
            ("====", None),
        ] {
            assert_eq!(decode(text).as_deref(), expect.map(str::as_bytes), "{text}");
        }
        assert_eq!(decode_lines("Zm9v\r\n YmFy\n").as_deref(), Some(&b"foobar"[..]));
    }
}
