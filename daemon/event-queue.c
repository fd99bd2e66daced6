/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "event-queue.h"

const char *finding_group(const Finding *f) {
        return f->unit ? f->unit : f->user_unit ? f->user_unit : f->container ? f->container : "no unit";
}

void event_done(Event *n) {
        finding_unref(n->finding);
        *n = (Event){};
}

void event_queue_done(EventQueue *n) {
        for (size_t i = n->next; i < n->n; i++)
                event_done(n->items + i);
        free(n->items);
        *n = (EventQueue){};
}

bool event_queue_take(EventQueue *n, Event *ret) {
        if (n->next == n->n) {
                event_queue_done(n); /* gives the memory of a storm back */
                return false;
        }
        *ret = n->items[n->next++];
        return true;
}

static Event *push(EventQueue *n, EventKind kind, Finding *f) {
        if (!GROW(n->items, n->allocated, n->n + 1))
                return NULL;
        n->items[n->n] = (Event){ .kind = kind, .finding = finding_ref(f) };
        return n->items + n->n++;
}

/* groups: the tellings of one kind, by unit, the urgent ones first, in the order of the findings */

typedef struct Place {
        const char *group;
        Urgency urgency;
        size_t index; /* among the tellings */
} Place;

static int compare_places(const void *a, const void *b) {
        const Place *x = a, *y = b;
        int r = strcmp(x->group, y->group);

        if (r == 0)
                r = (int) y->urgency - (int) x->urgency;
        return r != 0 ? r : (x->index > y->index) - (x->index < y->index);
}

static int add_one(EventQueue *n, const Telling *t, bool in_journal) {
        Event *notice = push(n, t->gone ? EVENT_REMOVED : EVENT_ADDED, t->finding);

        if (!notice)
                return -ENOMEM;
        notice->removal = t->removal;
        notice->in_journal = in_journal;
        return 0;
}

static int compare_indices(const void *a, const void *b) {
        const Place *x = a, *y = b;

        return (x->index > y->index) - (x->index < y->index);
}

/* Sorts the places by the order of the findings, which are counted by process then. */
static int add_summary(EventQueue *n, const DebounceResult *s, Place *places, size_t n_places) {
        Event *notice = push(n, EVENT_SUMMARY, s->tellings[places[0].index].finding);
        pid_t pid = 0;

        if (!notice)
                return -ENOMEM;
        notice->in_journal = true;
        notice->gone = s->tellings[places[0].index].gone;
        notice->n_findings = n_places;
        notice->urgency = places[0].urgency;
        qsort(places, n_places, sizeof(*places), compare_indices);
        for (size_t i = 0; i < n_places; i++) {
                const Finding *f = s->tellings[places[i].index].finding;

                notice->n_processes += f->pid != pid;
                pid = f->pid;
        }
        return 0;
}

/* All tellings of one unit: the first few, the rest for the bus alone, and its sum. */
static int add_group(EventQueue *n, const DebounceResult *s, Place *places, size_t n_places) {
        /* A sum of one would say less than the one. */
        size_t single = n_places <= EVENTS_PER_UNIT_MAX + 1 ? n_places : EVENTS_PER_UNIT_MAX;

        for (size_t i = 0; i < n_places; i++) {
                int r = add_one(n, &s->tellings[places[i].index], /* in_journal= */ i < single);

                if (r < 0)
                        return r;
        }
        return single == n_places ? 0 : add_summary(n, s, places + single, n_places - single);
}

static int add_kind(EventQueue *n, const DebounceResult *s, bool gone) {
        _cleanup_free_ Place *places = calloc(s->n_tellings + 1, sizeof(*places));
        size_t n_places = 0, start = 0;

        if (!places)
                return -ENOMEM;

        for (size_t i = 0; i < s->n_tellings; i++)
                if (s->tellings[i].gone == gone)
                        places[n_places++] = (Place){
                                .group = finding_group(s->tellings[i].finding),
                                .urgency = finding_urgency(s->tellings[i].finding),
                                .index = i,
                        };
        if (n_places > 0)
                qsort(places, n_places, sizeof(*places), compare_places);

        for (size_t i = 1; i <= n_places; i++)
                if (i == n_places || !streq(places[i].group, places[start].group)) {
                        int r = add_group(n, s, places + start, i - start);

                        if (r < 0)
                                return r;
                        start = i;
                }
        return 0;
}

int event_queue_add(EventQueue *n, const DebounceResult *result) {
        int r;

        r = add_kind(n, result, /* gone= */ true);
        return r < 0 ? r : add_kind(n, result, /* gone= */ false);
}
