/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fuzz.h"
#include "state-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        _cleanup_(snapshot_freep) Snapshot *told = NULL;
        _cleanup_free_ int *priorities = NULL;

        FUZZ_CHECK(text);
        FUZZ_CHECK(state_file_parse(text, "1", &told, &priorities) >= 0);
        for (size_t i = 0; i < told->n_findings; i++)
                FUZZ_CHECK(priorities[i] >= 0 && priorities[i] <= 7);
        for (size_t i = 1; i < told->n_findings; i++)
                FUZZ_CHECK(finding_compare(told->findings[i - 1], told->findings[i]) < 0);
        return 0;
}
