/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The public part of the loader's list: ABI, and so the same in every libc. */

#include <elf.h>

#include "rtld/link-map.h"

/* RT_CONSISTENT of <link.h>, the same everywhere. */
#define STATE_CONSISTENT 0
/* All names together: the most entries with the longest names would be too much. */
#define NAMES_SIZE_MAX (8u << 20)

void link_map_list_done(LinkMapList *l) {
        for (size_t i = 0; i < l->n_maps; i++) {
                free(l->maps[i].l_name);
                free(l->maps[i].initfini);
                free(l->maps[i].reldeps);
        }
        free(l->maps);
        *l = (LinkMapList){};
}

/* --- from the auxiliary vector to r_debug --- */

typedef struct Auxv {
        uint64_t phdr, phent, phnum;
} Auxv;

static uint64_t word_of(const uint8_t *bytes, size_t size) {
        uint32_t u32;
        uint64_t u64;

        if (size == 4) {
                memcpy(&u32, bytes, sizeof(u32));
                return u32;
        }
        memcpy(&u64, bytes, sizeof(u64));
        return u64;
}

/* The kernel writes it in the words of the process: getauxval(3), proc_pid_auxv(5). */
static Auxv auxv_parse(const uint8_t *bytes, size_t size, size_t word) {
        Auxv a = {};

        for (size_t i = 0; i + 2 * word <= size; i += 2 * word) {
                uint64_t value = word_of(bytes + i + word, word);

                switch (word_of(bytes + i, word)) {
                case AT_NULL:
                        return a;
                case AT_PHDR:
                        a.phdr = value;
                        break;
                case AT_PHENT:
                        a.phent = value;
                        break;
                case AT_PHNUM:
                        a.phnum = value;
                        break;
                }
        }
        return a;
}

static int read_phdr(Memory *memory, uint8_t class, uint64_t address, Elf64_Phdr *ret) {
        Elf32_Phdr p;
        int r;

        if (class == 64)
                return memory_read(memory, address, ret, sizeof(*ret));
        r = memory_read(memory, address, &p, sizeof(p));
        if (r < 0)
                return r;
        *ret = (Elf64_Phdr){
                .p_type = p.p_type,
                .p_offset = p.p_offset,
                .p_vaddr = p.p_vaddr,
                .p_memsz = p.p_memsz,
        };
        return 0;
}

/*
 * Without PT_PHDR, the load bias is known where the ELF header is on the page
 * of the program headers, which it does in all files but hand-made ones.
 */
static int bias_from_header(Memory *memory, uint8_t class, uint64_t phdr, const Elf64_Phdr *first, uint64_t *ret) {
        const size_t phoff = class == 64 ? offsetof(Elf64_Ehdr, e_phoff) : offsetof(Elf32_Ehdr, e_phoff);
        uint64_t page = phdr & ~(page_size() - 1), offset;
        uint8_t magic[SELFMAG];

        if (memory_read(memory, page, magic, sizeof(magic)) < 0 || memcmp(magic, ELFMAG, SELFMAG) != 0)
                return -ENODATA;
        if (memory_read_word(memory, page + phoff, class / 8, &offset) < 0 || page + offset != phdr)
                return -ENODATA;
        *ret = page - first->p_vaddr;
        return 0;
}

/* The dynamic section of what the auxiliary vector describes: its address and size in memory. */
static int find_dynamic(Memory *memory, const Auxv *a, uint8_t class, uint64_t *ret_address, uint64_t *ret_size) {
        Elf64_Phdr dynamic = {}, first = {};
        bool have_dynamic = false, have_first = false, have_bias = false;
        uint64_t bias = 0;
        int r;

        for (uint64_t i = 0; i < a->phnum && i < ELF_PHDRS_MAX; i++) {
                Elf64_Phdr p;

                r = read_phdr(memory, class, a->phdr + i * a->phent, &p);
                if (r < 0)
                        return r;
                if (p.p_type == PT_PHDR) {
                        bias = a->phdr - p.p_vaddr;
                        have_bias = true;
                } else if (p.p_type == PT_DYNAMIC) {
                        dynamic = p;
                        have_dynamic = true;
                } else if (p.p_type == PT_LOAD && p.p_offset == 0 && !have_first) {
                        first = p;
                        have_first = true;
                }
        }
        if (!have_dynamic || (!have_bias && !have_first))
                return -ENODATA;
        if (!have_bias) {
                r = bias_from_header(memory, class, a->phdr, &first, &bias);
                if (r < 0)
                        return r;
        }
        *ret_address = (bias + dynamic.p_vaddr) & (class == 64 ? UINT64_MAX : UINT32_MAX);
        *ret_size = dynamic.p_memsz;
        return 0;
}

int link_map_find_debug(Memory *memory, const void *auxv, size_t auxv_size, uint8_t class, uint64_t *ret_r_debug) {
        size_t word = class / 8;
        Auxv a = auxv_parse(auxv, auxv_size, word);
        uint64_t address, size;
        int r;

        if (a.phdr == 0 || a.phent != (class == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
                return -ENODATA;
        r = find_dynamic(memory, &a, class, &address, &size);
        if (r < 0)
                return r;
        for (uint64_t i = 0; i < size / (2 * word) && i < ELF_DYNAMIC_MAX; i++) {
                uint8_t entry[16];
                uint64_t value;

                r = memory_read(memory, address + i * 2 * word, entry, 2 * word);
                if (r < 0)
                        return r;
                if (word_of(entry, word) == DT_NULL)
                        break;
                if (word_of(entry, word) != DT_DEBUG)
                        continue;
                value = word_of(entry + word, word);
                if (value == 0) /* not set by the loader yet, or there is no loader */
                        return -ENODATA;
                *ret_r_debug = value;
                return 0;
        }
        return -ENODATA;
}

/* --- the list --- */

/* struct r_debug_extended of glibc's elf/link.h; r_next is there where r_version >= 2. One for each namespace. */
typedef struct Debug {
        uint64_t address;
        uint32_t version, state;
        uint64_t map, ldbase, next;
} Debug;
/* Of six words. */
#define DEBUG_SIZE 48u

static int read_debug(Memory *memory, uint64_t address, uint8_t class, Debug *ret) {
        size_t word = class / 8;
        uint8_t bytes[DEBUG_SIZE];
        uint64_t next = 0;
        int r;

        r = memory_read(memory, address, bytes, 5 * word);
        if (r < 0)
                return r;
        *ret = (Debug){
                .address = address,
                .version = (uint32_t) word_of(bytes, 4),
                .map = word_of(bytes + word, word),
                .state = (uint32_t) word_of(bytes + 3 * word, 4),
                .ldbase = word_of(bytes + 4 * word, word),
        };
        if (ret->version >= 2) {
                r = memory_read_word(memory, address + 5 * word, word, &next);
                if (r < 0)
                        return r;
                ret->next = next;
        }
        return 0;
}

/* One entry of the list, as it is on its way in. */
typedef struct RawEntry {
        uint64_t address, l_addr, l_name, l_ld, l_next, l_prev;
} RawEntry;

static int read_entry(Memory *memory, uint64_t address, uint8_t class, RawEntry *ret) {
        size_t word = class / 8;
        uint8_t bytes[5 * 8];
        int r;

        r = memory_read(memory, address, bytes, 5 * word);
        if (r < 0)
                return r;
        *ret = (RawEntry){
                .address = address,
                .l_addr = word_of(bytes, word),
                .l_name = word_of(bytes + word, word),
                .l_ld = word_of(bytes + 2 * word, word),
                .l_next = word_of(bytes + 3 * word, word),
                .l_prev = word_of(bytes + 4 * word, word),
        };
        return 0;
}

/* Takes the entry into the list. A name that cannot be read is left empty; the list is then not complete. */
static int add_entry(Memory *memory, const RawEntry *e, unsigned namespace, uint64_t vdso, size_t *names_size, LinkMapList *l) {
        _cleanup_free_ char *name = NULL;
        int r;

        if (!GROW(l->maps, l->allocated, l->n_maps + 1))
                return -ENOMEM;
        if (e->l_name != 0 && (vdso == 0 || e->l_addr != vdso)) {
                r = memory_read_string(memory, e->l_name, LINK_NAME_MAX, &name);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        l->complete = false;
        }
        if (!name)
                name = strdup("");
        if (!name)
                return -ENOMEM;
        *names_size += strlen(name) + 1;
        l->maps[l->n_maps++] = (LinkMap){
                .address = e->address,
                .l_addr = e->l_addr,
                .l_ld = e->l_ld,
                .l_name = TAKE_PTR(name),
                .namespace = namespace,
                .type = LINK_TYPE_UNKNOWN,
                .opencount = -1,
                .nodelete = -1,
                .tls_dtors = -1,
                .global = -1,
                .differs_from_file = -1,
        };
        return 0;
}

/*
 * Walks one namespace. Each entry must name the one before it as its l_prev: a torn
 * list is seen by that, and so is a loop, for it would have to enter an entry that
 * already has another before it.
 */
static int walk(Memory *memory, uint64_t head, unsigned namespace, uint64_t vdso, size_t *names_size, LinkMapList *l) {
        uint64_t previous = 0;
        int r;

        for (uint64_t address = head; address != 0;) {
                RawEntry e;

                if (l->n_maps >= LINK_MAPS_MAX || *names_size >= NAMES_SIZE_MAX ||
                    read_entry(memory, address, l->class, &e) < 0 || e.l_prev != previous) {
                        l->complete = false;
                        return 0;
                }
                r = add_entry(memory, &e, namespace, vdso, names_size, l);
                if (r < 0)
                        return r;
                previous = address;
                address = e.l_next;
        }
        return 0;
}

/* The chain of namespaces, up to its first fault. Returns how many there are, or the error of the very first. */
static int read_debugs(Memory *memory, uint64_t address, uint8_t class, Debug *debugs, bool *complete) {
        int n = 0;

        *complete = true;
        while (address != 0) {
                int r = n < LINK_NAMESPACES_MAX ? read_debug(memory, address, class, &debugs[n]) : -ELOOP;

                if (r < 0 && n == 0)
                        return r;
                for (int i = 0; i < n; i++)
                        if (debugs[i].address == address)
                                r = -ELOOP;
                if (r < 0) {
                        *complete = false;
                        break;
                }
                /* Secondary namespaces may be empty. The main one is empty only before the loader has begun. */
                if (debugs[n].state != STATE_CONSISTENT || debugs[n].version == 0 ||
                    (n == 0 && debugs[n].map == 0))
                        *complete = false;
                address = debugs[n++].next;
        }
        return n;
}

/* Read anew: are all namespaces at rest, and do they begin where they began? */
static bool unchanged(Memory *memory, uint8_t class, const Debug *seen, int n) {
        for (int i = 0; i < n; i++)
                memory_forget_at(memory, seen[i].address, DEBUG_SIZE);
        for (int i = 0; i < n; i++) {
                Debug d;

                if (read_debug(memory, seen[i].address, class, &d) < 0 || d.state != STATE_CONSISTENT ||
                    d.map != seen[i].map || d.next != seen[i].next)
                        return false;
        }
        return true;
}

int link_map_list_read(Memory *memory, uint64_t r_debug, uint8_t class, uint64_t vdso, LinkMapList *ret) {
        _cleanup_(link_map_list_done) LinkMapList list = { .class = class, .r_debug = r_debug };
        Debug debugs[LINK_NAMESPACES_MAX];
        size_t names_size = 0;
        int n, r;

        n = read_debugs(memory, r_debug, class, debugs, &list.complete);
        if (n <= 0)
                return n < 0 ? n : -EFAULT;
        list.version = debugs[0].version;
        for (int i = 0; i < n; i++) {
                r = walk(memory, debugs[i].map, (unsigned) i, vdso, &names_size, &list);
                if (r < 0)
                        return r;
        }
        if (list.complete)
                list.complete = unchanged(memory, class, debugs, n);
        *ret = list;
        list = (LinkMapList){};
        return 0;
}

const LinkMap *link_map_list_find(const LinkMapList *l, uint64_t start, uint64_t end) {
        for (size_t i = 0; i < l->n_maps; i++)
                if (l->maps[i].l_ld >= start && l->maps[i].l_ld < end)
                        return &l->maps[i];
        return NULL;
}
