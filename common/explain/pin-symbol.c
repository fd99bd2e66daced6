/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf/elf-symbols.h"
#include "explain/pin-graph.h"

const ElfSymbols *pin_graph_symbols(const PinGraph *g, size_t node) {
        size_t object = g->nodes[node].object;

        return object == PIN_NONE || !g->context->symbols ? NULL : g->context->symbols(g->context->userdata, object);
}

static bool spend(size_t *budget) {
        if (*budget == 0)
                return false;
        (*budget)--;
        return true;
}

/* Does an object before `to` in the lookup scope export the name? First the startup objects, then the dependencies of `from`. */
static bool found_before(const PinGraph *g, size_t from, size_t to, const char *name, size_t *budget) {
        bool proven;

        for (size_t i = 0; i < g->n_nodes; i++) {
                const ElfSymbols *s;

                if (i == to || g->nodes[i].namespace != g->nodes[to].namespace)
                        continue;
                if (!g->nodes[i].at_startup && i != from && !pin_graph_holds(g, from, i, &proven))
                        continue;
                if (!spend(budget))
                        return true;
                s = pin_graph_symbols(g, i);
                if (s && elf_symbols_contain(s->exports, s->n_exports, name))
                        return true;
        }
        return false;
}

typedef struct Table {
        const char *const *names;
        size_t n;
} Table;

static const char *first_common(const PinGraph *g, size_t from, size_t to, Table used, Table offered, bool scoped, size_t *budget) {
        for (size_t a = 0, b = 0; a < used.n && b < offered.n && spend(budget);) {
                int r = strcmp(used.names[a], offered.names[b]);

                if (r == 0 && !(scoped && found_before(g, from, to, used.names[a], budget)))
                        return used.names[a];
                a += r <= 0;
                b += r >= 0;
        }
        return NULL;
}

const char *pin_graph_bound_symbol(const PinGraph *g, size_t from, size_t to, bool scoped, size_t *budget) {
        const ElfSymbols *f = pin_graph_symbols(g, from), *t = pin_graph_symbols(g, to);
        const char *symbol;

        if (!f || !t)
                return NULL;
        symbol = first_common(g, from, to, (Table){ f->imports, f->n_imports }, (Table){ t->exports, t->n_exports }, scoped, budget);
        if (!symbol && !scoped)
                symbol = first_common(g, from, to, (Table){ f->exports, f->n_exports },
                                      (Table){ t->weak_exports, t->n_weak_exports }, scoped, budget);
        return symbol;
}
