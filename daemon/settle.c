/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>

#include "request.h"
#include "settle.h"

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

void settle_done(Settle *s) {
        snapshot_free(s->snapshot);
        free(s->tracks);
        *s = (Settle){};
}

int settle_restore(Settle *s, Snapshot *told, const int *priorities) {
        Track *tracks = calloc(told->n_findings + 1, sizeof(*tracks));

        if (!tracks)
                return -ENOMEM;

        for (size_t i = 0; i < told->n_findings; i++)
                tracks[i].told = finding_is_stale(told->findings[i]) ? priorities[i] : -1;
        settle_done(s);
        snapshot_raise_counts(told, /* whole= */ true);
        s->snapshot = told;
        s->tracks = tracks;
        return 0;
}

void settlement_done(Settlement *s) {
        snapshot_free(s->old);
        difference_done(&s->difference);
        free(s->tellings);
        *s = (Settlement){};
}

static int settlement_add(Settlement *s, Finding *f, bool gone, Removal removal) {
        if (!GROW(s->tellings, s->allocated, s->n_tellings + 1))
                return -ENOMEM;
        s->tellings[s->n_tellings++] = (Telling){ .finding = f, .gone = gone, .removal = removal };
        return 0;
}

/* A walk over what was known, with the tracks. */
typedef struct TrackWalk {
        SnapshotWalk walk;
        const Track *next;
} TrackWalk;

#define TRACK_WALK(settle) ((TrackWalk){ .walk.snapshot = (settle)->snapshot, .next = (settle)->tracks })

/* What was known of a finding, of findings that are asked for in their order; or NULL. */
static const Track *track_find(TrackWalk *w, const Finding *f) {
        Finding *was;
        int c = 1;

        while ((was = snapshot_walk_peek(&w->walk)) && (c = finding_compare(was, f)) < 0) {
                snapshot_walk_next(&w->walk, /* ret_listed= */ NULL);
                w->next++;
        }
        return c == 0 ? w->next : NULL;
}

/* The ends of findings that were told. */
static int settle_gone(const Settle *s, Settlement *settlement) {
        TrackWalk before = TRACK_WALK(s);

        for (size_t i = 0; i < settlement->difference.n_removed; i++) {
                const Change *c = settlement->difference.removed + i;
                const Track *t = track_find(&before, c->finding);
                int r;

                if (!t || t->told < 0)
                        continue;
                r = settlement_add(settlement, c->finding, /* gone= */ true, c->removal);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What runs is what would be loaded: nothing to report, except the end of a finding that was reported as stale. */
static int settle_same_content(Finding *f, uint64_t now, Track *t, Settlement *settlement) {
        int r = t->told >= 0 ? settlement_add(settlement, f, /* gone= */ true, REMOVAL_CURRENT_AGAIN) : 0;

        *t = (Track){ .since = now, .told = -1 };
        return r;
}

/* One finding of the new snapshot: tells it when its time has come. */
static int settle_one(Finding *f, uint64_t now, uint64_t settle_usec, Track *t, Settlement *settlement) {
        int priority = finding_priority(f);
        uint64_t due;
        int r;

        if (!finding_is_stale(f))
                return settle_same_content(f, now, t, settlement);
        if (t->told >= 0 && t->told <= priority)
                return 0;

        if (t->told < 0) {
                if (__builtin_add_overflow(t->since, settle_usec, &due))
                        return 0;
                if (due > now) {
                        if (due < settlement->due)
                                settlement->due = due;
                        return 0;
                }
        }

        r = settlement_add(settlement, f, /* gone= */ false, REMOVAL_INVALID);
        if (r >= 0)
                t->told = priority;
        return r;
}

/* Takes over what was known before and cannot be judged now, and sees to it that the counts have it. */
static int settle_carry_over(const Settle *s, Snapshot *snapshot) {
        bool whole = stale_counts_findings(&snapshot->counts.stale) <= snapshot->n_findings;
        int r = s->snapshot ? snapshot_carry_over(s->snapshot, snapshot) : 0;

        if (r < 0)
                return r;
        snapshot_raise_counts(snapshot, whole);
        return snapshot_n_known(snapshot) > KNOWN_MAX ? -E2BIG : 0;
}

static int settle_compute(const Settle *s, Snapshot *snapshot, uint64_t now, uint64_t settle_usec,
                          Settlement *settlement, Track **ret_tracks) {
        _cleanup_free_ Track *tracks = NULL;
        SnapshotWalk walk = { .snapshot = snapshot };
        TrackWalk before = TRACK_WALK(s);
        size_t n = 0;
        Finding *f;
        int r;

        r = settle_carry_over(s, snapshot);
        if (r >= 0)
                r = snapshot_difference(s->snapshot, snapshot, &settlement->difference);
        if (r >= 0)
                r = settle_gone(s, settlement);
        if (r < 0)
                return r;

        tracks = calloc(snapshot_n_known(snapshot) + 1, sizeof(*tracks));
        if (!tracks)
                return -ENOMEM;

        for (; (f = snapshot_walk_next(&walk, /* ret_listed= */ NULL)); n++) {
                const Track *known = track_find(&before, f);

                tracks[n] = known ? *known : (Track){ .since = now, .told = -1 };
                r = settle_one(f, now, settle_usec, tracks + n, settlement);
                if (r < 0)
                        return r;
        }
        *ret_tracks = TAKE_PTR(tracks);
        return 0;
}

int settle_update(Settle *s, Snapshot *snapshot, uint64_t now, uint64_t settle_usec, Settlement *ret) {
        Settlement settlement = { .due = UINT64_MAX };
        Track *tracks;
        int r;

        r = settle_compute(s, snapshot, now, settle_usec, &settlement, &tracks);
        if (r < 0) {
                settlement_done(&settlement);
                snapshot_free(snapshot);
                return r;
        }

        settlement.old = s->snapshot;
        free(s->tracks);
        s->snapshot = snapshot;
        s->tracks = tracks;
        *ret = settlement;
        return 0;
}
