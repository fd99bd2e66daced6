/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

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
        return (unsigned) unload < UNLOAD_MAX ? unload_table[unload] : "unknown";
}

void unload_check_done(UnloadCheck *c) {
        for (size_t k = 0; k < c->n_obstacles; k++)
                free(c->obstacles[k].detail);
        free(c->obstacles);
        for (char **n = c->needed; n && *n; n++)
                free(*n);
        free(c->needed);
        free(c->soname);
        *c = (UnloadCheck){};
}

/* Takes the detail; NULL: no memory. Returns 0 or -ENOMEM. */
static int add(UnloadCheck *c, Unload verdict, PinReason reason, char *take_detail, const char *remedy) {
        Obstacle *obstacles = take_detail ? reallocarray(c->obstacles, c->n_obstacles + 1, sizeof(*obstacles)) : NULL;

        if (!obstacles) {
                free(take_detail);
                return -ENOMEM;
        }
        c->obstacles = obstacles;
        c->obstacles[c->n_obstacles++] = (Obstacle){ verdict, reason, take_detail, remedy };
        if (verdict > c->verdict)
                c->verdict = verdict;
        return 0;
}

static int add_unknown(UnloadCheck *c, const char *detail) {
        return add(c, UNLOAD_MAYBE, PIN_UNKNOWN, strdup(detail), NULL);
}

static int check_flags(UnloadCheck *c, const ElfFile *e) {
        c->runtimes |= (e->go ? RUNTIME_GO : 0) | (e->rust ? RUNTIME_RUST : 0);
        if (elf_file_nodelete(e) && e->go)
                return add(c, UNLOAD_NO, PIN_NODELETE,
                           strdup("DF_1_NODELETE is set in its dynamic section, as in every library that contains a Go runtime"),
                           "a Go runtime cannot be unloaded: run it in a process that can be restarted");
        if (elf_file_nodelete(e))
                return add(c, UNLOAD_NO, PIN_NODELETE, strdup("DF_1_NODELETE is set in its dynamic section"),
                           "link it without -z nodelete, if nothing of it outlives dlclose()");
        if (e->go)
                return add(c, UNLOAD_NO, PIN_NODELETE,
                           strdup("it contains a Go runtime, whose threads never end, but DF_1_NODELETE is not set: "
                                  "unloading it crashes the program"),
                           "link it with -z nodelete, as Go's linker does, and run it in a process of its own");
        return 0;
}

/* By DT_NEEDED: a library does not name its loader. */
static bool is_musl(const Dependency *d) {
        if (d->elf.interpreter && strstr(d->elf.interpreter, "/ld-musl-"))
                return true;
        for (size_t i = 0; i < d->elf.n_needed; i++)
                if (streq(d->elf.needed[i], "libc.so") || strncmp(d->elf.needed[i], "libc.musl-", 10) == 0)
                        return true;
        return false;
}

static int check_musl(UnloadCheck *c, const DependencyList *l) {
        for (size_t k = 0; k < l->n; k++)
                if (l->items[k].found && is_musl(&l->items[k]))
                        return add(c, UNLOAD_NO, PIN_MUSL, strdup("it is linked with musl, whose dlclose() unloads nothing"),
                                   "restart the program to replace it; each reload by another path adds a copy");
        return 0;
}

static int check_unique(UnloadCheck *c, const Stay *stay) {
        _cleanup_free_ char *symbol = escape(stay->symbol), *count = NULL;

        count = stay->n_symbols == 1 ? strdup("its STB_GNU_UNIQUE symbol")
                                     : strdup_format("%zu of its STB_GNU_UNIQUE symbols, such as", stay->n_symbols);
        return add(c, UNLOAD_NO, PIN_GNU_UNIQUE, symbol && count ? strdup_format("loading it looks up %s %s", count, symbol) : NULL,
                   "compile it with -fno-gnu-unique, or link it with a version script that exports only what is "
                   "called from outside");
}

static int check_held(UnloadCheck *c, const DependencyList *l, const Stay *stays) {
        const Stay *stay = &stays[0];
        _cleanup_free_ char *name = escape(stay->holder == 0 ? "this library" : l->items[stay->holder].name);
        _cleanup_free_ char *symbol = escape(stay->symbol ?: "");
        const char *why = pin_reason_to_string(stays[stay->holder].reason);

        if (!name || !symbol)
                return -ENOMEM;
        if (stay->reason == PIN_HOLDER)
                return add(c, UNLOAD_MAYBE, PIN_HOLDER, strdup_format("%s needs it, and stays (%s)", name, why), NULL);
        return add(c, UNLOAD_MAYBE, PIN_RELDEP,
                   strdup_format("%s, which is loaded with it and stays (%s), binds to its definition of %s, unless the "
                                 "program loaded %s earlier", name, why, symbol, name),
                   "link it with a version script that exports only what is called from outside "
                   "(-fvisibility=hidden does not hide instances of templates of the standard library), "
                   "or link the program with the library that stays");
}

/* Adds an obstacle about a dependency. */
static int add_dependency(UnloadCheck *c, Unload verdict, PinReason reason, const Dependency *d, const char *what) {
        _cleanup_free_ char *name = escape(d->name);

        return add(c, verdict, reason, name ? strdup_format("%s, which it needs, %s", name, what) : NULL, NULL);
}

static int check_bindings(UnloadCheck *c, const DependencyList *l) {
        _cleanup_free_ Stay *stays = NULL;
        bool cut;
        int r;

        r = symbol_binding_explain(l, &stays, &cut);
        if (r < 0)
                return r;
        if (stays[0].reason == PIN_GNU_UNIQUE)
                r = check_unique(c, &stays[0]);
        else if (stays[0].reason == PIN_HOLDER || stays[0].reason == PIN_RELDEP)
                r = check_held(c, l, stays);
        if (r >= 0 && cut)
                r = add_unknown(c, "it and its dependencies have too many symbols to examine all");
        for (size_t k = 1; r >= 0 && k < l->n; k++)
                if (stays[k].reason == PIN_NODELETE || stays[k].reason == PIN_GNU_UNIQUE)
                        r = add_dependency(c, UNLOAD_YES, stays[k].reason, &l->items[k], "is never unloaded itself");
        return r;
}

/* The first of the names (NULL-terminated) that is imported, or NULL. */
static const char *imports(const ElfSymbols *s, const char *const *names) {
        while (*names && !elf_symbols_contain(s->imports, s->n_imports, *names))
                names++;
        return *names;
}

static int check_threads(UnloadCheck *c, const ElfSymbols *s) {
        static const char *const destructors[] = { "__cxa_thread_atexit", "__cxa_thread_atexit_impl", NULL };
        static const char *const starters[] = {
                "pthread_create", "thrd_create",
                /* std::thread::_M_start_thread(std::unique_ptr<std::thread::_State>, void (*)()) */
                "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE", NULL,
        };
        int r = 0;

        if (imports(s, destructors))
                r = add(c, UNLOAD_MAYBE, PIN_TLS_DTOR,
                        strdup("it has thread_local objects with destructors: it stays while a thread that used them lives"),
                        "end those threads before dlclose()");
        if (r >= 0 && c->verdict != UNLOAD_NO && imports(s, starters))
                r = add(c, UNLOAD_YES, PIN_UNKNOWN,
                        strdup("it starts threads: a thread that runs its code when it is unloaded crashes the program"),
                        "join them in a function that the program calls before dlclose()");
        return r;
}

/*
 * Constructors of its own: crtbeginS.o of GCC adds one (frame_dummy()) to each library, and imports this symbol for it;
 * crti.o adds a DT_INIT.
 */
static bool has_constructors(const Dependency *d) {
        const bool gcc = elf_symbols_contain(d->symbols.imports, d->symbols.n_imports, "_ITM_registerTMCloneTable");

        return d->elf.n_constructors > (gcc ? 1 : 0) || (d->elf.init && !gcc);
}

/* Libraries pin themselves by opening themselves, or each other; they find their own names by dladdr(3). */
static int check_constructors(UnloadCheck *c, const Dependency *d) {
        static const char *const names[] = { "dlopen", "dlmopen", "dladdr", NULL };
        const char *import = imports(&d->symbols, names);

        if (c->verdict == UNLOAD_NO || !has_constructors(d) || !import)
                return 0;
        return add(c, UNLOAD_MAYBE, PIN_OPEN_HANDLES,
                   strdup_format("it has constructors, and imports %s(): it stays if they open the library itself, "
                                 "or another one that needs it", import),
                   "open neither in a constructor");
}

/* What could not be examined may hold anything. */
static int check_whole(UnloadCheck *c, const DependencyList *l) {
        int r = 0;

        if (l->items[0].elf.cut || l->items[0].symbols.cut)
                r = add_unknown(c, "it is damaged, or too large to be read completely");
        if (r >= 0 && l->cut)
                r = add_unknown(c, "it needs too many libraries to examine all");
        for (size_t k = 1; r >= 0 && k < l->n; k++)
                if (!l->items[k].found)
                        r = add_dependency(c, UNLOAD_MAYBE, PIN_UNKNOWN, &l->items[k], "was not found: whether it holds this library is not known");
        return r;
}

static int facts_copy(const ElfFile *e, UnloadCheck *c) {
        c->needed = calloc(e->n_needed + 1, sizeof(*c->needed));
        if (!c->needed || !strdup_to(&c->soname, e->soname))
                return -ENOMEM;
        for (size_t k = 0; k < e->n_needed; k++)
                if (!strdup_to(&c->needed[k], e->needed[k]))
                        return -ENOMEM;
        c->build_id_length = e->build_id_length;
        memcpy(c->build_id, e->build_id, e->build_id_length);
        return 0;
}

int unload_check_file(int fd, int directory_fd, UnloadCheck *ret) {
        _cleanup_(dependency_list_done) DependencyList l = {};
        _cleanup_(unload_check_done) UnloadCheck c = { .verdict = UNLOAD_YES };
        const Dependency *root;
        int r;

        r = dependency_list_read(fd, directory_fd, &l);
        if (r < 0)
                return r;
        root = &l.items[0];
        if (root->elf.type != ET_DYN || !root->elf.dynamic || root->elf.flags_1 & DF_1_PIE)
                return -EMEDIUMTYPE;
        if ((r = facts_copy(&root->elf, &c)) < 0 ||
            (r = check_flags(&c, &root->elf)) < 0 ||
            (r = check_musl(&c, &l)) < 0 ||
            (r = check_bindings(&c, &l)) < 0 ||
            (r = check_threads(&c, &root->symbols)) < 0 ||
            (r = check_constructors(&c, root)) < 0 ||
            (r = check_whole(&c, &l)) < 0)
                return r;
        *ret = c;
        c = (UnloadCheck){};
        return 0;
}
