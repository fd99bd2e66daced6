/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a process under examination to its findings: for each file that is stale, why
 * it is still there and what ends it.
 */

#include "judge/examination.h"

/*
 * Makes the findings and counts what was judged. Returns 0, -ENOMEM, -ESRCH (the
 * process went meanwhile).
 */
int explain_process(Examination *x, ProcessResult *ret);

/*
 * The same findings of a process that is like the one they were made of, but for who it is: name, unit, container, and
 * what to do. Returns 0, -ENOMEM, -ESRCH.
 */
int explain_again(SweepContext *ctx, const Process *p, const ProcessResult *example, ProcessResult *ret);
