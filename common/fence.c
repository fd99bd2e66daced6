/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "fence.h"
#include "scan.h"

#define PAGE 4096u

void fence_done(Fence *f) {
        fd_close(f->maps_fd);
        fd_close(f->pages_fd);
        *f = FENCE_NULL;
}

/* As mapping_device_at(); before Linux 6.11, from the list that was read of the process. */
static int device_at(Fence *f, uint64_t address, uint32_t *ret_dev_major, uint32_t *ret_dev_minor) {
        const MappingList *maps = &f->scan->maps;
        size_t m;
        int r;

        if (f->maps_fd < 0)
                f->maps_fd = openat(f->process->fd, "maps", O_RDONLY | O_CLOEXEC);
        if (f->maps_fd < 0)
                return -errno;
        r = mapping_device_at(f->maps_fd, address, ret_dev_major, ret_dev_minor);
        if (r != -ENOTTY && r != -EINVAL)
                return r;
        m = mapping_list_find(maps, address);
        if (m == SIZE_MAX)
                return maps->cut ? -ENODATA : 0;
        *ret_dev_major = maps->mappings[m].dev_major;
        *ret_dev_minor = maps->mappings[m].dev_minor;
        return 1;
}

/* Documentation/admin-guide/mm/pagemap.rst: bit 63. */
static bool is_present(Fence *f, uint64_t address) {
        uint64_t entry;

        if (f->pages_fd < 0)
                f->pages_fd = openat(f->process->fd, "pagemap", O_RDONLY | O_CLOEXEC);
        return f->pages_fd >= 0 && address <= INT64_MAX &&
                pread(f->pages_fd, &entry, sizeof(entry), (off_t) (address / PAGE * sizeof(entry))) == sizeof(entry) &&
                entry >> 63;
}

bool fence_lets_through(void *userdata, uint64_t address) {
        uint32_t dev_major, dev_minor;
        Fence *f = userdata;
        int r;

        /* What hangs now is the process, not a file. */
        scan_beacon(f->scan, f->options, f->process, NULL);
        r = device_at(f, address, &dev_major, &dev_minor);
        return r == 0 || (r > 0 && scan_device_answers(f->scan, f->options, f->view, dev_major, dev_minor)) ||
                is_present(f, address);
}
