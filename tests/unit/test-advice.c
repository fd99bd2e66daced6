/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "explain/advice.h"
#include "unit.h"

#define S(text) ((char *) (text))
#define BIT(reason) (1u << (reason))

/* --- action --- */

typedef struct Reason {
        PinReason reason;
        uint32_t holder_pins;
} Reason;

static const struct {
        const char *name;
        State state;
        uint32_t flags, runtimes;
        Reason reasons[3];
        size_t n;
        const char *unit;
        Action action;
        bool one_thread;
} actions[] = {
        { "current", STATE_CURRENT, 0, 0, {}, 0, NULL, ACTION_NONE },
        { "ignored", STATE_IGNORED, 0, 0, {}, 0, NULL, ACTION_NONE },
        { "unknown", STATE_UNKNOWN, 0, 0, {}, 0, NULL, ACTION_NONE },
        { "no pin", STATE_REPLACED, 0, 0, {}, 0, NULL, ACTION_RESTART },
        { "executable", STATE_REPLACED, 0, 0, { { PIN_EXECUTABLE } }, 1, NULL, ACTION_RESTART },
        { "interpreter", STATE_REPLACED, 0, 0, { { PIN_INTERPRETER } }, 1, NULL, ACTION_RESTART },
        { "needed at startup", STATE_DELETED, 0, 0, { { PIN_NEEDED_AT_STARTUP } }, 1, NULL, ACTION_RESTART },
        { "preloaded", STATE_REPLACED, 0, 0, { { PIN_LD_PRELOAD } }, 1, NULL, ACTION_RESTART },
        { "audit", STATE_REPLACED, 0, 0, { { PIN_LD_AUDIT } }, 1, NULL, ACTION_RESTART },
        { "nodelete", STATE_REPLACED, 0, 0, { { PIN_NODELETE } }, 1, NULL, ACTION_RESTART },
        { "Go", STATE_REPLACED, 0, RUNTIME_GO, { { PIN_NODELETE } }, 1, NULL, ACTION_RESTART },
        { "RTLD_NODELETE", STATE_REPLACED, 0, 0, { { PIN_RTLD_NODELETE } }, 1, NULL, ACTION_RESTART },
        { "unique", STATE_REPLACED, 0, 0, { { PIN_GNU_UNIQUE } }, 1, NULL, ACTION_RESTART },
        { "startup binding", STATE_REPLACED, 0, 0, { { PIN_STARTUP_BINDING } }, 1, NULL, ACTION_RESTART },
        { "musl", STATE_REPLACED, 0, 0, { { PIN_MUSL } }, 1, NULL, ACTION_RESTART },
        { "mapped by the program", STATE_REPLACED, 0, 0, { { PIN_NOT_LOADER } }, 1, NULL, ACTION_RESTART },
        { "unknown pin", STATE_REPLACED, 0, 0, { { PIN_UNKNOWN } }, 1, NULL, ACTION_RESTART },
        { "an open holder", STATE_REPLACED, 0, 0, { { PIN_HOLDER, BIT(PIN_OPEN_HANDLES) } }, 1, NULL, ACTION_CLOSE_HOLDER },
        { "a NODELETE holder", STATE_REPLACED, 0, 0, { { PIN_HOLDER, BIT(PIN_NODELETE) } }, 1, NULL, ACTION_RESTART },
        { "a holder held by a unique symbol", STATE_REPLACED, 0, 0, { { PIN_HOLDER, BIT(PIN_HOLDER) | BIT(PIN_GNU_UNIQUE) } }, 1, NULL, ACTION_RESTART },
        { "bound to by an open library", STATE_REPLACED, 0, 0, { { PIN_RELDEP, BIT(PIN_OPEN_HANDLES) } }, 1, NULL, ACTION_CLOSE_HOLDER },
        { "bound to by libstdc++", STATE_REPLACED, 0, 0, { { PIN_RELDEP, BIT(PIN_GNU_UNIQUE) } }, 1, NULL, ACTION_RESTART },
        { "a holder, and open", STATE_REPLACED, 0, 0, { { PIN_HOLDER, BIT(PIN_OPEN_HANDLES) }, { PIN_OPEN_HANDLES } }, 2, NULL, ACTION_CLOSE_HOLDER },
        { "a holder, and open in nginx", STATE_REPLACED, 0, RUNTIME_NGINX, { { PIN_HOLDER, BIT(PIN_OPEN_HANDLES) }, { PIN_OPEN_HANDLES } }, 2, NULL, ACTION_RESTART },
        { "destructors", STATE_REPLACED, 0, 0, { { PIN_TLS_DTOR } }, 1, NULL, ACTION_END_THREADS },
        { "destructors of the only thread", STATE_REPLACED, 0, 0, { { PIN_TLS_DTOR } }, 1, NULL, ACTION_RESTART, .one_thread = true },
        { "destructors, and open", STATE_REPLACED, 0, 0, { { PIN_TLS_DTOR }, { PIN_OPEN_HANDLES } }, 2, NULL, ACTION_END_THREADS },
        { "destructors of the only thread, and open", STATE_REPLACED, 0, 0, { { PIN_TLS_DTOR }, { PIN_OPEN_HANDLES } }, 2, NULL, ACTION_RESTART,
          .one_thread = true },
        { "open in a program of one thread", STATE_REPLACED, 0, 0, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RELOAD, .one_thread = true },
        { "pending garbage collection", STATE_REPLACED, 0, 0, { { PIN_GC_PENDING } }, 1, NULL, ACTION_RESTART },
        { "open", STATE_REPLACED, 0, 0, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RELOAD },
        { "open in nginx", STATE_REPLACED, 0, RUNTIME_NGINX, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open in CPython", STATE_REPLACED, 0, RUNTIME_CPYTHON, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open in a JVM", STATE_REPLACED, 0, RUNTIME_JVM, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open in Node", STATE_REPLACED, 0, RUNTIME_NODE, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open in Perl", STATE_REPLACED, 0, RUNTIME_PERL, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open in Ruby", STATE_REPLACED, 0, RUNTIME_RUBY, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open in PostgreSQL", STATE_REPLACED, 0, RUNTIME_POSTGRESQL, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "opened by glibc itself", STATE_REPLACED, 0, RUNTIME_LIBC, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART },
        { "open, and compiled by rustc", STATE_REPLACED, 0, RUNTIME_RUST, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RELOAD },
        { "a holder opened by CPython", STATE_REPLACED, 0, RUNTIME_CPYTHON, { { PIN_HOLDER, BIT(PIN_OPEN_HANDLES) } }, 1, NULL, ACTION_RESTART },
        { "bound to by a library opened by a JVM", STATE_REPLACED, 0, RUNTIME_JVM, { { PIN_RELDEP, BIT(PIN_OPEN_HANDLES) } }, 1, NULL, ACTION_RESTART },
        { "a plain plugin in a program with a Go library", STATE_REPLACED, 0, RUNTIME_GO, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RELOAD },
        { "a bind mount of a file", STATE_DELETED, FLAG_FILE_BIND_MOUNT, 0, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_REMOUNT },
        { "overwritten", STATE_MODIFIED, FLAG_CRASH_RISK, 0, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RESTART_NOW },
        { "overwritten, in the bus", STATE_MODIFIED, FLAG_CRASH_RISK, 0, { { PIN_NEEDED_AT_STARTUP } }, 1, "dbus.service", ACTION_RESTART_NOW },
        { "copied up", STATE_MODIFIED, 0, 0, { { PIN_OPEN_HANDLES } }, 1, NULL, ACTION_RELOAD },
        { "in the bus", STATE_REPLACED, 0, 0, { { PIN_NEEDED_AT_STARTUP } }, 1, "dbus-broker.service", ACTION_REBOOT },
        { "an open plugin of the bus", STATE_REPLACED, 0, 0, { { PIN_OPEN_HANDLES } }, 1, "dbus.service", ACTION_RELOAD },
};

START_TEST(action_by_pins) {
        Pin pins[3] = {};
        Finding f = {
                .pid = 42, .comm = S("prog"), .path = S("/lib/x.so"), .state = actions[_i].state, .flags = actions[_i].flags,
                .runtimes = actions[_i].runtimes, .one_thread = actions[_i].one_thread, .unit = S(actions[_i].unit), .pins = pins, .n_pins = actions[_i].n,
        };

        for (size_t i = 0; i < f.n_pins; i++)
                pins[i] = (Pin){ .reason = actions[_i].reasons[i].reason, .holder_pins = actions[_i].reasons[i].holder_pins };
        ck_assert_int_eq(advice_give(&f), 0);
        ck_assert_msg(f.action == actions[_i].action, "%s: %s", actions[_i].name, action_to_string(f.action));
        ck_assert_ptr_nonnull(f.advice);
        ck_assert_ptr_nonnull(f.message);
        free(f.advice);
        free(f.message);
}
END_TEST

/* --- target --- */

static const struct {
        const char *name;
        pid_t pid;
        uid_t uid;
        const char *comm, *unit, *user_unit, *container;
        const char *advice;
} targets[] = {
        { "a service", 42, 0, "nginx", "nginx.service", NULL, NULL, "systemctl restart nginx.service" },
        { "an instance with an escape in its name", 42, 0, "p", "p@a\\x2db.service", NULL, NULL, "systemctl restart p@a\\\\x2db.service" },
        { "an invalid unit name", 42, 0, "p", "p;reboot.service", NULL, NULL, "restart p;reboot.service" },
        { "a unit name with a line break", 42, 0, "p", "p\nq.service", NULL, NULL, "restart p\\x0aq.service" },
        { "a unit name like an option", 42, 0, "p", "--root=x.service", NULL, NULL, "restart --root=x.service" },
        { "udev", 42, 0, "systemd-udevd", "systemd-udevd.service", NULL, NULL, "systemctl restart systemd-udevd.service" },
        { "sshd", 42, 0, "sshd", "ssh.service", NULL, NULL, "systemctl restart ssh.service" },
        { "a connection of sshd", 42, 0, "sshd", "ssh@2-10.0.0.1:22-10.0.0.2:5000.service", NULL, NULL,
          "close the connection of ssh@2-10.0.0.1:22-10.0.0.2:5000.service and log in again" },
        { "PID 1", 1, 0, "systemd", "init.scope", NULL, NULL, "systemctl daemon-reexec" },
        { "PID 1 without daemon-reexec", 1, 0, "init", NULL, NULL, NULL, "schedule a reboot: it is PID 1" },
        { "the bus", 42, 100, "dbus-daemon", "dbus.service", NULL, NULL,
          "schedule a reboot: a restart of dbus.service would disconnect everything on the system bus" },
        { "the broker of the bus", 42, 100, "dbus-broker", "dbus-broker.service", NULL, NULL,
          "schedule a reboot: a restart of dbus-broker.service would disconnect everything on the system bus" },
        { "logind", 42, 0, "systemd-logind", "systemd-logind.service", NULL, NULL,
          "schedule a reboot: all login sessions depend on systemd-logind.service" },
        { "a display manager", 42, 0, "gdm3", "gdm3.service", NULL, NULL, "log out of the graphical sessions, then restart gdm3.service" },
        { "another display manager", 42, 0, "xdm", "xdm.service", NULL, NULL, "log out of the graphical sessions, then restart xdm.service" },
        { "a terminal", 42, 0, "agetty", "getty@tty1.service", NULL, NULL, "log out of the terminal of getty@tty1.service" },
        { "a serial terminal", 42, 0, "agetty", "serial-getty@ttyS0.service", NULL, NULL, "log out of the terminal of serial-getty@ttyS0.service" },
        { "a login session", 42, 1000, "sshd", "session-3.scope", NULL, NULL,
          "end sshd (42) and start it again, or log out of session 3 and in again" },
        { "a user's service", 42, 1000, "pipewire", "user@1000.service", "pipewire.service", NULL,
          "systemctl --user -M 1000@ restart pipewire.service" },
        { "a user's service with another UID", 42, 0, "p", "user@1000.service", "p.service", NULL,
          "systemctl --user -M 1000@ restart p.service" },
        { "a user's application", 42, 1000, "firefox", "user@1000.service", "app-gnome-firefox-42.scope", NULL,
          "end firefox (42) and start it again" },
        { "a user's bus", 42, 1000, "dbus-daemon", "user@1000.service", "dbus.service", NULL,
          "log out and in again: the session depends on dbus.service" },
        { "a user's manager", 42, 1000, "systemd", "user@1000.service", "init.scope", NULL, "systemctl --user -M 1000@ daemon-reexec" },
        { "a user's manager without a unit of its own", 42, 1000, "systemd", "user@1000.service", NULL, NULL,
          "systemctl --user -M 1000@ daemon-reexec" },
        { "the helper of a user's manager", 42, 0, "(sd-pam)", "user@1000.service", "init.scope", NULL, "log user 1000 out of all sessions" },
        { "a user's manager with a forged name", 42, 7, "systemd", "user@99999999999999999999.service", NULL, NULL,
          "systemctl --user -M 7@ daemon-reexec" },
        { "a scope", 42, 0, "p", "run-r1.scope", NULL, NULL, "end p (42) and start it again" },
        { "no unit", 42, 0, "p", NULL, NULL, NULL, "end p (42) and start it again" },
        { "no unit, and a forged name", 42, 0, "p\033[2J", NULL, NULL, NULL, "end p\\x1b[2J (42) and start it again" },
        { "docker", 42, 0, "nginx", "docker-0123456789ab.scope", NULL, "docker:0123456789ab", "docker restart 0123456789ab" },
        { "podman", 42, 0, "nginx", NULL, NULL, "podman:0123456789ab", "podman restart 0123456789ab" },
        { "Kubernetes", 42, 0, "nginx", NULL, NULL, "k8s:0123456789ab", "crictl stop 0123456789ab" },
        { "LXC", 42, 0, "nginx", NULL, NULL, "lxc:web", "restart the container web (lxc-stop -r, or lxc restart)" },
        { "a machine", 42, 0, "nginx", "machine-web.scope", NULL, "web", "machinectl reboot web" },
        { "a virtual machine", 42, 0, "qemu", "machine-qemu\\x2d1.scope", NULL, "qemu-1-web", "shut down the virtual machine qemu-1-web and start it again" },
        { "a container with a forged name", 42, 0, "p", NULL, NULL, "docker:$(reboot)", "restart the container $(reboot)" },
};

START_TEST(advice_by_target) {
        Pin pin = { .reason = PIN_NEEDED_AT_STARTUP };
        Finding f = {
                .pid = targets[_i].pid, .uid = targets[_i].uid, .comm = S(targets[_i].comm), .unit = S(targets[_i].unit),
                .user_unit = S(targets[_i].user_unit), .container = S(targets[_i].container), .path = S("/lib/x.so"),
                .state = STATE_REPLACED, .pins = &pin, .n_pins = 1,
        };

        ck_assert_int_eq(advice_give(&f), 0);
        ck_assert_msg(streq(f.advice, targets[_i].advice), "%s: %s", targets[_i].name, f.advice);
        free(f.advice);
        free(f.message);
}
END_TEST

/* --- message --- */

static Pin nodelete = { .reason = PIN_NODELETE, .detail = S("DF_1_NODELETE is set; opened 3 times since it was loaded") };
static Pin open_handle = { .reason = PIN_OPEN_HANDLES, .detail = S("1 open handle") };
static Pin guessed = { .reason = PIN_OPEN_HANDLES, .certainty = CERTAINTY_BY_ELIMINATION };
static Pin needed = { .reason = PIN_NEEDED_AT_STARTUP };
static Pin bound_by_libstdcxx = { .reason = PIN_RELDEP, .holder = S("/usr/lib/libstdc++.so.6"), .holder_pins = BIT(PIN_GNU_UNIQUE) };
static Pin held = { .reason = PIN_HOLDER, .holder = S("/opt/lib\nh.so"), .holder_pins = BIT(PIN_OPEN_HANDLES) };
static Pin destructors = { .reason = PIN_TLS_DTOR };
static Pin pending = { .reason = PIN_GC_PENDING };
static Pin extension = { .reason = PIN_HOLDER, .holder = S("/usr/lib/python3/_ssl.so"), .holder_pins = BIT(PIN_OPEN_HANDLES) };
static Pin alternatives[] = {
        { .reason = PIN_RTLD_NODELETE, .certainty = CERTAINTY_BY_ELIMINATION },
        { .reason = PIN_STARTUP_BINDING, .certainty = CERTAINTY_BY_ELIMINATION },
};
static Pin used_by_the_only_thread[] = { { .reason = PIN_TLS_DTOR }, { .reason = PIN_OPEN_HANDLES } };
static Pin second_generation = { .reason = PIN_MUSL };

#define MAPPED(ino) { .known = true, .dev_major = 253, .inode = ino }

static const struct {
        Finding finding;
        const char *advice, *message;
} messages[] = {
        { { .pid = 3391245, .comm = S("nginx"), .unit = S("nginx.service"), .path = S("/opt/probe/libdi_rechk.so"), .state = STATE_REPLACED,
            .mapped = MAPPED(5250054), .disk = MAPPED(5377891), .pins = &nodelete, .n_pins = 1, .runtimes = RUNTIME_GO | RUNTIME_NGINX },
          "systemctl restart nginx.service",
          "nginx (3391245) still runs the old /opt/probe/libdi_rechk.so (inode 5250054 mapped, 5377891 on disk): it is linked with -z nodelete "
          "and contains a Go runtime, which can never be unloaded; restart nginx.service." },
        { { .pid = 7, .comm = S("nginx"), .unit = S("nginx.service"), .path = S("/m.so"), .state = STATE_REPLACED,
            .mapped = MAPPED(1), .disk = MAPPED(2), .pins = &open_handle, .n_pins = 1, .runtimes = RUNTIME_NGINX },
          "systemctl restart nginx.service",
          "nginx (7) still runs the old /m.so (inode 1 mapped, 2 on disk): nginx holds it open, and a reload opens it again before it "
          "closes it; restart nginx.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/p.so"), .state = STATE_REPLACED, .flags = FLAG_SAME_CONTENT,
            .mapped = MAPPED(1), .disk = MAPPED(2), .pins = &guessed, .n_pins = 1 },
          "systemctl reload host.service, if the program closes it before it opens it again; otherwise: systemctl restart host.service",
          "host (7) still runs the old /p.so (inode 1 mapped, 2 on disk): the program holds it open; a reload ends it if the program "
          "closes it before it opens it again, else restart host.service (not urgent: the content is the same)." },
        { { .pid = 7, .comm = S("host"), .path = S("/p.so"), .state = STATE_DELETED, .flags = FLAG_FILE_BIND_MOUNT,
            .mapped = MAPPED(1), .disk = MAPPED(1), .pins = &open_handle, .n_pins = 1 },
          "mount /p.so again, then: end host (7) and start it again",
          "host (7) still runs /p.so, a bind-mounted file that was removed at its source: the program holds it open; mount it again, "
          "then end host (7) and start it again." },
        { { .pid = 7, .comm = S("host"), .container = S("docker:0123456789ab"), .path = S("/p.so"), .state = STATE_DELETED,
            .flags = FLAG_FILE_BIND_MOUNT, .mapped = MAPPED(1), .disk = MAPPED(1), .pins = &open_handle, .n_pins = 1 },
          "docker restart 0123456789ab",
          "host (7) still runs /p.so, a bind-mounted file that was removed at its source: the program holds it open; "
          "restart the container 0123456789ab, which mounts it again." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/p.so"), .state = STATE_MODIFIED, .flags = FLAG_CRASH_RISK,
            .mapped = MAPPED(1), .disk = MAPPED(1), .pins = &open_handle, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still runs /p.so, which was overwritten in place: the program holds it open; the next call into it may crash: restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/lib/x.so.1.0"), .state = STATE_DELETED, .mapped = MAPPED(1),
            .successor = S("/lib/x.so.1.1"), .pins = &needed, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still runs /lib/x.so.1.0 (inode 1), which was removed; /lib/x.so.1.1 took its place: it is a startup "
          "dependency of the program; restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/v1/p.so"), .loader_name = S("/current/p.so"),
            .successor = S("/v2/p.so"), .state = STATE_SUPERSEDED, .mapped = MAPPED(1), .disk = MAPPED(1), .pins = &bound_by_libstdcxx, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still runs /v1/p.so, while /current/p.so leads to /v2/p.so: it is kept loaded by libstdc++.so.6, which is bound to one "
          "of its symbols and is itself pinned by its unique symbols; restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/a\nb.so"), .state = STATE_REPLACED, .pins = &held, .n_pins = 1 },
          "let the program close /opt/lib\\x0ah.so; otherwise: systemctl restart host.service",
          "host (7) still runs the old /a\\x0ab.so: it is kept loaded by lib\\x0ah.so, which needs it and is itself open; close that, else restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/p.so"), .state = STATE_MOVED, .loader_name = S("/q.so"),
            .pins = &destructors, .n_pins = 1 },
          "end the threads that used it, then let the program close it; otherwise: systemctl restart host.service",
          "host (7) still runs /p.so, while /q.so no longer exists: threads have not yet run thread_local destructors that are defined in it; "
          "end these threads and close it, else restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/p.so"), .state = STATE_HIDDEN, .pins = &pending, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still runs /p.so, which is covered by a mount: nothing keeps it any more, but the loader unloads only in a later dlclose(), "
          "and a dlopen() of it before that revives it; restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/p.so"), .state = STATE_UNREACHABLE, .flags = FLAG_BOTH_GENERATIONS,
            .pins = &second_generation, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still runs /p.so, whose file system was detached, with the new one mapped as well: musl never unloads a library; restart host.service." },
        { { .pid = 7, .comm = S("java"), .unit = S("java.service"), .path = S("/libjvm.so"), .state = STATE_REPLACED, .pins = alternatives, .n_pins = 2 },
          "systemctl restart java.service",
          "java (7) still runs the old /libjvm.so: the program opened it with RTLD_NODELETE, or the program looked up one of its symbols with "
          "dlsym(RTLD_DEFAULT); restart java.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/p.so"), .state = STATE_REPLACED, .one_thread = true,
            .pins = used_by_the_only_thread, .n_pins = 2 },
          "systemctl restart host.service",
          "host (7) still runs the old /p.so: the only thread has not yet run thread_local destructors that are defined in it, and the program holds it open; "
          "restart host.service." },
        { { .pid = 7, .comm = S("cupsd"), .unit = S("cups.service"), .path = S("/libnss_x.so.2"), .state = STATE_REPLACED, .pins = &open_handle,
            .n_pins = 1, .runtimes = RUNTIME_LIBC },
          "systemctl restart cups.service",
          "cupsd (7) still runs the old /libnss_x.so.2: glibc itself opened it, and never closes it; restart cups.service." },
        { { .pid = 7, .comm = S("python3"), .unit = S("app.service"), .path = S("/libssl.so.3"), .state = STATE_REPLACED, .pins = &extension,
            .n_pins = 1, .runtimes = RUNTIME_CPYTHON },
          "systemctl restart app.service",
          "python3 (7) still runs the old /libssl.so.3: it is kept loaded by _ssl.so, which needs it: CPython holds it open, and does not close it "
          "by itself; restart app.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/libicudata.so.72"), .state = STATE_REPLACED, .data_only = true,
            .pins = &needed, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still maps the old /libicudata.so.72: it is a startup dependency of the program; restart host.service." },
        { { .pid = 7, .comm = S("host"), .unit = S("host.service"), .path = S("/libicudata.so.72"), .state = STATE_MODIFIED, .data_only = true,
            .flags = FLAG_CRASH_RISK, .pins = &needed, .n_pins = 1 },
          "systemctl restart host.service",
          "host (7) still maps /libicudata.so.72, which was overwritten in place: it is a startup dependency of the program; "
          "the next access to it may crash: restart host.service." },
        { { .pid = 7, .state = STATE_MODIFIED },
          "end process (7) and start it again",
          "process (7) still runs the old content of a file: why it stays mapped was not examined; end process (7) and start it again." },
};

START_TEST(message_and_advice) {
        Finding f = messages[_i].finding;

        ck_assert_int_eq(advice_give(&f), 0);
        ck_assert_str_eq(f.message, messages[_i].message);
        ck_assert_str_eq(f.advice, messages[_i].advice);
        ck_assert_int_eq(advice_give(&f), 0);
        ck_assert_str_eq(f.message, messages[_i].message);
        free(f.advice);
        free(f.message);
}
END_TEST

static const struct {
        Pin pin;
        uint32_t runtimes;
        const char *sentence;
} sentences[] = {
        { { .reason = PIN_NODELETE, .detail = S("DF_1_NODELETE is set") }, 0,
          "It is linked with -z nodelete: DF_1_NODELETE is set. Without the flag it could be unloaded; only its author can say whether that is safe." },
        { { .reason = PIN_NODELETE }, RUNTIME_GO,
          "It is linked with -z nodelete and contains a Go runtime, which can never be unloaded. Never remove the flag from the file: threads of "
          "the runtime run in it. Run it as a process of its own instead." },
        { { .reason = PIN_EXECUTABLE }, RUNTIME_NGINX,
          "It is the main program. nginx can be upgraded without a pause: signal USR2, then QUIT to the old one." },
        { { .reason = PIN_EXECUTABLE }, 0, "It is the main program." },
        { { .reason = PIN_RELDEP, .holder = S("/usr/lib/libstdc++.so.6"), .holder_pins = BIT(PIN_GNU_UNIQUE), .detail = S("d") }, 0,
          "It is kept loaded by libstdc++.so.6, which is bound to one of its symbols and is itself pinned by its unique symbols: d. If the program itself "
          "were linked with that library, or if this one hid its copies of the symbols (-fvisibility=hidden), it could be unloaded." },
        { { .reason = PIN_LD_PRELOAD, .holder = S("/lib/libpre.so") }, 0, "It is a dependency of libpre.so, which was preloaded." },
        { { .reason = PIN_RTLD_NODELETE, .certainty = CERTAINTY_BY_ELIMINATION }, 0,
          "The program opened it with RTLD_NODELETE, as no other reason is left." },
        { { .reason = PIN_LD_PRELOAD, .certainty = CERTAINTY_LIKELY, .detail = S("d") }, 0, "It was preloaded, most likely: d." },
        { { .reason = PIN_OPEN_HANDLES, .detail = S("1 open handle") }, RUNTIME_NGINX,
          "nginx holds it open, and a reload opens it again before it closes it: 1 open handle." },
        { { .reason = PIN_STARTUP_BINDING, .holder = S("/bin/it\n"), .detail = S("d") }, 0,
          "The loader never unloads it, because it\\x0a is bound to one of its symbols: d. Opened with RTLD_LOCAL "
          "and used through dlsym() of its handle it could be unloaded." },
        { { .reason = PIN_UNKNOWN, .certainty = CERTAINTY_BY_ELIMINATION }, 0, "Why it stays mapped could not be determined." },
        { { .reason = PIN_GC_PENDING, .detail = S("no open handle, pending destructor or dependent library is left") }, 0,
          "Nothing keeps it any more, but the loader unloads only in a later dlclose(), and a dlopen() of it before that revives it: "
          "no open handle, pending destructor or dependent library is left." },
};

START_TEST(pin_sentences) {
        Finding f = { .runtimes = sentences[_i].runtimes };
        _cleanup_free_ char *sentence = advice_explain_pin(&f, &sentences[_i].pin);

        ck_assert_str_eq(sentence, sentences[_i].sentence);
}
END_TEST

START_TEST(sentence_for_every_pin) {
        Finding f = {};
        Pin pin = { .reason = _i };
        _cleanup_free_ char *sentence = advice_explain_pin(&f, &pin);
        size_t n;

        ck_assert_ptr_nonnull(sentence);
        n = strlen(sentence);
        ck_assert_uint_gt(n, 10);
        ck_assert_int_eq(sentence[n - 1], '.');
        ck_assert(_i == PIN_UNKNOWN || !strstr(sentence, "could not be determined"));
}
END_TEST

START_TEST(sentence_for_every_state) {
        const char *plain = advice_explain_state(_i, 0);

        ck_assert_int_eq(plain[strlen(plain) - 1], '.');
        ck_assert(_i == STATE_UNKNOWN || !streq(plain, advice_explain_state(STATE_UNKNOWN, 0)));
}
END_TEST

START_TEST(state_sentence_depends_on_flags) {
        ck_assert_str_ne(advice_explain_state(STATE_MODIFIED, FLAG_CRASH_RISK), advice_explain_state(STATE_MODIFIED, 0));
        ck_assert_str_ne(advice_explain_state(STATE_DELETED, FLAG_FILE_BIND_MOUNT), advice_explain_state(STATE_DELETED, 0));
        ck_assert_str_ne(advice_explain_state(STATE_REPLACED, FLAG_SAME_CONTENT), advice_explain_state(STATE_REPLACED, 0));
        ck_assert_str_ne(advice_explain_state(STATE_SUPERSEDED, FLAG_SAME_CONTENT), advice_explain_state(STATE_SUPERSEDED, 0));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("advice");
        TCase *tcase = tcase_create("advice");

        tcase_add_loop_test(tcase, action_by_pins, 0, ELEMENTSOF(actions));
        tcase_add_loop_test(tcase, advice_by_target, 0, ELEMENTSOF(targets));
        tcase_add_loop_test(tcase, message_and_advice, 0, ELEMENTSOF(messages));
        tcase_add_loop_test(tcase, pin_sentences, 0, ELEMENTSOF(sentences));
        tcase_add_loop_test(tcase, sentence_for_every_pin, 0, PIN_REASON_MAX);
        tcase_add_loop_test(tcase, sentence_for_every_state, 0, STATE_MAX);
        tcase_add_test(tcase, state_sentence_depends_on_flags);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
