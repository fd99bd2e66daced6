/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The running daemon, asked over the bus; see org.stalelib1(5). */

#include <json-c/json_object.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "report/snapshot.h"

#define CLIENT_NAME "org.stalelib1"
#define CLIENT_PATH "/org/stalelib1"
#define CLIENT_MANAGER "org.stalelib1.Manager"

static inline void sd_bus_donep(sd_bus **bus) {
        sd_bus_flush_close_unref(*bus);
}
#define _cleanup_bus_ _cleanup_(sd_bus_donep)

static inline void sd_bus_message_donep(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}
#define _cleanup_message_ _cleanup_(sd_bus_message_donep)

/*
 * Connects to the system bus (DBUS_SYSTEM_BUS_ADDRESS= names another). Unless
 * `activate`, the daemon must be running already: asking must not start what the
 * administrator has stopped. Returns 0; -ENXIO: it does not run; -errno: no bus.
 */
int client_open(bool activate, sd_bus **ret);

/* Calls a method of the manager. timeout in µs, 0: as usual. Returns 0, or -errno with `error` set. */
int client_call(sd_bus *bus, const char *method, uint64_t timeout_usec, sd_bus_error *error, sd_bus_message **ret,
                const char *types, ...);

/* Says what went wrong and what to do. Returns an exit status. `error` may be NULL. */
int client_print_error(int r, const sd_bus_error *error);

/* Has the daemon sweep, and waits for the end of it. *ret_summary may be NULL. */
int client_sweep(sd_bus *bus, sd_bus_error *error, json_object **ret_summary);

/* All properties of the manager as an object. */
int client_properties(sd_bus *bus, sd_bus_error *error, json_object **ret);

/* What a method without arguments or with a pid gives as aa{sv}; into s, which is frozen then. */
int client_findings(sd_bus *bus, sd_bus_error *error, Snapshot *s);
int client_explain(sd_bus *bus, pid_t pid, sd_bus_error *error, Snapshot *s);

/*
 * What the daemon could not judge, into the list of s (which is not frozen). Returns 0;
 * -EOPNOTSUPP: a daemon of a version that does not say; -errno with `error` set.
 */
int client_unknown(sd_bus *bus, sd_bus_error *error, Snapshot *s);

/* Reads one finding, a{sv}. */
int client_read_finding(sd_bus_message *m, Finding *ret);

/* A number of an object, or 0 where there is none. */
uint64_t client_number(json_object *o, const char *key);
/* Text of an object, or "". */
const char *client_text(json_object *o, const char *key);
bool client_boolean(json_object *o, const char *key);
/* Has it such a member? Daemons of earlier versions have fewer. */
bool client_has(json_object *o, const char *key);
