/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "escape.h"
#include "strv.h"
#include "units.h"

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static const char *finding_unit(const Finding *f) {
        return f->unit ? f->unit : f->user_unit;
}

/* Findings are sorted by process, and a process has one unit. */
static bool is_first_of_process(const Snapshot *s, size_t i) {
        return i == 0 || s->findings[i - 1]->pid != s->findings[i]->pid;
}

int units_list(const Snapshot *s, char ***ret) {
        _cleanup_(strv_freep) char **units = NULL;
        size_t n = 0, kept = 0;

        units = calloc((s ? s->n_findings : 0) + 1, sizeof(*units));
        if (!units)
                return -ENOMEM;
        for (size_t i = 0; s && i < s->n_findings; i++) {
                const char *unit = finding_unit(s->findings[i]);

                if (!unit || !is_first_of_process(s, i))
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

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; s && n > 0 && i < s->n_findings; i++) {
                const char *name = finding_unit(s->findings[i]);
                _cleanup_free_ char *escaped = escape(name);
                char *const *unit;

                if (!name)
                        continue;
                if (!escaped)
                        return -ENOMEM;
                unit = bsearch(&escaped, units, n, sizeof(*units), compare_strings);
                if (!unit)
                        continue;
                counts[unit - units].processes += is_first_of_process(s, i);
                counts[unit - units].findings++;
        }
        *ret = TAKE_PTR(counts);
        return 0;
}
