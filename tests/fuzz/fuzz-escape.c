/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fuzz.h"
#include "util/base.h"
#include "util/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *escaped = escape_bytes((const char *) data, size);
        _cleanup_free_ char *text = NULL;

        FUZZ_CHECK(escaped);
        for (const char *p = escaped; *p; p++)
                FUZZ_CHECK((unsigned char) *p >= 0x20 && *p != 0x7f);
        FUZZ_CHECK(unescape(escaped) == (long) size);
        FUZZ_CHECK(memcmp(escaped, data, size) == 0);

        text = calloc(1, size + 1);
        FUZZ_CHECK(text);
        memcpy(text, data, size);
        FUZZ_CHECK(unescape(text) <= (long) size);
        return 0;
}
