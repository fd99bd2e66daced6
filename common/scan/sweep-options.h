/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a caller wants of a sweep, and the position that it publishes while it runs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/snapshot.h"

/*
 * The position of the sweep, for a watchdog that has to attribute a hang. May lie in memory
 * shared with another process. All zero: nothing that could hang.
 */
typedef struct SweepBeacon {
        uint64_t start_time;
        uint64_t owner;   /* of the process, see process-owner.h; 0 where it was not asked for */
        int32_t pid;
        uint32_t on_file; /* 0: in the process's own state; 1: on a file of the device below */
        uint32_t dev_major, dev_minor; /* of the mapping, as the kernel prints it */
} SweepBeacon;

typedef struct SweepProcess {
        pid_t pid;
        uint64_t start_time;
} SweepProcess;

typedef struct SweepDevice {
        uint32_t dev_major, dev_minor;
} SweepDevice;

/*
 * What a sweep leaves out to be faster. Each can be switched off, so that tests/bench measures what it saves, and
 * tests/differential shows that the findings are the same without it.
 */
typedef enum SweepLayer {
        SWEEP_LAYER_FAST_PATH = 1 << 0,  /* sweep/fast-path.h */
        SWEEP_LAYER_SIBLINGS = 1 << 1,   /* sweep/sibling-cache.h */
        SWEEP_LAYER_EXEC_TIMES = 1 << 2, /* proc/exec-time.h: one read of an ancestor, not one for each descendant */
        SWEEP_LAYER_LOOKUPS = 1 << 3,    /* scan/lookup-cache.h: one lookup of a name, not one for each process */
} SweepLayer;

typedef struct SweepOptions {
        const pid_t *pids;      /* examine these only; NULL: all */
        size_t n_pids;
        const char *const *ignore_paths; /* globs (fnmatch(3), no FNM_PATHNAME), NULL-terminated, in addition to the built-in ones; or NULL */
        const char *const *ignore_exes;  /* likewise, matched against the executable's path */
        const char *const *ignore_units; /* likewise, against the unit */
        bool remote_file_systems; /* resolve paths on network and userspace file systems as well */
        bool text_maps;           /* read the text of maps even where PROCMAP_QUERY works */
        bool full;                /* examine every process, changed or not */
        unsigned without;         /* mask of SweepLayer: these are off */
        bool once;                /* no sweep of this scan follows: what only that would need is not read */
        /*
         * Frozen; the sweep before, or NULL. Tells what is current again; and what can be judged no more stays a finding,
         * see snapshot_carry_over(). Borrowed until sweep_finish().
         */
        const Snapshot *previous;

        /* What hung before, and is left out: counted as unreadable, or as unknown. */
        const SweepProcess *skip_processes;
        size_t n_skip_processes;
        const SweepDevice *skip_devices;
        size_t n_skip_devices;
        /* Owners all of whose processes are skipped. They are read only where something hung: that costs a little. */
        bool owners;
        const uint64_t *skip_owners;
        size_t n_skip_owners;

        volatile SweepBeacon *beacon; /* or NULL */

        /*
         * Called once for each directory entry that a verdict depends on: the last component of
         * a mapped file's path and of a name that a loader went by, and the components that
         * lead there. A change of that entry is what to watch for. directory_fd: O_PATH,
         * borrowed. NULL: not wanted.
         */
        void (*watch)(void *userdata, int directory_fd, const char *name);
        void *userdata;

        /*
         * How many more files to read in this sweep, so as to know what they hold and see it
         * when they are written to in place; 0: none.
         */
        size_t baselines;
} SweepOptions;
