# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why the loader keeps what it keeps, and what it is said to keep and does not."""
import os

import fixtures
from harness import ANY, Stale, scenario

OPEN = ("open-handles",)


def reopened(w, fixture, pins, call=True, **expected):
    """Opened, replaced, closed and opened again: the old one runs on."""
    kind = fixture.rpartition("-")[0]
    host = w.host()
    plugin = w.install(f"{kind}-1")
    handle = host.open(plugin)
    if call:
        assert host.call(handle) == 1
    new = w.replace(plugin, f"{kind}-2")
    host.close(handle)
    handle = host.open(plugin)
    assert host.call(handle) == 1
    yield host, Stale(plugin, "replaced", pins, disk=new, certainty="certain", **expected)


def renewed(w, fixture):
    """Opened, replaced, closed and opened again: the new one runs."""
    kind = fixture.rpartition("-")[0]
    host = w.host()
    plugin = w.install(f"{kind}-1")
    handle = host.open(plugin)
    assert host.call(handle) == 1
    w.replace(plugin, f"{kind}-2")
    host.close(handle)
    handle = host.open(plugin)
    assert host.call(handle) == 2
    yield host


@scenario
def nodelete(w):
    """linked with -z nodelete"""
    yield from reopened(w, "nodelete-1", ("nodelete",), action="restart", detail="2")


@scenario
def nodelete_deleted(w):
    """linked with -z nodelete, and deleted: dlopen() succeeds all the same, by its name"""
    host = w.host()
    plugin = w.install("nodelete-1")
    handle = host.open(plugin)
    os.unlink(plugin)
    host.close(handle)
    host.open(plugin)
    yield host, Stale(plugin, "deleted", ("nodelete",), disk=None, certainty="certain", action="restart")


@scenario
def nodelete_dependency(w):
    """what a plugin needs is NODELETE: that does not keep the plugin"""
    host = w.host()
    w.install("lib-nodelete-1", "libplugin.so")
    user = w.install("needs-1", "libuser.so")
    handle = host.open(user)
    w.replace(user, "needs-1")
    host.close(handle)
    host.open(user)
    yield host


@scenario
def rtld_nodelete(w):
    """opened with RTLD_NODELETE: nothing in the file says so"""
    host = w.host()
    plugin = w.install("plain-1")
    handle = host.open(plugin, "now,nodelete")
    new = w.replace(plugin, "plain-2")
    host.close(handle)
    host.open(plugin)
    yield host, Stale(plugin, "replaced", ("rtld-nodelete",), disk=new, action="restart")


@scenario
def rtld_nodelete_and_needed(w):
    """opened with RTLD_NODELETE, and needed by what is NODELETE and uses its symbol: that did not mark it"""
    host = w.host()
    plugin = w.install("lib-1", "libplugin.so")
    user = w.install("needs-nodelete-1", "libuser.so")
    handle = host.open(plugin, "now,nodelete")
    host.open(user)
    new = w.replace(plugin, "lib-2")
    host.close(handle)
    # LD_DEBUG=files: "activating NODELETE for …/libplugin.so", and no "due to reference"
    yield host, Stale(plugin, "replaced", ("rtld-nodelete",), disk=new, certainty="by-elimination", action="restart")


@scenario
def looked_up_by_the_program(w):
    """dlsym(RTLD_DEFAULT) of the program found a symbol of it: marked as by RTLD_NODELETE, and nothing tells them apart"""
    host = w.host()
    plugin = w.install("plain-1")
    handle = host.open(plugin, "now,global")
    assert host.call("-") == 1
    new = w.replace(plugin, "plain-2")
    host.close(handle)
    # LD_DEBUG=bindings: "marking …/plugin.so [0] as NODELETE due to reference from main program"
    yield host, Stale(plugin, "replaced", ("rtld-nodelete", "startup-binding"), disk=new, certainty="by-elimination",
                      action="restart")


@scenario
def gnu_unique(w):
    """a C++ template's static member: pinned silently"""
    host = w.host()
    plugin = w.install("unique-1")
    handle = host.open(plugin)
    new = w.replace(plugin, "unique-2")
    host.close(handle)
    assert host.call(host.open(plugin)) == 1
    yield host, Stale(plugin, "replaced", ("gnu-unique",), disk=new, action="restart")


@scenario
def gnu_unique_bsymbolic(w):
    """the same linked with -Bsymbolic, which does not help"""
    host = w.host()
    plugin = w.install("unique-bsymbolic-1")
    handle = host.open(plugin)
    new = w.replace(plugin, "unique-bsymbolic-2")
    host.close(handle)
    assert host.call(host.open(plugin)) == 1
    yield host, Stale(plugin, "replaced", ("gnu-unique",), disk=new)


@scenario
def gnu_unique_off(w):
    """the same built with -fno-gnu-unique: unloads"""
    yield from renewed(w, "unique-off-1")


@scenario
def gnu_unique_unbound(w):
    """defines a unique symbol that nobody looks up: unloads"""
    yield from renewed(w, "unique-unbound-1")


@scenario
def gnu_unique_second_definer(w):
    """two plugins define one unique symbol: the first is pinned, the second is bound to it and unloads"""
    host = w.host()
    first = w.install("unique-1", "first.so")
    second = w.install("unique-1", "second.so")
    host.open(first)
    handle = host.open(second)
    w.replace(second, "unique-2")
    host.close(handle)
    assert host.call(host.open(second)) == 1  # new code on the first one's data
    yield host


@scenario
def unpinned(w):
    """atexit(), initial-exec TLS, an indirect function and a thread key keep nothing"""
    yield from renewed(w, "unpinned-1")


@scenario
def startup_binding(w):
    """a startup library was bound to a symbol of a plugin opened RTLD_GLOBAL"""
    program = w.program("host-uses-1")
    w.install("uses-1", "libuser.so")
    host = w.host(program=program)
    plugin = w.install("plain-1")
    handle = host.open(plugin, "lazy,global")
    assert host.call("-", "uses_plugin") == 1
    new = w.replace(plugin, "plain-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("startup-binding",), disk=new, action="restart")


@scenario
def open_handle(w):
    """opened three times, closed once"""
    host = w.host()
    plugin = w.install("plain-1")
    handle = host.open(plugin)
    host.open(plugin), host.open(plugin)
    new = w.replace(plugin, "plain-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", OPEN, disk=new, certainty="certain", detail="2", action="reload")


@scenario
def opened_before_closed(w):
    """opened anew before the old handle is closed: the name matches, the old one stays"""
    host = w.host()
    plugin = w.install("plain-1")
    handle = host.open(plugin)
    new = w.replace(plugin, "plain-2")
    again = host.open(plugin)
    host.close(handle)
    assert host.call(again) == 1
    yield host, Stale(plugin, "replaced", OPEN, disk=new, certainty="certain")


@scenario
def held_by_what_needs_it(w):
    """another library, still open, needs it: the holder is named"""
    host = w.host()
    plugin = w.install("lib-1", "libplugin.so")
    user = w.install("needs-1", "libuser.so")
    handle = host.open(plugin)
    host.open(user)
    new = w.replace(plugin, "lib-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("holder",), disk=new, holder=user, certainty="certain", action="close-holder")


@scenario
def held_by_what_cannot_go(w):
    """another library that is NODELETE needs it"""
    host = w.host()
    plugin = w.install("lib-1", "libplugin.so")
    user = w.install("needs-nodelete-1", "libuser.so")
    handle = host.open(user)
    new = w.replace(plugin, "lib-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("holder",), disk=new, holder=user, action="restart")


@scenario
def held_through_a_chain(w):
    """held by what is itself needed by another: named is what was opened, which is what can be closed"""
    host = w.host()
    plugin = w.install("lib-1", "libplugin.so")
    w.install("needs-1", "libuser.so")
    above = w.install("above-1", "libabove.so")
    handle = host.open(above)
    new = w.replace(plugin, "lib-2")
    yield host, Stale(plugin, "replaced", ("holder",), disk=new, holder=above, certainty="certain", action="close-holder",
                      detail="libuser.so needs it, and is kept by libabove.so")
    host.close(handle)
    yield host


@scenario
def bound_by_another(w):
    """another library was bound to its symbol without needing it"""
    host = w.host()
    plugin = w.install("plain-1")
    user = w.install("uses-1", "libuser.so")
    handle = host.open(plugin, "now,global")
    host.open(user)
    new = w.replace(plugin, "plain-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("reldep",), disk=new, holder=user, certainty="certain", action="close-holder")


@scenario
def bound_by_another_that_is_closed(w):
    """the library that was bound to it is closed as well: both go"""
    host = w.host()
    plugin = w.install("plain-1")
    user = w.install("uses-1", "libuser.so")
    handle, other = host.open(plugin, "now,global"), host.open(user)
    w.replace(plugin, "plain-2")
    host.close(handle), host.close(other)
    yield host


def path_of_mapped(host, name):
    with open(f"/proc/{host.pid}/maps", encoding="utf-8") as maps:
        return next(line.split()[5] for line in maps if name in line)


@scenario
def bound_by_standard_library(w):
    """a C++ plugin in a C program: libstdc++ came with it, is pinned itself, and is bound to the plugin's templates"""
    host = w.host()
    plugin = w.install("interposed-1")
    handle = host.open(plugin)
    assert host.call(handle) == 1
    new = w.replace(plugin, "interposed-2")
    host.close(handle)
    handle = host.open(plugin)
    assert host.call(handle) == 1
    yield host, Stale(plugin, "replaced", ("reldep",), disk=new, holder=path_of_mapped(host, "libstdc++"), action="restart")


@scenario
def standard_library_was_there_before(w):
    """the same plugin in a program that is linked to libstdc++: unloads"""
    host = w.host("host-c++-1")
    plugin = w.install("interposed-1")
    handle = host.open(plugin)
    w.replace(plugin, "interposed-2")
    host.close(handle)
    assert host.call(host.open(plugin)) == 2
    yield host


@scenario
def thread_local_destructor(w):
    """a living thread has an object of it to destroy; opened again"""
    host = w.host()
    plugin = w.install("tls-1")
    handle = host.open(plugin)
    host.thread(handle)
    new = w.replace(plugin, "tls-2")
    host.close(handle)
    host.open(plugin)
    yield host, Stale(plugin, "replaced", ("tls-dtor", "open-handles"), disk=new, action="end-threads")
    host.do("end")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, certainty="certain", action="reload")


@scenario
def thread_local_destructor_of_the_only_thread(w):
    """the program's only thread has an object of it to destroy; then it is closed as well"""
    host = w.host()
    plugin = w.install("tls-1")
    handle = host.open(plugin)
    assert host.call(handle) == 1
    new = w.replace(plugin, "tls-2")
    yield host, Stale(plugin, "replaced", ("tls-dtor", "open-handles"), disk=new, action="restart")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("tls-dtor",), disk=new, certainty="certain", action="restart")


@scenario
def thread_local_destructor_closed(w):
    """a living thread has an object of it to destroy, and nothing else keeps it; then the thread ends"""
    host = w.host()
    plugin = w.install("tls-1")
    other = w.install("plain-1", "other.so")
    unrelated = host.open(other)
    handle = host.open(plugin)
    host.thread(handle)
    os.unlink(plugin)
    host.close(handle)
    yield host, Stale(plugin, "deleted", ("tls-dtor",), disk=None, certainty="certain", action="end-threads")
    host.do("end")
    yield host, Stale(plugin, "deleted", ("gc-pending",), disk=None, certainty="certain", action="restart")
    host.close(unrelated)  # any dlclose() that unloads something collects it
    yield host


@scenario
def closed_too_early_and_opened_again(w):
    """opened, used in a thread and closed, again and again: each dlopen() revives what nothing keeps"""
    host = w.host()
    plugin = w.install("tls-1")
    new = None
    for _ in range(4):
        handle = host.open(plugin)
        host.thread(handle)
        new = new or w.replace(plugin, "tls-2")
        host.close(handle)
        host.do("end")
        yield host, Stale(plugin, "replaced", ("gc-pending",), disk=new, certainty="certain", action="restart")


@scenario
def rust_thread_local(w):
    """the same in Rust: Drop of a thread_local!"""
    host = w.host()
    plugin = w.install("rust-1")
    handle = host.open(plugin)
    host.thread(handle)
    new = w.replace(plugin, "rust-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("tls-dtor",), disk=new, runtimes=("rust",), action="end-threads")


@scenario
def needed_at_startup(w):
    """needed by what the program needs: dlclose() can never drop it"""
    program = w.program("host-needs-1")
    plugin = w.install("lib-1", "libplugin.so")
    w.install("needs-1", "libuser.so")
    host = w.host(program=program)
    new = w.replace(plugin, "lib-2")
    host.close(host.open(plugin))
    yield host, Stale(plugin, "replaced", ("needed-at-startup",), disk=new, certainty="certain", action="restart")


@scenario
def auxiliary_at_startup(w):
    """an auxiliary library of what the program needs (DT_AUXILIARY): loaded along with it"""
    program = w.program("host-filters-1")
    w.install("filters-1", "libuser.so")
    plugin = w.install("lib-1", "libplugin.so")
    host = w.host(program=program)
    new = w.replace(plugin, "lib-2")
    yield host, Stale(plugin, "replaced", ("needed-at-startup",), disk=new, certainty="certain", action="restart")


@scenario
def of_a_detached_file_system(w):
    """all that the process is made of lies on a file system that was detached: no file of it can be opened"""
    w.mount("-t", "tmpfs", "none", w.make("volume"))
    host = fixtures.get("host-1")
    w.run("cp", "-L", fixtures.interpreter(host), w.path("volume/ld.so"))
    w.run("cp", "-L", next(p for p in fixtures.libraries(host) if "libc.so" in p), w.path("volume/libc.so.6"))
    lib = w.install("lib-1", "volume/libplugin.so")
    w.install("needs-1", "volume/libuser.so")
    plugin = w.install("plain-1", "volume/plugin.so")
    nodelete = w.install("nodelete-1", "volume/nodelete.so")
    fixtures.compile("gcc", *fixtures.PROGRAM, f"-Wl,--dynamic-linker={w.path('volume/ld.so')}", "-o", w.path("volume/program"),
                     *fixtures.HOST, "-Wl,--no-as-needed", w.path("volume/libuser.so"))
    host = w.host(program=w.path("volume/program"))
    host.open(plugin), host.open(nodelete)
    files = [w.file("volume", n) for n in ("program", "ld.so", "libc.so.6", "libuser.so")]
    w.run("umount", "--lazy", w.path("volume"))
    pins = ["executable", "interpreter", "needed-at-startup", "needed-at-startup"]
    yield (host, *(Stale(f.at("/" + os.path.basename(f.path)), "unreachable", (pin,), disk=ANY, action="restart")
                   for f, pin in zip(files, pins)),
           Stale(lib.at("/libplugin.so"), "unreachable", ("needed-at-startup",), disk=ANY, action="restart"),
           Stale(plugin.at("/plugin.so"), "unreachable", OPEN, disk=ANY, certainty="certain", action="reload"),
           Stale(nodelete.at("/nodelete.so"), "unreachable", ("nodelete",), disk=ANY, certainty="certain", action="restart"))


@scenario
def mapped_as_data_as_well(w):
    """a symbolizer maps each file as data beside the loader's mapping: the loader's own fields are read all the same"""
    host = w.host()
    plugin = w.install("plain-1")
    closed = w.install("plain-1", "closed.so")
    host.open(plugin)
    handle = host.open(closed, "now,nodelete")
    for path in {path_of_mapped(host, name) for name in ("plugin.so", "closed.so", "libc.so", "ld-linux", "host-1")}:
        host.do("map", "r", path)
    host.close(handle)
    new, other = w.replace(plugin, "plain-2"), w.replace(closed, "plain-2")
    yield (host,
           Stale(plugin, "replaced", OPEN, disk=new, certainty="certain", detail="1 open handle"),
           Stale(closed, "replaced", ("rtld-nodelete",), disk=other, action="restart"))


@scenario
def mapped_by_another_namespace_as_well(w):
    """dlmopen() loads the same files once more, at lower addresses"""
    host = w.host()
    plugin = w.install("plain-1")
    handle = host.open(plugin, "now,nodelete")
    host.do("new", plugin)
    host.close(handle)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", told_of(("rtld-nodelete",)), disk=new, action="restart")


@scenario
def preloaded(w):
    """LD_PRELOAD"""
    plugin = w.install("plain-1")
    host = w.host(env={"LD_PRELOAD": plugin.path})
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", ("ld-preload",), disk=new, certainty="certain", action="restart")


@scenario
def preloaded_and_forgotten(w):
    """LD_PRELOAD, and the program wrote over its environment as nginx does"""
    plugin = w.install("plain-1")
    host = w.host(env={"LD_PRELOAD": plugin.path})
    host.do("forget")
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", ("ld-preload",), disk=new, certainty="likely")


@scenario
def preloaded_by_file(w):
    """/etc/ld.so.preload, in a chroot"""
    jail = w.jail()
    plugin = w.install("plain-1", "jail/usr/lib/plugin.so")
    with open(w.path("jail/etc/ld.so.preload"), "w", encoding="ascii") as f:
        f.write("/usr/lib/plugin.so\n")
    host = w.host(before=("chroot", jail), program="/host")
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", ("ld-preload",), disk=new)


@scenario
def audited(w):
    """LD_AUDIT"""
    plugin = w.install("audit-1")
    host = w.host(env={"LD_AUDIT": plugin.path})
    new = w.replace(plugin, "audit-2")
    yield host, Stale(plugin, "replaced", ("ld-audit",), disk=new, flags=ANY, action="restart")


def told_of(pins):
    """Of other namespaces: from glibc 2.35 on r_debug leads to them."""
    version = tuple(int(n) for n in os.confstr("CS_GNU_LIBC_VERSION").split()[-1].split("."))
    return pins if version >= (2, 35) else ("unknown",)


@scenario
def another_namespace(w):
    """dlmopen() into a namespace of its own"""
    host = w.host()
    plugin = w.install("plain-1")
    host.do("new", plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", told_of(OPEN), disk=new)


@scenario
def another_namespace_nodelete(w):
    """NODELETE in a namespace of its own"""
    host = w.host()
    plugin = w.install("nodelete-1")
    handle = host.do("new", plugin)
    new = w.replace(plugin, "nodelete-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", told_of(("nodelete",)), disk=new)


@scenario
def not_the_loaders(w):
    """mapped by plain mmap(), as a profiler does"""
    host = w.host()
    plugin = w.install("plain-1")
    host.do("map", "rx", plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", ("not-loader",), disk=new)


def of_a_static_program(w, program, pins, **expected):
    host = w.host(program)
    plugin = w.install("plain-1")
    host.open(plugin), host.open(plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", pins, disk=new, **expected)


@scenario
def of_a_static_program_with_a_loader(w):
    """a static program that opens a library: its own loader lists it, which only the program's symbol table tells"""
    yield from of_a_static_program(w, "host-static-loader-1", OPEN, certainty="certain", detail="2 open handles", action="reload")


@scenario
def of_a_static_pie(w):
    """the same, linked as position-independent"""
    yield from of_a_static_program(w, "host-static-pie-1", OPEN, certainty="certain", detail="2 open handles", action="reload")


@scenario
def of_a_stripped_static_program(w):
    """the same without a symbol table: it cannot be told where the loader's list is"""
    yield from of_a_static_program(w, "host-static-stripped-1", ("unknown",), action="restart")


@scenario
def mapped_by_a_static_program(w):
    """mapped by plain mmap(), in a static program"""
    host = w.host("host-static-1")
    plugin = w.install("plain-1")
    host.do("map", "rx", plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", ("not-loader",), disk=new)


@scenario
def interpreter_and_libc(w):
    """a program with a loader and a libc of its own, both replaced"""
    host = fixtures.get("host-1")
    loader = os.path.realpath(fixtures.interpreter(host))
    w.run("cp", loader, w.path("ld.so"))
    libc = next(p for p in fixtures.libraries(host) if "libc.so" in p)
    w.run("cp", os.path.realpath(libc), w.path("libc.so.6"))
    program = w.path("program")
    fixtures.compile("gcc", *fixtures.PROGRAM, f"-Wl,--dynamic-linker={w.path('ld.so')}", "-o", program,
                     *fixtures.HOST, "-ldl")
    old_libc, old_loader = w.file("libc.so.6"), w.file("ld.so")
    host = w.host(program=program)
    yield host
    for name in ("libc.so.6", "ld.so"):
        w.run("cp", w.path(name), w.path("new"))
        os.rename(w.path("new"), w.path(name))
    yield (host,
           Stale(old_libc, "replaced", ("needed-at-startup",), disk=w.file("libc.so.6"), flags=("same-content",), action="restart"),
           Stale(old_loader, "replaced", ("interpreter",), disk=w.file("ld.so"), flags=("same-content",), action="restart"))


@scenario
def started_by_the_loader(w):
    """`ld.so program`: all that the kernel tells of the program is of the loader"""
    loader = fixtures.interpreter(fixtures.get("host-1"))
    host = w.host(before=(loader,))
    plugin = w.install("plain-1")
    host.open(plugin)
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def started_by_the_loader_and_replaced(w):
    """`ld.so program`, and the program is replaced"""
    loader = fixtures.interpreter(fixtures.get("host-1"))
    program = w.program("host-1")
    host = w.host(before=(loader,), program=program)
    new = w.replace(program, "host-static-1")
    yield host, Stale(program, "replaced", ("executable",), disk=new, action="restart")


@scenario
def of_32_bits(w):
    """a 32-bit process"""
    host = w.host("host-32-1")
    plugin = w.install("32-1")
    host.open(plugin)
    yield host
    new = w.replace(plugin, "32-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, certainty="certain")


@scenario
def of_32_bits_nodelete(w):
    """a 32-bit process, NODELETE, reopened"""
    host = w.host("host-32-1")
    plugin = w.install("32-nodelete-1")
    handle = host.open(plugin)
    new = w.replace(plugin, "32-nodelete-2")
    host.close(handle)
    assert host.call(host.open(plugin)) == 1
    yield host, Stale(plugin, "replaced", ("nodelete",), disk=new, certainty="certain", detail="2")


@scenario
def of_32_bits_thread_local(w):
    """a 32-bit process, a living thread has an object to destroy"""
    host = w.host("host-32-1")
    plugin = w.install("32-tls-1")
    handle = host.open(plugin)
    host.thread(handle)
    new = w.replace(plugin, "32-tls-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("tls-dtor",), disk=new)


@scenario
def of_32_bits_modified(w):
    """a 32-bit process, cp wrote into its library"""
    host = w.host("host-32-1")
    plugin = w.install("32-1")
    host.call(host.open(plugin))
    w.overwrite(plugin, "32-2")
    yield host, Stale(plugin, "modified", OPEN, flags=("crash-risk",), action="restart-now")


@scenario
def of_musl(w):
    """musl: dlclose() does nothing, and the same path opened again is a second copy"""
    host = w.host("host-musl-1")
    plugin = w.install("musl-1")
    handle = host.open(plugin)
    yield host
    new = w.replace(plugin, "musl-2")
    host.close(handle)
    yield host, Stale(plugin, "replaced", ("musl",), disk=new, action="restart")
    assert host.call(host.open(plugin)) == 2
    yield host, Stale(plugin, "replaced", ("musl",), disk=new, flags=("both-generations",), action="restart")


@scenario
def of_a_removed_program(w):
    """everything is gone at once: the program, what it needs, and its plugin"""
    program = w.program("host-needs-1")
    lib = w.install("lib-1", "libplugin.so")
    user = w.install("needs-1", "libuser.so")
    plugin = w.install("nodelete-1", "nodelete.so")
    host = w.host(program=program)
    host.open(plugin)
    for file in (program, lib, user, plugin):
        os.unlink(file)
    yield (host,
           Stale(program, "deleted", ("executable",), disk=None),
           Stale(lib, "deleted", ("needed-at-startup",), disk=None),
           Stale(user, "deleted", ("needed-at-startup",), disk=None),
           Stale(plugin, "deleted", ("nodelete",), disk=None))
