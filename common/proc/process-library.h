/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What process.c reads through the system's process library: libproc2 (procps 4), or
 * libprocps of procps 3.3. The build takes one of process-libproc2.c and
 * process-libprocps.c. Both have "/proc" wired in and identify a process by its pid: the caller
 * has to check for pid reuse.
 */

#include <sys/types.h>

/* NULL, where the library has no answer. Strings are owned. */
typedef struct ProcessFacts {
        char *unit, *user_unit, *machine;
} ProcessFacts;

void process_facts_done(ProcessFacts *f);

/* Returns 0, -ESRCH, -ENOMEM, -errno. */
int process_library_describe(pid_t pid, ProcessFacts *ret);
