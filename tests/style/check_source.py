#!/usr/bin/env python3
"""Checks that the house stands as it was drawn: which file includes which, and what stands where.

  check_source.py ROOT         the tree under ROOT (include/ and src/)
  check_source.py --self-test  breaks every rule in a scratch tree and expects to be told

One line for each violation, FILE:LINE: what; exit code 1 when there is any.
"""
import re
import sys
import tempfile
from pathlib import Path

# A file includes only headers of floors below its own, and of its own.
FLOOR = {"base": 0, "kernels": 1, "net": 2, "layers": 3, "data": 4, "comm": 4, "step": 5, "hdf5": 6, "io": 7,
         "input": 8, "convert": 8, "score": 9, "record": 10, "guard": 11, "train": 12, "report": 13, "bench": 13,
         "cli": 14}

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 70

# pattern, where it may stand (regular expression on the path), what to say
PLACES = [
    (r'#\s*include\s*[<"]mpi\.h[>"]', r"src/comm/.*|include/nntrain/comm\.h|src/cli/main\.c",
     "mpi.h is for comm/, include/nntrain/comm.h and cli/main.c"),
    (r'#\s*include\s*[<"](hdf5|H5\w+)\.h[>"]', r"src/hdf5/h5\w*\.c|src/hdf5/h5_internal\.h",
     "hdf5.h is for hdf5/h5*.c and hdf5/h5_internal.h"),
    (r"\bMPI_COMM_WORLD\b|\bMPI_Init(_thread)?\b|\bMPI_Finalize\b", r"src/cli/main\.c",
     "the caller owns MPI: only cli/main.c starts it and knows MPI_COMM_WORLD"),
    (r"#\s*pragma\s+omp\b|\b_Pragma\s*\(\s*\"omp",
     r"src/layers/.*|src/net/(optimizer|partial_sums|fingerprint)\.c|src/data/loader\.c|"
     r"src/comm/(gradient_exchange|tree_sum)\.c|src/bench/.*",
     "OpenMP is for layers/, net/{optimizer,partial_sums,fingerprint}.c, data/loader.c, "
     "comm/{gradient_exchange,tree_sum}.c and bench/; kernels do one thread's part"),
    (r"\b(printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort)\s*\(", r"src/cli/.*",
     "only cli/ prints and exits; return a status or call the log callback"),
    (r"\b(stdout|stderr)\b", r"src/cli/.*", "only cli/ prints"),
    (r"\b(fsync|fdatasync|rename|renameat)\s*\(", r"src/io/atomic_file\.c",
     "files are flushed and get their names in io/atomic_file.c"),
    (r"\b(rand|srand|random|drand48)\s*\(", None, "use base/rng.h"),
    (r"\b(atoi|atol|atoll|atof)\s*\(", None, "use strtol or strtod and check"),
    (r"\b(sprintf|vsprintf|gets)\s*\(", None, "use snprintf"),
    (r"#\s*if\s+0\b", None, "delete it"),
]
MARKS = re.compile(r"\b(TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def without_comments(text, strings):
    """The text with comments blanked, and with strings=False the insides of literals too; lines
    stay where they are."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group()
        if found[0] == "/" or not strings:
            return re.sub(r"[^\n]", " ", found)
        return found

    return token.sub(blank, text)


def floor_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def include_violation(path, system, quoted):
    """What is wrong with one include line of `path`, or None."""
    if quoted is None:
        wrong = system.startswith(tuple(f"{floor}/" for floor in FLOOR))
        return f"<{system}>: write headers of src/ in quotes" if wrong else None
    if not path.startswith("src/"):
        return f'"{quoted}": public headers include only <nntrain/...> and system headers'
    own, other = floor_of(path), quoted.split("/")[0]
    if other not in FLOOR or "/" not in quoted:
        return f'"{quoted}": write FLOOR/FILE.h, for example "base/memory.h"'
    if own not in FLOOR:
        return f"src/{own}/ is not a floor of the house"
    if own == "cli" and other != "cli":
        return f'"{quoted}": cli/ uses the public interface only, <nntrain/...>'
    if other != own and FLOOR[other] >= FLOOR[own]:
        return f'"{quoted}": {other}/ is not below {own}/'
    return None


def long_functions(code):
    """(first line, lines) of each function; `code` is without comments and literals."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group()),
                  code, flags=re.M)
    depth, start, opened = 0, 0, None
    for at, letter in enumerate(code):
        if letter == "{":
            if depth == 0 and code[start:at].rstrip().endswith(")"):
                head = start + len(code[start:at]) - len(code[start:at].lstrip())
                opened = code.count("\n", 0, head) + 1
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                if opened is not None:
                    yield opened, code.count("\n", 0, at) + 2 - opened
                opened, start = None, at + 1
        elif letter == ";" and depth == 0:
            start = at + 1


def check_file(path, text):
    found = []
    code = without_comments(text, strings=False)
    readings = zip(text.split("\n"), without_comments(text, strings=True).split("\n"),
                   code.split("\n"))
    for number, (whole, line, bare) in enumerate(readings, 1):
        include = INCLUDE.match(line)
        wrong = include and include_violation(path, include.group(1), include.group(2))
        if wrong:
            found.append((number, wrong))
        for pattern, allowed, message in PLACES:
            hit = re.search(pattern, line if include or "_Pragma" in line else bare)
            if hit and not (allowed and re.fullmatch(allowed, path)):
                found.append((number, f"{hit.group().strip()}: {message}"))
        mark = MARKS.search(whole)
        if mark:
            found.append((number, f"{mark.group()}: do it, or leave it out"))
    count = text.count("\n")
    if count > MAX_FILE_LINES:
        found.append((count, f"{count} lines: a file has at most {MAX_FILE_LINES}, better 400"))
    if path.endswith(".c"):
        for first, length in long_functions(code):
            if length > MAX_FUNCTION_LINES:
                found.append((first, f"a function of {length} lines: at most "
                                     f"{MAX_FUNCTION_LINES}, better 60"))
    return [f"{path}:{number}: {message}" for number, message in found]


# A name that a C file defines for others, at the start of a line: a function, or a table.
DEFINITION = re.compile(r"^(?!static\b|typedef\b|extern\b|return\b|else\b)[A-Za-z_][\w \t*]*?\b((?:nnt|h5|options)_\w+)"
                        r"(?:\([^;{}]*\)\s*\{|(?:\[[^\]]*\])*\s*=)", re.M)
NAME = re.compile(r"\b(?:nnt|h5|options)_\w+\b")


def dependencies(texts):
    """Of each file the files that it needs, and why: the headers that it includes, and the C files
    of its own folder whose functions or tables it names."""
    code = {path: without_comments(text, strings=False) for path, text in texts.items()}
    home = {name: path for path in texts if path.endswith(".c")
            for name in DEFINITION.findall(code[path])}
    needs = {}
    for path, text in texts.items():
        needs[path] = {}
        for line in without_comments(text, strings=True).split("\n"):
            include = INCLUDE.match(line)
            header = include and (f"src/{include.group(2)}" if include.group(2) else f"include/{include.group(1)}")
            if header in texts:
                needs[path][header] = "includes it"
        for name in NAME.findall(code[path]) if path.endswith(".c") else ():
            other = home.get(name)
            if other not in (None, path) and Path(other).parent == Path(path).parent:
                needs[path].setdefault(other, f"uses {name}")
    return needs


def circles(needs):
    """The circles of files, each as a list that begins and ends with the same file: one for each
    file at which a search in depth comes back to where it is."""
    found, done = [], set()

    def visit(path, way):
        if path in way:
            found.append(way[way.index(path):] + [path])
            return
        if path in done:
            return
        for other in sorted(needs[path]):
            visit(other, way + [path])
        done.add(path)

    for path in sorted(needs):
        visit(path, [])
    return found


def check_circles(texts):
    needs = dependencies(texts)
    return [f"{circle[0]}:1: a circle of files: " +
            ", ".join(f"{a} needs {b} ({needs[a][b]})" for a, b in zip(circle, circle[1:]))
            for circle in circles(needs)]


def check_tree(root):
    paths = sorted(path for top in ("include", "src") for path in (root / top).rglob("*.[ch]"))
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in paths}
    found = []
    for path, text in texts.items():
        found += check_file(path, text)
    return len(texts), found + check_circles(texts)


# path, content, a part of the message or None when it is allowed
SELF_TEST = [
    ("src/net/a.c", '#include "base/x.h"\n#include "net/y.h"\n#include <stdio.h>\n', None),
    ("src/io/a.c", '#include "data/source.h"\n#include "comm/comm.h"\n', None),
    ("src/cli/a.c", '#include <nntrain/model.h>\n#include "cli/options.h"\n', None),
    ("src/base/a.c", '#include "kernels/x.h"\n', "kernels/ is not below base/"),
    ("src/data/a.h", '#include "comm/x.h"\n', "comm/ is not below data/"),
    ("src/comm/a.c", '#include "data/source.h"\n', "data/ is not below comm/"),
    ("src/data/a.c", '  #  include "io/x.h"\n', "io/ is not below data/"),
    ("src/cli/b.c", '#include "base/memory.h"\n', "public interface only"),
    ("src/net/b.c", '#include "layout.h"\n', "write FLOOR/FILE.h"),
    ("src/net/c.c", "#include <base/memory.h>\n", "in quotes"),
    ("src/other/a.c", '#include "base/x.h"\n', "not a floor"),
    ("include/nntrain/a.h", '#include "base/x.h"\n', "public headers"),
    ("src/comm/b.c", "#include <mpi.h>\n", None),
    ("src/train/a.c", "#include <mpi.h>\n", "mpi.h is for"),
    ("include/nntrain/model.h", "#include <mpi.h>\n", "mpi.h is for"),
    ("src/hdf5/h5_read.c", "#include <hdf5.h>\n", None),
    ("src/hdf5/h5_internal.h", "#include <hdf5.h>\n", None),
    ("src/hdf5/h5.h", "#include <hdf5.h>\n", "hdf5.h is for"),
    ("src/io/checkpoint.c", "#include <hdf5.h>\n", "hdf5.h is for"),
    ("src/cli/main.c", "int f(void) { MPI_Comm_rank(MPI_COMM_WORLD, &rank); }\n", None),
    ("src/comm/c.c", "MPI_Comm world = MPI_COMM_WORLD;\n", "the caller owns MPI"),
    ("src/comm/d.c", "int f(void) { MPI_Init(0, 0); }\n", "the caller owns MPI"),
    ("src/comm/e.c", "/* never MPI_COMM_WORLD */\n// nor MPI_Init\n", None),
    ("src/net/optimizer.c", "#pragma omp parallel\n", None),
    ("src/train/b.c", "  #pragma omp parallel for\n", "OpenMP is for"),
    ("src/train/c.c", '_Pragma("omp parallel")\n', "OpenMP is for"),
    ("src/io/b.c", 'void f(void) { printf("x"); }\n', "only cli/ prints and exits"),
    ("src/io/c.c", 'void f(void) { snprintf(b, 4, "printf(stderr)"); fprintf(file, "x"); }\n', None),
    ("src/io/d.c", 'void f(void) { fprintf(stderr, "x"); }\n', "only cli/ prints"),
    ("src/io/e.c", "void f(void) { exit(1); }\n", "only cli/ prints and exits"),
    ("src/io/f.c", "void f(void) { rename(a, b); }\n", "files are flushed"),
    ("src/cli/c.c", 'void f(void) { printf("x"); exit(1); }\n', None),
    ("src/base/b.c", "int f(void) { return rand(); }\n", "use base/rng.h"),
    ("src/base/c.c", "int f(void) { return atoi(s); }\n", "use strtol"),
    ("src/base/d.c", 'int f(void) { sprintf(a, "x"); }\n', "use snprintf"),
    ("src/base/e.c", "#if 0\n#endif\n", "delete it"),
    ("src/base/f.c", "/* TO" "DO: more */\n", "do it, or leave it out"),
    ("src/base/g.c", "\n" * (MAX_FILE_LINES + 1), "a file has at most"),
    ("src/base/h.c", "\n" * MAX_FILE_LINES, None),
    ("src/base/i.c", "static int f(int a,\n  int b) {\n" + "a;\n" * 68 + "}\n", "a function of 71"),
    ("src/base/j.c", "int f(int a,\n  int b) {\n" + "a;\n" * 67 + "}\n", None),
    ("src/base/k.c", "#define M(x) \\\n  { \\\n    x\nint g;\nint f(void) {\n" + "{}\n" * 70 + "}\n",
     "a function of 72"),
    ("src/base/l.c", "static const int t[] = {\n" + "1,\n" * 80 + "};\n", None),
]


# files by their content, and a part of the message or None when they are allowed
SELF_TEST_CIRCLES = [
    ({"src/net/a.h": '#include "net/b.h"\n', "src/net/b.h": '#include "net/c.h"\n', "src/net/c.h": ""}, None),
    ({"src/net/a.h": '#include "net/b.h"\n', "src/net/b.h": '#include "net/c.h"\n',
      "src/net/c.h": '#include "net/a.h"\n'}, "a circle of files: src/net/a.h needs src/net/b.h (includes it), "),
    ({"include/nntrain/a.h": "#include <nntrain/b.h>\n", "include/nntrain/b.h": "#include <nntrain/a.h>\n"},
     "a circle of files"),
    ({"src/net/a.c": "int nnt_a(void) {\n  return nnt_b();\n}\n",
      "src/net/b.c": "static int a(void) {\n  return 1; /* not nnt_a() */\n}\nint nnt_b(void) {\n  return a();\n}\n"},
     None),
    ({"src/net/a.c": "int nnt_a(void) {\n  return nnt_b();\n}\n",
      "src/net/b.c": "nnt_status nnt_b(int x,\n    int y) {\n  return nnt_a();\n}\n"},
     "src/net/a.c needs src/net/b.c (uses nnt_b), src/net/b.c needs src/net/a.c (uses nnt_a)"),
    ({"src/net/a.c": "const nnt_kind nnt_a_kind = {.run = nnt_b};\n",
      "src/net/b.c": "void nnt_b(void) {\n  run(&nnt_a_kind);\n}\n"}, "a circle of files"),
]


def findings(files):
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return check_tree(Path(folder))[1]


def self_test():
    failures = []
    cases = [({path: content}, expected) for path, content, expected in SELF_TEST] + SELF_TEST_CIRCLES
    for files, expected in cases:
        found = findings(files)
        if expected is None and found:
            failures.append(f"{list(files)} is allowed, but: {found}")
        if expected is not None and not (len(found) == 1 and expected in found[0]):
            failures.append(f"{list(files)} should give one line with '{expected}', but: {found}")
    return len(cases), failures


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--self-test":
        count, found = self_test()
    else:
        count, found = check_tree(Path(sys.argv[1]))
    print("\n".join(found + [f"{count} checked, {len(found)} violations"]))
    sys.exit(1 if found or count == 0 else 0)


if __name__ == "__main__":
    main()
