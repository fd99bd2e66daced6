/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "list-quota.h"

/* Shares are fractions of the limits, with this denominator. */
#define SHARE_WHOLE (UINT64_C(1) << 20)

/* Items that may be listed, by owner and in the order in which the owner's come. */
typedef struct Candidates {
        const QuotaItem *items; /* borrowed */
        size_t *order;
        size_t n;
} Candidates;

static int compare_items(const void *a, const void *b, void *userdata) {
        size_t i = *(const size_t *) a, j = *(const size_t *) b;
        const QuotaItem *items = userdata, *x = items + i, *y = items + j;

        if (x->owner != y->owner)
                return x->owner < y->owner ? -1 : 1;
        if (x->rank != y->rank)
                return x->rank < y->rank ? -1 : 1;
        return (i > j) - (i < j);
}

/* All but those that are too long, or too many of their process. */
static int candidates_fill(Candidates *c, const QuotaItem *items, size_t n, const QuotaLimits *limits) {
        _cleanup_free_ uint32_t *of_process = calloc(n + 1, sizeof(*of_process));

        c->items = items;
        c->order = calloc(n + 1, sizeof(*c->order));
        if (!of_process || !c->order)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                c->order[i] = i;
        if (n > 0)
                qsort_r(c->order, n, sizeof(*c->order), compare_items, (void *) items);
        for (size_t i = 0; i < n; i++) {
                const QuotaItem *item = items + c->order[i];

                if (item->size <= limits->text && of_process[item->process]++ < limits->per_process)
                        c->order[c->n++] = c->order[i];
        }
        return 0;
}

/* Does it all fit where each owner gets so much of the limits? chosen: NULL, or where to set it. */
static bool share_out(const Candidates *c, const QuotaLimits *limits, uint64_t share, bool *chosen) {
        size_t items = (size_t) (limits->items * share / SHARE_WHOLE), text = (size_t) (limits->text * share / SHARE_WHOLE);
        size_t all_items = 0, all_text = 0, own_items = 0, own_text = 0;

        for (size_t i = 0; i < c->n; i++) {
                const QuotaItem *item = c->items + c->order[i];

                if (i > 0 && item->owner != c->items[c->order[i - 1]].owner)
                        own_items = own_text = 0;
                if (own_items >= items || item->size > text - own_text)
                        continue;
                own_items++;
                own_text += item->size;
                all_items++;
                all_text += item->size;
                if (all_items > limits->items || all_text > limits->text)
                        return false;
                if (chosen)
                        chosen[c->order[i]] = true;
        }
        return true;
}

int list_quota_choose(const QuotaItem *items, size_t n, const QuotaLimits *limits, bool *chosen) {
        _cleanup_free_ size_t *order = NULL;
        Candidates c = {};
        uint64_t low = 0, high = SHARE_WHOLE;
        int r;

        r = candidates_fill(&c, items, n, limits);
        order = c.order;
        if (r < 0)
                return r;

        while (low < high) {
                uint64_t middle = high - (high - low) / 2;

                if (share_out(&c, limits, middle, /* chosen= */ NULL))
                        low = middle;
                else
                        high = middle - 1;
        }
        memset(chosen, 0, n * sizeof(*chosen));
        share_out(&c, limits, low, chosen);
        return 0;
}
