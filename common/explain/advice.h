/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What would end a finding, and how to say it: pure, from a finding with state,
 * flags, pins, runtimes and unit filled in to action, advice and message.
 */

#include "report/finding.h"

/* Sets action, advice and message. Returns 0 or -ENOMEM. */
int advice_give(Finding *f);

/* A sentence for one pin, as `stalelibctl explain` tells it: what it means, with the evidence; and another where its author could avoid it. The caller frees. NULL: no memory. */
char *advice_explain_pin(const Finding *f, const Pin *p);

/* What a state means for the process, in a sentence without a name in it. Static. */
const char *advice_explain_state(State state, uint32_t flags);
