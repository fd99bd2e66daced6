/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "elf/elf-symbols.h"
#include "unload-check/symbol-binding.h"

/* Distinct names of STB_GNU_UNIQUE that are simulated: LLVM has some thousand. */
#define UNIQUE_MAX 65536u

typedef struct Simulation {
        const DependencyList *list;
        size_t n;
        bool *reaches;         /* [from * n + to]: by DT_NEEDED, in any number of steps */
        size_t *order;         /* of relocation */
        const char **unique;   /* all such names, sorted */
        size_t n_unique, allocated_unique;
        Stay *stays;
        bool cut;
} Simulation;

static void simulation_done(Simulation *p) {
        free(p->reaches);
        free(p->order);
        free(p->unique);
        free(p->stays);
}

static const ElfSymbols *symbols(const Simulation *p, size_t i) {
        return &p->list->items[i].symbols;
}

static bool reaches(const Simulation *p, size_t from, size_t to) {
        return p->reaches[from * p->n + to];
}

static int reaches_fill(Simulation *p) {
        _cleanup_free_ size_t *queue = calloc(p->n, sizeof(*queue));

        p->reaches = calloc(p->n * p->n, sizeof(*p->reaches));
        if (!queue || !p->reaches)
                return -ENOMEM;
        for (size_t from = 0; from < p->n; from++) {
                bool *row = p->reaches + from * p->n;
                size_t tail = 0;

                row[from] = true;
                queue[tail++] = from;
                for (size_t head = 0; head < tail; head++) {
                        const Dependency *d = &p->list->items[queue[head]];

                        for (size_t i = 0; i < d->n_needs; i++)
                                if (!row[d->needs[i]]) {
                                        row[d->needs[i]] = true;
                                        queue[tail++] = d->needs[i];
                                }
                }
        }
        return 0;
}

/* Topological: what reaches the fewest others comes first; the later of the list among equals. */
static int order_fill(Simulation *p) {
        _cleanup_free_ size_t *weights = calloc(p->n, sizeof(*weights));

        p->order = calloc(p->n, sizeof(*p->order));
        if (!weights || !p->order)
                return -ENOMEM;
        for (size_t i = 0; i < p->n; i++)
                for (size_t j = 0; j < p->n; j++)
                        weights[i] += reaches(p, i, j);
        for (size_t k = 0; k < p->n; k++) {
                size_t best = SIZE_MAX;

                for (size_t i = p->n; i-- > 0;)
                        if (weights[i] > 0 && (best == SIZE_MAX || weights[i] < weights[best]))
                                best = i;
                weights[best] = 0;
                p->order[k] = best;
        }
        return 0;
}

/*
 * Does a reference in `from` match the definition in `to`? A versioned definition matches only references that were
 * linked against it, or that have no version; references to own definitions have the own version (check_match()).
 */
static bool matches(const Simulation *p, size_t from, size_t to, const char *name) {
        const ElfSymbols *s = symbols(p, to), *f = symbols(p, from);

        if (!elf_symbols_contain(s->exports, s->n_exports, name))
                return false;
        if (!s->versioned || from == to)
                return true;
        if (elf_symbols_contain(f->imports, f->n_imports, name))
                return reaches(p, from, to);
        return !f->versioned;
}

/* The index of the object that a reference binds to, or SIZE_MAX. */
static size_t resolve(const Simulation *p, size_t from, const char *name) {
        for (size_t pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < p->n; i++)
                        if (p->list->items[i].startup == (pass == 0) && matches(p, from, i, name))
                                return i;
        return SIZE_MAX;
}

static int name_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int unique_fill(Simulation *p) {
        size_t n = 0;

        for (size_t i = 0; i < p->n; i++)
                for (size_t j = 0; j < symbols(p, i)->n_unique; j++) {
                        if (p->n_unique == UNIQUE_MAX) {
                                p->cut = true;
                                return 0;
                        }
                        if (!GROW(p->unique, p->allocated_unique, p->n_unique + 1))
                                return -ENOMEM;
                        p->unique[p->n_unique++] = symbols(p, i)->unique[j];
                }
        if (p->n_unique > 1)
                qsort(p->unique, p->n_unique, sizeof(*p->unique), name_compare);
        for (size_t i = 0; i < p->n_unique; i++)
                if (n == 0 || !streq(p->unique[n - 1], p->unique[i]))
                        p->unique[n++] = p->unique[i];
        p->n_unique = n;
        return 0;
}

/* The first lookup that ends in a unique definition decides. */
static void simulate_unique(Simulation *p, const char *name) {
        for (size_t k = 0; k < p->n; k++) {
                size_t from = p->order[k], to;
                const ElfSymbols *s = symbols(p, from);

                if (p->list->items[from].startup || !elf_symbols_contain(s->bound, s->n_bound, name))
                        continue;
                to = resolve(p, from, name);
                if (to == SIZE_MAX || !elf_symbols_contain(symbols(p, to)->unique, symbols(p, to)->n_unique, name))
                        continue;
                if (!p->list->items[to].startup && p->stays[to].reason != PIN_NODELETE) {
                        p->stays[to].reason = PIN_GNU_UNIQUE;
                        if (p->stays[to].n_symbols++ == 0)
                                p->stays[to].symbol = name;
                }
                return;
        }
}

/* A name by which `from` binds to `to`, or NULL. */
static const char *bound_by(const Simulation *p, size_t from, size_t to) {
        const ElfSymbols *f = symbols(p, from), *t = symbols(p, to);

        for (size_t i = 0, j = 0; i < f->n_bound && j < t->n_exports;) {
                int order = strcmp(f->bound[i], t->exports[j]);

                if (order == 0 && resolve(p, from, f->bound[i]) == to)
                        return f->bound[i];
                i += order <= 0;
                j += order >= 0;
        }
        return NULL;
}

/* What stays holds what it needs and what it is bound to; these then do the same. */
static void hold_from(Simulation *p, size_t from, size_t *queue, size_t *tail) {
        for (size_t to = 0; to < p->n; to++) {
                Stay stay = { .reason = PIN_HOLDER, .holder = from };

                if (to == from || p->stays[to].reason != PIN_REASON_MAX || p->list->items[to].startup)
                        continue;
                if (!reaches(p, from, to)) {
                        stay.reason = PIN_RELDEP;
                        stay.symbol = bound_by(p, from, to);
                        if (!stay.symbol)
                                continue;
                }
                p->stays[to] = stay;
                if (to != 0)
                        queue[(*tail)++] = to;
        }
}

static int simulate_holds(Simulation *p) {
        _cleanup_free_ size_t *queue = calloc(p->n, sizeof(*queue));
        size_t tail = 0;

        if (!queue)
                return -ENOMEM;
        for (size_t i = 1; i < p->n; i++)
                if (p->stays[i].reason != PIN_REASON_MAX)
                        queue[tail++] = i;
        for (size_t head = 0; head < tail; head++)
                hold_from(p, queue[head], queue, &tail);
        return 0;
}

int symbol_binding_explain(const DependencyList *l, Stay **ret, bool *ret_cut) {
        _cleanup_(simulation_done) Simulation p = { .list = l, .n = l->n };
        int r;

        p.stays = calloc(p.n, sizeof(*p.stays));
        if (!p.stays)
                return -ENOMEM;
        for (size_t i = 0; i < p.n; i++)
                p.stays[i].reason = elf_file_nodelete(&l->items[i].elf) && !l->items[i].startup ? PIN_NODELETE : PIN_REASON_MAX;
        if ((r = reaches_fill(&p)) < 0 || (r = order_fill(&p)) < 0 || (r = unique_fill(&p)) < 0)
                return r;
        for (size_t i = 0; i < p.n_unique; i++)
                simulate_unique(&p, p.unique[i]);
        r = simulate_holds(&p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p.stays);
        *ret_cut = p.cut;
        return 0;
}
