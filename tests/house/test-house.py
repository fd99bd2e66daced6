#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: test-house.py SOURCE STALELIBCTL BUILD

Holds what README.md and tools/ say against the tree and the program. Speaks TAP.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

source, ctl, build = sys.argv[1:]
cases = []


def case(function):
    cases.append(function)
    return function


class Skip(Exception):
    pass


def read(name):
    with open(os.path.join(source, name), encoding="utf-8") as f:
        return f.read()


def equal(got, want):
    assert got == want, f"{got!r}, should be {want!r}"


@case
def picture_in_readme_is_what_a_terminal_shows():
    r = subprocess.run([sys.executable, os.path.join(source, "tools/picture"), "--check", f"--ctl={ctl}", f"--build={build}"],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if r.returncode == 77:
        raise Skip(r.stderr.splitlines()[-1])
    assert r.returncode == 0, r.stderr


@case
def folders_in_readme_are_those_of_the_tree():
    named = set(re.findall(r"`([a-z]+)/`", read("README.md").split("| folder |")[1]))
    there = {d for d in os.listdir(source) if os.path.isdir(os.path.join(source, d))
             and not d.startswith((".", "build"))}
    equal(named, there)


@case
def pages_that_the_pages_point_to_are_there():
    for page in ("README.md", "ARCHITECTURE.md", "HACKING.md", "SECURITY.md"):
        for target in re.findall(r"\]\(([^):#]+)\)", read(page)):
            assert os.path.exists(os.path.join(source, target)), f"{page}: {target}"
        for name, section in re.findall(r"\b(stalelib[\w.-]*|org\.stalelib1)\((\d)\)", read(page)):
            assert os.path.exists(os.path.join(source, "man", f"{name}.{section}.scd")), f"{page}: {name}({section})"


@case
def files_that_the_pages_name_are_there():
    for page in ("README.md", "ARCHITECTURE.md", "HACKING.md", "SECURITY.md"):
        for name in re.findall(r"`((?:common|ctl|daemon|tests|tools|systemd|man|debian|rpm)/[\w./-]*)`", read(page)):
            if not re.search(r"NAME|build", name):
                assert os.path.exists(os.path.join(source, name.rstrip("."))), f"{page}: {name}"


@case
def commands_in_readme_are_those_of_the_program():
    help = subprocess.run([ctl, "--help"], capture_output=True, text=True, check=True).stdout
    for verb, options in re.findall(r"`stalelibctl ([a-z]+)([^`]*)`", read("README.md")):
        assert re.search(rf"^  {verb}\b", help, re.MULTILINE), verb
        for option in re.findall(r"--[a-z]+", options):
            assert option in help, option


@case
def states_in_readme_are_words_of_the_vocabulary():
    words = set(re.findall(r'"([a-z-]+)"', read("common/report/vocabulary.c")))
    named = re.findall(r"^\| `([a-z]+)` \|", read("README.md").split("| state |")[1].split("\n\n")[0], re.MULTILINE)
    assert len(named) == 7 and set(named) <= words, named


@case
def reasons_in_readme_are_as_many_as_there_are():
    words = re.search(r"DEFINE_WORDS\(pin_reason,.*?\)", read("common/report/vocabulary.c"), re.DOTALL)[0]
    pins = set(re.findall(r'"([a-z-]+)"', words)) - {"unknown"}
    equal(re.search(r"one of (\d+) reasons", read("README.md"))[1], str(len(pins)))


def table(page, head):
    """The rows of the first table that begins so, each a list of its cells."""
    text = read(page).split(f"\n| {head}", 1)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


@case
def peers_in_readme_are_those_of_the_last_measurement():
    bench = "tests/bench/README.md"
    assert "498 processes, 126 stale files in 61 of them" in read(bench)
    costs, found = table(bench, "contender"), table(bench, "who")
    rows = table("README.md", "498 processes, of which 61 ")
    peers = ("`stalelibctl scan", "`stalelibd`", "`grep", "`lsof -n -d DEL", "`checkrestart", "`needrestart")
    equal([name.startswith(peer) for (name, *_), peer in zip(rows, peers)], [True] * len(peers))
    for (_, cost, missed, false, _), peer in zip(rows, peers):
        ours = peer == "`stalelibd`"
        equal(cost, next(r[1].split()[0] for r in costs if r[0].startswith("our steady sweep" if ours else peer)) + " ms")
        equal([missed, false], next(r[3:5] for r in found if r[0].startswith("we" if ours else peer)))


LAYERS = ["util", "report", "elf", "proc", "rtld", "unload-check", "scan", "judge", "explain", "sweep"]


def modules(tree):
    """The includes between modules (a header and its source are one): {module: {module}}. tree: {path: text}, as below common/, daemon/ and ctl/."""
    paths, graph = set(tree), {}
    for path, text in tree.items():
        folder = os.path.dirname(path)
        for name in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE):
            for candidate in ("common/" + name, folder + "/" + name, folder.split("/")[0] + "/" + name):
                if candidate in paths:
                    a, b = os.path.splitext(path)[0], os.path.splitext(candidate)[0]
                    if a != b:
                        graph.setdefault(a, set()).add(b)
                    break
    return graph


def rank(module):
    parts = module.split("/")
    return LAYERS.index(parts[1]) if parts[0] == "common" else len(LAYERS)


def longest_chain(graph):
    """The longest chain of includes. Raises ValueError with a cycle if there is one."""
    longest, pending = {}, []

    def visit(module):
        if module in pending:
            raise ValueError(" -> ".join(pending[pending.index(module):] + [module]))
        if module not in longest:
            pending.append(module)
            longest[module] = max((visit(m) for m in sorted(graph.get(module, ()))), key=len, default=[])
            pending.pop()
        return [module] + longest[module]

    return max((visit(m) for m in sorted(graph)), key=len)


def upwards(graph):
    """Includes from a lower folder of common/ to a higher one, from common/ to daemon/ or ctl/, and between these two."""
    return [f"{a} -> {b}" for a in sorted(graph) for b in sorted(graph[a])
            if rank(b) > rank(a) or (rank(a) == len(LAYERS) == rank(b) and a.split("/")[0] != b.split("/")[0])]


def sources():
    found = {}
    for top in ("common", "daemon", "ctl"):
        for folder, _, names in os.walk(os.path.join(source, top)):
            for name in names:
                if name.endswith((".c", ".h")):
                    path = os.path.relpath(os.path.join(folder, name), source)
                    found[path] = read(path)
    return found


@case
def includes_point_down_and_have_no_cycle():
    graph = modules(sources())
    equal(upwards(graph), [])
    chain = longest_chain(graph)
    print(f"# the longest include chain has {len(chain)} modules: {' > '.join(chain)}")


@case
def planted_include_upwards_is_found():
    equal(upwards(modules({"common/util/a.c": '#include "judge/b.h"\n', "common/judge/b.h": ""})), ["common/util/a -> common/judge/b"])
    equal(upwards(modules({"common/sweep/a.c": '#include "daemon.h"\n', "common/sweep/daemon.h": ""})), [])
    equal(upwards(modules({"ctl/a.c": '#include "b.h"\n', "ctl/b.h": "", "daemon/c.c": '#include "util/d.h"\n', "common/util/d.h": ""})), [])


@case
def planted_include_cycle_is_found():
    tree = {"common/elf/a.h": '#include "elf/b.h"\n', "common/elf/b.h": "", "common/elf/b.c": '#include "elf/a.h"\n#include "elf/b.h"\n'}
    try:
        chain = longest_chain(modules(tree))
    except ValueError as e:
        equal(str(e), "common/elf/a -> common/elf/b -> common/elf/a")
    else:
        raise AssertionError(f"no cycle in {chain}")


@case
def type_names_stand_once():
    names = {}
    for path, text in sources().items():
        for name in re.findall(r"^} (\w+);|^typedef (?:struct|enum|union) (\w+) {", text, re.MULTILINE):
            names.setdefault(name[0] or name[1], set()).add(path)
    equal({name: sorted(paths) for name, paths in names.items() if len(paths) > 1}, {})


def count(*programs):
    """What tools/count makes of such a log: its last line, and its exit status."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        for result, stdout in programs:
            log.write(json.dumps({"name": "program", "result": result, "stdout": stdout}) + "\n")
        log.flush()
        r = subprocess.run([sys.executable, os.path.join(source, "tools/count"), log.name], capture_output=True, text=True)
    return r.stdout.splitlines()[-1] if r.stdout else "", r.returncode


@case
def count_counts_each_result():
    equal(count(("OK", "1..3\nok 1 - a\nok 2 - b # SKIP c\nok 3\n"), ("OK", "")), ("3 passed, 0 failed, 1 skipped", 0))


@case
def count_tells_failures():
    equal(count(("FAIL", "ok 1\nnot ok 2\n"), ("OK", "ok 1\n")), ("2 passed, 1 failed", 1))


@case
def count_tells_programs_that_ended_badly():
    equal(count(("TIMEOUT", "1..9\nok 1\n"), ("ERROR", "ok 1\n"), ("FAIL", "")), ("2 passed, 3 failed", 1))


@case
def count_does_not_pass_where_nothing_ran():
    equal(count(), ("", 1))


@case
def count_does_not_take_text_for_results():
    equal(count(("OK", "ok 1 - not ok\n# not ok 2\nokay\nbook 2\n"),), ("1 passed, 0 failed", 0))


def main():
    print(f"1..{len(cases)}")
    failed = 0
    for number, function in enumerate(cases, 1):
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Skip as e:
            print(f"ok {number} - {name} # SKIP {e}", flush=True)
        except Exception as e:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in f"{type(e).__name__}: {e}".splitlines():
                print(f"#   {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
