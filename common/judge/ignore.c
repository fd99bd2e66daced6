/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <fnmatch.h>

#include "judge/ignore.h"
#include "util/base.h"

/* Kinds come first in the table, then names: each with the reason why such a file is not reported. */
enum { RULE_NOT_ELF, RULE_NO_NAME, RULES_BY_NAME };

static const IgnoreRule rules[] = {
        [RULE_NOT_ELF] = { "removed file that is not ELF", NULL,
                           "No library: shared memory, or code that a program wrote itself (ffiXXXXXX of libffi, orcexec.XXXXXX of orc, jitdump)." },
        [RULE_NO_NAME] = { "temporary file without a name", NULL,
                           "Made with O_TMPFILE, open(2): it never had a name, and shows '#' and its inode number instead." },

        /* No file that a user could name: the kernel made these names up. */
        { "memfd", "/memfd:*", "Memory of memfd_create(2); that of huge pages lies on a mount like any other." },
        { "System V shared memory", "/SYSV%", "A segment of shmget(2), named after its key." },
        { "shared anonymous memory", "/dev/zero", "Memory mapped MAP_SHARED without a file." },
        { "huge pages", "/anon_hugepage", "Memory mapped MAP_ANONYMOUS | MAP_HUGETLB." },
        { "secret memory", "/secretmem", "Memory of memfd_secret(2)." },
        { "asynchronous input and output", "/[aio]", "The ring of io_setup(2)." },
        { "graphics memory, i915", "/i915", "A buffer shared with the graphics processor." },
        { "graphics memory", "/drm mm object", "A buffer shared with the graphics processor." },
        { "device memory", "/dmabuf:*", "A buffer shared between devices." },

        /* Libraries that a program unpacks for itself and removes, as its source shows. */
        { "JNA", "jna#.tmp", "Java Native Access unpacks its dispatch library and removes it once it is loaded (com.sun.jna.Native)." },
        { "jffi", "jffi#.so", "The foreign functions of JRuby: unpacked, and removed once loaded (com.kenai.jffi.internal.StubLoader)." },
        { "zstd-jni", "libzstd-jni*#.so", "Unpacked, and removed once loaded (com.github.luben.zstd.util.Native)." },
        { "Netty", "lib*netty_*#.so", "Transports and TLS, also those shaded into gRPC: unpacked, and removed once loaded (io.netty.util.internal.NativeLibraryLoader)." },
        { "Conscrypt", "libconscrypt_*#.so", "Unpacked, and removed once loaded (org.conscrypt.NativeLibraryLoader)." },
        { "snappy-java", "snappy-*-libsnappyjava.so", "Unpacked for one process, under a name of its own (org.xerial.snappy.SnappyLoader)." },
        { "sqlite-jdbc", "sqlite-*-libsqlitejdbc.so", "Unpacked for one process, under a name of its own (org.sqlite.SQLiteJDBCLoader)." },
        { "jansi", "jansi-*-libjansi.so", "Unpacked for one process, under a name of its own (org.fusesource.jansi.internal.JansiLoader)." },
        { "lz4-java", "liblz4-java*#.so", "Unpacked for one process, under a name of its own (net.jpountz.util.Native)." },
        { "RocksDB", "librocksdbjni#.so", "Unpacked for one process, under a name of its own (org.rocksdb.NativeLibraryLoader)." },
        { "brotli4j", "com_aayushatharva_brotli4j_#/libbrotli.so", "Unpacked into a directory of its own (com.aayushatharva.brotli4j.Brotli4jLoader)." },
        { "Bun, addons", ".%-%.node", "A program compiled by Bun unpacks its addons and removes them once they are loaded (Bun 1.2.14 to 1.3, process.dlopen())." },
        { "Bun, libraries", ".%-%.so", "The same for a library that it opens by bun:ffi." },
};

/* What packages own is no program's private copy, whatever it is called. */
static bool is_installed(const char *path) {
        static const char *const directories[] = { "/usr/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/bin/", "/sbin/" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (strncmp(path, directories[i], strlen(directories[i])) == 0)
                        return true;
        return false;
}

/* The last components of a path, as many as the pattern has; NULL: it has fewer. */
static const char *last_components(const char *pattern, const char *path) {
        const char *start = path + strlen(path);
        size_t slashes = 0;

        for (const char *p = pattern; *p; p++)
                slashes += *p == '/';
        for (;;) {
                while (start > path && start[-1] != '/')
                        start--;
                if (slashes-- == 0)
                        return start;
                if (start == path)
                        return NULL;
                start--;
        }
}

static size_t digits(const char *s, int (*is_digit)(int)) {
        size_t n = 0;

        while (is_digit((unsigned char) s[n]))
                n++;
        return n;
}

/* How many characters of s the first token of the pattern (none of them a star) takes; 0: it does not match. */
static size_t match_token(char token, const char *s) {
        size_t n;

        switch (token) {
        case '\0':
                return 0;
        case '#':
                n = digits(s, isdigit);
                return n >= 3 ? n : 0;
        case '%':
                return digits(s, isxdigit);
        default:
                return *s == token ? 1 : 0;
        }
}

/* Only the last star ever has to take more: what came before it has matched already. */
static bool matches(const char *p, const char *s) {
        const char *star = NULL, *from = NULL;

        while (*p || *s) {
                size_t n;

                if (*p == '*') {
                        if (p[1] == '\0')
                                return true;
                        star = ++p;
                        from = s;
                        continue;
                }
                n = match_token(*p, s);
                if (n > 0) {
                        p++;
                        s += n;
                } else if (star && *from && *from != '/') {
                        p = star;
                        s = ++from;
                } else
                        return false;
        }
        return true;
}

bool ignore_rule_matches(const char *pattern, const char *path) {
        const char *s = pattern[0] == '/' ? path : last_components(pattern, path);

        return s && matches(pattern, s);
}

/* "#10952869": the kernel's d_tmpfile(). */
static bool has_no_name(const IgnoreFacts *f) {
        const char *slash = strrchr(f->path, '/');
        size_t n;

        if (!slash || slash[1] != '#' || (f->nlink_known && f->nlink > 0))
                return false;
        n = digits(slash + 2, isdigit);
        return n > 0 && slash[2 + n] == '\0';
}

const IgnoreRule *ignore_find(const IgnoreFacts *f) {
        if (!f->removed)
                return NULL;
        if (f->elf_known && !f->elf)
                return rules + RULE_NOT_ELF;
        if (has_no_name(f))
                return rules + RULE_NO_NAME;
        if (is_installed(f->path))
                return NULL;
        for (size_t i = RULES_BY_NAME; i < ELEMENTSOF(rules); i++)
                if (ignore_rule_matches(rules[i].pattern, f->path))
                        return rules + i;
        return NULL;
}

const IgnoreRule *ignore_rules(size_t *ret_n) {
        *ret_n = ELEMENTSOF(rules);
        return rules;
}

bool ignore_globs_match(const char *const *globs, const char *s) {
        for (; globs && s && *globs; globs++)
                if (fnmatch(*globs, s, 0) == 0)
                        return true;
        return false;
}
