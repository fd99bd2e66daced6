/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "judge/content-compare.h"
#include "judge/ignore.h"
#include "judge/observe.h"
#include "scan/path-lookup.h"
#include "scan/sweep-view.h"

static const Mapping *mapping_of(const Examination *x, size_t mapping) {
        return &x->maps->mappings[mapping];
}

/* Looks a name up and notes that the verdict depends on it. The Path is valid until the next lookup. */
static int look_up(Examination *x, const CachedView *view, const Mapping *m, const char *name, bool mapped,
                   uint32_t *ret) {
        int r;

        sweep_context_beacon(x->ctx, x->process, m);
        r = path_lookup(x->ctx, view, name, mapped, ret);
        if (r < 0)
                return r;
        if (!GROW(x->paths, x->allocated_paths, x->n_paths + 1))
                return -ENOMEM;
        x->paths[x->n_paths++] = *ret;
        return 0;
}

static const Path *path_of(const Examination *x, uint32_t path) {
        return &x->ctx->scan->lookups.paths[path];
}

int observe_by_lookups(Examination *x, size_t mapping) {
        const Mapping *m = mapping_of(x, mapping);
        Observation *j = &x->observed[mapping];
        const char *name = mount_view_path(&x->view->view, m->name);
        const Path *p;
        uint32_t path;
        int r;

        if (!name || verdict_cut_mark(name) != strlen(name))
                return 0;
        r = look_up(x, x->view, m, name, /* mapped= */ true, &path);
        if (r < 0)
                return r;
        p = path_of(x, path);
        if (p->error < 0 || !file_identity_has(&p->identity, m->dev_major, m->dev_minor, m->inode) ||
            !S_ISREG(p->identity.mode) || !examination_is_older(x, &p->identity) ||
            (p->modified > 0 && content_was_modified(x, mapping, path)))
                return 0;
        j->mapped = p->identity;
        j->mapped_known = true;
        if (j->loader_name && verdict_name_resolvable(j->loader_name) && !streq(j->loader_name, name)) {
                r = look_up(x, x->view, m, j->loader_name, /* mapped= */ false, &path);
                if (r < 0)
                        return r;
                p = path_of(x, path);
                if (p->error < 0 || !file_identity_equal(&p->identity, &j->mapped))
                        return 0;
        }
        j->verdict = (Verdict){ .state = STATE_CURRENT };
        return 1;
}

static void file_from_identity(const FileIdentity *i, VerdictFile *ret) {
        *ret = (VerdictFile){
                .lookup = LOOKUP_FOUND,
                .dev_major = i->dev_major,
                .dev_minor = i->dev_minor,
                .inode = i->inode,
                .nlink = i->nlink > UINT32_MAX ? UINT32_MAX : (uint32_t) i->nlink,
                .regular = S_ISREG(i->mode),
                .mount_id = i->mount_id,
        };
}

static Lookup lookup_from_error(int error) {
        return error == -ETIMEDOUT ? LOOKUP_HUNG : lookup_from_errno(-error);
}

static void file_from_path(const CachedView *view, const Path *p, VerdictFile *ret) {
        const Mount *m;

        if (p->error == 0) {
                file_from_identity(&p->identity, ret);
                return;
        }
        m = mount_table_covering(&view->view.mounts, p->name);
        *ret = (VerdictFile){ .lookup = lookup_from_error(p->error), .mount_id = m ? m->id : 0 };
}

static void observe_mapped(Examination *x, size_t mapping, VerdictFacts *f) {
        const Mapping *m = mapping_of(x, mapping);
        Observation *j = &x->observed[mapping];
        int r;

        f->printed_dev_major = m->dev_major;
        f->printed_dev_minor = m->dev_minor;
        f->printed_inode = m->inode;
        f->internal = m->dev_major == x->ctx->scan->shm_major && m->dev_minor == x->ctx->scan->shm_minor;
        f->remote = examination_is_remote(x, m);
        if (sweep_context_skips_device(x->ctx, m->dev_major, m->dev_minor)) {
                f->mapped.lookup = LOOKUP_HUNG;
                return;
        }
        /* A server's file system may have come to lie on the path only: the mapped file then is still one to be identified. */
        if (f->remote && !sweep_context_device_answers(x->ctx, x->view, m->dev_major, m->dev_minor)) {
                f->mapped.lookup = LOOKUP_REMOTE;
                return;
        }
        r = examination_read_identity(x, mapping, &j->mapped);
        j->mapped_known = r >= 0;
        if (f->remote)
                f->mapped.lookup = LOOKUP_REMOTE;
        else if (r >= 0)
                file_from_identity(&j->mapped, &f->mapped);
        else
                f->mapped.lookup = lookup_from_error(r);
}

/* Does the name lead to what is mapped there? Returns 1, 0, or -ENOMEM. */
static int leads_to(Examination *x, const char *name, size_t mapping) {
        uint32_t path;
        int r;

        r = look_up(x, x->view, mapping_of(x, mapping), name, /* mapped= */ false, &path);
        if (r < 0)
                return r;
        return path_of(x, path)->error >= 0 && file_identity_equal(&path_of(x, path)->identity, &x->observed[mapping].mapped);
}

/* Does the name lead to the file system of the mapping in the host's view? Then that serves where no process shows the mount. */
static bool is_on_host(const Examination *x, const Mapping *m) {
        const CachedView *host = x->ctx->host_view;
        const Mount *mount = host && mount_view_path(&host->view, m->name) ?
                mount_table_covering(&host->view.mounts, m->name) : NULL;

        return mount && mount->dev_major == m->dev_major && mount->dev_minor == m->dev_minor;
}

/*
 * The view to look the name up in. It may lie outside of the process's root: the process may have changed its root
 * (chroot(2)), or left its namespace, since it mapped the file. Then any process that has that namespace shows it.
 */
static const CachedView *observe_mount(Examination *x, size_t mapping, VerdictFacts *f) {
        const CachedView *view = x->view, *whole = NULL, *other;
        const Mapping *mapped = mapping_of(x, mapping);
        const bool beneath = mount_view_path(&view->view, mapped->name) != NULL;
        const Observation *j = &x->observed[mapping];
        bool all = false;
        const Mount *m;

        m = j->mapped_known ? mount_table_find(&view->view.mounts, j->mapped.mount_id) : NULL;
        /* What a root lies on that is itself no mount is not in the table; what lies beneath it is the process's all the same. */
        if (m || (j->mapped_known && beneath && j->mapped.mount_id == view->view.root.mount_id)) {
                f->mount = MOUNT_PRESENT;
                f->mount_root_deleted = m && mount_root_deleted(m);
                return view;
        }
        if (!view->view.mounts.whole)
                whole = sweep_view_whole(x->ctx, view->view.namespace);
        if (!j->mapped_known || j->mapped.mount_id == 0)
                return beneath ? view : whole ?: is_on_host(x, mapped) ? x->ctx->host_view : view;
        if (whole && mount_table_find(&whole->view.mounts, j->mapped.mount_id))
                other = whole;
        else
                other = sweep_view_with_mount(x->ctx, j->mapped.mount_id, mapped->name, view, &all);
        if (other) {
                /* unshare(2) copies the mounts; what was mapped before is on that of the namespace left, and still at its path. */
                if (beneath && leads_to(x, mount_view_path(&view->view, mapped->name), mapping) > 0) {
                        f->mount = MOUNT_PRESENT;
                        return view;
                }
                m = mount_table_find(&other->view.mounts, j->mapped.mount_id);
                f->mount = MOUNT_ELSEWHERE;
                f->mount_root_deleted = m && mount_root_deleted(m);
                /* A root that is no mount point does not list the mount it lies on; what is beneath it, it sees. */
                return !streq(view->view.root_path, "/") && beneath ? view : other;
        }
        /* Detached, if a root that would list it in mountinfo does not: a chrooted mountinfo shows only mounts below its root. */
        if (all && (view->view.mounts.whole || whole))
                f->mount = MOUNT_GONE;
        return beneath || f->mount == MOUNT_GONE || !is_on_host(x, mapped) ? view : x->ctx->host_view;
}

/* Decides what the name is, and looks it up. Returns 0 or -ENOMEM. */
static int observe_path(Examination *x, const CachedView *view, size_t mapping, VerdictFacts *f, uint32_t *ret) {
        const Mapping *m = mapping_of(x, mapping);
        Observation *j = &x->observed[mapping];
        size_t cut = verdict_cut_mark(m->name);
        const char *name = mount_view_path(&view->view, m->name);
        VerdictFile as_it_stands;
        int r;

        *ret = PATH_NONE;
        if (cut < strlen(m->name)) {
                as_it_stands = (VerdictFile){ .lookup = LOOKUP_NONE };
                if (name) {
                        r = look_up(x, view, m, name, /* mapped= */ true, ret);
                        if (r < 0)
                                return r;
                        file_from_path(view, path_of(x, *ret), &as_it_stands);
                }
                f->marked = verdict_marked(f, &as_it_stands);
                if (f->marked) {
                        j->path = strndup(m->name, cut);
                        if (!j->path)
                                return -ENOMEM;
                        name = mount_view_path(&view->view, j->path);
                }
        }
        f->path = examination_path(x, mapping);
        if (!name)
                return 0;
        r = look_up(x, view, m, name, /* mapped= */ true, ret);
        if (r < 0)
                return r;
        j->disk_path = *ret;
        file_from_path(view, path_of(x, *ret), &f->disk);
        if (f->disk.lookup == LOOKUP_FOUND)
                file_identity_to_file_id(&path_of(x, *ret)->identity, &j->disk);
        return 0;
}

/* The facts of the file that the path leads to; NULL: it cannot be read. */
static const ElfEntry *read_elf_at(Examination *x, const Path *p) {
        const ElfEntry *e = elf_cache_find(&x->ctx->scan->elfs, &p->identity, x->ctx->scan->sweep);
        _cleanup_close_ int fd = -EBADF;
        FileIdentity i;

        if (e)
                return e;
        fd = mount_view_open_file(&x->view->view, x->ctx->scan->proc_fd, p->name, x->ctx->options.remote_file_systems, &i);
        return fd < 0 ? NULL : elf_cache_add(&x->ctx->scan->elfs, &i, fd, x->ctx->scan->sweep);
}

#define COMMAND_MAX 4096

/*
 * Nothing has the name any more, so that what it was cannot be seen: the program, or a script, which AT_EXECFN names as
 * well. Of a script, the kernel makes the interpreter the first argument (execve(2)). Where the process has overwritten its
 * arguments, that remains unknown, and nothing is reported.
 */
static bool was_started_by(const Examination *x, const char *name) {
        _cleanup_free_ char *text = NULL;
        const char *first;

        if (process_read_file(x->process, "cmdline", COMMAND_MAX, &text, NULL) < 0)
                return false;
        first = base_name(*text == '-' ? text + 1 : text); /* as login(1) starts a shell */
        return streq(first, base_name(name));
}

/* AT_EXECFN of a script is the script, that of a foreign binary the binary: only a program like this one may take its place. */
static bool could_be_executed(Examination *x, size_t mapping, const Path *p) {
        const ElfEntry *theirs;
        ElfImage mine;

        if (p->error < 0)
                return was_started_by(x, p->name);
        theirs = read_elf_at(x, p);
        return theirs && theirs->error == 0 && content_read_image(x, mapping, &mine) > 0 &&
                mine.machine == theirs->elf.machine && mine.class == theirs->elf.class;
}

/*
 * Has the process left the root that its names are of, as by pivot_root(2)? Then the
 * loader that it was started with lies on a mount below its root of now, and is found
 * neither by the name in PT_INTERP, nor by its own without the mount's. (A
 * system with /usr on a mount finds it by both.) Returns 1, 0, or -ENOMEM.
 */
static int find_root_left(Examination *x) {
        const MountView *view = &x->view->view;
        const Mount *mount;
        const char *name, *asked;
        size_t n;
        int r;

        if (x->interpreter == EXAMINE_NO_INDEX)
                return 0;
        asked = x->observed[x->interpreter].loader_name;
        name = mount_view_path(view, mapping_of(x, x->interpreter)->name);
        if (!name || verdict_cut_mark(name) < strlen(name) || !asked || !verdict_name_resolvable(asked) ||
            !examination_identify(x, x->interpreter))
                return 0;
        mount = mount_table_covering(&view->mounts, name);
        n = mount ? strlen(mount->point) : 0;
        if (n <= 1 || strncmp(asked, mount->point, n) == 0)
                return 0;
        r = leads_to(x, asked, x->interpreter);
        if (r == 0)
                r = leads_to(x, name + n, x->interpreter);
        return r < 0 ? r : r == 0;
}

/* The same for all of its mappings. Returns as above. */
static int has_left_root(Examination *x) {
        int r;

        if (x->left_root == 0) {
                r = find_root_left(x);
                if (r < 0)
                        return r;
                x->left_root = r > 0 ? 1 : -1;
        }
        return x->left_root > 0;
}

static int observe_loader_name(Examination *x, const CachedView *view, size_t mapping, VerdictFacts *f, uint32_t *ret) {
        Observation *j = &x->observed[mapping];
        int r;

        *ret = PATH_NONE;
        if (view != x->view || !j->loader_name || !verdict_name_resolvable(j->loader_name))
                return 0;
        /* Opened before the chroot, by the name that it has outside: that means nothing behind it. */
        if (!streq(view->view.root_path, "/") && streq(j->loader_name, examination_path(x, mapping)))
                return 0;
        r = has_left_root(x);
        if (r != 0)
                return r < 0 ? r : 0;
        r = look_up(x, view, mapping_of(x, mapping), j->loader_name, /* mapped= */ false, ret);
        if (r < 0)
                return r;
        if (mapping == x->executable && j->loader_name == x->loader.execfn && j->mapped_known &&
            !file_identity_equal(&path_of(x, *ret)->identity, &j->mapped) && !could_be_executed(x, mapping, path_of(x, *ret)))
                return 0;
        file_from_path(view, path_of(x, *ret), &f->loader);
        return 0;
}

/* Compares with what took its place, and names that where it has another path. Returns 0 or -ENOMEM. */
static int observe_successor(Examination *x, const CachedView *view, size_t mapping, uint32_t path, bool other_path,
                             Evidence *ret) {
        _cleanup_close_ int path_fd = -EBADF, fd = -EBADF;
        const Path *p = path_of(x, path);
        Observation *j = &x->observed[mapping];
        FileIdentity i;

        if (!other_path && p->error >= 0) {
                *ret = content_compare_known(x, mapping, &p->identity, &j->disk);
                if (*ret != EVIDENCE_NONE)
                        return 0;
        }
        if (mount_view_lookup(&view->view, p->name, x->ctx->options.remote_file_systems, &path_fd, &i) < 0 || !S_ISREG(i.mode) ||
            (!x->ctx->options.remote_file_systems && !mount_view_answers(&view->view, &i)))
                return 0;
        if (other_path) {
                Process self = { .fd = x->ctx->scan->proc_fd, .maps_fd = -EBADF };
                char name[64];

                snprintf(name, sizeof(name), "self/fd/%d", path_fd);
                if (process_read_link(&self, name, &j->successor) == -ENOMEM)
                        return -ENOMEM;
        }
        fd = mount_view_reopen(x->ctx->scan->proc_fd, path_fd);
        if (fd >= 0)
                *ret = content_compare(x, mapping, &i, fd, other_path ? NULL : &j->disk);
        return 0;
}

/* Is it a library, or a program: listed by the loader, run, or begins as ELF does? */
static bool is_object(Examination *x, size_t mapping) {
        const Vma *r = &x->maps->vmas[mapping_of(x, mapping)->first_vma];
        _cleanup_close_ int fd = -EBADF;
        char magic[SELFMAG];

        if (x->observed[mapping].link != EXAMINE_NO_INDEX || mapping == x->executable || mapping == x->interpreter)
                return true;
        if (r->offset == 0 && x->loader.memory && memory_read(x->loader.memory, r->start, magic, SELFMAG) >= 0)
                return memcmp(magic, ELFMAG, SELFMAG) == 0;
        if (!examination_identify(x, mapping))
                return true; /* not known: counted as unknown rather than ignored */
        fd = examination_open_mapped(x, mapping);
        return fd < 0 || (pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0);
}

/* No concern of anybody's: no library, or one that its program removed by intent, or that the administrator names. */
static bool is_ignored(Examination *x, size_t mapping, const VerdictFacts *f, const Verdict *v) {
        const char *exe = x->executable != EXAMINE_NO_INDEX ? examination_path(x, x->executable) : NULL;
        const Observation *j = &x->observed[mapping];
        bool object = is_object(x, mapping);
        IgnoreFacts facts = {
                .path = f->path,
                .removed = v->state == STATE_DELETED && !(v->flags & FLAG_FILE_BIND_MOUNT) && v->successor == SUCCESSOR_NONE,
                .nlink_known = j->mapped_known,
                .nlink = f->mapped.nlink,
                .elf_known = true,
                .elf = object,
        };

        return !object || ignore_find(&facts) || ignore_globs_match(x->ctx->options.ignore_paths, f->path) ||
                ignore_globs_match(x->ctx->options.ignore_exes, exe);
}

/*
 * Where map_files is refused: that maps prints the numbers of the file at the path proves that it is that file. That they
 * differ proves nothing: on btrfs and overlayfs, maps prints another device than stat(2).
 */
static void take_printed(Examination *x, size_t mapping, uint32_t path, VerdictFacts *f) {
        const Path *p = path_of(x, path);
        Observation *j = &x->observed[mapping];

        if (j->mapped_known || f->mapped.lookup != LOOKUP_DENIED || p->error < 0 ||
            !file_identity_has(&p->identity, f->printed_dev_major, f->printed_dev_minor, f->printed_inode))
                return;
        j->mapped = p->identity;
        j->mapped_known = true;
        file_from_identity(&j->mapped, &f->mapped);
}

int observe_closely(Examination *x, size_t mapping) {
        VerdictFacts f = { .path = mapping_of(x, mapping)->name, .last_try = x->last_try };
        Observation *j = &x->observed[mapping];
        uint32_t path = PATH_NONE, loader = PATH_NONE;
        const CachedView *view;
        Evidence *content;
        int r;

        observe_mapped(x, mapping, &f);
        view = observe_mount(x, mapping, &f);
        r = observe_path(x, view, mapping, &f, &path);
        if (r >= 0)
                r = observe_loader_name(x, view, mapping, &f, &loader);
        if (r < 0)
                return r;
        if (path != PATH_NONE)
                take_printed(x, mapping, path, &f);
        if (path != PATH_NONE && f.disk.lookup == LOOKUP_FOUND && j->mapped_known &&
            file_identity_equal(&path_of(x, path)->identity, &j->mapped) &&
            (!examination_is_older(x, &j->mapped) || content_was_modified(x, mapping, path)) && is_object(x, mapping)) {
                f.written = true;
                r = content_gather_evidence(x, mapping, path, &f);
                if (r < 0)
                        return r;
        }
        j->verdict = verdict_judge(&f);
        if (j->verdict.state == STATE_CURRENT || j->verdict.state == STATE_IGNORED)
                return 0;
        if (is_ignored(x, mapping, &f, &j->verdict)) {
                j->verdict = (Verdict){ .state = STATE_IGNORED };
                return 0;
        }
        if (j->verdict.successor != SUCCESSOR_NONE) {
                bool other_path = j->verdict.successor == SUCCESSOR_LOADER;

                content = other_path ? &f.loader_content : &f.disk_content;
                r = observe_successor(x, view, mapping, other_path ? loader : path, other_path, content);
                if (r < 0)
                        return r;
                j->verdict = verdict_judge(&f);
        }
        x->race_suspected = x->race_suspected || j->verdict.race_suspected;
        return 0;
}

/* --- modified files, confirmed --- */

/* Does `now` have the same vmas of this file at the same addresses? Names are not compared: they may be cut. */
static bool has_same_vmas(const Examination *x, size_t mapping, const MappingList *now) {
        const Mapping *m = mapping_of(x, mapping);
        size_t k = mapping_list_find_vma(now, m->start), i = m->first_vma;

        for (; i < x->maps->n_vmas && x->maps->vmas[i].start < m->end; i++, k++) {
                const Vma *a = &x->maps->vmas[i], *b;
                const Mapping *of;

                if (a->mapping != mapping)
                        return true; /* vmas behind another file are not of the loader's image */
                if (k >= now->n_vmas)
                        return false;
                b = &now->vmas[k];
                if (a->start != b->start || a->end != b->end || a->offset != b->offset || a->flags != b->flags)
                        return false;
                of = &now->mappings[b->mapping];
                if (of->inode != m->inode || of->dev_major != m->dev_major || of->dev_minor != m->dev_minor)
                        return false;
        }
        return true;
}

/* Is its entry in the link_map chain unchanged, and relocated? l_addr, l_name and l_ld come first in struct link_map (link.h). */
static bool is_listed_still(const Examination *x, size_t mapping) {
        const Observation *j = &x->observed[mapping];
        const size_t word = x->loader.class / 8;
        const LinkMap *link;
        uint64_t l_addr, l_ld;

        if (j->link == EXAMINE_NO_INDEX || !x->loader.memory)
                return true;
        link = &x->loader.list.maps[j->link];
        memory_forget_at(x->loader.memory, link->address, 3 * word);
        return memory_read_word(x->loader.memory, link->address, word, &l_addr) >= 0 &&
                memory_read_word(x->loader.memory, link->address + 2 * word, word, &l_ld) >= 0 &&
                l_addr == link->l_addr && l_ld == link->l_ld && link_map_is_relocated(x->loader.memory, link);
}

/*
 * maps, the link_map chain and the memory were read one after the other. If the process closes and opens a library in
 * between, they do not match although the file was not written to. So both are read again and compared.
 */
int observe_confirm_modified(Examination *x) {
        _cleanup_(mapping_list_done) MappingList now = {};
        bool was_read = false;
        int r;

        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                Observation *j = &x->observed[i];

                if (j->verdict.state != STATE_MODIFIED)
                        continue;
                if (!was_read) {
                        r = mapping_list_read(x->process, x->ctx->options.text_maps, &now);
                        if (r < 0)
                                return r;
                        was_read = true;
                }
                if (has_same_vmas(x, i, &now) && is_listed_still(x, i))
                        continue;
                j->verdict = (Verdict){ .state = STATE_UNKNOWN, .unknown = UNKNOWN_RACE };
                x->race_suspected = x->race_suspected || !x->last_try;
        }
        return 0;
}
