/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fuzz.h"
#include "proc/mapping.h"
#include "util/base.h"

static void check(const MappingList *l) {
        FUZZ_CHECK(l->n_vmas <= MAPPING_RANGES_MAX && l->n_mappings <= l->n_vmas);
        for (size_t i = 0; i < l->n_vmas; i++)
                FUZZ_CHECK(l->vmas[i].mapping < l->n_mappings && l->vmas[i].start < l->vmas[i].end);
        for (size_t i = 0; i < l->n_mappings; i++) {
                const Mapping *m = &l->mappings[i];

                FUZZ_CHECK(l->vmas[m->first_vma].mapping == i && l->vmas[m->first_vma].start == m->start);
                FUZZ_CHECK(i == 0 || l->mappings[i - 1].first_vma < m->first_vma);
                FUZZ_CHECK(strlen(m->name) < MAPPING_NAMES_MAX);
                /* All vmas of one file are one mapping. */
                for (size_t j = i + 1; j < l->n_mappings && j < i + 64; j++)
                        FUZZ_CHECK(m->inode != l->mappings[j].inode || m->dev_major != l->mappings[j].dev_major ||
                                   m->dev_minor != l->mappings[j].dev_minor || !streq(m->name, l->mappings[j].name));
        }
}

/* A span that is found holds the address. */
static void check_span(const MapsText *t, uint64_t address) {
        MapsSpan s;
        int r = maps_text_span_at(t, address, &s);

        FUZZ_CHECK(r == 0 || r == -ENODATA);
        FUZZ_CHECK(r < 0 || (s.start <= address && (s.end > address || s.end == UINT64_MAX)));
}

static void check_text(const MapsText *t) {
        check_span(t, 0);
        check_span(t, UINT64_MAX);
        for (size_t i = 0; i < t->n_lines; i++) {
                MapsLine line;

                if (maps_text_line(t, i, &line) < 0)
                        continue;
                FUZZ_CHECK(maps_text_is_executable(t, i) == ((line.flags & VMA_EXECUTE) != 0));
                check_span(t, line.start);
                check_span(t, line.end);
        }
}

/* The text of /proc/PID/maps. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(mapping_list_done) MappingList list = {};
        _cleanup_free_ char *text = malloc(size + 1);

        FUZZ_CHECK(text);
        memcpy(text, data, size);
        text[size] = '\0';
        FUZZ_CHECK(mapping_list_parse(text, &list) == 0);
        check(&list);
        check_text(&list.text);
        return 0;
}
