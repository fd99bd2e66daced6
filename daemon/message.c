/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "finding-text.h"
#include "message.h"
#include "proc/process-owner.h"
#include "proc/requirements.h"
#include "request.h"
#include "util/escape.h"

/* What escape() makes of a byte: \xHH. */
#define ESCAPED_MAX 4
/* The numbers of StaleCounts. */
#define STALE_MEMBERS (URGENCY_MAX + 4)
/* No host has as many: each process may have 65,530 mappings (vm.max_map_count), of files of which a sweep finds less. */
#define STALE_FINDINGS_MAX ((uint64_t) PID_MAX * 65536)

void answer_done(Answer *a) {
        snapshot_free(a->snapshot);
        *a = (Answer){};
}

static int bad(int r) {
        return r == -ENOMEM ? r : -EBADMSG;
}

/* counts */

/* In the order in which they are sent. */
static void stale_members(StaleCounts *c, uint64_t *ret[STALE_MEMBERS]) {
        size_t n = 0;

        for (size_t i = 0; i < URGENCY_MAX; i++)
                ret[n++] = &c->findings[i];
        ret[n++] = &c->processes;
        ret[n++] = &c->urgent_processes;
        ret[n++] = &c->same_content_processes;
        ret[n++] = &c->libraries;
}

static int stale_append(sd_bus_message *m, StaleCounts c) {
        uint64_t *members[STALE_MEMBERS], numbers[STALE_MEMBERS];

        stale_members(&c, members);
        for (size_t i = 0; i < STALE_MEMBERS; i++)
                numbers[i] = *members[i];
        return sd_bus_message_append_array(m, 't', numbers, sizeof(numbers));
}

/* Numbers that can be of one set of findings in so many processes. */
static bool stale_is_plausible(const StaleCounts *c, uint64_t n_processes) {
        uint64_t none = c->findings[URGENCY_NONE], urgent = c->findings[URGENCY_URGENT], stale;

        for (size_t i = 0; i < URGENCY_MAX; i++)
                if (c->findings[i] > STALE_FINDINGS_MAX)
                        return false;
        stale = stale_counts_stale(c);
        return c->processes <= n_processes && c->same_content_processes <= n_processes - c->processes &&
                c->processes <= stale && c->libraries <= stale && (stale == 0 || (c->processes > 0 && c->libraries > 0)) &&
                c->urgent_processes <= c->processes && c->urgent_processes <= urgent && (urgent == 0 || c->urgent_processes > 0) &&
                c->same_content_processes <= none;
}

static int stale_read(sd_bus_message *m, uint64_t n_processes, StaleCounts *ret) {
        uint64_t *members[STALE_MEMBERS];
        const uint64_t *numbers;
        StaleCounts c = {};
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, 't', (const void **) &numbers, &size);
        if (r < 0)
                return bad(r);
        if (size != STALE_MEMBERS * sizeof(*numbers))
                return -EBADMSG;
        stale_members(&c, members);
        for (size_t i = 0; i < STALE_MEMBERS; i++)
                *members[i] = numbers[i];
        if (!stale_is_plausible(&c, n_processes))
                return -EBADMSG;
        *ret = c;
        return 0;
}

static int counts_append(sd_bus_message *m, const Counts *c) {
        int r;

        r = sd_bus_message_append(m, "tttttttt", c->started_usec, c->duration_usec, c->processes, c->unreadable,
                                  c->left_out, c->mappings, c->files, c->ignored);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 't', c->unknown_by, sizeof(c->unknown_by));
        return r < 0 ? r : stale_append(m, c->stale);
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
        r = stale_read(m, c.processes, &c.stale);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}

/* looked: four arrays of one length, which cost nothing to read */

typedef struct Columns {
        uint32_t *pids;
        uint64_t *start_times;
        uint8_t *looks, *reasons;
} Columns;

static void columns_done(Columns *c) {
        free(c->pids);
        free(c->start_times);
        free(c->looks);
        free(c->reasons);
}

static int looked_append(sd_bus_message *m, const Snapshot *s) {
        _cleanup_(columns_done) Columns c = {};
        size_t n = s->n_looked;
        int r;

        c.pids = calloc(n + 1, sizeof(*c.pids));
        c.start_times = calloc(n + 1, sizeof(*c.start_times));
        c.looks = calloc(n + 1, sizeof(*c.looks));
        c.reasons = calloc(n + 1, sizeof(*c.reasons));
        if (!c.pids || !c.start_times || !c.looks || !c.reasons)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                c.pids[i] = (uint32_t) s->looked[i].pid;
                c.start_times[i] = s->looked[i].start_time;
                c.looks[i] = (uint8_t) s->looked[i].look;
                c.reasons[i] = (uint8_t) s->looked[i].reason;
        }
        r = sd_bus_message_append_array(m, 'u', c.pids, n * sizeof(*c.pids));
        if (r >= 0)
                r = sd_bus_message_append_array(m, 't', c.start_times, n * sizeof(*c.start_times));
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', c.looks, n * sizeof(*c.looks));
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', c.reasons, n * sizeof(*c.reasons));
        return r;
}

static int looked_read(sd_bus_message *m, Snapshot *s) {
        size_t pids_size, starts_size, reasons_size, n;
        const uint64_t *start_times;
        const uint32_t *pids;
        const uint8_t *looks, *reasons;
        int r;

        r = sd_bus_message_read_array(m, 'u', (const void **) &pids, &pids_size);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 't', (const void **) &start_times, &starts_size);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', (const void **) &looks, &n);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', (const void **) &reasons, &reasons_size);
        if (r < 0)
                return bad(r);
        if (n > PID_MAX || pids_size != n * sizeof(*pids) || starts_size != n * sizeof(*start_times) || reasons_size != n)
                return -EBADMSG;

        for (size_t i = 0; i < n; i++) {
                if (pids[i] == 0 || pids[i] > PID_MAX || looks[i] >= LOOK_MAX || reasons[i] >= UNKNOWN_REASON_MAX ||
                    (i > 0 && pids[i] <= pids[i - 1]))
                        return -EBADMSG;
                if (looks[i] == LOOK_FAILED)
                        r = snapshot_add_unreadable(s, (pid_t) pids[i], start_times[i], reasons[i]);
                else
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

int answer_append(sd_bus_message *m, const Snapshot *s, uint32_t n_findings, Finding *const *standing, size_t n_standing,
                  uint32_t missing) {
        int r;

        r = counts_append(m, &s->counts);
        if (r >= 0)
                r = looked_append(m, s);
        if (r >= 0)
                r = keys_append(m, s->recovered, s->n_recovered);
        if (r >= 0)
                r = keys_append(m, standing, n_standing);
        return r < 0 ? r : sd_bus_message_append(m, "uuu", n_findings, (uint32_t) s->n_unknown, missing);
}

typedef struct Known {
        const Snapshot *previous;
        Snapshot *snapshot;
        size_t *text_left; /* NULL: what stands takes none */
} Known;

static int take_standing(void *userdata, Finding *key) {
        const Known *k = userdata;
        Finding *f = k->previous ? snapshot_find_known(k->previous, key) : NULL;

        return f ? snapshot_add_standing(k->snapshot, f) : -EBADMSG;
}

/* Can it be, in what is announced and counted? */
static bool answer_is_plausible(const Answer *a) {
        const Counts *c = &a->snapshot->counts;

        return a->n_findings <= FINDINGS_MAX && a->n_findings <= stale_counts_findings(&c->stale) &&
                a->n_unknown <= UNKNOWN_LIST_MAX && a->n_unknown <= c->unknown && (a->missing & ~(uint32_t) REQUIREMENT_ALL) == 0;
}

int answer_read(sd_bus_message *m, const Snapshot *previous, Answer *ret) {
        _cleanup_(answer_done) Answer a = {};
        Known known = { .previous = previous };
        int r;

        a.snapshot = known.snapshot = snapshot_new();
        if (!a.snapshot)
                return -ENOMEM;

        r = counts_read(m, &a.snapshot->counts);
        if (r >= 0)
                r = looked_read(m, a.snapshot);
        if (r >= 0)
                r = keys_read(m, KNOWN_MAX, take_recovered, a.snapshot);
        if (r >= 0)
                r = keys_read(m, KNOWN_MAX, take_standing, &known);
        if (r >= 0)
                r = sd_bus_message_read(m, "uuu", &a.n_findings, &a.n_unknown, &a.missing);
        if (r < 0)
                return bad(r);
        if (!answer_is_plausible(&a))
                return -EBADMSG;

        *ret = a;
        a = (Answer){};
        return 0;
}

/* the answers to Fetch() */

static int snapshot_take_text(Snapshot *s, const char *text, size_t length) {
        _cleanup_(finding_done) Finding f = {};
        int r;

        r = finding_from_text(text, length, &f);
        if (r < 0)
                return r;
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

static int take_kept(void *userdata, Finding *key) {
        const Known *k = userdata;
        Finding *f = k->previous ? snapshot_find_known(k->previous, key) : NULL;
        size_t length;
        int r;

        if (!f)
                return -EBADMSG;
        r = finding_text_length(f, &length);
        if (r >= 0)
                r = take_length(k->text_left, length);
        return r < 0 ? r : snapshot_add_finding(k->snapshot, f);
}

int piece_read(sd_bus_message *m, const Snapshot *previous, Snapshot *s, size_t *text_left, uint32_t *ret_next) {
        Known kept = { .previous = previous, .snapshot = s, .text_left = text_left };
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

/* what could not be judged */

size_t unknown_text_bound(const UnknownMapping *u) {
        return ESCAPED_MAX * ((u->comm ? strlen(u->comm) : 0) + (u->path ? strlen(u->path) : 0));
}

size_t unknown_text(const UnknownMapping *u) {
        _cleanup_free_ char *comm = escape(u->comm ? u->comm : ""), *path = escape(u->path ? u->path : "");

        return comm && path ? strlen(comm) + strlen(path) : SIZE_MAX;
}

int unknown_append(sd_bus_message *m, const Snapshot *s, size_t first) {
        size_t size = 0, i = first;
        int r;

        r = sd_bus_message_open_container(m, 'a', UNKNOWN_SIGNATURE);
        for (; r >= 0 && i < s->n_unknown && i - first < UNKNOWN_PIECE_MAX && size < PIECE_TEXT_MAX; i++) {
                const UnknownMapping *u = s->unknown + i;
                _cleanup_free_ char *comm = escape(u->comm ? u->comm : ""), *path = escape(u->path ? u->path : "");

                if (!comm || !path)
                        return -ENOMEM;
                size += strlen(comm) + strlen(path);
                r = sd_bus_message_append(m, UNKNOWN_SIGNATURE, (uint32_t) u->pid, u->start_time, comm, path, u->dev_major,
                                          u->dev_minor, u->inode, (uint32_t) u->reason);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_append(m, "u", (uint32_t) i);
}

/* "" becomes NULL. Returns 0, -ENOMEM or -EBADMSG. */
static int take_text(const char *text, size_t *text_left, char **ret) {
        _cleanup_free_ char *copy = NULL;
        size_t length = strlen(text);

        if (length > UNKNOWN_TEXT_ONE_MAX || take_length(text_left, length) < 0)
                return -EBADMSG;
        if (length == 0)
                return 0;
        if (!strdup_to(&copy, text))
                return -ENOMEM;
        if (unescape(copy) < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(copy);
        return 0;
}

/* Returns 1, or 0 at the end of the piece. */
static int unknown_read_one(sd_bus_message *m, size_t *text_left, UnknownMapping *ret) {
        const char *comm, *path;
        UnknownMapping u = {};
        uint32_t pid, reason;
        int r;

        r = sd_bus_message_read(m, UNKNOWN_SIGNATURE, &pid, &u.start_time, &comm, &path, &u.dev_major, &u.dev_minor,
                                &u.inode, &reason);
        if (r <= 0)
                return r;
        if (pid == 0 || pid > PID_MAX || reason >= UNKNOWN_REASON_MAX || !*path)
                return -EBADMSG;
        u.pid = (pid_t) pid;
        u.reason = reason;
        r = take_text(comm, text_left, &u.comm);
        if (r >= 0)
                r = take_text(path, text_left, &u.path);
        if (r < 0) {
                unknown_mapping_done(&u);
                return r;
        }
        *ret = u;
        return 1;
}

int unknown_read(sd_bus_message *m, Snapshot *s, size_t *text_left, uint32_t *ret_next) {
        uint32_t next;
        int r, n = 0;

        r = sd_bus_message_enter_container(m, 'a', UNKNOWN_SIGNATURE);
        while (r >= 0) {
                UnknownMapping u;

                r = unknown_read_one(m, text_left, &u);
                if (r <= 0)
                        break;
                r = n++ < UNKNOWN_PIECE_MAX ? snapshot_add_unknown(s, &u) : -EBADMSG;
                unknown_mapping_done(&u);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0)
                r = sd_bus_message_read(m, "u", &next);
        if (r < 0)
                return bad(r);
        *ret_next = next;
        return n;
}

/* the whole */

/* A finding may be older than the sweep: then not even the start of its process need have been read. */
static bool was_looked_at(const Snapshot *s, pid_t pid, uint64_t start_time, bool *ret_failed) {
        const Looked *looked = snapshot_find_looked(s, pid);

        *ret_failed = looked && looked->look == LOOK_FAILED;
        return looked && (looked->start_time == start_time || (*ret_failed && looked->start_time == 0));
}

/* Each finding once, and of a process that was examined. */
static bool findings_are_sound(const Snapshot *s) {
        SnapshotWalk walk = { .snapshot = s };
        const Finding *before = NULL, *f;
        bool failed;

        for (; (f = snapshot_walk_next(&walk, /* ret_listed= */ NULL)); before = f)
                if (!was_looked_at(s, f->pid, f->start_time, &failed) || (before && finding_compare(before, f) >= 0))
                        return false;
        return true;
}

bool answer_is_sound(const Snapshot *s) {
        size_t of_process = 0;
        bool failed;

        for (size_t i = 0; i < s->n_unknown; i++) {
                of_process = i > 0 && s->unknown[i].pid == s->unknown[i - 1].pid ? of_process + 1 : 1;
                if (!was_looked_at(s, s->unknown[i].pid, s->unknown[i].start_time, &failed) || failed ||
                    of_process > UNKNOWN_PROCESS_MAX)
                        return false;
        }
        return findings_are_sound(s);
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
            b.owner >= 2 * PROCESS_OWNER_NAMESPACE)
                return -EBADMSG;
        *ret = b;
        return 0;
}
