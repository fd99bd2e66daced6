/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>

#include "request.h"
#include "debounce.h"

int finding_priority(const Finding *f) {
        switch (finding_urgency(f)) {
        case URGENCY_URGENT:
                return LOG_ERR;
        case URGENCY_NORMAL:
                return LOG_WARNING;
        default:
                return LOG_NOTICE;
        }
}

void debounce_done(Debounce *s) {
        snapshot_free(s->snapshot);
        free(s->tracks);
        *s = (Debounce){};
}

int debounce_restore(Debounce *s, Snapshot *told, const int *priorities) {
        Track *tracks = calloc(told->n_findings + 1, sizeof(*tracks));

        if (!tracks)
                return -ENOMEM;

        for (size_t i = 0; i < told->n_findings; i++)
                tracks[i].told = finding_is_stale(told->findings[i]) ? priorities[i] : -1;
        debounce_done(s);
        snapshot_raise_counts(told, /* whole= */ true);
        s->snapshot = told;
        s->tracks = tracks;
        return 0;
}

void debounce_result_done(DebounceResult *s) {
        snapshot_free(s->old);
        difference_done(&s->difference);
        free(s->events);
        *s = (DebounceResult){};
}

static int add_event(DebounceResult *s, EventKind kind, Finding *f, Removal removal) {
        if (!GROW(s->events, s->allocated, s->n_events + 1))
                return -ENOMEM;
        s->events[s->n_events++] = (FindingEvent){ kind, f, removal };
        return 0;
}

/* A walk over what was known, with the tracks. */
typedef struct TrackWalk {
        SnapshotWalk walk;
        const Track *next;
} TrackWalk;

#define TRACK_WALK(debounce) ((TrackWalk){ .walk.snapshot = (debounce)->snapshot, .next = (debounce)->tracks })

/* The track of a finding, or NULL. Callers pass findings in ascending order. */
static const Track *track_find(TrackWalk *w, const Finding *f) {
        Finding *was;
        int c = 1;

        while ((was = snapshot_walk_peek(&w->walk)) && (c = finding_compare(was, f)) < 0) {
                snapshot_walk_next(&w->walk, /* ret_listed= */ NULL);
                w->next++;
        }
        return c == 0 ? w->next : NULL;
}

/* The ends of findings that were reported. */
static int report_gone(const Debounce *s, DebounceResult *result) {
        TrackWalk before = TRACK_WALK(s);

        for (size_t i = 0; i < result->difference.n_events; i++) {
                const FindingEvent *e = &result->difference.events[i];
                const Track *t;
                int r;

                if (e->kind != EVENT_REMOVED)
                        continue;
                t = track_find(&before, e->finding);
                if (!t || t->told < 0)
                        continue;
                r = add_event(result, EVENT_REMOVED, e->finding, e->removal);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What runs is what would be loaded: nothing to report, except the end of a finding that was reported as stale. */
static int report_same_content(Finding *f, uint64_t now, Track *t, DebounceResult *result) {
        int r = t->told >= 0 ? add_event(result, EVENT_REMOVED, f, REMOVAL_CURRENT_AGAIN) : 0;

        *t = (Track){ .since = now, .told = -1 };
        return r;
}

/* One finding of the new snapshot: reports it once it is due. */
static int report_one(Finding *f, uint64_t now, uint64_t settle_usec, Track *t, DebounceResult *result) {
        int priority = finding_priority(f);
        uint64_t due;
        int r;

        if (!finding_is_stale(f))
                return report_same_content(f, now, t, result);
        if (t->told >= 0 && t->told <= priority)
                return 0;

        if (t->told < 0) {
                if (__builtin_add_overflow(t->since, settle_usec, &due))
                        return 0;
                if (due > now) {
                        if (due < result->due)
                                result->due = due;
                        return 0;
                }
        }

        r = add_event(result, EVENT_ADDED, f, REMOVAL_INVALID);
        if (r >= 0)
                t->told = priority;
        return r;
}

/* Adds what was known before and cannot be judged now, to the counts as well. */
static int carry_over(const Debounce *s, Snapshot *snapshot) {
        bool whole = stale_counts_findings(&snapshot->counts.stale) <= snapshot->n_findings;
        int r = s->snapshot ? snapshot_carry_over(s->snapshot, snapshot) : 0;

        if (r < 0)
                return r;
        snapshot_raise_counts(snapshot, whole);
        return snapshot_n_known(snapshot) > KNOWN_MAX ? -E2BIG : 0;
}

static int compute(const Debounce *s, Snapshot *snapshot, uint64_t now, uint64_t settle_usec,
                          DebounceResult *result, Track **ret_tracks) {
        _cleanup_free_ Track *tracks = NULL;
        SnapshotWalk walk = { .snapshot = snapshot };
        TrackWalk before = TRACK_WALK(s);
        size_t n = 0;
        Finding *f;
        int r;

        r = carry_over(s, snapshot);
        if (r >= 0)
                r = snapshot_difference(s->snapshot, snapshot, &result->difference);
        if (r >= 0)
                r = report_gone(s, result);
        if (r < 0)
                return r;

        tracks = calloc(snapshot_n_known(snapshot) + 1, sizeof(*tracks));
        if (!tracks)
                return -ENOMEM;

        for (; (f = snapshot_walk_next(&walk, /* ret_listed= */ NULL)); n++) {
                const Track *known = track_find(&before, f);

                tracks[n] = known ? *known : (Track){ .since = now, .told = -1 };
                r = report_one(f, now, settle_usec, tracks + n, result);
                if (r < 0)
                        return r;
        }
        *ret_tracks = TAKE_PTR(tracks);
        return 0;
}

int debounce_update(Debounce *s, Snapshot *snapshot, uint64_t now, uint64_t settle_usec, DebounceResult *ret) {
        DebounceResult result = { .due = UINT64_MAX };
        Track *tracks;
        int r;

        r = compute(s, snapshot, now, settle_usec, &result, &tracks);
        if (r < 0) {
                debounce_result_done(&result);
                snapshot_free(snapshot);
                return r;
        }

        result.old = s->snapshot;
        free(s->tracks);
        s->snapshot = snapshot;
        s->tracks = tracks;
        *ret = result;
        return 0;
}
