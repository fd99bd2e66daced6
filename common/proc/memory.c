/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A direct-mapped cache of pages over pread(2). The loader's entries and their names
 * come from one heap in the order of loading, so a walk meets the same few pages.
 */

#include "proc/memory.h"

#define PAGE 4096u
#define PAGES 64u
/* A process of which more was read is compared with no other. */
#define TRACE_MAX 512u
/* What a trace goes by. */
#define BLOCK 64u

typedef struct Page {
        uint64_t number; /* address / PAGE */
        size_t length;   /* how much of it could be read; 0: empty slot */
        uint64_t noted;  /* blocks of it that are in the trace */
} Page;

struct Memory {
        MemoryReader reader;
        void *userdata;
        MemoryGuard guard;
        void *guard_userdata;
        int fd;            /* borrowed */
        uint64_t bytes;    /* asked of the reader so far */
        uint64_t bad;      /* number of the page that could not be read last, and why: words that lead nowhere often lead to the same nowhere */
        int error;
        MemoryTrace trace;
        bool trace_cut;    /* it is not all */
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
        m->trace = (MemoryTrace){};
        memory_attach(m, -EBADF);
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
        m->trace.n_pages = 0;
        m->trace_cut = false;
        memory_forget(m);
}

void memory_guard(Memory *m, MemoryGuard guard, void *userdata) {
        m->guard = guard;
        m->guard_userdata = userdata;
}

Memory *memory_free(Memory *m) {
        if (m)
                memory_trace_done(&m->trace);
        free(m);
        return NULL;
}

void memory_forget(Memory *m) {
        for (size_t i = 0; i < PAGES; i++)
                m->slots[i] = (Page){};
        m->bad = UINT64_MAX;
}

void memory_forget_at(Memory *m, uint64_t address, size_t n) {
        for (uint64_t number = address / PAGE; number <= (address + n - 1) / PAGE; number++)
                if (m->slots[number % PAGES].number == number)
                        m->slots[number % PAGES].length = 0;
        m->bad = UINT64_MAX;
}

/* --- the trace --- */

void memory_trace_done(MemoryTrace *t) {
        free(t->pages);
        *t = (MemoryTrace){};
}

/* Of a block, at its place in the page. */
static uint64_t sum_of(const uint8_t *bytes, unsigned block) {
        static const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
        uint64_t a = block + 1, b = ~a;

        for (size_t i = 0; i < BLOCK; i += 2 * sizeof(uint64_t)) {
                uint64_t words[2];

                memcpy(words, bytes + block * BLOCK + i, sizeof(words));
                a = (a ^ words[0]) * factor;
                b = (b ^ words[1]) * factor;
                a ^= a >> 29;
                b ^= b >> 32;
        }
        return (a ^ b >> 7) * factor;
}

static uint64_t sum_of_blocks(const uint8_t *bytes, uint64_t blocks) {
        uint64_t sum = 0;

        for (; blocks != 0; blocks &= blocks - 1) {
                unsigned block = (unsigned) __builtin_ctzll(blocks);

                sum += sum_of(bytes, block);
        }
        return sum;
}

/* The trace's own page, or NULL where it is full. */
static MemoryPage *trace_page(Memory *m, uint64_t number) {
        MemoryTrace *t = &m->trace;

        for (size_t i = t->n_pages; i > 0; i--)
                if (t->pages[i - 1].number == number)
                        return &t->pages[i - 1];
        if (t->n_pages >= TRACE_MAX || !GROW(t->pages, t->allocated, t->n_pages + 1)) {
                m->trace_cut = true;
                return NULL;
        }
        t->pages[t->n_pages] = (MemoryPage){ .number = number };
        return &t->pages[t->n_pages++];
}

/* n bytes from address on, all on one page that is in its slot. */
static void note(Memory *m, uint64_t address, size_t n) {
        const uint64_t number = address / PAGE;
        Page *page = &m->slots[number % PAGES];
        const unsigned first = (unsigned) (address % PAGE / BLOCK), last = (unsigned) ((address + n - 1) % PAGE / BLOCK);
        const uint64_t wanted = (UINT64_MAX << first) & (UINT64_MAX >> (63 - last)) & ~page->noted;
        MemoryPage *p;

        if (wanted == 0 || m->trace_cut)
                return;
        page->noted |= wanted;
        p = trace_page(m, number);
        if (!p)
                return;
        p->sum += sum_of_blocks(m->pages[number % PAGES], wanted & ~p->blocks);
        p->blocks |= wanted;
}

static int compare_pages(const void *a, const void *b) {
        uint64_t x = ((const MemoryPage *) a)->number, y = ((const MemoryPage *) b)->number;

        return x < y ? -1 : x > y;
}

int memory_take_trace(Memory *m, MemoryTrace *ret) {
        const size_t size = m->trace.n_pages * sizeof(*m->trace.pages);
        MemoryPage *pages;

        if (size == 0 || m->trace_cut)
                return 0;
        pages = malloc(size);
        if (!pages)
                return -ENOMEM;
        memcpy(pages, m->trace.pages, size);
        qsort(pages, m->trace.n_pages, sizeof(*pages), compare_pages);
        *ret = (MemoryTrace){ .pages = pages, .n_pages = m->trace.n_pages, .allocated = m->trace.n_pages };
        return 1;
}

static bool has_page(const Memory *m, uint64_t number) {
        const Page *page = &m->slots[number % PAGES];

        return page->length > 0 && page->number == number;
}

/* Reads a page, and those behind it with it: as many of `count` as have slots beside each other and may be read. */
static int read_pages(Memory *m, uint64_t number, size_t count) {
        size_t slot = number % PAGES;
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
        n = m->reader(m->userdata, number * PAGE, m->pages[slot], count * PAGE);
        if (n < 0)
                return (int) n;
        for (size_t i = 0, left = (size_t) n; i < count && left > 0; i++) {
                m->slots[slot + i].number = number + i;
                m->slots[slot + i].length = left < PAGE ? left : PAGE;
                m->slots[slot + i].noted = 0;
                left -= m->slots[slot + i].length;
        }
        return 0;
}

/* How many pages of the trace, from this one on, follow each other in memory. */
static size_t run_length(const MemoryTrace *t, size_t first) {
        size_t n = 1;

        while (n < PAGES && first + n < t->n_pages && t->pages[first + n].number == t->pages[first].number + n)
                n++;
        return n;
}

bool memory_matches(Memory *m, const MemoryTrace *t) {
        memory_forget(m);
        for (size_t i = 0; i < t->n_pages; i++) {
                const MemoryPage *p = &t->pages[i];
                size_t slot = p->number % PAGES;

                if (!has_page(m, p->number)) {
                        m->slots[slot].length = 0;
                        if (read_pages(m, p->number, run_length(t, i)) < 0 || m->slots[slot].length == 0) {
                                if (p->blocks != 0)
                                        return false;
                                continue;
                        }
                }
                /* A page is there as a whole or not at all. */
                if (p->blocks == 0 || m->slots[slot].length < PAGE || sum_of_blocks(m->pages[slot], p->blocks) != p->sum)
                        return false;
        }
        return true;
}

/* Points *ret at the bytes from address to the end of its page, as far as they are mapped: at least one. */
static int look(Memory *m, uint64_t address, const uint8_t **ret, size_t *ret_n) {
        uint64_t number = address / PAGE;
        size_t slot = number % PAGES, offset = address % PAGE;
        Page *page = &m->slots[slot];

        if (number == m->bad)
                return m->error;
        if (!has_page(m, number)) {
                int r = read_pages(m, number, 1);

                if (r < 0 || page->length == 0) {
                        m->bad = number;
                        m->error = r < 0 ? r : -EIO;
                        trace_page(m, number);
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
                const uint8_t *bytes = NULL;
                size_t k = 0;
                int r;

                r = look(m, address, &bytes, &k);
                if (r < 0)
                        return r;
                if (k > n)
                        k = n;
                note(m, address, k);
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
                const uint8_t *bytes = NULL, *end;
                size_t k = 0;
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
                note(m, address, k);
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
