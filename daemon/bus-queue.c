/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-queue.h"
#include "util/clock.h"
#include "util/timespan.h"

/* Who asked for lists of late. */
#define ASKERS 32
#define SENDER_MAX 32 /* ":1.4294967295" */

typedef struct Asker {
        char name[SENDER_MAX];
        uint64_t second;
        unsigned n; /* in that second */
} Asker;

struct BusQueue {
        sd_bus *bus; /* borrowed */
        sd_bus_slot *filter;
        sd_event_source *timer; /* on while something waits */
        const char *busy;
        void (*on_stuck)(void *userdata);
        void *userdata;
        uint64_t length;  /* a second ago */
        unsigned seconds; /* for which nothing has been taken */
        Asker askers[ASKERS];
};

static uint64_t queue_length(const BusQueue *q) {
        uint64_t n;

        return sd_bus_get_n_queued_write(q->bus, &n) < 0 ? 0 : n;
}

static void queue_wait(BusQueue *q) {
        if (sd_event_source_set_time(q->timer, clock_now() + USEC_PER_SEC) >= 0)
                sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

void bus_queue_look(BusQueue *q) {
        int enabled;

        if (sd_event_source_get_enabled(q->timer, &enabled) < 0 || enabled != SD_EVENT_OFF)
                return;
        q->seconds = 0;
        q->length = queue_length(q);
        if (q->length > 0)
                queue_wait(q);
}

static int on_second(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        BusQueue *q = userdata;
        uint64_t length = queue_length(q);

        q->seconds = length < q->length ? 0 : q->seconds + 1;
        q->length = length;
        if (length > 0 && q->seconds >= BUS_QUEUE_STUCK_SEC)
                q->on_stuck(q->userdata);
        else if (length > 0)
                queue_wait(q);
        return 0;
}

/* Everything that grows with the number of findings, or of what could not be judged. */
static bool is_for_list(sd_bus_message *m) {
        static const char *const members[] = { "ListFindings", "ListUnknown", "ListUnits", "GetManagedObjects" };

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (sd_bus_message_is_method_call(m, /* interface= */ NULL, members[i]) > 0)
                        return true;
        return false;
}

static bool asks_too_often(BusQueue *q, const char *sender) {
        uint64_t second = clock_now() / USEC_PER_SEC;
        Asker *a = q->askers;

        for (size_t i = 0; i < ASKERS; i++) {
                if (streq(q->askers[i].name, sender)) {
                        a = q->askers + i;
                        break;
                }
                if (q->askers[i].second < a->second)
                        a = q->askers + i;
        }
        if (!streq(a->name, sender) || a->second != second) {
                *a = (Asker){ .second = second };
                strncat(a->name, sender, sizeof(a->name) - 1);
        }
        return ++a->n > BUS_QUEUE_LISTS_MAX;
}

bool bus_queue_is_long(const BusQueue *q) {
        return queue_length(q) >= BUS_QUEUE_LARGE_MAX;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(m);
        BusQueue *q = userdata;
        bool list;

        bus_queue_look(q);
        if (sd_bus_message_is_method_call(m, /* interface= */ NULL, /* member= */ NULL) <= 0)
                return 0;
        list = is_for_list(m);
        if (queue_length(q) >= (list ? BUS_QUEUE_LARGE_MAX : BUS_QUEUE_MAX))
                return sd_bus_error_set(error, q->busy, "The bus has not taken the answers before this one yet");
        if (list && sender && asks_too_often(q, sender))
                return sd_bus_error_setf(error, q->busy, "Too many calls: %d per second are answered", BUS_QUEUE_LISTS_MAX);
        return 0;
}

int bus_queue_new(sd_bus *bus, sd_event *event, int64_t priority, const char *busy,
                  void (*on_stuck)(void *userdata), void *userdata, BusQueue **ret) {
        BusQueue *q = calloc(1, sizeof(*q));
        int r;

        if (!q)
                return -ENOMEM;
        *q = (BusQueue){ .bus = bus, .busy = busy, .on_stuck = on_stuck, .userdata = userdata };
        r = sd_event_add_time(event, &q->timer, CLOCK_MONOTONIC, UINT64_MAX, /* accuracy= */ 0, on_second, q);
        if (r >= 0)
                r = sd_event_source_set_priority(q->timer, priority);
        if (r >= 0)
                r = sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_bus_add_filter(bus, &q->filter, on_message, q);
        if (r < 0) {
                bus_queue_free(q);
                return r;
        }
        *ret = q;
        return 0;
}

BusQueue *bus_queue_free(BusQueue *q) {
        if (!q)
                return NULL;
        sd_bus_slot_unref(q->filter);
        sd_event_source_unref(q->timer);
        free(q);
        return NULL;
}
