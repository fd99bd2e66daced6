/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <time.h>

#include "bus-json.h"
#include "client.h"
#include "command.h"
#include "findings.h"
#include "output.h"
#include "report/report-json.h"
#include "selection.h"
#include "util/clock.h"
#include "util/escape.h"

/* One line for each event, flushed at once, also to a pipe. */
static void end_line(void) {
        fputc('\n', stdout);
        fflush(stdout);
}

static void put_time(void) {
        time_t now = time(NULL);
        char buffer[32];
        struct tm tm;

        if (localtime_r(&now, &tm) && strftime(buffer, sizeof(buffer), "%H:%M:%S", &tm) > 0)
                printf("%s ", buffer);
}

/* {"event":"added", "finding":{…}, "reason":…} */
static int put_json(const Options *o, const char *event, const char *key, json_object *value, const char *reason) {
        _cleanup_json_ json_object *e = json_object_new_object();

        if (!e || json_object_object_add(e, "event", json_object_new_string(event)) < 0 ||
            (reason && json_object_object_add(e, "reason", json_object_new_string(reason)) < 0) ||
            (key && json_object_object_add(e, key, json_object_get(value)) < 0))
                return -ENOMEM;
        output_json(o, e);
        fflush(stdout);
        return 0;
}

static int put_finding(const Options *o, const char *event, const Finding *f, const char *reason) {
        if (o->json != JSON_OFF) {
                _cleanup_json_ json_object *object = NULL;
                int r;

                r = report_json_build_finding(f, &object);
                return r < 0 ? r : put_json(o, event, "finding", object, reason);
        } else if (!o->quiet && !reason) {
                put_time();
                printf("%s+%s %s", style_begin(STYLE_YELLOW, o->colour), style_end(STYLE_YELLOW, o->colour), f->message);
                end_line();
        } else if (!o->quiet) {
                _cleanup_free_ char *process = findings_process(f), *path = escape(f->path);

                if (!process || !path)
                        return -ENOMEM;
                put_time();
                printf("%s-%s %s: %s: %s", style_begin(STYLE_GREEN, o->colour), style_end(STYLE_GREEN, o->colour),
                       process, path, reason);
                end_line();
        }
        return 0;
}

static int on_finding(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        _cleanup_(finding_done) Finding f = {};
        const char *reason = NULL;
        int r;

        r = client_read_finding(m, &f);
        if (r >= 0 && sd_bus_message_is_signal(m, CLIENT_MANAGER, "FindingRemoved"))
                r = sd_bus_message_read_basic(m, 's', &reason);
        if (r < 0)
                return r;
        return findings_wanted(userdata, &f) ? put_finding(userdata, reason ? "removed" : "added", &f, reason) : 0;
}

static int on_sweep(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        _cleanup_json_ json_object *summary = NULL;
        const Options *o = userdata;
        int r;

        if (o->json == JSON_OFF)
                return 0; /* for people, a sweep that changed nothing is no news */
        r = bus_json_read(m, &summary);
        return r < 0 ? r : put_json(o, "sweep", "sweep", summary, /* reason= */ NULL);
}

/* NameOwnerChanged(name, old, new): the daemon has come or gone. */
static int on_owner(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        const Options *o = userdata;
        const char *owner;
        int r;

        r = sd_bus_message_read(m, "sss", NULL, NULL, &owner);
        if (r < 0)
                return r;
        if (o->json != JSON_OFF)
                return put_json(o, *owner ? "started" : "stopped", NULL, NULL, NULL);
        if (!o->quiet) {
                put_time();
                printf("  stalelibd has %s", *owner ? "started" : "stopped");
                end_line();
        }
        return 0;
}

static int subscribe(sd_bus *bus, Options *o) {
        int r;

        r = sd_bus_match_signal(bus, NULL, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, "FindingAdded", on_finding, o);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, "FindingRemoved", on_finding, o);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, "SweepFinished", on_sweep, o);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL, "type='signal',sender='org.freedesktop.DBus',"
                                     "path='/org/freedesktop/DBus',interface='org.freedesktop.DBus',"
                                     "member='NameOwnerChanged',arg0='" CLIENT_NAME "'", on_owner, o);
        return r;
}

/* Until interrupted, or for as long as --timeout= says. */
static int run(sd_bus *bus, const Options *o) {
        uint64_t end = clock_after(o->timeout_usec);

        for (uint64_t now = clock_now(); now < end && !ferror(stdout); now = clock_now()) {
                int r;

                r = sd_bus_process(bus, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                r = sd_bus_wait(bus, end == UINT64_MAX ? UINT64_MAX : end - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

int command_monitor(const Options *o) {
        _cleanup_(selection_done) Selection selection = {};
        _cleanup_bus_ sd_bus *bus = NULL;
        Options copy = *o; /* borrowed; the callbacks want it without const */
        int r;

        r = client_open(/* activate= */ false, &bus);
        if (r < 0)
                return client_print_error(r, NULL);
        r = selection_read(o, /* report= */ true, &selection);
        if (r == -ESRCH)
                return STATUS_UNKNOWN; /* said already */
        if (r >= 0)
                r = subscribe(bus, &copy);
        if (r < 0)
                return client_print_error(r, NULL);
        r = run(bus, o);
        return r < 0 ? client_print_error(r, NULL) : STATUS_ANSWERED;
}
