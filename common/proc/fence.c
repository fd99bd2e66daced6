/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "proc/fence.h"
#include "scan/scan.h"

void fence_done(Fence *f) {
        fd_close(f->maps_fd);
        fd_close(f->pages_fd);
        *f = FENCE_NULL;
}

/* As maps_span_at(); before Linux 6.11, from the text that was read of the process. */
static int span_at(Fence *f, uint64_t address, MapsSpan *ret) {
        int fd = f->process->maps_fd >= 0 ? f->process->maps_fd : f->maps_fd, r = -ENOTTY;

        if (!f->options->text_maps && !f->scan->glance.no_query) {
                if (fd < 0)
                        fd = f->maps_fd = process_open_maps(f->process);
                r = fd < 0 ? fd : maps_span_at(fd, address, ret);
        }
        return r == -ENOTTY || r == -EINVAL ? maps_text_span_at(&f->scan->maps.text, address, ret) : r;
}

/* Bits of an entry of pagemap: Documentation/admin-guide/mm/pagemap.rst. */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61) /* of a file, or of shared memory */

/*
 * The entry of the page of this address, 8 bytes a page of the system. Some more are read at once, for who reads upwards:
 * each is used once, since residency may change. Returns 0 or -errno.
 */
static int read_page_entry(Fence *f, uint64_t address, uint64_t *ret) {
        const uint64_t page = address / page_size();
        ssize_t n;

        if (f->pages_fd < 0) {
                f->pages_fd = openat(f->process->fd, "pagemap", O_RDONLY | O_CLOEXEC);
                f->window_next = f->window_end = 0;
        }
        if (f->pages_fd < 0 || address > INT64_MAX)
                return -EACCES;
        if (page < f->window_next || page >= f->window_end) {
                n = pread(f->pages_fd, f->window, sizeof(f->window), (off_t) (page * sizeof(*f->window)));
                f->window_first = page;
                f->window_end = page + (n > 0 ? (uint64_t) n / sizeof(*f->window) : 0);
        }
        f->window_next = page + 1;
        if (page >= f->window_end)
                return -ENODATA;
        *ret = f->window[page - f->window_first];
        return 0;
}

static bool is_present(Fence *f, uint64_t address) {
        uint64_t entry;

        return read_page_entry(f, address, &entry) >= 0 && entry & PAGE_PRESENT;
}

int fence_page_is_copied(Fence *f, uint64_t address) {
        uint64_t entry;
        int r;

        r = read_page_entry(f, address, &entry);
        if (r < 0)
                return r;
        return entry & PAGE_SWAPPED || (entry & PAGE_PRESENT && !(entry & PAGE_OF_FILE));
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
