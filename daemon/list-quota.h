/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Selects the items to list where there are more of them, or more text, than a list holds:
 * one process, or one owner with many (process-owner.h), must not displace the items of
 * others. Pure.
 */

#include <stdint.h>

#include "util/base.h"

/* A size that fits into no list. */
#define LIST_QUOTA_NEVER SIZE_MAX

typedef struct QuotaItem {
        uint64_t owner;
        uint32_t process; /* any number below that of the items; items of one process have the same */
        uint32_t rank;    /* of an owner's items those of lower rank come first; of one rank, in their order */
        size_t size;      /* bytes of text */
} QuotaItem;

typedef struct QuotaLimits {
        size_t items, per_process, text;
} QuotaLimits;

/*
 * Sets chosen[i] for each item: not more than the limits allow, and where not all fit, an equal share of the places and of
 * the text for each owner who wants more than that; what others do not use of theirs is shared out as well. Returns 0 or -ENOMEM.
 */
int list_quota_choose(const QuotaItem *items, size_t n, const QuotaLimits *limits, bool *chosen);
