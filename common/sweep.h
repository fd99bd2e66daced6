/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One look at all processes. The caller owns the loop: step until done, as often
 * and with as much else between as it likes.
 *
 *         sweep_new() → sweep_step() … → sweep_finish() → Snapshot
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "snapshot.h"

typedef struct Sweep Sweep;
typedef struct Scan Scan;

typedef struct SweepOptions {
        const pid_t *pids;      /* look at these only; NULL: at all */
        size_t n_pids;
        const char *const *ignore_paths; /* globs (fnmatch(3), no FNM_PATHNAME), NULL-terminated, in addition to the built-in ones; or NULL */
        const char *const *ignore_exes;  /* likewise, matched against the executable's path */
        const char *const *ignore_units; /* likewise, against the unit */
        bool remote_file_systems; /* resolve paths on network and userspace file systems as well */
        bool text_maps;           /* read the text of maps even where PROCMAP_QUERY works */
        const Snapshot *previous; /* frozen; the sweep before, or NULL: tells what is current again. Borrowed until sweep_finish() */
} SweepOptions;

/*
 * What outlives a sweep: ELF facts of files already read, the baseline against which
 * in-place writes are seen. Keep one for the life of the daemon; a one-shot scan makes one.
 */
Scan *scan_new(void);
Scan *scan_free(Scan *scan);
DEFINE_CLEANUP(Scan *, scan_free)

/* Lists the processes. Options are copied, what they point to is borrowed until the end. Returns 0, -ENOMEM, -EMFILE, or -errno where /proc cannot be read at all. */
int sweep_new(Scan *scan, const SweepOptions *options, Sweep **ret);
Sweep *sweep_free(Sweep *sweep);
DEFINE_CLEANUP(Sweep *, sweep_free)

/* Judges the next process. Returns 1: more to do, 0: all done, or -ENOMEM, -EMFILE, … when the sweep cannot go on. A process that cannot be read is not an error: it is counted. */
int sweep_step(Sweep *sweep);

/* How far it is. */
void sweep_progress(const Sweep *sweep, size_t *ret_done, size_t *ret_total);
/* The process that the next step looks at (0: none): what to name when a step hangs. */
pid_t sweep_next_pid(const Sweep *sweep);

/* After sweep_step() returned 0: hands over the frozen snapshot. */
int sweep_finish(Sweep *sweep, Snapshot **ret);

/* All of it in one call. */
int sweep_run(Scan *scan, const SweepOptions *options, Snapshot **ret);
