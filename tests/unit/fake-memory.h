/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A process's memory that a test lays out itself: one piece at FAKE_BASE, and nothing else mapped. */

#include "proc/memory.h"

#define FAKE_BASE UINT64_C(0x40000000)
#define FAKE_SIZE (64u << 10)

typedef struct FakeMemory {
        size_t word;       /* bytes of a pointer */
        uint64_t end;      /* the next free address */
        unsigned n_reads;  /* how often the reader was asked */
        uint8_t bytes[FAKE_SIZE];
} FakeMemory;

static inline ssize_t fake_memory_read(void *userdata, uint64_t address, void *buffer, size_t n) {
        FakeMemory *f = userdata;
        uint64_t offset = address - FAKE_BASE;

        f->n_reads++;
        if (address < FAKE_BASE || offset >= FAKE_SIZE)
                return -EIO;
        if (n > FAKE_SIZE - offset)
                n = FAKE_SIZE - offset;
        memcpy(buffer, f->bytes + offset, n);
        return (ssize_t) n;
}

static inline FakeMemory *fake_memory_new(uint8_t class) {
        FakeMemory *f = calloc(1, sizeof(*f));

        if (!f)
                abort();
        f->word = class / 8;
        f->end = FAKE_BASE;
        return f;
}

static inline void fake_memory_poke(FakeMemory *f, uint64_t address, const void *bytes, size_t n) {
        if (address < FAKE_BASE || address - FAKE_BASE > FAKE_SIZE - n)
                abort();
        memcpy(f->bytes + (address - FAKE_BASE), bytes, n);
}

/* A number of `size` bytes, in the host's byte order as the process itself has it. */
static inline void fake_memory_set(FakeMemory *f, uint64_t address, size_t size, uint64_t value) {
        uint16_t u16 = (uint16_t) value;
        uint32_t u32 = (uint32_t) value;
        uint8_t u8 = (uint8_t) value;

        switch (size) {
        case 1:
                return fake_memory_poke(f, address, &u8, 1);
        case 2:
                return fake_memory_poke(f, address, &u16, 2);
        case 4:
                return fake_memory_poke(f, address, &u32, 4);
        default:
                return fake_memory_poke(f, address, &value, 8);
        }
}

static inline void fake_memory_set_word(FakeMemory *f, uint64_t address, uint64_t value) {
        fake_memory_set(f, address, f->word, value);
}

/* Room for n bytes, aligned to `align`; zeroed. */
static inline uint64_t fake_memory_alloc(FakeMemory *f, size_t n, size_t align) {
        uint64_t address = (f->end + align - 1) / align * align;

        f->end = address + n;
        if (f->end > FAKE_BASE + FAKE_SIZE)
                abort();
        return address;
}

static inline uint64_t fake_memory_string(FakeMemory *f, const char *s) {
        uint64_t address = fake_memory_alloc(f, strlen(s) + 1, 1);

        fake_memory_poke(f, address, s, strlen(s) + 1);
        return address;
}
