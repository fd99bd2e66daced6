# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes, files and mounts, and the steps by which they change at random.

A step is a list of words and numbers. It is chosen by what there is, and carried out
on what there is then: a step that cannot be carried out any more (of a process that
has ended, say) does nothing, so that steps can be left out of a row to find those
that matter.
"""
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import time

from ways import AGE_SECONDS

libc = ctypes.CDLL(None, use_errno=True)
MS_BIND, MNT_DETACH = 4096, 2
PAGE = os.sysconf("SC_PAGESIZE")
ANSWER_SECONDS = 10
PROCESSES_MAX = 8

LIBRARIES = ("plain-1", "plain-2", "large-1", "large-2", "no-id-1", "no-id-2", "same-id-1", "same-id-2", "nodelete-1",
             "nodelete-2")
CONTENTS = LIBRARIES + ("data-1", "data-4", "data-5", "data-11")
# Where files are, and by which names they are opened.
FILES = ("lib/a.so", "lib/b.so", "lib/libplugin.so", "lib/libuser.so", "v1/p.so", "v2/p.so", "soname/libplugin.so.1.0",
         "soname/libplugin.so.1.1", "mnt/m.so", "data/d1", "data/d4")
NAMES = FILES[:9] + ("alias/a.so", "current/p.so", "soname/libplugin.so.1", "lib/c.so")
DIRECTORIES = ("lib", "v1", "mnt", "data")
LINKS = {"current": ("v1", "v2"), "soname/libplugin.so.1": ("libplugin.so.1.0", "libplugin.so.1.1"), "alias": ("lib", "mnt")}
PROTECTIONS = ("r", "rx", "rx", "rw", "rwx", "rs", "rxs")
PROGRAMS = ("bin/host", "bin/other", "bin/static", "bin/script")
JAIL = "jail"
FILE_SYSTEMS = ("plain", "tmpfs", "overlay", "overlay-two", "btrfs")


class Impossible(Exception):
    """A step that cannot be carried out here and now."""


def check(result):
    if result < 0:
        raise Impossible(os.strerror(ctypes.get_errno()))


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda s: os.fsencode(s) if s else None
    check(libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)))


def umount(target, flags=0):
    check(libc.umount2(os.fsencode(target), flags))


class Process:
    """A host (tests/live/host.c): its pipes or FIFOs, and what it has."""

    def __init__(self, name, pid, to, back):
        self.name, self.pid, self.to, self.back = name, pid, to, back
        self.handles, self.areas = [], 0
        self.root = ""       # or the directory that is its root
        self.own_mounts = False
        self.children = []   # pids of those that take no commands
        self.pending = b""

    def do(self, *words):
        try:
            os.write(self.to, b"".join(os.fsencode(str(w)) + b"\0" for w in words) + b"\0")
        except OSError as e:
            raise Impossible(str(e)) from e
        return self.answer()

    def answer(self):
        while b"\n" not in self.pending:
            if not select.select([self.back], [], [], 0.2)[0]:
                if not is_alive(self.pid):
                    raise Impossible("it is gone")
                if not self.patience():
                    os.kill(self.pid, signal.SIGKILL)
                continue
            data = os.read(self.back, 4096)
            if not data:
                raise Impossible("it is gone")
            self.pending += data
        self.deadline = None
        line, _, self.pending = self.pending.partition(b"\n")
        status, _, text = line.decode(errors="replace").partition(" ")
        if status != "ok":
            raise Impossible(text)
        return int(text)

    deadline = None

    def patience(self):
        self.deadline = self.deadline or time.monotonic() + ANSWER_SECONDS
        return time.monotonic() < self.deadline

    def close(self):
        for fd in (self.to, self.back):
            with contextlib.suppress(OSError):
                os.close(fd)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def is_alive(pid):
    stat = read(f"/proc/{pid}/stat").rpartition(b") ")[2]
    return bool(stat) and stat[:1] not in b"ZX"


def wait_until_at_rest(pid):
    """Until it waits, off the CPU: the kernel says so only of a task that is switched out (lib/syscall.c)."""
    end = time.monotonic() + ANSWER_SECONDS
    while is_alive(pid) and read(f"/proc/{pid}/syscall").startswith(b"running"):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        os.sched_yield()


class World:
    def __init__(self, directory, pool, clock, file_system):
        self.directory = directory
        self.pool, self.clock = pool, clock
        self.top = os.path.join(directory, "w")
        self.processes = {}
        self.n_started = 0
        self.popens = []
        self.written = set()   # inodes of files that were written to in place
        self.n_contents = 0
        self.used = set()      # files that were chosen to be mapped
        os.makedirs(self.top)
        os.makedirs(os.path.join(directory, "fifos"))
        self.mount_top(file_system)
        self.fill()
        self.do_age()

    # --- what there is in the beginning ---

    def mount_top(self, kind):
        layer = lambda name: os.makedirs(os.path.join(self.directory, name)) or os.path.join(self.directory, name)
        if kind == "tmpfs":
            mount("none", self.top, "tmpfs")
        elif kind.startswith("overlay"):
            base = layer("layers")
            mount("none", base, "tmpfs")
            lower, upper, work = (layer(f"layers/{n}") for n in ("lower", "upper", "work"))
            if kind == "overlay-two":
                mount("none", lower, "tmpfs")
            self.fill_directory(lower)
            mount("overlay", self.top, "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work}")
        elif kind == "btrfs":
            image = os.path.join(self.directory, "image")
            with open(image, "wb") as f:
                f.truncate(128 << 20)
            for command in (["mkfs.btrfs", image], ["mount", "-o", "loop", image, self.top]):
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.top, name)

    def fill_directory(self, top):
        for name in FILES:
            os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
        for i, name in enumerate(FILES):
            content = {"lib/libplugin.so": "lib-1", "lib/libuser.so": "needs-1", "data/d1": "data-1", "data/d4": "data-4"}
            self.pool.copy(content.get(name, LIBRARIES[i % 2]), os.path.join(top, name))
        os.makedirs(os.path.join(top, "bin"), exist_ok=True)
        self.fill_programs(os.path.join(top, "bin"))
        for link, targets in LINKS.items():
            with contextlib.suppress(FileExistsError):
                os.symlink(targets[0], os.path.join(top, link))

    def fill_programs(self, directory):
        for name, content in (("host", "host-1"), ("other", "host-1"), ("static", "host-static-1")):
            self.pool.copy(content, os.path.join(directory, name))
        with open(os.path.join(directory, "script"), "w") as f:
            f.write(f"#!{self.path('bin/host')}\n")
            os.fchmod(f.fileno(), 0o755)

    def fill(self):
        if not os.path.exists(self.path("lib")):
            self.fill_directory(self.top)
        shutil.copytree(self.pool.jail, self.path(JAIL), symlinks=True)
        for directory in ("lib", "data"):
            os.makedirs(self.path(f"{JAIL}{self.top}/{directory}"))
            for name in os.listdir(self.path(directory)):
                shutil.copy(self.path(f"{directory}/{name}"), self.path(f"{JAIL}{self.top}/{directory}/{name}"))

    # --- processes ---

    def add(self, process):
        self.processes[process.name] = process
        return process

    def find(self, name):
        if name not in self.processes:
            raise Impossible(f"no {name}")
        return self.processes[name]

    def pids(self):
        """Of all that is to be asked about, each at rest."""
        result = []
        for p in list(self.processes.values()):
            wait_until_at_rest(p.pid)
            if not is_alive(p.pid):
                self.forget(p)
                continue
            result.append(p.pid)
            for child in p.children:
                wait_until_at_rest(child)
                if is_alive(child):
                    result.append(child)
        # A child of one that has just been found dead may be on its way.
        return [pid for pid in result if is_alive(pid)]

    def name_of(self, pid):
        for p in self.processes.values():
            if pid == p.pid:
                return p.name
            if pid in p.children:
                return f"child of {p.name}"
        return str(pid)

    def forget(self, process):
        self.processes.pop(process.name, None)
        process.close()
        while True:  # the first process of the namespace is the parent of all orphans
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break

    def fifo(self, process, name):
        """FIFOs that it can open, whatever its root."""
        directory = os.path.join(self.directory, "fifos") if not process.root else self.path(JAIL) + "/tmp"
        seen = directory if not process.root else "/tmp"
        os.mkfifo(os.path.join(directory, name))
        return os.open(os.path.join(directory, name), os.O_RDWR | os.O_CLOEXEC), os.path.join(seen, name)

    # --- steps of processes ---

    def do_start(self, name, program):
        popen = subprocess.Popen([self.path(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                 stderr=subprocess.DEVNULL)
        self.popens.append(popen)
        p = self.add(Process(name, popen.pid, os.dup(popen.stdin.fileno()), os.dup(popen.stdout.fileno())))
        popen.stdin.close()
        popen.stdout.close()
        p.do("hello")

    def do_worker(self, name, new):
        parent = self.find(name)
        to, to_name = self.fifo(parent, f"{new}-in")
        back, back_name = self.fifo(parent, f"{new}-out")
        try:
            pid = parent.do("worker", to_name, back_name)
        except Impossible:
            os.close(to)
            os.close(back)
            raise
        p = self.add(Process(new, pid, to, back))
        p.handles, p.areas, p.root, p.own_mounts = list(parent.handles), parent.areas, parent.root, parent.own_mounts
        p.answer()

    def do_execute(self, name, program):
        p = self.find(name)
        p.do("execute", "/host" if p.root else self.path(program))
        p.handles, p.areas = [], 0

    def do_end(self, name):
        p = self.find(name)
        os.kill(p.pid, signal.SIGKILL)
        while is_alive(p.pid):
            os.sched_yield()
        self.forget(p)

    def do_child(self, name, kind):
        p = self.find(name)
        p.children.append(p.do(kind))

    def do_dlopen(self, name, file, flags):
        p = self.find(name)
        p.handles.append(p.do("open", flags, self.path(file)))

    def do_dlmopen(self, name, file):
        p = self.find(name)
        p.handles.append(p.do("new", self.path(file)))

    def do_dlclose(self, name, number):
        p = self.find(name)
        if not p.handles:
            raise Impossible("nothing is open")
        p.do("close", p.handles.pop(number % len(p.handles)))

    def do_part(self, name, protection, offset, size, file):
        p = self.find(name)
        p.do("part", protection, offset, size, self.path(file))
        p.areas += 1

    def do_exchange(self, name, number, protection, offset, file):
        """Another mapping of as many pages for one that goes: at its place or elsewhere, as it comes."""
        p = self.find(name)
        size = p.do("size", self.area(p, number))
        p.do("unmap", self.area(p, number), 0, size)
        p.do("part", protection, offset, size, self.path(file))
        p.areas += 1

    def area(self, p, number):
        if p.areas == 0:
            raise Impossible("nothing is mapped")
        return number % p.areas

    def do_over(self, name, number, protection, offset, file):
        p = self.find(name)
        p.do("over", self.area(p, number), protection, offset, self.path(file))

    def do_unmap(self, name, number, offset, size):
        p = self.find(name)
        p.do("unmap", self.area(p, number), offset, size)

    def do_protect(self, name, number, offset, size, protection):
        p = self.find(name)
        p.do("protect", self.area(p, number), offset, size, protection)

    def do_move(self, name, number, size):
        p = self.find(name)
        p.do("move", self.area(p, number), size)

    def do_punch(self, name, file):
        self.find(name).do("punch", self.path(file))

    def do_anonymous(self, name):
        self.find(name).do("anonymous", "/tmp" if self.find(name).root else self.directory)

    def do_memfd(self, name, file):
        p = self.find(name)
        p.handles.append(p.do("memfd", self.path(file)))

    def do_chroot(self, name):
        p = self.find(name)
        if p.root:
            raise Impossible("it has another root already")
        p.do("chroot", self.path(JAIL))
        p.root = JAIL

    def do_unshare(self, name, kind):
        p = self.find(name)
        if p.root:
            raise Impossible("it has another root")
        p.do("unshare", kind)
        p.own_mounts = True

    def do_pivot(self, name):
        p = self.find(name)
        if p.root or not p.own_mounts:
            raise Impossible("it shares its mounts")
        p.do("mount", self.path(JAIL), self.path(JAIL), "bind", "-")
        p.do("pivot", self.path(JAIL))
        p.root = JAIL

    def do_mount(self, name, source, target):
        p = self.find(name)
        if not p.own_mounts:
            raise Impossible("it shares its mounts")
        kind = "tmpfs" if source == "none" else "bind"
        p.do("mount", source if source == "none" else self.path(source), self.path(target), kind, "size=1m")

    def do_umount(self, name, target):
        p = self.find(name)
        if not p.own_mounts:
            raise Impossible("it shares its mounts")
        p.do("umount", self.path(target))

    # --- steps of files ---

    def inside(self, file, jail):
        return self.path(f"{JAIL}{self.top}/{file}" if jail else file)

    def do_replace(self, file, content, jail):
        target = self.inside(file, jail)
        self.pool.copy(content, target + ".new")
        os.rename(target + ".new", target)

    def do_replace_program(self, file, content):
        self.pool.copy(content, self.path(file) + ".new")
        os.rename(self.path(file) + ".new", self.path(file))

    def do_unlink(self, file, jail):
        os.unlink(self.inside(file, jail))

    def do_move_file(self, file, new):
        os.rename(self.path(file), self.path(new))

    def do_link(self, file, new):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(new))
        os.link(self.path(file), self.path(new))

    def do_write(self, file, content, truncate):
        self.note_written(file)
        fd = os.open(self.path(file), os.O_WRONLY | (os.O_TRUNC if truncate else 0))
        os.write(fd, self.pool.read(content))
        os.close(fd)
        self.note_written(file)

    def do_truncate(self, file, size):
        self.note_written(file)
        os.truncate(self.path(file), size)
        self.note_written(file)

    def note_written(self, file):
        self.written.add(os.stat(self.path(file)).st_ino)

    def do_touch(self, file):
        os.utime(self.path(file))

    def do_flip(self, link, number):
        new = self.path(link) + ".new"
        os.symlink(LINKS[link][number], new)
        os.rename(new, self.path(link))

    # --- steps of mounts, where all see them ---

    def fill_with_copies(self, source, target, content):
        for name in os.listdir(source):
            if os.path.isfile(os.path.join(source, name)):
                if content:
                    self.pool.copy(content, os.path.join(target, name))
                else:
                    shutil.copy(os.path.join(source, name), os.path.join(target, name))

    def do_cover(self, directory, content):
        """A file system over it, with files of the same names. content: of these; "": the same."""
        scratch = os.path.join(self.directory, "scratch")
        os.makedirs(scratch, exist_ok=True)
        mount("none", scratch, "tmpfs")
        try:
            self.fill_with_copies(self.path(directory), scratch, content)
            mount(scratch, self.path(directory), None, MS_BIND)
        finally:
            umount(scratch, MNT_DETACH)

    def do_overlay(self, directory, content):
        """An overlay over it, of itself and a layer that has other files, or none."""
        self.n_contents += 1
        base = os.path.join(self.directory, f"merged-{self.n_contents}")
        os.makedirs(base)
        mount("none", base, "tmpfs")
        os.makedirs(f"{base}/upper")
        if content:
            self.fill_with_copies(self.path(directory), f"{base}/upper", content)
        target = self.path(directory)
        mount("overlay", target, "overlay", 0, f"lowerdir={base}/upper:{target}")

    def do_bind(self, source, target):
        mount(self.path(source), self.path(target), None, MS_BIND)

    def do_uncover(self, target):
        umount(self.path(target), MNT_DETACH)

    # --- steps of time ---

    def do_age(self):
        """Files are older than what starts from now on."""
        time.sleep(AGE_SECONDS)

    def do_later(self, seconds):
        """As the sweeper sees it."""
        self.clock.forward(seconds)

    # --- choice ---

    def begin(self, random):
        """What a row begins with, by chance: much of what may go wrong is between a process and what it was forked from."""
        if random.random() < 0.5:
            return []
        first, pages = self.new_name(), random.choice((1, 2, 4, 5))
        steps = [["start", first, random.choice(PROGRAMS)]]
        steps += [["dlopen", first, self.file(random, NAMES), "now"] for _ in range(random.randrange(3))]
        steps.append(["part", first, random.choice(("r", "r", "rx", "rw")), 0, pages, self.file(random, FILES)])
        steps += [["worker", first, self.new_name()] for _ in range(random.randrange(1, 4))]
        return steps

    def file(self, random, files):
        """One of these; mostly one that is mapped already."""
        file = random.choice([f for f in files if f in self.used] or files) if random.random() < 0.6 else random.choice(files)
        self.used.add(file)
        return file

    def choose(self, random):
        """The next step, by chance."""
        if not self.processes or (len(self.processes) < 2 and random.random() < 0.5):
            return self.choose_start(random)
        table = PROCESS_STEPS if random.random() < 0.62 else FILE_STEPS
        names, weights = zip(*table)
        while True:
            step = getattr(self, "choose_" + random.choices(names, weights)[0])(random)
            if step:
                return step

    def someone(self, random):
        return random.choice(list(self.processes))

    def new_name(self):
        self.n_started += 1
        return f"p{self.n_started}"

    def choose_start(self, random):
        if len(self.processes) >= PROCESSES_MAX:
            return None
        return ["start", self.new_name(), random.choice(PROGRAMS)]

    def choose_worker(self, random):
        if len(self.processes) >= PROCESSES_MAX:
            return self.choose_end(random)
        return ["worker", self.someone(random), self.new_name()]

    def choose_execute(self, random):
        return ["execute", self.someone(random), random.choice(PROGRAMS)]

    def choose_end(self, random):
        return ["end", self.someone(random)]

    def choose_child(self, random):
        # Not "clone" with the memory in common: a child that sleeps while another process changes that stands for an
        # hour (common/scan/process-cache.c).
        return ["child", self.someone(random), random.choice(("fork", "fork", "zombie"))]

    def choose_dlopen(self, random):
        return ["dlopen", self.someone(random), self.file(random, NAMES), random.choice(("now", "lazy", "now global", "now nodelete"))]

    def choose_dlmopen(self, random):
        return ["dlmopen", self.someone(random), random.choice(NAMES)]

    def choose_dlclose(self, random):
        return ["dlclose", self.someone(random), random.randrange(8)]

    def choose_part(self, random):
        return ["part", self.someone(random), random.choice(PROTECTIONS), random.randrange(3), random.choice((1, 1, 2, 3, 4, 4, 5)),
                self.file(random, FILES)]

    def choose_exchange(self, random):
        return ["exchange", self.someone(random), random.randrange(8), random.choice(PROTECTIONS), random.randrange(2),
                self.file(random, FILES)]

    def choose_over(self, random):
        return ["over", self.someone(random), random.randrange(8), random.choice(PROTECTIONS), random.randrange(3),
                self.file(random, FILES)]

    def choose_unmap(self, random):
        return ["unmap", self.someone(random), random.randrange(8), random.choice((0, 0, 1, 2)), random.choice((1, 2, 8))]

    def choose_protect(self, random):
        return ["protect", self.someone(random), random.randrange(8), random.choice((0, 0, 1)), random.choice((1, 2, 8)),
                random.choice(("r", "rx", "rw"))]

    def choose_move(self, random):
        return ["move", self.someone(random), random.randrange(8), random.choice((1, 2, 4, 5))]

    def choose_punch(self, random):
        return ["punch", self.someone(random), random.choice(NAMES)]

    def choose_anonymous(self, random):
        return ["anonymous", self.someone(random)]

    def choose_memfd(self, random):
        return ["memfd", self.someone(random), random.choice(FILES[:4])]

    def choose_chroot(self, random):
        return ["chroot", self.someone(random)]

    def choose_unshare(self, random):
        return ["unshare", self.someone(random), random.choice(("mount", "mount", "user"))]

    def choose_pivot(self, random):
        return ["pivot", self.someone(random)]

    def choose_mount(self, random):
        return ["mount", self.someone(random), random.choice(("none",) + DIRECTORIES), random.choice(DIRECTORIES)]

    def choose_umount(self, random):
        return ["umount", self.someone(random), random.choice(DIRECTORIES)]

    def choose_replace(self, random):
        return ["replace", self.file(random, FILES), random.choice(CONTENTS), random.random() < 0.2]

    def choose_replace_program(self, random):
        return ["replace_program", random.choice(PROGRAMS), random.choice(("host-1", "host-2", "host-static-1"))]

    def choose_unlink(self, random):
        return ["unlink", self.file(random, FILES), random.random() < 0.2]

    def choose_move_file(self, random):
        return ["move_file", self.file(random, FILES), random.choice(FILES + ("lib/c.so", "v1/old.so"))]

    def choose_link(self, random):
        return ["link", self.file(random, FILES), random.choice(("lib/c.so", "lib/a.so", "v1/old.so"))]

    def choose_write(self, random):
        return ["write", self.file(random, FILES), random.choice(CONTENTS), random.random() < 0.6]

    def choose_truncate(self, random):
        return ["truncate", random.choice(FILES), random.choice((0, 100, PAGE, 4 * PAGE, 9 * PAGE))]

    def choose_touch(self, random):
        return ["touch", self.file(random, FILES)]

    def choose_flip(self, random):
        return ["flip", random.choice(list(LINKS)), random.randrange(2)]

    def choose_cover(self, random):
        return ["cover", random.choice(DIRECTORIES), random.choice(("", "plain-1", "plain-2"))]

    def choose_overlay(self, random):
        return ["overlay", random.choice(DIRECTORIES), random.choice(("", "", "plain-2"))]

    def choose_bind(self, random):
        return random.choice((["bind", random.choice(DIRECTORIES), random.choice(DIRECTORIES)],
                              ["bind", random.choice(FILES), random.choice(FILES)]))

    def choose_uncover(self, random):
        return ["uncover", random.choice(DIRECTORIES + FILES[:2])]

    def choose_age(self, random):
        return ["age"]

    def choose_later(self, random):
        return ["later", random.choice((30, 541, 541, 3601))]

    def carry_out(self, step):
        """Returns whether it could be."""
        name, *arguments = step
        try:
            getattr(self, "do_" + name)(*arguments)
        except (Impossible, OSError):
            return False
        return True

    def end(self):
        for p in list(self.processes.values()):
            for pid in (p.pid, *p.children):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            p.close()
        self.processes = {}
        for popen in self.popens:
            popen.kill()
            with contextlib.suppress(ChildProcessError):
                popen.wait()
        for line in reversed(read("/proc/self/mountinfo").decode(errors="replace").splitlines()):
            point = line.split()[4]
            if point.startswith(self.directory + "/"):
                with contextlib.suppress(Impossible):
                    umount(point, MNT_DETACH)
        shutil.rmtree(self.directory, ignore_errors=True)


PROCESS_STEPS = (("worker", 16), ("dlopen", 14), ("dlclose", 8), ("part", 14), ("over", 6), ("exchange", 9), ("unmap", 5), ("protect", 6),
                 ("start", 5), ("execute", 5), ("end", 3), ("move", 3), ("dlmopen", 2), ("punch", 3), ("child", 2),
                 ("anonymous", 1), ("memfd", 1), ("chroot", 3), ("unshare", 3), ("mount", 3), ("umount", 1), ("pivot", 1))
FILE_STEPS = (("replace", 18), ("unlink", 5), ("write", 8), ("truncate", 2), ("touch", 3), ("move_file", 4), ("link", 4),
              ("flip", 5), ("cover", 4), ("overlay", 2), ("bind", 4), ("uncover", 7), ("age", 10), ("later", 5),
              ("replace_program", 5))
