/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "bus-json.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "report/report-json.h"
#include "util/clock.h"
#include "util/escape.h"

/* A sweep of a large host, and a wait in the queue of the daemon. */
#define SWEEP_TIMEOUT_USEC (120 * (uint64_t) 1000000)
/* Lists are answered four times a second. */
#define CLIENT_BUSY "org.stalelib1.Error.Busy"
#define BUSY_PAUSE_USEC 500000u
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

int client_call(sd_bus *bus, const char *method, uint64_t timeout_usec, sd_bus_error *error, sd_bus_message **ret,
                const char *types, ...) {
        _cleanup_message_ sd_bus_message *m = NULL;
        va_list ap;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, CLIENT_NAME, CLIENT_PATH, CLIENT_MANAGER, method);
        if (r < 0)
                return r;
        va_start(ap, types);
        r = sd_bus_message_appendv(m, types, ap);
        va_end(ap);
        if (r < 0)
                return r;
        r = sd_bus_call(bus, m, timeout_usec, error, ret);
        return r < 0 ? r : 0;
}

/* The daemon refuses lists that are asked for too often, as when a sweep ends between two calls that belong together: retry. */
static int call_for_list(sd_bus *bus, const char *method, sd_bus_error *error, sd_bus_message **ret) {
        for (unsigned n = 1;; n++) {
                int r = client_call(bus, method, 0, error, ret, "");

                if (r >= 0 || n >= BUSY_CALLS || !sd_bus_error_has_name(error, CLIENT_BUSY))
                        return r;
                sd_bus_error_free(error);
                clock_pause(BUSY_PAUSE_USEC);
        }
}

int client_print_error(int r, const sd_bus_error *error) {
        if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
                      sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)))
                return print_error(STATUS_UNKNOWN, "The daemon answers root and members of the group stalelib only: "
                                              "try again as one of them, or use \"stalelibctl scan\"");
        if (r == -EAGAIN)
                return print_error(STATUS_UNKNOWN, "The daemon sweeps without pause, and no two answers are of one sweep: try again");
        if (r == -EBADMSG)
                return print_error(STATUS_NO_DAEMON, "The daemon's answer was not understood: is it of another version?");
        if (error && sd_bus_error_is_set(error) && !sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) &&
            !sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return print_error(STATUS_NO_DAEMON, "The daemon did not answer: %s", error->message ?: error->name);
        if (r == -ENXIO || (error && sd_bus_error_is_set(error)))
                return print_error(STATUS_NO_DAEMON, "stalelibd is not running: \"systemctl start stalelibd\" starts it, "
                                             "\"stalelibctl scan\" needs none");
        if (r == -ENOMEM)
                return print_errno(r, "Cannot ask the daemon");
        return print_error(STATUS_NO_DAEMON, "The system bus is not reachable (%s): \"stalelibctl scan\" needs none", strerror(-r));
}

static int call_for_object(sd_bus *bus, const char *method, uint64_t timeout_usec, sd_bus_error *error, json_object **ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = client_call(bus, method, timeout_usec, error, &reply, "");
        return r < 0 ? r : bus_json_read(reply, ret);
}

int client_sweep(sd_bus *bus, sd_bus_error *error, json_object **ret_summary) {
        _cleanup_json_ json_object *summary = NULL;
        int r;

        r = call_for_object(bus, "Sweep", SWEEP_TIMEOUT_USEC, error, &summary);
        if (r >= 0 && ret_summary)
                *ret_summary = TAKE_PTR(summary);
        return r;
}

int client_properties(sd_bus *bus, sd_bus_error *error, json_object **ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(bus, CLIENT_NAME, CLIENT_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                               error, &reply, "s", CLIENT_MANAGER);
        return r < 0 ? r : bus_json_read(reply, ret);
}

/* What is null in the report is left out on the bus, and reads as null again. */
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

        r = client_call(bus, "Explain", 0, error, &reply, "u", (uint32_t) pid);
        return r < 0 ? r : read_findings(reply, s);
}

/* The bytes behind a text that is safe to show. NULL where there is none, or it is none. The caller frees. */
static char *read_bytes(json_object *o, const char *key) {
        char *text = client_has(o, key) ? strdup(client_text(o, key)) : NULL;

        if (text && unescape(text) < 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* A word that only a later version knows is "other". */
static UnknownReason read_reason(json_object *o) {
        UnknownReason i = 0;

        while (i < UNKNOWN_OTHER && !streq(unknown_reason_to_string(i), client_text(o, "reason")))
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
        if (client_number(o, "pid") == 0 || client_number(o, "pid") > INT_MAX)
                return -EBADMSG;
        u.pid = (pid_t) client_number(o, "pid");
        u.reason = read_reason(o);
        u.comm = read_bytes(o, "comm");
        u.path = read_bytes(o, "path");
        if (client_has(o, "path") && !u.path)
                return -EBADMSG;
        r = snapshot_add_unknown(s, &u);
        return r == -E2BIG ? 0 : r; /* what is missing is seen by the count */
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

uint64_t client_number(json_object *o, const char *key) {
        json_object *value;

        return json_object_object_get_ex(o, key, &value) && json_object_is_type(value, json_type_int) ?
                json_object_get_uint64(value) : 0;
}

const char *client_text(json_object *o, const char *key) {
        json_object *value;

        return json_object_object_get_ex(o, key, &value) && json_object_is_type(value, json_type_string) ?
                json_object_get_string(value) : "";
}

bool client_boolean(json_object *o, const char *key) {
        json_object *value;

        return json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
}

bool client_has(json_object *o, const char *key) {
        return json_object_object_get_ex(o, key, NULL);
}
