//! Times of the kernels, on text that is made here: `cargo bench`. Nothing depends on them; whole processes are
//! measured by `benches/whole_process.py`.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;
use trailtrim::iam::contain::contain;
use trailtrim::iam::glob;
use trailtrim::iam::policy::PolicyDocument;
use trailtrim::trail::decode::Decoder;
use trailtrim::trail::inflate::{self, Limits};
use trailtrim::usage::Fold;

/// Records of one text.
const RECORDS: u64 = 1_000;

fn main() {
    divan::main();
}

/// Calls of forty sessions, most of them on objects that were read before.
fn text() -> String {
    let record = |number: u64| {
        let (session, object) = (number * 7 % 40, number * number % 300);
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROA{session:017}:s{session}","arn":"arn:aws:sts::111122223333:assumed-role/role-{session}/s{session}","accountId":"111122223333","accessKeyId":"ASIA{session:016}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROA{session:017}","arn":"arn:aws:iam::111122223333:role/role-{session}","accountId":"111122223333","userName":"role-{session}"}},"attributes":{{"creationDate":"2026-08-03T00:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-08-03T10:{minute:02}:{second:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.{session}","userAgent":"Boto3/1.40.21 md/Botocore#1.40.21 os/linux lang/python#3.12.9","requestParameters":{{"bucketName":"data-{session}","Host":"data-{session}.s3.eu-west-1.amazonaws.com","key":"year=2026/part-{object:05}.parquet"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"bytesTransferredOut":{number}}},"requestID":"{number:016X}","eventID":"00000000-0000-4000-8000-{number:012x}","readOnly":true,"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data-{session}/year=2026/part-{object:05}.parquet"}},{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-{session}"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}}"#,
            minute = number / 60 % 60,
            second = number % 60,
        )
    };
    let records: Vec<String> = (0..RECORDS).map(record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

#[divan::bench]
fn inflate_file(bencher: Bencher<'_, '_>) {
    let text = text();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap_or_default();
    let bytes = encoder.finish().unwrap_or_default();
    let mut buffer = Vec::new();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| inflate::inflate(black_box(&bytes), Limits::default(), &mut buffer).text.len());
}

#[divan::bench]
fn decode_text(bencher: Bencher<'_, '_>) {
    let text = text();
    let mut decoder = Decoder::default();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| decoder.decode("kernel", black_box(&text), &mut |event| _ = black_box(event)).events);
}

#[divan::bench]
fn decode_and_fold(bencher: Bencher<'_, '_>) {
    let text = text();
    let (mut decoder, mut fold) = (Decoder::default(), Fold::default());
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| decoder.decode("kernel", black_box(&text), &mut |event| fold.add(event)).events);
}

#[divan::bench]
fn finish_fold(bencher: Bencher<'_, '_>) {
    let text = text();
    let folded = || {
        let mut fold = Fold::default();
        Decoder::default().decode("kernel", &text, &mut |event| fold.add(event));
        fold
    };
    bencher.with_inputs(folded).bench_local_values(|fold| fold.finish().principals.len());
}

#[divan::bench]
fn fingerprint(bencher: Bencher<'_, '_>) {
    let text = text();
    let mut decoder = Decoder::default();
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        let mut sum = 0;
        decoder.decode("kernel", black_box(&text), &mut |event| sum ^= event.fingerprint().0);
        sum
    });
}

#[divan::bench(args = ["arn:aws:s3:::data-*/year=2026/*.parquet", "*a*b*c*part*7*", "arn:aws:s3:::data-7/*"])]
fn glob_match(pattern: &str) -> bool {
    glob::matches(black_box(pattern), black_box("arn:aws:s3:::data-7/year=2026/part-00007.parquet"))
}

#[divan::bench]
fn contain_policy(bencher: Bencher<'_, '_>) {
    let document = |actions: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":["arn:aws:s3:::data-*/*","arn:aws:s3:::data-*"]}}]}}"#
        );
        PolicyDocument::parse(&text).ok()
    };
    let (Some(new), Some(old)) = (document(r#""s3:GetObject""#), document(r#""s3:Get*","s3:List*""#)) else {
        return;
    };
    bencher.bench_local(|| contain(black_box(&[&new]), black_box(&[&old])));
}
