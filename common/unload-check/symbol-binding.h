/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Simulates dlopen() of a library by a C program: which symbols bind to which objects,
 * and what stays loaded after dlclose(). Pure.
 *
 * Lookup scope: the program's own libraries (of a C program: the C library), then the
 * library, then its dependencies, breadth first; the first definition wins (glibc
 * elf/dl-lookup.c). So a dependency may bind to the library, and hold it (l_reldeps). The
 * first lookup that binds to an STB_GNU_UNIQUE symbol makes its object NODELETE.
 * Dependencies are relocated first.
 */

#include "report/vocabulary.h"
#include "unload-check/dependency.h"

typedef struct Stay {
        PinReason reason;      /* nodelete, gnu-unique, holder, reldep; PIN_REASON_MAX: it is unloaded */
        size_t holder;         /* for holder and reldep: index into the list */
        const char *symbol;    /* for gnu-unique and reldep: the first one; borrowed from the list */
        size_t n_symbols;      /* for gnu-unique */
} Stay;

/*
 * *ret: one element for each of the list, owned by the caller. The library itself, [0], holds none: the others are as after
 * it is gone. *ret_cut: there was too much to simulate. Returns 0 or -ENOMEM.
 */
int symbol_binding_explain(const DependencyList *l, Stay **ret, bool *ret_cut);
