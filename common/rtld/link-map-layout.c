/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "rtld/link-map-layout.h"

/* l_phdr is searched for behind so many words (the public ones, l_real, l_ns, l_libname), and before so many. */
#define ANCHOR_FIRST 8u
#define ANCHOR_LAST 150u
/* l_real is the sixth word. */
#define L_REAL 5u
/* How many words after one landmark the next is searched. */
#define SEARCH_WORDS 32u

void link_reader_done(LinkReader *r) {
        free(r->blocks);
        free(r->refs);
}

uint64_t link_reader_get(const LinkReader *r, size_t i, size_t offset, size_t size) {
        const LinkBlock *b = &r->blocks[i];
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;

        if (offset > b->size || size > b->size - offset)
                return 0;
        switch (size) {
        case 1:
                return b->bytes[offset];
        case 2:
                memcpy(&u16, b->bytes + offset, sizeof(u16));
                return u16;
        case 4:
                memcpy(&u32, b->bytes + offset, sizeof(u32));
                return u32;
        default:
                memcpy(&u64, b->bytes + offset, sizeof(u64));
                return u64;
        }
}

uint64_t link_reader_word(const LinkReader *r, size_t i, size_t offset) {
        return link_reader_get(r, i, offset, r->word);
}

/* A sum of addresses, as the process itself computes it. */
static uint64_t sum(const LinkReader *r, uint64_t a, uint64_t b) {
        return r->word == 8 ? a + b : (uint32_t) (a + b);
}

void link_block_read(Memory *memory, uint64_t address, LinkBlock *ret) {
        const uint64_t page = page_size();
        size_t first = (size_t) (page - address % page);

        ret->size = 0;
        if (first > LINK_BLOCK_SIZE)
                first = LINK_BLOCK_SIZE;
        if (memory_read(memory, address, ret->bytes, first) < 0)
                return;
        ret->size = first;
        /* The next page may be no part of the heap any more. */
        if (memory_read(memory, address + first, ret->bytes + first, LINK_BLOCK_SIZE - first) >= 0)
                ret->size = LINK_BLOCK_SIZE;
}

void link_reader_read_block(LinkReader *r, size_t i) {
        link_block_read(r->memory, r->list->maps[i].address, &r->blocks[i]);
}

/* Each lies on a page of its own, which makes reading expensive: so from the file, where that cannot have changed. */
static void read_dynamic(const LinkReader *r, size_t entry) {
        const LinkMapFile *file = &r->files[entry];
        LinkMap *m = &r->list->maps[entry];
        uint64_t flags_1 = 0;

        if (file->older && file->elf && file->elf->dynamic && !file->elf->cut) {
                m->flags_1 = file->elf->flags_1;
                m->dynamic_read = true;
                return;
        }
        for (uint64_t i = 0; i < ELF_DYNAMIC_MAX; i++) {
                uint64_t at = m->l_ld + i * 2 * r->word, tag, value;

                if (memory_read_word(r->memory, at, r->word, &tag) < 0 ||
                    memory_read_word(r->memory, at + r->word, r->word, &value) < 0)
                        return;
                if (tag == DT_NULL) {
                        m->flags_1 = flags_1;
                        m->dynamic_read = true;
                        return;
                }
                if (tag == DT_FLAGS_1)
                        flags_1 = value;
        }
}

static int compare_refs(const void *a, const void *b) {
        uint64_t x = ((const LinkRef *) a)->address, y = ((const LinkRef *) b)->address;

        return x < y ? -1 : x > y;
}

ssize_t link_reader_find(const LinkReader *r, uint64_t address) {
        const LinkRef key = { .address = address };
        const LinkRef *found = bsearch(&key, r->refs, r->list->n_maps, sizeof(*r->refs), compare_refs);

        return found ? (ssize_t) found->index : -1;
}

int link_reader_init(LinkReader *r) {
        const size_t n = r->list->n_maps;

        r->blocks = malloc(n * sizeof(*r->blocks));
        r->refs = malloc(n * sizeof(*r->refs));
        if (!r->blocks || !r->refs)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                read_dynamic(r, i);
                link_reader_read_block(r, i);
                r->refs[i] = (LinkRef){ r->list->maps[i].address, i };
        }
        qsort(r->refs, n, sizeof(*r->refs), compare_refs);
        return 0;
}

bool link_reader_comparable(const LinkReader *r, size_t i) {
        const ElfFile *elf = r->files[i].elf;

        return elf && elf->class == r->list->class && elf->gnu_hash && elf->gnu_hash_nbuckets > 0;
}

LinkHash link_reader_hash(const LinkReader *r, size_t i, const LinkLayout *y) {
        const size_t at = y->nbuckets, next = at + y->hash_word;

        return (LinkHash){
                .nbuckets = link_reader_get(r, i, at, y->hash_word),
                .maskwords = link_reader_get(r, i, next, 4) + 1,
                .shift = link_reader_get(r, i, next + 4, 4),
                .bitmask = link_reader_word(r, i, next + 8),
        };
}

bool link_reader_hash_matches(const LinkReader *r, size_t i, const LinkLayout *y) {
        const ElfFile *elf = r->files[i].elf;
        const LinkHash hash = link_reader_hash(r, i, y);

        return hash.nbuckets == elf->gnu_hash_nbuckets && hash.maskwords == elf->gnu_hash_maskwords &&
               hash.shift == elf->gnu_hash_shift &&
               hash.bitmask == sum(r, r->list->maps[i].l_addr, elf->gnu_hash_address + 16);
}

bool link_reader_header_matches(const LinkReader *r, size_t i, size_t phnum) {
        const ElfFile *elf = r->files[i].elf;

        return link_reader_word(r, i, phnum - r->word) == sum(r, r->list->maps[i].l_addr, elf->entry) &&
               link_reader_get(r, i, phnum, 2) == elf->phnum;
}

/* Between l_phnum and l_direct_opencount are pointers and counts, and l_nbuckets, which has a size of its own. */
static LinkLayout layout_from_phnum(size_t word, size_t hash_word, size_t phnum) {
        const size_t wider = hash_word == 8 ? 4 : 0;

        return (LinkLayout){
                .hash_word = hash_word,
                .phnum = phnum,
                .searchlist = phnum + word, /* behind l_ldnum */
                .nbuckets = phnum + (word == 8 ? 60 : 32) + wider,
                .opencount = phnum + (word == 8 ? 96 : 56) + 2 * wider,
        };
}

static LinkLayout layout_of_entry(const LinkReader *r, size_t i, size_t phnum) {
        return layout_from_phnum(r->word, elf_file_hash_word(r->files[i].elf), phnum);
}

static bool is_anchor(const LinkReader *r, size_t i, size_t phnum) {
        const LinkLayout y = layout_of_entry(r, i, phnum);

        return link_reader_header_matches(r, i, phnum) && link_reader_hash_matches(r, i, &y);
}

/* Every entry whose file is unchanged must have it at the same offset. */
static void find_anchor(LinkReader *r) {
        size_t found = 0;

        for (size_t i = 0; i < r->list->n_maps && r->n_samples < LINK_SAMPLES_MAX; i++) {
                if (!link_reader_comparable(r, i))
                        continue;
                for (size_t q = ANCHOR_FIRST; q < ANCHOR_LAST; q++) {
                        size_t phnum = (q + 2) * r->word;

                        if (link_reader_word(r, i, q * r->word) == 0 || !is_anchor(r, i, phnum))
                                continue;
                        if (found != 0 && found != phnum)
                                return;
                        found = phnum;
                        r->samples[r->n_samples++] = i;
                        break;
                }
        }
        if (found != 0)
                r->layout = layout_of_entry(r, r->samples[0], found);
}

static bool lies_in_map(const LinkReader *r, size_t i, size_t map_start) {
        uint64_t start = link_reader_word(r, i, map_start), end = link_reader_word(r, i, map_start + r->word);

        return start != 0 && start <= r->list->maps[i].l_ld && r->list->maps[i].l_ld < end;
}

static bool is_map_start(LinkReader *r, size_t i, size_t offset) {
        return link_reader_word(r, i, offset) == r->files[i].map_start && lies_in_map(r, i, offset);
}

size_t link_reader_count_initfini(LinkReader *r, size_t i, uint64_t array) {
        uint64_t member;

        if (array == 0)
                return 0;
        for (size_t k = 0; k <= r->list->n_maps && r->n_members < LINK_MEMBERS_MAX; k++) {
                r->n_members++;
                if (memory_read_word(r->memory, array + k * r->word, r->word, &member) < 0)
                        return 0;
                if (k > 0 && member == 0)
                        return k;
                if (k == 0 ? member != r->list->maps[i].address : link_reader_find(r, member) < 0)
                        return 0;
        }
        return 0;
}

static bool is_initfini(LinkReader *r, size_t i, size_t offset) {
        return link_reader_count_initfini(r, i, link_reader_word(r, i, offset)) > 0;
}

typedef bool (*LandmarkCheck)(LinkReader *r, size_t i, size_t offset);

/* Do more than half of the samples pass the check there? Each may cost a read from wherever the word leads. */
static bool is_landmark(LinkReader *r, size_t offset, LandmarkCheck check) {
        size_t passed = 0, failed = 0;

        for (size_t s = 0; s < r->n_samples && 2 * failed < r->n_samples; s++)
                if (check(r, r->samples[s], offset))
                        passed++;
                else
                        failed++;
        return 2 * passed > r->n_samples;
}

/* The first offset from `first` on that is one, or 0. */
static size_t find_landmark(LinkReader *r, size_t first, LandmarkCheck check) {
        for (size_t q = 0; q < SEARCH_WORDS; q++)
                if (is_landmark(r, first + q * r->word, check))
                        return first + q * r->word;
        return 0;
}

bool link_reader_proven(const LinkReader *r, size_t i) {
        const size_t map_start = r->layout.map_start;

        return map_start != 0 && map_start + 2 * r->word <= r->blocks[i].size &&
               link_reader_word(r, i, L_REAL * r->word) == r->list->maps[i].address &&
               lies_in_map(r, i, map_start);
}

bool link_reader_flags_agree(const LinkReader *r, size_t i, size_t flags_1) {
        const LinkMap *m = &r->list->maps[i];
        const uint32_t copy = (uint32_t) link_reader_get(r, i, flags_1, 4);

        /* Up to glibc 2.30, the loader itself adds DF_1_NODELETE. */
        return !m->dynamic_read || ((copy ^ (uint32_t) m->flags_1) & ~(uint32_t) DF_1_NODELETE) == 0;
}

/* Is l_flags_1 here? Most flags are zero and prove little, but l_used, 8 bytes before, is always 1. */
static bool is_flags_1(const LinkReader *r, size_t offset) {
        for (size_t s = 0; s < r->n_samples; s++)
                if (link_reader_get(r, r->samples[s], offset - 8, 4) != 1 ||
                    !link_reader_flags_agree(r, r->samples[s], offset))
                        return false;
        return true;
}

/*
 * l_reldeps follows l_initfini, or (since the fix of bug 30785, which the branches of
 * 2.35 to 2.38 have) one word later. What follows decides:
 * l_reldepsmax, l_used, l_feature_1, l_flags_1, each an unsigned.
 */
static void find_reldeps(LinkReader *r) {
        for (size_t k = 1; k <= 2; k++) {
                size_t reldeps = r->layout.initfini + k * r->word;

                if (!is_flags_1(r, reldeps + r->word + 12))
                        continue;
                r->layout.reldeps = reldeps;
                r->layout.flags_1 = reldeps + r->word + 12;
                return;
        }
}

const ElfSegment *link_reader_tls(const LinkReader *r, size_t i) {
        const ElfFile *elf = r->files[i].elf;

        for (size_t s = 0; s < elf->n_segments; s++)
                if (elf->segments[s].type == PT_TLS && elf->segments[s].memory_size > 0)
                        return &elf->segments[s];
        return NULL;
}

/* l_tls_initimage, l_tls_initimage_size, l_tls_blocksize: as in PT_TLS, or zeros. */
static bool is_tls(const LinkReader *r, size_t i, size_t offset) {
        const ElfSegment *tls = link_reader_tls(r, i);
        const uint64_t image = link_reader_word(r, i, offset), size = link_reader_word(r, i, offset + r->word);
        const uint64_t block = link_reader_word(r, i, offset + 2 * r->word);

        if (!tls)
                return image == 0 && size == 0 && block == 0;
        return image == sum(r, r->list->maps[i].l_addr, tls->address) && size == tls->file_size &&
               block == tls->memory_size;
}

/* Behind these three: l_tls_align, l_tls_firstbyte_offset, l_tls_offset, l_tls_modid. */
static void find_tls(LinkReader *r) {
        for (size_t offset = r->layout.flags_1 + 4; offset + 8 * r->word <= LINK_BLOCK_SIZE; offset += 4) {
                bool seen = false, agree = true;

                for (size_t s = 0; s < r->n_samples && agree; s++) {
                        agree = is_tls(r, r->samples[s], offset);
                        seen = seen || link_reader_tls(r, r->samples[s]);
                }
                if (!agree || !seen)
                        continue;
                r->layout.modid = offset + 6 * r->word;
                return;
        }
}

/* The rest of the layout. What was not found stays 0, and so does what is found from it. */
void link_layout_find(LinkReader *r) {
        LinkLayout *y = &r->layout;

        find_anchor(r);
        if (y->phnum == 0)
                return;
        y->map_start = find_landmark(r, y->opencount + 8, is_map_start);
        if (y->map_start == 0)
                return;
        y->initfini = find_landmark(r, y->map_start + 2 * r->word, is_initfini);
        if (y->initfini == 0)
                return;
        /* l_file_id (twice 8 bytes), then l_runpath_dirs: a pointer and an int. */
        y->file_id = y->initfini - 2 * r->word - 16;
        find_reldeps(r);
        if (y->reldeps != 0)
                find_tls(r);
}
