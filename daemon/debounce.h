/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which findings are reported, and when: one that has lasted for SettleSec=, once; again
 * only when it got worse; and its end, if it was reported. Upgrades that restart their
 * services within that time are silent. Findings of urgency none (same content) are not
 * reported: one that becomes so counts as current again. Pure.
 */

#include "report/snapshot.h"

/* The urgency of a finding as a priority of syslog(3): lower is worse. */
int finding_priority(const Finding *f);

typedef struct Track {
        uint64_t since;  /* when it was first seen to be stale, µs of CLOCK_BOOTTIME */
        int told;        /* the priority that it was reported with; -1: not reported */
} Track;

typedef struct Debounce {
        Snapshot *snapshot; /* the last one; what could not be read is carried over. NULL before the first */
        Track *tracks;      /* of each known finding, in the order of a walk */
} Debounce;

void debounce_done(Debounce *s);

/*
 * Restores what was reported before a restart: takes the frozen snapshot; each of its
 * findings counts as reported with its priority of the array. Returns 0 or -ENOMEM.
 */
int debounce_restore(Debounce *s, Snapshot *told, const int *priorities);

typedef struct DebounceResult {
        Snapshot *old;      /* owned; the snapshot before */
        Difference difference; /* of the two snapshots, reported or not */
        FindingEvent *events; /* owned; to be reported: EVENT_ADDED, EVENT_REMOVED */
        size_t n_events, allocated;
        uint64_t due;       /* when the next finding is to be reported if it lasts; UINT64_MAX: none is pending */
} DebounceResult;

void debounce_result_done(DebounceResult *s);

/*
 * Takes the frozen snapshot of a sweep that ended at `now`. On failure (-ENOMEM, or -E2BIG
 * where more than KNOWN_MAX findings would be kept, which only a compromised scanner sends) the
 * snapshot is freed and everything is as before. *ret must be zeroed.
 */
int debounce_update(Debounce *s, Snapshot *snapshot, uint64_t now, uint64_t settle_usec, DebounceResult *ret);
