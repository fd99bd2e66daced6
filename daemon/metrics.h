/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The counts in Prometheus's text format, for the textfile directory of
 * prometheus-node-exporter(1). No label's values are without a bound: state, pin and
 * action are words of ours, and of the units only the first ones are named. What is of
 * the same content only (urgency none) has metrics of its own, and is in no other.
 */

#include "report/snapshot.h"

#define METRICS_UNITS_MAX 100

typedef struct MetricsFacts {
        const Snapshot *snapshot;   /* NULL: no sweep yet */
        uint64_t last_success_usec; /* CLOCK_REALTIME; 0: none yet */
        uint64_t failures;          /* of scanners, since the start */
        bool degraded;
} MetricsFacts;

/* Pure. Returns 0 or -ENOMEM; the caller frees *ret. */
int metrics_format(const MetricsFacts *facts, char **ret);

/* Puts the text in place of the file at once, so that no reader sees half of it. Returns 0 or -errno. */
int metrics_write(const char *path, const char *text);
