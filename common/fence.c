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

/* As maps_span_at(); before Linux 6.11, from the list that was read of the process. */
static int span_at(Fence *f, uint64_t address, MapsSpan *ret) {
        const MappingList *maps = &f->scan->maps;
        size_t m;
        int r;

        if (f->process->maps_fd < 0 && f->maps_fd < 0) {
                f->maps_fd = openat(f->process->fd, "maps", O_RDONLY | O_CLOEXEC);
                if (f->maps_fd < 0)
                        return -errno;
        }
        r = maps_span_at(f->process->maps_fd >= 0 ? f->process->maps_fd : f->maps_fd, address, ret);
        if (r != -ENOTTY && r != -EINVAL)
                return r;
        m = mapping_list_find(maps, address);
        if (m == SIZE_MAX && maps->cut)
                return -ENODATA;
        *ret = (MapsSpan){ .start = address / PAGE * PAGE, .end = address / PAGE * PAGE + PAGE };
        if (m != SIZE_MAX) {
                ret->file = true;
                ret->dev_major = maps->mappings[m].dev_major;
                ret->dev_minor = maps->mappings[m].dev_minor;
        }
        return 0;
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
        Fence *f = userdata;
        MapsSpan span;

        for (size_t i = 0; i < FENCE_SPANS; i++)
                if (address >= f->spans[i].start && address < f->spans[i].end)
                        return true;
        /* What hangs now is the process, not a file. */
        scan_beacon(f->scan, f->options, f->process, NULL);
        if (span_at(f, address, &span) < 0 ||
            (span.file && !scan_device_answers(f->scan, f->options, f->view, span.dev_major, span.dev_minor)))
                return is_present(f, address);
        f->spans[f->next_span++ % FENCE_SPANS] = span;
        return true;
}
