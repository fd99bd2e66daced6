/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands. Each has a file of its own, takes what stands behind it on the command line, and returns an exit status. */

#include "options.h"
#include "util/base.h"

enum {
        STATUS_ANSWERED = 0,
        STATUS_STALE = 1,      /* --check, wait: something is stale; inspect: something would not unload */
        STATUS_USAGE = 2,
        STATUS_UNKNOWN = 3,    /* not all could be judged; nothing matches the selection; also lack of memory and the like */
        STATUS_NO_DAEMON = 4,
};

/* arguments: NULL-terminated, without the command. */
typedef int (*Command)(const Options *o, char *arguments[]);

int command_check(const Options *o, char *arguments[]);
int command_explain(const Options *o, char *arguments[]);
int command_history(const Options *o, char *arguments[]);
int command_inspect(const Options *o, char *arguments[]);
int command_list(const Options *o, char *arguments[]);
int command_monitor(const Options *o, char *arguments[]);
int command_scan(const Options *o, char *arguments[]);
int command_status(const Options *o, char *arguments[]);
int command_sweep(const Options *o, char *arguments[]);
int command_units(const Options *o, char *arguments[]);
int command_wait(const Options *o, char *arguments[]);
