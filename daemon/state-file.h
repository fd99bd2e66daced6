/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What has been told, kept over a restart of the daemon in a file of lines: one is
 * added as each thing is told, so that the file is right whenever the daemon dies.
 *
 *         stalelibd 1 BOOT-ID
 *         + PRIORITY FINDING        (as report_json_build_finding() has it)
 *         - FINDING                 (that was told before is gone, and that was told)
 *
 * After a boot no process of before is left: then the file counts for nothing.
 */

#include "report/snapshot.h"

typedef struct StateFile StateFile;

/*
 * Reads DIRECTORY/known and writes it anew, with a temporary file and rename(2). Lines
 * that are not understood are left out. *ret_told: frozen, what was told; *ret_priorities:
 * of each. Returns how many lines were left out, -ENOMEM, or -errno where there is no such
 * directory. One that does not let us write just now is told by what is done next.
 */
int state_file_open(const char *directory, StateFile **ret, Snapshot **ret_told, int **ret_priorities);
StateFile *state_file_free(StateFile *l);
DEFINE_CLEANUP(StateFile *, state_file_free)

/* Something was told just now. Returns 0 or -errno: it may then be told again after a restart. */
int state_file_add(StateFile *l, const Finding *f, int priority);
int state_file_remove(StateFile *l, const Finding *f);

/* Has the file grown far beyond what is in it, or could it not be written? Then it is time to write it anew. */
bool state_file_is_long(const StateFile *l, size_t n_told);
/*
 * All findings of `told`, listed or not, with their priorities in the order of a walk (below 0: not
 * reported): begun, and then a line with each step, so that nothing else has to wait. What is told in between ends that. Returns 0 or -errno; the step 1 while there is more to be done.
 */
int state_file_rewrite_begin(StateFile *l, const Snapshot *told, const int *priorities);
int state_file_rewrite_step(StateFile *l);
bool state_file_is_rewriting(const StateFile *l);

/* The text to what was told: pure, for state_file_open(). A last line that is not whole is left out. Returns how many were, or -ENOMEM. */
int state_file_parse(char *text, const char *boot_id, Snapshot **ret_told, int **ret_priorities);
