//! Containment: two policies that lie close together, drawn from the bytes; or, when the input starts
//! with `{`, the new and the old policy as text, one a line.

use super::draw::Draw;
use super::world::{self, decide, document};
use trailtrim::iam::condition::Context;
use trailtrim::iam::contain::{Containment, Witness, contain, diff};
use trailtrim::iam::evaluate::Decision;
use trailtrim::iam::{Action, PolicyDocument};

/// Requests a policy pair is attacked with.
const REQUESTS: usize = 60;

/// A deterministic source of bytes behind those of the input (xorshift64).
fn noise(data: &[u8], bytes: usize) -> Vec<u8> {
    let mut state = data.iter().fold(0x9E37_79B9_7F4A_7C15_u64, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3) | 1
    });
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}

fn allows(policy: &PolicyDocument, action: &Action, resource: &str, context: &Context) -> bool {
    decide(&[policy], action, resource, context) == Decision::Allowed
}

fn replay(witness: &Witness, new: &PolicyDocument, old: &PolicyDocument) {
    let says = |policy| allows(policy, &witness.action, &witness.resource, &witness.context);
    assert!(says(new) && !says(old), "{witness:?}");
}

/// One claim, attacked or replayed.
fn check(new: &PolicyDocument, old: &PolicyDocument, noise: &[u8]) -> Containment {
    let claim = contain(&[new], &[old]);
    match &claim {
        Containment::Proved { .. } => {
            let attack = |action: &Action, resource: &str, context: &Context| {
                assert!(
                    !allows(new, action, resource, context) || allows(old, action, resource, context),
                    "{action} {resource} {context:?}: {} in {}",
                    new.to_compact(),
                    old.to_compact()
                );
            };
            let mut draw = Draw::new(noise);
            let near = world::requests_near(&[new.clone(), old.clone()]);
            for number in 0..REQUESTS {
                let (action, resource, keys) = world::request(&mut draw);
                let context = world::context(&keys);
                attack(&Action::parse(&action).unwrap(), &resource, &context);
                if let Some((action, resource)) = near.get(number) {
                    attack(action, resource, &context);
                }
            }
        }
        Containment::Refuted(witness) => replay(witness, new, old),
        Containment::Unknown(reason) => assert!(!reason.is_empty()),
    }
    claim
}

fn check_pair(new: &PolicyDocument, old: &PolicyDocument, data: &[u8]) {
    let noise = noise(data, REQUESTS * 10);
    for (one, other) in [(new, old), (old, new)] {
        check(one, other, &noise);
        let own = contain(&[one], &[one]);
        assert!(!matches!(own, Containment::Refuted(_)), "{own:?}");
    }
    if data.len().is_multiple_of(4) {
        for found in diff(&[new], &[old]).into_iter().flatten() {
            if let Some(witness) = &found.witness {
                let says = |policy| allows(policy, &witness.action, &witness.resource, &witness.context);
                assert_ne!(says(new), says(old), "{found:?}");
            }
        }
    }
}

/// Every proof attacked, every refutation replayed.
pub fn run(data: &[u8]) {
    if data.starts_with(b"{") {
        if let [new, old, ..] = &world::documents(data)[..] {
            check_pair(new, old, data);
        }
        return;
    }
    let mut draw = Draw::new(data);
    let mut old = world::policy(&mut draw, false);
    let mut new = if draw.one_in(4) { world::policy(&mut draw, false) } else { old.clone() };
    let list = new["Statement"].as_array_mut().unwrap();
    let at = draw.below(list.len());
    match draw.below(4) {
        0 => list.push(world::statement(&mut draw, false)),
        1 if list.len() > 1 => drop(list.remove(at)),
        2 => list[at] = world::statement(&mut draw, false),
        _ => list.reverse(),
    }
    if draw.one_in(6) {
        old["Version"] = "2008-10-17".into();
    }
    let (new, old) = (document(&new), document(&old));
    check_pair(&new, &old, data);
    // In the small world nothing is too big: a policy is always proved to contain itself.
    for policy in [&new, &old] {
        let own = contain(&[policy], &[policy]);
        assert!(matches!(own, Containment::Proved { .. }), "{own:?} {}", policy.to_compact());
    }
}
