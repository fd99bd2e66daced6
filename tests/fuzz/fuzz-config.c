/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "config.h"
#include "fuzz.h"
#include "util/timespan.h"

static void warn(void *userdata, const char *file, unsigned line, const char *text) {
        unsigned *last = userdata;

        FUZZ_CHECK(*file && line >= *last && *text);
        *last = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        unsigned last = 1;
        Config c;

        FUZZ_CHECK(text);
        config_init(&c);
        FUZZ_CHECK(config_parse(&c, "x", text, warn, &last) == 0);
        FUZZ_CHECK(c.sweep_interval_usec >= 100 * USEC_PER_MSEC && c.scanner_timeout_usec != TIMESPAN_INFINITY);
        config_done(&c);
        return 0;
}
