/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The frame of every unit test program: a suite of table-driven cases, told as TAP. */

#include <check.h>
#include <stdlib.h>

#include "util/base.h"

static inline int unit_run(Suite *suite) {
        SRunner *runner = srunner_create(suite);
        int failed;

        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
