/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The answer of a monitoring plugin (Nagios, Icinga, Naemon): a state, one line, performance data. Pure. */

#include <stdbool.h>
#include <stdint.h>

/* Exit status of a plugin; they are others than those of all other commands. */
typedef enum PluginState {
        PLUGIN_OK = 0,
        PLUGIN_WARNING = 1,
        PLUGIN_CRITICAL = 2,
        PLUGIN_UNKNOWN = 3,
} PluginState;

typedef struct PluginFacts {
        uint64_t processes, files;   /* stale ones */
        uint64_t crash_risk;         /* processes with a finding that may crash them */
        uint64_t same_content;       /* processes whose findings are all reinstalls of the same content */
        uint64_t checked, unreadable;
        uint64_t age_usec;           /* of the last sweep */
        uint64_t interval_usec;      /* of sweeps; 0: not known */
        bool degraded;
        const char *degraded_reason; /* safe to show, or NULL */
        uint64_t warning, critical;  /* thresholds, 0: none */
} PluginFacts;

PluginState plugin_judge(const PluginFacts *f);

/* The line, with performance data behind the bar. NULL: no memory. The caller frees. */
char *plugin_line(const PluginFacts *f);
