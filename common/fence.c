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

/*
 * Documentation/admin-guide/mm/pagemap.rst: 8 bytes a page of the system, of which bit 63. Some more are asked for at once,
 * for who reads upwards: what was told of a page is not believed a second time.
 */
static bool is_present(Fence *f, uint64_t address) {
        const uint64_t page = address / (uint64_t) sysconf(_SC_PAGESIZE);
        ssize_t n;

        if (f->pages_fd < 0) {
                f->pages_fd = openat(f->process->fd, "pagemap", O_RDONLY | O_CLOEXEC);
                f->window_next = f->window_end = 0;
        }
        if (f->pages_fd < 0 || address > INT64_MAX)
                return false;
        if (page < f->window_next || page >= f->window_end) {
                n = pread(f->pages_fd, f->window, sizeof(f->window), (off_t) (page * sizeof(*f->window)));
                f->window_first = page;
                f->window_end = page + (n > 0 ? (uint64_t) n / sizeof(*f->window) : 0);
        }
        f->window_next = page + 1;
        return page < f->window_end && f->window[page - f->window_first] >> 63;
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
