/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A JSON object of report-json.h as a dictionary of the bus, with the same keys: what is
 * null is left out; strings become s, booleans b, "pid" and "uid" u, other numbers t,
 * lists of strings as, lists of objects aa{sv}, objects a{sv}.
 */

#include <json-c/json_object.h>
#include <systemd/sd-bus.h>

#include "report/snapshot.h"

/* Appends one a{sv}. Returns 0 or -errno of sd-bus. */
int dictionary_append(sd_bus_message *m, json_object *o);
/* Appends one finding as a{sv}; `explained`: with a sentence for its state and for each pin. */
int dictionary_append_finding(sd_bus_message *m, const Finding *f, bool explained);
/* What could not be judged, as a{sv}: pid, comm, path, reason; without a path, a process that could not be read. */
int dictionary_append_unknown(sd_bus_message *m, const UnknownMapping *u);
/* The counts of a sweep, as in "sweep" of the report, with the numbers of findings. */
int dictionary_append_summary(sd_bus_message *m, const Snapshot *s);
