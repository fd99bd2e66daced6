/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a scanner did not come back from: processes, the devices of files, and the
 * owners (process-owner.h) of too many of these. It is left out of sweeps for a while, longer
 * each time. Pure; the clock is CLOCK_BOOTTIME.
 */

#include "request.h"

#define QUARANTINE_MAX 64
/* So much of one owner may fail before all of his processes are left out: each costs everyone a scanner's timeout. */
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
        uint64_t until;      /* left out; 0: only remembered */
        uint64_t forget;
} Suspect;

typedef struct Quarantine {
        Suspect suspects[QUARANTINE_MAX];
        size_t n;
} Quarantine;

/*
 * A scanner failed where the beacon says (all zero: nowhere). What hung it is left out
 * at once, what killed it the second time, and then the process alone: a whole
 * device is not to be blamed for one broken file. An owner is left out when so much of
 * his was, but never root. Returns true where something is left out now that was not before.
 */
bool quarantine_blame(Quarantine *q, const SweepBeacon *where, bool hung, uint64_t now);

/* Forgets what is over. Returns true where something left out before is to be looked at again. */
bool quarantine_expire(Quarantine *q, uint64_t now);

/* How much of a kind is left out at `now`. */
size_t quarantine_count(const Quarantine *q, SuspectKind kind, uint64_t now);
/* One of the owners that are left out; 0: none is. */
uint64_t quarantine_owner(const Quarantine *q, uint64_t now);

/* Adds to a request what is left out at `now`; owners are asked for where anything is remembered. Returns 0 or -ENOMEM. */
int quarantine_fill(const Quarantine *q, uint64_t now, Request *r);
