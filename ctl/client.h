/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Client of the daemon's D-Bus interface, org.stalelib1(5). */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "json.h"
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
 * Connects to the system bus (DBUS_SYSTEM_BUS_ADDRESS= names another). Unless `activate`,
 * the daemon has to be running: a query must not start what the administrator has stopped.
 * Returns 0; -ENXIO if the daemon does not run; -errno if there is no bus.
 */
int client_open(bool activate, sd_bus **ret);

/* Prints what failed and what to do about it. `error` may be NULL. Returns an exit status. */
int client_print_error(int r, const sd_bus_error *error);

/*
 * All of the functions below return 0, or -errno with `error` set; -EBADMSG for an invalid
 * reply. Snapshots are filled in, and frozen only by those that read findings.
 */

/* Requests a sweep and waits for its end. *ret_summary may be NULL. */
int client_sweep(sd_bus *bus, sd_bus_error *error, json_object **ret_summary);
/* All properties of the manager. */
int client_properties(sd_bus *bus, sd_bus_error *error, json_object **ret);
/* The findings of all processes, or of one. */
int client_findings(sd_bus *bus, sd_bus_error *error, Snapshot *s);
int client_explain(sd_bus *bus, pid_t pid, sd_bus_error *error, Snapshot *s);
/* What could not be judged. -EOPNOTSUPP: a daemon of an earlier version. */
int client_unknown(sd_bus *bus, sd_bus_error *error, Snapshot *s);
/* One finding, a{sv}, of a message. */
int client_read_finding(sd_bus_message *m, Finding *ret);

/* Of the properties: the age of the last sweep in µs; is it older than three intervals? */
uint64_t client_sweep_age(json_object *properties);
bool client_sweep_is_overdue(json_object *properties);
/* Mappings that could not be judged. */
uint64_t client_unknown_mappings(json_object *properties);
