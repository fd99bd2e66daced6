/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/snapshot.h"

void unknown_mapping_done(UnknownMapping *u) {
        free(u->comm);
        free(u->path);
        *u = (UnknownMapping){};
}

Snapshot *snapshot_new(void) {
        return calloc(1, sizeof(Snapshot));
}

Snapshot *snapshot_free(Snapshot *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_findings; i++)
                finding_unref(s->findings[i]);
        for (size_t i = 0; i < s->n_standing; i++)
                finding_unref(s->standing[i]);
        for (size_t i = 0; i < s->n_recovered; i++)
                finding_unref(s->recovered[i]);
        for (size_t i = 0; i < s->n_unknown; i++)
                unknown_mapping_done(&s->unknown[i]);
        free(s->unknown);
        free(s->findings);
        free(s->standing);
        free(s->recovered);
        free(s->looked);
        free(s->order);
        free(s);
        return NULL;
}

static bool make_room(Snapshot *s) {
        return GROW(s->findings, s->allocated_findings, s->n_findings + 1) &&
               GROW(s->order, s->allocated_order, s->n_findings + 1);
}

int snapshot_take_finding(Snapshot *s, Finding *f) {
        Finding *shared = make_room(s) ? finding_new(f) : NULL;

        if (!shared)
                return -ENOMEM;
        s->findings[s->n_findings++] = shared;
        return 0;
}

int snapshot_add_finding(Snapshot *s, Finding *f) {
        if (!make_room(s))
                return -ENOMEM;
        s->findings[s->n_findings++] = finding_ref(f);
        return 0;
}

int snapshot_add_standing(Snapshot *s, Finding *f) {
        if (!GROW(s->standing, s->allocated_standing, s->n_standing + 1))
                return -ENOMEM;
        s->standing[s->n_standing++] = finding_ref(f);
        return 0;
}

static int add_looked(Snapshot *s, const Looked *looked) {
        if (!GROW(s->looked, s->allocated_looked, s->n_looked + 1))
                return -ENOMEM;
        s->looked[s->n_looked++] = *looked;
        return 0;
}

int snapshot_add_looked(Snapshot *s, pid_t pid, uint64_t start_time, Look look) {
        return add_looked(s, &(Looked){ .pid = pid, .start_time = start_time, .look = look });
}

int snapshot_add_unreadable(Snapshot *s, pid_t pid, uint64_t start_time, UnknownReason reason) {
        return add_looked(s, &(Looked){ .pid = pid, .start_time = start_time, .look = LOOK_FAILED, .reason = reason });
}

int snapshot_add_recovered(Snapshot *s, const Finding *f) {
        _cleanup_(finding_done) Finding key = { .pid = f->pid, .start_time = f->start_time, .mapped = f->mapped };
        Finding *owned;

        if (!GROW(s->recovered, s->allocated_recovered, s->n_recovered + 1) || !strdup_to(&key.path, f->path))
                return -ENOMEM;
        owned = finding_new(&key);
        if (!owned)
                return -ENOMEM;
        s->recovered[s->n_recovered++] = owned;
        return 0;
}

int snapshot_add_unknown(Snapshot *s, const UnknownMapping *u) {
        UnknownMapping copy = *u;

        if (s->n_unknown >= UNKNOWN_LIST_MAX)
                return -E2BIG;
        copy.comm = copy.path = NULL;
        if (!GROW(s->unknown, s->allocated_unknown, s->n_unknown + 1) || !strdup_to(&copy.comm, u->comm) ||
            !strdup_to(&copy.path, u->path)) {
                unknown_mapping_done(&copy);
                return -ENOMEM;
        }
        s->unknown[s->n_unknown++] = copy;
        return 0;
}

static int compare_unknown(const void *a, const void *b) {
        const UnknownMapping *x = a, *y = b;

        if (x->pid != y->pid)
                return x->pid < y->pid ? -1 : 1;
        if (x->start_time != y->start_time)
                return x->start_time < y->start_time ? -1 : 1;
        if (x->dev_major != y->dev_major)
                return x->dev_major < y->dev_major ? -1 : 1;
        if (x->dev_minor != y->dev_minor)
                return x->dev_minor < y->dev_minor ? -1 : 1;
        if (x->inode != y->inode)
                return x->inode < y->inode ? -1 : 1;
        return strcmp(x->path ?: "", y->path ?: "");
}

static int compare_findings(const void *a, const void *b) {
        return finding_compare(*(Finding *const *) a, *(Finding *const *) b);
}

/* By finding, then by place: what sorts so is stable. */
static int compare_places(const void *a, const void *b, void *userdata) {
        size_t i = *(const size_t *) a, j = *(const size_t *) b;
        Finding *const *findings = userdata;

        return finding_compare(findings[i], findings[j]) ?: (i > j) - (i < j);
}

static int compare_files(const void *a, const void *b, void *userdata) {
        Finding *const *findings = userdata;

        return finding_compare_file(findings[*(const size_t *) a], findings[*(const size_t *) b]);
}

/* Puts findings[order[i]] at place i, following each cycle of the permutation once. Spends `order`. */
static void permute(Finding **findings, size_t *order, size_t n) {
        for (size_t i = 0; i < n; i++) {
                Finding *first = findings[i];
                size_t hole = i;

                while (order[hole] != i) {
                        size_t from = order[hole];

                        findings[hole] = findings[from];
                        order[hole] = hole;
                        hole = from;
                }
                findings[hole] = first;
                order[hole] = hole;
        }
}

static void drop_equal_findings(Snapshot *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_findings; i++)
                if (n > 0 && finding_compare(s->findings[n - 1], s->findings[i]) == 0)
                        finding_unref(s->findings[i]);
                else
                        s->findings[n++] = s->findings[i];
        s->n_findings = n;
}

static void fill_order(Snapshot *s) {
        for (size_t i = 0; i < s->n_findings; i++)
                s->order[i] = i;
}

/* The findings in the order of their files: distinct ones, and those of them that are stale. */
static void count_libraries(Snapshot *s) {
        bool stale = false;

        s->stale_libraries = 0;
        fill_order(s);
        if (s->n_findings > 0)
                qsort_r(s->order, s->n_findings, sizeof(*s->order), compare_files, s->findings);
        for (size_t i = 0; i < s->n_findings; i++) {
                if (i == 0 || compare_files(&s->order[i - 1], &s->order[i], s->findings) != 0) {
                        s->stale_libraries++;
                        stale = false;
                }
                if (!stale && finding_is_stale(s->findings[s->order[i]])) {
                        s->listed.libraries++;
                        stale = true;
                }
        }
}

static bool same_process(const Finding *a, const Finding *b) {
        return a->pid == b->pid && a->start_time == b->start_time;
}

static void count_processes(Snapshot *s) {
        StaleCounts *c = &s->listed;

        for (size_t i = 0, next; i < s->n_findings; i = next) {
                Urgency highest = URGENCY_NONE;

                for (next = i; next < s->n_findings && same_process(s->findings[i], s->findings[next]); next++) {
                        Urgency urgency = finding_urgency(s->findings[next]);

                        c->findings[urgency]++;
                        highest = urgency > highest ? urgency : highest;
                }
                if (highest == URGENCY_NONE)
                        c->same_content_processes++;
                else
                        c->processes++;
                c->urgent_processes += highest == URGENCY_URGENT;
        }
}

static int compare_looked(const void *a, const void *b) {
        const Looked *x = a, *y = b;

        return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Snapshots are kept for long, and several of them. */
static void give_back(Snapshot *s) {
        SHRINK(s->findings, s->allocated_findings, s->n_findings);
        SHRINK(s->order, s->allocated_order, s->n_findings);
        SHRINK(s->standing, s->allocated_standing, s->n_standing);
        SHRINK(s->looked, s->allocated_looked, s->n_looked);
        SHRINK(s->unknown, s->allocated_unknown, s->n_unknown);
}

static bool is_sorted(const Snapshot *s) {
        for (size_t i = 1; i < s->n_findings; i++)
                if (finding_compare(s->findings[i - 1], s->findings[i]) >= 0)
                        return false;
        return true;
}

void snapshot_freeze(Snapshot *s) {
        if (!is_sorted(s)) {
                fill_order(s);
                qsort_r(s->order, s->n_findings, sizeof(*s->order), compare_places, s->findings);
                permute(s->findings, s->order, s->n_findings);
                drop_equal_findings(s);
        }
        s->listed = (StaleCounts){};
        count_libraries(s);
        count_processes(s);
        if (s->n_standing > 0)
                qsort(s->standing, s->n_standing, sizeof(*s->standing), compare_findings);
        if (s->n_looked > 0)
                qsort(s->looked, s->n_looked, sizeof(*s->looked), compare_looked);
        if (s->n_recovered > 0)
                qsort(s->recovered, s->n_recovered, sizeof(*s->recovered), compare_findings);
        if (s->n_unknown > 0)
                qsort(s->unknown, s->n_unknown, sizeof(*s->unknown), compare_unknown);
        give_back(s);
}

static Finding *const *find(Finding *const *findings, size_t n, const Finding *key) {
        return n > 0 ? bsearch(&key, findings, n, sizeof(*findings), compare_findings) : NULL;
}

Finding *const *snapshot_find(const Snapshot *s, const Finding *key) {
        return find(s->findings, s->n_findings, key);
}

const Looked *snapshot_find_looked(const Snapshot *s, pid_t pid) {
        Looked key = { .pid = pid };

        return s->n_looked > 0 ? bsearch(&key, s->looked, s->n_looked, sizeof(*s->looked), compare_looked) : NULL;
}

size_t snapshot_process_findings(const Snapshot *s, pid_t pid, Finding *const **ret) {
        size_t low = 0, high = s ? s->n_findings : 0, n = 0;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (s->findings[middle]->pid < pid)
                        low = middle + 1;
                else
                        high = middle;
        }
        while (s && low + n < s->n_findings && s->findings[low + n]->pid == pid)
                n++;
        *ret = n > 0 ? s->findings + low : NULL;
        return n;
}

Finding *snapshot_walk_peek(const SnapshotWalk *w) {
        SnapshotWalk next = *w;

        return snapshot_walk_next(&next, /* ret_listed= */ NULL);
}

Finding *snapshot_walk_next(SnapshotWalk *w, bool *ret_listed) {
        const Snapshot *s = w->snapshot;
        Finding *f = s && w->next_finding < s->n_findings ? s->findings[w->next_finding] : NULL;
        Finding *standing = s && w->next_standing < s->n_standing ? s->standing[w->next_standing] : NULL;
        bool listed = f && (!standing || finding_compare(f, standing) <= 0);

        if (ret_listed)
                *ret_listed = listed;
        if (listed)
                w->next_finding++;
        else if (standing)
                w->next_standing++;
        return listed ? f : standing;
}

size_t snapshot_n_known(const Snapshot *s) {
        return s->n_findings + s->n_standing;
}

Finding *snapshot_find_known(const Snapshot *s, const Finding *key) {
        Finding *const *found = snapshot_find(s, key) ?: find(s->standing, s->n_standing, key);

        return found ? *found : NULL;
}

uint64_t stale_counts_stale(const StaleCounts *c) {
        return c->findings[URGENCY_NORMAL] + c->findings[URGENCY_URGENT];
}

uint64_t stale_counts_findings(const StaleCounts *c) {
        return c->findings[URGENCY_NONE] + stale_counts_stale(c);
}

static void raise(uint64_t *count, uint64_t listed) {
        if (*count < listed)
                *count = listed;
}

void snapshot_raise_counts(Snapshot *s, bool whole) {
        const StaleCounts *listed = &s->listed;
        StaleCounts *c = &s->counts.stale;

        if (whole) {
                *c = *listed;
                return;
        }
        for (size_t i = 0; i < URGENCY_MAX; i++)
                raise(&c->findings[i], listed->findings[i]);
        raise(&c->processes, listed->processes);
        raise(&c->urgent_processes, listed->urgent_processes);
        raise(&c->same_content_processes, listed->same_content_processes);
        raise(&c->libraries, listed->libraries);
}

size_t snapshot_stale_processes(const Snapshot *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_findings; i++)
                if (i == 0 || !same_process(s->findings[i - 1], s->findings[i]))
                        n++;
        return n;
}

size_t snapshot_stale_libraries(const Snapshot *s) {
        return s->stale_libraries;
}

/*
 * Are they of one file? Numbers of one device compare; what maps prints may be numbered otherwise than st_dev (btrfs,
 * overlayfs), so that across devices either the inode or the path is enough: a finding is rather kept than lost.
 */
static bool may_be_same_file(const Finding *f, const UnknownMapping *u) {
        bool same_device = f->mapped.dev_major == u->dev_major && f->mapped.dev_minor == u->dev_minor;
        bool same_inode = f->mapped.inode != 0 && f->mapped.inode == u->inode;

        if (same_device && f->mapped.inode != 0 && u->inode != 0)
                return same_inode;
        return same_inode || (f->path && u->path && streq(f->path, u->path));
}

static bool is_unknown(const Snapshot *s, const Finding *f) {
        size_t low = 0, high = s->n_unknown;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (s->unknown[middle].pid < f->pid)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (size_t i = low; i < s->n_unknown && s->unknown[i].pid == f->pid; i++)
                if (s->unknown[i].start_time == f->start_time && may_be_same_file(f, s->unknown + i))
                        return true;
        return false;
}

static bool is_recovered(const Snapshot *s, const Finding *f) {
        return find(s->recovered, s->n_recovered, f) != NULL;
}

/*
 * Can the sweep not tell what became of f, which it did not find? Where not even the start time of an unreadable process
 * is known, its pid must do.
 */
static bool is_unsettled(const Snapshot *s, const Finding *f) {
        const Looked *looked = snapshot_find_looked(s, f->pid);

        if (looked && looked->look == LOOK_FAILED && looked->start_time == 0)
                return true;
        if (!looked || looked->start_time != f->start_time)
                return false;
        if (looked->look == LOOK_FAILED)
                return true;
        return !is_recovered(s, f) && (looked->look == LOOK_PARTIAL || is_unknown(s, f));
}

static Removal removal_reason(const Snapshot *s, const Finding *f) {
        const Looked *looked = snapshot_find_looked(s, f->pid);

        if (!looked || looked->start_time != f->start_time)
                return REMOVAL_EXITED;
        return is_recovered(s, f) ? REMOVAL_CURRENT_AGAIN : REMOVAL_UNMAPPED;
}

static bool add_event(Difference *d, EventKind kind, Finding *f, Removal removal) {
        if (!GROW(d->events, d->allocated, d->n_events + 1))
                return false;
        d->events[d->n_events++] = (FindingEvent){ kind, f, removal };
        d->n[kind]++;
        return true;
}

/* Both are walked in the same order: that finds what stands in either alone, and what stands in both. */
static bool compare_snapshots(const Snapshot *old, const Snapshot *new, Difference *d) {
        SnapshotWalk before = { .snapshot = old }, after = { .snapshot = new };

        for (;;) {
                Finding *was = snapshot_walk_peek(&before), *is = snapshot_walk_peek(&after);
                int c = !was ? 1 : !is ? -1 : finding_compare(was, is);
                bool was_listed = false, is_listed = false, ok = true;

                if (!was && !is)
                        return true;
                if (c <= 0)
                        snapshot_walk_next(&before, &was_listed);
                if (c >= 0)
                        snapshot_walk_next(&after, &is_listed);
                if (c > 0)
                        ok = add_event(d, EVENT_ADDED, is, REMOVAL_INVALID);
                else if (c < 0 && !is_unsettled(new, was))
                        ok = add_event(d, EVENT_REMOVED, was, removal_reason(new, was));
                else if (c == 0 && (was_listed != is_listed || (was != is && finding_differs(was, is))))
                        ok = add_event(d, EVENT_CHANGED, is, REMOVAL_INVALID);
                if (!ok)
                        return false;
        }
}

int snapshot_difference(const Snapshot *old, const Snapshot *new, Difference *ret) {
        Difference d = {};

        if (!compare_snapshots(old, new, &d)) {
                difference_done(&d);
                return -ENOMEM;
        }
        *ret = d;
        return 0;
}

void difference_done(Difference *d) {
        free(d->events);
        *d = (Difference){};
}

/* Shares f, or a copy of it with the flag. */
static int add_unconfirmed(Snapshot *s, Finding *f) {
        _cleanup_(finding_done) Finding copy = {};
        int r;

        if (f->flags & FLAG_UNCONFIRMED)
                return snapshot_add_finding(s, f);
        r = finding_copy(f, &copy);
        if (r < 0)
                return r;
        copy.flags |= FLAG_UNCONFIRMED;
        return snapshot_take_finding(s, &copy);
}

int snapshot_carry_over(const Snapshot *old, Snapshot *new) {
        size_t n_new = new->n_findings; /* what is appended is not sorted in yet */
        SnapshotWalk before = { .snapshot = old };
        Finding *f;
        int r = 0;

        while (r >= 0 && (f = snapshot_walk_next(&before, /* ret_listed= */ NULL)))
                if (!find(new->findings, n_new, f) && !find(new->standing, new->n_standing, f) && is_unsettled(new, f))
                        r = add_unconfirmed(new, f);
        if (new->n_findings > n_new)
                snapshot_freeze(new);
        return r;
}
