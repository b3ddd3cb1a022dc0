//! stub
use crate::iam::PolicyDocument;
/// s
pub const INLINE_ROLE_CHARS_MAX: usize = 10240;
/// s
pub const INLINE_USER_CHARS_MAX: usize = 2048;
/// s
pub const MANAGED_CHARS_MAX: usize = 6144;
/// s
pub const PERMISSION_SET_INLINE_CHARS_MAX: usize = 10240;
/// s
pub fn size_chars(p: &PolicyDocument) -> usize {
    p.to_compact().chars().filter(|c| !c.is_whitespace()).count()
}
