/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One row for each PinReason: what removes it, and all that is said of it. The order of the
 * enum is that of strength. Pure.
 */

#include "report/finding.h"

/* What removes this pin alone. ACTION_RESTART: only the end of the process does. */
Action pin_action(const Finding *f, const Pin *p);

/* The reason as a clause about "it", without the evidence; escaped. The caller frees. NULL: no memory. */
char *pin_phrase(const Finding *f, const Pin *p);

/* What the author of the library or of the program can do: a sentence. NULL: nothing. Static. */
const char *pin_remedy(const Finding *f, const Pin *p);

/* The evidence as a clause, where it is always the same. NULL: pin-detail.c composes it. Static. */
const char *pin_evidence(PinReason reason);
