/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who would bind to whom if a library were dlopen()ed by a C program, and what would
 * stay of it after dlclose(): the loader's rules, played through. Pure.
 *
 * Scope: the program's own libraries (of a C program: the C library), then the
 * library, then what it needs, breadth first; the first definition wins (glibc
 * elf/dl-lookup.c). So a dependency may bind to the library: that holds it, unless
 * DT_NEEDED does anyway (l_reldeps). A name that is found as STB_GNU_UNIQUE for the
 * first time makes its definer NODELETE. Relocation goes by dependency, the needed
 * one first.
 */

#include "report/vocabulary.h"
#include "unload-check/dependency.h"

typedef struct Stay {
        PinReason reason;      /* nodelete, gnu-unique, holder, reldep; PIN_REASON_MAX: it does not stay */
        size_t holder;         /* of holder and reldep: index of who holds it */
        const char *symbol;    /* of gnu-unique and reldep: one that does it; borrowed from the list */
        size_t n_symbols;      /* of gnu-unique: how many */
} Stay;

/*
 * One element each of the list; the library itself, [0], is held by others or by its
 * own, but holds none: what is said of them holds once it is gone. *ret_cut: too much to be
 * played through. Returns 0 or -ENOMEM.
 */
int symbol_binding_explain(const DependencyList *l, Stay **ret, bool *ret_cut);
