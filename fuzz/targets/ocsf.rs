#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trailtrim_fuzz::ocsf::run(data));
