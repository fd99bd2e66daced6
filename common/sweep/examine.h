/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Examines one process: what it maps, by which names its loader opened that, and a verdict for
 * each file. Most mappings are settled by one lookup that many processes share: the path leads to
 * the very device and inode that the kernel prints, and the file is older than the process. All
 * others are observed closely.
 */

#include "judge/examination.h"

/*
 * Examines. `before` and all other borrowed things must outlive the examination. *loader is used up: what was read of
 * it already is not read again; LOADER_NULL: nothing was.
 * Returns 0; -ENOMEM; -EACCES, -EPERM, -ESRCH, -errno: could not be read.
 */
int examine_process(SweepContext *ctx, const Process *process, const CachedView *view, const ProcessRecord *before,
                    bool last_try, Loader *loader, Examination *ret);
