/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who keeps whom: the loader's objects of one process and the edges along which
 * _dl_close_worker() (glibc elf/dl-close.c) marks what is still used. Where the
 * loader's own edges (l_initfini, l_reldeps) are not known, DT_NEEDED stands in for
 * them. Pure; no recursion; all work is bounded.
 */

#include "explain/pin.h"

#define PIN_NONE SIZE_MAX

typedef struct PinNode {
        const LinkMap *map;  /* NULL: the loader's list could not be read */
        const ElfFile *elf;  /* NULL: not known */
        const char *path;    /* what to call it */
        size_t object;       /* index into the context's objects, or PIN_NONE */
        unsigned namespace;
        bool interpreter;
        bool at_startup;     /* loaded before the program began to run */
        bool audit;          /* an LD_AUDIT module */
        bool nodelete_flag;  /* DF_1_NODELETE in what is mapped */
        int nodelete;        /* 1: never unloaded, by that flag or because the loader marked it so; 0: not; -1: not known */
        bool permanent;      /* never unloaded, for a reason of its own */
        bool root;           /* stays for a reason of its own, as far as is known */
        size_t needed_by;    /* the closure of the main program by DT_NEEDED, as a tree: itself for the main program, PIN_NONE: not in it */
        size_t first_needed, n_needed; /* into PinGraph.needed */
} PinNode;

/* A name by which a node can be DT_NEEDED. */
typedef struct PinName {
        const char *name;
        size_t node;
        unsigned namespace;
        unsigned rank;       /* 0: what the loader compares for sure (soname, l_name); higher: what it may have asked for */
} PinName;

struct PinGraph {
        const PinContext *context;
        PinNode *nodes;      /* nodes[i] is list->maps[i]; without a list: one for each ELF object */
        size_t n_nodes;
        PinName *names;      /* sorted */
        size_t n_names;
        size_t *needed;      /* nodes; PIN_NONE: a name that no node has */
        size_t n_needed;
        size_t main;         /* the main program, or PIN_NONE */
        bool closure_whole;  /* all that the closure needs was found and could be read */
};

/* Does the ELF file of `from` name `to` in its DT_NEEDED? */
bool pin_graph_needs(const PinGraph *g, size_t from, size_t to);

/* Does a list like LD_PRELOAD name the file? NULL list: no. l_name and soname may be NULL. */
bool pin_list_names(const char *list, const char *l_name, const char *path, const char *soname);
bool pin_graph_named(const PinGraph *g, size_t node, const char *list);

/*
 * Marks, in used[n_nodes], what would stay in the loader if nothing but others kept
 * `node` itself: what is reachable without passing through it. permanent_only: what
 * would stay for ever. parents[n_nodes]: from where it was reached; itself for a root.
 * Returns 0 or -ENOMEM.
 */
int pin_graph_mark(const PinGraph *g, size_t node, bool permanent_only, bool *used, size_t *parents);

/* Has `from` an edge of this kind to `to`? *ret_proven: by the loader's own fields; pin_graph_bound() always is. */
bool pin_graph_holds(const PinGraph *g, size_t from, size_t to, bool *ret_proven);
bool pin_graph_bound(const PinGraph *g, size_t from, size_t to);
/* Are all edges of `node` known from the loader's own fields? */
bool pin_graph_edges_known(const PinGraph *g, size_t node);
