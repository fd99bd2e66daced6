# SPDX-License-Identifier: LGPL-2.1-or-later
"""The libraries and programs that the scenarios load, built when first asked for.

A fixture is called KIND-GENERATION ("nodelete-2") and lies in the build directory.
Two generations of a kind differ in the number that plugin_version() returns, and
so in their build-id. Libraries find each other beside themselves ($ORIGIN).
"""
import contextlib
import fcntl
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "fixtures")
SHARED = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wl,--build-id,-z,lazy,--no-as-needed"]
HOST = [os.path.join(HERE, name) for name in ("host.c", "host-memory.c", "host-process.c")]
PROGRAM = ["-O1", "-pthread", "-Wl,--build-id,-z,lazy,-rpath,$ORIGIN"]

directory = None  # set by the runner


class Missing(Exception):
    """A tool that is not installed here: the scenario is skipped, with this reason."""


def need(tool):
    path = shutil.which(tool)
    if not path:
        raise Missing(f"{tool} is not installed")
    return path


def compile(*command, cwd=None, env=None):
    r = subprocess.run([need(command[0]), *command[1:]], cwd=cwd, env=env,
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if r.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{r.stderr}")


def source(name):
    return os.path.join(SOURCES, name)


def library(name, *flags, compiler="gcc"):
    def build(out, generation):
        compile(compiler, *SHARED, f"-DGENERATION={generation}", *flags, "-o", out, source(name))
    return build


def using(names, other, *flags, libraries=()):
    """What is linked to another fixture."""
    def build(out, generation):
        fixture = get(f"{other}-1")
        beside = os.path.join(os.path.dirname(fixture), "link", other)
        os.makedirs(beside, exist_ok=True)
        soname = {"lib": "libplugin.so", "lib-nodelete": "libplugin.so", "needs": "libuser.so", "uses": "libuser.so",
                  "filters": "libuser.so"}[other]
        with contextlib.suppress(FileExistsError):
            os.symlink(fixture, os.path.join(beside, soname))
        compile("gcc", *flags, f"-DGENERATION={generation}", "-o", out, *names, "-Wl,--no-as-needed",
                os.path.join(beside, soname), "-Wl,-rpath,$ORIGIN", f"-Wl,-rpath-link,{os.path.join(beside, '..', 'lib')}",
                "-Wl,--allow-shlib-undefined", *libraries)
    return build


def host(*flags, compiler="gcc", base=PROGRAM):
    def build(out, generation):
        compile(compiler, *base, *flags, f"-DGENERATION={generation}", "-o", out, *HOST, "-ldl")
    return build


def go(out, generation):
    need("gcc")
    work = out + ".go"
    os.makedirs(work, exist_ok=True)
    with open(source("plugin.go"), encoding="utf-8") as f:
        text = f.read().replace("GENERATION }", f"{generation} }}")
    with open(os.path.join(work, "plugin.go"), "w", encoding="utf-8") as f:
        f.write(text)
    compile("go", "build", "-buildmode=c-shared", "-o", out, "plugin.go", cwd=work,
            env={**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "1",
                 "GOCACHE": os.path.join(directory, "go-cache")})
    shutil.rmtree(work)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.splitext(out)[0] + ".h")


def rust(out, generation):
    with open(source("plugin.rs"), encoding="utf-8") as f:
        text = f.read().replace("RefCell::new(Session(GENERATION))", f"RefCell::new(Session({generation}))")
    with open(out + ".rs", "w", encoding="utf-8") as f:
        f.write(text)
    compile("rustc", "--crate-type=cdylib", "--crate-name=plugin", "-Copt-level=1", "-Clink-arg=-Wl,--build-id",
            "-o", out, out + ".rs")
    os.unlink(out + ".rs")


def java(out, generation):
    work = out + ".java"
    os.makedirs(work, exist_ok=True)
    compile("javac", "-d", work, source("Loader.java"))
    os.rename(work, out)


def nginx():
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx") or need("nginx")


def nginx_facts():
    """Its version as nginx.h has it, and the signature that it wants of a module: both are in the program."""
    text = subprocess.run([nginx(), "-v"], capture_output=True, text=True).stderr
    version = "%d%03d%03d" % tuple(int(n) for n in re.search(r"/(\d+)\.(\d+)\.(\d+)", text).groups())
    with open(nginx(), "rb") as f:
        signature = re.search(rb"\b\d,\d,\d,[01]{20,}\b", f.read())
    if not signature:
        raise Missing("this nginx does not tell its module signature")
    return int(version), signature.group().decode()


def nginx_module(*flags):
    def build(out, generation):
        version, signature = nginx_facts()
        library("nginx-module.c", f"-DNGINX_VERSION={version}", f'-DNGINX_SIGNATURE="{signature}"', *flags)(out, generation)
    return build


def interpreter(program):
    """What PT_INTERP of a program says."""
    text = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True).stdout
    return re.search(r"interpreter: (\S+)\]", text).group(1)


def libraries(program):
    """The files that ldd(1) finds for a program, the interpreter among them."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", text)


SONAME = "-Wl,-soname,"
KINDS = {
    "plain": library("plugin.c"),
    "large": library("plugin.c", "-DLARGE"),
    "padded": library("plugin.c", "-DPADDED"),
    "padded-no-id": library("plugin.c", "-DPADDED", "-Wl,--build-id=none"),
    "writable": library("plugin.c", "-DWRITABLE"),
    "writable-padded": library("plugin.c", "-DWRITABLE", "-DPADDED"),
    "longer": library("plugin.c", "-DLONGER"),
    "longer-no-id": library("plugin.c", "-DLONGER", "-Wl,--build-id=none"),
    "same-id": library("plugin.c", "-Wl,--build-id=0x0123456789abcdef0123456789abcdef01234567"),
    "no-id": library("plugin.c", "-Wl,--build-id=none"),
    "versioned": library("plugin.c", SONAME + "libplugin.so.1"),
    "lib": library("plugin.c", SONAME + "libplugin.so"),
    "nodelete": library("plugin.c", "-Wl,-z,nodelete"),
    "lib-nodelete": library("plugin.c", SONAME + "libplugin.so", "-Wl,-z,nodelete"),
    "uses": library("uses-plugin.c", SONAME + "libuser.so"),
    "filters": library("uses-plugin.c", SONAME + "libuser.so", "-Wl,--auxiliary=libnone.so,--auxiliary=libplugin.so,-rpath,$ORIGIN"),
    "needs": using([source("uses-plugin.c")], "lib", *SHARED, SONAME + "libuser.so"),
    "needs-nodelete": using([source("uses-plugin.c")], "lib", *SHARED, SONAME + "libuser.so", "-Wl,-z,nodelete"),
    "above": using([source("uses-plugin.c")], "needs", *SHARED, SONAME + "libabove.so"),
    "unique": library("unique.cc", compiler="g++"),
    "unique-bsymbolic": library("unique.cc", "-Wl,-Bsymbolic", compiler="g++"),
    "unique-off": library("unique.cc", "-fno-gnu-unique", compiler="g++"),
    "unique-unbound": library("unique.cc", "-DUNBOUND", compiler="g++"),
    "tls": library("tls.cc", compiler="g++"),
    "interposed": library("interposed.cc", compiler="g++"),
    "unpinned": library("unpinned.c", "-pthread"),
    "audit": library("audit.c"),
    "32": library("plugin.c", "-m32"),
    "32-nodelete": library("plugin.c", "-m32", "-Wl,-z,nodelete"),
    "32-tls": library("tls.cc", "-m32", compiler="g++"),
    "musl": library("plugin.c", compiler="musl-gcc"),
    "go": go,
    "rust": rust,
    "node": library("node-addon.c"),
    "python": library("python-module.c"),
    "nss": library("nss-module.c"),
    "nginx-module": nginx_module(),
    "nginx-host": nginx_module("-DPLUGIN_HOST"),
    "java": java,
    "host": host(),
    "host-32": host("-m32"),
    "host-musl": host(compiler="musl-gcc"),
    "host-static": host("-static", "-DHOST_STATIC"),
    "host-static-loader": host("-static", "-w"),
    "host-static-pie": host("-static-pie", "-w", base=["-O1", "-pthread"]),  # glibc 2.36 crashes with a runpath
    "host-static-stripped": host("-static", "-w", "-s"),
    "host-needs": using(HOST, "needs", *PROGRAM, libraries=["-ldl"]),
    "host-uses": using(HOST, "uses", *PROGRAM, libraries=["-ldl"]),
    "host-filters": using(HOST, "filters", *PROGRAM, libraries=["-ldl"]),
    "host-c++": host("-Wl,--no-as-needed,-lstdc++"),
}


def get(name):
    """The path of a fixture, built if it is not there or older than its sources."""
    kind, _, generation = name.rpartition("-")
    out = os.path.join(directory, name)
    os.makedirs(directory, exist_ok=True)
    newest = max(os.path.getmtime(os.path.join(d, f)) for d in (SOURCES, HERE) for f in os.listdir(d)
                 if f.endswith((".c", ".h", ".cc", ".go", ".rs", ".java")) or f == "fixtures.py")

    with open(out + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(out) and os.path.getmtime(out) >= newest:
            return out
        KINDS[kind](out + ".new", generation)
        if os.path.isdir(out):
            shutil.rmtree(out)
        os.rename(out + ".new", out)
    return out
