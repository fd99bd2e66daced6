/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "explain/pin-graph.h"

/* DT_NEEDED entries of one process; a large one has some thousand. */
#define NEEDED_MAX (1u << 17)
/* Entries of LD_PRELOAD or LD_AUDIT. */
#define ENTRIES_MAX 256

static const PinNode unknown_node = { .path = "", .object = PIN_NONE, .needed_by = PIN_NONE, .type = LINK_TYPE_UNKNOWN,
                                      .opencount = -1, .tls_dtors = -1 };

static void set_object(const PinGraph *g, PinNode *node, size_t index) {
        const PinObject *o = g->context->objects + index;

        node->object = index;
        node->elf = o->elf;
        node->path = o->path;
        node->interpreter = o->interpreter;
}

static void set_map(PinNode *node, const LinkMap *map) {
        node->map = map;
        node->path = map->l_name ?: "";
        node->namespace = map->namespace;
        node->anchored = map->anchored;
        if (!map->anchored)
                return;
        node->type = map->type;
        node->opencount = map->opencount;
        node->tls_dtors = map->tls_dtors;
}

/* One node for each entry of the link_map chain. */
static void nodes_from_list(PinGraph *g) {
        const PinContext *c = g->context;

        for (size_t i = 0; i < c->list->n_maps; i++) {
                PinNode *node = g->nodes + g->n_nodes++;

                *node = unknown_node;
                set_map(node, c->list->maps + i);
                if (c->map_object && c->map_object[i] < c->n_objects)
                        set_object(g, node, c->map_object[i]);
        }
        /* It leads the list of the main namespace: elf/rtld.c, and musl ldso/dynlink.c. */
        g->main = 0;
}

/* Without the link_map chain: one node for each mapped ELF file. */
static void nodes_from_objects(PinGraph *g) {
        const PinContext *c = g->context;

        for (size_t i = 0; i < c->n_objects; i++) {
                if (!c->objects[i].elf)
                        continue;
                if (c->objects[i].executable && !c->objects[i].interpreter)
                        g->main = g->n_nodes;
                g->nodes[g->n_nodes] = unknown_node;
                set_object(g, g->nodes + g->n_nodes++, i);
        }
}

static int compare_numbers(size_t a, size_t b) {
        return (a > b) - (a < b);
}

static int compare_keys(const PinName *a, const PinName *b) {
        return compare_numbers(a->namespace, b->namespace) ?: strcmp(a->name, b->name);
}

static int compare_names(const void *p, const void *q) {
        const PinName *a = p, *b = q;

        return compare_keys(a, b) ?: compare_numbers(a->rank, b->rank) ?: compare_numbers(a->node, b->node);
}

static void add_name(PinGraph *g, size_t node, const char *name, unsigned rank) {
        if (name && name[0] != '\0')
                g->names[g->n_names++] = (PinName){ name, node, g->nodes[node].namespace, rank };
}

/* A library without a soname is known by its file name. */
static void collect_names(PinGraph *g) {
        for (size_t i = 0; i < g->n_nodes; i++) {
                const PinNode *node = g->nodes + i;
                const char *soname = node->elf ? node->elf->soname : NULL;

                add_name(g, i, soname, 0);
                if (node->map && node->map->l_name) {
                        add_name(g, i, node->map->l_name, 0);
                        add_name(g, i, base_name(node->map->l_name), soname ? 2 : 1);
                }
                add_name(g, i, base_name(node->path), soname ? 3 : 2);
        }
        if (g->n_names > 0)
                qsort(g->names, g->n_names, sizeof(*g->names), compare_names);
}

/* Of several the best by rank, then the first in the list, as the loader does. */
static size_t find_name(const PinGraph *g, unsigned namespace, const char *name) {
        PinName key = { .name = name, .namespace = namespace };
        size_t low = 0, high = g->n_names;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare_keys(g->names + middle, &key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < g->n_names && compare_keys(g->names + low, &key) == 0 ? g->names[low].node : PIN_NONE;
}

/* With a dynamic string token such as $ORIGIN, only the last component is compared: the expansion is not known. */
static size_t find_needed(const PinGraph *g, unsigned namespace, const char *name) {
        return find_name(g, namespace, strchr(name, '$') ? base_name(name) : name);
}

/* A missing auxiliary library is not an error. */
static int resolve_node(PinGraph *g, PinNode *node, size_t *allocated) {
        const ElfFile *elf = node->elf;

        node->first_needed = g->n_needed;
        for (size_t k = 0; elf && k < elf->n_needed + elf->n_auxiliary && g->n_needed < NEEDED_MAX; k++) {
                const bool auxiliary = k >= elf->n_needed;
                const size_t to = find_needed(g, node->namespace, auxiliary ? elf->auxiliary[k - elf->n_needed] : elf->needed[k]);

                if (auxiliary && to == PIN_NONE)
                        continue;
                if (!GROW(g->needed, *allocated, g->n_needed + 1))
                        return -ENOMEM;
                g->needed[g->n_needed++] = to;
                node->n_needed++;
        }
        return 0;
}

static int resolve_needed(PinGraph *g) {
        size_t allocated = 0;
        int r = GROW(g->needed, allocated, 1) ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < g->n_nodes; i++)
                r = resolve_node(g, g->nodes + i, &allocated);
        return r;
}

/* Breadth first, so that the chain from the main program to a library is a shortest one. */
static void walk_closure(PinGraph *g) {
        size_t tail = 0;

        g->closure_whole = true;
        g->nodes[g->main].needed_by = g->main;
        g->marks[tail++].queued = g->main;
        for (size_t head = 0; head < tail; head++) {
                const size_t from = g->marks[head].queued;
                const PinNode *node = g->nodes + from;

                if (!node->elf || node->elf->cut || node->n_needed < node->elf->n_needed)
                        g->closure_whole = false;
                for (size_t k = 0; k < node->n_needed; k++) {
                        size_t to = g->needed[node->first_needed + k];

                        if (to == PIN_NONE)
                                g->closure_whole = false;
                        else if (g->nodes[to].needed_by == PIN_NONE) {
                                g->nodes[to].needed_by = from;
                                g->marks[tail++].queued = to;
                        }
                }
        }
}

/*
 * An entry without a slash, with a dynamic string token, or relative to a working directory that is not known, is
 * compared by its last component.
 */
static bool entry_names(const char *entry, size_t length, const char *const *names, size_t n_names) {
        const char *slash = memrchr(entry, '/', length);
        bool whole = slash && entry[0] == '/' && !memchr(entry, '$', length);

        if (slash && !whole) {
                length -= (size_t) (slash + 1 - entry);
                entry = slash + 1;
        }
        for (size_t i = 0; i < n_names; i++) {
                const char *name = !names[i] ? NULL : whole ? names[i] : base_name(names[i]);

                if (name && length > 0 && strlen(name) == length && memcmp(name, entry, length) == 0)
                        return true;
        }
        return false;
}

bool pin_list_names(const char *list, const char *l_name, const char *path, const char *soname) {
        const char *const names[] = { l_name, path, soname };
        static const char separators[] = " \t\n:";

        for (size_t n = 0; list && *list && n < ENTRIES_MAX; n++) {
                size_t length = strcspn(list, separators);

                if (entry_names(list, length, names, ELEMENTSOF(names)))
                        return true;
                list += length;
                list += strspn(list, separators);
        }
        return false;
}

bool pin_graph_named(const PinGraph *g, size_t node, const char *list) {
        const PinNode *n = g->nodes + node;

        return pin_list_names(list, n->map ? n->map->l_name : NULL, n->path, n->elf ? n->elf->soname : NULL);
}

static bool nodelete_flag(const PinNode *n) {
        if (n->map && n->map->dynamic_read)
                return (n->map->flags_1 & DF_1_NODELETE) != 0;
        return n->elf && elf_file_nodelete(n->elf);
}

static bool loaded_at_startup(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;

        if (node == g->main || n->interpreter)
                return true;
        if (n->type != LINK_TYPE_UNKNOWN)
                return n->type != LINK_LOADED;
        return n->needed_by != PIN_NONE || (n->namespace == 0 && pin_graph_named(g, node, g->context->preload));
}

/* If the file was modified under the process, the flag may be the new file's. */
static int marked_nodelete(const PinNode *n) {
        int marked = n->anchored ? n->map->nodelete : -1;

        if (marked == 0 && n->nodelete_flag && n->map->differs_from_file != 1)
                return 1;
        return marked >= 0 ? marked : n->nodelete_flag ? 1 : -1;
}

static void classify(PinGraph *g) {
        for (size_t i = 0; i < g->n_nodes; i++) {
                PinNode *n = g->nodes + i;

                n->at_startup = loaded_at_startup(g, i);
                n->audit = n->namespace != 0 && pin_graph_named(g, i, g->context->audit);
                n->nodelete_flag = nodelete_flag(n);
                n->nodelete = marked_nodelete(n);
                n->permanent = n->at_startup || n->audit || g->context->musl || n->nodelete == 1;
                n->root = n->permanent || n->opencount != 0 || n->tls_dtors > 0; /* -1: it may be open */
        }
}

static int fill_graph(PinGraph *g) {
        bool listed = g->context->list && g->context->list->n_maps > 0;
        size_t n = listed ? g->context->list->n_maps : g->context->n_objects;
        int r;

        g->main = PIN_NONE;
        g->nodes = calloc(n + 1, sizeof(*g->nodes));
        g->marks = calloc(n + 1, sizeof(*g->marks));
        g->names = calloc(4 * n + 1, sizeof(*g->names));
        if (!g->nodes || !g->marks || !g->names)
                return -ENOMEM;
        if (listed)
                nodes_from_list(g);
        else
                nodes_from_objects(g);
        collect_names(g);
        r = resolve_needed(g);
        if (r < 0)
                return r;
        if (g->main != PIN_NONE)
                walk_closure(g);
        classify(g);
        return 0;
}

int pin_graph_new(const PinContext *context, PinGraph **ret) {
        _cleanup_(pin_graph_freep) PinGraph *g = calloc(1, sizeof(*g));
        int r;

        if (!g)
                return -ENOMEM;
        g->context = context;
        r = fill_graph(g);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        return 0;
}

PinGraph *pin_graph_free(PinGraph *g) {
        if (g) {
                free(g->nodes);
                free(g->marks);
                free(g->names);
                free(g->needed);
                free(g);
        }
        return NULL;
}

static bool contains(const size_t *array, size_t n, size_t value) {
        for (size_t i = 0; i < n; i++)
                if (array[i] == value)
                        return true;
        return false;
}

bool pin_graph_needs(const PinGraph *g, size_t from, size_t to) {
        return contains(g->needed + g->nodes[from].first_needed, g->nodes[from].n_needed, to);
}

static bool knows_initfini(const PinNode *n) {
        return n->anchored && n->map->initfini_known;
}

static bool knows_reldeps(const PinNode *n) {
        return n->anchored && n->map->reldeps_known;
}

typedef struct Marking {
        const PinGraph *graph;
        size_t except, tail;
} Marking;

static void mark(Marking *m, size_t node, size_t from) {
        const PinGraph *g = m->graph;

        if (node >= g->n_nodes || node == m->except || g->marks[node].used ||
            g->nodes[node].namespace != g->nodes[from].namespace)
                return;
        g->marks[node].used = true;
        g->marks[node].parent = from;
        g->marks[m->tail++].queued = node;
}

static void mark_edges(Marking *m, size_t from, const size_t *to, size_t n) {
        for (size_t i = 0; i < n; i++)
                mark(m, to[i], from);
}

void pin_graph_mark(const PinGraph *g, size_t node, bool permanent_only) {
        Marking m = { g, node, 0 };

        memset(g->marks, 0, g->n_nodes * sizeof(*g->marks));
        for (size_t i = 0; i < g->n_nodes; i++)
                if (permanent_only ? g->nodes[i].permanent : g->nodes[i].root)
                        mark(&m, i, i);
        for (size_t head = 0; head < m.tail; head++) {
                const size_t from = g->marks[head].queued;
                const PinNode *n = g->nodes + from;

                if (knows_initfini(n))
                        mark_edges(&m, from, n->map->initfini, n->map->n_initfini);
                else
                        mark_edges(&m, from, g->needed + n->first_needed, n->n_needed);
                if (knows_reldeps(n))
                        mark_edges(&m, from, n->map->reldeps, n->map->n_reldeps);
        }
}

bool pin_graph_holds(const PinGraph *g, size_t from, size_t to, bool *ret_proven) {
        const PinNode *node = g->nodes + from;

        if (node->namespace != g->nodes[to].namespace)
                return false;
        *ret_proven = knows_initfini(node);
        return *ret_proven ? contains(node->map->initfini, node->map->n_initfini, to) : pin_graph_needs(g, from, to);
}

bool pin_graph_bound(const PinGraph *g, size_t from, size_t to) {
        const PinNode *node = g->nodes + from;

        return knows_reldeps(node) && node->namespace == g->nodes[to].namespace &&
               contains(node->map->reldeps, node->map->n_reldeps, to);
}

bool pin_graph_edges_known(const PinGraph *g, size_t node) {
        return knows_initfini(g->nodes + node) && knows_reldeps(g->nodes + node);
}
