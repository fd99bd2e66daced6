/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "strv.h"
#include "units.h"
#include "util/escape.h"

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static const char *finding_unit(const Finding *f) {
        return f->unit ? f->unit : f->user_unit;
}

/* Findings are sorted by process, and a process has one unit. *last: the process that was counted last; 0: none. */
static bool is_first_of_process(const Finding *f, pid_t *last) {
        bool first = f->pid != *last;

        *last = f->pid;
        return first;
}

int units_list(const Snapshot *s, char ***ret) {
        _cleanup_(strv_freep) char **units = NULL;
        size_t n = 0, kept = 0;
        pid_t last = 0;

        units = calloc((s ? s->n_findings : 0) + 1, sizeof(*units));
        if (!units)
                return -ENOMEM;
        for (size_t i = 0; s && i < s->n_findings; i++) {
                const char *unit = finding_unit(s->findings[i]);

                if (!unit || !finding_is_stale(s->findings[i]) || !is_first_of_process(s->findings[i], &last))
                        continue;
                units[n] = escape(unit);
                if (!units[n])
                        return -ENOMEM;
                n++;
        }
        if (n > 0)
                qsort(units, n, sizeof(*units), compare_strings);
        for (size_t i = 0; i < n; i++)
                if (kept > 0 && streq(units[kept - 1], units[i]))
                        free(units[i]);
                else
                        units[kept++] = units[i];
        units[kept] = NULL;
        *ret = TAKE_PTR(units);
        return 0;
}

int units_count(const Snapshot *s, char *const *units, UnitCount **ret) {
        size_t n = strv_length(units);
        _cleanup_free_ UnitCount *counts = calloc(n + 1, sizeof(*counts));
        pid_t last = 0;

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; s && n > 0 && i < s->n_findings; i++) {
                const char *name = finding_unit(s->findings[i]);
                _cleanup_free_ char *escaped = escape(name);
                char *const *unit;

                if (!name || !finding_is_stale(s->findings[i]))
                        continue;
                if (!escaped)
                        return -ENOMEM;
                unit = bsearch(&escaped, units, n, sizeof(*units), compare_strings);
                if (!unit)
                        continue;
                counts[unit - units].processes += is_first_of_process(s->findings[i], &last);
                counts[unit - units].findings++;
        }
        *ret = TAKE_PTR(counts);
        return 0;
}
