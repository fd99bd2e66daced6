/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A direct-mapped cache of pages over pread(2). The loader's entries and their names
 * come from one heap in the order of loading, so a walk meets the same few pages.
 */

#include "memory.h"

#define PAGE 4096u
#define PAGES 64u
/* As many pages as are read at once where one follows another. */
#define AHEAD 8u

typedef struct Page {
        uint64_t number; /* address / PAGE */
        size_t length;   /* how much of it could be read; 0: empty slot */
} Page;

struct Memory {
        MemoryReader reader;
        void *userdata;
        MemoryGuard guard;
        void *guard_userdata;
        int fd;            /* borrowed */
        uint64_t bytes;    /* asked of the reader so far */
        uint64_t next;     /* number of the page behind those read last */
        uint64_t bad;      /* number of the page that could not be read last, and why: words that lead nowhere often lead to the same nowhere */
        int error;
        Page slots[PAGES];
        uint8_t pages[PAGES][PAGE];
};

static ssize_t read_fd(void *userdata, uint64_t address, void *buffer, size_t n) {
        const Memory *m = userdata;
        ssize_t k;

        if (address > INT64_MAX)
                return -EFAULT;
        k = pread(m->fd, buffer, n, (off_t) address);
        return k < 0 ? -errno : k;
}

Memory *memory_new_reader(MemoryReader reader, void *userdata) {
        /* Not calloc(): the pages are 256 KiB, and most of them are never used. */
        Memory *m = malloc(sizeof(*m));

        if (!m)
                return NULL;
        m->reader = reader;
        m->userdata = userdata;
        memory_guard(m, NULL, NULL);
        m->fd = -EBADF;
        m->bytes = 0;
        memory_forget(m);
        return m;
}

Memory *memory_new(int fd) {
        Memory *m = memory_new_reader(read_fd, NULL);

        if (!m)
                return NULL;
        m->userdata = m;
        m->fd = fd;
        return m;
}

void memory_attach(Memory *m, int fd) {
        m->fd = fd;
        m->bytes = 0;
        memory_forget(m);
}

void memory_guard(Memory *m, MemoryGuard guard, void *userdata) {
        m->guard = guard;
        m->guard_userdata = userdata;
}

Memory *memory_free(Memory *m) {
        free(m);
        return NULL;
}

void memory_forget(Memory *m) {
        for (size_t i = 0; i < PAGES; i++)
                m->slots[i] = (Page){};
        m->next = 0;
        m->bad = UINT64_MAX;
}

void memory_forget_at(Memory *m, uint64_t address, size_t n) {
        for (uint64_t number = address / PAGE; number <= (address + n - 1) / PAGE; number++)
                if (m->slots[number % PAGES].number == number)
                        m->slots[number % PAGES].length = 0;
        m->bad = UINT64_MAX;
}

/* Reads a page; some more with it where it follows the last: then a list is being walked. */
static int read_pages(Memory *m, uint64_t number) {
        size_t slot = number % PAGES, count = number == m->next ? AHEAD : 1;
        ssize_t n;

        if (m->bytes >= MEMORY_BYTES_MAX)
                return -EFBIG;
        if (count > PAGES - slot)
                count = PAGES - slot;
        for (size_t i = 0; m->guard && i < count; i++) {
                if (m->guard(m->guard_userdata, (number + i) * PAGE))
                        continue;
                if (i == 0)
                        return -EREMOTE;
                count = i;
        }
        for (size_t i = 0; i < count; i++)
                m->slots[slot + i].length = 0;
        m->bytes += count * PAGE;
        m->next = number + count;
        n = m->reader(m->userdata, number * PAGE, m->pages[slot], count * PAGE);
        if (n < 0)
                return (int) n;
        for (size_t i = 0, left = (size_t) n; i < count && left > 0; i++) {
                m->slots[slot + i].number = number + i;
                m->slots[slot + i].length = left < PAGE ? left : PAGE;
                left -= m->slots[slot + i].length;
        }
        return 0;
}

/* Points *ret at the bytes from address to the end of its page, as far as they are mapped: at least one. */
static int look(Memory *m, uint64_t address, const uint8_t **ret, size_t *ret_n) {
        uint64_t number = address / PAGE;
        size_t slot = number % PAGES, offset = address % PAGE;
        Page *page = &m->slots[slot];

        if (number == m->bad)
                return m->error;
        if (page->length == 0 || page->number != number) {
                int r = read_pages(m, number);

                if (r < 0 || page->length == 0) {
                        m->bad = number;
                        m->error = r < 0 ? r : -EIO;
                        return m->error;
                }
        }
        if (offset >= page->length)
                return -EIO;
        *ret = m->pages[slot] + offset;
        *ret_n = page->length - offset;
        return 0;
}

int memory_read(Memory *m, uint64_t address, void *buffer, size_t n) {
        uint64_t end;

        if (__builtin_add_overflow(address, n, &end))
                return -EFAULT;
        while (n > 0) {
                const uint8_t *bytes;
                size_t k;
                int r;

                r = look(m, address, &bytes, &k);
                if (r < 0)
                        return r;
                if (k > n)
                        k = n;
                memcpy(buffer, bytes, k);
                buffer = (uint8_t *) buffer + k;
                address += k;
                n -= k;
        }
        return 0;
}

int memory_read_word(Memory *m, uint64_t address, size_t size, uint64_t *ret) {
        union {
                uint8_t u8;
                uint16_t u16;
                uint32_t u32;
                uint64_t u64;
        } word;
        int r;

        r = memory_read(m, address, &word, size);
        if (r < 0)
                return r;
        *ret = size == 1 ? word.u8 : size == 2 ? word.u16 : size == 4 ? word.u32 : word.u64;
        return 0;
}

int memory_read_string(Memory *m, uint64_t address, size_t max, char **ret) {
        _cleanup_free_ char *s = NULL;
        size_t size = 0;

        while (size < max) {
                const uint8_t *bytes, *end;
                size_t k;
                char *larger;
                int r;

                r = look(m, address, &bytes, &k);
                if (r < 0)
                        return r;
                if (k > max - size)
                        k = max - size;
                end = memchr(bytes, 0, k);
                if (end)
                        k = (size_t) (end - bytes) + 1;
                larger = realloc(s, size + k);
                if (!larger)
                        return -ENOMEM;
                s = larger;
                memcpy(s + size, bytes, k);
                size += k;
                if (end) {
                        *ret = TAKE_PTR(s);
                        return 0;
                }
                if (__builtin_add_overflow(address, k, &address))
                        return -EFAULT;
        }
        return -ENAMETOOLONG;
}
