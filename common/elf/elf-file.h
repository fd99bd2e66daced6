/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reads the facts of an ELF file. The file is hostile: it is read with pread(2) only, each read and
 * each table is bounded, each count and offset is checked against the file's size before it is used,
 * and nothing is recursive. Both classes (32, 64) and both byte orders.
 */

#include "elf/elf-facts.h"

/*
 * Reads the facts from a regular file. The descriptor is borrowed and may be of an
 * unlinked file. Returns 0; -ENOEXEC: not ELF at all; -EBADMSG: ELF so broken that
 * it could not be mapped; -errno of pread(2); -ENOMEM. *ret is set on success only.
 */
int elf_file_read(int fd, ElfFile *ret);
