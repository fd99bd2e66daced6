/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a bus message holds, as JSON: dictionaries with text keys become objects, structures arrays, variants their value. */

#include <json-c/json_object.h>
#include <systemd/sd-bus.h>

/*
 * Reads the next complete value. Returns 0; -ENXIO: there is none; -EBADMSG: a type
 * that has no place in a report, or too deep; -ENOMEM; -errno of sd-bus.
 */
int bus_json_read(sd_bus_message *m, json_object **ret);
