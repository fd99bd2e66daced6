/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A direct-mapped cache of pages over pread(2). The loader's entries and their names
 * come from one heap in the order of loading, so a walk reads the same few pages.
 */

#include "proc/memory.h"

#define PAGE 4096u
#define PAGES 64u
/* A process of which more was read is compared with no other. */
#define TRACE_MAX 512u
/* The granularity of a trace: small, since a name in the heap of an interpreter lies between counters that change after fork(2). */
#define BLOCK 16u
#define WORD_BLOCKS 64u /* of a word of bits, one a block */

_Static_assert(MEMORY_PAGE_WORDS * WORD_BLOCKS * BLOCK == PAGE, "a bit for each block of a page");

typedef struct Page {
        uint64_t number; /* address / PAGE */
        size_t length;   /* how much of it could be read; 0: empty slot */
        uint64_t noted[MEMORY_PAGE_WORDS]; /* blocks of it that are in the trace */
} Page;

struct Memory {
        MemoryReader reader;
        void *userdata;
        MemoryGuard guard;
        void *guard_userdata;
        int fd;            /* borrowed */
        uint64_t bytes;    /* read so far */
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
        uint64_t words[BLOCK / sizeof(uint64_t)], sum;

        memcpy(words, bytes + block * BLOCK, sizeof(words));
        sum = (words[0] ^ block) * factor;
        sum = (sum ^ sum >> 32 ^ words[1]) * factor;
        return sum ^ sum >> 29;
}

/* Of the blocks that this word of bits names. */
static uint64_t sum_of_word(const uint8_t *bytes, unsigned word, uint64_t blocks) {
        uint64_t sum = 0;

        for (; blocks != 0; blocks &= blocks - 1)
                sum += sum_of(bytes, word * WORD_BLOCKS + (unsigned) __builtin_ctzll(blocks));
        return sum;
}

static bool could_be_read(const MemoryPage *p) {
        for (unsigned word = 0; word < MEMORY_PAGE_WORDS; word++)
                if (p->blocks[word] != 0)
                        return true;
        return false;
}

/* Offsets in the page, of one that could be read: of the first block in the trace, and of what follows the last one. */
static size_t trace_start(const MemoryPage *p) {
        unsigned word = 0;

        while (p->blocks[word] == 0)
                word++;
        return (word * WORD_BLOCKS + (unsigned) __builtin_ctzll(p->blocks[word])) * BLOCK;
}

static size_t trace_end(const MemoryPage *p) {
        unsigned word = MEMORY_PAGE_WORDS - 1;

        while (p->blocks[word] == 0)
                word--;
        return ((word + 1) * WORD_BLOCKS - (unsigned) __builtin_clzll(p->blocks[word])) * BLOCK;
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

static void note_word(Memory *m, uint64_t number, unsigned word, uint64_t blocks) {
        Page *page = &m->slots[number % PAGES];
        MemoryPage *p;

        blocks &= ~page->noted[word];
        if (blocks == 0 || m->trace_cut)
                return;
        page->noted[word] |= blocks;
        p = trace_page(m, number);
        if (!p)
                return;
        p->sum += sum_of_word(m->pages[number % PAGES], word, blocks & ~p->blocks[word]);
        p->blocks[word] |= blocks;
}

/* n bytes from address on, n > 0, all on one page that is in its slot. */
static void note(Memory *m, uint64_t address, size_t n) {
        const unsigned first = (unsigned) (address % PAGE / BLOCK), last = (unsigned) ((address + n - 1) % PAGE / BLOCK);

        for (unsigned word = first / WORD_BLOCKS; word <= last / WORD_BLOCKS; word++) {
                uint64_t blocks = UINT64_MAX;

                if (word == first / WORD_BLOCKS)
                        blocks &= UINT64_MAX << first % WORD_BLOCKS;
                if (word == last / WORD_BLOCKS)
                        blocks &= UINT64_MAX >> (WORD_BLOCKS - 1 - last % WORD_BLOCKS);
                note_word(m, address / PAGE, word, blocks);
        }
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

/* n bytes, to the place in `pages` that address has on its page. Returns how many, or -errno. */
static ssize_t read_bytes(Memory *m, uint64_t address, size_t n, size_t slot) {
        if (m->bytes >= MEMORY_BYTES_MAX)
                return -EFBIG;
        for (uint64_t number = address / PAGE; m->guard && number <= (address + n - 1) / PAGE; number++)
                if (!m->guard(m->guard_userdata, number * PAGE))
                        return -EREMOTE;
        m->bytes += n;
        return m->reader(m->userdata, address, m->pages[slot] + address % PAGE, n);
}

/* How many pages of the trace, from this one on, follow each other in memory and could be read; one that could not is alone. */
static size_t run_length(const MemoryTrace *t, size_t first) {
        size_t n = 1;

        while (could_be_read(&t->pages[first]) && n < PAGES && first + n < t->n_pages && t->pages[first + n].number == t->pages[first].number + n &&
               could_be_read(&t->pages[first + n]))
                n++;
        return n;
}

static bool run_matches(Memory *m, const MemoryPage *pages, size_t n) {
        const uint64_t start = pages[0].number * PAGE + trace_start(&pages[0]);
        const uint64_t end = pages[n - 1].number * PAGE + trace_end(&pages[n - 1]);

        if (read_bytes(m, start, end - start, 0) != (ssize_t) (end - start))
                return false;
        for (size_t i = 0; i < n; i++) {
                uint64_t sum = 0;

                for (unsigned word = 0; word < MEMORY_PAGE_WORDS; word++)
                        sum += sum_of_word(m->pages[i], word, pages[i].blocks[word]);
                if (sum != pages[i].sum)
                        return false;
        }
        return true;
}

bool memory_matches(Memory *m, const MemoryTrace *t) {
        memory_forget(m); /* the slots hold runs meanwhile */
        for (size_t i = 0, n; i < t->n_pages; i += n) {
                n = run_length(t, i);
                if (could_be_read(&t->pages[i])) {
                        if (!run_matches(m, &t->pages[i], n))
                                return false;
                } else if (read_bytes(m, t->pages[i].number * PAGE, PAGE, 0) > 0)
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
        if (page->length == 0 || page->number != number) {
                ssize_t k = read_bytes(m, number * PAGE, PAGE, slot);

                *page = (Page){ .number = number, .length = k > 0 ? (size_t) k : 0 };
                if (k <= 0) {
                        m->bad = number;
                        m->error = k < 0 ? (int) k : -EIO;
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
