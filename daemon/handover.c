/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "finding-text.h"
#include "list-quota.h"
#include "handover.h"
#include "message.h"

Handover *handover_free(Handover *h) {
        if (!h)
                return NULL;
        snapshot_free(h->snapshot);
        free(h->handed);
        free(h->choice);
        free(h->standing);
        free(h);
        return NULL;
}

static Handover *handover_alloc(Snapshot *snapshot) {
        Handover *h = calloc(1, sizeof(*h));

        if (!h) {
                snapshot_free(snapshot);
                return NULL;
        }
        h->snapshot = snapshot;
        h->handed = calloc(snapshot->n_findings + 1, sizeof(*h->handed));
        h->choice = calloc(snapshot->n_findings + 1, sizeof(*h->choice));
        h->standing = calloc(snapshot->n_findings + 1, sizeof(*h->standing));
        return h->handed && h->choice && h->standing ? h : handover_free(h);
}

int handover_new_from_request(Snapshot *previous, const PreviousState *states, Handover **ret) {
        Handover *h = handover_alloc(previous);

        if (!h)
                return -ENOMEM;
        for (size_t i = 0; i < previous->n_findings; i++)
                h->handed[i] = (Handed){ .length = states[i].text_length, .known = true, .listed = states[i].listed };
        *ret = h;
        return 0;
}

/* Known by its key alone: the daemon has the text. */
static bool is_key(const Finding *f) {
        return f->message == NULL;
}

/* Takes over what the daemon has of the findings that there were before. */
static void inherit(Handover *h, const Handover *before) {
        Finding *const *old = before->snapshot->findings;
        size_t at = 0;

        for (size_t i = 0; i < h->snapshot->n_findings; i++) {
                const Finding *f = h->snapshot->findings[i];
                const Handed *was;
                bool same;
                int c = 1;

                while (at < before->snapshot->n_findings && (c = finding_compare(old[at], f)) < 0)
                        at++;
                if (c != 0)
                        continue;
                was = before->handed + at;
                same = old[at] == f || finding_is_same(old[at], f);
                h->handed[i] = (Handed){
                        .length = same || is_key(f) ? was->length : 0,
                        .known = was->known,
                        .listed = was->listed,
                        .as_it_is = same && was->as_it_is,
                };
        }
}

/* The lengths of the texts. Returns 1 where there is not enough space for all, 0 where there is, or -ENOMEM. */
static int measure(Handover *h) {
        const Snapshot *s = h->snapshot;
        size_t sum = 0;
        int r = 0;

        for (size_t i = 0; i < s->n_findings && r >= 0; i++) {
                if (h->handed[i].length == 0 && !is_key(s->findings[i]))
                        r = finding_text_length(s->findings[i], &h->handed[i].length);
                sum += h->handed[i].length;
        }
        return r < 0 ? r : s->n_findings > FINDINGS_MAX || sum > FINDINGS_TEXT_MAX;
}

/* the choice */

/* Same content is no alarm: it gives way. Then what was listed, then what was once; and what is new by its urgency. */
static uint32_t rank(const Handed *handed, Urgency urgency) {
        enum { LISTED, KNOWN, NEW_URGENT, NEW };
        uint32_t by_history = handed->listed ? LISTED : handed->known ? KNOWN : urgency == URGENCY_URGENT ? NEW_URGENT : NEW;

        return urgency == URGENCY_NONE ? by_history + NEW + 1 : by_history;
}

typedef struct Owners {
        handover_owner_t read;
        void *userdata;
} Owners;

static uint64_t owner_of(const Owners *o, pid_t pid, uint64_t start_time, uint64_t otherwise) {
        uint64_t owner;

        return o && o->read(o->userdata, pid, start_time, &owner) >= 0 ? owner : otherwise;
}

/* owners: NULL where all fit, so that it does not matter. */
static void fill_items(const Handover *h, const Owners *owners, QuotaItem *items) {
        uint32_t process = 0;
        uint64_t owner = 0;

        for (size_t i = 0; i < h->snapshot->n_findings; i++) {
                const Finding *f = h->snapshot->findings[i], *last = i > 0 ? h->snapshot->findings[i - 1] : NULL;

                if (!last || last->pid != f->pid || last->start_time != f->start_time) {
                        process = (uint32_t) i;
                        owner = owner_of(owners, f->pid, f->start_time, f->uid);
                }
                items[i] = (QuotaItem){
                        .owner = owner,
                        .process = process,
                        .rank = rank(h->handed + i, finding_urgency(f)),
                        .size = h->handed[i].length > FINDING_TEXT_MAX ? LIST_QUOTA_NEVER : h->handed[i].length,
                };
        }
}

static void take_choice(Handover *h, const bool *chosen) {
        for (size_t i = 0; i < h->snapshot->n_findings; i++) {
                Finding *f = h->snapshot->findings[i];
                Handed *handed = h->handed + i;

                handed->listed = chosen[i];
                if (!chosen[i] && handed->known)
                        h->standing[h->n_standing++] = f;
                if (!chosen[i])
                        continue;
                handed->known = true;
                /* What is known by its key alone, the daemon keeps by itself, for the same reason as this scan does. */
                if (!is_key(f))
                        h->choice[h->n_choice++] = (uint32_t) i;
        }
}

static int choose(Handover *h, const Owners *owners) {
        static const QuotaLimits limits = { .items = FINDINGS_MAX, .per_process = FINDINGS_PROCESS_MAX, .text = FINDINGS_TEXT_MAX };
        size_t n = h->snapshot->n_findings;
        _cleanup_free_ QuotaItem *items = calloc(n + 1, sizeof(*items));
        _cleanup_free_ bool *chosen = calloc(n + 1, sizeof(*chosen));
        int r;

        if (!items || !chosen)
                return -ENOMEM;
        r = measure(h);
        if (r < 0)
                return r;
        fill_items(h, r > 0 ? owners : NULL, items);
        r = list_quota_choose(items, n, &limits, chosen);
        if (r >= 0)
                take_choice(h, chosen);
        return r;
}

/* Only of what the daemon knows it is of use that it is current again; and of that there is no more than KNOWN_MAX. */
static void drop_recovered(Snapshot *s, const Handover *before) {
        size_t kept = 0;

        for (size_t i = 0; i < s->n_recovered; i++) {
                Finding *const *was = before ? snapshot_find(before->snapshot, s->recovered[i]) : NULL;

                if (was && before->handed[was - before->snapshot->findings].known)
                        s->recovered[kept++] = s->recovered[i];
                else
                        finding_unref(s->recovered[i]);
        }
        s->n_recovered = kept;
}

/* what could not be judged */

static void mark_partial(Snapshot *s, pid_t pid) {
        Looked *looked = (Looked *) snapshot_find_looked(s, pid);

        if (looked && looked->look == LOOK_DONE)
                looked->look = LOOK_PARTIAL;
}

/* As a first step the bounds: returns whether they fit. */
static bool unknown_fits(const Snapshot *s) {
        size_t sum = 0, largest = 0;

        for (size_t i = 0; i < s->n_unknown; i++) {
                size_t bound = unknown_text_bound(s->unknown + i);

                sum += bound;
                largest = bound > largest ? bound : largest;
        }
        return sum <= UNKNOWN_TEXT_MAX && largest <= UNKNOWN_TEXT_ONE_MAX;
}

static int unknown_items(const Snapshot *s, const Owners *owners, QuotaItem *items) {
        uint32_t process = 0;
        uint64_t owner = 0;

        for (size_t i = 0; i < s->n_unknown; i++) {
                const UnknownMapping *u = s->unknown + i;
                size_t length = unknown_text(u);

                if (length == SIZE_MAX)
                        return -ENOMEM;
                if (i == 0 || u[-1].pid != u->pid) {
                        process = (uint32_t) i;
                        owner = owner_of(owners, u->pid, u->start_time, 0);
                }
                items[i] = (QuotaItem){ .owner = owner, .process = process,
                                         .size = length > UNKNOWN_TEXT_ONE_MAX ? LIST_QUOTA_NEVER : length };
        }
        return 0;
}

/* Leaves what is to be listed; the processes of the others are listed in part. */
static int drop_unknown(Snapshot *s, const Owners *owners) {
        static const QuotaLimits limits = { .items = UNKNOWN_LIST_MAX, .per_process = UNKNOWN_PROCESS_MAX, .text = UNKNOWN_TEXT_MAX };
        _cleanup_free_ QuotaItem *items = NULL;
        _cleanup_free_ bool *chosen = NULL;
        size_t kept = 0;
        int r;

        if (unknown_fits(s))
                return 0;
        items = calloc(s->n_unknown, sizeof(*items));
        chosen = calloc(s->n_unknown, sizeof(*chosen));
        if (!items || !chosen)
                return -ENOMEM;
        r = unknown_items(s, owners, items);
        if (r >= 0)
                r = list_quota_choose(items, s->n_unknown, &limits, chosen);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s->n_unknown; i++) {
                UnknownMapping u = s->unknown[i];

                s->unknown[i] = (UnknownMapping){};
                if (chosen[i])
                        s->unknown[kept++] = u;
                else {
                        mark_partial(s, u.pid);
                        unknown_mapping_done(&u);
                }
        }
        s->n_unknown = kept;
        return 0;
}

int handover_new(Snapshot *snapshot, const Handover *before, handover_owner_t owner, void *userdata, Handover **ret) {
        _cleanup_(handover_freep) Handover *h = handover_alloc(snapshot);
        const Owners owners = { .read = owner, .userdata = userdata };
        int r;

        if (!h)
                return -ENOMEM;
        if (before)
                inherit(h, before);
        drop_recovered(snapshot, before);
        r = choose(h, &owners);
        if (r >= 0)
                r = drop_unknown(snapshot, &owners);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

/* pieces */

/* Appends texts, and collects what the daemon has (borrowed). Returns the place where the next piece starts. */
static int piece_fill(Handover *h, sd_bus_message *m, size_t at, Finding **kept, size_t *n_kept) {
        size_t size = 0, n = 0;
        int r;

        for (; at < h->n_choice && n < PIECE_MAX && *n_kept < PIECE_KEPT_MAX; at++) {
                Finding *f = h->snapshot->findings[h->choice[at]];
                Handed *handed = h->handed + h->choice[at];
                _cleanup_free_ char *text = NULL;
                size_t length;

                if (handed->as_it_is) {
                        kept[(*n_kept)++] = f;
                        continue;
                }
                r = finding_to_text(f, &text);
                if (r < 0)
                        return r;
                length = strlen(text);
                if (n > 0 && size + length > PIECE_TEXT_MAX)
                        break;
                r = sd_bus_message_append(m, "s", text);
                if (r < 0)
                        return r;
                handed->length = length;
                handed->as_it_is = true;
                size += length;
                n++;
        }
        return (int) at;
}

int handover_append_piece(Handover *h, sd_bus_message *m, size_t first) {
        Finding *kept[PIECE_KEPT_MAX];
        size_t n_kept = 0;
        int next, r;

        r = sd_bus_message_open_container(m, 'a', "s");
        if (r < 0)
                return r;
        next = piece_fill(h, m, first, kept, &n_kept);
        if (next < 0)
                return next;
        r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = keys_append(m, kept, n_kept);
        return r < 0 ? r : sd_bus_message_append(m, "u", (uint32_t) next);
}
