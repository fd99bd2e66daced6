/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <sys/stat.h>

#include "message.h"
#include "owner.h"
#include "report.h"
#include "request.h"

#define JSON_DEPTH_MAX 6

void answer_done(Answer *a) {
        snapshot_free(a->snapshot);
        *a = (Answer){};
}

static int bad(int r) {
        return r == -ENOMEM ? r : -EBADMSG;
}

/* counts */

static int counts_append(sd_bus_message *m, const Counts *c) {
        int r;

        r = sd_bus_message_append(m, "tttttttt", c->started_usec, c->duration_usec, c->processes, c->unreadable,
                                  c->left_out, c->mappings, c->files, c->ignored);
        if (r < 0)
                return r;
        return sd_bus_message_append_array(m, 't', c->unknown_by, sizeof(c->unknown_by));
}

static int counts_read(sd_bus_message *m, Counts *ret) {
        const uint64_t *unknown_by;
        Counts c = {};
        size_t size;
        int r;

        r = sd_bus_message_read(m, "tttttttt", &c.started_usec, &c.duration_usec, &c.processes, &c.unreadable,
                                &c.left_out, &c.mappings, &c.files, &c.ignored);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 't', (const void **) &unknown_by, &size);
        if (r < 0)
                return bad(r);
        if (size != sizeof(c.unknown_by) || c.processes > PID_MAX || c.unreadable > c.processes || c.left_out > c.unreadable)
                return -EBADMSG;

        for (size_t i = 0; i < UNKNOWN_REASON_MAX; i++) {
                c.unknown_by[i] = unknown_by[i];
                if (__builtin_add_overflow(c.unknown, unknown_by[i], &c.unknown))
                        return -EBADMSG;
        }
        *ret = c;
        return 0;
}

/* looked: three arrays of one length, which cost nothing to read */

typedef struct Columns {
        uint32_t *pids;
        uint64_t *start_times;
        uint8_t *looks;
} Columns;

static void columns_done(Columns *c) {
        free(c->pids);
        free(c->start_times);
        free(c->looks);
}

static int looked_append(sd_bus_message *m, const Snapshot *s) {
        _cleanup_(columns_done) Columns c = {};
        size_t n = s->n_looked;
        int r;

        c.pids = calloc(n + 1, sizeof(*c.pids));
        c.start_times = calloc(n + 1, sizeof(*c.start_times));
        c.looks = calloc(n + 1, sizeof(*c.looks));
        if (!c.pids || !c.start_times || !c.looks)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                c.pids[i] = (uint32_t) s->looked[i].pid;
                c.start_times[i] = s->looked[i].start_time;
                c.looks[i] = (uint8_t) s->looked[i].look;
        }
        r = sd_bus_message_append_array(m, 'u', c.pids, n * sizeof(*c.pids));
        if (r >= 0)
                r = sd_bus_message_append_array(m, 't', c.start_times, n * sizeof(*c.start_times));
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', c.looks, n * sizeof(*c.looks));
        return r;
}

static int looked_read(sd_bus_message *m, Snapshot *s) {
        size_t pids_size, starts_size, n;
        const uint64_t *start_times;
        const uint32_t *pids;
        const uint8_t *looks;
        int r;

        r = sd_bus_message_read_array(m, 'u', (const void **) &pids, &pids_size);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 't', (const void **) &start_times, &starts_size);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', (const void **) &looks, &n);
        if (r < 0)
                return bad(r);
        if (n > PID_MAX || pids_size != n * sizeof(*pids) || starts_size != n * sizeof(*start_times))
                return -EBADMSG;

        for (size_t i = 0; i < n; i++) {
                if (pids[i] == 0 || pids[i] > PID_MAX || looks[i] >= LOOK_MAX || (i > 0 && pids[i] <= pids[i - 1]))
                        return -EBADMSG;
                r = snapshot_add_looked(s, (pid_t) pids[i], start_times[i], looks[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* the answer to Sweep() */

static int take_recovered(void *userdata, Finding *key) {
        return snapshot_add_recovered(userdata, key);
}

int answer_append(sd_bus_message *m, const Snapshot *s, uint32_t n_findings, uint32_t n_cut) {
        int r;

        r = counts_append(m, &s->counts);
        if (r >= 0)
                r = looked_append(m, s);
        if (r >= 0)
                r = keys_append(m, s->recovered, s->n_recovered);
        if (r >= 0)
                r = sd_bus_message_append(m, "uu", n_findings, n_cut);
        return r;
}

int answer_read(sd_bus_message *m, Answer *ret) {
        _cleanup_(answer_done) Answer a = {};
        int r;

        a.snapshot = snapshot_new();
        if (!a.snapshot)
                return -ENOMEM;

        r = counts_read(m, &a.snapshot->counts);
        if (r >= 0)
                r = looked_read(m, a.snapshot);
        if (r >= 0)
                r = keys_read(m, FINDINGS_MAX, take_recovered, a.snapshot);
        if (r >= 0)
                r = sd_bus_message_read(m, "uu", &a.n_findings, &a.n_cut);
        if (r < 0)
                return bad(r);
        if (a.n_findings > FINDINGS_MAX)
                return -EBADMSG;

        *ret = a;
        a = (Answer){};
        return 0;
}

/* the answers to Fetch() */

int finding_to_text(const Finding *f, char **ret) {
        json_object *o;
        const char *text;
        char *copy = NULL;
        size_t length;
        int r;

        r = report_build_finding(f, &o);
        if (r < 0)
                return r;

        text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
        if (!text)
                r = -ENOMEM;
        else if (length > FINDING_TEXT_MAX)
                r = -E2BIG;
        else if (!(copy = strdup(text)))
                r = -ENOMEM;
        json_object_put(o);
        if (r < 0)
                return r;

        *ret = copy;
        return 0;
}

int finding_from_text(const char *text, size_t length, Finding *ret) {
        struct json_tokener *tokener;
        json_object *o;
        int r = -EBADMSG;

        if (length > FINDING_TEXT_MAX)
                return -EBADMSG;
        tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!tokener)
                return -ENOMEM;

        o = json_tokener_parse_ex(tokener, text, (int) length);
        if (o && json_tokener_get_error(tokener) == json_tokener_success)
                r = report_parse_finding(o, ret);
        if (r >= 0)
                ret->text_length = length;
        json_object_put(o);
        json_tokener_free(tokener);
        return r;
}

static int snapshot_take_text(Snapshot *s, const char *text, size_t length) {
        _cleanup_(finding_done) Finding f = {};
        int r;

        r = finding_from_text(text, length, &f);
        if (r < 0)
                return r;
        if (f.state == STATE_CURRENT || f.state == STATE_IGNORED || f.state == STATE_UNKNOWN)
                return -EBADMSG;
        return snapshot_take_finding(s, &f);
}

static int take_length(size_t *left, size_t length) {
        if (length > *left)
                return -EBADMSG;
        *left -= length;
        return 0;
}

static int texts_read(sd_bus_message *m, Snapshot *s, size_t *text_left) {
        const char *text;
        int r, n = 0;

        r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &text)) > 0) {
                size_t length = strlen(text);

                if (n++ >= PIECE_MAX)
                        return -EBADMSG;
                r = take_length(text_left, length);
                if (r >= 0)
                        r = snapshot_take_text(s, text, length);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

typedef struct Kept {
        const Snapshot *previous;
        Snapshot *snapshot;
        size_t *text_left;
} Kept;

static int take_kept(void *userdata, Finding *key) {
        const Kept *k = userdata;
        Finding *const *f = k->previous ? snapshot_find(k->previous, key) : NULL;
        int r;

        if (!f || (*f)->text_length == 0)
                return -EBADMSG;
        r = take_length(k->text_left, (*f)->text_length);
        return r < 0 ? r : snapshot_add_finding(k->snapshot, *f);
}

int piece_read(sd_bus_message *m, const Snapshot *previous, Snapshot *s, size_t *text_left, uint32_t *ret_next) {
        Kept kept = { .previous = previous, .snapshot = s, .text_left = text_left };
        size_t before = s->n_findings;
        uint32_t next;
        int r;

        r = texts_read(m, s, text_left);
        if (r >= 0)
                r = keys_read(m, PIECE_KEPT_MAX, take_kept, &kept);
        if (r >= 0)
                r = sd_bus_message_read(m, "u", &next);
        if (r < 0)
                return bad(r);

        *ret_next = next;
        return (int) (s->n_findings - before);
}

/* the beacon */

int beacon_read_fd(sd_bus_message *m, int *ret) {
        struct stat st;
        int fd, r, seals;

        r = sd_bus_message_read(m, "h", &fd);
        if (r < 0)
                return bad(r);

        /* Only memory has seals (F_GET_SEALS, fcntl(2)): no pipe, no file of a file system that may hang. */
        seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
                return -EBADMSG;
        if (fstat(fd, &st) < 0 || st.st_size != sizeof(SweepBeacon))
                return -EBADMSG;

        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

int beacon_read(int fd, SweepBeacon *ret) {
        SweepBeacon b;

        if (pread(fd, &b, sizeof(b), 0) != sizeof(b) || b.pid < 0 || b.pid > PID_MAX || b.on_file > 1 ||
            b.owner >= 2 * OWNER_NAMESPACE)
                return -EBADMSG;
        *ret = b;
        return 0;
}
