/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The objects /org/stalelib1/process/PID: a stale process each, as the snapshot of the moment has it. */

#include <systemd/sd-bus.h>

#include "report/snapshot.h"

#define PROCESS_PATH "/org/stalelib1/process"
/* "/org/stalelib1/process/4194304" */
#define PROCESS_PATH_MAX 64

/* Gives the object's path for a pid, in a buffer of PROCESS_PATH_MAX bytes. */
const char *process_path(pid_t pid, char *buffer);

typedef struct ProcessView {
        const Snapshot *snapshot; /* borrowed; set by the owner, NULL: there are no objects */
        Finding *const *findings;  /* of the object of the current call */
        size_t n_findings;
} ProcessView;

/* The view must live as long as the bus. Returns 0 or -errno of sd-bus. */
int bus_process_register(sd_bus *bus, ProcessView *view);

/* Pids with findings, ascending. Returns 0 or -ENOMEM; the caller frees *ret. */
int process_list_stale(const Snapshot *s, pid_t **ret, size_t *ret_n);

/* Tells of one object that came (it is in the snapshot) or went. Returns 0 or -errno of sd-bus. */
int bus_process_emit_added(sd_bus *bus, pid_t pid);
int bus_process_emit_removed(sd_bus *bus, pid_t pid);
/* Its properties are to be read anew: not what they are, which is not for everyone. */
int bus_process_emit_changed(sd_bus *bus, pid_t pid);
