/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The entries of the journal: sentences for people, fields for machines
 * (stalelib-journal(7)). Where standard error is not the journal, the sentence goes
 * there as well.
 */

#include "event-queue.h"

void journal_send(const QueuedEvent *e);

/* reason: as health_describe() has it, and safe to show. */
void journal_degraded(const char *reason);
void journal_recovered(void);
