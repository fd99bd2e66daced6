/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the facts of the loader to the reasons. Every condition here is a term of
 * _dl_close_worker() (glibc elf/dl-close.c) or of what marks an object NODELETE:
 * its own flag, RTLD_NODELETE, a unique symbol bound to it (elf/dl-lookup.c,
 * do_lookup_unique()), or a binding from what is itself never unloaded
 * (add_dependency() there).
 */

#include "elf/elf-symbols.h"
#include "explain/pin-cause.h"

/* Comparisons of symbols for one explanation: some milliseconds' worth in the common case, a fifth of a second at worst. */
#define SYMBOL_BUDGET (1u << 22)

static void add(PinCauses *c, PinCause cause) {
        if (c->n_causes < PIN_CAUSES_MAX)
                c->causes[c->n_causes++] = cause;
}

/* A reason that needs no other beside it. */
static int only(PinCauses *c, PinCause cause) {
        *c = (PinCauses){ .permanent = true };
        add(c, cause);
        return 0;
}

static PinCause cause_of(size_t node, PinReason reason, Certainty certainty) {
        return (PinCause){ .reason = reason, .certainty = certainty, .node = node, .holder = PIN_NONE, .via = PIN_NONE };
}

static PinCause cause_by(size_t node, PinReason reason, Certainty certainty, size_t holder) {
        return (PinCause){ .reason = reason, .certainty = certainty, .node = node, .holder = holder, .via = PIN_NONE };
}

/* What else came in at startup beside the program's own closure, and needs it: a preloaded library. */
static size_t startup_needer(const PinGraph *g, size_t node) {
        for (size_t i = 0; i < g->n_nodes; i++)
                if (i != node && g->nodes[i].at_startup && g->nodes[i].needed_by == PIN_NONE && pin_graph_needs(g, i, node))
                        return i;
        return PIN_NONE;
}

static int explain_startup(const PinGraph *g, size_t node, PinCauses *c) {
        const PinNode *n = g->nodes + node;
        bool proven = n->map && n->map->anchored && n->map->type == LINK_LIBRARY;
        bool named = pin_graph_named(g, node, g->context->preload);
        size_t needer;

        if (n->needed_by != PIN_NONE)
                return only(c, cause_of(node, PIN_NEEDED_AT_STARTUP, n->map ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        if (named)
                return only(c, cause_of(node, PIN_LD_PRELOAD, proven ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        if (!g->closure_whole)
                return only(c, cause_of(node, PIN_NEEDED_AT_STARTUP, CERTAINTY_LIKELY));
        needer = startup_needer(g, node);
        named = needer != PIN_NONE && pin_graph_named(g, needer, g->context->preload);
        return only(c, cause_by(node, PIN_LD_PRELOAD, proven && named ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY, needer));
}

/*
 * Could a lookup of what is never unloaded have marked this object? What has it in its l_initfini or l_reldeps returns
 * before it marks (elf/dl-lookup.c, add_dependency()). What was loaded at startup looks in the global scope alone.
 */
static bool could_mark(const PinGraph *g, size_t from, size_t node) {
        const PinNode *n = g->nodes + from, *to = g->nodes + node;
        bool proven;

        if (from == node || !n->permanent || n->namespace != to->namespace)
                return false;
        if (pin_graph_bound(g, from, node) || (pin_graph_holds(g, from, node, &proven) && proven))
                return false;
        return !n->at_startup || to->map->global != 0;
}

/* Who of those that are never unloaded is bound to it? The startup objects, or (not `startup`) the others. */
static size_t permanent_importer(const PinGraph *g, size_t node, bool startup, size_t *budget, const char **ret_symbol) {
        for (size_t i = 0; i < g->n_nodes; i++) {
                if (g->nodes[i].at_startup != startup || !could_mark(g, i, node))
                        continue;
                *ret_symbol = pin_graph_bound_symbol(g, i, node, /* scoped= */ true, budget);
                if (*ret_symbol)
                        return i;
        }
        return PIN_NONE;
}

/* Was `node` ever in a scope of `from`, which was dlopen()ed, without being global? If what loaded the one loaded the other. */
static bool share_scope(const PinGraph *g, size_t from, size_t node) {
        bool proven;

        for (size_t i = 0; i < g->n_nodes; i++)
                if ((i == from || pin_graph_holds(g, i, from, &proven)) && (i == node || pin_graph_holds(g, i, node, &proven)))
                        return true;
        return false;
}

/*
 * A lookup by dlsym(RTLD_DEFAULT) marks as a relocation does (elf/dl-sym.c, DL_LOOKUP_ADD_DEPENDENCY), but leaves no
 * trace in the file of its caller, except that this imports dlsym().
 */
static bool could_be_looked_up(const PinGraph *g, size_t node) {
        for (size_t i = 0; i < g->n_nodes; i++) {
                const ElfSymbols *s;

                if (!could_mark(g, i, node) || g->nodes[i].interpreter || g->nodes[i].object == PIN_NONE)
                        continue;
                if (!g->nodes[i].at_startup && g->nodes[node].map->global == 0 && !share_scope(g, i, node))
                        continue;
                s = pin_graph_symbols(g, i);
                if (!s || s->cut || elf_symbols_contain(s->imports, s->n_imports, "dlsym") ||
                    elf_symbols_contain(s->imports, s->n_imports, "dlvsym"))
                        return true;
        }
        return false;
}

/* The loader marked it, and nothing in the file says so. */
static int explain_marked(const PinGraph *g, size_t node, PinCauses *c) {
        const ElfSymbols *s = pin_graph_symbols(g, node);
        size_t budget = SYMBOL_BUDGET, importer;
        PinCause cause;
        const char *symbol;

        if (g->nodes[node].map->differs_from_file == 1)
                return only(c, cause_of(node, PIN_NODELETE, CERTAINTY_LIKELY));
        if (s && s->n_unique_bound > 0) {
                cause = cause_of(node, PIN_GNU_UNIQUE, CERTAINTY_LIKELY);
                cause.symbol = s->unique_bound[0];
                return only(c, cause);
        }
        importer = permanent_importer(g, node, /* startup= */ true, &budget, &symbol);
        if (importer != PIN_NONE) {
                cause = cause_by(node, PIN_STARTUP_BINDING, CERTAINTY_LIKELY, importer);
                cause.symbol = symbol;
                return only(c, cause);
        }
        if (s && s->n_unique > 0) {
                /* dlsym() of such a symbol, or a use by another library, does it as well. */
                cause = cause_of(node, PIN_GNU_UNIQUE, CERTAINTY_BY_ELIMINATION);
                cause.symbol = s->unique[0];
                return only(c, cause);
        }
        importer = permanent_importer(g, node, /* startup= */ false, &budget, &symbol);
        if (importer != PIN_NONE) {
                cause = cause_by(node, PIN_RELDEP, CERTAINTY_LIKELY, importer);
                cause.symbol = symbol;
                return only(c, cause);
        }
        only(c, cause_of(node, PIN_RTLD_NODELETE, CERTAINTY_BY_ELIMINATION));
        if (could_be_looked_up(g, node))
                add(c, cause_of(node, PIN_STARTUP_BINDING, CERTAINTY_BY_ELIMINATION));
        return 0;
}

/* 1: found; 0: it may be unloaded as far as this goes. */
static int explain_nodelete(const PinGraph *g, size_t node, PinCauses *c) {
        const PinNode *n = g->nodes + node;
        const ElfSymbols *s;

        if (n->nodelete == 0)
                return 0;
        if (n->nodelete == 1) {
                if (n->nodelete_flag)
                        only(c, cause_of(node, PIN_NODELETE, n->map ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
                else
                        explain_marked(g, node, c);
                return 1;
        }
        s = pin_graph_symbols(g, node);
        if (s && s->n_unique_bound > 0) {
                PinCause cause = cause_of(node, PIN_GNU_UNIQUE, CERTAINTY_LIKELY);

                cause.symbol = s->unique_bound[0];
                only(c, cause);
                return 1;
        }
        return 0;
}

typedef struct Marks {
        bool *used;
        size_t *parents;
        bool *ends;            /* which holders were counted */
} Marks;

static void marks_done(Marks *m) {
        free(m->used);
        free(m->parents);
        free(m->ends);
}

static bool marks_init(Marks *m, size_t n) {
        m->used = calloc(n, sizeof(*m->used));
        m->parents = calloc(n, sizeof(*m->parents));
        m->ends = calloc(n, sizeof(*m->ends));
        return m->used && m->parents && m->ends;
}

/* Was every step from a root to this node read from the loader's own fields? */
static bool chain_proven(const PinGraph *g, const Marks *m, size_t node) {
        for (size_t steps = 0; m->parents[node] != node && steps < g->n_nodes; steps++) {
                node = m->parents[node];
                if (!g->nodes[node].map || !g->nodes[node].map->anchored)
                        return false;
        }
        return g->nodes[node].permanent || (g->nodes[node].map && g->nodes[node].map->anchored && g->nodes[node].map->opencount >= 0);
}

/* Where nobody counts its handles, what is needed by another was hardly opened itself. */
static size_t needer_of_uncounted(const PinGraph *g, const Marks *m, size_t from, size_t node) {
        const PinNode *n = g->nodes + from;
        bool proven;

        if (n->permanent || (n->map && n->map->anchored && n->map->opencount >= 0))
                return PIN_NONE;
        for (size_t i = 0; i < g->n_nodes; i++)
                if (i != node && i != from && m->used[i] && pin_graph_holds(g, i, from, &proven))
                        return i;
        return PIN_NONE;
}

/* From what depends on `node` to what would have to go: what was opened, or stays for a reason of its own. */
static size_t chain_end(const PinGraph *g, const Marks *m, size_t from, size_t node) {
        for (size_t steps = 0; steps < g->n_nodes; steps++) {
                size_t next = m->parents[from] != from ? m->parents[from] : needer_of_uncounted(g, m, from, node);

                if (next == PIN_NONE)
                        break;
                from = next;
        }
        return from;
}

/* Counts the end of the chain from `direct`, once. Returns it. */
static size_t count_end(const PinGraph *g, Marks *m, size_t direct, size_t node, size_t *n) {
        size_t end = chain_end(g, m, direct, node);

        *n += !m->ends[end];
        m->ends[end] = true;
        return end;
}

static void set_holder(const PinGraph *g, const Marks *m, size_t direct, size_t end, bool proven, PinCause *cause) {
        cause->holder = end;
        cause->via = direct == end ? PIN_NONE : direct;
        cause->certainty = proven && chain_proven(g, m, direct) ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
}

/* What stays and needs it. Of several one that was opened itself and names it in its DT_NEEDED, else one that names it so. */
static bool find_holder(const PinGraph *g, Marks *m, size_t node, PinCause *ret) {
        PinCause cause = cause_of(node, PIN_HOLDER, CERTAINTY_LIKELY);
        int best = -1;
        bool proven;
        size_t n = 0;

        memset(m->ends, 0, g->n_nodes * sizeof(*m->ends));
        for (size_t i = 0; i < g->n_nodes; i++) {
                size_t end;
                int score;

                if (i == node || !m->used[i] || !pin_graph_holds(g, i, node, &proven))
                        continue;
                end = count_end(g, m, i, node, &n);
                score = pin_graph_needs(g, i, node) ? 1 + (end == i) : 0;
                if (score <= best)
                        continue;
                best = score;
                set_holder(g, m, i, end, proven, &cause);
        }
        if (n == 0)
                return false;
        cause.others = n - 1;
        *ret = cause;
        return true;
}

static bool find_reldep(const PinGraph *g, Marks *m, size_t node, PinCause *ret) {
        PinCause cause = cause_of(node, PIN_RELDEP, CERTAINTY_LIKELY);
        size_t n = 0, budget = SYMBOL_BUDGET, direct = PIN_NONE;

        memset(m->ends, 0, g->n_nodes * sizeof(*m->ends));
        for (size_t i = 0; i < g->n_nodes; i++) {
                size_t end;

                if (i == node || !m->used[i] || !pin_graph_bound(g, i, node))
                        continue;
                end = count_end(g, m, i, node, &n);
                if (direct != PIN_NONE)
                        continue;
                direct = i;
                set_holder(g, m, i, end, /* proven= */ true, &cause);
        }
        if (n == 0)
                return false;
        cause.others = n - 1;
        cause.symbol = pin_graph_bound_symbol(g, direct, node, /* scoped= */ true, &budget) ?:
                pin_graph_bound_symbol(g, direct, node, /* scoped= */ false, &budget);
        *ret = cause;
        return true;
}

/*
 * Where l_reldeps cannot be read: whose symbols say that it is bound to this object?
 * Also a library that this one needs, if it is itself pinned by its unique symbols: its
 * own symbols were looked up in the scope of this object, weak copies first.
 */
static bool guess_reldep(const PinGraph *g, size_t node, PinCause *ret) {
        size_t budget = SYMBOL_BUDGET;

        for (size_t i = 0; i < g->n_nodes; i++) {
                const PinNode *n = g->nodes + i;
                const ElfSymbols *s;
                const char *symbol;

                if (i == node || n->at_startup || n->namespace != g->nodes[node].namespace || pin_graph_edges_known(g, i))
                        continue;
                symbol = pin_graph_bound_symbol(g, i, node, /* scoped= */ true, &budget);
                s = !symbol && pin_graph_needs(g, node, i) ? pin_graph_symbols(g, i) : NULL;
                if (s && s->n_unique_bound > 0)
                        symbol = pin_graph_bound_symbol(g, i, node, /* scoped= */ false, &budget);
                if (!symbol)
                        continue;
                *ret = cause_by(node, PIN_RELDEP, CERTAINTY_LIKELY, i);
                ret->symbol = symbol;
                return true;
        }
        return false;
}

/* Is all known that could hold it? What was loaded at startup holds by marking, and that is seen. */
static bool all_edges_known(const PinGraph *g, size_t node) {
        for (size_t i = 0; i < g->n_nodes; i++)
                if (i != node && !g->nodes[i].at_startup && g->nodes[i].namespace == g->nodes[node].namespace &&
                    !pin_graph_edges_known(g, i))
                        return false;
        return true;
}

static bool registers_destructors(const PinGraph *g, size_t node) {
        const ElfSymbols *s = pin_graph_symbols(g, node);

        return s && (elf_symbols_contain(s->imports, s->n_imports, "__cxa_thread_atexit") ||
                     elf_symbols_contain(s->imports, s->n_imports, "__cxa_thread_atexit_impl"));
}

/* What is listed and of no file is the kernel's own object. */
static bool facts_known(const PinNode *n) {
        return n->elf ? !n->elf->cut : n->object == PIN_NONE && n->path[0] == '\0';
}

/*
 * Was all read that could show another reason than an open handle? What the program needs, what the others need and are
 * bound to, and whether destructors may be outstanding. Elimination is sound only then.
 */
static bool others_excluded(const PinGraph *g, size_t node) {
        if (g->nodes[node].namespace == 0 && !g->closure_whole)
                return false;
        for (size_t i = 0; i < g->n_nodes; i++) {
                const PinNode *n = g->nodes + i;

                if (n->namespace != g->nodes[node].namespace)
                        continue;
                if (!facts_known(n) || (n->elf && !n->at_startup && !pin_graph_edges_known(g, i) && !pin_graph_symbols(g, i)))
                        return false;
        }
        return !registers_destructors(g, node);
}

/* What the counts of the object itself say. */
static void explain_counts(const PinGraph *g, size_t node, PinCauses *c) {
        const LinkMap *map = g->nodes[node].map;
        int64_t opencount = map && map->anchored ? map->opencount : -1;
        int64_t dtors = map && map->anchored ? map->tls_dtors : -1;
        PinCause cause;

        if (dtors > 0)
                add(c, cause_of(node, PIN_TLS_DTOR, opencount == 0 && c->n_causes == 0 ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        if (opencount > 0)
                add(c, cause_of(node, PIN_OPEN_HANDLES, CERTAINTY_CERTAIN));
        if (c->n_causes > 0)
                return;
        if (!map)
                add(c, cause_of(node, PIN_UNKNOWN, CERTAINTY_BY_ELIMINATION));
        else if (guess_reldep(g, node, &cause))
                add(c, cause);
        else if (opencount < 0)
                add(c, cause_of(node, others_excluded(g, node) ? PIN_OPEN_HANDLES : PIN_UNKNOWN, CERTAINTY_BY_ELIMINATION));
        else if (dtors < 0 && registers_destructors(g, node))
                add(c, cause_of(node, PIN_TLS_DTOR, CERTAINTY_LIKELY));
        else
                add(c, cause_of(node, PIN_GC_PENDING, dtors == 0 && all_edges_known(g, node) ? CERTAINTY_CERTAIN : CERTAINTY_BY_ELIMINATION));
}

static int explain_held(const PinGraph *g, size_t node, PinCauses *c) {
        _cleanup_(marks_done) Marks marks = {};
        PinCause cause;
        int r;

        if (!marks_init(&marks, g->n_nodes))
                return -ENOMEM;
        r = pin_graph_mark(g, node, /* permanent_only= */ true, marks.used, marks.parents);
        if (r < 0)
                return r;
        if (find_holder(g, &marks, node, &cause) || find_reldep(g, &marks, node, &cause))
                return only(c, cause);

        r = pin_graph_mark(g, node, /* permanent_only= */ false, marks.used, marks.parents);
        if (r < 0)
                return r;
        if (find_holder(g, &marks, node, &cause))
                add(c, cause);
        if (find_reldep(g, &marks, node, &cause))
                add(c, cause);
        explain_counts(g, node, c);
        return 0;
}

int pin_causes_find(const PinGraph *g, size_t node, PinCauses *ret) {
        const PinNode *n = g->nodes + node;
        PinCauses c = {};
        int r = 0;

        if (n->interpreter)
                r = only(&c, cause_of(node, PIN_INTERPRETER, CERTAINTY_CERTAIN));
        else if (node == g->main)
                r = only(&c, cause_of(node, PIN_EXECUTABLE, CERTAINTY_CERTAIN));
        else if (n->at_startup)
                r = explain_startup(g, node, &c);
        else if (n->audit)
                r = only(&c, cause_of(node, PIN_LD_AUDIT, CERTAINTY_LIKELY));
        else if (g->context->musl)
                r = only(&c, cause_of(node, PIN_MUSL, n->map ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        else if (explain_nodelete(g, node, &c) == 0)
                r = explain_held(g, node, &c);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}
