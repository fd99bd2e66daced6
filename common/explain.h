/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a process under examination to its findings: for each file that is stale, why
 * it is still there and what ends it.
 */

#include "examine.h"

/*
 * Makes the findings and counts what was judged. Returns 0, -ENOMEM, -ESRCH (the
 * process went meanwhile).
 */
int explain_process(Examination *x, Sight *ret);
