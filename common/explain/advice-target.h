/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What to restart: the unit, the user unit, the container, the session, or the process alone,
 * with regard for units that are not to be restarted without precautions. Pure.
 */

#include "report/finding.h"

typedef struct AdviceTarget {
        char *restart;  /* owned; a shell command, or NULL */
        char *reload;   /* owned; likewise */
        char *words;    /* owned; the same in words: an imperative clause, no full stop. Never NULL */
        bool reboot;    /* only a reboot restarts it safely */
        bool remounts;  /* a restart makes its mounts again: a container */
} AdviceTarget;

/* All text is escaped. Returns 0 or -ENOMEM. The caller ends it with advice_target_done(). */
int advice_target_find(const Finding *f, AdviceTarget *ret);
void advice_target_done(AdviceTarget *t);
