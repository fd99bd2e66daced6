/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/json_object_iterator.h>

#include "dictionary.h"
#include "explain/advice.h"
#include "report/report-json.h"
#include "util/escape.h"

/* A finding's own nesting is three: itself, its pins, their lists. */
#define DEPTH_MAX 8

static int append_object(sd_bus_message *m, json_object *o, unsigned depth);

static const char *number_signature(const char *key, json_object *value) {
        if (json_object_get_int64(value) < 0)
                return "x";
        return streq(key, "pid") || streq(key, "uid") ? "u" : "t";
}

/* An empty list does not tell what it could hold. */
static bool is_list_of_objects(const char *key, json_object *array) {
        if (json_object_array_length(array) == 0)
                return streq(key, "pins");
        return json_object_is_type(json_object_array_get_idx(array, 0), json_type_object);
}

static const char *value_signature(const char *key, json_object *value) {
        switch (json_object_get_type(value)) {
        case json_type_boolean:
                return "b";
        case json_type_int:
                return number_signature(key, value);
        case json_type_double:
                return "d";
        case json_type_object:
                return "a{sv}";
        case json_type_array:
                return is_list_of_objects(key, value) ? "aa{sv}" : "as";
        default:
                return "s";
        }
}

static int append_number(sd_bus_message *m, const char *signature, json_object *value) {
        uint32_t u = (uint32_t) json_object_get_int64(value);
        int64_t x = json_object_get_int64(value);
        uint64_t t = json_object_get_uint64(value);

        return sd_bus_message_append_basic(m, signature[0], signature[0] == 'u' ? (void *) &u :
                                           signature[0] == 'x' ? (void *) &x : (void *) &t);
}

static int append_array(sd_bus_message *m, const char *signature, json_object *array, unsigned depth) {
        bool objects = streq(signature, "aa{sv}");
        int r;

        r = sd_bus_message_open_container(m, 'a', signature + 1);
        for (size_t i = 0; r >= 0 && i < json_object_array_length(array); i++) {
                json_object *item = json_object_array_get_idx(array, i);

                if (json_object_is_type(item, json_type_object) != objects)
                        return -EINVAL;
                r = objects ? append_object(m, item, depth + 1) : sd_bus_message_append(m, "s", json_object_get_string(item));
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const char *signature, json_object *value, unsigned depth) {
        double d;
        int b;

        switch (signature[0]) {
        case 'b':
                b = json_object_get_boolean(value);
                return sd_bus_message_append_basic(m, 'b', &b);
        case 'd':
                d = json_object_get_double(value);
                return sd_bus_message_append_basic(m, 'd', &d);
        case 's':
                return sd_bus_message_append_basic(m, 's', json_object_get_string(value));
        case 'a':
                return streq(signature, "a{sv}") ? append_object(m, value, depth + 1)
                       : append_array(m, signature, value, depth);
        default:
                return append_number(m, signature, value);
        }
}

static int append_member(sd_bus_message *m, const char *key, json_object *value, unsigned depth) {
        const char *signature;
        int r;

        if (!value)
                return 0;

        signature = value_signature(key, value);
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', signature);
        if (r >= 0)
                r = append_value(m, signature, value, depth);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_object(sd_bus_message *m, json_object *o, unsigned depth) {
        struct json_object_iterator it = json_object_iter_begin(o), end = json_object_iter_end(o);
        int r;

        if (depth > DEPTH_MAX)
                return -ELOOP;
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (; r >= 0 && !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
                r = append_member(m, json_object_iter_peek_name(&it), json_object_iter_peek_value(&it), depth);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int dictionary_append(sd_bus_message *m, json_object *o) {
        return append_object(m, o, 0);
}

static int add_string(json_object *o, const char *key, const char *s) {
        json_object *value = s ? json_object_new_string(s) : NULL;

        if (!value)
                return -ENOMEM;
        if (json_object_object_add(o, key, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

/* The members "explanation" of the finding and of each of its pins. */
static int explain(json_object *o, const Finding *f) {
        json_object *pins;
        int r;

        r = add_string(o, "explanation", advice_explain_state(f->state, f->flags));
        if (r < 0)
                return r;
        if (!json_object_object_get_ex(o, "pins", &pins))
                return 0;
        for (size_t i = 0; i < f->n_pins && i < json_object_array_length(pins); i++) {
                _cleanup_free_ char *text = advice_explain_pin(f, f->pins + i);

                r = add_string(json_object_array_get_idx(pins, i), "explanation", text);
                if (r < 0)
                        return r;
        }
        return 0;
}

int dictionary_append_finding(sd_bus_message *m, const Finding *f, bool explained) {
        json_object *o;
        int r;

        r = report_json_build_finding(f, &o);
        if (r < 0)
                return r;

        if (explained)
                r = explain(o, f);
        if (r >= 0)
                r = dictionary_append(m, o);
        json_object_put(o);
        return r;
}

static int append_bytes(sd_bus_message *m, const char *key, const char *bytes) {
        _cleanup_free_ char *safe = escape(bytes);

        if (!bytes)
                return 0;
        return safe ? sd_bus_message_append(m, "{sv}", key, "s", safe) : -ENOMEM;
}

int dictionary_append_unknown(sd_bus_message *m, const UnknownMapping *u) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "pid", "u", (uint32_t) u->pid);
        if (r >= 0)
                r = append_bytes(m, "comm", u->comm);
        if (r >= 0)
                r = append_bytes(m, "path", u->path);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "reason", "s", unknown_reason_to_string(u->reason));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_unreadable(sd_bus_message *m, const Snapshot *s) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "unreadable_pids");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "au");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "u");
        for (size_t i = 0; r >= 0 && i < s->n_looked; i++)
                if (s->looked[i].look == LOOK_FAILED)
                        r = sd_bus_message_append(m, "u", (uint32_t) s->looked[i].pid);
        for (int depth = 0; r >= 0 && depth < 3; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* The keys of "sweep" in the report, with those of findings; times are numbers on the bus. */
int dictionary_append_summary(sd_bus_message *m, const Snapshot *s) {
        const Counts *c = &s->counts;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}",
                                          "started", "t", c->started_usec,
                                          "duration_us", "t", c->duration_usec,
                                          "processes", "t", c->processes,
                                          "unreadable", "t", c->unreadable,
                                          "mappings", "t", c->mappings,
                                          "files", "t", c->files,
                                          "ignored", "t", c->ignored,
                                          "unknown", "t", c->unknown,
                                          "findings", "t", stale_counts_findings(&c->stale),
                                          "listed", "t", (uint64_t) s->n_findings,
                                          "same_content", "t", c->stale.findings[URGENCY_NONE],
                                          "stale_processes", "t", c->stale.processes,
                                          "stale_libraries", "t", c->stale.libraries);
        if (r >= 0)
                r = append_unreadable(m, s);
        for (size_t i = 0; r >= 0 && i < UNKNOWN_REASON_MAX; i++) {
                char key[64] = "unknown_";

                strncat(key, unknown_reason_to_string(i), sizeof(key) - strlen(key) - 1);
                r = sd_bus_message_append(m, "{sv}", key, "t", c->unknown_by[i]);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}
