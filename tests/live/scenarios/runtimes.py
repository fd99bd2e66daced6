# SPDX-License-Identifier: LGPL-2.1-or-later
"""Language runtimes and programs with unloading rules of their own; the founding case."""
import os
import re
import time

import fixtures
from harness import ANY, Host, Missing, Stale, scenario

OPEN = ("open-handles",)
PYTHON = "/usr/bin/python3"


@scenario
def go(w):
    """a Go plugin (-buildmode=c-shared): a Go runtime cannot be unloaded"""
    host = w.host()
    plugin = w.install("go-1")
    handle = host.open(plugin)
    assert host.call(handle) == 1
    new = w.replace(plugin, "go-2")
    host.close(handle)
    assert host.call(host.open(plugin)) == 1
    yield host, Stale(plugin, "replaced", ("nodelete",), disk=new, runtimes=("go",), certainty="certain", action="restart",
                      detail="2")


def python(w, script):
    """A Python program that says `ok 0`, then runs what it is sent, line by line."""
    if not os.path.exists(PYTHON):
        raise Missing(f"no {PYTHON}")
    text = "import sys\n" + script + "\nprint('ok 0', flush=True)\nfor line in sys.stdin:\n" \
           "    exec(line)\n    print('ok 0', flush=True)\n"
    host = Host(w.start(PYTHON, "-c", text, cwd=w.directory))
    host.answer(("python",))
    return host


def python_do(host, line):
    host.process.stdin.write(line.encode() + b"\n")
    host.process.stdin.flush()
    host.answer((line,))


@scenario
def python_ctypes(w):
    """ctypes: closed once of two handles, then altogether"""
    plugin = w.install("plain-1")
    host = python(w, f"import ctypes, _ctypes\na = ctypes.CDLL({plugin.path!r})\nb = ctypes.CDLL({plugin.path!r})")
    new = w.replace(plugin, "plain-2")
    python_do(host, "_ctypes.dlclose(a._handle)")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, runtimes=("cpython",))
    python_do(host, "_ctypes.dlclose(b._handle)")
    yield host


@scenario
def python_extension(w):
    """an extension module: Python never closes it"""
    plugin = w.install("python-1", "plugin.so")
    host = python(w, f"sys.path.insert(0, {w.directory!r})\nimport plugin")
    new = w.replace(plugin, "python-2")
    python_do(host, "del plugin, sys.modules['plugin']; import gc; gc.collect()")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, runtimes=("cpython",), action="restart")


@scenario
def python_holds_what_holds_it(w):
    """ctypes has opened a library that needs it: there is nothing to be closed"""
    plugin = w.install("lib-1", "libplugin.so")
    user = w.install("needs-1", "libuser.so")
    host = python(w, f"import ctypes\na = ctypes.CDLL({user.path!r})")
    new = w.replace(plugin, "lib-2")
    yield host, Stale(plugin, "replaced", ("holder",), disk=new, holder=user, runtimes=("cpython",), action="restart")


@scenario
def perl_module(w):
    """a module of Perl that is written in C: closed when it exits"""
    perl = fixtures.need("perl")
    library = w.run(perl, "-MConfig", "-e", "print $Config{archlib}")
    module = os.path.join(library, "auto/List/Util/Util.so")
    if not os.path.exists(module):
        raise Missing(f"no {module}")
    w.run("cp", module, w.path("Util.so"))
    old = w.file("Util.so")
    host = Host(w.start(perl, "-e", "require DynaLoader; DynaLoader::dl_load_file($ARGV[0], 0) or die; $| = 1; print \"ok 0\\n\"; <STDIN>", old))
    host.answer(("perl",))
    w.run("cp", module, w.path("new"))
    os.rename(w.path("new"), old)
    yield host, Stale(old, "replaced", OPEN, disk=w.file("Util.so"), flags=ANY, runtimes=("perl",), action="restart")


@scenario
def name_service(w):
    """a name service module: glibc opens it for getpwnam(3), and never closes it"""
    plugin = w.install("nss-1", "libnss_plugin.so.2")
    host = w.host(env={"LD_LIBRARY_PATH": w.directory})
    host.do("user", "plugin")
    new = w.replace(plugin, "nss-2")
    # LD_DEBUG=files: "…/libnss_plugin.so.2 [0]; dynamically loaded by …/libc.so.6"
    yield host, Stale(plugin, "replaced", OPEN, disk=new, runtimes=("libc",), certainty="certain", action="restart")


@scenario
def backtrace(w):
    """backtrace(3): glibc opens libgcc_s, and never closes it"""
    w.run("cp", "-L", w.run("gcc", "-print-file-name=libgcc_s.so.1").strip(), w.path("libgcc_s.so.1"))
    old = w.file("libgcc_s.so.1")
    host = w.host(env={"LD_LIBRARY_PATH": w.directory})
    host.do("backtrace")
    w.run("cp", old, w.path("new"))
    os.rename(w.path("new"), old)
    yield host, Stale(old, "replaced", OPEN, disk=w.file("libgcc_s.so.1"), flags=ANY, runtimes=("libc",), certainty="certain",
                      action="restart")


@scenario
def java_native(w):
    """JNI: System.load() by a class that stays"""
    fixtures.need("java")
    classes = fixtures.get("java-1")
    plugin = w.install("plain-1", "libplugin.so")
    host = Host(w.start("java", "-Xshare:auto", "-Xmx64m", "-XX:-UsePerfData", "-cp", classes, "Loader", plugin))
    host.answer(("java",))
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, runtimes=("jvm",), action="restart")


@scenario
def node_addon(w):
    """a native addon of node: never closed"""
    node = fixtures.need("node")
    plugin = w.install("node-1", "plugin.node")
    script = f"require({plugin.path!r}); console.log('ok 0'); process.stdin.resume(); process.stdin.on('end', () => process.exit(0))"
    host = Host(w.start(os.path.realpath(node), "-e", script))
    host.answer(("node",))
    new = w.replace(plugin, "node-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, runtimes=("node",), action="restart")


class Nginx:
    """A real nginx with a dynamic module that writes one line each time the configuration is read."""

    def __init__(self, w, module, plugin=None):
        self.world, self.told = w, w.path("told")
        with open(w.path("nginx.conf"), "w", encoding="ascii") as f:
            f.write(f"load_module {module.path};\ndaemon off;\nmaster_process on;\nworker_processes 1;\nuser root;\n"
                    f"pid {w.path('nginx.pid')};\nerror_log {w.path('error.log')} notice;\n"
                    "events { worker_connections 16; }\n")
        self.process = w.start(fixtures.nginx(), "-p", w.directory, "-c", w.path("nginx.conf"),
                               env={"TELL": self.told, "PLUGIN": plugin.path if plugin else ""})
        self.pid = self.process.pid
        self.wait(1, set())

    def lines(self):
        try:
            with open(self.told, encoding="ascii") as f:
                return f.read().split()
        except FileNotFoundError:
            return []

    def workers(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as f:
            return {int(pid) for pid in f.read().split()}

    def listens(self):
        """Does the master wait in sigsuspend(2), all signals let in? One that came earlier might go to a thread of the plugin's."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as f:
            return re.search(r"^SigBlk:\s*0+$", f.read(), re.MULTILINE)

    def wait(self, cycles, old):
        """Until that many cycles have begun, the old workers have gone, there is a new one, and the master listens."""
        end = time.monotonic() + 30
        while len(self.lines()) < cycles or not self.workers() - old or self.workers() & old or not self.listens():
            if self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read().decode(errors="replace"))
            if time.monotonic() > end:
                raise RuntimeError("nginx did not reload")
            time.sleep(0.01)

    def reload(self):
        """HUP. Returns the generation that runs now."""
        cycles, old = len(self.lines()), self.workers()
        self.process.send_signal(1)
        self.wait(cycles + 1, old)
        return self.lines()[-1]


@scenario
def nginx_with_go_plugin(w):
    """the founding case: nginx closes and opens a Go plugin on every reload, and the old code keeps running"""
    module = w.install("nginx-host-1", "module.so")
    plugin = w.install("go-1", "plugin.so")
    w.say("nginx runs with a plugin that is written in Go.")
    nginx = Nginx(w, module, plugin)
    yield nginx
    new = w.replace(plugin, "go-2")
    w.say(f"The plugin is upgraded: generation 2 is renamed over {plugin.path}. nginx is reloaded, twice; it "
          "calls dlclose() and dlopen() each time, and sees no error.")
    for _ in range(2):
        generation = nginx.reload()
        w.say(f"nginx -s reload: the plugin that answers is generation {generation}.")
        assert generation == "1"
    stale = Stale(plugin, "replaced", ("nodelete",), disk=new, runtimes=("go",), certainty="certain",
                  action="restart", detail="3")
    w.say("Why?")
    yield nginx, stale
    w.say("The worker has inherited it:")
    yield nginx.workers().pop(), stale


@scenario
def nginx_with_c_module(w):
    """nginx never reloads a replaced module: it opens the new configuration's before it closes the old one's"""
    module = w.install("nginx-module-1", "module.so")
    nginx = Nginx(w, module)
    new = w.replace(module, "nginx-module-2")
    for _ in range(2):
        assert nginx.reload() == "1"
    stale = Stale(module, "replaced", OPEN, disk=new, runtimes=("nginx",), action="restart")
    yield nginx, stale
    yield nginx.workers().pop(), stale


@scenario
def nginx_with_c_plugin(w):
    """the same module as in the founding case with a plugin in C: the reload works"""
    module = w.install("nginx-host-1", "module.so")
    plugin = w.install("plain-1", "plugin.so")
    nginx = Nginx(w, module, plugin)
    w.replace(plugin, "plain-2")
    assert nginx.reload() == "2"
    yield nginx
