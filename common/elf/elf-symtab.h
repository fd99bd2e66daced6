/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Symbols of .symtab, which strip(1) removes. */

#include "elf/elf-facts.h"

/*
 * The link-time address and size of one symbol. Reads the table to its end. Returns 0; -ENOENT: it is there and whole, and has no such
 * symbol; -ENODATA: it is not there, or larger than the bounds; -errno.
 */
int elf_symtab_find(int fd, const ElfFile *e, const char *name, uint64_t *ret_value, uint64_t *ret_size);
