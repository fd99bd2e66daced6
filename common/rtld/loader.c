/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>

#include "rtld/loader.h"

void loader_done(Loader *l) {
        free(l->auxv);
        free(l->execfn);
        link_map_list_done(&l->list);
        fd_close(l->memory_fd);
        *l = LOADER_NULL;
}

/* A value of the auxiliary vector in words of the class. */
static bool auxv_find(const Loader *l, uint8_t class, uint64_t type, uint64_t *ret) {
        size_t word = class / 8;

        for (size_t at = 0; at + 2 * word <= l->auxv_size; at += 2 * word) {
                uint64_t key = 0, value = 0;

                memcpy(&key, l->auxv + at, word);
                memcpy(&value, l->auxv + at + word, word);
                if (key == type) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

/* The size of a program header gives the word size of the vector. */
static uint8_t auxv_class(const Loader *l) {
        uint64_t size;

        if (auxv_find(l, 64, AT_PHENT, &size) && size == sizeof(Elf64_Phdr))
                return 64;
        if (auxv_find(l, 32, AT_PHENT, &size) && size == sizeof(Elf32_Phdr))
                return 32;
        return 0;
}

int loader_read_list(Loader *l, uint64_t r_debug) {
        int r;

        r = link_map_list_read(l->memory, r_debug, l->class, l->vdso, &l->list);
        l->list_read = r >= 0;
        return r == -ENOMEM ? r : 0;
}

int loader_read(const Process *p, Memory *memory, Loader *ret) {
        uint64_t address;
        int r;

        *ret = LOADER_NULL;
        r = process_read_file(p, "auxv", AUXV_MAX, &ret->auxv, &ret->auxv_size);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        ret->class = auxv_class(ret);
        if (ret->class == 0)
                return 0;
        auxv_find(ret, ret->class, AT_PHDR, &ret->phdr);
        auxv_find(ret, ret->class, AT_BASE, &ret->base);
        auxv_find(ret, ret->class, AT_SYSINFO_EHDR, &ret->vdso);

        ret->memory_fd = openat(p->fd, "mem", O_RDONLY | O_CLOEXEC);
        if (ret->memory_fd < 0)
                return 0;
        memory_attach(memory, ret->memory_fd);
        ret->memory = memory;
        if (auxv_find(ret, ret->class, AT_EXECFN, &address) &&
            memory_read_string(memory, address, LINK_NAME_MAX, &ret->execfn) == -ENOMEM)
                return -ENOMEM;
        r = link_map_find_debug(memory, ret->auxv, ret->auxv_size, ret->class, &address);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return loader_read_list(ret, address);
}
