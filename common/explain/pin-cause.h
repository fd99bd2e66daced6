/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Detection: why a node of the graph stays loaded, and the evidence for it. Pure. */

#include "elf/elf-symbols.h"
#include "explain/pin-graph.h"

typedef struct PinCause {
        PinReason reason;
        Certainty certainty;
        size_t node;          /* what stays, or PIN_NONE: not in the link_map chain */
        size_t holder;        /* what holds it: was opened, or is never unloaded itself; or PIN_NONE */
        size_t via;           /* what depends on it directly, if that is not the holder; or PIN_NONE */
        size_t others;        /* the number of further holders */
        const char *symbol;   /* the one that is bound, or the unique one; borrowed; NULL: not known */
} PinCause;

#define PIN_CAUSES_MAX 4

typedef struct PinCauses {
        PinCause causes[PIN_CAUSES_MAX]; /* strongest first, at least one */
        size_t n_causes;
        bool permanent;       /* the node is never unloaded */
} PinCauses;

PinCauses pin_causes_find(const PinGraph *g, size_t node);

/* --- pin-detail.c --- */

/* The evidence as a clause, escaped. The caller frees. NULL: no memory. */
char *pin_cause_detail(const PinGraph *g, const PinCause *cause);

/* --- pin-runtime.c --- */

/* The runtimes (mask) that opened the node; 0: the program or an unknown one did, or it is not open. */
uint32_t pin_opener_runtimes(const PinGraph *g, size_t node);
/* That of the main program, by its file name; 0: none. */
uint32_t pin_program_runtime(const PinContext *c);
