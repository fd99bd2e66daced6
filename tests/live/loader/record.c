/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * record PID: writes the loader's memory of a process as text, for test-recorded. Of the
 * memory that was read, only what makes a difference to the result is kept.
 */

#include <fcntl.h>

#include "loader-view.h"
#include "recorded.h"

static Recorded recorded;
static int mem_fd;

static ssize_t read_and_record(_unused_ void *userdata, uint64_t address, void *buffer, size_t n) {
        ssize_t k = pread(mem_fd, buffer, n, (off_t) address);

        for (size_t i = 0; k > 0 && i + RECORDED_LINE <= (size_t) k; i += RECORDED_LINE) {
                bool have = false;

                for (size_t l = 0; l < recorded.n_lines && !have; l++)
                        have = recorded.lines[l].address == address + i;
                if (!have && !recorded_add_line(&recorded, address + i, (const uint8_t *) buffer + i))
                        return -ENOMEM;
        }
        return k < 0 ? -errno : k;
}

static void take_files(const LoaderView *v) {
        for (size_t i = 0; i < v->list.n_maps; i++) {
                const ElfFile *elf = v->files[i].elf;

                if (!elf || !elf->gnu_hash)
                        continue;
                recorded.elfs[i].entry = elf->entry;
                recorded.elfs[i].phnum = elf->phnum;
                recorded.elfs[i].gnu_hash_nbuckets = elf->gnu_hash_nbuckets;
                recorded.elfs[i].gnu_hash_maskwords = elf->gnu_hash_maskwords;
                recorded.elfs[i].gnu_hash_shift = elf->gnu_hash_shift;
                recorded.elfs[i].gnu_hash_address = elf->gnu_hash_address;
                for (size_t s = 0; s < elf->n_segments; s++)
                        if (elf->segments[s].type == PT_TLS)
                                recorded.tls[i] = elf->segments[s];
                recorded_add_file(&recorded, i, &v->files[i]);
        }
}

/* The result as text; the caller frees. NULL: there is none. */
static char *render(void) {
        _cleanup_(link_map_list_done) LinkMapList list = {};
        char *text = NULL;
        size_t size;
        FILE *f;

        if (recorded_list_read(&recorded, &list) < 0 || !list.complete)
                return NULL;
        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < list.n_maps; i++)
                recorded_render(f, &list, i);
        fclose(f);
        return text;
}

/* Leaves out each line without which the result is the same. */
static void reduce(const char *expected) {
        for (size_t i = 0; i < recorded.n_lines; i++) {
                _cleanup_free_ char *text = NULL;

                recorded.lines[i].left_out = true;
                text = render();
                recorded.lines[i].left_out = text && streq(text, expected);
        }
}

static void write_out(const char *expected) {
        printf("class %u\nr_debug %" PRIx64 "\n", recorded.class, recorded.r_debug);
        printf("modid %" PRIu32 "\n", recorded.modid);
        for (size_t i = 0; i < RECORDED_MAPS_MAX; i++) {
                const ElfFile *elf = &recorded.elfs[i];

                if (!recorded.files[i].elf)
                        continue;
                printf("file %zu %" PRIx64 " %" PRIu64, i, recorded.files[i].map_start, recorded.files[i].inode);
                printf(" %" PRIx64 " %u %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIx64, elf->entry, elf->phnum,
                       elf->gnu_hash_nbuckets, elf->gnu_hash_maskwords, elf->gnu_hash_shift, elf->gnu_hash_address);
                printf(" %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", recorded.tls[i].address, recorded.tls[i].file_size,
                       recorded.tls[i].memory_size);
        }
        for (size_t i = 0; i < recorded.n_lines; i++) {
                if (recorded.lines[i].left_out)
                        continue;
                printf("memory %" PRIx64 " ", recorded.lines[i].address);
                for (size_t k = 0; k < RECORDED_LINE; k++)
                        printf("%02x", recorded.lines[i].bytes[k]);
                printf("\n");
        }
        fputs(expected, stdout);
}

int main(int argc, char *argv[]) {
        _cleanup_(memory_freep) Memory *memory = NULL;
        _cleanup_(loader_view_done) LoaderView view = {};
        _cleanup_free_ char *expected = NULL;
        char name[64];

        if (argc != 2) {
                fprintf(stderr, "Usage: %s PID\n", argv[0]);
                return 2;
        }
        snprintf(name, sizeof(name), "/proc/%d/mem", atoi(argv[1]));
        mem_fd = open(name, O_RDONLY | O_CLOEXEC);
        memory = memory_new_reader(read_and_record, NULL);
        if (mem_fd < 0 || !memory || loader_view_read_memory(atoi(argv[1]), memory, &view) < 0)
                return 1;
        recorded.class = view.class;
        recorded.r_debug = view.r_debug;
        recorded.modid = view.tls_modid_offset;
        if (view.list.n_maps > RECORDED_MAPS_MAX)
                return 1;
        take_files(&view);
        expected = render();
        if (!expected)
                return 1;
        reduce(expected);
        write_out(expected);
        recorded_done(&recorded);
        return 0;
}
