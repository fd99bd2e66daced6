/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "bus-json.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "report/report-json.h"
#include "util/clock.h"
#include "util/escape.h"
#include "util/timespan.h"

/* For a sweep of a large host, behind others in the queue. */
#define SWEEP_TIMEOUT_USEC (120 * USEC_PER_SEC)
/* stalelibd lists four times a second. */
#define CLIENT_BUSY "org.stalelib1.Error.Busy"
#define BUSY_PAUSE_USEC (500 * USEC_PER_MSEC)
#define BUSY_CALLS 10u

int client_open(bool activate, sd_bus **ret) {
        _cleanup_bus_ sd_bus *bus = NULL;
        sd_bus_creds *creds = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r < 0)
                return r;
        if (!activate) {
                r = sd_bus_get_name_creds(bus, CLIENT_NAME, 0, &creds);
                sd_bus_creds_unref(creds);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(bus);
        return 0;
}

/* The daemon refuses lists that are requested too often, as when a sweep ends between two calls that belong together: retry. */
static int call_for_list(sd_bus *bus, const char *method, sd_bus_error *error, sd_bus_message **ret) {
        for (unsigned n = 1;; n++) {
                int r = sd_bus_call_method(bus, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, method, error, ret, "");

                if (r >= 0 || n >= BUSY_CALLS || !sd_bus_error_has_name(error, CLIENT_BUSY))
                        return r;
                sd_bus_error_free(error);
                clock_pause(BUSY_PAUSE_USEC);
        }
}

static bool is_access_denied(const sd_bus_error *error) {
        return sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
}

static bool is_not_running(const sd_bus_error *error) {
        return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

int client_print_error(int r, const sd_bus_error *error) {
        if (error && is_access_denied(error))
                return print_error(STATUS_UNKNOWN, "Access denied: stalelibd serves root and members of group stalelib only; "
                                   "try again as one of them, or use \"stalelibctl scan\"");
        if (r == -EAGAIN)
                return print_error(STATUS_UNKNOWN, "No consistent result, since stalelibd sweeps without pause: try again");
        if (r == -EBADMSG)
                return print_error(STATUS_NO_DAEMON, "Invalid reply from stalelibd: it may be of another version");
        if (r == -ENXIO || (error && is_not_running(error)))
                return print_error(STATUS_NO_DAEMON, "stalelibd is not running: \"systemctl start stalelibd\" starts it, "
                                   "\"stalelibctl scan\" does without");
        if (error && sd_bus_error_is_set(error))
                return print_error(STATUS_NO_DAEMON, "Failed to call stalelibd: %s", error->message ?: error->name);
        if (r == -ENOMEM)
                return print_errno(r, "Failed to call stalelibd");
        return print_error(STATUS_NO_DAEMON, "Failed to connect to the system bus: %s; \"stalelibctl scan\" does without", strerror(-r));
}

int client_sweep(sd_bus *bus, sd_bus_error *error, json_object **ret_summary) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_set_method_call_timeout(bus, SWEEP_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_bus_call_method(bus, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, "Sweep", error, &reply, "");
        sd_bus_set_method_call_timeout(bus, 0); /* the default again */
        return r < 0 ? r : ret_summary ? bus_json_read(reply, ret_summary) : 0;
}

int client_properties(sd_bus *bus, sd_bus_error *error, json_object **ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(bus, CLIENT_NAME, CLIENT_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                               error, &reply, "s", CLIENT_MANAGER);
        return r < 0 ? r : bus_json_read(reply, ret);
}

/* Members that are null in the report are omitted on the bus, and read as null again. */
int client_read_finding(sd_bus_message *m, Finding *ret) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = bus_json_read(m, &o);
        if (r < 0)
                return r;
        return report_json_parse_finding(o, ret);
}

static int read_findings(sd_bus_message *reply, Snapshot *s) {
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(reply, /* complete= */ false)) == 0) {
                _cleanup_(finding_done) Finding f = {};

                r = client_read_finding(reply, &f);
                if (r >= 0)
                        r = snapshot_take_finding(s, &f);
                if (r < 0)
                        return r;
        }
        snapshot_freeze(s);
        return r < 0 ? r : 0;
}

int client_findings(sd_bus *bus, sd_bus_error *error, Snapshot *s) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = call_for_list(bus, "ListFindings", error, &reply);
        return r < 0 ? r : read_findings(reply, s);
}

int client_explain(sd_bus *bus, pid_t pid, sd_bus_error *error, Snapshot *s) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(bus, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, "Explain", error, &reply, "u", (uint32_t) pid);
        return r < 0 ? r : read_findings(reply, s);
}

/* The raw bytes of display-safe text. NULL: there is none, or it is invalid, or no memory. The caller frees. */
static char *read_bytes(json_object *o, const char *key) {
        char *text = json_has(o, key) ? strdup(json_text(o, key)) : NULL;

        if (text && unescape(text) < 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* Reasons of later versions are "other". */
static UnknownReason read_reason(json_object *o) {
        UnknownReason i = 0;

        while (i < UNKNOWN_OTHER && !streq(unknown_reason_to_string(i), json_text(o, "reason")))
                i++;
        return i;
}

static int read_one_unknown(sd_bus_message *m, Snapshot *s) {
        _cleanup_(unknown_mapping_done) UnknownMapping u = {};
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = bus_json_read(m, &o);
        if (r < 0)
                return r;
        if (json_number(o, "pid") == 0 || json_number(o, "pid") > INT_MAX)
                return -EBADMSG;
        u.pid = (pid_t) json_number(o, "pid");
        u.reason = read_reason(o);
        u.comm = read_bytes(o, "comm");
        u.path = read_bytes(o, "path");
        if (json_has(o, "path") && !u.path)
                return -EBADMSG;
        r = snapshot_add_unknown(s, &u);
        return r == -E2BIG ? 0 : r; /* the count tells that the list is cut */
}

int client_unknown(sd_bus *bus, sd_bus_error *error, Snapshot *s) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = call_for_list(bus, "ListUnknown", error, &reply);
        if (r < 0 && sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_METHOD)) {
                sd_bus_error_free(error);
                return -EOPNOTSUPP;
        }
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        while (r >= 0 && (r = sd_bus_message_at_end(reply, /* complete= */ false)) == 0)
                r = read_one_unknown(reply, s);
        return r < 0 ? r : 0;
}

uint64_t client_sweep_age(json_object *properties) {
        uint64_t at = json_number(properties, "LastSweepMonotonic"), now = clock_now();

        return now > at ? now - at : 0;
}

bool client_sweep_is_overdue(json_object *properties) {
        uint64_t interval = json_number(properties, "SweepInterval");

        return interval > 0 && interval < TIMESPAN_INFINITY / 3 && client_sweep_age(properties) > 3 * interval;
}

/* Earlier versions of the daemon have it in the summary alone. */
uint64_t client_unknown_mappings(json_object *properties) {
        return json_has(properties, "UnknownMappings") ? json_number(properties, "UnknownMappings") :
               json_number(json_member(properties, "LastSweepSummary", json_type_object), "unknown");
}
