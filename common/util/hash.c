/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "util/hash.h"

HashKey hash_key_new(void) {
        HashKey key;

        if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != (ssize_t) sizeof(key)) {
                /* Early boot only. Addresses and the clock are not secret, but not guessed from outside either. */
                struct timespec now;

                clock_gettime(CLOCK_MONOTONIC, &now);
                key = (HashKey){ (uint64_t) now.tv_nsec * 0x9e3779b97f4a7c15u, (uint64_t) (uintptr_t) &key };
        }
        return key;
}

static uint64_t rotate(uint64_t x, unsigned n) {
        return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4]) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
}

uint64_t hash_bytes(const HashKey *key, const void *bytes, size_t n) {
        const unsigned char *p = bytes;
        uint64_t v[4] = {
                key->k0 ^ 0x736f6d6570736575u,
                key->k1 ^ 0x646f72616e646f6du,
                key->k0 ^ 0x6c7967656e657261u,
                key->k1 ^ 0x7465646279746573u,
        };
        uint64_t word;

        for (size_t left = n; left >= 8; left -= 8, p += 8) {
                memcpy(&word, p, 8);
                v[3] ^= word;
                sip_round(v);
                v[0] ^= word;
        }
        word = (uint64_t) n << 56;
        for (size_t i = 0; i < n % 8; i++)
                word |= (uint64_t) p[i] << 8 * i;
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
        v[2] ^= 0xff;
        sip_round(v);
        sip_round(v);
        sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}
