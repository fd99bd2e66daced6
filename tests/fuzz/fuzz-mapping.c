/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base.h"
#include "fuzz.h"
#include "mapping.h"

static void check(const MappingList *l) {
        FUZZ_CHECK(l->n_ranges <= MAPPING_RANGES_MAX && l->n_mappings <= l->n_ranges);
        for (size_t i = 0; i < l->n_ranges; i++)
                FUZZ_CHECK(l->ranges[i].mapping < l->n_mappings && l->ranges[i].start < l->ranges[i].end);
        for (size_t i = 0; i < l->n_mappings; i++) {
                const Mapping *m = &l->mappings[i];

                FUZZ_CHECK(l->ranges[m->first_range].mapping == i && l->ranges[m->first_range].start == m->start);
                FUZZ_CHECK(i == 0 || l->mappings[i - 1].first_range < m->first_range);
                FUZZ_CHECK(strlen(m->name) < MAPPING_NAMES_MAX);
                /* All ranges of one file are one mapping. */
                for (size_t j = i + 1; j < l->n_mappings && j < i + 64; j++)
                        FUZZ_CHECK(m->inode != l->mappings[j].inode || m->dev_major != l->mappings[j].dev_major ||
                                   m->dev_minor != l->mappings[j].dev_minor || !streq(m->name, l->mappings[j].name));
        }
}

/* The text of /proc/PID/maps. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(mapping_list_done) MappingList all = {}, executable = {};
        _cleanup_free_ char *text = malloc(size + 1), *again = NULL;

        FUZZ_CHECK(text);
        memcpy(text, data, size);
        text[size] = '\0';
        again = strdup(text);
        FUZZ_CHECK(again);
        FUZZ_CHECK(mapping_list_parse(text, 0, &all) == 0);
        check(&all);
        FUZZ_CHECK(mapping_list_parse(again, MAPPING_EXECUTABLE_ONLY, &executable) == 0);
        check(&executable);
        FUZZ_CHECK(executable.n_ranges <= all.n_ranges);
        for (size_t i = 0; i < executable.n_ranges; i++)
                FUZZ_CHECK(executable.ranges[i].flags & RANGE_EXECUTE);
        return 0;
}
