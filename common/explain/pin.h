/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why the loader keeps what it keeps: pure, from facts to reasons.
 *
 * glibc unloads an object only inside some dlclose(), and only if it was dlopen()ed,
 * its open count is 0, it is not NODELETE, no thread-local destructor of it is
 * outstanding, and nothing that stays reaches it through l_initfini or l_reldeps
 * (elf/dl-close.c, _dl_close_worker()). The reasons are these terms, and no others.
 * musl never unloads (ldso/dynlink.c).
 */

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"
#include "report/finding.h"
#include "rtld/link-map.h"

/* One file that the process maps, or an entry of the loader's list whose file is not known. */
typedef struct PinObject {
        const char *path;       /* what to call it, raw; never NULL */
        const ElfFile *elf;     /* NULL: not ELF, or could not be read */
        const LinkMap *map;     /* NULL: not in the loader's list */
        bool executable;        /* the process's main program (/proc/PID/exe) */
        bool interpreter;       /* PT_INTERP of the main program, AT_BASE, or the loader it was started by */
} PinObject;

/* Reads the symbols of objects[index] when a reason needs them; NULL: could not. Borrowed until the next sweep step. */
typedef const ElfSymbols *(*PinSymbols)(void *userdata, size_t index);

/* What all explanations over one context have in common. */
typedef struct PinGraph PinGraph;

typedef struct PinContext {
        const PinObject *objects; /* all of the process */
        size_t n_objects;
        const LinkMapList *list;  /* NULL: could not be read */
        const size_t *map_object; /* list->maps[i] belongs to objects[map_object[i]]; SIZE_MAX: to none */
        bool musl;                /* the loader is musl's */
        bool no_loader;           /* the program is static, and no loader is linked into it */
        bool list_is_whole;       /* what is not in the list is not the loader's: it is complete, for all namespaces */
        bool namespaces_untold;   /* there are others, of which the list does not tell */
        const char *preload;      /* LD_PRELOAD of the environment and /etc/ld.so.preload, separated by spaces or colons; NULL: not known. May be forged or overwritten */
        const char *audit;        /* LD_AUDIT, DT_AUDIT likewise */
        PinSymbols symbols;
        void *userdata;
        const PinGraph *graph;    /* of pin_graph_new(), for more than one explanation; NULL: made anew for each */
} PinContext;

/* The context is borrowed: it must stay where it is. Returns 0 or -ENOMEM. */
int pin_graph_new(const PinContext *context, PinGraph **ret);
PinGraph *pin_graph_free(PinGraph *g);
DEFINE_CLEANUP(PinGraph *, pin_graph_free)

/*
 * The reasons for objects[index], strongest first, without those that make no
 * difference (an open handle on what could not be unloaded anyway). At least one.
 * *ret_runtimes: the runtimes (mask) that have opened it, or what holds it.
 * Returns 0 or -ENOMEM. The caller ends each with pin_done() and frees the array.
 */
int pins_explain(const PinContext *context, size_t index, Pin **ret_pins, size_t *ret_n, uint32_t *ret_runtimes);
