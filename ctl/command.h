/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands, each in a file of its own. They take the command line and return an exit status. */

#include "options.h"

enum {
        STATUS_ANSWERED = 0,
        STATUS_STALE = 1,      /* --check, wait: something is stale; inspect: something would not unload */
        STATUS_USAGE = 2,
        STATUS_UNKNOWN = 3,    /* not all could be judged; nothing matches the selection; also lack of memory and the like */
        STATUS_NO_DAEMON = 4,
};

typedef int (*Command)(const Options *o);

int command_check(const Options *o);
int command_explain(const Options *o);
int command_history(const Options *o);
int command_inspect(const Options *o);
int command_list(const Options *o);
int command_monitor(const Options *o);
int command_scan(const Options *o);
int command_status(const Options *o);
int command_sweep(const Options *o);
int command_units(const Options *o);
int command_wait(const Options *o);
