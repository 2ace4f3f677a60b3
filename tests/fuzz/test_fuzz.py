#!/usr/bin/env python3
"""Builds one fuzz target with clang, ASan and UBSan, replays its corpus, and lets libFuzzer search.

  test_fuzz.py TARGET COMPILE_COMMANDS LIBRARY...

NNT_TEST_FUZZ_SECONDS says for how long (default 8). New inputs of interest are kept in found/ in the
test's working directory, and are where the next search begins; what crashes is left beside it.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SKIPPED = 77
HERE = Path(__file__).resolve().parent
SECONDS = int(os.environ.get("NNT_TEST_FUZZ_SECONDS", "8"))
SANITIZERS = "address,undefined,float-cast-overflow"
WORDS = {
    "idx": [rf"\x00\x00\x{kind:02x}\x{rank:02x}" for kind in (8, 9, 11, 12, 13, 14)
            for rank in (1, 2, 3)] + [r"\x1f\x8b\x08\x00"],
    "csv": ['\\"', r"\x0d\x0a", ",", ";", r"\x09", r"\xef\xbb\xbf", "nan", "1e39", "-0", "class",
            "0x1p3", "yes", "no"],
    "npy": [r"\x93NUMPY\x01\x00", r"\x93NUMPY\x02\x00", "'descr': ", "'fortran_order': ",
            "'shape': ", "(", ")", ", ", "{", "}", "True", "False", "(2,)", "(2, 3)", "3L", "[('a'",
            *(f"'{order}{kind}'" for order in "<>" for kind in ("f2", "f4", "f8", "i8", "u4")),
            "'|b1'", "'|u1'", "'|O'", "'<c8'"],
    "libsvm": ["qid:1", "1:", "2:0.5", "-1", "+1", "#", "nan", "1e39", "0x1p3", "1,2", r"\x0a",
               r"\x0d\x0a", "16777216:1", "16777217:1", "99999999999999999999:1"],
}


def find_clang():
    """A clang that can link a fuzz target, or the test is skipped."""
    source = "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const char*,size_t);" \
             "int LLVMFuzzerTestOneInput(const char*p,size_t n){return p&&n>9?0:0;}"
    Path("probe.c").write_text(source)
    for name in ("clang", *(f"clang-{version}" for version in range(22, 10, -1))):
        if shutil.which(name) is None:
            continue
        done = subprocess.run([name, "-fsanitize=fuzzer," + SANITIZERS, "probe.c", "-o", "probe"],
                              capture_output=True, check=False)
        if done.returncode == 0:
            return name
    print("skipped: no clang with libFuzzer; scripts/install_dependencies.sh --tests installs it")
    sys.exit(SKIPPED)


def compile_one(clang, entry, folder):
    """One of the target's sources, with the words of the build's own compiler that say where
    headers are and what is defined."""
    words = shlex.split(entry["command"])
    kept = [word for word in words if re.match(r"-[ID]|-std=", word)]
    for i, word in enumerate(words):
        if word == "-isystem":
            kept += [word, words[i + 1]]
    out = folder / (entry["file"].replace("/", "_") + ".o")
    subprocess.run([clang, "-c", "-g", "-O1", "-fno-omit-frame-pointer", "-UNDEBUG",
                    "-fsanitize=fuzzer-no-link," + SANITIZERS, "-fno-sanitize-recover=all", *kept,
                    entry["file"], "-o", str(out)], cwd=entry["directory"], check=True)
    return str(out)


def build(target, database, libraries):
    clang = find_clang()
    objects = Path.cwd() / "objects"
    shutil.rmtree(objects, ignore_errors=True)
    objects.mkdir()
    entries = [entry for entry in json.loads(Path(database).read_text())
               if f"fuzz_{target}.dir/" in entry["command"]
               or ("fuzz_support.dir/" in entry["command"]
                   and not entry["file"].endswith("replay.c"))]
    with ThreadPoolExecutor(2) as pool:
        outputs = list(pool.map(lambda entry: compile_one(clang, entry, objects), entries))
    program = Path.cwd() / f"fuzz_{target}"
    subprocess.run([clang, "-fsanitize=fuzzer," + SANITIZERS, *outputs, *libraries, "-lm", "-o",
                    str(program)], check=True)
    return program


def write_dictionary(target):
    words = WORDS.get(target)
    if words is None:  # the run file's keys and names
        said = subprocess.run([os.environ["NNTRAIN"], "help", "train", "all"],
                              capture_output=True, text=True, check=True).stdout
        keys = sorted(set(re.findall(r"^  --([a-z0-9-]+)", said, re.M)))
        names = sorted(set(re.findall(r"\b[a-z]+(?:-[a-z]+)*\b", said)) - set(keys))
        words = [f"{key} = " for key in keys] + [name for name in names if len(name) < 20]
        words += ["true", "false", "1e-3", "0.9,0.999", "5epochs", "500steps", "10min", "1-12"]
    Path("words.dict").write_text("".join(f'"{word}"\n' for word in words))


def main():
    target, database, *libraries = sys.argv[1:]
    program = build(target, database, libraries)
    write_dictionary(target)
    Path("found").mkdir(exist_ok=True)
    settings = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1",
                    UBSAN_OPTIONS="print_stacktrace=1")
    done = subprocess.run(
        [str(program), f"-max_total_time={SECONDS}", "-max_len=4096", "-timeout=20",
         "-rss_limit_mb=2048", "-dict=words.dict", "-print_final_stats=1",
         f"-artifact_prefix={Path.cwd()}/", "found", str(HERE / "corpus" / target)],
        env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", check=False)
    lines = done.stdout.splitlines()
    if done.returncode != 0:
        print("\n".join(lines[-80:]))
        print(f"to see it again: {program} FILE, with the file named above")
        return 1
    print("\n".join(line for line in lines if "DONE" in line or line.startswith("stat::")))
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    seeds = len(list((HERE / "corpus" / target).iterdir()))
    if runs is None or int(runs.group(1)) <= seeds:
        print("nothing but the corpus was tried")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
