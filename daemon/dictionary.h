/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Findings, unknown mappings and the counts of a sweep as dictionaries of the bus, a{sv}:
 * the keys are those of the report, the types as report/field.h has them, and what is
 * null in the report is left out. Each returns 0 or -errno of sd-bus.
 */

#include <systemd/sd-bus.h>

#include "report/snapshot.h"

/* explained: with the member "explanation", a sentence, for the state and for each pin. */
int dictionary_append_finding(sd_bus_message *m, const Finding *f, bool explained);
/* A mapping that could not be judged; without a path, a process that could not be read. */
int dictionary_append_unknown(sd_bus_message *m, const UnknownMapping *u);
/* Members of "sweep" in the report, times as numbers, and the numbers of findings. */
int dictionary_append_summary(sd_bus_message *m, const Snapshot *s);
