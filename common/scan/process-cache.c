/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scan/process-cache.h"

void process_issues_forget_recovered(ProcessIssues *t) {
        for (size_t i = 0; i < t->n_recovered; i++)
                finding_done(&t->recovered[i]);
        free(t->recovered);
        t->recovered = NULL;
        t->n_recovered = 0;
}

void process_issues_done(ProcessIssues *t) {
        for (size_t i = 0; i < t->n_findings; i++)
                finding_unref(t->findings[i]);
        process_issues_forget_recovered(t);
        for (size_t i = 0; i < t->n_unknown; i++)
                unknown_mapping_done(&t->unknown[i]);
        free(t->unknown);
        free(t->findings);
        free(t->modified);
        *t = (ProcessIssues){};
}

bool process_issues_have_unknown(const ProcessIssues *t) {
        for (size_t i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (t->unknown_by[i] > 0)
                        return true;
        return false;
}

void process_result_done(ProcessResult *s) {
        if (s->issues)
                process_issues_done(s->issues);
        free(s->issues);
        *s = (ProcessResult){};
}

const ProcessIssues *process_result_issues(const ProcessResult *s) {
        static const ProcessIssues none;

        return s->issues ?: &none;
}

ProcessRecord *process_record_new(pid_t pid) {
        ProcessRecord *r = malloc(sizeof(*r));

        if (r)
                *r = (ProcessRecord){ .pid = pid };
        return r;
}

ProcessRecord *process_record_free(ProcessRecord *r) {
        if (!r)
                return NULL;
        process_result_done(&r->result);
        free(r);
        return NULL;
}
