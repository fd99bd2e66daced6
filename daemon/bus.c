/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "bus.h"
#include "bus-list.h"
#include "bus-process.h"
#include "bus-queue.h"
#include "dictionary.h"
#include "log.h"
#include "message.h"
#include "strv.h"
#include "units.h"

/* Callers of Sweep() at once. */
#define WAITERS_MAX 128

#define BUS_DAEMON "org.freedesktop.DBus"
/* Result of RequestName where another connection owns the name. */
#define NAME_EXISTS 3

typedef struct Waiter {
        sd_bus_message *call;
        bool served; /* by the running sweep */
} Waiter;

/* A change of an object that is still to be signalled. */
typedef struct ObjectChange {
        pid_t pid;
        enum { OBJECT_ADDED, OBJECT_CHANGED, OBJECT_REMOVED } kind;
} ObjectChange;

struct Bus {
        sd_event *event;
        int64_t priority, list_priority;
        BusCallbacks callbacks;
        sd_bus *bus;
        sd_bus_slot *disconnected, *name_call;
        BusQueue *queue;
        BusList *list;

        ProcessView view;    /* with the snapshot that is shown */
        BusState state;
        char *degraded_reason;
        char **units;        /* StaleUnits */

        Waiter waiters[WAITERS_MAX];
        size_t n_waiters;
        ObjectChange *changes;
        size_t n_changes, next_change, allocated_changes;
};

/* methods */

static int method_sweep(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Bus *b = userdata;

        if (b->n_waiters == WAITERS_MAX)
                return sd_bus_error_set(error, ERROR_BUSY, "Too many callers wait for a sweep already");
        b->waiters[b->n_waiters++] = (Waiter){ .call = sd_bus_message_ref(m) };
        b->callbacks.on_sweep_requested(b->callbacks.userdata);
        return 1; /* answered by bus_sweep_ended() */
}

static int reply_explained(sd_bus_message *m, Finding *const *findings, size_t n) {
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = dictionary_append_finding(reply, findings[i], /* explained= */ true);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, /* cookie= */ NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int list(const Bus *b, ListKind kind, sd_bus_message *m, sd_bus_error *error) {
        int r;

        r = bus_list_add(b->list, kind, m);
        return r == -EBUSY ? sd_bus_error_set(error, ERROR_BUSY, "Too many callers wait for a list already") : r;
}

static int method_list_findings(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return list(userdata, LIST_FINDINGS, m, error);
}

static int method_list_unknown(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return list(userdata, LIST_UNKNOWN, m, error);
}

static int method_list_units(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        _cleanup_free_ UnitCount *counts = NULL;
        sd_bus_message *reply = NULL;
        const Bus *b = userdata;
        int r;

        r = units_count(b->view.snapshot, b->units, &counts);
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(suu)");
        for (size_t i = 0; r >= 0 && b->units && b->units[i]; i++)
                r = sd_bus_message_append(reply, "(suu)", b->units[i], counts[i].processes, counts[i].findings);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, /* cookie= */ NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* Reads the argument; its findings, or the error that says that there are none. */
static int read_process(sd_bus_message *m, const Bus *b, Finding *const **ret, size_t *ret_n, sd_bus_error *error) {
        Finding *const *findings;
        uint32_t pid;
        size_t n;
        int r;

        r = sd_bus_message_read(m, "u", &pid);
        if (r < 0)
                return r;
        n = pid <= PID_MAX ? snapshot_process_findings(b->view.snapshot, (pid_t) pid, &findings) : 0;
        if (n == 0) {
                sd_bus_error_setf(error, ERROR_NO_SUCH_PROCESS, "Process %" PRIu32 " has no stale libraries", pid);
                return -ESRCH;
        }
        *ret = findings;
        *ret_n = n;
        return 0;
}

static int method_get_process(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char path[PROCESS_PATH_MAX];
        Finding *const *findings = NULL;
        size_t n = 0;
        int r;

        r = read_process(m, userdata, &findings, &n, error);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "o", process_path(findings[0]->pid, path));
}

static int method_explain(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Finding *const *findings = NULL;
        size_t n = 0;
        int r;

        r = read_process(m, userdata, &findings, &n, error);
        if (r < 0)
                return r;
        return reply_explained(m, findings, n);
}

/* properties */

static int get_string(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const Bus *b = userdata;

        if (streq(property, "Version"))
                return sd_bus_message_append(reply, "s", PROJECT_VERSION);
        if (streq(property, "State"))
                return sd_bus_message_append(reply, "s", b->state.state);
        return sd_bus_message_append(reply, "s", b->degraded_reason ? b->degraded_reason : "");
}

static int get_degraded(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
                        const char *property _unused_, sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const Bus *b = userdata;

        return sd_bus_message_append(reply, "b", (int) (b->degraded_reason && *b->degraded_reason));
}

/* What Sweep() would have returned; empty before the first sweep. No PropertiesChanged: SweepFinished has it. */
static int get_summary(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
                       const char *property _unused_, sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const Bus *b = userdata;

        return b->view.snapshot && b->state.last_sweep ? dictionary_append_summary(reply, b->view.snapshot) :
               sd_bus_message_append(reply, "a{sv}", 0);
}

static int get_units(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
                     const char *property _unused_, sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const Bus *b = userdata;

        return sd_bus_message_append_strv(reply, b->units);
}

static uint64_t bus_count(const Bus *b, const char *property) {
        const Counts *c = b->view.snapshot ? &b->view.snapshot->counts : NULL;

        if (!c)
                return 0;
        if (streq(property, "StaleProcesses"))
                return c->stale.processes;
        if (streq(property, "UrgentProcesses"))
                return c->stale.urgent_processes;
        if (streq(property, "SameContentProcesses"))
                return c->stale.same_content_processes;
        if (streq(property, "StaleLibraries"))
                return c->stale.libraries;
        if (streq(property, "UnknownMappings"))
                return c->unknown;
        return streq(property, "ProcessesChecked") ? c->processes : c->unreadable;
}

static int get_count(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        return sd_bus_message_append(reply, "u", (uint32_t) bus_count(userdata, property));
}

static int get_large_count(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
                           const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        return sd_bus_message_append(reply, "t", bus_count(userdata, property));
}

static int get_time(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const Bus *b = userdata;
        uint64_t usec;

        if (streq(property, "LastSweep"))
                usec = b->state.last_sweep;
        else if (streq(property, "LastSweepMonotonic"))
                usec = b->state.last_sweep_monotonic;
        else if (streq(property, "SweepInterval"))
                usec = b->state.sweep_interval;
        else
                usec = b->view.snapshot && b->state.last_sweep ? b->view.snapshot->counts.duration_usec : 0;
        return sd_bus_message_append(reply, "t", usec);
}

/* The bus policy decides who may call what: UNPRIVILEGED leaves it to that. */
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Sweep", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", summary), method_sweep, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListFindings", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", findings), method_list_findings, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListUnknown", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", unknown), method_list_unknown, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListUnits", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(suu)", units), method_list_units, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetProcess", SD_BUS_ARGS("u", pid), SD_BUS_RESULT("o", process), method_get_process, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("u", pid), SD_BUS_RESULT("aa{sv}", findings), method_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("StaleProcesses", "u", get_count, 0, CHANGES),
        SD_BUS_PROPERTY("StaleLibraries", "u", get_count, 0, CHANGES),
        SD_BUS_PROPERTY("UrgentProcesses", "u", get_count, 0, CHANGES),
        SD_BUS_PROPERTY("SameContentProcesses", "u", get_count, 0, CHANGES),
        SD_BUS_PROPERTY("StaleUnits", "as", get_units, 0, CHANGES),
        SD_BUS_PROPERTY("ProcessesChecked", "u", get_count, 0, CHANGES),
        SD_BUS_PROPERTY("ProcessesUnreadable", "u", get_count, 0, CHANGES),
        SD_BUS_PROPERTY("UnknownMappings", "t", get_large_count, 0, CHANGES),
        SD_BUS_PROPERTY("LastSweep", "t", get_time, 0, CHANGES),
        SD_BUS_PROPERTY("LastSweepMonotonic", "t", get_time, 0, CHANGES),
        SD_BUS_PROPERTY("LastSweepDuration", "t", get_time, 0, CHANGES),
        SD_BUS_PROPERTY("LastSweepSummary", "a{sv}", get_summary, 0, 0),
        SD_BUS_PROPERTY("SweepInterval", "t", get_time, 0, CHANGES),
        SD_BUS_PROPERTY("Degraded", "b", get_degraded, 0, CHANGES),
        SD_BUS_PROPERTY("DegradedReason", "s", get_string, 0, CHANGES),
        SD_BUS_SIGNAL_WITH_ARGS("FindingAdded", SD_BUS_ARGS("a{sv}", finding), 0),
        SD_BUS_SIGNAL_WITH_ARGS("FindingRemoved", SD_BUS_ARGS("a{sv}", finding, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SweepFinished", SD_BUS_ARGS("a{sv}", summary), 0),
        SD_BUS_VTABLE_END
};

/* objects that came and went */

static int changes_add(Bus *b, pid_t pid, int kind) {
        if (!GROW(b->changes, b->allocated_changes, b->n_changes + 1))
                return -ENOMEM;
        b->changes[b->n_changes++] = (ObjectChange){ .pid = pid, .kind = kind };
        return 0;
}

/* One change for each process; its events follow each other. */
static int changes_find(Bus *b, const Snapshot *new, const Difference *d) {
        for (size_t i = 0; i < d->n_events; i++) {
                const pid_t pid = d->events[i].finding->pid;
                Finding *const *findings;
                bool was, is;
                int r;

                if (i > 0 && d->events[i - 1].finding->pid == pid)
                        continue;
                was = snapshot_process_findings(b->view.snapshot, pid, &findings) > 0;
                is = snapshot_process_findings(new, pid, &findings) > 0;
                r = changes_add(b, pid, was && is ? OBJECT_CHANGED : is ? OBJECT_ADDED : OBJECT_REMOVED);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool bus_work(Bus *b) {
        Finding *const *findings;
        ObjectChange *c;
        bool there;

        if (b->next_change == b->n_changes) {
                free(b->changes);
                b->changes = NULL;
                b->n_changes = b->next_change = b->allocated_changes = 0;
                return false;
        }

        c = b->changes + b->next_change++;
        there = snapshot_process_findings(b->view.snapshot, c->pid, &findings) > 0;
        /* A later change signals what has changed since. */
        if (c->kind == OBJECT_REMOVED && !there)
                bus_process_emit_removed(b->bus, c->pid);
        else if (c->kind == OBJECT_ADDED && there)
                bus_process_emit_added(b->bus, c->pid);
        else if (c->kind == OBJECT_CHANGED && there)
                bus_process_emit_changed(b->bus, c->pid);
        bus_queue_look(b->queue);
        return true;
}

/* publishing */

/* Those that are another now. The names are static. */
static void changed_properties(const Bus *b, const BusState *state, const char *reason, char **units,
                               const Snapshot *snapshot, const char **ret_names) {
        static const char *const counts[] = { "StaleProcesses", "UrgentProcesses", "SameContentProcesses", "StaleLibraries",
                                              "ProcessesChecked", "ProcessesUnreadable", "UnknownMappings" };
        const Bus after = { .view.snapshot = snapshot };
        size_t n = 0, n_units = strv_length(units);
        bool same_units = n_units == strv_length(b->units);

        for (size_t i = 0; i < ELEMENTSOF(counts); i++)
                if (bus_count(b, counts[i]) != bus_count(&after, counts[i]))
                        ret_names[n++] = counts[i];
        for (size_t i = 0; same_units && i < n_units; i++)
                same_units = streq(units[i], b->units[i]);
        if (!same_units)
                ret_names[n++] = "StaleUnits";
        if (!streq_null(b->state.state, state->state))
                ret_names[n++] = "State";
        if (b->state.last_sweep != state->last_sweep || b->state.last_sweep_monotonic != state->last_sweep_monotonic) {
                ret_names[n++] = "LastSweep";
                ret_names[n++] = "LastSweepMonotonic";
                ret_names[n++] = "LastSweepDuration";
        }
        if (b->state.sweep_interval != state->sweep_interval)
                ret_names[n++] = "SweepInterval";
        if (!streq_null(b->degraded_reason, reason)) {
                ret_names[n++] = "DegradedReason";
                if (!b->degraded_reason || (*b->degraded_reason == '\0') != (*reason == '\0'))
                        ret_names[n++] = "Degraded";
        }
        ret_names[n] = NULL;
}

/* *ret_names: the properties that changed. The snapshot before is not used any more, whatever fails. */
static int bus_show(Bus *b, const BusState *state, const Snapshot *snapshot, bool same_findings, const char **ret_names) {
        _cleanup_free_ char *reason = strdup(state->degraded_reason);
        _cleanup_(strv_freep) char **units = NULL;
        int r = same_findings ? 0 : units_list(snapshot, &units);

        if (r < 0 || !reason) {
                *ret_names = NULL;
                b->view = (ProcessView){ .snapshot = snapshot };
                return -ENOMEM;
        }
        changed_properties(b, state, reason, same_findings ? b->units : units, snapshot, ret_names);
        b->view = (ProcessView){ .snapshot = snapshot };
        b->state = *state;
        free(b->degraded_reason);
        b->degraded_reason = TAKE_PTR(reason);
        if (!same_findings) {
                strv_free(b->units);
                b->units = TAKE_PTR(units);
        }
        return 0;
}

int bus_publish(Bus *b, const BusState *state, const Snapshot *snapshot, const Difference *difference) {
        bool same_findings = difference ? difference->n_events == 0 : snapshot == b->view.snapshot;
        const char *names[ELEMENTSOF(vtable) + 1];
        int r = 0, k;

        if (b->bus && difference)
                r = changes_find(b, snapshot, difference);
        k = bus_show(b, state, snapshot, same_findings, names);
        if (!b->bus || !names[0])
                return r < 0 ? r : k;
        k = sd_bus_emit_properties_changed_strv(b->bus, BUS_PATH, BUS_MANAGER, (char **) names);
        bus_queue_look(b->queue);
        return r < 0 ? r : k;
}

void bus_emit(Bus *b, const QueuedEvent *n) {
        sd_bus_message *m = NULL;
        int r;

        if (!b->bus || event_is_summary(n))
                return;
        r = sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_MANAGER,
                                      n->event.kind == EVENT_ADDED ? "FindingAdded" : "FindingRemoved");
        if (r >= 0)
                r = dictionary_append_finding(m, n->event.finding, /* explained= */ false);
        if (r >= 0 && n->event.kind == EVENT_REMOVED)
                r = sd_bus_message_append(m, "s", removal_to_string(n->event.removal));
        if (r >= 0)
                sd_bus_send(b->bus, m, /* cookie= */ NULL);
        sd_bus_message_unref(m);
        bus_queue_look(b->queue);
}

/* sweeps */

void bus_sweep_started(Bus *b) {
        for (size_t i = 0; i < b->n_waiters; i++)
                b->waiters[i].served = true;
}

static void reply_summary(const Bus *b, sd_bus_message *call) {
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = dictionary_append_summary(reply, b->view.snapshot);
        if (r >= 0)
                sd_bus_send(NULL, reply, /* cookie= */ NULL);
        sd_bus_message_unref(reply);
}

static void emit_sweep_finished(const Bus *b) {
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_MANAGER, "SweepFinished");
        if (r >= 0)
                r = dictionary_append_summary(m, b->view.snapshot);
        if (r >= 0)
                sd_bus_send(b->bus, m, /* cookie= */ NULL);
        sd_bus_message_unref(m);
}

void bus_sweep_ended(Bus *b, const char *failure) {
        size_t kept = 0;

        for (size_t i = 0; i < b->n_waiters; i++) {
                Waiter *w = b->waiters + i;

                if (!w->served) {
                        b->waiters[kept++] = *w;
                        continue;
                }
                if (failure)
                        sd_bus_reply_method_errorf(w->call, ERROR_SCANNER_FAILED, "The scanner failed: %s", failure);
                else
                        reply_summary(b, w->call);
                sd_bus_message_unref(w->call);
        }
        b->n_waiters = kept;
        if (!failure && b->bus)
                emit_sweep_finished(b);
}

/* the connection */

/* Nothing is flushed: what the bus has not taken until now may be what it will not take. */
static void bus_disconnect(Bus *b) {
        for (size_t i = 0; i < b->n_waiters; i++)
                sd_bus_message_unref(b->waiters[i].call);
        b->n_waiters = 0;
        b->n_changes = b->next_change = 0;
        b->disconnected = sd_bus_slot_unref(b->disconnected);
        b->name_call = sd_bus_slot_unref(b->name_call);
        b->list = bus_list_free(b->list);
        b->queue = bus_queue_free(b->queue);
        b->bus = sd_bus_close_unref(b->bus);
}

static void bus_lost(Bus *b) {
        bus_disconnect(b);
        b->callbacks.on_disconnected(b->callbacks.userdata);
}

static int on_disconnected(sd_bus_message *m _unused_, void *userdata, sd_bus_error *error _unused_) {
        bus_lost(userdata);
        return 1;
}

static void on_stuck(void *userdata) {
        log_line(LOG_WARNING, "The bus has taken nothing for %d s: is there a client that does not read?", BUS_QUEUE_STUCK_SEC);
        bus_lost(userdata);
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        Bus *b = userdata;
        uint32_t answer;

        if (e)
                b->callbacks.on_name_refused(b->callbacks.userdata, sd_bus_error_get_errno(e), e->message);
        else if (sd_bus_message_read(m, "u", &answer) < 0 || answer == NAME_EXISTS)
                b->callbacks.on_name_refused(b->callbacks.userdata, EEXIST, /* message= */ NULL);
        else
                b->callbacks.on_name_acquired(b->callbacks.userdata);
        return 1;
}

static int on_name_lost(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        const char *name;
        Bus *b = userdata;

        if (sd_bus_message_read(m, "s", &name) >= 0 && streq(name, BUS_NAME))
                b->callbacks.on_name_refused(b->callbacks.userdata, EEXIST, /* message= */ NULL);
        return 0;
}

/* A bus that reads nothing of a connection does not see its end either: the name is taken from it. */
int bus_acquire_name(Bus *b) {
        if (b->name_call)
                return 0;
        return sd_bus_request_name_async(b->bus, &b->name_call, BUS_NAME,
                                         SD_BUS_NAME_ALLOW_REPLACEMENT | SD_BUS_NAME_REPLACE_EXISTING, on_name, b);
}

static int bus_open(Bus *b, const char *address) {
        int r;

        if (!address)
                return sd_bus_open_system_with_description(&b->bus, "bus");

        r = sd_bus_new(&b->bus);
        if (r >= 0)
                r = sd_bus_set_address(b->bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(b->bus, 1);
        return r < 0 ? r : sd_bus_start(b->bus);
}

int bus_connect(Bus *b, const char *address) {
        int r;

        r = bus_open(b, address);
        if (r >= 0)
                r = sd_bus_match_signal(b->bus, &b->disconnected, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, b);
        if (r >= 0)
                r = sd_bus_match_signal(b->bus, /* slot= */ NULL, BUS_DAEMON, "/org/freedesktop/DBus", BUS_DAEMON,
                                        "NameLost", on_name_lost, b);
        if (r >= 0)
                r = sd_bus_add_object_vtable(b->bus, /* slot= */ NULL, BUS_PATH, BUS_MANAGER, vtable, b);
        if (r >= 0)
                r = sd_bus_add_object_manager(b->bus, /* slot= */ NULL, BUS_PATH);
        if (r >= 0)
                r = bus_process_register(b->bus, &b->view);
        if (r >= 0)
                r = bus_queue_new(b->bus, b->event, b->priority, ERROR_BUSY, on_stuck, b, &b->queue);
        if (r >= 0)
                r = bus_list_new(b->event, b->list_priority, b->queue, &b->view, &b->list);
        /* sd-bus would flush, and that never ends where the bus reads nothing. */
        if (r >= 0)
                r = sd_bus_set_close_on_exit(b->bus, 0);
        if (r >= 0)
                r = sd_bus_attach_event(b->bus, b->event, (int) b->priority);
        if (r < 0)
                bus_disconnect(b);
        return r;
}

bool bus_is_connected(const Bus *b) {
        return b->bus != NULL;
}

int bus_new(sd_event *event, int64_t priority, int64_t list_priority, const BusCallbacks *callbacks, Bus **ret) {
        Bus *b = calloc(1, sizeof(*b));

        if (!b)
                return -ENOMEM;
        b->event = sd_event_ref(event);
        b->priority = priority;
        b->list_priority = list_priority;
        b->callbacks = *callbacks;
        b->state.state = "starting";
        *ret = b;
        return 0;
}

Bus *bus_free(Bus *b) {
        if (!b)
                return NULL;
        bus_disconnect(b);
        free(b->changes);
        free(b->degraded_reason);
        strv_free(b->units);
        sd_event_unref(b->event);
        free(b);
        return NULL;
}
