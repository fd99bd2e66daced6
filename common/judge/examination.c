/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "judge/examination.h"
#include "scan/sweep-view.h"

void examination_done(Examination *x) {
        for (size_t i = 0; x->observed && i < x->maps->n_mappings; i++) {
                free(x->observed[i].path);
                free(x->observed[i].successor);
        }
        free(x->observed);
        for (size_t i = 0; x->images && i < x->loader.list.n_maps; i++)
                elf_file_done(&x->images[i]);
        free(x->images);
        free(x->link_mapping);
        free(x->paths);
        loader_done(&x->loader);
        *x = EXAMINATION_NULL;
}

const char *examination_path(const Examination *x, size_t mapping) {
        return x->observed[mapping].path ?: x->maps->mappings[mapping].name;
}

bool examination_counts(const Examination *x, size_t mapping) {
        return x->maps->mappings[mapping].flags & VMA_EXECUTE || x->observed[mapping].link != EXAMINE_NO_INDEX ||
                mapping == x->executable || mapping == x->interpreter;
}

bool examination_is_older(const Examination *x, const FileIdentity *i) {
        return i->ctime < x->started_nsec - SWEEP_SLACK_NSEC;
}

/* As seen without the mark, or with: only which mount it is counts here, and that is the same. */
bool examination_is_remote(const Examination *x, const Mapping *m) {
        const char *name = mount_view_path(&x->view->view, m->name);

        return !x->ctx->options.remote_file_systems && name && mount_table_crosses_remote(&x->view->view.mounts, name);
}

/*
 * By the link in map_files; where that is refused (it needs CAP_CHECKPOINT_RESTORE), that of the program by exe, which
 * needs no more than to trace the process (proc_pid_exe(5)). Returns 0 or -errno.
 */
int examination_read_identity(const Examination *x, size_t mapping, FileIdentity *ret) {
        const Mapping *m = &x->maps->mappings[mapping];
        char name[MAPS_FILE_NAME_SIZE];
        FileIdentity i;
        int r;

        sweep_context_beacon(x->ctx, x->process, NULL); /* map_files takes the mmap_lock of its memory */
        r = file_identity_read(x->process->fd, mapping_file_name(x->maps, m, name), ret);
        if ((r != -EPERM && r != -EACCES) || mapping != x->executable ||
            file_identity_read(x->process->fd, "exe", &i) < 0 || i.inode != m->inode)
                return r;
        *ret = i;
        return 0;
}

bool examination_identify(Examination *x, size_t mapping) {
        const Mapping *m = &x->maps->mappings[mapping];
        Observation *j = &x->observed[mapping];

        if (j->mapped_known)
                return true;
        if (sweep_context_skips_device(x->ctx, m->dev_major, m->dev_minor) || examination_is_remote(x, m))
                return false;
        j->mapped_known = examination_read_identity(x, mapping, &j->mapped) >= 0;
        return j->mapped_known;
}

bool examination_answers(Examination *x, size_t mapping) {
        const Mapping *m = &x->maps->mappings[mapping];
        Observation *j = &x->observed[mapping];
        const Mount *mount;
        bool answers;

        if (j->answers != 0)
                return j->answers > 0;
        answers = sweep_context_device_answers(x->ctx, x->view, m->dev_major, m->dev_minor);
        /* The views that are open depend on what else is examined in this sweep; the answer must not. */
        if (!answers && m->dev_major == 0 && sweep_view_open_namespaces(x->ctx))
                answers = sweep_context_device_answers(x->ctx, x->view, m->dev_major, m->dev_minor);
        /* Another file may have come into its place since maps were read. */
        if (answers && examination_identify(x, mapping) && !x->ctx->options.remote_file_systems) {
                mount = view_cache_find_mount(&x->ctx->scan->views, x->view, j->mapped.mount_id);
                if (mount)
                        answers = mount_answers(mount);
                else if (j->mapped.dev_major != m->dev_major || j->mapped.dev_minor != m->dev_minor)
                        answers = sweep_context_device_answers(x->ctx, x->view, j->mapped.dev_major, j->mapped.dev_minor);
        }
        j->answers = answers ? 1 : -1;
        return answers;
}

/* Opens for reading what *fd (O_PATH) is of, in place of it, if it is still the file that was judged to answer. */
int examination_reopen(const Examination *x, const FileIdentity *expected, int *fd) {
        FileIdentity i;
        int r;

        r = file_identity_read(*fd, "", &i);
        if (r < 0)
                return r;
        if (!file_identity_equal(&i, expected))
                return -ESTALE;
        r = mount_view_reopen(x->ctx->scan->proc_fd, *fd);
        if (r < 0)
                return r;
        fd_close(*fd);
        *fd = r;
        return 0;
}

/* Where map_files is refused, what has the path serves as well if it is the same file. */
static int open_by_path(const Examination *x, const Observation *j) {
        const Path *p = j->disk_path != PATH_NONE ? &x->ctx->scan->lookups.paths[j->disk_path] : NULL;
        const CachedView *view = p ? view_cache_find_open(&x->ctx->scan->views, p->view) : NULL;
        FileIdentity i;
        int fd;

        if (!view)
                return -EACCES;
        fd = mount_view_open_file(&view->view, x->ctx->scan->proc_fd, p->name, x->ctx->options.remote_file_systems, &i);
        if (fd < 0 || file_identity_equal(&i, &j->mapped))
                return fd;
        fd_close(fd);
        return -ESTALE;
}

int examination_open_mapped(Examination *x, size_t mapping) {
        const Observation *j = &x->observed[mapping];
        _cleanup_close_ int fd = -EBADF;
        char name[MAPS_FILE_NAME_SIZE];
        int r;

        if (!j->mapped_known || !S_ISREG(j->mapped.mode))
                return -EINVAL;
        if (!examination_answers(x, mapping))
                return -EREMOTE;
        mapping_file_name(x->maps, &x->maps->mappings[mapping], name);
        sweep_context_beacon(x->ctx, x->process, &x->maps->mappings[mapping]);
        fd = openat(x->process->fd, name, O_PATH | O_CLOEXEC);
        if (fd < 0 && mapping == x->executable) /* needs fewer rights than map_files */
                fd = openat(x->process->fd, "exe", O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno == EPERM || errno == EACCES ? open_by_path(x, j) : -errno;
        r = examination_reopen(x, &j->mapped, &fd);
        return r < 0 ? r : TAKE_FD(fd);
}

int examination_read_elf(Examination *x, size_t mapping) {
        Observation *j = &x->observed[mapping];
        ElfEntry *e;

        if (j->elf || !examination_identify(x, mapping))
                return 0;
        e = elf_cache_find(&x->ctx->scan->elfs, &j->mapped, x->ctx->scan->sweep);
        if (!e) {
                _cleanup_close_ int fd = examination_open_mapped(x, mapping);

                if (fd < 0)
                        return 0;
                e = elf_cache_add(&x->ctx->scan->elfs, &j->mapped, fd, x->ctx->scan->sweep);
                if (!e)
                        return -ENOMEM;
        }
        j->elf = e->error < 0 ? NULL : e;
        return 0;
}

const ElfFile *examination_elf(const Examination *x, size_t mapping) {
        const Observation *j = &x->observed[mapping];

        if (j->elf)
                return &j->elf->elf;
        return j->link != EXAMINE_NO_INDEX && x->images && x->images[j->link].dynamic ? &x->images[j->link] : NULL;
}
