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
 * The same findings for a fork sibling of the process that they were made of: with its own name, unit, container, and
 * advice. Returns 0, -ENOMEM, -ESRCH.
 */
int explain_again(SweepContext *ctx, const Process *p, const ProcessResult *example, ProcessResult *ret);
