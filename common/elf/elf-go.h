/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Go's build information, for files without a note of Go. */

#include "elf/elf-section.h"

/* Returns 1: a Go runtime is in it; 0; -ENODATA: not known, tables lie outside the file; -errno. */
int elf_go_search(ElfReader *r, const ElfFile *e, const ElfSections *sections);
