/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every condition here is a term of _dl_close_worker() (glibc elf/dl-close.c) or of what
 * marks an object NODELETE: its own flag, RTLD_NODELETE, a unique symbol bound to it
 * (elf/dl-lookup.c, do_lookup_unique()), or a binding from an object that is never
 * unloaded itself (add_dependency() there).
 */

#include "elf/elf-symbols.h"
#include "explain/pin-cause.h"

/* Symbol comparisons for one explanation: mostly some milliseconds, 0.2 s at worst. */
#define SYMBOL_BUDGET (1u << 22)

static PinCause cause_of(size_t node, PinReason reason, Certainty certainty) {
        return (PinCause){ .reason = reason, .certainty = certainty, .node = node, .holder = PIN_NONE, .via = PIN_NONE };
}

static PinCause cause_unique(size_t node, Certainty certainty, const char *symbol) {
        return (PinCause){ .reason = PIN_GNU_UNIQUE, .certainty = certainty, .node = node, .holder = PIN_NONE,
                           .via = PIN_NONE, .symbol = symbol };
}

static PinCause cause_bound(size_t node, PinReason reason, size_t holder, const char *symbol) {
        return (PinCause){ .reason = reason, .certainty = CERTAINTY_LIKELY, .node = node, .holder = holder,
                           .via = PIN_NONE, .symbol = symbol };
}

static void add(PinCauses *c, PinCause cause) {
        if (c->n_causes < PIN_CAUSES_MAX)
                c->causes[c->n_causes++] = cause;
}

static PinCauses never_unloaded(PinCause cause) {
        return (PinCauses){ .causes = { cause }, .n_causes = 1, .permanent = true };
}

/* A startup object outside the program's DT_NEEDED closure that needs this one: a preloaded library. */
static size_t startup_needer(const PinGraph *g, size_t node) {
        for (size_t i = 0; i < g->n_nodes; i++)
                if (i != node && g->nodes[i].at_startup && g->nodes[i].needed_by == PIN_NONE && pin_graph_needs(g, i, node))
                        return i;
        return PIN_NONE;
}

static PinCause explain_startup(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;
        bool named = pin_graph_named(g, node, g->context->preload);
        PinCause cause;

        if (n->needed_by != PIN_NONE)
                return cause_of(node, PIN_NEEDED_AT_STARTUP, n->map ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY);
        if (!named && !g->closure_whole)
                return cause_of(node, PIN_NEEDED_AT_STARTUP, CERTAINTY_LIKELY);
        cause = cause_of(node, PIN_LD_PRELOAD, CERTAINTY_LIKELY);
        if (!named) {
                cause.holder = startup_needer(g, node);
                named = cause.holder != PIN_NONE && pin_graph_named(g, cause.holder, g->context->preload);
        }
        if (named && n->type == LINK_LIBRARY)
                cause.certainty = CERTAINTY_CERTAIN;
        return cause;
}

/*
 * Could a lookup by `from` have marked `node` NODELETE? Only if `from` is never unloaded itself, and has `node` neither
 * in its l_initfini nor in its l_reldeps (elf/dl-lookup.c, add_dependency()). Startup objects look up in the global
 * scope only.
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

/* An object that is never unloaded and is bound to the node: a startup object, or (not `startup`) another one. */
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

/* Was `node` ever in a local scope of `from`? Yes if one object depends on both. */
static bool share_scope(const PinGraph *g, size_t from, size_t node) {
        bool proven;

        for (size_t i = 0; i < g->n_nodes; i++)
                if ((i == from || pin_graph_holds(g, i, from, &proven)) && (i == node || pin_graph_holds(g, i, node, &proven)))
                        return true;
        return false;
}

static bool imports_either(const ElfSymbols *s, const char *a, const char *b) {
        return elf_symbols_contain(s->imports, s->n_imports, a) || elf_symbols_contain(s->imports, s->n_imports, b);
}

/*
 * dlsym(RTLD_DEFAULT) marks as a relocation does (elf/dl-sym.c, DL_LOOKUP_ADD_DEPENDENCY), but its only trace in
 * the caller's file is the import of dlsym().
 */
static bool could_be_looked_up(const PinGraph *g, size_t node) {
        for (size_t i = 0; i < g->n_nodes; i++) {
                const PinNode *n = g->nodes + i;
                const ElfSymbols *s;

                if (!could_mark(g, i, node) || n->interpreter || n->object == PIN_NONE)
                        continue;
                if (!n->at_startup && g->nodes[node].map->global == 0 && !share_scope(g, i, node))
                        continue;
                s = pin_graph_symbols(g, i);
                if (!s || s->cut || imports_either(s, "dlsym", "dlvsym"))
                        return true;
        }
        return false;
}

/* The loader marked it NODELETE, without the flag in the file. */
static PinCauses explain_marked(const PinGraph *g, size_t node) {
        const ElfSymbols *s = pin_graph_symbols(g, node);
        size_t budget = SYMBOL_BUDGET, importer;
        const char *symbol;
        PinCauses c;

        if (g->nodes[node].map->differs_from_file == 1)
                return never_unloaded(cause_of(node, PIN_NODELETE, CERTAINTY_LIKELY));
        if (s && s->n_unique_bound > 0)
                return never_unloaded(cause_unique(node, CERTAINTY_LIKELY, s->unique_bound[0]));
        importer = permanent_importer(g, node, /* startup= */ true, &budget, &symbol);
        if (importer != PIN_NONE)
                return never_unloaded(cause_bound(node, PIN_STARTUP_BINDING, importer, symbol));
        if (s && s->n_unique > 0) /* looked up by dlsym(), or by another library */
                return never_unloaded(cause_unique(node, CERTAINTY_BY_ELIMINATION, s->unique[0]));
        importer = permanent_importer(g, node, /* startup= */ false, &budget, &symbol);
        if (importer != PIN_NONE)
                return never_unloaded(cause_bound(node, PIN_RELDEP, importer, symbol));
        c = never_unloaded(cause_of(node, PIN_RTLD_NODELETE, CERTAINTY_BY_ELIMINATION));
        if (could_be_looked_up(g, node))
                add(&c, cause_of(node, PIN_STARTUP_BINDING, CERTAINTY_BY_ELIMINATION));
        return c;
}

/* Empty: it is not NODELETE as far as is known. */
static PinCauses explain_nodelete(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;
        const ElfSymbols *s;

        if (n->nodelete == 1 && n->nodelete_flag)
                return never_unloaded(cause_of(node, PIN_NODELETE, n->map ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        if (n->nodelete == 1)
                return explain_marked(g, node);
        s = n->nodelete < 0 ? pin_graph_symbols(g, node) : NULL;
        if (s && s->n_unique_bound > 0)
                return never_unloaded(cause_unique(node, CERTAINTY_LIKELY, s->unique_bound[0]));
        return (PinCauses){};
}

/* Was every step from a root to this node read from the loader's own fields? */
static bool chain_proven(const PinGraph *g, size_t node) {
        for (size_t steps = 0; g->marks[node].parent != node && steps < g->n_nodes; steps++) {
                node = g->marks[node].parent;
                if (!g->nodes[node].anchored)
                        return false;
        }
        return g->nodes[node].permanent || g->nodes[node].opencount >= 0;
}

/* Without an opencount: what another object needs was probably not opened itself. */
static size_t needer_of_uncounted(const PinGraph *g, size_t from, size_t node) {
        bool proven;

        if (g->nodes[from].permanent || g->nodes[from].opencount >= 0)
                return PIN_NONE;
        for (size_t i = 0; i < g->n_nodes; i++)
                if (i != node && i != from && g->marks[i].used && pin_graph_holds(g, i, from, &proven))
                        return i;
        return PIN_NONE;
}

/* From a direct dependent of `node` to what was opened, or is never unloaded. */
static size_t chain_end(const PinGraph *g, size_t from, size_t node) {
        for (size_t steps = 0; steps < g->n_nodes; steps++) {
                size_t next = g->marks[from].parent != from ? g->marks[from].parent : needer_of_uncounted(g, from, node);

                if (next == PIN_NONE)
                        break;
                from = next;
        }
        return from;
}

/*
 * What holds `node` by l_initfini (PIN_HOLDER) or l_reldeps (PIN_RELDEP), of the marked nodes. A holder that was opened itself
 * and has it in DT_NEEDED is preferred, then any that has it there.
 */
static bool find_held(const PinGraph *g, size_t node, PinReason reason, PinCause *ret) {
        PinCause cause = cause_of(node, reason, CERTAINTY_LIKELY);
        int best = -1;

        for (size_t i = 0; i < g->n_nodes; i++)
                g->marks[i].counted = false;
        for (size_t i = 0; i < g->n_nodes; i++) {
                bool proven = true;
                size_t end;
                int score;

                if (i == node || !g->marks[i].used)
                        continue;
                if (reason == PIN_HOLDER ? !pin_graph_holds(g, i, node, &proven) : !pin_graph_bound(g, i, node))
                        continue;
                end = chain_end(g, i, node);
                cause.others += !g->marks[end].counted;
                g->marks[end].counted = true;
                score = reason == PIN_HOLDER && pin_graph_needs(g, i, node) ? 1 + (end == i) : 0;
                if (score <= best)
                        continue;
                best = score;
                cause.holder = end;
                cause.via = i == end ? PIN_NONE : i;
                cause.certainty = proven && chain_proven(g, i) ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
        }
        if (best < 0)
                return false;
        cause.others--;
        *ret = cause;
        return true;
}

static bool find_reldep(const PinGraph *g, size_t node, PinCause *ret) {
        size_t budget = SYMBOL_BUDGET, direct;

        if (!find_held(g, node, PIN_RELDEP, ret))
                return false;
        direct = ret->via != PIN_NONE ? ret->via : ret->holder;
        ret->symbol = pin_graph_bound_symbol(g, direct, node, /* scoped= */ true, &budget) ?:
                pin_graph_bound_symbol(g, direct, node, /* scoped= */ false, &budget);
        return true;
}

/*
 * Without l_reldeps: a library whose symbols show that it is bound to this one. Also a dependency of this one that is
 * pinned by its unique symbols: its own symbols were looked up in the scope of this object, weak copies first.
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
                if (symbol) {
                        *ret = cause_bound(node, PIN_RELDEP, i, symbol);
                        return true;
                }
        }
        return false;
}

/* Are the edges of all objects known that could hold it? Startup objects hold by marking it NODELETE, which is visible. */
static bool all_edges_known(const PinGraph *g, size_t node) {
        for (size_t i = 0; i < g->n_nodes; i++)
                if (i != node && !g->nodes[i].at_startup && g->nodes[i].namespace == g->nodes[node].namespace &&
                    !pin_graph_edges_known(g, i))
                        return false;
        return true;
}

static bool registers_destructors(const PinGraph *g, size_t node) {
        const ElfSymbols *s = pin_graph_symbols(g, node);

        return s && imports_either(s, "__cxa_thread_atexit", "__cxa_thread_atexit_impl");
}

/* The vDSO is listed, without a file. */
static bool facts_known(const PinNode *n) {
        return n->elf ? !n->elf->cut : n->object == PIN_NONE && n->path[0] == '\0';
}

/*
 * Was everything read that could show another reason than an open handle: the program's closure, the dependencies and
 * bindings of all others, pending destructors? Elimination is sound only then.
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

/* By the object's own counts. */
static void explain_counts(const PinGraph *g, size_t node, PinCauses *c) {
        const PinNode *n = g->nodes + node;
        PinCause cause;

        if (n->tls_dtors > 0)
                add(c, cause_of(node, PIN_TLS_DTOR, n->opencount == 0 && c->n_causes == 0 ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        if (n->opencount > 0)
                add(c, cause_of(node, PIN_OPEN_HANDLES, CERTAINTY_CERTAIN));
        if (c->n_causes > 0)
                return;
        if (!n->map)
                add(c, cause_of(node, PIN_UNKNOWN, CERTAINTY_BY_ELIMINATION));
        else if (guess_reldep(g, node, &cause))
                add(c, cause);
        else if (n->opencount < 0)
                add(c, cause_of(node, others_excluded(g, node) ? PIN_OPEN_HANDLES : PIN_UNKNOWN, CERTAINTY_BY_ELIMINATION));
        else if (n->tls_dtors < 0 && registers_destructors(g, node))
                add(c, cause_of(node, PIN_TLS_DTOR, CERTAINTY_LIKELY));
        else
                add(c, cause_of(node, PIN_GC_PENDING, n->tls_dtors == 0 && all_edges_known(g, node) ? CERTAINTY_CERTAIN : CERTAINTY_BY_ELIMINATION));
}

static PinCauses explain_loaded(const PinGraph *g, size_t node) {
        PinCauses c = {};
        PinCause cause;

        pin_graph_mark(g, node, /* permanent_only= */ true);
        if (find_held(g, node, PIN_HOLDER, &cause) || find_reldep(g, node, &cause))
                return never_unloaded(cause);
        pin_graph_mark(g, node, /* permanent_only= */ false);
        if (find_held(g, node, PIN_HOLDER, &cause))
                add(&c, cause);
        if (find_reldep(g, node, &cause))
                add(&c, cause);
        explain_counts(g, node, &c);
        return c;
}

PinCauses pin_causes_find(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;
        PinCauses c;

        if (n->interpreter)
                return never_unloaded(cause_of(node, PIN_INTERPRETER, CERTAINTY_CERTAIN));
        if (node == g->main)
                return never_unloaded(cause_of(node, PIN_EXECUTABLE, CERTAINTY_CERTAIN));
        if (n->at_startup)
                return never_unloaded(explain_startup(g, node));
        if (n->audit)
                return never_unloaded(cause_of(node, PIN_LD_AUDIT, CERTAINTY_LIKELY));
        if (g->context->musl)
                return never_unloaded(cause_of(node, PIN_MUSL, n->map ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY));
        c = explain_nodelete(g, node);
        return c.n_causes > 0 ? c : explain_loaded(g, node);
}
