/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands, each in a file of its own, and their exit statuses. */

#include "options.h"

enum {
        STATUS_ANSWERED = 0,
        STATUS_STALE = 1,      /* --check, wait: something is stale; inspect: something would not unload */
        STATUS_USAGE = 2,
        STATUS_UNKNOWN = 3,    /* not all could be judged; nothing matches the selection; also lack of memory and the like */
        STATUS_NO_DAEMON = 4,
};

/*
 * The exit status of a gate: something is stale; else the result cannot be relied on, or
 * something could not be judged, which --allow-unknown ignores.
 */
static inline int command_gate_status(const Options *o, bool stale, bool unreliable, bool unjudged) {
        if (stale)
                return STATUS_STALE;
        return unreliable || (unjudged && !o->allow_unknown) ? STATUS_UNKNOWN : STATUS_ANSWERED;
}

/* The same with --check; STATUS_ANSWERED without. */
static inline int command_check_status(const Options *o, bool stale, bool unreliable, bool unjudged) {
        return o->check ? command_gate_status(o, stale, unreliable, unjudged) : STATUS_ANSWERED;
}

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
