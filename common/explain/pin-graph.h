/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The shared objects of one process and the edges along which _dl_close_worker() (glibc
 * elf/dl-close.c) marks what is in use. Where l_initfini and l_reldeps are not known,
 * DT_NEEDED stands in for them. Pure, not recursive, bounded.
 */

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"
#include "report/vocabulary.h"
#include "rtld/link-map.h"

#define PIN_NONE SIZE_MAX

/* A mapped file. */
typedef struct PinObject {
        const char *path;       /* raw; never NULL */
        const ElfFile *elf;     /* NULL: not ELF, or could not be read */
        const LinkMap *map;     /* NULL: not in the link_map chain */
        bool executable;        /* /proc/PID/exe */
        bool interpreter;       /* PT_INTERP of the main program, AT_BASE, or the loader that was run as a command */
} PinObject;

/* Reads the symbols of objects[index]. NULL: could not. Borrowed until the next sweep step. */
typedef const ElfSymbols *(*PinSymbols)(void *userdata, size_t index);

typedef struct PinContext {
        const PinObject *objects; /* all of the process */
        size_t n_objects;
        const LinkMapList *list;  /* NULL: could not be read */
        const size_t *map_object; /* list->maps[i] belongs to objects[map_object[i]]; SIZE_MAX: to none */
        bool musl;                /* musl's loader */
        bool no_loader;           /* a static program without a loader linked into it */
        bool list_is_whole;       /* complete, for all namespaces: what is not listed was not loaded */
        bool namespaces_missing;  /* the list covers one of several namespaces only */
        const char *preload;      /* LD_PRELOAD and /etc/ld.so.preload, separated by spaces or colons; may be forged; NULL: not known */
        const char *audit;        /* LD_AUDIT and DT_AUDIT, likewise */
        PinSymbols symbols;
        void *userdata;
} PinContext;

typedef struct PinNode {
        const LinkMap *map;  /* NULL: the link_map chain could not be read */
        const ElfFile *elf;  /* NULL: not known */
        const char *path;
        size_t object;       /* index into the context's objects, or PIN_NONE */
        unsigned namespace;
        bool anchored;       /* the loader's private fields are known */
        LinkType type;       /* of the private fields, as below; LINK_TYPE_UNKNOWN and -1: not known */
        int64_t opencount, tls_dtors;
        bool interpreter;
        bool at_startup;     /* loaded before the program ran */
        bool audit;          /* an LD_AUDIT module */
        bool nodelete_flag;  /* DF_1_NODELETE in what is mapped */
        int nodelete;        /* never unloaded, by that flag or l_nodelete: 1, 0, or -1: not known */
        bool permanent;      /* never unloaded, for a reason of its own */
        bool root;           /* stays for a reason of its own, or may do so */
        size_t needed_by;    /* parent in the DT_NEEDED closure of the main program; itself: the main program; PIN_NONE: not in it */
        size_t first_needed, n_needed; /* into PinGraph.needed */
} PinNode;

typedef struct PinMark {
        bool used;           /* stays loaded */
        bool counted;        /* scratch for pin-cause.c */
        size_t parent;       /* the node it was reached from; itself for a root */
        size_t queued;       /* a queue of nodes, in the same array */
} PinMark;

/* A name that DT_NEEDED may use for a node. */
typedef struct PinName {
        const char *name;
        size_t node;
        unsigned namespace;
        unsigned rank;       /* 0: compared by the loader (soname, l_name); higher: less likely */
} PinName;

typedef struct PinGraph {
        const PinContext *context;
        PinNode *nodes;      /* nodes[i] is list->maps[i]; without a list: one for each ELF object */
        size_t n_nodes;
        PinName *names;      /* sorted */
        size_t n_names;
        size_t *needed;      /* nodes; PIN_NONE: not found */
        size_t n_needed;
        PinMark *marks;      /* n_nodes: what pin_graph_mark() found last */
        size_t main;         /* the main program, or PIN_NONE */
        bool closure_whole;  /* all of the main program's DT_NEEDED closure was found and read */
} PinGraph;

/* Borrows the context, which must not move. Returns 0 or -ENOMEM. */
int pin_graph_new(const PinContext *context, PinGraph **ret);
PinGraph *pin_graph_free(PinGraph *g);
DEFINE_CLEANUP(PinGraph *, pin_graph_free)

/* Does DT_NEEDED of `from` name `to`? */
bool pin_graph_needs(const PinGraph *g, size_t from, size_t to);

/* Does a list like LD_PRELOAD name the file? NULL list: no. l_name and soname may be NULL. */
bool pin_list_names(const char *list, const char *l_name, const char *path, const char *soname);
bool pin_graph_named(const PinGraph *g, size_t node, const char *list);

/*
 * Marks, in g->marks, what would stay loaded if only others held `node`: what is reachable without passing
 * through it. permanent_only: from what is never unloaded, not from all roots.
 */
void pin_graph_mark(const PinGraph *g, size_t node, bool permanent_only);

/* Is `to` in l_initfini of `from`, or else its DT_NEEDED? *ret_proven: in l_initfini. */
bool pin_graph_holds(const PinGraph *g, size_t from, size_t to, bool *ret_proven);
/* Is `to` in l_reldeps of `from`? */
bool pin_graph_bound(const PinGraph *g, size_t from, size_t to);
/* Are l_initfini and l_reldeps of `node` known? */
bool pin_graph_edges_known(const PinGraph *g, size_t node);

/* --- pin-symbol.c --- */

/* NULL: could not be read. Borrowed, as from PinSymbols. */
const ElfSymbols *pin_graph_symbols(const PinGraph *g, size_t node);

/*
 * A symbol that `from` imports and `to` exports; `scoped`: and no object before `to` in the lookup scope does.
 * Not `scoped`: also one that `from` defines itself, where `to` has a weak definition that may have been preferred.
 * Each comparison takes one off *budget. NULL: none, or the budget is spent.
 */
const char *pin_graph_bound_symbol(const PinGraph *g, size_t from, size_t to, bool scoped, size_t *budget);
