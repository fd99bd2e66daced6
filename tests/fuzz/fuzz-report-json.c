/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text of a finding, as the front and stalelibctl read it: what passes can be written again and shown. */

#include <json-c/json_object.h>

#include "edge.h"
#include "explanation.h"
#include "findings.h"
#include "finding-text.h"
#include "message.h"
#include "report/report-json.h"

static void check_again(const Finding *f) {
        _cleanup_(finding_done) Finding back = {};
        _cleanup_free_ char *text = NULL, *again = NULL;
        size_t length;

        FUZZ_CHECK(finding_to_text(f, &text) == 0);
        FUZZ_CHECK(finding_text_length(f, &length) == 0 && length == strlen(text));
        check_line(text, strlen(text));
        FUZZ_CHECK(finding_from_text(text, strlen(text), &back) == 0);
        FUZZ_CHECK(!finding_differs(f, &back));
        FUZZ_CHECK(finding_to_text(&back, &again) == 0 && streq(text, again));
}

static void check_shown(Snapshot *s) {
        const Options table = { .all = true }, json = { .json = JSON_PRETTY };
        Inventory all = { .snapshot = s };
        Capture c = {};

        capture_begin(&c);
        FUZZ_CHECK(findings_show(&table, &all, GROUPING_UNIT) == 0);
        FUZZ_CHECK(findings_show(&json, &all, GROUPING_NONE) == 0);
        FUZZ_CHECK(explanation_show(&table, s->findings[0]) == 0);
        capture_end(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = strndup((const char *) data, size);
        Finding f;
        int r;

        FUZZ_CHECK(s && text);
        r = finding_from_text(text, strlen(text), &f);
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        FUZZ_CHECK(f.pid > 0 && f.path && f.comm && f.message && f.advice && f.state < STATE_MAX && f.action < ACTION_MAX);
        check_again(&f);
        FUZZ_CHECK(snapshot_take_finding(s, &f) == 0);
        snapshot_freeze(s);
        check_shown(s);
        return 0;
}
