/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "findings.h"
#include "inventory.h"

enum { NOTHING, SAME = FLAG_SAME_CONTENT, STALE = 1 << 16, UNCONFIRMED = FLAG_UNCONFIRMED };

static const struct {
        const char *name;
        uint32_t finding; /* NOTHING, or the flags of one */
        Counts counts;
        Inventory inventory;
        bool complete, nothing; /* all, or none, was judged */
        int status, status_allowed; /* without, and with --allow-unknown */
} rows[] = {
        { "all was judged", NOTHING, { .processes = 2, .mappings = 9 }, {}, true, false, 0, 0 },
        { "same content", SAME, { .processes = 2, .mappings = 9 }, {}, true, false, 0, 0 },
        { "stale", STALE, { .processes = 2, .mappings = 9 }, {}, true, false, 1, 1 },
        { "was stale, cannot be judged", UNCONFIRMED, { .processes = 2, .mappings = 9 }, {}, true, false, 1, 1 },
        { "a mapping is unknown", NOTHING, { .processes = 2, .mappings = 9, .unknown = 1 }, {}, false, false, 3, 0 },
        { "same content, and one is unknown", SAME, { .mappings = 9, .unknown = 1 }, {}, false, false, 3, 0 },
        { "stale, and one is unknown", STALE, { .mappings = 9, .unknown = 1 }, {}, false, false, 1, 1 },
        { "all are unknown", NOTHING, { .processes = 2, .mappings = 9, .unknown = 9 }, {}, false, true, 3, 0 },
        { "all that count", NOTHING, { .processes = 2, .mappings = 9, .ignored = 5, .unknown = 4 }, {}, false, true, 3, 0 },
        { "a process was not read", NOTHING, { .processes = 2, .unreadable = 1, .mappings = 9 }, {}, false, false, 3, 0 },
        { "none was", NOTHING, { .processes = 2, .unreadable = 2 }, {}, false, true, 3, 0 },
        { "the kernel lacks what is needed", NOTHING, { .processes = 2, .mappings = 9 }, { .blind = true }, false, true, 3, 3 },
        { "the list was cut", NOTHING, { .processes = 2, .mappings = 9 }, { .not_listed = 1, .from_daemon = true }, false, false, 3, 3 },
        { "and has one that is stale", STALE, { .processes = 2, .mappings = 9 }, { .not_listed = 1, .from_daemon = true }, false, false, 1, 1 },
        { "the daemon is in trouble", NOTHING, { .processes = 2, .mappings = 9 }, { .trouble = (char *) "why", .from_daemon = true }, false, false, 3, 3 },
        { "of one of the daemon's processes", NOTHING, { .processes = 2, .unreadable = 1, .mappings = 9 },
          { .from_daemon = true, .selected = 1 }, false, true, 3, 0 },
};

START_TEST(a_gate_opens_for_what_was_judged) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        Inventory a = rows[_i].inventory;

        if (rows[_i].finding != NOTHING)
                snapshot_put(s, 1, 5, NULL, rows[_i].finding & FLAG_ALL);
        s->counts = rows[_i].counts;
        snapshot_freeze(s);
        a.snapshot = TAKE_PTR(s);
        ck_assert_msg(inventory_is_complete(&a) == rows[_i].complete, "%s", rows[_i].name);
        ck_assert_msg(inventory_is_void(&a) == rows[_i].nothing, "%s", rows[_i].name);
        ck_assert_msg(inventory_status(&(Options){}, &a) == rows[_i].status, "%s", rows[_i].name);
        ck_assert_msg(inventory_status(&(Options){ .allow_unknown = true }, &a) == rows[_i].status_allowed, "%s", rows[_i].name);
        snapshot_free(a.snapshot);
}
END_TEST

START_TEST(findings_of_two_sources_count_once) {
        _cleanup_(snapshot_freep) Snapshot *other = snapshot_new();
        _cleanup_(inventory_done) Inventory a = {};
        Snapshot *s = snapshot_new();

        snapshot_put(s, 1, 5, NULL, 0);
        snapshot_freeze(s);
        snapshot_put(other, 1, 5, NULL, 0);
        snapshot_put(other, 1, 6, NULL, FLAG_SAME_CONTENT);
        snapshot_put(other, 2, 7, NULL, FLAG_CRASH_RISK);
        snapshot_freeze(other);
        a.snapshot = s;
        ck_assert_int_eq(inventory_add_findings(&a, other), 0);
        ck_assert_uint_eq(stale_counts_stale(&a.snapshot->listed), 2);
        ck_assert_uint_eq(a.snapshot->listed.findings[URGENCY_NONE], 1);
        ck_assert_uint_eq(a.snapshot->listed.urgent_processes, 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("inventory");
        TCase *tcase = tcase_create("inventory");

        tcase_add_loop_test(tcase, a_gate_opens_for_what_was_judged, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, findings_of_two_sources_count_once);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
