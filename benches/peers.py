#!/usr/bin/env python3
"""One question, three programs, whole processes in turn: how often each caller made each call in each region
with each error code, and when first and last. `narrow_fold` (this repository's decoder), chdb (ClickHouse), DuckDB.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install duckdb chdb
    /tmp/peers/bin/python benches/peers.py FOLDER [--pairs N] [--threads N]

FOLDER holds logs of `examples/generate_logs`; `cargo build --release --examples` comes first. Every round runs each
program once; the ratios are medians over the rounds. The start of Python and of the library counts for the peers,
and is printed as well. All programs must find the same number of rows and events.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

DUCKDB = """
import duckdb, sys
con = duckdb.connect()
con.execute(f"SET threads={sys.argv[2]}")
shape = '{"Records":[{"userIdentity":{"arn":"VARCHAR","invokedBy":"VARCHAR","sessionContext":{"sessionIssuer":{"arn":"VARCHAR"}}},"eventTime":"VARCHAR","eventSource":"VARCHAR","eventName":"VARCHAR","awsRegion":"VARCHAR","errorCode":"VARCHAR"}]}'
rows = [] if sys.argv[1] == "-" else con.execute(f'''
    SELECT coalesce(r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn, r.userIdentity.invokedBy),
        r.eventSource, r.eventName, r.awsRegion, r.errorCode, count(*), min(r.eventTime), max(r.eventTime)
    FROM (SELECT unnest(from_json(json, '{shape}').Records) AS r FROM read_json_objects('{sys.argv[1]}/**/*.json.gz',
        format='unstructured', maximum_object_size=500000000))
    GROUP BY ALL''').fetchall()
print(len(rows), sum(row[5] for row in rows))
"""

CHDB = """
import chdb, sys
text = "" if sys.argv[1] == "-" else str(chdb.query(f'''
    SELECT multiIf(r.userIdentity.sessionContext.sessionIssuer.arn != '', r.userIdentity.sessionContext.sessionIssuer.arn,
        r.userIdentity.arn != '', r.userIdentity.arn, r.userIdentity.invokedBy) AS caller,
        r.eventSource, r.eventName, r.awsRegion, r.errorCode, count(), min(r.eventTime), max(r.eventTime)
    FROM file('{sys.argv[1]}/**/*.json.gz', 'JSONEachRow', 'Records Array(Tuple(userIdentity Tuple(arn String,
        invokedBy String, sessionContext Tuple(sessionIssuer Tuple(arn String))), eventTime String, eventSource String,
        eventName String, awsRegion String, errorCode String))')
    ARRAY JOIN Records AS r GROUP BY ALL
    SETTINGS max_threads={sys.argv[2]}, input_format_skip_unknown_fields=1,
        input_format_json_ignore_unknown_keys_in_named_tuple=1,
        input_format_json_defaults_for_missing_elements_in_named_tuple=1, input_format_null_as_default=1
    ''', 'CSV'))
lines = text.strip().split(chr(10)) if text else []
print(len(lines), sum(int(line.rsplit(',', 3)[1]) for line in lines))
"""


def run(command):
    """Wall seconds, CPU seconds, peak memory in MiB, and the first numbers printed."""
    start = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
    out = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}")
    numbers = tuple(int(word) for word in out.replace(",", "").split() if word.isdigit())
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, numbers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    ours = [target / "release/examples/narrow_fold", args.folder, "--threads", args.threads]
    programs = {"narrow_fold": ours}
    for name, text in (("chdb", CHDB), ("duckdb", DUCKDB)):
        programs[name] = [sys.executable, "-c", text, args.folder, args.threads]
        wall, cpu, *_ = run([sys.executable, "-c", text, "-", args.threads])
        print(f"{name} does nothing: wall {wall:.2f} s, cpu {cpu:.2f} s")
    rounds = [{name: run(command) for name, command in programs.items()} for _ in range(args.pairs)]
    answers = {one[name][3] for one in rounds for name in programs}
    print("rows and events:", answers if len(answers) == 1 else f"DIFFERENT {answers}")
    for name in programs:
        wall, cpu, memory = (statistics.median(one[name][kind] for one in rounds) for kind in range(3))
        ratios = [statistics.median(one[name][kind] / one["narrow_fold"][kind] for one in rounds) for kind in range(2)]
        print(f"{name:12} wall {wall:7.2f} s ({ratios[0]:5.1f} x)  cpu {cpu:7.2f} s ({ratios[1]:5.1f} x)  {memory:5.0f} MiB")


if __name__ == "__main__":
    main()
