/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is still to be told, in order. A storm (an upgraded libc) is told finding by
 * finding on the bus, but in the journal only the first few of each unit are, urgent
 * ones before others, and then their sum. Pure.
 */

#include "debounce.h"

/* Of one unit and sweep, in the journal. */
#define EVENTS_PER_UNIT_MAX 10

typedef enum EventKind {
        EVENT_ADDED,
        EVENT_REMOVED,
        EVENT_SUMMARY, /* of what was added, or where `gone`, removed */
} EventKind;

typedef struct Event {
        EventKind kind;
        Finding *finding;    /* shared; of a sum, one of them, for what they belong to */
        Removal removal;     /* of one removed */
        bool in_journal;     /* false: told by the sum */
        bool gone;           /* of a sum */
        size_t n_findings, n_processes; /* of a sum */
        Urgency urgency;     /* of a sum: the highest */
} Event;

typedef struct EventQueue {
        Event *items;
        size_t n, allocated;
        size_t next;         /* the first that was not taken yet */
} EventQueue;

void event_done(Event *n);
void event_queue_done(EventQueue *n);

/* Adds what a sweep has to tell. Returns 0 or -ENOMEM: some of it may be missing then. */
int event_queue_add(EventQueue *n, const DebounceResult *result);

/* Moves the next one out. False: there is none. The caller ends it with event_done(). */
bool event_queue_take(EventQueue *n, Event *ret);

/* What a finding belongs to: unit, user unit, container, or "no unit". Borrowed, raw. */
const char *finding_group(const Finding *f);
