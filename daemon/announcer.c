/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>

#include "journal.h"
#include "log.h"
#include "announcer.h"
#include "util/clock.h"

#define SLICE_USEC 500

struct Announcer {
        Bus *bus;
        const Debounce *debounce;
        StateFile *state_file;
        EventQueue queue;
        sd_event_source *work;
        bool state_file_failed; /* and that was logged */
        bool stirred;       /* by a change, since memory was last released */
};

static void state_file_result(Announcer *t, int r) {
        if (r < 0 && !t->state_file_failed)
                log_errno(LOG_WARNING, r, "Cannot write the state file; findings may be reported again after a restart");
        else if (r >= 0 && t->state_file_failed)
                log_line(LOG_INFO, "The state file is written again");
        t->state_file_failed = r < 0;
}

/* The journal first: an event that is missing in the state file is reported twice, which is better than never. */
static void announce(Announcer *t, const QueuedEvent *e) {
        Finding *f = e->event.finding;

        journal_send(e);
        if (t->state_file && !event_is_summary(e))
                state_file_result(t, e->event.kind == EVENT_ADDED ? state_file_add(t->state_file, f, finding_priority(f)) :
                                                                    state_file_remove(t->state_file, f));
        bus_emit(t->bus, e);
}

static bool announce_next(Announcer *t) {
        QueuedEvent event;

        if (bus_work(t->bus))
                return true;
        if (!event_queue_take(&t->queue, &event))
                return false;
        announce(t, &event);
        queued_event_done(&event);
        return true;
}

/* All events are reported: the file should hold what the tracks hold. True: it is being rewritten. */
static bool state_file_begin(Announcer *t) {
        const Debounce *s = t->debounce;
        _cleanup_free_ int *priorities = NULL;
        size_t n_told = 0, n;
        int r;

        if (!s->snapshot)
                return false;
        n = snapshot_n_known(s->snapshot);
        for (size_t i = 0; i < n; i++)
                n_told += s->tracks[i].told >= 0;
        if (!state_file_is_long(t->state_file, n_told))
                return false;

        priorities = calloc(n + 1, sizeof(*priorities));
        if (!priorities)
                return false;
        for (size_t i = 0; i < n; i++)
                priorities[i] = s->tracks[i].told;
        r = state_file_rewrite_begin(t->state_file, s->snapshot, priorities);
        if (r < 0)
                state_file_result(t, r);
        return r >= 0;
}

static bool state_file_work(Announcer *t) {
        int r;

        if (!t->state_file)
                return false;
        if (!state_file_is_rewriting(t->state_file))
                return state_file_begin(t);
        r = state_file_rewrite_step(t->state_file);
        if (r <= 0)
                state_file_result(t, r);
        return r > 0;
}

/* The memory that a change took is interleaved with what is kept, and the next change may be far. */
static void release_memory(Announcer *t) {
        if (t->stirred)
                malloc_trim(0);
        t->stirred = false;
}

static int on_work(sd_event_source *source, void *userdata) {
        uint64_t end = clock_now() + SLICE_USEC;
        Announcer *t = userdata;

        do
                if (!announce_next(t) && !state_file_work(t)) {
                        release_memory(t);
                        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
                }
        while (clock_now() < end);
        return 0;
}

int announcer_add(Announcer *t, const DebounceResult *result) {
        int r;

        t->stirred |= result->n_events + result->difference.n_events > 0;
        r = event_queue_add(&t->queue, result);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(t->work, SD_EVENT_ON);
}

int announcer_new(sd_event *event, int64_t priority, Bus *bus, const Debounce *debounce, StateFile *state_file, Announcer **ret) {
        Announcer *t = calloc(1, sizeof(*t));
        int r;

        if (!t) {
                state_file_free(state_file);
                return -ENOMEM;
        }
        t->bus = bus;
        t->debounce = debounce;
        t->state_file = state_file;
        r = sd_event_add_defer(event, &t->work, on_work, t);
        if (r >= 0)
                r = sd_event_source_set_priority(t->work, priority);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->work, SD_EVENT_OFF);
        if (r < 0) {
                announcer_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

Announcer *announcer_free(Announcer *t) {
        if (!t)
                return NULL;
        while (announce_next(t))
                ;
        sd_event_source_unref(t->work);
        event_queue_done(&t->queue);
        state_file_free(t->state_file);
        free(t);
        return NULL;
}
