/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The daemon: the event loop, and all that is wired to it. Decides nothing that a
 * pure room could decide, and reads nothing of any process.
 */

#include "util/base.h"

typedef struct ManagerOptions {
        const char *config_path;     /* NULL: where it belongs */
        const char *scanner_socket;
        const char *bus_address;     /* NULL: the system bus */
        const char *state_directory;
} ManagerOptions;

/* Runs until a signal ends it. Returns 0 or -errno, which has been told. */
int manager_run(const ManagerOptions *options);
