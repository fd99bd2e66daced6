/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What process.c asks of the system's process library: libproc2 (procps 4), or
 * libprocps of procps 3.3 where that is all there is. The build takes one of
 * process-libproc2.c and process-libprocps.c. Both have "/proc" wired in and go by
 * numbers: who asks must see for himself that a number was the same process's all the time.
 */

#include "process.h"

/* NULL, where the library has no answer. Strings are owned. */
typedef struct ProcessFacts {
        char *comm, *unit, *user_unit, *machine;
        uid_t uid; /* effective */
} ProcessFacts;

void process_facts_done(ProcessFacts *f);

/* with_unit: unit, user_unit and machine as well, which costs ten times as much. Returns 0, -ESRCH, -ENOMEM, -errno. */
int process_library_describe(pid_t pid, bool with_unit, ProcessFacts *ret);
