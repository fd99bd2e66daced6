/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quarantine.h"
#include "timespan.h"

#define OUT_USEC (10 * USEC_PER_MINUTE)
#define OUT_MAX_USEC (160 * USEC_PER_MINUTE)
#define REMEMBER_USEC (30 * USEC_PER_MINUTE)

static bool suspect_is(const Suspect *s, const SweepBeacon *where, bool is_device) {
        if (s->is_device != is_device)
                return false;
        if (is_device)
                return s->device.dev_major == where->dev_major && s->device.dev_minor == where->dev_minor;
        return s->process.pid == where->pid && s->process.start_time == where->start_time;
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

static Suspect *quarantine_find(Quarantine *q, const SweepBeacon *where, bool is_device) {
        Suspect *s;

        for (size_t i = 0; i < q->n; i++)
                if (suspect_is(q->suspects + i, where, is_device))
                        return q->suspects + i;

        s = quarantine_new(q);
        *s = (Suspect){ .is_device = is_device };
        if (is_device)
                s->device = (SweepDevice){ .dev_major = where->dev_major, .dev_minor = where->dev_minor };
        else
                s->process = (SweepProcess){ .pid = where->pid, .start_time = where->start_time };
        return s;
}

bool quarantine_blame(Quarantine *q, const SweepBeacon *where, bool hung, uint64_t now) {
        uint64_t out = OUT_USEC;
        bool was_out;
        Suspect *s;

        if (where->pid <= 0)
                return false;

        s = quarantine_find(q, where, hung && where->on_file);
        s->failures++;
        was_out = s->until > now;
        if (hung || s->failures >= 2) {
                for (unsigned i = 1; i < s->failures && out < OUT_MAX_USEC; i++)
                        out *= 2;
                s->until = now + out;
        }
        s->forget = (s->until > now ? s->until : now) + REMEMBER_USEC;
        return s->until > now && !was_out;
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

static size_t quarantine_count(const Quarantine *q, uint64_t now, bool is_device) {
        size_t n = 0;

        for (size_t i = 0; i < q->n; i++)
                n += q->suspects[i].until > now && q->suspects[i].is_device == is_device;
        return n;
}

size_t quarantine_processes(const Quarantine *q, uint64_t now) {
        return quarantine_count(q, now, /* is_device= */ false);
}

size_t quarantine_devices(const Quarantine *q, uint64_t now) {
        return quarantine_count(q, now, /* is_device= */ true);
}

int quarantine_list(const Quarantine *q, uint64_t now, SweepProcess **ret_processes, size_t *ret_n_processes,
                    SweepDevice **ret_devices, size_t *ret_n_devices) {
        _cleanup_free_ SweepProcess *processes = calloc(q->n + 1, sizeof(*processes));
        _cleanup_free_ SweepDevice *devices = calloc(q->n + 1, sizeof(*devices));
        size_t n_processes = 0, n_devices = 0;

        if (!processes || !devices)
                return -ENOMEM;

        for (size_t i = 0; i < q->n; i++)
                if (q->suspects[i].until > now) {
                        if (q->suspects[i].is_device)
                                devices[n_devices++] = q->suspects[i].device;
                        else
                                processes[n_processes++] = q->suspects[i].process;
                }

        *ret_processes = TAKE_PTR(processes);
        *ret_n_processes = n_processes;
        *ret_devices = TAKE_PTR(devices);
        *ret_n_devices = n_devices;
        return 0;
}
