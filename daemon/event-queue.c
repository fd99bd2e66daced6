/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "event-queue.h"

const char *finding_group(const Finding *f) {
        return f->unit ? f->unit : f->user_unit ? f->user_unit : f->container ? f->container : "no unit";
}

void queued_event_done(QueuedEvent *e) {
        finding_unref(e->event.finding);
        *e = (QueuedEvent){};
}

void event_queue_done(EventQueue *q) {
        for (size_t i = q->next; i < q->n; i++)
                queued_event_done(q->items + i);
        free(q->items);
        *q = (EventQueue){};
}

bool event_is_summary(const QueuedEvent *e) {
        return e->n_findings > 0;
}

bool event_queue_take(EventQueue *q, QueuedEvent *ret) {
        if (q->next == q->n) {
                event_queue_done(q); /* returns the memory of a burst */
                return false;
        }
        *ret = q->items[q->next++];
        return true;
}

static QueuedEvent *push(EventQueue *q, const FindingEvent *e, bool in_journal) {
        if (!GROW(q->items, q->allocated, q->n + 1))
                return NULL;
        q->items[q->n] = (QueuedEvent){ .event = *e, .in_journal = in_journal };
        finding_ref(e->finding);
        return q->items + q->n++;
}

static int compare_events(const void *a, const void *b) {
        const FindingEvent *x = *(FindingEvent *const *) a, *y = *(FindingEvent *const *) b;
        int r = strcmp(finding_group(x->finding), finding_group(y->finding));

        if (r == 0)
                r = (int) finding_urgency(y->finding) - (int) finding_urgency(x->finding);
        return r != 0 ? r : (x > y) - (x < y);
}

static int compare_pids(const void *a, const void *b) {
        pid_t x = (*(FindingEvent *const *) a)->finding->pid, y = (*(FindingEvent *const *) b)->finding->pid;

        return (x > y) - (x < y);
}

static int add_summary(EventQueue *q, const FindingEvent **events, size_t n) {
        QueuedEvent *summary = push(q, events[0], /* in_journal= */ true);

        if (!summary)
                return -ENOMEM;
        summary->n_findings = n;
        summary->urgency = finding_urgency(events[0]->finding);
        qsort(events, n, sizeof(*events), compare_pids);
        for (size_t i = 0; i < n; i++)
                summary->n_processes += i == 0 || events[i]->finding->pid != events[i - 1]->finding->pid;
        return 0;
}

/* All events of one unit: the first few, the others for the bus alone, and their summary. */
static int add_group(EventQueue *q, const FindingEvent **events, size_t n) {
        /* A summary of one would say less than the event itself. */
        size_t single = n <= EVENTS_PER_UNIT_MAX + 1 ? n : EVENTS_PER_UNIT_MAX;

        for (size_t i = 0; i < n; i++)
                if (!push(q, events[i], /* in_journal= */ i < single))
                        return -ENOMEM;
        return single == n ? 0 : add_summary(q, events + single, n - single);
}

/* The events of one kind by unit, the urgent ones first, else in the order of the findings. */
static int add_kind(EventQueue *q, const DebounceResult *s, EventKind kind) {
        _cleanup_free_ const FindingEvent **events = calloc(s->n_events + 1, sizeof(*events));
        size_t n = 0, start = 0;

        if (!events)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_events; i++)
                if (s->events[i].kind == kind)
                        events[n++] = &s->events[i];
        if (n > 0)
                qsort(events, n, sizeof(*events), compare_events);
        for (size_t i = 1; i <= n; i++)
                if (i == n || !streq(finding_group(events[i]->finding), finding_group(events[start]->finding))) {
                        int r = add_group(q, events + start, i - start);

                        if (r < 0)
                                return r;
                        start = i;
                }
        return 0;
}

int event_queue_add(EventQueue *q, const DebounceResult *result) {
        int r;

        r = add_kind(q, result, EVENT_REMOVED);
        return r < 0 ? r : add_kind(q, result, EVENT_ADDED);
}
