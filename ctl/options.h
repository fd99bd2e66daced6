/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command line: filled in once by main(), passed on as const. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base.h"

/* In the order of --help. */
typedef enum CommandId {
        COMMAND_SCAN,
        COMMAND_EXPLAIN,
        COMMAND_INSPECT,
        COMMAND_WAIT,
        COMMAND_CHECK,
        COMMAND_LIST,
        COMMAND_UNITS,
        COMMAND_STATUS,
        COMMAND_SWEEP,
        COMMAND_MONITOR,
        COMMAND_HISTORY,
        COMMAND_MAX,
} CommandId;

typedef enum JsonMode {
        JSON_OFF,
        JSON_SHORT,  /* one line */
        JSON_PRETTY,
} JsonMode;

typedef struct Options {
        CommandId command;     /* COMMAND_CHECK: letters, errors and exit statuses are those of a Nagios plugin */
        char **arguments;      /* of the command; borrowed from argv, NULL-terminated */

        JsonMode json;
        bool no_pager, no_legend, quiet, full, check;
        bool all;              /* include findings of urgency none */
        bool unknown;          /* what could not be judged, instead of findings */
        bool allow_unknown;    /* what could not be judged does not change the exit status */

        pid_t *pids;           /* --pid= */
        size_t n_pids, allocated_pids;
        char **units;          /* --unit=, with a suffix; NULL if none */
        size_t n_units, allocated_units;

        uint64_t timeout_usec; /* TIMESPAN_INFINITY: none */
        uint64_t watch_usec;   /* 0: once */
        uint64_t lines;        /* 0: all */
        const char *directory; /* of a journal; NULL: the journal of this host */
        uint64_t warning, critical; /* thresholds in stale processes; 0: none */

        /* Standard output. If it is not a terminal, nothing is coloured or cut. */
        bool terminal, colour, utf8;
        unsigned width;        /* columns; 0: unlimited */
} Options;

void options_done(Options *o);

/* Does --pid= or --unit= select processes? */
static inline bool options_select(const Options *o) {
        return o->n_pids > 0 || o->n_units > 0;
}

/* Does a --unit= pattern (glob(7)) match this unit? NULL matches none. Without --unit=, all units match. */
bool options_unit(const Options *o, const char *unit);
/* Is this one of --pid=? Without --pid=, all are. */
bool options_pid(const Options *o, pid_t pid);
