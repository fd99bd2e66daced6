/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a program has its struct r_debug (link.h) if the auxiliary vector does not lead to a DT_DEBUG. */

#include "judge/examination.h"

/*
 * By the symbol _r_debug of the program. Sets x->no_loader where it is static and has none. Returns 0, -ENODATA or -errno:
 * not found.
 */
int r_debug_find(Examination *x, uint64_t *ret);
