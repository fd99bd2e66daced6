/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whom to restart, and how to say it: the unit, the user's unit, the container, the
 * session, or the process alone. Knows what is never restarted lightly. Pure.
 */

#include "report/finding.h"

typedef struct AdviceTarget {
        char *restart;  /* owned; a command that can be pasted into a shell, or NULL */
        char *reload;   /* owned; likewise, or NULL */
        char *words;    /* owned; the same in words: an imperative clause, no full stop. Never NULL */
        bool reboot;    /* nothing less than a reboot would do */
        bool remounts;  /* a restart makes its mounts anew as well: a container */
} AdviceTarget;

/* All text is escaped. Returns 0 or -ENOMEM. */
int advice_target_find(const Finding *f, AdviceTarget *ret);
void advice_target_done(AdviceTarget *t);
