/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Has a process changed since it was examined? One that has not run has the memory that it
 * had: its CPU clock has not advanced. Then only the names that its verdicts depend on can lead
 * elsewhere by now. Every other process is examined again in each sweep. The size of its memory,
 * or other numbers that are cheap to read, prove nothing: a mapping may have been exchanged for
 * one of the same size.
 *
 * The clock of a running process lags by up to a tick, and is exact once it sleeps: what it did
 * since then shows in the next sweep. Another process may share its memory (CLONE_VM without
 * CLONE_THREAD, clone(2)) and change it while it sleeps: for that reason alone each process is
 * examined again every REEXAMINE_SEC.
 */


#include "scan/sweep-context.h"

/* Notes the CPU time of the process. Call it before the process is examined. */
void process_change_begin(ProcessRecord *r);

/* Notes when the process is to be examined again. before: the last record of the same pid, or NULL. */
void process_change_schedule(ProcessRecord *r, const ProcessRecord *before, uint32_t now_sec);

/* Would an examination give the recorded result? Looks up the names that its verdicts depend on. */
bool process_change_none(SweepContext *ctx, const ProcessRecord *r, uint32_t now_sec);
