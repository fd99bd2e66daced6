/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What would end a finding, in words: from its state, flags, pins, runtimes and unit to
 * action, advice and message. Pure.
 */

#include "report/finding.h"

/* Sets action, advice and message. Returns 0 or -ENOMEM: advice or message is NULL then. */
int advice_give(Finding *f);

/* A pin in a sentence: reason, certainty, evidence; then the remedy, if there is one. The caller frees. NULL: no memory. */
char *advice_explain_pin(const Finding *f, const Pin *p);

/* What a state means for the process, in a sentence without a name in it. Static. */
const char *advice_explain_state(State state, uint32_t flags);
