/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "client.h"
#include "command.h"
#include "findings.h"
#include "daemon-inventory.h"
#include "output.h"
#include "util/clock.h"
#include "util/timespan.h"

/* If a sweep ends between two calls, their results do not belong together, and both are made again. */
#define ATTEMPTS_MAX 5

/* The result of one sweep of the daemon. */
typedef struct DaemonSweep {
        json_object *properties; /* owned */
        json_object *summary;    /* of these */
        Snapshot *snapshot;      /* owned; findings and unknown of all processes */
        bool has_unknown;        /* false: an earlier version, which does not list it */
} DaemonSweep;

static void daemon_sweep_done(DaemonSweep *s) {
        json_putp(&s->properties);
        snapshot_free(s->snapshot);
        *s = (DaemonSweep){};
}

static int read_properties(sd_bus *bus, sd_bus_error *error, json_object **ret, json_object **ret_summary) {
        _cleanup_json_ json_object *p = NULL;
        json_object *summary;
        int r;

        r = client_properties(bus, error, &p);
        if (r < 0)
                return r;
        summary = json_member(p, "LastSweepSummary", json_type_object);
        if (!summary)
                return -EBADMSG;
        *ret = TAKE_PTR(p);
        *ret_summary = summary;
        return 0;
}

static int read_lists(sd_bus *bus, sd_bus_error *error, DaemonSweep *swept) {
        int r;

        swept->snapshot = snapshot_new();
        if (!swept->snapshot)
                return -ENOMEM;
        r = client_unknown(bus, error, swept->snapshot);
        if (r < 0 && r != -EOPNOTSUPP)
                return r;
        swept->has_unknown = r >= 0;
        return client_findings(bus, error, swept->snapshot);
}

/* Reads lists and counts of the same sweep. */
static int read_sweep(sd_bus *bus, sd_bus_error *error, DaemonSweep *ret) {
        for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
                _cleanup_(daemon_sweep_done) DaemonSweep swept = {};
                _cleanup_json_ json_object *before = NULL;
                json_object *summary;
                int r;

                r = read_properties(bus, error, &before, &summary);
                if (r >= 0)
                        r = read_lists(bus, error, &swept);
                if (r >= 0)
                        r = read_properties(bus, error, &swept.properties, &swept.summary);
                if (r < 0)
                        return r;
                if (json_number(summary, "started") != json_number(swept.summary, "started"))
                        continue;
                *ret = swept;
                swept = (DaemonSweep){};
                return 0;
        }
        return -EAGAIN;
}

static void read_counts(json_object *summary, Counts *ret) {
        *ret = (Counts){
                .started_usec = json_number(summary, "started"),
                .duration_usec = json_number(summary, "duration_us"),
                .processes = json_number(summary, "processes"),
                .unreadable = json_number(summary, "unreadable"),
                .mappings = json_number(summary, "mappings"),
                .files = json_number(summary, "files"),
                .ignored = json_number(summary, "ignored"),
                .unknown = json_number(summary, "unknown"),
        };
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++) {
                char key[64];

                snprintf(key, sizeof(key), "unknown_%s", unknown_reason_to_string(i));
                ret->unknown_by[i] = json_number(summary, key);
        }
}

static int read_unreadable(json_object *summary, Snapshot *s) {
        json_object *pids = json_member(summary, "unreadable_pids", json_type_array);
        int r = 0;

        for (size_t i = 0; pids && r >= 0 && i < json_object_array_length(pids); i++) {
                pid_t pid = json_object_get_int(json_object_array_get_idx(pids, i));

                r = snapshot_add_looked(s, pid, /* start_time= */ 0, LOOK_FAILED);
        }
        return r;
}

static bool is_selected(const Options *o, const Selection *selection, pid_t pid) {
        return (o->n_pids > 0 && options_pid(o, pid)) || selection_has(selection, pid);
}

static void select_findings(const Options *o, const Selection *selection, Snapshot *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_findings; i++)
                if (findings_wanted(o, s->findings[i]) || selection_has(selection, s->findings[i]->pid))
                        s->findings[n++] = s->findings[i];
                else
                        finding_unref(s->findings[i]);
        s->n_findings = n;
}

static void select_unreadable(const Options *o, const Selection *selection, Snapshot *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_looked; i++)
                if (is_selected(o, selection, s->looked[i].pid))
                        s->looked[n++] = s->looked[i];
        s->n_looked = n;
        s->counts.unreadable = n;
}

static void select_unknown(const Options *o, const Selection *selection, Snapshot *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_unknown; i++)
                if (is_selected(o, selection, s->unknown[i].pid))
                        s->unknown[n++] = s->unknown[i];
                else
                        unknown_mapping_done(&s->unknown[i]);
        s->n_unknown = n;
}

static size_t count_unknown_mappings(const Snapshot *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_unknown; i++)
                n += s->unknown[i].path != NULL;
        return n;
}

static bool has_unknown_of(const Snapshot *s, pid_t pid) {
        for (size_t i = 0; i < s->n_unknown; i++)
                if (s->unknown[i].pid == pid)
                        return true;
        return false;
}

/*
 * Mappings that are counted as unknown but not listed may be of any process. They are of a
 * selected one unless each of these has something listed.
 */
static bool may_hide_unknown(const Selection *selection, const DaemonSweep *swept, uint64_t listed) {
        if (listed >= swept->snapshot->counts.unknown)
                return false;
        for (size_t i = 0; i < selection->n_pids; i++)
                if (!has_unknown_of(swept->snapshot, selection->pids[i]))
                        return true;
        return selection->n_pids == 0;
}

static void count_selected_unknown(Snapshot *s) {
        Counts *c = &s->counts;

        memset(c->unknown_by, 0, sizeof(c->unknown_by));
        c->unknown = 0;
        for (size_t i = 0; i < s->n_unknown; i++)
                if (s->unknown[i].path) {
                        c->unknown_by[s->unknown[i].reason]++;
                        c->unknown++;
                }
}

/* Reduces the snapshot to the selection. */
static void select_from(const Options *o, const Selection *selection, DaemonSweep *swept, Inventory *a) {
        Snapshot *s = swept->snapshot;

        a->unattributed = may_hide_unknown(selection, swept, count_unknown_mappings(s));
        a->selected = selection->n_pids;
        select_findings(o, selection, s);
        select_unreadable(o, selection, s);
        select_unknown(o, selection, s);
        if (!a->unattributed)
                count_selected_unknown(s);
}

/* A sweep that was requested is up to date by itself; an earlier one only if the daemon works. */
static int read_trouble(json_object *properties, Inventory *a) {
        char age[TIMESPAN_TEXT_MAX];

        if (json_boolean(properties, "Degraded"))
                a->trouble = strdup_format("The daemon is degraded: %s", json_text(properties, "DegradedReason"));
        else if (client_sweep_is_overdue(properties))
                a->trouble = strdup_format("The last sweep of the daemon was %s ago.", timespan_format(client_sweep_age(properties), age));
        else
                return 0;
        return a->trouble ? 0 : -ENOMEM;
}

/* Is there no sweep yet, or none since the youngest selected process started? */
static int needs_sweep(sd_bus *bus, const Selection *selection, sd_bus_error *error) {
        _cleanup_json_ json_object *p = NULL;
        uint64_t since, started, now = clock_usec(CLOCK_BOOTTIME);
        json_object *summary;
        int r;

        r = read_properties(bus, error, &p, &summary);
        if (r < 0)
                return r;
        if (json_number(summary, "started") == 0)
                return 1;
        if (!selection)
                return 0;
        since = client_sweep_age(p) + json_number(summary, "duration_us");
        started = selection->youngest * USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK);
        return started + since >= now;
}

/* Fills in the counts, and how much is not listed. */
static int fill(const Options *o, const Selection *selection, DaemonSweep *swept, Inventory *a) {
        Snapshot *s = swept->snapshot;
        uint64_t total = json_number(swept->summary, "findings"), listed = s->n_findings;
        int r;

        if (json_has(swept->summary, "listed") && json_number(swept->summary, "listed") < listed)
                listed = json_number(swept->summary, "listed");
        a->from_daemon = true;
        a->not_listed = total > listed ? total - listed : 0;
        read_counts(swept->summary, &s->counts);
        r = read_unreadable(swept->summary, s);
        if (r < 0)
                return r;
        if (selection)
                select_from(o, selection, swept, a);
        snapshot_freeze(s);
        a->snapshot = TAKE_PTR(swept->snapshot);
        return 0;
}

int daemon_inventory_read(sd_bus *bus, const Options *o, const Selection *selection, bool sweep, sd_bus_error *error,
                     Inventory *ret) {
        _cleanup_(daemon_sweep_done) DaemonSweep swept = {};
        _cleanup_(inventory_done) Inventory a = {};
        int r;

        r = sweep ? 1 : needs_sweep(bus, selection, error);
        if (r > 0)
                r = client_sweep(bus, error, /* ret_summary= */ NULL);
        if (r >= 0)
                r = read_sweep(bus, error, &swept);
        if (r >= 0 && !sweep)
                r = read_trouble(swept.properties, &a);
        if (r >= 0)
                r = fill(o, selection, &swept, &a);
        if (r < 0)
                return r;
        *ret = a;
        a = (Inventory){};
        return 0;
}

int daemon_inventory_show(const Options *o, int (*show)(const Options *o, const Inventory *a)) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(selection_done) Selection selection = {};
        _cleanup_(inventory_done) Inventory a = {};
        _cleanup_bus_ sd_bus *bus = NULL;
        bool matches;
        int r;

        r = client_open(/* activate= */ false, &bus);
        if (r < 0)
                return client_print_error(r, NULL);
        r = selection_read(o, /* report= */ true, &selection);
        if (r < 0 && r != -ESRCH)
                return print_errno(r, "Failed to read the processes");
        matches = r >= 0;
        r = daemon_inventory_read(bus, o, options_select(o) ? &selection : NULL, /* sweep= */ false, &error, &a);
        if (r < 0)
                return client_print_error(r, &error);
        matches = matches || a.snapshot->n_findings > 0;
        r = matches || o->json != JSON_OFF ? show(o, &a) : 0;
        if (r < 0)
                return print_errno(r, "Failed to list");
        return !matches ? STATUS_UNKNOWN : o->check ? inventory_status(o, &a) : STATUS_ANSWERED;
}
