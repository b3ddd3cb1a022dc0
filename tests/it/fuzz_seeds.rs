//! The fuzz targets' bodies, run on their seeds: every input that once broke something, and one of each kind.

use crate::fuzz_bodies as bodies;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 10] = [
    ("arn", bodies::arn::run),
    ("condition_values", bodies::condition_values::run),
    ("contain", bodies::contain::run),
    ("decode", bodies::decode::run),
    ("digest", bodies::digest::run),
    ("evaluate", bodies::evaluate::run),
    ("glob", bodies::glob::run),
    ("inflate", bodies::inflate::run),
    ("ocsf", bodies::ocsf::run),
    ("policy_parser", bodies::policy_parser::run),
];

/// Files of the fuzz folder without their extensions.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn seeds_hold() {
    for (target, run) in TARGETS {
        let folder = format!("seeds/{target}");
        let seeds = names(&folder);
        assert!(seeds.len() >= 3, "{target}");
        for seed in seeds {
            println!("{target} {seed}");
            run(&fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(&folder).join(seed))
                .unwrap());
        }
    }
}

#[test]
fn every_target_has_a_body_and_seeds() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect();
    assert_eq!((names("targets"), names("seeds")), (known.clone(), known));
}
