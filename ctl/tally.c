/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tally.h"

static int compare_files(const void *a, const void *b) {
        return finding_compare_file(*(Finding *const *) a, *(Finding *const *) b);
}

static int count_files(const Snapshot *s, Tally *t) {
        _cleanup_free_ Finding **findings = calloc(s->n_findings + 1, sizeof(*findings));
        size_t n = 0;

        if (!findings)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_findings; i++)
                if (finding_urgency(s->findings[i]) != URGENCY_NONE)
                        findings[n++] = s->findings[i];
        if (n > 0)
                qsort(findings, n, sizeof(*findings), compare_files);
        for (size_t i = 0; i < n; i++)
                t->files += i == 0 || finding_compare_file(findings[i - 1], findings[i]) != 0;
        return 0;
}

/* Counts the process whose first finding is findings[i]. Returns the index behind its last one. */
static size_t count_process(const Snapshot *s, size_t i, Tally *t) {
        const Finding *first = s->findings[i];
        Urgency worst = URGENCY_NONE;

        for (; i < s->n_findings && s->findings[i]->pid == first->pid && s->findings[i]->start_time == first->start_time; i++) {
                Urgency urgency = finding_urgency(s->findings[i]);

                if (urgency == URGENCY_NONE)
                        t->same_findings++;
                else
                        t->findings++;
                worst = urgency > worst ? urgency : worst;
        }
        if (worst == URGENCY_NONE)
                t->same_processes++;
        else
                t->processes++;
        t->urgent_processes += worst == URGENCY_URGENT;
        return i;
}

int tally_read(const Snapshot *s, Tally *ret) {
        Tally t = {};
        int r;

        r = count_files(s, &t);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s->n_findings;)
                i = count_process(s, i, &t);
        *ret = t;
        return 0;
}
