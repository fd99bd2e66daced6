/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdio.h>

#include "util/base.h"
#include "util/escape.h"

/*
 * Decodes one well-formed UTF-8 sequence (RFC 3629: no surrogates, nothing overlong,
 * nothing above U+10FFFF). Returns its length, or 0.
 */
static size_t utf8_decode(const uint8_t *s, size_t n, uint32_t *ret) {
        size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
        uint32_t c;

        if (length == 0 || length > n)
                return 0;
        c = length == 1 ? s[0] : s[0] & (0x7f >> length);
        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3f);
        }
        if ((length == 3 && c < 0x800) || (length == 4 && (c < 0x10000 || c > 0x10ffff)) ||
            (c >= 0xd800 && c < 0xe000))
                return 0;
        *ret = c;
        return length;
}

/* What a terminal or a reader could be deceived with: C0, DEL, C1, line separators, bidirectional and invisible controls, noncharacters. */
static bool deceives(uint32_t c) {
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
               (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
               (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
               (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe007f);
}

char *escape_bytes(const char *bytes, size_t length) {
        const uint8_t *s = (const uint8_t *) bytes;
        char *buffer, *p;

        if (length > (SIZE_MAX - 1) / 4)
                return NULL;
        p = buffer = malloc(length * 4 + 1);
        if (!buffer)
                return NULL;
        for (size_t i = 0; i < length;) {
                uint32_t c;
                size_t n = utf8_decode(s + i, length - i, &c);

                if (n == 1 && c == '\\') {
                        *p++ = '\\';
                        *p++ = '\\';
                } else if (n > 0 && !deceives(c))
                        p = mempcpy(p, s + i, n);
                else
                        for (size_t k = 0; k < (n ?: 1); k++)
                                p += sprintf(p, "\\x%02x", s[i + k]);
                i += n ?: 1;
        }
        *p = '\0';
        return buffer;
}

char *escape(const char *s) {
        return s ? escape_bytes(s, strlen(s)) : NULL;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

long unescape(char *s) {
        char *to = s;

        for (char *from = s; *from;) {
                if (*from != '\\') {
                        *to++ = *from++;
                        continue;
                }
                if (from[1] == '\\') {
                        *to++ = '\\';
                        from += 2;
                        continue;
                }
                if (from[1] != 'x' || hex_digit(from[2]) < 0 || hex_digit(from[3]) < 0)
                        return -EINVAL;
                *to++ = (char) (hex_digit(from[2]) << 4 | hex_digit(from[3]));
                from += 4;
        }
        *to = '\0';
        return to - s;
}
