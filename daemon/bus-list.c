/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-list.h"
#include "bus-names.h"
#include "dictionary.h"
#include "util/clock.h"

/* How long it runs before the bus is polled again. */
#define SLICE_USEC 500

typedef struct ListCall {
        ListKind kind;
        sd_bus_message *message;
} ListCall;

struct BusList {
        sd_event_source *work; /* on while a call waits */
        const BusQueue *queue;
        const ProcessView *view;
        ListCall calls[BUS_LIST_WAITING_MAX];
        size_t n_calls;

        /* Of the first call: a sweep may end before it is answered, and another snapshot be shown then. */
        sd_bus_message *reply; /* NULL: not begun yet */
        Finding **findings;    /* shared: those that are not in it yet */
        UnknownMapping *unknown; /* owned; likewise. One of both is NULL */
        size_t n, next;
};

static int list_take_findings(BusList *l, const Snapshot *s) {
        l->findings = calloc(s->n_findings + 1, sizeof(*l->findings));
        if (!l->findings)
                return -ENOMEM;
        for (; l->n < s->n_findings; l->n++)
                l->findings[l->n] = finding_ref(s->findings[l->n]);
        return 0;
}

static int list_take_mapping(BusList *l, const UnknownMapping *u) {
        UnknownMapping copy = { .pid = u->pid, .reason = u->reason };

        if (!strdup_to(&copy.comm, u->comm) || !strdup_to(&copy.path, u->path)) {
                unknown_mapping_done(&copy);
                return -ENOMEM;
        }
        l->unknown[l->n++] = copy;
        return 0;
}

/* Processes that could not be read, and the mappings of others that could not be judged, in the order of their pids. */
static int list_take_unknown(BusList *l, const Snapshot *s) {
        size_t n = s->n_unknown, at = 0;
        int r = 0;

        for (size_t i = 0; i < s->n_looked; i++)
                n += s->looked[i].look == LOOK_FAILED;
        l->unknown = calloc(n + 1, sizeof(*l->unknown));
        if (!l->unknown)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < s->n_looked; i++) {
                const Looked *looked = s->looked + i;

                for (; r >= 0 && at < s->n_unknown && s->unknown[at].pid <= looked->pid; at++)
                        r = list_take_mapping(l, s->unknown + at);
                if (r >= 0 && looked->look == LOOK_FAILED)
                        l->unknown[l->n++] = (UnknownMapping){ .pid = looked->pid, .reason = looked->reason };
        }
        return r;
}

static int list_begin(BusList *l) {
        static const Snapshot none = {};
        const Snapshot *s = l->view->snapshot ?: &none;
        int r;

        r = l->calls[0].kind == LIST_FINDINGS ? list_take_findings(l, s) : list_take_unknown(l, s);
        if (r >= 0)
                r = sd_bus_message_new_method_return(l->calls[0].message, &l->reply);
        return r < 0 ? r : sd_bus_message_open_container(l->reply, 'a', "a{sv}");
}

static void list_drop(BusList *l, size_t i) {
        if (l->findings)
                finding_unref(l->findings[i]);
        else
                unknown_mapping_done(l->unknown + i);
}

/* The first call is answered. */
static void list_end(BusList *l) {
        sd_bus_message_unref(l->calls[0].message);
        l->n_calls--;
        memmove(l->calls, l->calls + 1, l->n_calls * sizeof(*l->calls));
        l->reply = sd_bus_message_unref(l->reply);
        for (; l->next < l->n; l->next++)
                list_drop(l, l->next);
        free(l->findings);
        free(l->unknown);
        l->findings = NULL;
        l->unknown = NULL;
        l->n = l->next = 0;
}

static int list_send(BusList *l) {
        int r;

        r = sd_bus_message_close_container(l->reply);
        if (r >= 0)
                r = sd_bus_send(/* bus= */ NULL, l->reply, /* cookie= */ NULL);
        return r < 0 ? r : 0;
}

/* Returns 1: there is more of it to be done, 0: it is sent, or -errno of sd-bus. */
static int list_step(BusList *l) {
        int r;

        if (!l->reply) {
                r = list_begin(l);
                if (r < 0)
                        return r;
        }
        if (l->next == l->n)
                return list_send(l);
        if (l->findings)
                r = dictionary_append_finding(l->reply, l->findings[l->next], /* explained= */ false);
        else
                r = dictionary_append_unknown(l->reply, l->unknown + l->next);
        list_drop(l, l->next++);
        return r < 0 ? r : 1;
}

static int on_work(sd_event_source *source, void *userdata) {
        uint64_t end = clock_now() + SLICE_USEC;
        BusList *l = userdata;
        int r;

        do
                r = !l->reply && bus_queue_is_long(l->queue) ? -EBUSY : list_step(l);
        while (r > 0 && clock_now() < end);
        if (r > 0)
                return 0;

        if (r == -EBUSY)
                sd_bus_reply_method_errorf(l->calls[0].message, ERROR_BUSY, "The bus has not taken the answers before this one yet");
        else if (r < 0)
                sd_bus_reply_method_errno(l->calls[0].message, r, /* e= */ NULL);
        list_end(l);
        return sd_event_source_set_enabled(source, l->n_calls > 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

int bus_list_add(BusList *l, ListKind kind, sd_bus_message *call) {
        int r;

        if (l->n_calls == BUS_LIST_WAITING_MAX)
                return -EBUSY;
        r = sd_event_source_set_enabled(l->work, SD_EVENT_ON);
        if (r < 0)
                return r;
        l->calls[l->n_calls++] = (ListCall){ .kind = kind, .message = sd_bus_message_ref(call) };
        return 1;
}

int bus_list_new(sd_event *event, int64_t priority, const BusQueue *queue, const ProcessView *view, BusList **ret) {
        BusList *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->queue = queue;
        l->view = view;
        r = sd_event_add_defer(event, &l->work, on_work, l);
        if (r >= 0)
                r = sd_event_source_set_priority(l->work, priority);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->work, SD_EVENT_OFF);
        if (r < 0) {
                bus_list_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

BusList *bus_list_free(BusList *l) {
        if (!l)
                return NULL;
        while (l->n_calls > 0)
                list_end(l);
        sd_event_source_unref(l->work);
        free(l);
        return NULL;
}
