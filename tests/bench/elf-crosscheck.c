/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds our reading of ELF files against libelf's: every file of the directories
 * given. We go by the dynamic section as the loader does, libelf by the section
 * headers, so that agreement means something. Then both are timed.
 *
 *   elf-crosscheck [DIRECTORY|FILE]...
 */

#include <dirent.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"
#include "elf/elf-hash.h"

typedef struct Totals {
        unsigned files, elf, disagree, cut;
        unsigned needed, nodelete, build_ids, go, tls, unique, unique_bound, relatives, relro;
        unsigned long exports, imports;
} Totals;

static Totals totals;

/* One file as libelf has it. */
typedef struct Reference {
        Elf *elf;
        GElf_Ehdr header;
        Elf_Scn *dynamic, *dynsym;
        size_t dynamic_strings;
        bool go;
        uint8_t build_id[64];
        size_t build_id_length;
} Reference;

static void disagree(const char *path, const char *what) {
        printf("%s: %s\n", path, what);
        totals.disagree++;
}

static void notes(Reference *ref, Elf_Scn *section) {
        Elf_Data *data = elf_getdata(section, NULL);
        size_t name, descriptor, at = 0;
        GElf_Nhdr note;

        while (data && (at = gelf_getnote(data, at, &note, &name, &descriptor)) > 0) {
                const char *n = (const char *) data->d_buf + name;

                if (note.n_type == 3 && note.n_namesz == 4 && memcmp(n, "GNU", 4) == 0 && note.n_descsz <= sizeof(ref->build_id) &&
                    ref->build_id_length == 0) {
                        ref->build_id_length = note.n_descsz;
                        memcpy(ref->build_id, (const char *) data->d_buf + descriptor, note.n_descsz);
                }
                if (note.n_type == 4 && note.n_namesz == 4 && memcmp(n, "Go\0", 4) == 0)
                        ref->go = true;
        }
}

static bool reference_read(int fd, Reference *ref) {
        Elf_Scn *section = NULL;
        size_t names;

        *ref = (Reference){ .elf = elf_begin(fd, ELF_C_READ_MMAP, NULL) };
        if (elf_kind(ref->elf) != ELF_K_ELF || !gelf_getehdr(ref->elf, &ref->header) || elf_getshdrstrndx(ref->elf, &names) < 0)
                return false;
        while ((section = elf_nextscn(ref->elf, section))) {
                const char *name;
                GElf_Shdr h;

                gelf_getshdr(section, &h);
                name = elf_strptr(ref->elf, names, h.sh_name);
                if (h.sh_type == SHT_DYNAMIC) {
                        ref->dynamic = section;
                        ref->dynamic_strings = h.sh_link;
                } else if (h.sh_type == SHT_DYNSYM)
                        ref->dynsym = section;
                else if (h.sh_type == SHT_NOTE && (h.sh_flags & SHF_ALLOC))
                        notes(ref, section);
                if (name && streq(name, ".go.buildinfo"))
                        ref->go = true;
        }
        return true;
}

static void compare_dynamic(const char *path, const Reference *ref, const ElfFile *e) {
        Elf_Data *data = ref->dynamic ? elf_getdata(ref->dynamic, NULL) : NULL;
        const char *soname = NULL, *runpath = NULL;
        uint64_t flags_1 = 0, flags = 0;
        size_t n = 0;
        GElf_Dyn d;

        for (int i = 0; data && gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++) {
                const char *s = elf_strptr(ref->elf, ref->dynamic_strings, d.d_un.d_val);

                if (d.d_tag == DT_NEEDED && (n >= e->n_needed || !s || !streq(s, e->needed[n++])))
                        disagree(path, "NEEDED");
                if (d.d_tag == DT_SONAME)
                        soname = s;
                if (d.d_tag == DT_RUNPATH || (d.d_tag == DT_RPATH && !runpath))
                        runpath = s;
                if (d.d_tag == DT_FLAGS_1)
                        flags_1 = d.d_un.d_val;
                if (d.d_tag == DT_FLAGS)
                        flags = d.d_un.d_val;
        }
        if (n != e->n_needed)
                disagree(path, "number of NEEDED");
        if (!streq_null(soname, e->soname) || !streq_null(runpath, e->runpath))
                disagree(path, "SONAME or RUNPATH");
        if (flags_1 != e->flags_1 || flags != e->flags)
                disagree(path, "FLAGS or FLAGS_1");
        totals.needed += (unsigned) n;
}

static bool visible(const GElf_Sym *s) {
        int bind = GELF_ST_BIND(s->st_info), visibility = GELF_ST_VISIBILITY(s->st_other);

        return (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
               (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

/* Is this dynamic symbol named by a relocation? */
static bool bound(const Reference *ref, size_t symbol) {
        Elf_Scn *section = NULL;

        while ((section = elf_nextscn(ref->elf, section))) {
                Elf_Data *data;
                GElf_Shdr h;

                gelf_getshdr(section, &h);
                if ((h.sh_type != SHT_RELA && h.sh_type != SHT_REL) || !(h.sh_flags & SHF_ALLOC) || !(data = elf_getdata(section, NULL)))
                        continue;
                for (int i = 0; i < (int) (h.sh_size / h.sh_entsize); i++) {
                        GElf_Rela a;
                        GElf_Rel l;

                        if (h.sh_type == SHT_RELA && gelf_getrela(data, i, &a) && GELF_R_SYM(a.r_info) == symbol)
                                return true;
                        if (h.sh_type == SHT_REL && gelf_getrel(data, i, &l) && GELF_R_SYM(l.r_info) == symbol)
                                return true;
                }
        }
        return false;
}

static void compare_symbols(const char *path, const Reference *ref, int fd, const ElfFile *e) {
        Elf_Data *data = ref->dynsym ? elf_getdata(ref->dynsym, NULL) : NULL;
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        GElf_Shdr h = {};
        GElf_Sym sym;

        if (elf_symbols_read(fd, e, &s) < 0) {
                disagree(path, "symbols could not be read");
                return;
        }
        if (s.cut)
                disagree(path, "symbols were cut");
        if (ref->dynsym)
                gelf_getshdr(ref->dynsym, &h);
        for (int i = 1; data && gelf_getsym(data, i, &sym); i++) {
                const char *name = elf_strptr(ref->elf, h.sh_link, sym.st_name);
                bool defined = sym.st_shndx != SHN_UNDEF, unique = GELF_ST_BIND(sym.st_info) == STB_GNU_UNIQUE;
                uint64_t value, size;

                if (!name || !*name || !visible(&sym))
                        continue;
                if (!elf_symbols_contain(defined ? s.exports : s.imports, defined ? s.n_exports : s.n_imports, name) &&
                    (defined || bound(ref, (size_t) i)))
                        disagree(path, name);
                if (elf_symbols_contain(s.weak_exports, s.n_weak_exports, name) < (defined && GELF_ST_BIND(sym.st_info) == STB_WEAK))
                        disagree(path, "weak export missing");
                if (unique && defined && (!elf_symbols_contain(s.unique, s.n_unique, name) ||
                                          elf_symbols_contain(s.unique_bound, s.n_unique_bound, name) != bound(ref, (size_t) i)))
                        disagree(path, "unique");
                /* Hashed names are found again; an unversioned look may meet another version of it first. */
                if (defined && i % 16 == 0 && GELF_ST_TYPE(sym.st_info) != STT_SECTION && elf_symbol_find(fd, e, name, &value, &size) < 0)
                        disagree(path, "not found by hash");
        }
        totals.exports += s.n_exports;
        totals.imports += s.n_imports;
        totals.unique += s.n_unique > 0;
        totals.unique_bound += s.n_unique_bound > 0;
}

static bool relative_is_there(const Reference *ref, const ElfRelative *r) {
        Elf_Scn *section = NULL;

        while ((section = elf_nextscn(ref->elf, section))) {
                Elf_Data *data;
                GElf_Shdr h;

                gelf_getshdr(section, &h);
                if (h.sh_type == 19) /* SHT_RELR: this libelf does not read it */
                        return true;
                if ((h.sh_type != SHT_RELA && h.sh_type != SHT_REL) || !(data = elf_getdata(section, NULL)))
                        continue;
                for (int i = 0; i < (int) (h.sh_size / h.sh_entsize); i++) {
                        GElf_Rela a;
                        GElf_Rel l;

                        if (h.sh_type == SHT_RELA && gelf_getrela(data, i, &a) && a.r_offset == r->target &&
                            (uint64_t) a.r_addend == r->value && GELF_R_SYM(a.r_info) == 0)
                                return true;
                        if (h.sh_type == SHT_REL && gelf_getrel(data, i, &l) && l.r_offset == r->target && GELF_R_SYM(l.r_info) == 0)
                                return true;
                }
        }
        return false;
}

static void compare(const char *path, int fd) {
        _cleanup_(elf_file_done) ElfFile e = {};
        Reference ref;
        int r = elf_file_read(fd, &e);

        totals.files++;
        if (!reference_read(fd, &ref)) {
                if (r >= 0)
                        disagree(path, "ELF to us only");
        } else if (r < 0)
                disagree(path, "ELF to libelf only");
        else {
                totals.elf++;
                totals.cut += e.cut;
                if (e.cut)
                        disagree(path, "cut");
                if (e.type != ref.header.e_type || e.machine != ref.header.e_machine || e.entry != ref.header.e_entry ||
                    e.phnum != ref.header.e_phnum || e.class != (gelf_getclass(ref.elf) == ELFCLASS64 ? 64 : 32))
                        disagree(path, "header");
                if (e.build_id_length != ref.build_id_length || memcmp(e.build_id, ref.build_id, e.build_id_length) != 0)
                        disagree(path, "build id");
                if (e.go != ref.go)
                        disagree(path, "Go");
                compare_dynamic(path, &ref, &e);
                compare_symbols(path, &ref, fd, &e);
                for (size_t i = 0; i < e.n_relatives; i++) {
                        if (!relative_is_there(&ref, &e.relatives[i]))
                                disagree(path, "relative relocation");
                        totals.relro += e.relatives[i].relro;
                }
                totals.relatives += (unsigned) e.n_relatives;
                totals.nodelete += elf_file_nodelete(&e);
                totals.build_ids += e.build_id_length > 0;
                totals.go += e.go;
                totals.tls += e.tls;
        }
        elf_end(ref.elf);
}

typedef void (*Visit)(const char *path, int fd);

static void walk(const char *path, Visit visit) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return;
        if (S_ISREG(st.st_mode))
                visit(path, fd);
        if (S_ISDIR(st.st_mode)) {
                DIR *directory = fdopendir(TAKE_FD(fd));
                struct dirent *entry;

                while (directory && (entry = readdir(directory))) {
                        char child[8192];

                        if (entry->d_name[0] != '.' && snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int) sizeof(child))
                                walk(child, visit);
                }
                if (directory)
                        closedir(directory);
        }
}

static uint64_t spent_ours, spent_symbols, spent_libelf;
static unsigned timed;

static uint64_t now(void) {
        struct timespec ts;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

static void measure(const char *path _unused_, int fd) {
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        _cleanup_(elf_file_done) ElfFile e = {};
        uint64_t t0 = now(), t1, t2, t3;
        Reference ref;
        int r;

        r = elf_file_read(fd, &e);
        t1 = now();
        if (r < 0)
                return;
        elf_symbols_read(fd, &e, &s);
        t2 = now();
        reference_read(fd, &ref);
        elf_end(ref.elf);
        t3 = now();
        spent_ours += t1 - t0;
        spent_symbols += t2 - t1;
        spent_libelf += t3 - t2;
        timed++;
}

int main(int argc, char *argv[]) {
        static char *standard[] = { (char *) "/usr/lib", (char *) "/usr/bin", (char *) "/usr/lib32", (char *) "/usr/libx32" };
        char **paths = argc > 1 ? argv + 1 : standard;
        int n = argc > 1 ? argc - 1 : (int) ELEMENTSOF(standard);

        elf_version(EV_CURRENT);
        for (int i = 0; i < n; i++)
                walk(paths[i], compare);
        printf("%u files, %u ELF, %u disagreements\n", totals.files, totals.elf, totals.disagree);
        printf("NEEDED %u, NODELETE %u, build ids %u, Go %u, TLS %u, with UNIQUE %u, bound %u\n", totals.needed, totals.nodelete,
               totals.build_ids, totals.go, totals.tls, totals.unique, totals.unique_bound);
        printf("exports %lu, imports %lu, relatives %u, of them in RELRO %u\n", totals.exports, totals.imports,
               totals.relatives, totals.relro);
        for (int round = 0; round < 5; round++) {
                spent_ours = spent_symbols = spent_libelf = timed = 0;
                for (int i = 0; i < n; i++)
                        walk(paths[i], measure);
                if (timed > 0)
                        printf("us per ELF file: facts %.2f, symbols %.2f, libelf without relocations %.2f\n", (double) spent_ours / timed / 1000,
                               (double) spent_symbols / timed / 1000, (double) spent_libelf / timed / 1000);
        }
        return totals.disagree > 0 || totals.elf == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
