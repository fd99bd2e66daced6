/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A sample of the relative relocations. */

#include "elf/elf-reader.h"

/* Fills e->relatives. Returns 0; -ENODATA: a table lies outside the file, what was found stays; -errno. */
int elf_relatives_read(ElfReader *r, ElfFile *e, const ElfDynamic *d);
