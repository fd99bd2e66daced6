/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "choice.h"

typedef struct Share {
        uid_t uid;
        size_t n, taken;
} Share;

typedef struct Shares {
        Share *items;
        size_t n, allocated;
} Shares;

static Share *shares_find(const Shares *s, uid_t uid) {
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].uid == uid)
                        return s->items + i;
        return NULL;
}

static int shares_count(Shares *s, uid_t uid) {
        Share *share = shares_find(s, uid);

        if (!share) {
                if (!GROW(s->items, s->allocated, s->n + 1))
                        return -ENOMEM;
                share = s->items + s->n++;
                *share = (Share){ .uid = uid };
        }
        share->n++;
        return 0;
}

/* The most that each may take so that all fit: those who want less leave the rest to the others. */
static size_t shares_limit(const Shares *s, size_t max) {
        size_t low = 0, high = max;

        while (low < high) {
                size_t middle = high - (high - low) / 2, sum = 0;

                for (size_t i = 0; i < s->n; i++)
                        sum += s->items[i].n < middle ? s->items[i].n : middle;
                if (sum <= max)
                        low = middle;
                else
                        high = middle - 1;
        }
        return low;
}

/* Cuts the choice down to shares of users. */
static int choice_share(const Snapshot *s, size_t max, uint32_t *choice, size_t *n) {
        Shares shares = {};
        size_t limit, kept = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < *n; i++)
                r = shares_count(&shares, s->findings[choice[i]]->uid);
        if (r == 0) {
                limit = shares_limit(&shares, max);
                for (size_t i = 0; i < *n; i++) {
                        Share *share = shares_find(&shares, s->findings[choice[i]]->uid);

                        if (share && share->taken++ < limit)
                                choice[kept++] = choice[i];
                }
                *n = kept;
        }
        free(shares.items);
        return r;
}

int choice_make(const Snapshot *s, size_t max, size_t per_process, uint32_t **ret, size_t *ret_n) {
        _cleanup_free_ uint32_t *choice = calloc(s->n_findings + 1, sizeof(*choice));
        size_t n = 0, of_process = 0;

        if (!choice)
                return -ENOMEM;

        for (size_t i = 0; i < s->n_findings; i++) {
                of_process = i > 0 && s->findings[i]->pid == s->findings[i - 1]->pid ? of_process + 1 : 1;
                if (of_process <= per_process)
                        choice[n++] = (uint32_t) i;
        }
        if (n > max && choice_share(s, max, choice, &n) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(choice);
        *ret_n = n;
        return 0;
}
