//! A thread's heap, opened before it is needed.

/// How far it is opened when the thread starts, in bytes.
const START_BYTES: usize = 30 << 20;

/// What a thread begins with, its heap opened.
///
/// The C library of most systems (glibc) opens the heap of a thread page by page, with a call to the kernel for
/// every page, as long as it never was larger. A block that is given back untouched costs no memory. The first
/// one only tells the library that blocks of this size belong into the heap.
pub(super) fn opened<T: Default>() -> T {
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        for _ in 0..2 {
            drop(std::hint::black_box(Vec::<u8>::with_capacity(START_BYTES)));
        }
    }
    T::default()
}
