/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "proc/page-guard.h"

void page_guard_done(PageGuard *g) {
        fd_close(g->maps_fd);
        fd_close(g->pages_fd);
        *g = PAGE_GUARD_NULL;
}

/* As maps_span_at(); from the text where PROCMAP_QUERY is not used, or before Linux 6.11. */
static int span_at(PageGuard *g, uint64_t address, MapsSpan *ret) {
        int fd = g->process->maps_fd >= 0 ? g->process->maps_fd : g->maps_fd, r = -ENOTTY;

        if (!g->by_text) {
                if (fd < 0)
                        fd = g->maps_fd = process_open_maps(g->process);
                r = fd < 0 ? fd : maps_span_at(fd, address, ret);
        }
        return r == -ENOTTY || r == -EINVAL ? maps_text_span_at(g->text, address, ret) : r;
}

/* Bits of an entry of pagemap: Documentation/admin-guide/mm/pagemap.rst. */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_OF_FILE (UINT64_C(1) << 61) /* of a file, or of shared memory */

/* The entry of the page of this address. Returns 0 or -errno. */
static int read_page_entry(PageGuard *g, uint64_t address, uint64_t *ret) {
        ssize_t n;

        if (g->pages_fd < 0)
                g->pages_fd = openat(g->process->fd, "pagemap", O_RDONLY | O_CLOEXEC);
        if (g->pages_fd < 0 || address > INT64_MAX)
                return -EACCES;
        n = pread(g->pages_fd, ret, sizeof(*ret), (off_t) (address / page_size() * sizeof(*ret)));
        return n == sizeof(*ret) ? 0 : n < 0 ? -errno : -ENODATA;
}

static bool is_present(PageGuard *g, uint64_t address) {
        uint64_t entry;

        return read_page_entry(g, address, &entry) >= 0 && entry & PAGE_PRESENT;
}

int page_guard_is_copied(PageGuard *g, uint64_t address) {
        uint64_t entry;
        int r;

        r = read_page_entry(g, address, &entry);
        if (r < 0)
                return r;
        return entry & PAGE_SWAPPED || (entry & PAGE_PRESENT && !(entry & PAGE_OF_FILE));
}

bool page_guard_allows(void *userdata, uint64_t address) {
        PageGuard *g = userdata;
        MapsSpan span;

        if (address >= g->allowed.start && address < g->allowed.end)
                return true;
        g->user.before_query(g->user.userdata);
        if (span_at(g, address, &span) < 0 ||
            (span.file && !g->user.device_answers(g->user.userdata, span.dev_major, span.dev_minor)))
                return is_present(g, address);
        g->allowed = span;
        return true;
}
