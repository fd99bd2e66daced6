/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What scanners hung or died on: processes, the devices of files, and the owners
 * (process-owner.h) of too many of these. Sweeps skip it for a while, longer each time.
 * Pure; the clock is CLOCK_BOOTTIME.
 */

#include "request.h"

#define QUARANTINE_MAX 64
/* After so many failures of one owner, all processes of that owner are skipped: each costs a scanner's timeout. */
#define QUARANTINE_OWNER_MAX 3

typedef enum SuspectKind {
        SUSPECT_PROCESS,
        SUSPECT_DEVICE,
        SUSPECT_OWNER,
} SuspectKind;

typedef struct Suspect {
        SuspectKind kind;
        SweepProcess process;
        SweepDevice device;
        uint64_t owner;
        unsigned failures;
        uint64_t until;      /* skipped until then; 0: not skipped */
        uint64_t forget;
} Suspect;

typedef struct Quarantine {
        Suspect suspects[QUARANTINE_MAX];
        size_t n;
} Quarantine;

/*
 * A scanner failed at the position of the beacon (all zero: not known). What hung it is
 * skipped at once, what killed it the second time, and then the process alone: one broken
 * file is not attributed to its device. An owner is skipped after QUARANTINE_OWNER_MAX
 * failures, but never root. Returns true where something is skipped now that was not before.
 */
bool quarantine_attribute(Quarantine *q, const SweepBeacon *where, bool hung, uint64_t now);

/* Removes what has expired. Returns true where something is not skipped any more. */
bool quarantine_expire(Quarantine *q, uint64_t now);

/* How many of a kind are skipped at `now`. */
size_t quarantine_count(const Quarantine *q, SuspectKind kind, uint64_t now);
/* One of the owners that are skipped; 0: none is. */
uint64_t quarantine_owner(const Quarantine *q, uint64_t now);

/* Adds to a request what is skipped at `now`; owners are read where there are any entries. Returns 0 or -ENOMEM. */
int quarantine_fill(const Quarantine *q, uint64_t now, Request *r);
