/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Events that are still to be reported, in order. A burst (an upgraded libc) is reported
 * finding by finding on the bus; the journal gets only the first few of each unit, urgent
 * ones before others, and then a summary. Pure.
 */

#include "debounce.h"

/* Of one unit and sweep, in the journal. */
#define EVENTS_PER_UNIT_MAX 10

typedef struct QueuedEvent {
        FindingEvent event;  /* the finding is shared; of a summary, one of them: its unit is that of all */
        bool in_journal;     /* false: a summary has it */
        size_t n_findings, n_processes; /* of a summary; else 0 */
        Urgency urgency;     /* of a summary: the highest */
} QueuedEvent;

typedef struct EventQueue {
        QueuedEvent *items;
        size_t n, allocated;
        size_t next;         /* the first that was not taken yet */
} EventQueue;

void queued_event_done(QueuedEvent *e);
void event_queue_done(EventQueue *q);

/* Does it stand for several findings, that are reported to the bus one by one? */
bool event_is_summary(const QueuedEvent *e);

/* Adds what a sweep has to report. Returns 0 or -ENOMEM: some of it may be missing then. */
int event_queue_add(EventQueue *q, const DebounceResult *result);

/* Moves the next one out. False: there is none. The caller ends it with queued_event_done(). */
bool event_queue_take(EventQueue *q, QueuedEvent *ret);

/* What a finding belongs to: unit, user unit, container, or "no unit". Borrowed, raw. */
const char *finding_group(const Finding *f);
