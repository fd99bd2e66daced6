/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fnmatch.h>
#include <stdio.h>

#include "mount.h"

/* Bytes of mountinfo that are read: a line is rarely above 300. */
#define MOUNTINFO_MAX (32u << 20)

/* Types whose server may not answer, or whose access has an effect. fuseblk as well: its server is a program. */
static const char *const remote_types[] = {
        "9p", "afs", "autofs", "beegfs", "ceph", "cifs", "coda", "fuse", "fuse.*", "fuseblk", "gfs2", "glusterfs",
        "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs", "vboxsf", "virtiofs",
};

static bool type_is_remote(const char *type) {
        for (size_t i = 0; i < ELEMENTSOF(remote_types); i++)
                if (fnmatch(remote_types[i], type, 0) == 0)
                        return true;
        return false;
}

void mount_table_done(MountTable *t) {
        for (size_t i = 0; i < t->n_mounts; i++) {
                free(t->mounts[i].root);
                free(t->mounts[i].point);
        }
        free(t->mounts);
        *t = (MountTable){};
}

/* mountinfo has space, tab, newline, backslash and # as three octal digits (fs/proc_namespace.c, mangle()). */
static char *unmangled(const char *s) {
        char *copy = strdup(s), *to = copy;

        if (!copy)
                return NULL;
        for (const char *p = copy; *p;) {
                if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
                        *to++ = (char) ((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
                        p += 4;
                } else
                        *to++ = *p++;
        }
        *to = '\0';
        return copy;
}

/* "36 35 98:0 /root /point options [fields…] - type source options", proc_pid_mountinfo(5). */
static int parse_line(char *line, MountTable *t) {
        char *fields[5], *save = NULL, *type, *end;
        unsigned long long id;
        Mount m = {};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                fields[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
                if (!fields[i])
                        return 0;
        }
        type = save ? strstr(save, " - ") : NULL;
        if (!type)
                return 0;
        type += 3;
        type[strcspn(type, " ")] = '\0';
        errno = 0;
        id = strtoull(fields[0], &end, 10);
        if (errno > 0 || *end != '\0')
                return 0;
        if (!GROW(t->mounts, t->allocated, t->n_mounts + 1))
                return -ENOMEM;
        m = (Mount){ .id = id, .root = unmangled(fields[3]), .point = unmangled(fields[4]), .remote = type_is_remote(type) };
        if (!m.root || !m.point) {
                free(m.root);
                free(m.point);
                return -ENOMEM;
        }
        t->any_remote = t->any_remote || m.remote;
        t->whole = t->whole || streq(m.point, "/");
        t->mounts[t->n_mounts++] = m;
        return 0;
}

int mount_table_parse(char *text, MountTable *ret) {
        _cleanup_(mount_table_done) MountTable t = {};
        char *save = NULL;

        for (char *line = strtok_r(text, "\n", &save); line && t.n_mounts < MOUNTS_MAX; line = strtok_r(NULL, "\n", &save)) {
                int r = parse_line(line, &t);

                if (r < 0)
                        return r;
        }
        *ret = t;
        t = (MountTable){};
        return 0;
}

int mount_table_read(const Process *p, MountTable *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = process_read_file(p, "mountinfo", MOUNTINFO_MAX, &text, NULL);
        if (r < 0)
                return r;
        return mount_table_parse(text, ret);
}

const Mount *mount_table_find(const MountTable *t, uint64_t id) {
        for (size_t i = 0; i < t->n_mounts; i++)
                if (t->mounts[i].id == id)
                        return &t->mounts[i];
        return NULL;
}

/* Is `path` the point itself, or below it? */
static bool is_below(const char *path, const char *point) {
        size_t n = strlen(point);

        if (streq(point, "/"))
                return path[0] == '/';
        return strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const Mount *mount_table_covering(const MountTable *t, const char *path) {
        const Mount *best = NULL;

        for (size_t i = 0; i < t->n_mounts; i++)
                if (is_below(path, t->mounts[i].point) &&
                    (!best || strlen(t->mounts[i].point) >= strlen(best->point)))
                        best = &t->mounts[i];
        return best;
}

bool mount_table_crosses_remote(const MountTable *t, const char *path) {
        if (!t->any_remote)
                return false;
        for (size_t i = 0; i < t->n_mounts; i++)
                if (t->mounts[i].remote && is_below(path, t->mounts[i].point))
                        return true;
        return false;
}

bool mount_root_deleted(const Mount *m) {
        static const char suffix[] = "//deleted";
        size_t n = strlen(m->root);

        return n >= sizeof(suffix) - 1 && streq(m->root + n - (sizeof(suffix) - 1), suffix);
}
