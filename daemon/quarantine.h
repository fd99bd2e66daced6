/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a scanner did not come back from: processes, and the devices of files. It is
 * left out of sweeps for a while, longer each time. Pure; the clock is CLOCK_BOOTTIME.
 */

#include "sweep.h"

#define QUARANTINE_MAX 64

typedef struct Suspect {
        SweepProcess process;
        SweepDevice device;
        bool is_device;
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
 * device is not to be blamed for one broken file. Returns true where something is
 * left out now that was not before.
 */
bool quarantine_blame(Quarantine *q, const SweepBeacon *where, bool hung, uint64_t now);

/* Forgets what is over. Returns true where something left out before is to be looked at again. */
bool quarantine_expire(Quarantine *q, uint64_t now);

/* How much of each kind is left out at `now`. */
size_t quarantine_processes(const Quarantine *q, uint64_t now);
size_t quarantine_devices(const Quarantine *q, uint64_t now);

/* Copies what is left out at `now` into new arrays, which the caller frees. Returns 0 or -ENOMEM. */
int quarantine_list(const Quarantine *q, uint64_t now, SweepProcess **ret_processes, size_t *ret_n_processes,
                    SweepDevice **ret_devices, size_t *ret_n_devices);
