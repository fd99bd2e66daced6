# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The frame of the adversarial tests: hostile processes and file systems, each a test, told as TAP.

Every test runs in a PID and a mount namespace of its own, so that a sweep there sees
the hostile and nothing else, and so that whatever a test leaves (a server that does not
answer, callers that no signal ends) goes with the namespace: its first process has
only gone when all others have. Each test has a process with a library that was
replaced in the ordinary way: however hostile its neighbours are, that one must be
told, exactly, in the same sweep, and nothing must be made up about it, nor about one
that has nothing stale.
"""

import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

# Bounds of a sweep over a hostile. Measured: below 0.1 s and 20 MiB, but machines are shared. HOSTILE_SLACK=8 for a sanitizer.
SLACK = int(os.environ.get("HOSTILE_SLACK", "1"))
SWEEP_SECONDS = 5 * SLACK
SWEEP_PEAK_KIB = 64 * 1024 * SLACK
# A sweep that takes longer than this hangs. Servers of file systems end after SERVER_SECONDS.
HUNG_SECONDS = 15
SERVER_SECONDS = 40
TEST_SECONDS = 120


class Skipped(Exception):
    pass


def need(ok, text):
    if not ok:
        raise AssertionError(text)


def equal(is_, should, what):
    need(is_ == should, f"{what}: {is_!r}, not {should!r}")


def tool(name):
    """A program or library of the build; where to look for it comes with the environment."""
    for directory in os.environ["HOSTILE_BUILD"].split(":"):
        if os.path.exists(os.path.join(directory, name)):
            return os.path.join(directory, name)
    raise FileNotFoundError(name)


def unescape(text):
    """The bytes that a name of the report stands for."""
    out = bytearray()
    at = 0
    data = text.encode()
    while at < len(data):
        if data[at:at + 2] == b"\\x":
            out.append(int(data[at + 2:at + 4], 16))
            at += 4
        elif data[at:at + 2] == b"\\\\":
            out += b"\\"
            at += 2
        else:
            out.append(data[at])
            at += 1
    return bytes(out)


class Process:
    """A program of the hostile, spoken to in lines."""

    def __init__(self, arguments, **options):
        self.popen = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.pid = self.popen.pid
        self.pending = b""
        self.what = arguments[0]

    def line(self, seconds, what="a line"):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.popen.stdout], [], [], left)[0]:
                raise TimeoutError(f"{self.what}: {what} did not come within {seconds} s")
            data = os.read(self.popen.stdout.fileno(), 1 << 20)
            if not data:
                code = self.popen.wait()
                if code == 77:
                    raise Skipped(f"{self.what} may not do here what it should")
                raise AssertionError(f"{self.what} has ended: {code}")
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return line.decode()

    def lines_so_far(self):
        """What has been said until now, without waiting."""
        while select.select([self.popen.stdout], [], [], 0)[0]:
            data = os.read(self.popen.stdout.fileno(), 1 << 20)
            if not data:
                break
            self.pending += data
        lines = self.pending.decode().splitlines()
        self.pending = b""
        return lines

    def tell(self, text="\n"):
        self.popen.stdin.write(text.encode())
        self.popen.stdin.flush()

    def ready(self):
        equal(self.line(20, "readiness"), "ready", "said")
        return self

    def end(self):
        self.popen.kill()
        self.popen.wait()


def inside(where):
    """What starts a program in the namespaces of Hostile.user()."""
    return ["nsenter", "-t", str(where.pid), "-U", "-m", "--preserve-credentials"] if where else []


class FileSystem(Process):
    """A file system in user space, at `point`, that stops answering when told."""

    def __init__(self, hostile, point, hang_in, where=None):
        os.makedirs(point, exist_ok=True)
        self.point = point
        super().__init__([*inside(where), tool("fuse-server"), point, tool("plugin-1.so"), str(SERVER_SECONDS), hang_in])
        equal(self.line(10), "mounted", "said")
        for line in open(f"/proc/{self.pid}/mountinfo"):
            fields = line.split()
            if fields[4] == point:
                hostile.note_connection(fields[2].split(":")[1])

    def hang(self):
        os.kill(self.pid, signal.SIGUSR1)
        while True:  # it has come: the next request is told
            if b"SigPnd:\t0000000000000000" in open(f"/proc/{self.pid}/status", "rb").read():
                return

    def touched_by(self, pid):
        """The operations that this process has asked for since hang()."""
        return [line.split()[0] for line in self.lines_so_far() if line.split()[1] == str(pid)]


class Hostile:
    def __init__(self, name, connections):
        self.directory = tempfile.mkdtemp(prefix=f"stalelib-hostile-{name[:20]}-")
        os.chmod(self.directory, 0o755)
        self.connections = connections
        self.sweepers = {}
        self.honest = None
        self.innocent = None

    def note_connection(self, number):
        with open(self.connections, "a") as f:
            f.write(f"{number} {connection_inode(os.environ['HOSTILE_CONTROL'], number)}\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def plugin(self, path, version=1):
        """A library at `path`, put there by rename(2)."""
        path = os.fsencode(self.path(path) if isinstance(path, str) else path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(tool(f"plugin-{version}.so"), path + b".new")
        os.chmod(path + b".new", 0o755)
        os.rename(path + b".new", path)
        return path

    def start(self, *words, where=None):
        return Process([*inside(where), tool("hostile-process"), *words, "ready"]).ready()

    def user(self):
        """A user and a mount namespace, as any user may make them, kept by a process."""
        try:
            return self.start("unshare")
        except AssertionError as error:
            raise Skipped("no user namespaces here") from error

    def mount(self, *arguments, where=None):
        done = subprocess.run([*inside(where), "mount", *arguments], stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Skipped("mount: " + done.stderr.decode().strip())

    def keep_honest(self):
        """The process that must be found whatever else there is, and one that must not."""
        path = self.plugin("honest/plugin.so")
        mapped = os.stat(path).st_ino
        self.honest = self.start("open", path)
        self.plugin("honest/plugin.so", 2)
        self.honest_is = (os.fsdecode(path), "replaced", mapped, os.stat(path).st_ino)
        self.innocent = self.start("open", self.plugin("innocent/plugin.so"))

    def sweep(self, *options, check=True, seconds=SWEEP_SECONDS, peak_kib=SWEEP_PEAK_KIB):
        if options not in self.sweepers:
            self.sweepers[options] = Process([tool("sweeper"), *options])
        sweeper = self.sweepers[options]
        started = time.monotonic()
        sweeper.tell()
        report = json.loads(sweeper.line(HUNG_SECONDS, "the end of a sweep"))
        duration = time.monotonic() - started
        if os.environ.get("HOSTILE_VERBOSE"):
            print("#", json.dumps({**report["sweep"], **report["cost"]}), file=sys.stderr)
        need(duration <= seconds, f"a sweep took {duration:.1f} s")
        need(report["cost"]["peak_kib"] <= peak_kib, f"a sweep took {report['cost']['peak_kib']} KiB")
        if check and self.honest:
            self.check_honest(report)
        return report

    def check_honest(self, report):
        found = findings(report, self.honest)
        equal([(f["path"], f["state"], f["mapped"]["inode"], f["disk"]["inode"]) for f in found], [self.honest_is],
              "findings of the honest process")
        equal([p["reason"] for p in found[0]["pins"]], ["open-handles"], "its pins")
        equal(findings(report, self.innocent), [], "findings of a process that has nothing stale")

    @property
    def sweeper_pid(self):
        return list(self.sweepers.values())[-1].pid

    def close(self):
        shutil.rmtree(os.fsencode(self.directory), ignore_errors=True)


def findings(report, process):
    return [f for f in report["findings"] if f["pid"] == process.pid]


def states(report, process):
    return sorted(f["state"] for f in findings(report, process))


def unknown(report, reason):
    return report["cost"]["unknown_by"][reason]


# --- running ---

def run_inside(test, connections):
    hostile = Hostile(test.__name__, connections)
    try:
        hostile.keep_honest()
        test(hostile)
    except Skipped as skipped:
        print(skipped, file=sys.stderr)
        return 77
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def connection_inode(control, number):
    """Of its directory, or 0. The number may by now be another's, of another program of tests; an inode is not used again."""
    try:
        return os.stat(os.path.join(control, number)).st_ino
    except FileNotFoundError:
        return 0


def end_of_connections(connections, control):
    """Nothing may be left of the file systems of a test. What is left, is aborted."""
    left = []
    for number, inode in {tuple(line.split()) for line in open(connections)}:
        if inode != "0" and connection_inode(control, number) == int(inode):
            left.append(number)
            with open(os.path.join(control, number, "abort"), "w") as f:
                f.write("1")
    return left


def run_outside(module, name, control):
    with tempfile.TemporaryDirectory(prefix="stalelib-hostile-run-") as directory:
        connections = os.path.join(directory, "connections")
        open(connections, "w").close()
        command = ["unshare", "--fork", "--pid", "--kill-child=SIGKILL", "--mount", "--mount-proc",
                   sys.executable, module, "--inside", name, connections]
        started = time.monotonic()
        child = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": directory, "HOSTILE_CONTROL": control})
        try:
            errors = child.communicate(timeout=TEST_SECONDS)[1].decode(errors="replace")
            code = child.returncode
        except subprocess.TimeoutExpired:
            end_of_connections(connections, control)
            child.kill()
            errors = child.communicate()[1].decode(errors="replace") + f"longer than {TEST_SECONDS} s\n"
            code = -1
        left = end_of_connections(connections, control)
    if left:
        errors += f"left behind: file systems {left}\n"
        code = -1
    return code, errors, time.monotonic() - started


def main(module, tests):
    tests = {test.__name__: test for test in tests}
    if sys.argv[1:2] == ["--inside"]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code = run_inside(tests[sys.argv[2]], sys.argv[3])
        sys.stdout.flush()
        os._exit(code)
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for namespaces and file systems")
        return 0
    if os.environ.get("HOSTILE_UNSHARED") != "1":
        os.execvpe("unshare", ["unshare", "--mount", sys.executable, *sys.argv], {**os.environ, "HOSTILE_UNSHARED": "1"})
    names = [n for n in tests if not sys.argv[1:] or n in sys.argv[1:]]
    control = tempfile.mkdtemp(prefix="stalelib-hostile-control-")
    subprocess.run(["mount", "-t", "fusectl", "none", control], check=False, stderr=subprocess.DEVNULL)
    failed = 0
    print(f"1..{len(names)}")
    for i, name in enumerate(names, 1):
        code, errors, seconds = run_outside(module, name, control)
        for line in errors.splitlines():
            print("#", re.sub(r"[^\x20-\x7e]", "?", line))
        if code == 77:
            print(f"ok {i} {name} # SKIP {errors.strip().splitlines()[-1] if errors.strip() else ''}")
        else:
            failed += code != 0
            print(f"{'ok' if code == 0 else 'not ok'} {i} {name} # {seconds:.1f} s")
        sys.stdout.flush()
    subprocess.run(["umount", control], check=False, stderr=subprocess.DEVNULL)
    os.rmdir(control)
    return 1 if failed else 0
