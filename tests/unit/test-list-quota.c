/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "list-quota.h"
#include "unit.h"

#define OWNERS 3
#define ANY 1000000

/* So many items of each of three owners, of so many bytes each; of a process so many. */
static const struct {
        const char *name;
        size_t wanted[OWNERS], size[OWNERS], of_process;
        QuotaLimits limits;
        size_t got[OWNERS];
} rows[] = {
        { "all fit", { 3, 4, 5 }, { 1, 1, 1 }, 1, { 12, 9, ANY }, { 3, 4, 5 } },
        { "none", { 0, 0, 0 }, { 1, 1, 1 }, 1, { 12, 9, ANY }, { 0, 0, 0 } },
        { "of a process so many", { 10, 4, 0 }, { 1, 1, 1 }, 10, { 100, 5, ANY }, { 5, 4, 0 } },
        { "the greedy one pays", { 1000, 3, 4 }, { 1, 1, 1 }, 1, { 20, 9, ANY }, { 13, 3, 4 } },
        { "equal shares", { 100, 100, 100 }, { 1, 1, 1 }, 1, { 30, 9, ANY }, { 10, 10, 10 } },
        { "the rest is for those who want more", { 100, 100, 1 }, { 1, 1, 1 }, 1, { 21, 9, ANY }, { 10, 10, 1 } },
        { "nothing may be listed", { 2, 2, 2 }, { 1, 1, 1 }, 1, { 0, 9, ANY }, { 0, 0, 0 } },
        { "all of the text fits", { 10, 10, 10 }, { 10, 1, 1 }, 1, { 100, 9, 120 }, { 10, 10, 10 } },
        { "who has long texts pays for them", { 100, 10, 10 }, { 40, 1, 1 }, 1, { 1000, 9, 100 }, { 2, 10, 10 } },
        { "wherever that one stands in the order", { 10, 10, 100 }, { 1, 1, 40 }, 1, { 1000, 9, 100 }, { 10, 10, 2 } },
        { "equal shares of the text", { 100, 100, 100 }, { 10, 10, 10 }, 1, { 1000, 9, 300 }, { 10, 10, 10 } },
        { "many, and long ones", { 100, 10, 0 }, { 1, 50, 1 }, 1, { 20, 9, 200 }, { 17, 3, 0 } },
        { "what fits in no list", { 2, 5, 0 }, { LIST_QUOTA_NEVER, 1, 1 }, 1, { 20, 9, 200 }, { 0, 5, 0 } },
        { "what is longer than all", { 2, 5, 0 }, { 201, 1, 1 }, 1, { 20, 9, 200 }, { 0, 5, 0 } },
};

START_TEST(nobody_crowds_out_others) {
        QuotaItem items[2000];
        bool chosen[ELEMENTSOF(items)];
        size_t got[OWNERS] = {}, n = 0, sum = 0, all = 0;
        uint32_t process = 0;

        for (size_t owner = 0; owner < OWNERS; owner++)
                for (size_t i = 0; i < rows[_i].wanted[owner]; i++) {
                        items[n++] = (QuotaItem){ .owner = owner * 1000, .process = process, .size = rows[_i].size[owner] };
                        process += (i + 1) % rows[_i].of_process == 0 || i + 1 == rows[_i].wanted[owner];
                }
        memset(chosen, 0xff, sizeof(chosen));
        ck_assert_int_eq(list_quota_choose(items, n, &rows[_i].limits, chosen), 0);
        for (size_t i = 0; i < n; i++)
                if (chosen[i]) {
                        got[items[i].owner / 1000]++;
                        sum += items[i].size;
                        all++;
                }
        for (size_t owner = 0; owner < OWNERS; owner++)
                ck_assert_msg(got[owner] == rows[_i].got[owner], "%s: owner %zu has %zu", rows[_i].name, owner, got[owner]);
        ck_assert(sum <= rows[_i].limits.text && all <= rows[_i].limits.items);
}
END_TEST

/* Of an owner's share those of low rank come first, also of one process, and whichever was first in the list. */
START_TEST(what_has_a_low_rank_comes_first) {
        static const uint32_t ranks[] = { 2, 2, 1, 2, 0, 1, 2, 0 };
        static const bool expected[] = { false, false, true, false, true, true, false, true };
        static const QuotaLimits by_items = { 4, 9, ANY }, by_process = { 100, 4, ANY }, by_text = { 100, 100, 4 };
        const QuotaLimits *limits[] = { &by_items, &by_process, &by_text };
        QuotaItem items[ELEMENTSOF(ranks)];
        bool chosen[ELEMENTSOF(ranks)];

        for (size_t i = 0; i < ELEMENTSOF(ranks); i++)
                items[i] = (QuotaItem){ .owner = 1, .rank = ranks[i], .size = 1 };
        for (size_t k = 0; k < ELEMENTSOF(limits); k++) {
                ck_assert_int_eq(list_quota_choose(items, ELEMENTSOF(ranks), limits[k], chosen), 0);
                ck_assert_mem_eq(chosen, expected, sizeof(expected));
        }
}
END_TEST

/* A long one does not stand in the way of those behind it. */
START_TEST(what_does_not_fit_is_passed_over) {
        static const QuotaItem items[] = {
                { .owner = 1, .process = 0, .size = 90 }, { .owner = 1, .process = 1, .size = 10 }, { .owner = 2, .process = 2, .size = 60 },
        };
        bool chosen[ELEMENTSOF(items)];

        ck_assert_int_eq(list_quota_choose(items, ELEMENTSOF(items), &(QuotaLimits){ 10, 10, 100 }, chosen), 0);
        ck_assert(!chosen[0] && chosen[1] && chosen[2]);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("choice");
        TCase *tcase = tcase_create("choice");

        tcase_add_loop_test(tcase, nobody_crowds_out_others, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, what_has_a_low_rank_comes_first);
        tcase_add_test(tcase, what_does_not_fit_is_passed_over);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
