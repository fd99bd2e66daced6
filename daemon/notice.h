/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is still to be told, in order. A storm (an upgraded libc) is told finding by
 * finding on the bus, but in the journal only the first few of each unit are, urgent
 * ones before others, and then their sum. Pure.
 */

#include "settle.h"

/* Of one unit and sweep, in the journal. */
#define NOTICE_UNIT_MAX 10

typedef enum NoticeKind {
        NOTICE_ADDED,
        NOTICE_REMOVED,
        NOTICE_SUM, /* of what was added, or where `gone`, removed */
} NoticeKind;

typedef struct Notice {
        NoticeKind kind;
        Finding *finding;    /* shared; of a sum, one of them, for what they belong to */
        Removal removal;     /* of one removed */
        bool in_journal;     /* false: told by the sum */
        bool gone;           /* of a sum */
        size_t n_findings, n_processes; /* of a sum */
        Urgency urgency;     /* of a sum: the highest */
} Notice;

typedef struct Notices {
        Notice *items;
        size_t n, allocated;
        size_t next;         /* the first that was not taken yet */
} Notices;

void notice_done(Notice *n);
void notices_done(Notices *n);

/* Adds what a sweep has to tell. Returns 0 or -ENOMEM: some of it may be missing then. */
int notices_add(Notices *n, const Settlement *settlement);

/* Moves the next one out. False: there is none. The caller ends it with notice_done(). */
bool notices_take(Notices *n, Notice *ret);

/* What a finding belongs to: unit, user unit, container, or "no unit". Borrowed, raw. */
const char *finding_group(const Finding *f);
