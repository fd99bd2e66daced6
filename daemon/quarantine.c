/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quarantine.h"
#include "util/timespan.h"

#define OUT_USEC (10 * USEC_PER_MINUTE)
#define OUT_MAX_USEC (160 * USEC_PER_MINUTE)
#define REMEMBER_USEC (30 * USEC_PER_MINUTE)

static bool suspect_is(const Suspect *s, const SweepBeacon *where, SuspectKind kind) {
        if (s->kind != kind)
                return false;
        switch (kind) {
        case SUSPECT_DEVICE:
                return s->device.dev_major == where->dev_major && s->device.dev_minor == where->dev_minor;
        case SUSPECT_OWNER:
                return s->owner == where->owner;
        default:
                return s->process.pid == where->pid && s->process.start_time == where->start_time;
        }
}

/* A new one, in place of the one that would be forgotten first where all are taken. */
static Suspect *quarantine_new(Quarantine *q) {
        Suspect *oldest = q->suspects;

        if (q->n < QUARANTINE_MAX)
                return q->suspects + q->n++;

        for (size_t i = 1; i < q->n; i++)
                if (q->suspects[i].forget < oldest->forget)
                        oldest = q->suspects + i;
        return oldest;
}

static Suspect *quarantine_find(Quarantine *q, const SweepBeacon *where, SuspectKind kind) {
        Suspect *s;

        for (size_t i = 0; i < q->n; i++)
                if (suspect_is(q->suspects + i, where, kind))
                        return q->suspects + i;

        s = quarantine_new(q);
        *s = (Suspect){
                .kind = kind,
                .process = { .pid = where->pid, .start_time = where->start_time },
                .device = { .dev_major = where->dev_major, .dev_minor = where->dev_minor },
                .owner = where->owner,
        };
        return s;
}

/* Counts a failure. Skipped from failure number `limit` on, for twice as long with each further one. Returns true where that is new. */
static bool suspect_fails(Suspect *s, unsigned limit, uint64_t now) {
        bool was_out = s->until > now;
        uint64_t out = OUT_USEC;

        s->failures++;
        if (s->failures >= limit) {
                for (unsigned i = limit; i < s->failures && out < OUT_MAX_USEC; i++)
                        out *= 2;
                s->until = now + out;
        }
        s->forget = (s->until > now ? s->until : now) + REMEMBER_USEC;
        return s->until > now && !was_out;
}

bool quarantine_attribute(Quarantine *q, const SweepBeacon *where, bool hung, uint64_t now) {
        bool news;

        if (where->pid <= 0)
                return false;
        news = suspect_fails(quarantine_find(q, where, hung && where->on_file ? SUSPECT_DEVICE : SUSPECT_PROCESS),
                             hung ? 1 : 2, now);
        if (news && where->owner != 0)
                suspect_fails(quarantine_find(q, where, SUSPECT_OWNER), QUARANTINE_OWNER_MAX, now);
        return news;
}

bool quarantine_expire(Quarantine *q, uint64_t now) {
        bool back = false;
        size_t kept = 0;

        for (size_t i = 0; i < q->n; i++) {
                Suspect s = q->suspects[i];

                if (s.until != 0 && s.until <= now) {
                        s.until = 0;
                        back = true;
                }
                if (s.forget > now)
                        q->suspects[kept++] = s;
        }
        q->n = kept;
        return back;
}

size_t quarantine_count(const Quarantine *q, SuspectKind kind, uint64_t now) {
        size_t n = 0;

        for (size_t i = 0; i < q->n; i++)
                n += q->suspects[i].until > now && q->suspects[i].kind == kind;
        return n;
}

uint64_t quarantine_owner(const Quarantine *q, uint64_t now) {
        for (size_t i = 0; i < q->n; i++)
                if (q->suspects[i].until > now && q->suspects[i].kind == SUSPECT_OWNER)
                        return q->suspects[i].owner;
        return 0;
}

int quarantine_fill(const Quarantine *q, uint64_t now, Request *r) {
        r->owners = q->n > 0;
        r->skip_processes = calloc(q->n + 1, sizeof(*r->skip_processes));
        r->skip_devices = calloc(q->n + 1, sizeof(*r->skip_devices));
        r->skip_owners = calloc(q->n + 1, sizeof(*r->skip_owners));
        if (!r->skip_processes || !r->skip_devices || !r->skip_owners)
                return -ENOMEM;

        for (size_t i = 0; i < q->n; i++) {
                const Suspect *s = q->suspects + i;

                if (s->until <= now)
                        continue;
                if (s->kind == SUSPECT_DEVICE)
                        r->skip_devices[r->n_skip_devices++] = s->device;
                else if (s->kind == SUSPECT_OWNER)
                        r->skip_owners[r->n_skip_owners++] = s->owner;
                else
                        r->skip_processes[r->n_skip_processes++] = s->process;
        }
        return 0;
}
