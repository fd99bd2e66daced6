/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>
#include <stdio.h>

#include "elf/elf-symbols.h"
#include "explain/pin.h"
#include "unit.h"

/*
 * Processes as tables. Each line is one file; libraries are named by the last
 * component of their path, which is their soname as well unless said otherwise.
 * Lists are separated by spaces.
 */
typedef struct Library {
        const char *path, *soname;      /* soname "-": none */
        const char *needed, *auxiliary; /* DT_NEEDED, DT_AUXILIARY */
        LinkType type;
        int opencount, nodelete, dtors; /* as the loader counts; dtors -1: not known */
        const char *initfini, *reldeps; /* paths' last components */
        bool flag;                      /* DF_1_NODELETE */
        const char *exports, *imports, *unique, *unique_bound, *weak;
        unsigned namespace;
        bool global, local;             /* in the global scope, or not; neither: not known */
        bool unanchored;                /* the private fields did not validate */
        bool edges_unknown;             /* of these, l_initfini and l_reldeps did not */
        bool unlisted;                  /* not in the loader's list */
        bool unnamed;                   /* no ELF facts */
        bool changed;                   /* the file was written to in place */
} Library;

#define LIBRARIES_MAX 8

typedef struct Row {
        const char *name;
        Library libraries[LIBRARIES_MAX]; /* the first is the program, the last is explained; "ld.so" is the interpreter */
        const char *pins;                 /* "reason certainty [holder {its pins}]; …" */
        const char *detail;               /* of the first pin; NULL: not compared */
        const char *runtimes;             /* NULL: not compared */
        size_t index;                     /* of the library to explain; 0: the last */
        bool musl, no_loader, no_list, torn, not_whole, namespaces_missing;
        const char *preload, *audit;
} Row;

#define PROGRAM(...) { .path = "/bin/prog", .soname = "-", .type = LINK_EXECUTABLE, __VA_ARGS__ }
#define STARTUP(p, ...) { .path = "/lib/" p, .type = LINK_LIBRARY, __VA_ARGS__ }
#define LOADED(p, count, ...) { .path = "/opt/" p, .type = LINK_LOADED, .opencount = count, __VA_ARGS__ }
#define PUBLIC(p, ...) { .path = "/opt/" p, .unanchored = true, __VA_ARGS__ }

static const Row rows[] = {
        /* --- loaded at startup --- */
        { "the program", { PROGRAM() }, "executable certain" },
        { "the loader", { PROGRAM(), { .path = "/lib/ld.so", .unanchored = true } }, "interpreter certain" },
        { "needed by the program",
          { PROGRAM(.needed = "libx.so"), STARTUP("libx.so", .opencount = 1) },
          "needed-at-startup certain", "prog -> libx.so" },
        { "needed at the second level, with NODELETE and open handles besides",
          { PROGRAM(.needed = "libmid.so"), STARTUP("libmid.so", .needed = "libx.so"), STARTUP("libx.so", .opencount = 3, .flag = true, .nodelete = 1) },
          "needed-at-startup certain", "prog -> libmid.so -> libx.so" },
        { "needed at startup by soname, which differs from the file name",
          { PROGRAM(.needed = "libx.so.1"), { .path = "/lib/libx.so.1.0", .soname = "libx.so.1", .type = LINK_LIBRARY } },
          "needed-at-startup certain", "prog -> libx.so.1.0" },
        { "needed at startup, without a soname",
          { PROGRAM(.needed = "libx.so"), { .path = "/lib/libx.so", .soname = "-", .type = LINK_LIBRARY } },
          "needed-at-startup certain" },
        { "needed at startup by a name with $ORIGIN",
          { PROGRAM(.needed = "$ORIGIN/../lib/libx.so"), STARTUP("libx.so") }, "needed-at-startup certain", "prog -> libx.so" },
        { "needed at startup; no private fields",
          { PROGRAM(.needed = "libx.so"), PUBLIC("libx.so") },
          "needed-at-startup certain" },
        { "needed at startup; the list could not be read",
          { PROGRAM(.needed = "libx.so"), { .path = "/lib/ld.so" }, STARTUP("libx.so") },
          "needed-at-startup likely", .no_list = true },
        { "an auxiliary library of a startup dependency (DT_AUXILIARY), and a missing one",
          { PROGRAM(.needed = "libmid.so"), STARTUP("libmid.so", .auxiliary = "libnone.so libx.so"), STARTUP("libx.so") },
          "needed-at-startup certain", "prog -> libmid.so -> libx.so" },
        { "preloaded; an auxiliary library is missing",
          { PROGRAM(.auxiliary = "libnone.so"), STARTUP("libx.so") }, "ld-preload likely" },
        { "preloaded",
          { PROGRAM(.needed = "libc.so"), STARTUP("libc.so"), STARTUP("libx.so") },
          "ld-preload certain", .preload = "/lib/libother.so:/lib/libx.so" },
        { "preloaded by a name without a path",
          { PROGRAM(), STARTUP("libx.so") }, "ld-preload certain", .preload = "libx.so" },
        { "preloaded by a name with $LIB",
          { PROGRAM(), STARTUP("libx.so") }, "ld-preload certain", .preload = " /usr/$LIB/libx.so" },
        { "preloaded, and the environment was overwritten",
          { PROGRAM(.needed = "libc.so"), STARTUP("libc.so"), STARTUP("libx.so") },
          "ld-preload likely" },
        { "named in the environment by another path",
          { PROGRAM(), STARTUP("libx.so") }, "ld-preload likely", .preload = "/opt/libx.so /lib/libx.so.1" },
        { "preloaded and needed by the program as well",
          { PROGRAM(.needed = "libx.so"), STARTUP("libx.so") },
          "needed-at-startup certain", .preload = "/lib/libx.so" },
        { "needed by a preloaded library",
          { PROGRAM(), STARTUP("libpre.so", .needed = "libx.so"), STARTUP("libx.so") },
          "ld-preload certain libpre.so {ld-preload}", "loaded before the program ran, because libpre.so needs it", .preload = "/lib/libpre.so" },
        { "needed by a preloaded library, and the environment was overwritten",
          { PROGRAM(), STARTUP("libpre.so", .needed = "libx.so"), STARTUP("libx.so") }, "ld-preload likely libpre.so {ld-preload}" },
        { "loaded at startup; a part of the closure could not be read",
          { PROGRAM(.needed = "libmid.so"), STARTUP("libmid.so", .unnamed = true), STARTUP("libx.so") },
          "needed-at-startup likely" },
        { "preloaded; no private fields",
          { PROGRAM(), PUBLIC("libx.so") }, "ld-preload likely", .preload = "/opt/libx.so" },
        { "an audit module",
          { PROGRAM(), LOADED("libx.so", 1, .namespace = 1) }, "ld-audit likely", .audit = "/opt/libx.so" },
        { "needed by an audit module",
          { PROGRAM(), LOADED("libaudit.so", 1, .namespace = 1, .initfini = "libx.so"), LOADED("libx.so", 0, .namespace = 1) },
          "holder certain libaudit.so {ld-audit}", .audit = "/opt/libaudit.so" },
        { "an audit module of a loader that does not list it",
          { PROGRAM(), LOADED("libx.so", 1, .unlisted = true) }, "ld-audit likely", .audit = "libx.so", .not_whole = true },
        { "an audit module of a loader that does not list it, by a relative path",
          { PROGRAM(), LOADED("libx.so", 1, .unlisted = true) }, "ld-audit likely", .audit = "./lib/../libx.so", .not_whole = true,
          .namespaces_missing = true },
        { "a dependency of another audit module of such a loader",
          { PROGRAM(), LOADED("liby.so", 1, .unlisted = true) }, "unknown by-elimination", .audit = "./libx.so", .not_whole = true,
          .namespaces_missing = true },
        { "dlmopen()ed",
          { PROGRAM(), LOADED("libx.so", 2, .namespace = 1) }, "open-handles certain", "2 open handles", .audit = "/opt/libaudit.so" },

        /* --- NODELETE --- */
        { "NODELETE, reloaded twice",
          { PROGRAM(), LOADED("libx.so", 3, .flag = true, .nodelete = 1) },
          "nodelete certain", "DF_1_NODELETE is set; opened 3 times since it was loaded" },
        { "NODELETE, never reloaded",
          { PROGRAM(), LOADED("libx.so", 1, .flag = true, .nodelete = 1) },
          "nodelete certain", "DF_1_NODELETE is set; opened once since it was loaded" },
        { "NODELETE, loaded as a dependency",
          { PROGRAM(), LOADED("libh.so", 1, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0, .flag = true, .nodelete = 1) },
          "nodelete certain", "DF_1_NODELETE is set; loaded as a dependency, never opened itself" },
        { "NODELETE; no private fields",
          { PROGRAM(), PUBLIC("libx.so", .flag = true) },
          "nodelete certain", "DF_1_NODELETE is set" },
        { "NODELETE; the list could not be read",
          { PROGRAM(), { .path = "/lib/ld.so" }, LOADED("libx.so", 1, .flag = true) }, "nodelete likely", .no_list = true },
        { "NODELETE with a holder and destructors",
          { PROGRAM(), LOADED("libh.so", 1, .initfini = "libx.so"), LOADED("libx.so", 1, .flag = true, .nodelete = 1, .dtors = 1) },
          "nodelete certain" },
        { "overwritten by a NODELETE library: the flag is the new file's",
          { PROGRAM(), LOADED("libx.so", 1, .flag = true, .changed = true) }, "open-handles certain" },
        { "a NODELETE library, overwritten by one without the flag",
          { PROGRAM(), LOADED("libx.so", 1, .nodelete = 1, .changed = true) }, "nodelete likely" },
        { "a unique symbol",
          { PROGRAM(), LOADED("libx.so", 1, .nodelete = 1, .unique = "_Zu", .unique_bound = "_Zu") },
          "gnu-unique likely", "its STB_GNU_UNIQUE symbol _Zu was looked up when it was loaded" },
        { "a unique symbol, and a program bound to another symbol",
          { PROGRAM(.imports = "f"), LOADED("libx.so", 1, .nodelete = 1, .exports = "_Zu f", .unique = "_Zu", .unique_bound = "_Zu") },
          "gnu-unique likely" },
        { "a unique symbol; no private fields",
          { PROGRAM(), PUBLIC("libx.so", .unique = "_Zu", .unique_bound = "_Zu") }, "gnu-unique likely" },
        { "a unique symbol bound to another library's definition",
          { PROGRAM(), LOADED("libx.so", 1, .unique = "_Zu", .unique_bound = "_Zu") }, "open-handles certain" },
        { "a unique symbol without a reference in the library, found by dlsym()",
          { PROGRAM(), LOADED("libx.so", 1, .nodelete = 1, .unique = "_Zu") }, "gnu-unique by-elimination" },
        { "a unique symbol without a reference",
          { PROGRAM(), LOADED("libx.so", 1, .unique = "_Zu") }, "open-handles certain" },
        { "the program is bound to its symbol",
          { PROGRAM(.imports = "abort plugin_version", .needed = "libc.so"), STARTUP("libc.so", .exports = "abort"),
            LOADED("libx.so", 1, .nodelete = 1, .exports = "abort plugin_version") },
          "startup-binding likely prog {executable}", "prog is bound to its symbol plugin_version" },
        { "a startup library is bound to its symbol",
          { PROGRAM(.needed = "liba.so"), STARTUP("liba.so", .imports = "plugin_version"),
            LOADED("libx.so", 1, .nodelete = 1, .exports = "plugin_version") },
          "startup-binding likely liba.so {needed-at-startup}" },
        { "RTLD_NODELETE",
          { PROGRAM(.imports = "abort", .needed = "libc.so"), STARTUP("libc.so", .exports = "abort"),
            LOADED("libx.so", 2, .nodelete = 1, .exports = "abort") },
          "rtld-nodelete by-elimination" },
        { "RTLD_NODELETE, or dlsym(RTLD_DEFAULT): both set l_nodelete only",
          { PROGRAM(.imports = "dlsym"), LOADED("libx.so", 1, .nodelete = 1, .exports = "f", .global = true) },
          "rtld-nodelete by-elimination; startup-binding by-elimination" },
        { "RTLD_NODELETE, or dlvsym(RTLD_DEFAULT) of a startup library; the scopes could not be read",
          { PROGRAM(.needed = "libjli.so"), STARTUP("libjli.so", .imports = "dlvsym"), LOADED("libx.so", 1, .nodelete = 1) },
          "rtld-nodelete by-elimination; startup-binding by-elimination" },
        { "RTLD_NODELETE, or dlsym(RTLD_DEFAULT): the imports could not be read",
          { PROGRAM(.unnamed = true), LOADED("libx.so", 1, .nodelete = 1, .global = true) },
          "rtld-nodelete by-elimination; startup-binding by-elimination" },
        { "RTLD_NODELETE: dlsym(RTLD_DEFAULT) does not search local objects",
          { PROGRAM(.imports = "dlsym f"), LOADED("libx.so", 1, .nodelete = 1, .exports = "f", .local = true) },
          "rtld-nodelete by-elimination" },
        { "RTLD_NODELETE: an object that can be unloaded marks nothing",
          { PROGRAM(), LOADED("libh.so", 1, .imports = "dlsym"), LOADED("libx.so", 1, .nodelete = 1, .global = true) },
          "rtld-nodelete by-elimination" },
        { "RTLD_NODELETE: an object that needs it marks nothing",
          { PROGRAM(), LOADED("libh.so", 1, .flag = true, .nodelete = 1, .imports = "f dlsym", .needed = "libx.so", .initfini = "libx.so", .local = true),
            LOADED("libx.so", 1, .nodelete = 1, .exports = "f", .local = true) },
          "rtld-nodelete by-elimination" },
        { "RTLD_NODELETE: an object with it in l_reldeps marks nothing",
          { PROGRAM(), LOADED("libh.so", 1, .flag = true, .nodelete = 1, .imports = "f", .reldeps = "libx.so"),
            LOADED("libx.so", 1, .nodelete = 1, .exports = "f") },
          "rtld-nodelete by-elimination" },
        { "RTLD_NODELETE, or dlsym(RTLD_DEFAULT) by a NODELETE library in the same local scope",
          { PROGRAM(), LOADED("libh.so", 0, .flag = true, .nodelete = 1, .imports = "dlsym", .local = true),
            LOADED("liba.so", 1, .initfini = "libh.so libx.so", .local = true), LOADED("libx.so", 1, .nodelete = 1, .local = true) },
          "rtld-nodelete by-elimination; startup-binding by-elimination" },
        { "RTLD_NODELETE: a NODELETE library in another local scope does not see it",
          { PROGRAM(), LOADED("libh.so", 1, .flag = true, .nodelete = 1, .imports = "dlsym", .local = true),
            LOADED("libx.so", 1, .nodelete = 1, .local = true) },
          "rtld-nodelete by-elimination" },
        { "a NODELETE library is bound to its symbol",
          { PROGRAM(), LOADED("libh.so", 1, .flag = true, .nodelete = 1, .imports = "f"), LOADED("libx.so", 1, .nodelete = 1, .exports = "f") },
          "reldep likely libh.so {nodelete}" },

        /* --- held by others --- */
        { "needed by an open library, its own handle closed",
          { PROGRAM(), LOADED("libh.so", 1, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0) },
          "holder certain libh.so {open-handles}", "libh.so needs it" },
        { "needed by a NODELETE library",
          { PROGRAM(), LOADED("libh.so", 2, .needed = "libx.so", .initfini = "libx.so", .flag = true, .nodelete = 1), LOADED("libx.so", 0) },
          "holder certain libh.so {nodelete}" },
        { "needed by a NODELETE library, and open itself: no open-handles",
          { PROGRAM(), LOADED("libh.so", 1, .initfini = "libx.so", .flag = true, .nodelete = 1), LOADED("libx.so", 1, .dtors = 2) },
          "holder certain libh.so {nodelete}" },
        { "needed by an open library, and open itself: both pins",
          { PROGRAM(), LOADED("libh.so", 1, .initfini = "libx.so"), LOADED("libx.so", 1) },
          "holder certain libh.so {open-handles}; open-handles certain" },
        { "a chain of three: the opened one is the holder",
          { PROGRAM(), LOADED("liba.so", 1, .needed = "libb.so", .initfini = "libb.so libx.so"),
            LOADED("libb.so", 0, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0) },
          "holder certain liba.so {open-handles}", "libb.so needs it, and is kept by liba.so" },
        { "a chain of three, two of them opened: the nearer one is the holder",
          { PROGRAM(), LOADED("liba.so", 1, .needed = "libb.so", .initfini = "libb.so libx.so"),
            LOADED("libb.so", 1, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0) },
          "holder certain libb.so {holder open-handles}", "libb.so needs it; so does 1 other" },
        { "a chain of three; no private fields",
          { PROGRAM(), PUBLIC("liba.so", .needed = "libb.so"), PUBLIC("libb.so", .needed = "libx.so"), PUBLIC("libx.so") },
          "holder likely liba.so {open-handles}" },
        { "needed by a cycle; no private fields",
          { PROGRAM(), PUBLIC("liba.so", .needed = "libb.so"), PUBLIC("libb.so", .needed = "liba.so libx.so"), PUBLIC("libx.so") },
          "holder likely libb.so {holder}" },
        { "bound to by a library that another one keeps",
          { PROGRAM(), LOADED("liba.so", 1, .needed = "libb.so", .initfini = "libb.so"),
            LOADED("libb.so", 0, .reldeps = "libx.so", .imports = "f"), LOADED("libx.so", 0, .exports = "f") },
          "reldep certain liba.so {open-handles}", "libb.so is bound to its symbol f, and is kept by liba.so" },
        { "a chain of three from a NODELETE library",
          { PROGRAM(), LOADED("liba.so", 1, .needed = "libb.so", .initfini = "libb.so libx.so", .flag = true, .nodelete = 1),
            LOADED("libb.so", 0, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 1) },
          "holder certain liba.so {nodelete}" },
        { "a cycle: its dependent stays because of it alone",
          { PROGRAM(), LOADED("liba.so", 0, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 1, .needed = "liba.so", .initfini = "liba.so") },
          "open-handles certain" },
        { "a cycle held from outside",
          { PROGRAM(), LOADED("liba.so", 1, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0, .needed = "liba.so", .initfini = "liba.so") },
          "holder certain liba.so {open-handles}" },
        { "a cycle that nothing holds",
          { PROGRAM(), LOADED("liba.so", 0, .initfini = "libx.so"), LOADED("libx.so", 0, .initfini = "liba.so") },
          "gc-pending certain" },
        { "a holder in another namespace holds another copy",
          { PROGRAM(), LOADED("libh.so", 1, .namespace = 1, .needed = "libx.so"), LOADED("libx.so", 1) },
          "open-handles certain" },
        { "a holder that nothing keeps any more",
          { PROGRAM(), LOADED("libh.so", 0, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0) },
          "gc-pending certain" },
        { "bound to by an open library",
          { PROGRAM(), LOADED("libuser.so", 1, .reldeps = "libx.so", .imports = "plugin_version"), LOADED("libx.so", 0, .exports = "plugin_version") },
          "reldep certain libuser.so {open-handles}", "libuser.so is bound to its symbol plugin_version" },
        { "bound to by an open library; the symbols cannot be read",
          { PROGRAM(), LOADED("libuser.so", 1, .reldeps = "libx.so"), LOADED("libx.so", 0) },
          "reldep certain libuser.so {open-handles}", "libuser.so is bound to one of its symbols" },
        { "libstdc++ is pinned, and bound to the plugin's weak copies",
          { PROGRAM(), LOADED("libx.so", 0, .needed = "libstdc++.so.6", .initfini = "libstdc++.so.6", .exports = "_Zw", .weak = "_Zw"),
            LOADED("libstdc++.so.6", 0, .nodelete = 1, .unique = "_Zu", .unique_bound = "_Zu", .exports = "_Zu _Zw", .reldeps = "libx.so") },
          "reldep certain libstdc++.so.6 {gnu-unique}", "libstdc++.so.6 is bound to its weak symbol _Zw", .index = 1 },
        { "libstdc++ is pinned, and bound to the plugin's weak copies; no private fields",
          { PROGRAM(), PUBLIC("libx.so", .needed = "libstdc++.so.6", .exports = "_Zw", .weak = "_Zw"),
            PUBLIC("libstdc++.so.6", .unique = "_Zu", .unique_bound = "_Zu", .exports = "_Zu _Zw") },
          "reldep likely libstdc++.so.6 {gnu-unique}", .index = 1 },
        { "a C++ plugin of a C++ program: libstdc++ was loaded at startup",
          { PROGRAM(.needed = "libstdc++.so.6"), LOADED("libx.so", 1, .needed = "libstdc++.so.6", .exports = "_Zw", .weak = "_Zw"),
            STARTUP("libstdc++.so.6", .unique = "_Zu", .unique_bound = "_Zu", .exports = "_Zu _Zw") },
          "open-handles certain", .index = 1 },
        { "needed and bound to, by two open libraries",
          { PROGRAM(), LOADED("libh.so", 1, .initfini = "libx.so"), LOADED("libuser.so", 1, .reldeps = "libx.so"), LOADED("libx.so", 0) },
          "holder certain libh.so {open-handles}; reldep certain libuser.so {open-handles}" },
        { "needed; no private fields",
          { PROGRAM(), PUBLIC("libh.so", .needed = "libx.so"), PUBLIC("libx.so") },
          "holder likely libh.so {open-handles}" },
        { "needed by a NODELETE library; no private fields",
          { PROGRAM(), PUBLIC("libh.so", .needed = "libx.so", .flag = true), PUBLIC("libx.so") },
          "holder likely libh.so {nodelete}" },
        { "bound to; no private fields",
          { PROGRAM(.imports = "abort"), PUBLIC("libuser.so", .imports = "abort f"), PUBLIC("libx.so", .exports = "f") },
          "reldep likely libuser.so {open-handles}" },
        { "the C library exports the same symbols; no private fields",
          { PROGRAM(.needed = "libc.so"), STARTUP("libc.so", .exports = "f"), PUBLIC("libuser.so", .imports = "f"), PUBLIC("libx.so", .exports = "f") },
          "open-handles by-elimination" },
        { "a dependency of the importer exports the same symbols; no private fields",
          { PROGRAM(), PUBLIC("libf.so", .exports = "f"), PUBLIC("libuser.so", .imports = "f", .needed = "libf.so"), PUBLIC("libx.so", .exports = "f") },
          "open-handles by-elimination" },

        /* --- its own counts --- */
        { "open", { PROGRAM(), LOADED("libx.so", 2) }, "open-handles certain", "2 open handles" },
        { "open; no private fields", { PROGRAM(), PUBLIC("libx.so") }, "open-handles by-elimination", "no other reason was found" },
        { "probably open, but the program's DT_NEEDED could not be read",
          { PROGRAM(.unnamed = true), PUBLIC("libx.so") }, "unknown by-elimination",
          "the loader's own counts could not be read, and other reasons could not be excluded" },
        { "probably open, but another library's DT_NEEDED could not be read",
          { PROGRAM(), PUBLIC("liby.so", .unnamed = true), PUBLIC("libx.so") }, "unknown by-elimination" },
        { "probably open, but destructors may be pending",
          { PROGRAM(), PUBLIC("libx.so", .imports = "__cxa_thread_atexit") }, "unknown by-elimination" },
        { "open and counted; nothing else could be read",
          { PROGRAM(.unnamed = true), LOADED("liby.so", 1, .unnamed = true), LOADED("libx.so", 1, .unnamed = true) }, "open-handles certain" },
        { "open, and overwritten so that the private fields do not validate",
          { PROGRAM(.needed = "libc.so"), STARTUP("libc.so"), PUBLIC("libx.so") }, "open-handles by-elimination" },
        { "destructors pending, closed", { PROGRAM(), LOADED("libx.so", 0, .dtors = 1) }, "tls-dtor certain" },
        { "destructors pending, opened again", { PROGRAM(), LOADED("libx.so", 2, .dtors = 1) },
          "tls-dtor likely; open-handles certain", "pending thread_local destructors: 1" },
        { "destructors pending, opened again, needed and bound to",
          { PROGRAM(), LOADED("libh.so", 1, .initfini = "libx.so"), LOADED("libuser.so", 1, .reldeps = "libx.so"),
            LOADED("libx.so", 1, .dtors = 1) },
          "holder certain libh.so {open-handles}; reldep certain libuser.so {open-handles}; tls-dtor likely; open-handles certain" },
        { "destructors pending, and needed",
          { PROGRAM(), LOADED("libh.so", 1, .initfini = "libx.so"), LOADED("libx.so", 0, .dtors = 1) },
          "holder certain libh.so {open-handles}; tls-dtor likely" },
        { "destructors cannot be counted, and it registers some",
          { PROGRAM(), LOADED("libx.so", 0, .dtors = -1, .imports = "__cxa_thread_atexit") }, "tls-dtor likely" },
        { "destructors cannot be counted, and it registers none",
          { PROGRAM(), LOADED("libx.so", 0, .dtors = -1, .imports = "abort") }, "gc-pending by-elimination" },
        { "nothing keeps it", { PROGRAM(), LOADED("libx.so", 0) }, "gc-pending certain" },
        { "nothing keeps it, but not all edges are known",
          { PROGRAM(), LOADED("libh.so", 1, .edges_unknown = true), LOADED("libx.so", 0) }, "gc-pending by-elimination" },

        /* --- what opened it --- */
        { "opened by a C program", { PROGRAM(), LOADED("libx.so", 1) }, "open-handles certain", .runtimes = "" },
        { "an extension module of a program with Python in it",
          { PROGRAM(.needed = "libpython3.11.so.1.0"), STARTUP("libpython3.11.so.1.0"),
            LOADED("x.so", 1, .exports = "PyInit_x") },
          "open-handles certain", .runtimes = "cpython" },
        { "an extension module, by its symbols alone",
          { PROGRAM(), PUBLIC("x.so", .exports = "PyInit_x f") }, "open-handles by-elimination", .runtimes = "cpython" },
        { "an extension module of Python 2",
          { PROGRAM(), LOADED("x.so", 1, .exports = "initx", .imports = "Py_InitModule4_64") },
          "open-handles certain", .runtimes = "cpython" },
        { "symbols with a prefix only similar to Python's",
          { PROGRAM(), LOADED("x.so", 1, .exports = "PyInit initx", .imports = "abort") },
          "open-handles certain", .runtimes = "" },
        { "a plugin of a C program with Python in it",
          { PROGRAM(.needed = "libpython3.11.so.1.0", .imports = "Py_Initialize"), STARTUP("libpython3.11.so.1.0", .exports = "Py_Initialize"),
            LOADED("libx.so", 1) },
          "open-handles certain", .runtimes = "" },
        { "a plugin that brings Python into a C program",
          { PROGRAM(), LOADED("mod_wsgi.so", 1, .needed = "libpython3.11.so", .initfini = "libpython3.11.so", .imports = "Py_Initialize"),
            LOADED("libpython3.11.so", 0, .exports = "PyInit__ast") },
          "holder certain mod_wsgi.so {open-handles}", .runtimes = "" },
        { "a library opened by ctypes",
          { { .path = "/usr/bin/python3.11", .soname = "-", .type = LINK_EXECUTABLE }, LOADED("_ctypes.so", 1, .exports = "PyInit__ctypes"),
            LOADED("libx.so", 1) },
          "open-handles certain", .runtimes = "cpython" },
        { "a library in an interpreter; no private fields",
          { { .path = "/usr/bin/python3.11", .soname = "-" }, PUBLIC("libx.so") }, "open-handles by-elimination", .runtimes = "cpython" },
        { "needed by an extension module of Python",
          { PROGRAM(), LOADED("x.so", 1, .exports = "PyInit_x", .needed = "libm.so", .initfini = "libm.so libx.so"),
            LOADED("libm.so", 0, .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0) },
          "holder certain x.so {open-handles}", .runtimes = "cpython" },
        { "a startup dependency of Python",
          { { .path = "/usr/bin/python3", .soname = "-", .type = LINK_EXECUTABLE, .needed = "libx.so" }, STARTUP("libx.so") },
          "needed-at-startup certain", .runtimes = "" },
        { "a native library of Java", { PROGRAM(), LOADED("libjvm.so", 1), LOADED("libx.so", 1, .exports = "Java_X_f") },
          "open-handles certain", .runtimes = "jvm" },
        { "a plain library in a launcher of Java", { PROGRAM(.needed = "libjli.so"), STARTUP("libjli.so"), LOADED("libjvm.so", 1), LOADED("libx.so", 1) },
          "open-handles certain", .runtimes = "jvm" },
        { "a plain library in a C program with a JVM", { PROGRAM(), LOADED("libjvm.so", 1), LOADED("libx.so", 1) },
          "open-handles certain", .runtimes = "" },
        { "the JVM itself",
          { PROGRAM(.needed = "libjli.so", .imports = "dlsym"), STARTUP("libjli.so"), LOADED("libjvm.so", 1, .nodelete = 1, .exports = "JNI_CreateJavaVM") },
          "rtld-nodelete by-elimination; startup-binding by-elimination", .runtimes = "jvm" },
        { "a library of the JDK, by its DT_NEEDED",
          { PROGRAM(), LOADED("libjvm.so", 1), LOADED("libverify.so", 1, .needed = "libjvm.so") },
          "open-handles certain", .runtimes = "jvm" },
        { "a native library of Java, without a JVM",
          { PROGRAM(), LOADED("libx.so", 1, .exports = "JNI_OnLoad Java_X_f") }, "open-handles certain", .runtimes = "" },
        { "an addon of Node", { PROGRAM(), LOADED("x.node", 1, .exports = "napi_register_module_v1") },
          "open-handles certain", .runtimes = "node" },
        { "an addon of Node that registers itself in a constructor", { PROGRAM(), LOADED("x.node", 1, .imports = "node_module_register") },
          "open-handles certain", .runtimes = "node" },
        { "a module of nginx", { { .path = "/usr/sbin/nginx", .soname = "-", .type = LINK_EXECUTABLE },
            LOADED("x.so", 1, .exports = "ngx_module_names ngx_modules") },
          "open-handles certain", .runtimes = "nginx" },
        { "a plugin of a module of nginx", { { .path = "/usr/sbin/nginx", .soname = "-", .type = LINK_EXECUTABLE },
            LOADED("x.so", 1, .exports = "ngx_modules"), LOADED("libp.so", 1) },
          "open-handles certain", .runtimes = "" },
        { "nginx itself", { { .path = "/usr/sbin/nginx", .soname = "-", .type = LINK_EXECUTABLE } }, "executable certain", .runtimes = "nginx" },
        { "a module of Perl", { { .path = "/usr/bin/perl", .soname = "-", .type = LINK_EXECUTABLE },
            LOADED("X.so", 1, .exports = "boot_X", .imports = "Perl_croak") },
          "open-handles certain", .runtimes = "perl" },
        { "boot_ symbols without imports from Perl", { PROGRAM(), LOADED("X.so", 1, .exports = "boot_X") }, "open-handles certain", .runtimes = "" },
        { "an extension of Ruby", { PROGRAM(.needed = "libruby-3.1.so.3.1"), STARTUP("libruby-3.1.so.3.1"),
            LOADED("x.so", 1, .exports = "Init_x", .imports = "rb_define_method") },
          "open-handles certain", .runtimes = "ruby" },
        { "an extension of PostgreSQL", { { .path = "/usr/lib/postgresql/15/bin/postgres", .soname = "-", .type = LINK_EXECUTABLE },
            LOADED("x.so", 1, .exports = "Pg_magic_func") },
          "open-handles certain", .runtimes = "postgresql" },
        { "a name service module", { PROGRAM(), LOADED("libnss_x.so.2", 1, .exports = "_nss_x_getpwnam_r") },
          "open-handles certain", .runtimes = "libc" },
        { "a name service module in Python", { { .path = "/usr/bin/python3", .soname = "-", .type = LINK_EXECUTABLE },
            LOADED("libnss_x.so.2", 1, .exports = "_nss_x_getpwnam_r") },
          "open-handles certain", .runtimes = "libc" },
        { "needed by a name service module", { PROGRAM(),
            LOADED("libnss_x.so.2", 1, .exports = "_nss_x_getpwnam_r", .needed = "libx.so", .initfini = "libx.so"), LOADED("libx.so", 0) },
          "holder certain libnss_x.so.2 {open-handles}", .runtimes = "libc" },
        { "a name service module, by its file name alone", { PROGRAM(), LOADED("libnss_x.so.2", 1, .unnamed = true) },
          "open-handles certain", .runtimes = "libc" },
        { "the file name of a name service module, but other symbols", { PROGRAM(), LOADED("libnss_x.so.2", 1, .exports = "f") }, "open-handles certain", .runtimes = "" },
        { "a converter of iconv(3)", { PROGRAM(), LOADED("UTF-16.so", 1, .exports = "gconv gconv_end gconv_init") },
          "open-handles certain", .runtimes = "libc" },
        { "a converter of iconv(3), by its file name alone", { PROGRAM(), LOADED("gconv/UTF-16.so", 1, .unnamed = true) },
          "open-handles certain", .runtimes = "libc" },
        { "libgcc_s, opened by backtrace(3)", { PROGRAM(), LOADED("libgcc_s.so.1", 1, .exports = "_Unwind_Backtrace") },
          "open-handles certain", .runtimes = "libc" },
        { "libgcc_s, needed by a plugin", { PROGRAM(), LOADED("libx.so", 1, .needed = "libgcc_s.so.1", .initfini = "libgcc_s.so.1"), LOADED("libgcc_s.so.1", 0) },
          "holder certain libx.so {open-handles}", .runtimes = "" },
        { "closed, in an interpreter", { { .path = "/usr/bin/python3", .soname = "-", .type = LINK_EXECUTABLE }, LOADED("libx.so", 0, .dtors = 1) },
          "tls-dtor certain", .runtimes = "" },

        /* --- musl, and files outside the link_map chain --- */
        { "musl, opened", { PROGRAM(), PUBLIC("libx.so") }, "musl certain", .musl = true },
        { "musl, opened, NODELETE and needed",
          { PROGRAM(), PUBLIC("libh.so", .needed = "libx.so"), PUBLIC("libx.so", .flag = true) }, "musl certain", .musl = true },
        { "musl, needed at startup",
          { PROGRAM(.needed = "libx.so"), PUBLIC("libx.so") }, "needed-at-startup certain", .musl = true },
        { "musl, the second generation of a startup dependency",
          { PROGRAM(.needed = "libx.so"), PUBLIC("libx.so"), PUBLIC("new/libx.so", .soname = "libx.so") }, "musl certain", .musl = true },
        { "musl, preloaded", { PROGRAM(), PUBLIC("libx.so") }, "ld-preload likely", .musl = true, .preload = "/opt/libx.so" },
        { "mapped by the program itself", { PROGRAM(), LOADED("libx.so", 0, .unlisted = true) }, "not-loader certain" },
        { "mapped; the list may not cover all namespaces",
          { PROGRAM(), LOADED("libx.so", 0, .unlisted = true) }, "not-loader likely", .not_whole = true },
        { "not in the list, which misses a namespace",
          { PROGRAM(), LOADED("libx.so", 0, .unlisted = true) }, "unknown by-elimination", .not_whole = true, .namespaces_missing = true },
        { "not in a torn list",
          { PROGRAM(), LOADED("libx.so", 0, .unlisted = true) }, "unknown by-elimination", .torn = true },
        { "the list could not be read", { PROGRAM(), LOADED("libx.so", 0), { .path = "/lib/ld.so" }, LOADED("liby.so", 0) },
          "unknown by-elimination", .no_list = true },
        { "needed by a NODELETE library; the list could not be read",
          { PROGRAM(), { .path = "/lib/ld.so" }, LOADED("libh.so", 0, .needed = "libx.so", .flag = true), LOADED("libx.so", 0) },
          "holder likely libh.so {nodelete}", .no_list = true },
        { "mapped by a static program without a loader",
          { PROGRAM(), LOADED("libx.so", 0) }, "not-loader likely", .no_list = true, .no_loader = true },
        { "mapped by a static program that may contain a loader",
          { PROGRAM(), LOADED("libx.so", 0) }, "unknown by-elimination", "the dynamic loader's list could not be read", .no_list = true },
};

/* --- from a row to a context --- */

typedef struct Fixture {
        ElfFile elf[LIBRARIES_MAX];
        ElfSymbols symbols[LIBRARIES_MAX];
        const char *words[LIBRARIES_MAX][7][LIBRARIES_MAX]; /* the lists, split */
        LinkMap maps[LIBRARIES_MAX];
        size_t edges[LIBRARIES_MAX][2][LIBRARIES_MAX];
        size_t map_object[LIBRARIES_MAX];
        PinObject objects[LIBRARIES_MAX];
        LinkMapList list;
        PinContext context;
        char *text;                                         /* of the words */
        size_t text_size;
} Fixture;

static const char *last(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static size_t split(Fixture *w, const char *list, const char **ret) {
        size_t n = 0;

        while (list && *list) {
                size_t length = strcspn(list, " ");
                char *word = w->text + w->text_size;

                ck_assert_uint_lt(n, LIBRARIES_MAX - 1);
                memcpy(word, list, length);
                word[length] = '\0';
                w->text_size += length + 1;
                ret[n++] = word;
                list += length + strspn(list + length, " ");
        }
        return n;
}

static size_t find_edges(Fixture *w, size_t object, const char *list, size_t *ret) {
        const char *names[LIBRARIES_MAX] = {};
        size_t n = split(w, list, names);

        for (size_t i = 0; i < n; i++) {
                ret[i] = SIZE_MAX;
                for (size_t k = 0; k < w->list.n_maps; k++)
                        if (w->map_object[k] != object && streq(last(w->objects[w->map_object[k]].path), names[i]))
                                ret[i] = k;
                ck_assert_msg(ret[i] != SIZE_MAX, "no %s in the table", names[i]);
        }
        return n;
}

static void build_elf(Fixture *w, const Library *l, size_t i) {
        ElfFile *e = w->elf + i;
        ElfSymbols *s = w->symbols + i;

        e->dynamic = true;
        e->soname = (char *) (!l->soname ? last(l->path) : streq(l->soname, "-") ? NULL : l->soname);
        e->flags_1 = l->flag ? DF_1_NODELETE : 0;
        e->n_needed = split(w, l->needed, w->words[i][0]);
        e->needed = (char **) w->words[i][0];
        e->auxiliary = (char **) w->words[i][6];
        e->n_auxiliary = split(w, l->auxiliary, w->words[i][6]);
        s->exports = w->words[i][1];
        s->n_exports = split(w, l->exports, s->exports);
        s->imports = w->words[i][2];
        s->n_imports = split(w, l->imports, s->imports);
        s->unique = w->words[i][3];
        s->n_unique = split(w, l->unique, s->unique);
        s->unique_bound = w->words[i][4];
        s->n_unique_bound = split(w, l->unique_bound, s->unique_bound);
        s->weak_exports = w->words[i][5];
        s->n_weak_exports = split(w, l->weak, s->weak_exports);
}

static void build_map(Fixture *w, const Library *l, size_t object) {
        size_t i = w->list.n_maps++;

        w->map_object[i] = object;
        w->maps[i] = (LinkMap){
                .l_name = (char *) (object == 0 ? "" : l->path), .namespace = l->namespace,
                .dynamic_read = true, .flags_1 = w->elf[object].flags_1,
                .anchored = !l->unanchored, .type = l->unanchored ? LINK_TYPE_UNKNOWN : l->type,
                .opencount = l->unanchored ? -1 : l->opencount, .nodelete = l->unanchored ? -1 : l->nodelete,
                .tls_dtors = l->unanchored ? -1 : l->dtors, .differs_from_file = l->changed ? 1 : 0,
                .global = l->global ? 1 : l->local ? 0 : -1,
        };
        w->objects[object].map = w->maps + i;
}

static void build_edges(Fixture *w, const Row *row, size_t map) {
        const Library *l = row->libraries + w->map_object[map];
        LinkMap *m = w->maps + map;

        if (l->unanchored || l->edges_unknown)
                return;
        m->initfini_known = m->reldeps_known = true;
        m->initfini = w->edges[map][0];
        m->n_initfini = find_edges(w, w->map_object[map], l->initfini, m->initfini);
        m->reldeps = w->edges[map][1];
        m->n_reldeps = find_edges(w, w->map_object[map], l->reldeps, m->reldeps);
}

static const ElfSymbols *row_symbols(void *userdata, size_t index) {
        Fixture *w = userdata;

        return w->objects[index].elf ? w->symbols + index : NULL;
}

static size_t build(Fixture *w, const Row *row) {
        size_t n = 0;

        *w = (Fixture){ .text = calloc(1, 4096) };
        ck_assert_ptr_nonnull(w->text);
        for (; n < LIBRARIES_MAX && row->libraries[n].path; n++) {
                const Library *l = row->libraries + n;

                build_elf(w, l, n);
                w->objects[n] = (PinObject){ .path = l->path, .elf = l->unnamed ? NULL : w->elf + n, .executable = n == 0,
                                             .interpreter = streq(last(l->path), "ld.so") };
                if (!l->unlisted && !row->no_list)
                        build_map(w, l, n);
        }
        for (size_t i = 0; i < w->list.n_maps; i++)
                build_edges(w, row, i);
        w->list.maps = w->maps;
        w->list.complete = !row->torn;
        w->context = (PinContext){
                .objects = w->objects, .n_objects = n, .list = row->no_list ? NULL : &w->list, .map_object = w->map_object,
                .musl = row->musl, .no_loader = row->no_loader, .list_is_whole = !row->not_whole, .namespaces_missing = row->namespaces_missing, .preload = row->preload, .audit = row->audit,
                .symbols = row_symbols, .userdata = w,
        };
        return row->index ?: n - 1;
}

static void render_runtimes(uint32_t runtimes, char *buffer, size_t size) {
        FILE *f = fmemopen(buffer, size, "w");

        ck_assert_ptr_nonnull(f);
        for (uint32_t bit = 1, found = 0; bit < RUNTIME_ALL; bit <<= 1)
                if (runtimes & bit)
                        fprintf(f, "%s%s", found++ > 0 ? " " : "", runtime_to_string(bit));
        fputc('\0', f);
        fclose(f);
}

/* "reason certainty holder {its pins}; …" */
static void render(const Pin *pins, size_t n, char *buffer, size_t size) {
        FILE *f = fmemopen(buffer, size, "w");

        ck_assert_ptr_nonnull(f);
        for (size_t i = 0; i < n; i++) {
                fprintf(f, "%s%s %s", i > 0 ? "; " : "", pin_reason_to_string(pins[i].reason), certainty_to_string(pins[i].certainty));
                if (!pins[i].holder) {
                        ck_assert_uint_eq(pins[i].holder_pins, 0);
                        continue;
                }
                fprintf(f, " %s {", last(pins[i].holder));
                for (int k = 0, found = 0; k < PIN_REASON_MAX; k++)
                        if (pins[i].holder_pins & 1u << k)
                                fprintf(f, "%s%s", found++ > 0 ? " " : "", pin_reason_to_string(k));
                fputs("}", f);
        }
        fclose(f);
}

static void end(Pin *pins, size_t n) {
        for (size_t i = 0; i < n; i++)
                pin_done(pins + i);
        free(pins);
}

START_TEST(reasons_of_table) {
        const Row *row = rows + _i;
        char text[512];
        _cleanup_(pin_graph_freep) PinGraph *graph = NULL;
        Fixture w;
        Pin *pins;
        size_t n, index = build(&w, row);
        uint32_t runtimes;

        ck_assert_int_eq(pin_graph_new(&w.context, &graph), 0);
        ck_assert_int_eq(pins_explain(graph, index, &pins, &n, &runtimes), 0);
        render(pins, n, text, sizeof(text));
        ck_assert_msg(streq(text, row->pins), "%s: %s", row->name, text);
        for (size_t i = 0; i < n; i++)
                ck_assert_ptr_nonnull(pins[i].detail);
        render_runtimes(runtimes, text, sizeof(text));
        if (row->runtimes)
                ck_assert_msg(streq(text, row->runtimes), "%s: %s", row->name, text);
        if (row->detail)
                ck_assert_msg(streq(pins[0].detail, row->detail), "%s: %s", row->name, pins[0].detail);
        end(pins, n);
        free(w.text);
}
END_TEST

/* --- against a model of _dl_close_worker() --- */

#define NODES 6

typedef struct RandomFixture {
        LinkMap maps[NODES];
        PinObject objects[NODES];
        size_t map_object[NODES], edges[NODES][2][NODES];
        LinkMapList list;
        PinContext context;
} RandomFixture;

static uint32_t next_random(uint32_t *state) {
        *state = *state * 1664525 + 1013904223;
        return *state >> 16;
}

static bool one_in(uint32_t *state, uint32_t n) {
        return next_random(state) % n == 0;
}

/* The program, perhaps a startup library or two, and plugins that depend on each other at random. */
static void build_random(RandomFixture *w, uint32_t seed) {
        static const char *const names[NODES] = { "/0", "/1", "/2", "/3", "/4", "/5" };
        uint32_t state = seed;

        *w = (RandomFixture){};
        for (size_t i = 0; i < NODES; i++) {
                LinkMap *m = w->maps + i;
                bool startup = i > 0 && i < 3 && one_in(&state, 4);

                *m = (LinkMap){ .l_name = (char *) names[i], .anchored = true, .initfini_known = true, .reldeps_known = true,
                                .type = i == 0 ? LINK_EXECUTABLE : startup ? LINK_LIBRARY : LINK_LOADED };
                m->initfini = w->edges[i][0];
                m->reldeps = w->edges[i][1];
                if (m->type == LINK_LOADED) {
                        m->opencount = one_in(&state, 3);
                        m->nodelete = one_in(&state, 8);
                        m->tls_dtors = one_in(&state, 8);
                }
                w->objects[i] = (PinObject){ .path = names[i], .map = m, .executable = i == 0 };
                w->map_object[i] = i;
        }
        for (size_t i = 1; i < NODES; i++)
                for (size_t k = 1; k < NODES; k++) {
                        LinkMap *m = w->maps + i;

                        /* A startup library depends on startup libraries only. */
                        if (i == k || (m->type == LINK_LIBRARY && w->maps[k].type == LINK_LOADED))
                                continue;
                        if (one_in(&state, 5))
                                m->initfini[m->n_initfini++] = k;
                        else if (one_in(&state, 8))
                                m->reldeps[m->n_reldeps++] = k;
                }
        w->list = (LinkMapList){ .maps = w->maps, .n_maps = NODES, .complete = true };
        w->context = (PinContext){ .objects = w->objects, .n_objects = NODES, .list = &w->list, .map_object = w->map_object,
                                   .list_is_whole = true };
}

/* Would the next _dl_close_worker() keep it? */
static bool collector_keeps(const LinkMap *maps, size_t node) {
        bool used[NODES] = {};

        for (size_t i = 0; i < NODES; i++)
                used[i] = maps[i].type != LINK_LOADED || maps[i].opencount > 0 || maps[i].nodelete || maps[i].tls_dtors > 0;
        for (size_t round = 0; round < NODES; round++)
                for (size_t i = 0; i < NODES; i++) {
                        for (size_t k = 0; used[i] && k < maps[i].n_initfini; k++)
                                used[maps[i].initfini[k]] = true;
                        for (size_t k = 0; used[i] && k < maps[i].n_reldeps; k++)
                                used[maps[i].reldeps[k]] = true;
                }
        return used[node];
}

static void end_handles(LinkMap *m) {
        m->opencount = m->tls_dtors = 0;
}

static uint32_t reasons_of(const RandomFixture *w, size_t node) {
        _cleanup_(pin_graph_freep) PinGraph *graph = NULL;
        uint32_t reasons = 0, runtimes;
        Pin *pins;
        size_t n;

        ck_assert_int_eq(pin_graph_new(&w->context, &graph), 0);
        ck_assert_int_eq(pins_explain(graph, node, &pins, &n, &runtimes), 0);
        for (size_t i = 0; i < n; i++) {
                reasons |= 1u << pins[i].reason;
                ck_assert_int_eq(pins[i].certainty == CERTAINTY_CERTAIN,
                                 pins[i].reason != PIN_RTLD_NODELETE && (pins[i].reason != PIN_TLS_DTOR || (n == 1 && w->maps[node].opencount == 0)));
        }
        end(pins, n);
        return reasons;
}

#define HELD (1u << PIN_HOLDER | 1u << PIN_RELDEP)

START_TEST(reasons_match_dl_close_worker) {
        for (uint32_t seed = 0; seed < 4000; seed++)
                for (size_t node = 1; node < NODES; node++) {
                        bool open, outstanding, kept, kept_by_others, never_unloaded;
                        uint32_t reasons;
                        RandomFixture w;

                        build_random(&w, seed);
                        if (w.maps[node].type != LINK_LOADED || w.maps[node].nodelete)
                                continue;
                        reasons = reasons_of(&w, node);
                        open = w.maps[node].opencount > 0;
                        outstanding = w.maps[node].tls_dtors > 0;
                        kept = collector_keeps(w.maps, node);
                        end_handles(w.maps + node);
                        kept_by_others = collector_keeps(w.maps, node);
                        for (size_t i = 0; i < NODES; i++)
                                end_handles(w.maps + i);
                        never_unloaded = collector_keeps(w.maps, node);

                        ck_assert_msg(!(reasons & 1u << PIN_GC_PENDING) == kept, "seed %u node %zu", seed, node);
                        ck_assert_msg(!!(reasons & HELD) == kept_by_others, "seed %u node %zu", seed, node);
                        ck_assert_msg(!!(reasons & 1u << PIN_OPEN_HANDLES) == (open && !never_unloaded), "seed %u node %zu", seed, node);
                        ck_assert_msg(!!(reasons & 1u << PIN_TLS_DTOR) == (outstanding && !never_unloaded), "seed %u node %zu", seed, node);
                }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("pin");
        TCase *tcase = tcase_create("pin");

        tcase_add_loop_test(tcase, reasons_of_table, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, reasons_match_dl_close_worker);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
