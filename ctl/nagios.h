/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The answer of a monitoring plugin (Nagios, Icinga, Naemon): a state, one line, performance data. */

#include <stdbool.h>
#include <stdint.h>

/* Exit status of a plugin; they are others than those of all other commands. */
typedef enum NagiosState {
        NAGIOS_OK = 0,
        NAGIOS_WARNING = 1,
        NAGIOS_CRITICAL = 2,
        NAGIOS_UNKNOWN = 3,
} NagiosState;

typedef struct NagiosFacts {
        uint64_t processes, files;   /* with findings of urgency normal or urgent, and the files of these */
        uint64_t crash_risk;         /* processes with an urgent one */
        uint64_t same_content;       /* processes whose findings are all of urgency none */
        uint64_t checked, unreadable;
        uint64_t unknown;            /* mappings that could not be judged */
        uint64_t not_listed;         /* findings that the daemon's list had no room for, where the counts come from that */
        bool never;                  /* no sweep has ended yet */
        uint64_t age_usec;           /* of the last sweep */
        uint64_t interval_usec;      /* of sweeps; 0: not known */
        bool degraded;
        const char *degraded_reason; /* safe to show, or NULL */
        const char *blind;           /* why nothing at all can be judged, or NULL */
        char *const *units;          /* with stale processes, safe to show; NULL-terminated, or NULL */
        uint64_t warning, critical;  /* thresholds, 0: none */
        bool allow_unknown;          /* unknown and unreadable are no reason for UNKNOWN */
} NagiosFacts;

/* Three intervals without a sweep: the daemon is alive but does not get to look. */
bool plugin_is_out_of_date(uint64_t age_usec, uint64_t interval_usec);

NagiosState nagios_state(const NagiosFacts *f);

/* Prints an error as the one line on standard output that a plugin has. Returns NAGIOS_UNKNOWN. */
int nagios_print_unknown(const char *text);

/* The line, with performance data behind the bar. NULL: no memory. The caller frees. */
char *nagios_line(const NagiosFacts *f);
