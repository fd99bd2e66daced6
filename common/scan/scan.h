/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What outlives a sweep: ELF facts of files already read, the results of the last examination
 * of each process, the baseline against which in-place writes are detected. Keep one for the
 * life of the daemon; a one-shot scan makes one. Its contents: sweep-context.h.
 */

#include "util/base.h"

typedef struct Scan Scan;

/* Returns NULL on lack of memory. */
Scan *scan_new(void);
/* Accepts NULL, returns NULL. */
Scan *scan_free(Scan *scan);
DEFINE_CLEANUP(Scan *, scan_free)
