# SPDX-License-Identifier: LGPL-2.1-or-later
"""The form of a scenario, and how it is judged.

A scenario is a generator that brings a process into a state and yields what the
report has to say of it: the process, and one Stale() for each finding. Nothing
else may be reported. It may go on and yield again. It runs in mount and process
namespaces of its own, so that whatever it leaves behind goes with them.

The report is asked for in every way: of that process, and of the whole host; by
PROCMAP_QUERY and by the text of maps; and as another user where the scenario says
so. It has to be the same each time.
"""
import collections
import dataclasses
import errno
import json
import os
import re
import select
import shutil
import subprocess
import time

import fixtures
from fixtures import Missing

ANY = object()  # not judged

scenarios = collections.OrderedDict()


def scenario(function):
    """Registers a scenario. Its first line of documentation is its title."""
    scenarios[function.__name__] = function
    return function


def scenario_of_host(function):
    """One that needs to see the processes of the machine: without a process namespace of its own."""
    function.of_host = True
    return scenario(function)


class File:
    """A file, and the inode that it had when it was put there."""

    def __init__(self, path):
        self.path = os.fspath(path)
        self.inode = os.stat(self.path).st_ino

    def __fspath__(self):
        return self.path

    def at(self, path):
        """The same file, as the process sees it under another path."""
        other = File.__new__(File)
        other.path, other.inode = os.fspath(path), self.inode
        return other


@dataclasses.dataclass
class Stale:
    """A finding. What is given is judged exactly; pins, flags and runtimes are always."""
    file: File
    state: str
    pins: tuple
    disk: object = ANY       # File, or None: nothing is there
    flags: tuple = ()
    runtimes: tuple = ()
    holder: object = ANY     # path of the one holder, or None
    certainty: object = ANY  # of all pins
    action: object = ANY
    successor: object = ANY
    detail: object = ANY     # a regular expression that the details of the pins have to match
    required: bool = True    # False: it may be missing, but if it is there, it is judged
    urgency: object = None   # None: as its flags have it
    or_unknown: bool = False # True: where it is not found, it has to be listed as unknown, as others of that process may be


@dataclasses.dataclass
class Unknown:
    """A mapping that cannot be judged. Where one is given, all are."""
    path: object
    reason: str


@dataclasses.dataclass
class Counts:
    """What the sweep of one process has to count, where it is not the usual: all looked at, nothing unknown."""
    processes: object = 1
    unreadable: int = 0
    unknown: int = 0


@dataclasses.dataclass
class Look:
    """Whom to look at, where it is not the process itself: None is all processes."""
    pid: object = None
    user: object = None      # as this user, and not as root
    also_as: object = None   # as this user as well: the process is his


@dataclasses.dataclass
class Noted:
    """There is nothing to report, and why is said in one line that matches."""
    text: str


@dataclasses.dataclass
class Refused:
    """The program has to fail with this status, and to say so in one line that matches."""
    status: int
    text: str


class Host:
    """A process that loads what it is told to: host.c."""

    def __init__(self, process):
        self.process = process
        self.pid = process.pid

    def do(self, *words):
        command = b"".join(os.fsencode(os.fspath(w)) + b"\0" for w in words) + b"\0"
        self.process.stdin.write(command)
        self.process.stdin.flush()
        return self.answer(words)

    def answer(self, words=()):
        return self.value(words, self.process.stdout.readline())

    def value(self, words, line):
        line = line.decode(errors="replace").strip()
        status, _, text = line.partition(" ")
        if status != "ok":
            error = "" if line else self.process.stderr.read().decode(errors="replace")
            raise RuntimeError(f"host: {' '.join(map(str, words))}: {text or error or 'it is gone'}")
        return int(text)

    def open(self, file, flags="now"):
        return self.do("open", flags, file)

    def close(self, handle):
        self.do("close", str(handle))

    def call(self, handle, symbol="plugin_version"):
        return self.do("call", str(handle), symbol)

    def thread(self, handle, symbol="plugin_version"):
        return self.do("thread", str(handle), symbol)


class Worker(Host):
    """A host that another one has forked."""

    def __init__(self, pid, to, back):
        self.pid = pid
        self.process = None
        self.to, self.back = os.fdopen(to, "wb"), os.fdopen(back, "rb", buffering=0)

    def do(self, *words):
        self.to.write(b"".join(os.fsencode(os.fspath(w)) + b"\0" for w in words) + b"\0")
        self.to.flush()
        return self.answer(words)

    def answer(self, words=()):
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.back], [], [], 10)[0]:
                raise RuntimeError(f"worker: {' '.join(map(str, words))}: no answer")
            line += self.back.read(1)
        return self.value(words, line)


class World:
    """What a scenario works with: a directory of its own, fixtures, processes, mounts."""

    def __init__(self, directory, say=None):
        self.directory = directory
        self.say = say or (lambda text: None)
        self.n_workers = 0

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def file(self, *parts):
        return File(self.path(*parts))

    def make(self, *parts):
        os.makedirs(self.path(*parts), exist_ok=True)
        return self.path(*parts)

    def install(self, fixture, name="plugin.so"):
        """Puts a fixture there as a new file (never into an old one)."""
        target = self.path(name)
        new = target + ".new" if len(os.path.basename(target)) < 200 else self.path("new")
        shutil.copy(fixtures.get(fixture), new)
        os.rename(new, target)
        return File(target)

    def replace(self, file, fixture):
        """Renames a new file over it, as package managers do."""
        return self.install(fixture, os.path.relpath(file.path, self.directory))

    def overwrite(self, file, fixture, truncate=True):
        """Writes into it, as cp does."""
        with open(fixtures.get(fixture), "rb") as f:
            content = f.read()
        fd = os.open(file.path, os.O_WRONLY | (os.O_TRUNC if truncate else 0))
        os.write(fd, content)
        os.close(fd)

    def age(self):
        """Files are older than what starts from now on, by more than clocks of files and of processes are coarse."""
        time.sleep(1.3)

    def start(self, *command, env=None, cwd=None):
        return subprocess.Popen([os.fspath(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, cwd=cwd)

    def host(self, fixture="host-1", before=(), program=None, env=None, cwd=None):
        """Starts a host, and waits until it answers. `before`: a command that ends in starting it."""
        try:
            h = Host(self.start(*before, program or fixtures.get(fixture), env=env, cwd=cwd))
        except OSError as e:
            if e.errno != errno.ENOEXEC:
                raise
            raise Missing(f"this kernel does not run {fixture.rpartition('-')[0]}") from e
        h.do("hello")
        return h

    def worker(self, host):
        """Forked from a host, and a host itself."""
        self.n_workers += 1
        fifos = [self.path(f"worker-{self.n_workers}-{end}") for end in ("in", "out")]
        ends = []
        for fifo in fifos:
            os.mkfifo(fifo)
            os.chmod(fifo, 0o666)
            ends.append(os.open(fifo, os.O_RDWR | os.O_CLOEXEC))
        worker = Worker(host.do("worker", *fifos), *ends)
        worker.answer()
        return worker

    def program(self, fixture, name="program"):
        """A host of its own, that may be replaced."""
        file = self.install(fixture, name)
        os.chmod(file, 0o755)
        return file

    def run(self, *command, cwd=None):
        r = subprocess.run([fixtures.need(command[0]), *[os.fspath(c) for c in command[1:]]], cwd=cwd,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if r.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {r.stderr.strip()}")
        return r.stdout

    def mount(self, *arguments):
        """mount(8); a file system that this kernel does not have is a reason to skip."""
        try:
            self.run("mount", *arguments)
        except RuntimeError as e:
            raise Missing(str(e)) from e

    def inside(self, host, *command):
        """Runs a command in the mount namespace of a process."""
        return self.run("nsenter", f"--target={host.pid}", "--mount", "--", *command)

    def image(self, name, size, *mkfs):
        """A file system of its own in a file; returns where it is mounted."""
        fixtures.need(mkfs[0])
        image = self.path(name + ".img")
        with open(image, "wb") as f:
            f.truncate(size)
        self.run(*mkfs, image)
        self.mount("-o", "loop", image, self.make(name))
        return self.path(name)

    def jail(self, name="jail"):
        """A root directory with all that the host needs."""
        host = fixtures.get("host-1")
        for file in {*fixtures.libraries(host), fixtures.interpreter(host)}:
            target = self.path(name, file.lstrip("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.realpath(file), target)
        shutil.copy(host, self.path(name, "host"))
        for d in ("proc", "tmp", "usr/lib", "etc"):
            os.makedirs(self.path(name, d), exist_ok=True)
        return self.path(name)


def urgency_of(flags):
    return "urgent" if "crash-risk" in flags else "none" if "same-content" in flags else "normal"


def unescape(text):
    """The bytes behind an escaped text."""
    return re.sub(rb"\\(\\|x([0-9a-fA-F]{2}))",
                  lambda m: b"\\" if m.group(1) == b"\\" else bytes([int(m.group(2), 16)]),
                  text.encode("utf-8"))


class Judge:
    """Asks stalelibctl about a process, and compares."""

    def __init__(self, command, options, directory, text_under=()):
        """text_under: a command that has a program see a kernel without PROCMAP_QUERY; empty: that is not asked for."""
        self.reports = []  # all that were read
        self.command = list(command)
        self.options = list(options)
        self.directory = directory
        self.kernels = {"by query": [], **({"by text": list(text_under)} if text_under else {})}

    def scan(self, command, *arguments, user=None):
        command, rights = [*command, *self.command], {}
        if user:  # who may not be let into the build directory
            command = [shutil.copy(program, self.directory) for program in command]
            rights = {"user": user, "group": user, "extra_groups": []}
        return subprocess.run([*command, "scan", *self.options, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=30, **rights)

    def problems(self, who, expected):
        """What is wrong, and in which ways of asking."""
        pid = getattr(who, "pid", who)
        users = [getattr(who, "user", None)] + ([who.also_as] if getattr(who, "also_as", None) else [])
        of_one = any(isinstance(e, (Noted, Refused)) for e in expected)
        found, n = {}, 0
        for user in users:
            for whole_host in (False, True) if pid and not of_one else (not pid,):
                for kernel, command in self.kernels.items():
                    n += 1
                    way = ", ".join((["whole host"] if whole_host else ["pid"]) + [kernel] + ([f"as {user}"] if user else []))
                    for problem in self.problems_of(command, pid, whole_host, user, expected):
                        found.setdefault(problem, []).append(way)
        return [p if len(ways) == n else f"{p} ({'; '.join(ways)})" for p, ways in found.items()]

    def problems_of(self, command, pid, whole_host, user, expected):
        refused = [e for e in expected if isinstance(e, Refused)]
        r = self.scan(command, "--json=short", *([] if whole_host else [f"--pid={pid}"]), user=user)
        error = r.stderr.decode(errors="replace").strip()
        if refused:
            return list(self.compare_refusal(r.returncode, error, refused[0]))
        noted = [e for e in expected if isinstance(e, Noted) and re.search(e.text, error) and "\n" not in error]
        if r.returncode or bool(error) != bool(noted):
            return [f"exit status {r.returncode}: {error}"]
        report = json.loads(r.stdout)
        self.reports.append(report)
        findings, unknown = report["findings"], report["unknown"]
        if whole_host and pid:
            findings, unknown = ([x for x in list_ if x["pid"] == pid] for list_ in (findings, unknown))
        counts = [] if whole_host and pid else self.compare_counts(report, expected)
        found = [e for e in expected if not self.is_unknown_instead(e, findings, unknown)]
        return counts + self.compare_findings(findings, found) + \
            self.compare_unknown(unknown, expected, counted=whole_host and pid)

    def is_unknown_instead(self, e, findings, unknown):
        return isinstance(e, Stale) and e.or_unknown and not self.find(findings, e) and \
            os.fsencode(e.file.path) in [unescape(u["path"] or "") for u in unknown]

    @staticmethod
    def wanted_counts(expected):
        unknown = sum(isinstance(e, Unknown) for e in expected)
        if any(isinstance(e, Stale) and e.or_unknown for e in expected):
            unknown = ANY
        return next((e for e in expected if isinstance(e, Counts)), Counts(unknown=unknown))

    def compare_counts(self, report, expected):
        return [f"{name} {report['sweep'][name]}, should be {value}" for name, value in vars(self.wanted_counts(expected)).items()
                if value is not ANY and report["sweep"][name] != value]

    def compare_unknown(self, unknown, expected, counted):
        """counted: their number counts, where the sweep's own is that of other processes as well."""
        got = sorted((unescape(u["path"] or ""), u["reason"]) for u in unknown)
        want = sorted((os.fsencode(os.fspath(e.path)), e.reason) for e in expected if isinstance(e, Unknown))
        n = self.wanted_counts(expected).unknown
        if want and got != want:
            return [f"unknown {got}, should be {want}"]
        if counted and n is not ANY and len(got) != n:
            return [f"{len(got)} unknown, should be {n}: {got}"]
        return []

    def compare_findings(self, findings, expected):
        findings, result = list(findings), []
        for stale in (e for e in expected if isinstance(e, Stale)):
            finding = self.find(findings, stale)
            if not finding:
                if not stale.required:
                    continue
                result.append(f"no finding for {stale.file.path!r} (inode {stale.file.inode}), should be {stale.state}")
                continue
            findings.remove(finding)
            result += self.compare(finding, stale)
        return result + [f"finding too much: {f['state']} {f['path']} (inode {f['mapped']['inode']})" for f in findings]

    @staticmethod
    def compare_refusal(status, error, refused):
        if status != refused.status:
            yield f"exit status {status}, should be {refused.status}"
        if len(error.splitlines()) != 1 or not re.search(refused.text, error):
            yield f"error {error!r}, should be one line that matches {refused.text!r}"

    @staticmethod
    def find(findings, stale):
        path = os.fsencode(stale.file.path)
        for f in findings:
            if f["mapped"]["inode"] == stale.file.inode and (unescape(f["path"]) == path or len(path) >= 4096):
                return f
        return None

    @staticmethod
    def compare(f, stale):
        pins = sorted(p["reason"] for p in f["pins"])
        holders = {unescape(p["holder"]) for p in f["pins"] if p["holder"] is not None}
        got = {
            "state": f["state"],
            "pins": pins,
            "flags": sorted(f["flags"]),
            "runtimes": sorted(f["runtimes"]),
            "disk": (f["disk"] or {}).get("inode"),
            "holder": {h.decode("utf-8", "surrogateescape") for h in holders},
            "certainty": sorted({p["certainty"] for p in f["pins"]}),
            "action": f["action"],
            "urgency": f["urgency"],
            "successor": unescape(f["successor"]).decode("utf-8", "surrogateescape") if f["successor"] else None,
        }
        want = {
            "state": stale.state,
            "pins": sorted(stale.pins),
            "flags": stale.flags if stale.flags is ANY else sorted(stale.flags),
            "runtimes": sorted(stale.runtimes),
            "disk": stale.disk.inode if isinstance(stale.disk, File) else stale.disk,
            "holder": stale.holder if stale.holder is ANY else {os.fspath(stale.holder)} if stale.holder else set(),
            "certainty": stale.certainty if stale.certainty is ANY else [stale.certainty],
            "action": stale.action,
            "urgency": urgency_of(f["flags"]) if stale.urgency is None else stale.urgency,
            "successor": os.fspath(stale.successor) if isinstance(stale.successor, (File, str)) else stale.successor,
        }
        for what, value in want.items():
            if value is not ANY and got[what] != value:
                yield f"{what} {got[what]}, should be {value} ({stale.file.path})"
        details = " | ".join(p["detail"] or "" for p in f["pins"])
        if stale.detail is not ANY and not re.search(stale.detail, details):
            yield f"detail {details!r} does not match {stale.detail!r}"
        if not f["advice"] or not f["message"]:
            yield "no advice or no message"


def play(name, directory, judge, say=None, show=None):
    """Runs one scenario in this very process. Returns what is wrong, and the reason to skip, or None."""
    problems = []
    steps = scenarios[name](World(os.path.realpath(directory), say))
    try:
        for number, step in enumerate(steps, 1):
            who, *expected = step if isinstance(step, tuple) else (step,)
            found = judge.problems(who, expected)
            problems += [f"step {number}: {p}" if number > 1 else p for p in found]
            if show:
                show(getattr(who, "pid", who), any(isinstance(e, Stale) for e in expected))
    except Missing as e:
        return problems, str(e)
    finally:
        steps.close()
    return problems, None
