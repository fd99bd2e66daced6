/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>

#include "journal.h"
#include "log.h"
#include "teller.h"
#include "timespan.h"
#include "util/clock.h"

#define SLICE_USEC 500

struct Teller {
        Bus *bus;
        const Settle *settle;
        Ledger *ledger;
        Notices notices;
        sd_event_source *work;
        bool ledger_failed; /* and that was said */
        bool stirred;       /* by a change, since it last rested */
};

static void ledger_result(Teller *t, int r) {
        if (r < 0 && !t->ledger_failed)
                log_errno(LOG_WARNING, r, "Cannot write down what was told; it may be told again after a restart");
        else if (r >= 0 && t->ledger_failed)
                log_line(LOG_INFO, "What was told is written down again");
        t->ledger_failed = r < 0;
}

/* The journal first: what was not written down is told twice, which is better than never. */
static void tell(Teller *t, const Notice *n) {
        journal_notice(n);
        if (t->ledger && n->kind == NOTICE_ADDED)
                ledger_result(t, ledger_add(t->ledger, n->finding, finding_priority(n->finding)));
        else if (t->ledger && n->kind == NOTICE_REMOVED)
                ledger_result(t, ledger_remove(t->ledger, n->finding));
        bus_notice(t->bus, n);
}

static bool teller_step(Teller *t) {
        Notice notice;

        if (bus_work(t->bus))
                return true;
        if (!notices_take(&t->notices, &notice))
                return false;
        tell(t, &notice);
        notice_done(&notice);
        return true;
}

/* All has been told: what the tracks say is what the file should hold. True: it is being written anew. */
static bool ledger_begin(Teller *t) {
        const Settle *s = t->settle;
        _cleanup_free_ int *priorities = NULL;
        size_t n_told = 0, n;
        int r;

        if (!s->snapshot)
                return false;
        n = snapshot_n_known(s->snapshot);
        for (size_t i = 0; i < n; i++)
                n_told += s->tracks[i].told >= 0;
        if (!ledger_is_long(t->ledger, n_told))
                return false;

        priorities = calloc(n + 1, sizeof(*priorities));
        if (!priorities)
                return false;
        for (size_t i = 0; i < n; i++)
                priorities[i] = s->tracks[i].told;
        r = ledger_rewrite_begin(t->ledger, s->snapshot, priorities);
        if (r < 0)
                ledger_result(t, r);
        return r >= 0;
}

static bool ledger_work(Teller *t) {
        int r;

        if (!t->ledger)
                return false;
        if (!ledger_is_rewriting(t->ledger))
                return ledger_begin(t);
        r = ledger_rewrite_step(t->ledger);
        if (r <= 0)
                ledger_result(t, r);
        return r > 0;
}

/* What it took to read and to tell a change lies between what is kept, and it may be long until there is another. */
static void teller_rest(Teller *t) {
        if (t->stirred)
                malloc_trim(0);
        t->stirred = false;
}

static int on_work(sd_event_source *source, void *userdata) {
        uint64_t end = clock_now() + SLICE_USEC;
        Teller *t = userdata;

        do
                if (!teller_step(t) && !ledger_work(t)) {
                        teller_rest(t);
                        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
                }
        while (clock_now() < end);
        return 0;
}

int teller_add(Teller *t, const Settlement *settlement) {
        const Difference *d = &settlement->difference;
        int r;

        t->stirred |= settlement->n_tellings + d->n_added + d->n_removed + d->n_changed > 0;
        r = notices_add(&t->notices, settlement);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(t->work, SD_EVENT_ON);
}

int teller_new(sd_event *event, int64_t priority, Bus *bus, const Settle *settle, Ledger *ledger, Teller **ret) {
        Teller *t = calloc(1, sizeof(*t));
        int r;

        if (!t) {
                ledger_free(ledger);
                return -ENOMEM;
        }
        t->bus = bus;
        t->settle = settle;
        t->ledger = ledger;
        r = sd_event_add_defer(event, &t->work, on_work, t);
        if (r >= 0)
                r = sd_event_source_set_priority(t->work, priority);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->work, SD_EVENT_OFF);
        if (r < 0) {
                teller_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

Teller *teller_free(Teller *t) {
        if (!t)
                return NULL;
        while (teller_step(t))
                ;
        sd_event_source_unref(t->work);
        notices_done(&t->notices);
        ledger_free(t->ledger);
        free(t);
        return NULL;
}
