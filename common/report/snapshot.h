/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The result of one sweep, frozen: findings in order, counts, and which processes
 * were examined. And the difference of two of them, which is all that the daemon
 * ever announces.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/finding.h"

typedef enum Look {
        LOOK_DONE,    /* all its mappings were judged, or are listed as unknown */
        LOOK_FAILED,  /* could not be read: its earlier findings still stand, unconfirmed */
        LOOK_PARTIAL, /* some are counted as unknown, and not listed: what was found of it and is not found now may still be mapped */
        LOOK_MAX,
} Look;

typedef struct Looked {
        pid_t pid;
        Look look;
        uint64_t start_time; /* as in Finding; 0 where it could not be read */
        UnknownReason reason; /* of LOOK_FAILED */
} Looked;

void unknown_mapping_done(UnknownMapping *u);

/* What is listed of one process at most. Beyond, it is LOOK_PARTIAL. */
#define UNKNOWN_PROCESS_MAX 64
/* And of all. */
#define UNKNOWN_LIST_MAX 16384

/* What there is to be ended, by urgency: finding_urgency(). */
typedef struct StaleCounts {
        uint64_t findings[URGENCY_MAX];
        uint64_t processes;        /* with a finding of urgency normal or urgent */
        uint64_t urgent_processes; /* of these: with an urgent one */
        uint64_t same_content_processes; /* with findings, all of which are of urgency none */
        uint64_t libraries;        /* distinct files of the findings of urgency normal and urgent */
} StaleCounts;

typedef struct Counts {
        uint64_t started_usec;  /* CLOCK_REALTIME, µs */
        uint64_t duration_usec;
        uint64_t processes;     /* with a memory of their own that were examined or tried; no kernel threads, no zombies */
        uint64_t unreadable;    /* of these: could not be read */
        uint64_t left_out;      /* of these: were not tried, since all of their owner's are left out */
        uint64_t mappings;      /* process × file */
        uint64_t files;         /* distinct files */
        uint64_t ignored;       /* mappings that are no library, by kind or by pattern */
        uint64_t unknown;       /* mappings that could not be judged: the sum of the next */
        uint64_t unknown_by[UNKNOWN_REASON_MAX];
        StaleCounts stale;      /* of all findings, also where a snapshot lists only some of them. Set by sweep_finish() */
} Counts;

typedef struct Snapshot {
        Counts counts;
        Finding **findings; /* shared; sorted by finding_compare() */
        size_t n_findings;
        size_t allocated_findings;
        Finding **standing; /* shared; sorted as `findings`. Known, not gone, and not listed: there is no space for them */
        size_t n_standing;
        size_t allocated_standing;
        Looked *looked;    /* sorted by pid */
        size_t n_looked;
        size_t allocated_looked;
        Finding **recovered; /* owned; findings of the sweep before that are `current` again; only the key (see finding_compare()) is set */
        size_t n_recovered;
        size_t allocated_recovered;

        UnknownMapping *unknown; /* owned; sorted by process, then file; not all that are counted: see LOOK_PARTIAL */
        size_t n_unknown;
        size_t allocated_unknown;

        StaleCounts listed;     /* of `findings`, by snapshot_freeze() */
        size_t stale_libraries; /* distinct files of `findings`, likewise */
        size_t *order;          /* its scratch, reserved with each finding so that freezing needs no memory */
        size_t allocated_order;
} Snapshot;

/* Returns NULL on lack of memory. */
Snapshot *snapshot_new(void);
/* Accepts NULL, returns NULL. */
Snapshot *snapshot_free(Snapshot *s);
DEFINE_CLEANUP(Snapshot *, snapshot_free)

/* Moves the contents of f into the snapshot. Returns 0 or -ENOMEM (f is then untouched). */
int snapshot_take_finding(Snapshot *s, Finding *f);
/* Shares f. Returns 0 or -ENOMEM. */
int snapshot_add_finding(Snapshot *s, Finding *f);
/* Shares f, as one that stands and is not listed. */
int snapshot_add_standing(Snapshot *s, Finding *f);
int snapshot_add_looked(Snapshot *s, pid_t pid, uint64_t start_time, Look look);
/* As snapshot_add_looked() with LOOK_FAILED, and why. */
int snapshot_add_unreadable(Snapshot *s, pid_t pid, uint64_t start_time, UnknownReason reason);
/* Remembers that what was finding f is current again. */
int snapshot_add_recovered(Snapshot *s, const Finding *f);
/* Copies u. Returns 0, -ENOMEM, or -E2BIG where the list is full. */
int snapshot_add_unknown(Snapshot *s, const UnknownMapping *u);
/* Sorts and counts; to be called after the last addition. Of findings that compare equal the first stays. Cannot fail. */
void snapshot_freeze(Snapshot *s);

/* Binary search in a frozen snapshot: the place. NULL: none. */
Finding *const *snapshot_find(const Snapshot *s, const Finding *key);
const Looked *snapshot_find_looked(const Snapshot *s, pid_t pid);

/* The findings of a process: where they start in a frozen snapshot, which may be NULL, and how many there are (0: it has none). */
size_t snapshot_process_findings(const Snapshot *s, pid_t pid, Finding *const **ret);

/* All that is known to stand, listed or not, in the order of finding_compare(): a walk begins with the places 0. */
typedef struct SnapshotWalk {
        const Snapshot *snapshot; /* borrowed, frozen; or NULL: there is nothing */
        size_t next_finding, next_standing;
} SnapshotWalk;

/* The next one, or NULL. */
Finding *snapshot_walk_peek(const SnapshotWalk *w);
/* Goes on. *ret_listed, where it is not NULL: of the one that was next. */
Finding *snapshot_walk_next(SnapshotWalk *w, bool *ret_listed);
size_t snapshot_n_known(const Snapshot *s);
/* Whether it is listed or not. NULL: there is none. */
Finding *snapshot_find_known(const Snapshot *s, const Finding *key);

/* All findings that there are, and those of them that are stale: of urgency normal or urgent. */
uint64_t stale_counts_findings(const StaleCounts *c);
uint64_t stale_counts_stale(const StaleCounts *c);
/*
 * To be called where findings were added to a snapshot whose counts of the whole somebody else made. whole: it had all of
 * them, so that what is listed now counts; else each count is at least what is listed.
 */
void snapshot_raise_counts(Snapshot *s, bool whole);

/* Distinct processes, mapped files and units among the findings. */
size_t snapshot_stale_processes(const Snapshot *s);
size_t snapshot_stale_libraries(const Snapshot *s);

typedef enum EventKind {
        EVENT_ADDED,
        EVENT_REMOVED,
        EVENT_CHANGED,
        EVENT_KIND_MAX,
} EventKind;

/* How a finding differs between two snapshots, and what the daemon reports of it. */
typedef struct FindingEvent {
        EventKind kind;
        Finding *finding;       /* borrowed; added, changed: of the new snapshot; removed: of the old one; listed there or not */
        Removal removal;        /* of EVENT_REMOVED */
} FindingEvent;

/* In the order of the findings. */
typedef struct Difference {
        FindingEvent *events;   /* owned */
        size_t n_events, allocated;
        size_t n[EVENT_KIND_MAX]; /* of each kind */
} Difference;

/*
 * Compares two frozen snapshots; `old` may be NULL (then all is added). What stands is not removed where it is not listed
 * any more, nor added where it is again: it has changed. A finding that the new sweep could not judge is
 * neither removed nor changed: call snapshot_carry_over() first, so that the new snapshot still has it.
 * Returns 0 or -ENOMEM. *ret must be zeroed; difference_done() frees it.
 */
int snapshot_difference(const Snapshot *old, const Snapshot *new, Difference *ret);
void difference_done(Difference *d);

/*
 * Adds to frozen `new` the findings of `old` that it has not, and about which it says nothing: their process could not be
 * read (LOOK_FAILED) or was listed in part (LOOK_PARTIAL), or their mapping is among the unknown ones. They have
 * FLAG_UNCONFIRMED then. Returns 0 or -ENOMEM; it is frozen still.
 */
int snapshot_carry_over(const Snapshot *old, Snapshot *new);
