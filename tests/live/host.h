/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the host share. A command takes its words, and returns a number, or -1 and says why by host_fail(). */

/* why: NULL: errno. Returns -1. */
int host_fail(const char *what, const char *why);

typedef struct HostCommand {
        const char *name;
        int words; /* with the name */
        int (*run)(char **words);
} HostCommand;

/* Of VMAs, host-memory.c; of namespaces and programs, host-process.c. Each ends with an entry without a name. */
extern const HostCommand host_memory_commands[], host_process_commands[];
