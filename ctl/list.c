/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "client.h"
#include "findings.h"
#include "output.h"
#include "pager.h"
#include "verbs.h"

static int read_unreadable(json_object *summary, Snapshot *s) {
        json_object *pids;
        int r = 0;

        if (!json_object_object_get_ex(summary, "unreadable_pids", &pids) || !json_object_is_type(pids, json_type_array))
                return 0;
        s->n_looked = 0;
        for (size_t i = 0; r >= 0 && i < json_object_array_length(pids); i++)
                r = snapshot_add_looked(s, json_object_get_int(json_object_array_get_idx(pids, i)), /* start_time= */ 0, LOOK_FAILED);
        return r;
}

/* The counts of the daemon's last sweep, and whom it could not read. Before the first all are 0. */
static int read_summary(sd_bus *bus, sd_bus_error *error, Snapshot *s) {
        _cleanup_json_ json_object *p = NULL;
        json_object *summary;
        int r;

        r = client_properties(bus, error, &p);
        if (r < 0)
                return r;
        if (!json_object_object_get_ex(p, "LastSweepSummary", &summary))
                return -EBADMSG;
        s->counts = (Counts){
                .started_usec = client_number(summary, "started"),
                .duration_usec = client_number(summary, "duration_us"),
                .processes = client_number(summary, "processes"),
                .unreadable = client_number(summary, "unreadable"),
                .mappings = client_number(summary, "mappings"),
                .files = client_number(summary, "files"),
                .ignored = client_number(summary, "ignored"),
                .unknown = client_number(summary, "unknown"),
        };
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++) {
                char key[64];

                snprintf(key, sizeof(key), "unknown_%s", unknown_reason_to_string(i));
                s->counts.unknown_by[i] = client_number(summary, key);
        }
        return read_unreadable(summary, s);
}

static int ask(sd_bus *bus, sd_bus_error *error, Snapshot *s) {
        int r;

        r = read_summary(bus, error, s);
        if (r >= 0 && s->counts.started_usec == 0) {
                /* It has only just started: have it look first. */
                r = client_sweep(bus, error, /* ret_summary= */ NULL);
                if (r >= 0)
                        r = read_summary(bus, error, s);
        }
        return r < 0 ? r : client_findings(bus, error, s);
}

int verb_list(const Options *o, _unused_ char *arguments[]) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        if (!s)
                return say_errno(-ENOMEM, "Cannot list");
        r = client_open(/* activate= */ false, &bus);
        if (r >= 0)
                r = ask(bus, &error, s);
        if (r < 0)
                return client_say(r, &error);
        findings_filter(o, s);
        pager_open(o);
        r = findings_show(o, s, GROUPING_UNIT);
        if (r < 0)
                return say_errno(r, "Cannot list");
        return o->check && s->n_findings > 0 ? STATUS_STALE : STATUS_ANSWERED;
}
