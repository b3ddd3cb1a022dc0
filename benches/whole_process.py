#!/usr/bin/env python3
"""Measures whole processes as ratios: `trailtrim usage` and the narrow fold against a program that only inflates
the same files, on logs that repeat as usual and on logs in which nothing repeats.

    benches/whole_process.py [--folder FOLDER] [--events N] [--pairs N] [--no-build]

Builds release, generates the logs in FOLDER (outside the repository) when they are missing, and runs the
programs in turn, so that a busy machine slows both. Wall and CPU time, medians, peak memory. Nothing here
fails a build: numbers of one machine are no property of the program. Needs only Python's standard library.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command):
    """Wall seconds, CPU seconds, peak memory in MiB, and what was printed on standard output."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{command} ended with status {child.returncode}")
        out.seek(0)
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read()


def compare(title, first, second, pairs):
    """Runs two commands in turn and prints the medians and the medians of the pairs' ratios."""
    rows = [(run(first), run(second)) for _ in range(pairs + 1)][1:]  # the first pair warms the caches
    print(f"\n{title}, {pairs} pairs")
    for name, index in (("first", 0), ("second", 1)):
        wall, cpu, memory = (statistics.median(row[index][kind] for row in rows) for kind in range(3))
        best = min(row[index][0] for row in rows)
        print(f"  {name:<7} wall {wall:7.3f} s (best {best:.3f})  cpu {cpu:7.3f} s  peak {memory:6.0f} MiB")
    for name, kind in (("wall", 0), ("cpu", 1)):
        ratios = sorted(row[1][kind] / row[0][kind] for row in rows)
        middle = statistics.median(ratios)
        print(f"  second / first, {name}: {middle:.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def generate(program, folder, events, more):
    if folder.exists():
        return
    print(f"generating {folder}")
    made = folder.with_name(folder.name + ".part")
    subprocess.run([program, "--events", str(events), "--out", made, *more], check=True)
    made.rename(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "trailtrim-bench")
    parser.add_argument("--events", type=int, default=700_000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--no-build", action="store_true")
    args = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    if not args.no_build:
        subprocess.run(["cargo", "build", "--release", "--bins", "--examples"], cwd=ROOT, check=True)
    release = target / "release"
    examples = release / "examples"
    trailtrim, floor = release / "trailtrim", examples / "inflate_only"
    narrow, maker = examples / "narrow_fold", examples / "generate_logs"
    args.folder.mkdir(parents=True, exist_ok=True)
    usual = args.folder / f"usual-{args.events}"
    unique = args.folder / f"unique-{args.events}"
    small = args.folder / f"small-{args.events}"
    large = args.folder / f"large-{args.events}"
    generate(maker, usual, args.events, ["--mix", "usual"])
    generate(maker, unique, args.events, ["--mix", "unique"])
    # Files of about 8 KB, and of several MB.
    generate(maker, small, args.events // 4, ["--mix", "usual", "--per-file", "40"])
    generate(maker, large, args.events // 4, ["--mix", "usual", "--per-file", "25000"])
    usage = [trailtrim, "usage", "--quiet"]
    one = ["--threads", "1"]
    for folder in (usual, unique):
        print("\n" + run([floor, folder])[3].decode().strip(), f"in {folder}")
        compare("inflate only (first), narrow fold (second)", [floor, folder], [narrow, folder], args.pairs)
        compare("inflate only (first), usage (second)", [floor, folder], [*usage, folder], args.pairs)
        compare(
            "one thread: inflate only (first), narrow fold (second)",
            [floor, folder, *one], [narrow, folder, *one], args.pairs,
        )
        compare(
            "one thread: inflate only (first), usage (second)",
            [floor, folder, *one], [*usage, *one, folder], args.pairs,
        )
        compare("usage on all cores (first), on one (second)", [*usage, folder], [*usage, *one, folder], args.pairs)
    compare("few large files (first), thousands of small ones (second)", [*usage, large], [*usage, small], args.pairs)


if __name__ == "__main__":
    main()
