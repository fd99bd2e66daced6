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
                        fd = f->maps_fd = openat(f->process->fd, "maps", O_RDONLY | O_CLOEXEC);
                r = fd < 0 ? -errno : maps_span_at(fd, address, ret);
        }
        return r == -ENOTTY || r == -EINVAL ? maps_text_span_at(&f->scan->maps.text, address, ret) : r;
}

/* Documentation/admin-guide/mm/pagemap.rst: 8 bytes a page, of which bit 63. One call for some pages is not much dearer. */
static bool is_present(Fence *f, uint64_t address) {
        const uint64_t page = address / PAGE, first = page / FENCE_WINDOW * FENCE_WINDOW;
        const off_t at = (off_t) (first * sizeof(*f->window));
        ssize_t n;

        if (f->pages_fd < 0) {
                f->pages_fd = openat(f->process->fd, "pagemap", O_RDONLY | O_CLOEXEC);
                f->window_first = UINT64_MAX;
        }
        if (f->pages_fd < 0 || address > INT64_MAX)
                return false;
        if (f->window_first != first) {
                n = pread(f->pages_fd, f->window, sizeof(f->window), at);
                if (n < 0)
                        return false;
                memset((char *) f->window + n, 0, sizeof(f->window) - (size_t) n);
                f->window_first = first;
        }
        return f->window[page - first] >> 63;
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
