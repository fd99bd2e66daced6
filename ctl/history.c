/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "command.h"
#include "message-ids.h"
#include "output.h"
#include "pager.h"
#include "selection.h"
#include "util/escape.h"
#include "util/number.h"
#include "util/timespan.h"

/* Anybody may write entries with our ids, but not with the unit that journald itself notes. */
#define ORIGIN "_SYSTEMD_UNIT=stalelibd.service"
/* Longest value of a field that is shown (the journal keeps any length). */
#define FIELD_MAX 65536

static const struct {
        const char *id, *event;
        Style style;
        const char *mark;
} kinds[] = {
        { MESSAGE_ID_FINDING_ADDED, "finding-added", STYLE_YELLOW, "+" },
        { MESSAGE_ID_FINDINGS_ADDED, "findings-added", STYLE_YELLOW, "+" },
        { MESSAGE_ID_FINDING_REMOVED, "finding-removed", STYLE_GREEN, "-" },
        { MESSAGE_ID_FINDINGS_REMOVED, "findings-removed", STYLE_GREEN, "-" },
        { MESSAGE_ID_DEGRADED, "degraded", STYLE_RED, "!" },
        { MESSAGE_ID_RECOVERED, "recovered", STYLE_GREEN, "=" },
};

static inline void sd_journal_donep(sd_journal **j) {
        sd_journal_close(*j);
}

static int add_match(sd_journal *j, const char *format, ...) _printf_(2, 3);

static int add_match(sd_journal *j, const char *format, ...) {
        char match[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(match, sizeof(match), format, ap);
        va_end(ap);
        return sd_journal_add_match(j, match, 0);
}

static int open_journal(const Options *o, sd_journal **ret) {
        _cleanup_(sd_journal_donep) sd_journal *j = NULL;
        int r;

        r = o->directory ? sd_journal_open_directory(&j, o->directory, 0) : sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
        if (r >= 0)
                r = add_match(j, "%s", ORIGIN);
        for (size_t i = 0; i < ELEMENTSOF(kinds) && r >= 0; i++)
                r = add_match(j, "MESSAGE_ID=%s", kinds[i].id);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/*
 * A value as text that is safe to show. The daemon has escaped it already: only what
 * it would not have written is still to be, so backslashes stay as they are.
 */
static char *safe_text(const char *value, size_t n) {
        char *text = escape_bytes(value, n < FIELD_MAX ? n : FIELD_MAX), *to = text;

        for (const char *from = text; from; from++) {
                if (from[0] == '\\' && from[1] == '\\')
                        from++;
                *to++ = *from;
                if (*from == '\0')
                        break;
        }
        return text;
}

/* NULL where there is no such field. Returns 0, -ENOMEM, -errno. */
static int read_field(sd_journal *j, const char *name, char **ret) {
        const void *data;
        size_t n, skip = strlen(name) + 1;
        int r;

        r = sd_journal_get_data(j, name, &data, &n);
        if (r == -ENOENT) {
                *ret = NULL;
                return 0;
        }
        if (r < 0)
                return r;
        if (n < skip)
                return -EBADMSG;
        *ret = safe_text((const char *) data + skip, n - skip);
        return *ret ? 0 : -ENOMEM;
}

/* Does --pid= or --unit= ask for this entry? What is of no process is shown without either only. */
static int is_wanted(const Options *o, sd_journal *j) {
        _cleanup_free_ char *unit = NULL, *user_unit = NULL, *pid = NULL;
        uint64_t number;
        int r;

        if (o->n_pids == 0 && o->n_units == 0)
                return 1;
        if ((r = read_field(j, "STALELIB_UNIT", &unit)) < 0 ||
            (r = read_field(j, "STALELIB_USER_UNIT", &user_unit)) < 0 ||
            (r = read_field(j, "STALELIB_PID", &pid)) < 0)
                return r;
        if (o->n_units > 0 && (options_unit(o, unit) || options_unit(o, user_unit)))
                return 1;
        return o->n_pids > 0 && pid && number_parse(pid, INT32_MAX, &number) >= 0 && options_pid(o, (pid_t) number);
}

/* To the entry before the first of the last --lines=. Returns 0, -errno. */
static int seek(const Options *o, sd_journal *j) {
        uint64_t n = 0;
        int r;

        if (o->lines == 0)
                return sd_journal_seek_head(j);
        r = sd_journal_seek_tail(j);
        while (r >= 0 && n < o->lines) {
                r = sd_journal_previous(j);
                if (r == 0)
                        return sd_journal_seek_head(j); /* there are no more than that */
                if (r > 0)
                        r = is_wanted(o, j);
                n += r > 0;
        }
        return r < 0 ? r : sd_journal_previous(j) > 0 ? 0 : sd_journal_seek_head(j);
}

static size_t kind_of(const char *id) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (id && streq(kinds[i].id, id))
                        return i;
        return 0; /* cannot be: these are what was asked for */
}

static int show_line(const Options *o, sd_journal *j) {
        _cleanup_free_ char *id = NULL, *message = NULL, *host = NULL;
        char when[64] = "?";
        uint64_t usec;
        time_t seconds;
        struct tm tm;
        size_t kind;
        int r;

        if ((r = read_field(j, "MESSAGE_ID", &id)) < 0 || (r = read_field(j, "MESSAGE", &message)) < 0 ||
            (r = read_field(j, "_HOSTNAME", &host)) < 0 || (r = sd_journal_get_realtime_usec(j, &usec)) < 0)
                return r;
        seconds = (time_t) (usec / 1000000);
        if (localtime_r(&seconds, &tm))
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
        kind = kind_of(id);
        printf("%s ", when);
        if (o->directory)
                printf("%s ", host ?: "?");
        printf("%s%s%s %s\n", style_begin(kinds[kind].style, o->colour), kinds[kind].mark,
               style_end(kinds[kind].style, o->colour), message ?: "");
        return 0;
}

/* Fields that may occur more than once are lists, so that none is lost: a later one makes the earlier text a list. */
static int add_field(json_object *o, const char *key, const char *value) {
        json_object *present;

        if (!json_object_object_get_ex(o, key, &present))
                return json_add_text(o, key, value);
        if (!json_object_is_type(present, json_type_array)) {
                json_object *array = json_object_new_array();

                if (!array || json_object_array_add(array, json_object_get(present)) < 0 ||
                    json_object_object_add(o, key, array) < 0)
                        return -ENOMEM;
                present = array;
        }
        return json_object_array_add(present, json_object_new_string(value)) < 0 ? -ENOMEM : 0;
}

static int add_fields(json_object *o, sd_journal *j) {
        const void *data;
        size_t n;

        SD_JOURNAL_FOREACH_DATA(j, data, n) {
                _cleanup_free_ char *field = safe_text(data, n);
                char *value = field ? strchr(field, '=') : NULL;
                int r;

                if (!field)
                        return -ENOMEM;
                if (!value || strncmp(field, "STALELIB_", strlen("STALELIB_")) != 0)
                        continue;
                *value = '\0';
                r = add_field(o, field, value + 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int show_json(const Options *o, sd_journal *j) {
        _cleanup_json_ json_object *e = json_object_new_object();
        _cleanup_free_ char *id = NULL, *message = NULL, *host = NULL, *priority = NULL;
        json_object *fields;
        uint64_t usec, number = 6;
        char when[64];
        time_t seconds;
        struct tm tm;
        int r;

        if ((r = read_field(j, "MESSAGE_ID", &id)) < 0 || (r = read_field(j, "MESSAGE", &message)) < 0 ||
            (r = read_field(j, "_HOSTNAME", &host)) < 0 || (r = read_field(j, "PRIORITY", &priority)) < 0 ||
            (r = sd_journal_get_realtime_usec(j, &usec)) < 0)
                return r;
        seconds = (time_t) (usec / 1000000);
        if (!e || !gmtime_r(&seconds, &tm))
                return -ENOMEM;
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(when + strlen(when), sizeof(when) - strlen(when), ".%06" PRIu64 "Z", usec % 1000000);
        if (priority)
                number_parse(priority, 7, &number);
        if ((r = json_add_text(e, "time", when)) < 0 || (r = json_add_text(e, "host", host)) < 0 ||
            (r = json_add_text(e, "event", kinds[kind_of(id)].event)) < 0 || (r = json_add_text(e, "message_id", id)) < 0 ||
            json_object_object_add(e, "priority", json_object_new_int64((int64_t) number)) < 0 ||
            (r = json_add_text(e, "message", message)) < 0)
                return -ENOMEM;
        fields = json_object_new_object();
        if (json_object_object_add(e, "fields", fields) < 0)
                return -ENOMEM;
        r = add_fields(fields, j);
        if (r >= 0)
                output_json(o, e);
        return r;
}

/* Returns 1; 0 where there is no such entry; -errno. */
static int show(const Options *o, sd_journal *j) {
        uint64_t n = 0;
        int r;

        while ((r = sd_journal_next(j)) > 0) {
                r = is_wanted(o, j);
                if (r > 0 && !o->quiet)
                        r = o->json != JSON_OFF ? show_json(o, j) : show_line(o, j);
                else if (r == 0)
                        continue;
                if (r < 0)
                        return r;
                n++;
        }
        if (r >= 0 && n == 0 && o->json == JSON_OFF && !o->quiet && !o->no_legend)
                puts("The journal holds no such entry.");
        return r < 0 ? r : n > 0;
}

/* No entry is of the selection: is there at least such a process or unit, on this host? */
static int status_of_none(const Options *o) {
        _cleanup_(selection_done) Selection selection = {};

        if (!options_select(o))
                return STATUS_ANSWERED;
        if (o->directory)
                return print_error(STATUS_UNKNOWN, "No entry is of such a process or unit");
        return selection_read(o, /* report= */ true, &selection) == -ESRCH ? STATUS_UNKNOWN : STATUS_ANSWERED;
}

int command_history(const Options *o) {
        _cleanup_(sd_journal_donep) sd_journal *j = NULL;
        int r;

        r = open_journal(o, &j);
        if (r >= 0)
                r = seek(o, j);
        if (r >= 0) {
                pager_open(o);
                r = show(o, j);
        }
        if (r < 0)
                return print_error(STATUS_UNKNOWN, "Cannot read the journal%s%s: %s", o->directory ? " in " : "",
                           o->directory ?: "", strerror(-r));
        return r > 0 ? STATUS_ANSWERED : status_of_none(o);
}
