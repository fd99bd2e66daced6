/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"
#include "elf/elf-hash.h"
#include "elf/elf-symtab.h"
#include "fuzz.h"

static void check_sorted(const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++) {
                FUZZ_CHECK(i == 0 || strcmp(names[i - 1], names[i]) < 0);
                FUZZ_CHECK(elf_symbols_contain(names, n, names[i]));
        }
}

static void check_file(int fd) {
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        _cleanup_(elf_file_done) ElfFile e = {};
        uint64_t value, size;
        int r;

        r = elf_file_read(fd, &e);
        FUZZ_CHECK(r == 0 || r == -ENOEXEC || r == -EBADMSG);
        if (r < 0)
                return;

        FUZZ_CHECK(e.class == 32 || e.class == 64);
        FUZZ_CHECK(e.needed && !e.needed[e.n_needed]);
        FUZZ_CHECK(e.auxiliary && !e.auxiliary[e.n_auxiliary]);
        FUZZ_CHECK(e.build_id_length <= BUILD_ID_MAX && e.n_relatives <= ELF_RELATIVES_MAX);
        for (size_t i = 1; i < e.n_relatives; i++)
                FUZZ_CHECK(e.relatives[i - 1].relro || !e.relatives[i].relro);

        FUZZ_CHECK(elf_symbols_read(fd, &e, &s) == 0);
        check_sorted(s.exports, s.n_exports);
        check_sorted(s.imports, s.n_imports);
        check_sorted(s.unique, s.n_unique);
        check_sorted(s.unique_bound, s.n_unique_bound);
        check_sorted(s.bound, s.n_bound);
        check_sorted(s.weak_exports, s.n_weak_exports);
        for (size_t i = 0; i < s.n_unique_bound; i++)
                FUZZ_CHECK(elf_symbols_contain(s.unique, s.n_unique, s.unique_bound[i]));
        r = elf_symtab_find(fd, &e, "_r_debug", &value, &size);
        FUZZ_CHECK(r <= 0);
        r = elf_symbol_find(fd, &e, s.n_exports > 0 ? s.exports[0] : "_r_debug", &value, &size);
        FUZZ_CHECK(r == 0 || r == -ENOENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

        FUZZ_CHECK(fd >= 0);
        FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t) size);
        check_file(fd);
        return 0;
}
