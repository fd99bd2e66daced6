/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "bus-names.h"
#include "bus-process.h"
#include "util/escape.h"
#include "message.h"
#include "strv.h"

const char *process_path(pid_t pid, char *buffer) {
        snprintf(buffer, PROCESS_PATH_MAX, PROCESS_PATH "/%d", (int) pid);
        return buffer;
}

int process_list_stale(const Snapshot *s, pid_t **ret, size_t *ret_n) {
        pid_t *pids = calloc((s ? s->n_findings : 0) + 1, sizeof(*pids));
        size_t n = 0;

        if (!pids)
                return -ENOMEM;
        for (size_t i = 0; s && i < s->n_findings; i++)
                if (n == 0 || pids[n - 1] != s->findings[i]->pid)
                        pids[n++] = s->findings[i]->pid;
        *ret = pids;
        *ret_n = n;
        return 0;
}

/* properties: of the object that process_find() was asked for just before */

static int append_escaped(sd_bus_message *m, const char *raw) {
        _cleanup_free_ char *safe = escape(raw ? raw : "");

        return safe ? sd_bus_message_append(m, "s", safe) : -ENOMEM;
}

static int get_string(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const ProcessView *view = userdata;
        const Finding *f = view->findings[0];

        if (streq(property, "Comm"))
                return append_escaped(reply, f->comm);
        if (streq(property, "Exe"))
                return append_escaped(reply, f->exe);
        if (streq(property, "Unit"))
                return append_escaped(reply, f->unit);
        if (streq(property, "UserUnit"))
                return append_escaped(reply, f->user_unit);
        return append_escaped(reply, f->container);
}

static int get_number(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const ProcessView *view = userdata;
        const Finding *f = view->findings[0];

        if (streq(property, "StartTime"))
                return sd_bus_message_append(reply, "t", f->start_time);
        return sd_bus_message_append(reply, "u", streq(property, "Pid") ? (uint32_t) f->pid : (uint32_t) f->uid);
}

static int get_libraries(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
                         const char *property _unused_, sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const ProcessView *view = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; r >= 0 && i < view->n_findings; i++)
                r = append_escaped(reply, view->findings[i]->path);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* What would end all of them: the strongest, which comes last in its enum. */
static int get_action(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
                      const char *property _unused_, sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const ProcessView *view = userdata;
        Action strongest = ACTION_NONE;

        for (size_t i = 0; i < view->n_findings; i++)
                if (view->findings[i]->action > strongest)
                        strongest = view->findings[i]->action;
        return sd_bus_message_append(reply, "s", action_to_string(strongest));
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Pid", "u", get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("StartTime", "t", get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Comm", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("Exe", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("Uid", "u", get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("Unit", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("UserUnit", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("Container", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("StaleLibraries", "as", get_libraries, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("Action", "s", get_action, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_VTABLE_END
};

/* the objects */

/* The pid that a path ends in; -EINVAL: in none. */
static int process_path_parse(const char *path, pid_t *ret) {
        char again[PROCESS_PATH_MAX];
        long pid;

        if (strncmp(path, PROCESS_PATH "/", strlen(PROCESS_PATH) + 1) != 0)
                return -EINVAL;
        pid = strtol(path + strlen(PROCESS_PATH) + 1, NULL, 10);
        if (pid <= 0 || pid > PID_MAX || !streq(process_path((pid_t) pid, again), path))
                return -EINVAL;
        *ret = (pid_t) pid;
        return 0;
}

static int process_find(sd_bus *bus _unused_, const char *path, const char *interface _unused_, void *userdata,
                        void **ret_found, sd_bus_error *error _unused_) {
        ProcessView *view = userdata;
        pid_t pid;

        if (process_path_parse(path, &pid) < 0)
                return 0;
        view->n_findings = snapshot_process_findings(view->snapshot, pid, &view->findings);
        if (view->n_findings == 0)
                return 0;
        *ret_found = view;
        return 1;
}

/* sd-bus frees the list with strv_free(), that is each string and the list by free(). */
static int process_enumerate(sd_bus *bus _unused_, const char *prefix _unused_, void *userdata, char ***ret_nodes,
                             sd_bus_error *error _unused_) {
        _cleanup_(strv_freep) char **nodes = NULL;
        _cleanup_free_ pid_t *pids = NULL;
        ProcessView *view = userdata;
        size_t n;
        int r;

        r = process_list_stale(view->snapshot, &pids, &n);
        if (r < 0)
                return r;

        nodes = calloc(n + 1, sizeof(*nodes));
        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                char path[PROCESS_PATH_MAX];

                nodes[i] = strdup(process_path(pids[i], path));
                if (!nodes[i])
                        return -ENOMEM;
        }
        *ret_nodes = TAKE_PTR(nodes);
        return 0;
}

int bus_process_register(sd_bus *bus, ProcessView *view) {
        int r;

        /* No slots: they are to live as long as the bus does. */
        r = sd_bus_add_fallback_vtable(bus, /* ret_slot= */ NULL, PROCESS_PATH, BUS_PROCESS, vtable, process_find, view);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(bus, /* ret_slot= */ NULL, PROCESS_PATH, process_enumerate, view);
        return r;
}

int bus_process_emit_added(sd_bus *bus, pid_t pid) {
        char path[PROCESS_PATH_MAX];

        return sd_bus_emit_object_added(bus, process_path(pid, path));
}

/* By hand, since sd_bus_emit_object_removed() wants the object to be there still. */
int bus_process_emit_removed(sd_bus *bus, pid_t pid) {
        char path[PROCESS_PATH_MAX];

        return sd_bus_emit_signal(bus, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", "oas",
                                  process_path(pid, path), 4, BUS_PROCESS, "org.freedesktop.DBus.Properties",
                                  "org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Peer");
}

int bus_process_emit_changed(sd_bus *bus, pid_t pid) {
        char path[PROCESS_PATH_MAX];

        return sd_bus_emit_properties_changed(bus, process_path(pid, path), BUS_PROCESS, "StaleLibraries", "Action",
                                              "Comm", "Unit", NULL);
}
