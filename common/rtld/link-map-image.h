/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * ELF facts of a loaded object from the memory of its process, for where its file cannot
 * be opened: on a detached or remote file system, in a mount namespace of others.
 */

#include "rtld/link-map.h"

/*
 * Reads the ELF header and the program headers at `header`, the dynamic section at l_ld
 * and the strings that it names. header: the address of the ELF header; 0: not known, the
 * facts are then those of the dynamic section alone. class: of the list, 32 or 64.
 * What it fills in: class, byte order, type, machine, entry, phoff, phnum, segments,
 * interpreter, soname, needed, auxiliary, flags, flags_1, dynamic, tls, and the words of the GNU hash
 * header (without the headers none of these, and no hash header either); symbols, build-id and
 * relocations are not read. `cut`: not all names could be read. Returns 0; -ENODATA: no dynamic section is there; -ENOMEM.
 */
int link_map_read_image(Memory *memory, const LinkMap *m, uint8_t class, uint64_t header, ElfFile *ret);
