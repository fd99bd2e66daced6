/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <stdarg.h>
#include <stdio.h>

#include "elf/elf-symbols.h"
#include "unload-check/dependency.h"
#include "unload-check/symbol-binding.h"
#include "unload-check/unload-check.h"
#include "util/escape.h"

#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif

static const char *const unload_table[] = { "yes", "maybe", "no" };
_Static_assert(ELEMENTSOF(unload_table) == UNLOAD_MAX, "unload");

const char *unload_to_string(Unload unload) {
        if ((int) unload < 0 || unload >= UNLOAD_MAX)
                return "unknown";
        return unload_table[unload];
}

void unload_check_done(UnloadCheck *i) {
        for (size_t k = 0; k < i->n_obstacles; k++) {
                free(i->obstacles[k].detail);
                free(i->obstacles[k].remedy);
        }
        free(i->obstacles);
        for (char **n = i->needed; n && *n; n++)
                free(*n);
        free(i->needed);
        free(i->soname);
        *i = (UnloadCheck){};
}

/* The evidence, composed; NULL on lack of memory. Names in it are escaped by who calls. */
_printf_(1, 2) static char *text(const char *format, ...) {
        char *s;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&s, format, args);
        va_end(args);
        return r < 0 ? NULL : s;
}

/* Takes the detail, NULL included. The remedy is text of ours, or NULL. */
static int add(UnloadCheck *i, Unload verdict, PinReason reason, char *take_detail, const char *remedy) {
        _cleanup_free_ char *detail = take_detail, *copy = NULL;
        Obstacle *obstacles;

        if (!detail || !strdup_to(&copy, remedy))
                return -ENOMEM;
        obstacles = reallocarray(i->obstacles, i->n_obstacles + 1, sizeof(*obstacles));
        if (!obstacles)
                return -ENOMEM;
        i->obstacles = obstacles;
        i->obstacles[i->n_obstacles++] = (Obstacle){
                .verdict = verdict,
                .reason = reason,
                .detail = TAKE_PTR(detail),
                .remedy = TAKE_PTR(copy),
        };
        if (verdict > i->verdict)
                i->verdict = verdict;
        return 0;
}

static const char *dependency_name(const DependencyList *l, size_t i) {
        return i == 0 ? "this library" : l->items[i].name;
}

static int check_flags(UnloadCheck *i, const ElfFile *e) {
        int r;

        if (elf_file_nodelete(e)) {
                r = add(i, UNLOAD_NO, PIN_NODELETE,
                        text("DF_1_NODELETE is set in its dynamic section%s",
                             e->go ? ", as in all that has a Go runtime linked into it" : ""),
                        e->go ? "a Go runtime cannot be unloaded: keep it in a process that can be restarted"
                              : "link it without -z nodelete, if nothing of it outlives dlclose()");
                if (r < 0)
                        return r;
        }
        if (!e->go)
                return 0;
        i->runtimes |= RUNTIME_GO;
        if (elf_file_nodelete(e))
                return 0;
        return add(i, UNLOAD_NO, PIN_NODELETE,
                   text("a Go runtime is linked into it, whose threads never end, though DF_1_NODELETE is not set: "
                        "to unload it is to crash"),
                   "link it with -z nodelete, as the linker of Go does, and keep it in a process of its own");
}

/* By name: the loader of a plugin is that of the program, and NEEDED says for which it was made. */
static bool is_musl(const Dependency *d) {
        if (d->elf.interpreter && strstr(d->elf.interpreter, "/ld-musl-"))
                return true;
        for (size_t i = 0; i < d->elf.n_needed; i++)
                if (streq(d->elf.needed[i], "libc.so") || strncmp(d->elf.needed[i], "libc.musl-", 10) == 0)
                        return true;
        return false;
}

static int check_musl(UnloadCheck *i, const DependencyList *l) {
        for (size_t k = 0; k < l->n; k++)
                if (l->items[k].found && is_musl(&l->items[k]))
                        return add(i, UNLOAD_NO, PIN_MUSL,
                                   text("it is made for musl, whose dlclose() unloads nothing"),
                                   "restart the program to replace it; each reload under another path adds a copy");
        return 0;
}

static int check_unique(UnloadCheck *i, const Stay *stay) {
        _cleanup_free_ char *symbol = escape(stay->symbol);

        if (!symbol)
                return -ENOMEM;
        return add(i, UNLOAD_NO, PIN_GNU_UNIQUE,
                   stay->n_symbols == 1
                           ? text("loading it looks up its STB_GNU_UNIQUE symbol %s", symbol)
                           : text("loading it looks up %zu of its STB_GNU_UNIQUE symbols, of them %s",
                                  stay->n_symbols, symbol),
                   "compile it with -fno-gnu-unique, or link it with a version script that exports only what is "
                   "called from outside");
}

static int check_held(UnloadCheck *i, const DependencyList *l, const Stay *stays) {
        const Stay *stay = &stays[0], *holder = &stays[stay->holder];
        _cleanup_free_ char *name = escape(dependency_name(l, stay->holder));
        _cleanup_free_ char *symbol = escape(stay->symbol ? stay->symbol : "");
        const char *why = pin_reason_to_string(holder->reason);

        if (!name || !symbol)
                return -ENOMEM;
        if (stay->reason == PIN_HOLDER)
                return add(i, UNLOAD_MAYBE, PIN_HOLDER, text("%s needs it, and stays (%s)", name, why), NULL);
        return add(i, UNLOAD_MAYBE, PIN_RELDEP,
                   text("%s, which comes with it and stays (%s), binds to its definition of %s, unless the program "
                        "has loaded %s before",
                        name, why, symbol, name),
                   "link it with a version script that exports only what is called from outside "
                   "(-fvisibility=hidden does not hide instances of templates of the standard library), "
                   "or link the program to what stays");
}

static int check_bindings(UnloadCheck *i, const DependencyList *l) {
        _cleanup_free_ Stay *stays = NULL;
        bool cut;
        int r;

        r = symbol_binding_explain(l, &stays, &cut);
        if (r < 0)
                return r;
        if (stays[0].reason == PIN_GNU_UNIQUE)
                r = check_unique(i, &stays[0]);
        else if (stays[0].reason == PIN_HOLDER || stays[0].reason == PIN_RELDEP)
                r = check_held(i, l, stays);
        if (r >= 0 && cut)
                r = add(i, UNLOAD_MAYBE, PIN_UNKNOWN,
                        text("it and what it needs have too many symbols to look at them all"), NULL);

        for (size_t k = 1; r >= 0 && k < l->n; k++)
                if (stays[k].reason == PIN_NODELETE || stays[k].reason == PIN_GNU_UNIQUE) {
                        _cleanup_free_ char *name = escape(l->items[k].name);

                        r = !name ? -ENOMEM
                                  : add(i, UNLOAD_YES, stays[k].reason,
                                        text("%s, which it needs, stays by itself", name), NULL);
                }
        return r;
}

static const char *const thread_starters[] = {
        "pthread_create",
        "thrd_create",
        /* std::thread::_M_start_thread(std::unique_ptr<std::thread::_State>, void (*)()) */
        "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
};

static bool imports(const ElfSymbols *s, const char *name) {
        return elf_symbols_contain(s->imports, s->n_imports, name);
}

static int check_threads(UnloadCheck *i, const ElfSymbols *s) {
        int r;

        if (imports(s, "__cxa_thread_atexit") || imports(s, "__cxa_thread_atexit_impl")) {
                r = add(i, UNLOAD_MAYBE, PIN_TLS_DTOR,
                        text("it has thread_local objects with destructors: "
                             "it stays while a thread that used them lives"),
                        "end those threads before dlclose()");
                if (r < 0)
                        return r;
        }
        for (size_t k = 0; i->verdict != UNLOAD_NO && k < ELEMENTSOF(thread_starters); k++)
                if (imports(s, thread_starters[k]))
                        return add(i, UNLOAD_YES, PIN_UNKNOWN,
                                   text("it starts threads: "
                                        "those that run its code when it is unloaded crash the program"),
                                   "join them in what the program calls before dlclose()");
        return 0;
}

/*
 * Has it code of its own that is run when it is loaded? crtbeginS.o of GCC brings one constructor into each library
 * (frame_dummy()) and imports this symbol for it; and crti.o a DT_INIT.
 */
static bool has_constructors(const Dependency *d) {
        const bool gcc = imports(&d->symbols, "_ITM_registerTMCloneTable");

        return d->elf.n_constructors > (gcc ? 1 : 0) || (d->elf.init && !gcc);
}

/* Libraries that pin themselves do so by opening themselves, or each other; they find their own names by dladdr(3). */
static int check_constructors(UnloadCheck *i, const Dependency *d) {
        static const char *const names[] = { "dlopen", "dlmopen", "dladdr" };

        if (i->verdict == UNLOAD_NO || !has_constructors(d))
                return 0;
        for (size_t k = 0; k < ELEMENTSOF(names); k++)
                if (imports(&d->symbols, names[k]))
                        return add(i, UNLOAD_MAYBE, PIN_OPEN_HANDLES,
                                   text("it has constructors, and imports %s(): it stays if they open the library itself, "
                                        "or another one that needs it", names[k]),
                                   "open neither in a constructor");
        return 0;
}

/* What could not be looked at may hold anything. */
static int check_whole(UnloadCheck *i, const DependencyList *l) {
        int r;

        if (l->items[0].elf.cut || l->items[0].symbols.cut) {
                r = add(i, UNLOAD_MAYBE, PIN_UNKNOWN, text("it is damaged, or too large to be read whole"), NULL);
                if (r < 0)
                        return r;
        }
        if (l->cut) {
                r = add(i, UNLOAD_MAYBE, PIN_UNKNOWN, text("it needs too many libraries to look at them all"), NULL);
                if (r < 0)
                        return r;
        }
        for (size_t k = 1; k < l->n; k++) {
                _cleanup_free_ char *name = NULL;

                if (l->items[k].found)
                        continue;
                name = escape(l->items[k].name);
                r = !name ? -ENOMEM
                          : add(i, UNLOAD_MAYBE, PIN_UNKNOWN,
                                text("%s, which it needs, was not found: what that would hold is not known", name), NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int facts_copy(const ElfFile *e, UnloadCheck *i) {
        i->needed = calloc(e->n_needed + 1, sizeof(*i->needed));
        if (!i->needed || !strdup_to(&i->soname, e->soname))
                return -ENOMEM;
        for (size_t k = 0; k < e->n_needed; k++)
                if (!strdup_to(&i->needed[k], e->needed[k]))
                        return -ENOMEM;
        i->build_id_length = e->build_id_length;
        memcpy(i->build_id, e->build_id, e->build_id_length);
        return 0;
}

int unload_check_file(int fd, int directory_fd, UnloadCheck *ret) {
        _cleanup_(dependency_list_done) DependencyList l = {};
        _cleanup_(unload_check_done) UnloadCheck i = { .verdict = UNLOAD_YES };
        const ElfFile *e;
        int r;

        r = dependency_list_read(fd, directory_fd, &l);
        if (r < 0)
                return r;
        e = &l.items[0].elf;
        if (e->type != ET_DYN || !e->dynamic || (e->flags_1 & DF_1_PIE))
                return -EMEDIUMTYPE;

        r = facts_copy(e, &i);
        if (r < 0)
                return r;
        i.runtimes |= e->rust ? RUNTIME_RUST : 0;
        r = check_flags(&i, e);
        if (r < 0)
                return r;
        r = check_musl(&i, &l);
        if (r < 0)
                return r;
        r = check_bindings(&i, &l);
        if (r < 0)
                return r;
        r = check_threads(&i, &l.items[0].symbols);
        if (r < 0)
                return r;
        r = check_constructors(&i, &l.items[0]);
        if (r < 0)
                return r;
        r = check_whole(&i, &l);
        if (r < 0)
                return r;

        *ret = i;
        i = (UnloadCheck){};
        return 0;
}
