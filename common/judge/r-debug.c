/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>

#include "elf/elf-hash.h"
#include "elf/elf-symtab.h"
#include "judge/r-debug.h"

/* The load bias of the program: the auxiliary vector has the address of its program headers. */
static bool program_bias(const Examination *x, const ElfFile *elf, uint64_t *ret) {
        for (size_t i = 0; i < elf->n_segments; i++) {
                const ElfSegment *s = &elf->segments[i];

                if (s->type == PT_LOAD && s->offset <= elf->phoff && elf->phoff - s->offset < s->file_size) {
                        *ret = x->loader.phdr - (s->address + (elf->phoff - s->offset));
                        return true;
                }
        }
        return false;
}

/* The loader is in the program itself: it exports the symbol, or it is a static program that has it in .symtab. */
static int find_program_symbol(Examination *x, int fd, const ElfFile *elf, uint64_t *ret) {
        uint64_t value, size, bias;
        int r = -ENOENT;

        if (elf->interpreter)
                return -ENODATA;
        if (elf->dynamic)
                r = elf_symbol_find(fd, elf, "_r_debug", &value, &size);
        if (r == -ENOENT)
                r = elf_symtab_find(fd, elf, "_r_debug", &value, &size);
        if (r == -ENOENT)
                x->no_loader = true;
        if (r < 0)
                return r;
        if (!program_bias(x, elf, &bias))
                return -ENODATA;
        *ret = x->loader.class == 64 ? bias + value : (uint32_t) (bias + value);
        return 0;
}

/*
 * Started as `ld.so prog`, or static: the auxiliary vector is that of ld.so, whose dynamic section has no DT_DEBUG, or of a
 * program that has no dynamic section. gdb uses the symbol _r_debug as well (glibc elf/dl-debug.c).
 */
int r_debug_find(Examination *x, uint64_t *ret) {
        _cleanup_close_ int fd = -EBADF;
        size_t i = mapping_list_find(x->maps, x->loader.phdr);
        ElfFile elf;
        int r;

        if (i == EXAMINE_NO_INDEX || !examination_identify(x, i) || !examination_answers(x, i))
                return -ENODATA;
        fd = openat(x->process->fd, "exe", O_PATH | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = examination_reopen(x, &x->observed[i].mapped, &fd);
        if (r < 0)
                return r;
        r = elf_file_read(fd, &elf);
        if (r < 0)
                return r;
        r = find_program_symbol(x, fd, &elf, ret);
        elf_file_done(&elf);
        return r;
}
