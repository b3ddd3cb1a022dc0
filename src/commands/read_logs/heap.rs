//! Memory of a thread, opened before it is needed.

/// How far a thread's heap is opened when it starts, in bytes.
pub(super) const THREAD_BYTES: usize = 30 << 20;

/// How far it is open at least when a file begins.
pub(super) const AHEAD_BYTES: usize = 2 << 20;

/// The C library of most systems (glibc) opens the heap of a thread page by page, with a call to the kernel for
/// every page, as long as it never was larger. A block that is given back untouched costs no memory. The first
/// one only tells the library that blocks of this size belong into the heap.
pub(super) fn open(bytes: usize) {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    for _ in 0..2 {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
    }
}
