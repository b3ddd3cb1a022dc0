//! SHA-256 (FIPS 180-4), for the one digest file of the sample.

/// The hash in lower-case hexadecimal.
pub(crate) fn hex(data: &[u8]) -> String {
    let (first, second) = constants();
    let mut state = first;
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64), 0);
    let bits = u64::try_from(data.len()).unwrap_or(0) * 8;
    padded.truncate(padded.len() - 8);
    padded.extend(bits.to_be_bytes());
    for block in padded.chunks_exact(64) {
        compress(&mut state, block, &second);
    }
    state.map(|word| format!("{word:08x}")).concat()
}

/// The fractional parts of the square and cube roots of the first primes, 32 bits each.
fn constants() -> ([u32; 8], [u32; 64]) {
    let mut primes = (2_u64..).filter(|number| (2..*number).all(|divisor| number % divisor != 0));
    let primes: [u64; 64] = std::array::from_fn(|_| primes.next().unwrap_or(2));
    let fraction = |prime: u64, power: u32| {
        // The largest r with r^power <= prime * 2^(32 * power): the root, shifted left by 32 bits.
        let target = u128::from(prime) << (32 * power);
        let mut root = 0_u128;
        for bit in (0..36).rev() {
            let next = root | (1 << bit);
            if next.checked_pow(power).is_some_and(|value| value <= target) {
                root = next;
            }
        }
        u32::try_from(root & u128::from(u32::MAX)).unwrap_or(0)
    };
    let mut roots = primes.iter();
    let squares = std::array::from_fn(|_| fraction(*roots.next().unwrap_or(&2), 2));
    (squares, primes.map(|prime| fraction(prime, 3)))
}

#[expect(clippy::many_single_char_names, reason = "the names of the standard")]
fn compress(state: &mut [u32; 8], block: &[u8], constants: &[u32; 64]) {
    let mut words: Vec<u32> = block
        .chunks_exact(4)
        .map(|bytes| bytes.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte)))
        .collect();
    for index in 16..64 {
        let back = |distance: usize| words.get(index - distance).copied().unwrap_or(0);
        let near = back(2).rotate_right(17) ^ back(2).rotate_right(19) ^ (back(2) >> 10);
        let far = back(15).rotate_right(7) ^ back(15).rotate_right(18) ^ (back(15) >> 3);
        let word = near.wrapping_add(back(7)).wrapping_add(far).wrapping_add(back(16));
        words.push(word);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (word, constant) in words.iter().zip(constants) {
        let sum = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let first = h.wrapping_add(sum).wrapping_add(choice).wrapping_add(*constant).wrapping_add(*word);
        let sum = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(sum.wrapping_add(majority)));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(add);
    }
}
