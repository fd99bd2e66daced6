/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The reasons for one node of the graph, before they are put into words. Internal to
 * pin.c, pin-cause.c and pin-detail.c.
 */

#include "elf/elf-symbols.h"
#include "explain/pin-graph.h"

typedef struct PinCause {
        PinReason reason;
        Certainty certainty;
        size_t node;          /* of what it is the reason, or PIN_NONE: not in the loader's list */
        size_t holder;        /* what would have to go: at the end of the chain, what was opened or stays for ever; or PIN_NONE */
        size_t via;           /* what depends on it directly, where that is another; or PIN_NONE */
        size_t others;        /* how many such holders there are besides */
        const char *symbol;   /* what the holder (or via) is bound to, or its own unique symbol; borrowed; NULL: not known */
} PinCause;

#define PIN_CAUSES_MAX 4

typedef struct PinCauses {
        PinCause causes[PIN_CAUSES_MAX];
        size_t n_causes;
        bool permanent;       /* nothing but the end of the process would end it */
} PinCauses;

/* Strongest first, at least one. Returns 0 or -ENOMEM. */
int pin_causes_find(const PinGraph *g, size_t node, PinCauses *ret);

/* The evidence in a clause, escaped. The caller frees; NULL: no memory. */
char *pin_cause_detail(const PinGraph *g, const PinCause *cause);

/* --- pin-runtime.c: what has opened it --- */

/* The runtimes (mask) whose the open handles of a node are; 0: of the program, of nothing that is known, or there are none. */
uint32_t pin_opener_runtimes(const PinGraph *g, size_t node);
/* That of the main program, by its name; 0: none that is known. */
uint32_t pin_program_runtime(const PinContext *c);

/* --- pin-symbol.c: what the symbol tables say --- */

const ElfSymbols *pin_graph_symbols(const PinGraph *g, size_t node);

/*
 * A symbol that `from` uses and `to` exports, although nothing that the loader would
 * have asked first exports it too (`scoped`), or at least: in spite of such. Symbols
 * that `from` defines itself count where `to` has them as weak ones, for the loader
 * may have preferred those. NULL: none, or not to be found with bounded work.
 */
const char *pin_graph_bound_symbol(const PinGraph *g, size_t from, size_t to, bool scoped, size_t *budget);
