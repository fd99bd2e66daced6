# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine full of processes whose truth is known.

Real programs in the mix of a busy host, among them containers, chroots, stale
libraries of each kind, and bait: what looks stale and is not. Must run as the first
process of its own pid and mount namespace: when that ends, all of it ends.
"""

import collections
import ctypes
import os
import select
import shutil
import subprocess
import sys
import time

# What stays mapped: of which process, under which name, how it became stale, and what that is called.
Stale = collections.namedtuple("Stale", "pid path kind state")

SETS, SET_SIZE = 10, 100
CONTAINERS = 5
START_TIMEOUT = 300
AGE = 2.5  # seconds
WEIRD = "libweird.so (deleted)"
MODULES = ["_bz2", "_lzma"]

# Shares of all processes, in a thousand.
MIX = {"bash": 310, "python": 240, "perl": 140, "holder": 140, "nginx": 80, "node": 20, "java": 10,
       "container": 20, "chroot": 6, "bait": 10, "shell": 20}

PYTHON = """
import ctypes, importlib, os, signal, sys, warnings
warnings.simplefilter("ignore")
ready, children, modules = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
for name in modules:
    ctypes.CDLL(name) if "/" in name else importlib.import_module(name)
for _ in range(children):
    if os.fork() == 0:
        break
os.write(ready, b"%d\\n" % os.getpid())
while True:
    signal.pause()
"""
PERL = """
my ($ready, $children, @modules) = @ARGV;
for (@modules) { eval "require $_" or die $@ }
for (1 .. $children) { last if fork() == 0 }
open(my $f, ">>&=", $ready) or die; syswrite($f, "$$\\n");
sleep while 1;
"""
PERL_MODULES = ("Socket POSIX Storable List::Util Data::Dumper Digest::MD5 Digest::SHA Encode Time::HiRes Fcntl "
                "File::Glob Sys::Hostname MIME::Base64 Compress::Raw::Zlib IO::Handle IPC::SysV Hash::Util B").split()
NODE = "require('fs').writeSync(+process.argv[1], process.pid + '\\n'); setInterval(() => {}, 1e9)"
JAVA = """
public class Hold {
    public static void main(String[] a) throws Exception {
        try (var f = new java.io.FileOutputStream("/proc/self/fd/" + a[0])) {
            f.write((ProcessHandle.current().pid() + "\\n").getBytes());
        }
        Thread.sleep(Long.MAX_VALUE);
    }
}
"""
NGINX = """
worker_processes %d;
pid %s/nginx-%d.pid;
error_log /dev/null;
events { worker_connections 16; }
http { access_log off; client_body_temp_path %s/n1; proxy_temp_path %s/n2; fastcgi_temp_path %s/n3;
       uwsgi_temp_path %s/n4; scgi_temp_path %s/n5; server { listen unix:%s/nginx-%d.sock; } }
"""

libc = ctypes.CDLL(None, use_errno=True)
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH, CLONE_NEWNS = 4096, 16384, 1 << 18, 2, 0x20000
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def check(r):
    if r < 0:
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))


def mount(source, target, kind=None, flags=0, data=None):
    check(libc.mount(os.fsencode(source), os.fsencode(target), kind and kind.encode(), flags, data and os.fsencode(data)))


def libraries(program):
    """The files that the loader would map for it."""
    out = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return [w for line in out.splitlines() for w in line.split() if w.startswith("/")]


class Workload:
    def __init__(self, n, holder, library, directory):
        self.n, self.holder, self.library, self.d = n, holder, library, directory
        self.stale, self.missing, self.processes = [], [], 0
        self.count = {k: max(1, round(n * v / 1000)) for k, v in MIX.items()}
        self.ready_read, self.ready = os.pipe()
        os.set_inheritable(self.ready, True)
        self.idle = os.pipe()[0]

    # --- starting and waiting ---

    def spawn(self, argv, **kwargs):
        p = subprocess.Popen(argv, stdin=self.idle, stdout=subprocess.DEVNULL, stderr=kwargs.pop("stderr", None),
                             pass_fds=[self.ready], **kwargs)
        p.returncode = 0  # never waited for: it lives as long as the namespace
        return p.pid

    def wait(self, n, what):
        """The pids of n processes that have said that they are ready."""
        text, end = b"", time.monotonic() + START_TIMEOUT
        while text.count(b"\n") < n:
            if not select.select([self.ready_read], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("%s: %d of %d came up" % (what, text.count(b"\n"), n))
            text += os.read(self.ready_read, 4096)
        self.processes += n
        return [int(x) for x in text.split()]

    def copies(self, directory, names):
        os.makedirs(directory, exist_ok=True)
        for name in names:
            shutil.copy(self.library, os.path.join(directory, name))

    def set(self, i, n=SET_SIZE):
        """The first n libraries of a set, in a directory whose name is as long as those of real ones are."""
        return ["%s/lib/x86_64-linux-gnu/set%d/lib%d-%d.so" % (self.d, i, i, j) for j in range(n)]

    def hold(self, n, files, what="holder", **kwargs):
        if n <= 0:
            return []
        self.spawn([kwargs.pop("program", self.holder), str(self.ready), str(n - 1)] + files, **kwargs)
        return self.wait(n, what)

    # --- making stale ---

    def new(self, path):
        """A newer build beside it: other bytes, another inode."""
        shutil.copy(self.library, path + ".new")
        with open(path + ".new", "ab") as f:
            f.write(os.urandom(16))
        return path + ".new"

    def note(self, pids, path, kind, state):
        self.stale += [Stale(pid, path, kind, state) for pid in pids]

    def replace(self, pids, path, kind="replaced", name=None):
        os.rename(self.new(path), path)
        self.note(pids, name or path, kind, "replaced")

    def delete(self, pids, path, kind="deleted", name=None):
        os.unlink(path)
        self.note(pids, name or path, kind, "deleted")

    # --- the parts ---

    def prepare(self):
        """All files, before any process: software is older than the processes that run it, and no kernel lets a ctime be set."""
        d = self.d
        for name, text in ("prefork.py", PYTHON), ("prefork.pl", PERL), ("Hold.java", JAVA):
            with open("%s/%s" % (d, name), "w") as f:
                f.write(text)
        if shutil.which("java") and shutil.which("javac"):
            subprocess.run(["javac", "-d", d, d + "/Hold.java"], check=True)
        for i in range(SETS):
            self.copies(os.path.dirname(self.set(i)[0]), map(os.path.basename, self.set(i)))
        self.copies(d, [WEIRD])
        self.copies(d + "/stale", ["replaced.so", "deleted.so", "linked.so", "a b.so", "new\nline.so", "covered.so", "cover",
                                   "aside.so", "moved.so", "written.so"])
        self.copies(d + "/stale/v1", ["flip.so"])
        self.copies(d + "/stale/v2", ["flip.so"])
        shutil.copy("/bin/bash", d + "/worker-shell")
        os.makedirs(d + "/modules")
        self.modules = subprocess.run(["/usr/bin/python3", "-c", "import %s; print(%s)" % (
            ", ".join(MODULES), ", ".join(x + ".__file__" for x in MODULES))], check=True, capture_output=True, text=True).stdout.split()
        for f in self.modules:
            shutil.copy(f, d + "/modules")
        for root in "jail", "image":
            self.tree(d + "/" + root, ["keep.so", "replaced.so", "deleted.so"])
        time.sleep(AGE)

    def start_clean(self):
        c = self.count
        for _ in range(c["bash"]):
            self.spawn(["/bin/bash", "-c", 'echo $$ >&"$0"; read x', str(self.ready)])
        self.wait(c["bash"], "bash")

        dynload = subprocess.run(["/usr/bin/python3", "-c", "import _ctypes, os; print(os.path.dirname(_ctypes.__file__))"],
                                 check=True, capture_output=True, text=True).stdout.strip()
        modules = sorted({f.split(".")[0] for f in os.listdir(dynload)} - {"_tkinter", "readline", "ossaudiodev", "nis"})
        n = c["python"] - c["python"] // 12
        # What the native modules of a real service bring along.
        brought = self.set(0, 10) + self.set(1, 10) + self.set(2, 10)
        for i, size in enumerate((12, 30, 61)):
            part = n // 3 + (n % 3 if i == 0 else 0)
            self.spawn(["/usr/bin/python3", self.d + "/prefork.py", str(self.ready), str(part - 1)] + modules[:size] + brought)
            self.wait(part, "python")

        masters = max(1, c["perl"] // 50)
        for i in range(masters):
            part = c["perl"] // masters + (c["perl"] % masters if i == 0 else 0)
            self.spawn(["/usr/bin/perl", self.d + "/prefork.pl", str(self.ready), str(part - 1)] + PERL_MODULES)
            self.wait(part, "perl")

        for i in range(SETS):
            self.hold(self.clean_holders(i), self.set(i))
        self.start_nginx()
        self.start_node_and_java()

    def clean_holders(self, i):
        n = self.count["holder"] * 3 // 5
        return n // SETS + (i < n % SETS)

    def start_nginx(self):
        if not shutil.which("nginx"):
            self.missing.append("nginx")
            return
        left, i = self.count["nginx"], 0
        while left > 0:
            workers = min(left, 25) - 1
            conf = "%s/nginx-%d.conf" % (self.d, i)
            with open(conf, "w") as f:
                f.write(NGINX % (max(1, workers), self.d, i, self.d, self.d, self.d, self.d, self.d, self.d, i))
            master = self.spawn(["nginx", "-c", conf, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
            end = time.monotonic() + START_TIMEOUT
            while len(open("/proc/%d/task/%d/children" % (master, master)).read().split()) < max(1, workers):
                if time.monotonic() > end:
                    raise TimeoutError("nginx")
                time.sleep(0.02)
            self.processes += max(1, workers) + 1
            left -= workers + 1
            i += 1

    def start_node_and_java(self):
        node, java = shutil.which("node"), shutil.which("java") and shutil.which("javac")
        if node:
            for _ in range(self.count["node"]):
                self.spawn([node, "-e", NODE, str(self.ready)])
            self.wait(self.count["node"], "node")
        else:
            self.missing.append("node")
        if java:
            for _ in range(self.count["java"]):
                self.spawn(["java", "-Xmx16m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self.d, "Hold", str(self.ready)])
            self.wait(self.count["java"], "java")
        else:
            self.missing.append("java")

    def start_bait(self):
        self.hold(self.count["bait"], [self.d + "/" + WEIRD, ""], "bait")

    def start_stale_holders(self):
        n = self.count["holder"] - sum(self.clean_holders(i) for i in range(SETS))
        parts = [n // 4 + (i < n % 4) for i in range(4)]
        clean = self.set(0, SET_SIZE // 2) + self.set(1, SET_SIZE // 2)
        d = self.d + "/stale"
        names = ["replaced.so", "deleted.so", "linked.so", "a b.so", "new\nline.so"]
        pids = self.hold(parts[0], clean + ["%s/%s" % (d, name) for name in names])
        self.replace(pids, d + "/replaced.so")
        self.delete(pids, d + "/deleted.so")
        os.link(d + "/linked.so", d + "/linked.so.kept")
        self.replace(pids, d + "/linked.so", "replaced, a hard link left")
        self.replace(pids, d + "/a b.so", "name with a space")
        self.replace(pids, d + "/new\nline.so", "name with a newline")

        pids = self.hold(parts[1], clean + [d + "/covered.so"])
        mount(d + "/cover", d + "/covered.so", None, MS_BIND)
        self.note(pids, d + "/covered.so", "covered by a mount", "hidden")

        os.symlink("v1", d + "/current")
        pids = self.hold(parts[2], clean + [d + "/current/flip.so", d + "/aside.so", d + "/moved.so"])
        os.symlink("v2", d + "/next")
        os.rename(d + "/next", d + "/current")
        self.note(pids, d + "/v1/flip.so", "symbolic link turned", "superseded")
        new = self.new(d + "/aside.so")
        os.rename(d + "/aside.so", d + "/aside.so.bak")
        os.rename(new, d + "/aside.so")
        self.note(pids, d + "/aside.so.bak", "renamed aside", "superseded")
        os.rename(d + "/moved.so", d + "/moved.so.old")
        self.note(pids, d + "/moved.so.old", "moved away", "moved")

        pids = self.hold(parts[3], clean + [d + "/written.so"])
        with open(self.new(d + "/written.so"), "rb") as new, open(d + "/written.so", "wb") as f:
            f.write(new.read())
        self.note(pids, d + "/written.so", "written over in place", "modified")

    def start_stale_programs(self):
        shell = self.d + "/worker-shell"
        for _ in range(self.count["shell"]):
            self.spawn([shell, "-c", 'echo $$ >&"$0"; read x', str(self.ready)])
        pids = self.wait(self.count["shell"], "shell")
        shutil.copy("/bin/bash", shell + ".new")
        os.rename(shell + ".new", shell)
        self.note(pids, shell, "executable", "replaced")

        n = self.count["python"] // 12
        if n == 0:
            return
        modules = self.d + "/modules"
        self.spawn(["/usr/bin/python3", self.d + "/prefork.py", str(self.ready), str(n - 1)] + MODULES, env={"PYTHONPATH": modules})
        pids = self.wait(n, "python with modules of its own")
        for f in self.modules:
            path = os.path.join(modules, os.path.basename(f))
            shutil.copy(path, path + ".new")
            os.rename(path + ".new", path)
            self.note(pids, path, "extension module, the same again", "replaced")

    def tree(self, root, names):
        """A small root file system that holds the holder."""
        for f in [self.holder] + libraries(self.holder):
            to = root + ("/holder" if f == self.holder else f)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(f, to)
        self.copies(root + "/opt", names)

    def start_chroot(self):
        jail = self.d + "/jail"
        pids = self.hold(self.count["chroot"], ["/opt/keep.so", "/opt/replaced.so", "/opt/deleted.so"], "chroot",
                         program="/holder", preexec_fn=lambda: os.chroot(jail), cwd="/")
        self.replace(pids, jail + "/opt/replaced.so", "replaced in a chroot")
        self.delete(pids, jail + "/opt/deleted.so", "deleted in a chroot")

    def enter(self, c):
        """In the child: a mount namespace of its own, an overlay as its root, nothing else in sight."""
        check(libc.unshare(CLONE_NEWNS))
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        mount("overlay", c + "/root", "overlay", 0, "lowerdir=%s/image,upperdir=%s/upper,workdir=%s/work" % (self.d, c, c))
        os.chdir(c + "/root")
        os.mkdir("old")
        check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"old"))
        os.chdir("/")
        check(libc.umount2(b"/old", MNT_DETACH))

    def start_containers(self):
        n = self.count["container"]
        for i in range(CONTAINERS):
            c = "%s/container%d" % (self.d, i)
            for name in "root", "upper", "work":
                os.makedirs("%s/%s" % (c, name))
            pids = self.hold(n // CONTAINERS + (i < n % CONTAINERS), ["/opt/keep.so", "/opt/replaced.so", "/opt/deleted.so"], "container",
                             program="/holder", preexec_fn=lambda: self.enter(c))
            if not pids:
                continue
            root = "/proc/%d/root" % pids[0]
            self.replace(pids, root + "/opt/replaced.so", "replaced in a container", "/opt/replaced.so")
            self.delete(pids, root + "/opt/deleted.so", "deleted in a container", "/opt/deleted.so")

    # --- the whole ---

    def start(self):
        self.prepare()
        self.start_clean()
        self.start_bait()
        self.start_stale_holders()
        self.start_stale_programs()
        self.start_chroot()
        self.start_containers()
        self.verify()

    def density(self):
        """What all ratios hang on: mappings of a process, executable ones of files among them, KiB of text."""
        mappings, executable, size, n = 0, 0, 0, 0
        for name in filter(str.isdigit, os.listdir("/proc")):
            with open("/proc/%s/maps" % name, "rb") as f:
                text = f.read()
            fields = [line.split(None, 5) for line in text.splitlines()]
            n += bool(fields)
            mappings += len(fields)
            executable += sum(f[1][2:3] == b"x" and f[4] != b"0" for f in fields)
            size += len(text)
        return mappings / n, executable / n, size / n / 1024

    def verify(self):
        """Truth is held against the kernel's own text: each is mapped, by the name that we say."""
        for pid in {s.pid for s in self.stale}:
            with open("/proc/%d/maps" % pid, "rb") as f:
                names = {line.split(None, 5)[5][:-1] for line in f if len(line.split(None, 5)) == 6}
            for s in self.stale:
                name = os.fsencode(s.path.replace("\n", "\\012"))
                if s.pid == pid and name not in names and name + b" (deleted)" not in names:
                    raise AssertionError("%r of %d is not mapped" % (s.path, pid))


def main():
    """To look at it by hand: workload.py PROCESSES HOLDER LIBRARY DIRECTORY; ends with its input."""
    if os.getpid() != 1:
        sys.exit("only as the first process of a pid namespace: unshare --pid --mount --fork --kill-child --mount-proc …")
    w = Workload(int(sys.argv[1]), *sys.argv[2:5])
    w.start()
    for s in w.stale:
        print(*s, sep="\t")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
