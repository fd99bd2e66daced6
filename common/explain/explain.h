/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From an examined process to its findings: for each stale file, why it stays mapped and
 * what ends that.
 */

#include "judge/examination.h"

/*
 * Makes the findings and counts the judged mappings. Returns 0; -ENOMEM; -ESRCH: the process
 * has ended. The caller ends *ret with process_result_done().
 */
int explain_process(Examination *x, ProcessResult *ret);

/*
 * The same findings for a fork sibling of the process that they were made of: with its own name, unit, container, and
 * advice. Returns 0, -ENOMEM, -ESRCH.
 */
int explain_again(SweepContext *ctx, const Process *p, const ProcessResult *example, ProcessResult *ret);
