/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Was a file written to while the process mapped it? Compares what its memory shows with
 * the file as it is now.
 */

#include "judge/examination.h"
#include "rtld/elf-image.h"

/* Fills in memory, relocations, layout, loader_copy and baseline of the facts. Returns 0 or -ENOMEM. */
int content_gather_evidence(Examination *x, size_t mapping, uint32_t path, VerdictFacts *facts);

/*
 * The ELF header and build-id of the mapped file, from the file, or where that cannot be opened from its image in memory.
 * Returns 1; 0: not known; -ENOMEM.
 */
int content_read_image(Examination *x, size_t mapping, ElfImage *ret);

/*
 * Does the mapped file hold the same as another one: equal build-ids, else equal bytes. The build-id of the other one
 * goes to *ret_other, where that is not NULL.
 */
Evidence content_compare(Examination *x, size_t mapping, const FileIdentity *other, int other_fd, FileId *ret_other);

/* The same of a file that was opened and read before, by its build-id alone; else EVIDENCE_NONE. */
Evidence content_compare_known(Examination *x, size_t mapping, const FileIdentity *other, FileId *ret_other);

/* Has this mapping been written to, as sweeps before saw, or this one does? */
bool content_was_modified(const Examination *x, size_t mapping, uint32_t path);
