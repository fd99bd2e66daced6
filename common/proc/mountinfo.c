/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>

#include "proc/mountinfo.h"

/* Bytes of mountinfo that are read: a line is rarely above 300. */
#define MOUNTINFO_MAX (32u << 20)

/* Types whose server may not answer, or whose access has an effect. fuseblk as well: its server is a program. */
static const char *const remote_types[] = {
        "9p", "acfs", "afs", "autofs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse", "fuse.*", "fuseblk", "gfs",
        "gfs2", "glusterfs", "gpfs", "hostfs", "lustre", "ncp", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs",
        "prl_fs", "pvfs2", "smb3", "smbfs", "sshfs", "vboxsf", "virtiofs", "vmhgfs", "wekafs",
};

static bool type_is_remote(const char *type) {
        for (size_t i = 0; i < ELEMENTSOF(remote_types); i++)
                if (fnmatch(remote_types[i], type, 0) == 0)
                        return true;
        return false;
}

static void mount_done(Mount *m) {
        free(m->root);
        free(m->point);
        free(m->layers);
}

void mount_table_done(MountTable *t) {
        for (size_t i = 0; i < t->n_mounts; i++)
                mount_done(&t->mounts[i]);
        free(t->mounts);
        free(t->by_id);
        free(t->by_point);
        free(t->by_device);
        free(t->remote_by_point);
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

/*
 * The layers of an overlay from its options: "rw,lowerdir=/a:/b,upperdir=/c,…", or
 * from Linux 6.8 on "lowerdir+=/a,lowerdir+=/b,…" (fs/overlayfs/params.c). A colon
 * within a path of the first form has a backslash before it. Relative paths are left
 * out: what they were relative to is not known any more.
 */
static char *overlay_layers(char *options) {
        static const char *const keys[] = { "lowerdir=", "lowerdir+=", "datadir+=", "upperdir=" };
        size_t n = strlen(options);
        char *layers = calloc(1, n + 2), *to = layers, *save = NULL;

        if (!layers)
                return NULL;
        for (char *option = strtok_r(options, ",", &save); option; option = strtok_r(NULL, ",", &save)) {
                _cleanup_free_ char *value = NULL;
                bool list;
                size_t i;

                for (i = 0; i < ELEMENTSOF(keys); i++)
                        if (strncmp(option, keys[i], strlen(keys[i])) == 0)
                                break;
                if (i == ELEMENTSOF(keys))
                        continue;
                list = i == 0;
                value = unmangled(option + strlen(keys[i]));
                if (!value) {
                        free(layers);
                        return NULL;
                }
                for (const char *p = value; *p;) {
                        bool absolute = *p == '/';

                        for (; *p && !(list && *p == ':'); p++) {
                                if (list && p[0] == '\\' && p[1] != '\0')
                                        p++;
                                if (absolute)
                                        *to++ = *p;
                        }
                        if (absolute)
                                *to++ = '\0';
                        p += *p == ':';
                }
        }
        *to = '\0';
        return layers;
}

/* A number up to the end of its field. */
static int parse_number(const char *s, uint64_t *ret) {
        char *end;

        if (*s < '0' || *s > '9')
                return -EBADMSG;
        errno = 0;
        *ret = strtoull(s, &end, 10);
        return errno > 0 || *end != '\0' ? -EBADMSG : 0;
}

static int parse_device(const char *s, Mount *m) {
        return sscanf(s, "%" SCNu32 ":%" SCNu32, &m->dev_major, &m->dev_minor) == 2 ? 0 : -EBADMSG;
}

/* "36 35 98:0 /root /point options [fields…] - type source options", proc_pid_mountinfo(5). */
static int parse_line(char *line, MountTable *t) {
        char *fields[5], *save = NULL, *type, *options;
        Mount m = {};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                fields[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
                if (!fields[i])
                        return 0;
        }
        type = save ? strstr(save, " - ") : NULL;
        if (!type || parse_number(fields[0], &m.id) < 0 || parse_number(fields[1], &m.parent) < 0 ||
            parse_device(fields[2], &m) < 0)
                return 0;
        type += 3;
        options = type + strcspn(type, " ");
        if (*options)
                *options++ = '\0';
        options += strcspn(options, " "); /* the source: cannot be empty, and has its spaces escaped */
        if (!GROW(t->mounts, t->allocated, t->n_mounts + 1))
                return -ENOMEM;
        m.remote = type_is_remote(type);
        m.root = unmangled(fields[3]);
        m.point = unmangled(fields[4]);
        if (streq(type, "overlay"))
                m.layers = overlay_layers(options + (*options == ' '));
        if (!m.root || !m.point || (streq(type, "overlay") && !m.layers)) {
                mount_done(&m);
                return -ENOMEM;
        }
        t->mounts[t->n_mounts++] = m;
        return 0;
}

static int compare_id(const void *a, const void *b, void *userdata) {
        const Mount *mounts = userdata, *x = &mounts[*(const uint32_t *) a], *y = &mounts[*(const uint32_t *) b];

        return x->id < y->id ? -1 : x->id > y->id;
}

/* By point, then by what they are mounted on; of equal ones, the later of the kernel's order is the last. */
static int compare_point(const void *a, const void *b, void *userdata) {
        const Mount *mounts = userdata, *x = &mounts[*(const uint32_t *) a], *y = &mounts[*(const uint32_t *) b];
        int r = strcmp(x->point, y->point);

        if (r != 0)
                return r;
        if (x->parent != y->parent)
                return x->parent < y->parent ? -1 : 1;
        return x < y ? -1 : x > y;
}

static int compare_device(const void *a, const void *b, void *userdata) {
        const Mount *mounts = userdata, *x = &mounts[*(const uint32_t *) a], *y = &mounts[*(const uint32_t *) b];

        if (x->dev_major != y->dev_major)
                return x->dev_major < y->dev_major ? -1 : 1;
        return x->dev_minor < y->dev_minor ? -1 : x->dev_minor > y->dev_minor;
}

/* strcmp() of a point with the first n bytes of a path, in which one slash may be several. */
static int compare_prefix(const char *point, const char *path, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (path[i] == '/' && i + 1 < n && path[i + 1] == '/')
                        continue;
                if (*point != path[i])
                        return (unsigned char) *point < (unsigned char) path[i] ? -1 : 1;
                point++;
        }
        return *point != '\0';
}

const Mount *mount_table_find(const MountTable *t, uint64_t id) {
        size_t low = 0, high = t->n_mounts;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (t->mounts[t->by_id[middle]].id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < t->n_mounts && t->mounts[t->by_id[low]].id == id ? &t->mounts[t->by_id[low]] : NULL;
}

const Mount *mount_table_of_device(const MountTable *t, uint32_t dev_major, uint32_t dev_minor) {
        uint64_t device = (uint64_t) dev_major << 32 | dev_minor;
        size_t low = 0, high = t->n_mounts;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const Mount *m = &t->mounts[t->by_device[middle]];
                uint64_t other = (uint64_t) m->dev_major << 32 | m->dev_minor;

                if (other == device)
                        return m;
                if (other < device)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* What is mounted on the mount `parent`, at the first n bytes of the path. */
static const Mount *mounted_on(const MountTable *t, uint64_t parent, const char *path, size_t n) {
        size_t low = 0, high = t->n_mounts;

        /* The first that is greater: the one before it is the last that may be equal. */
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const Mount *m = &t->mounts[t->by_point[middle]];
                int r = compare_prefix(m->point, path, n);

                if (r < 0 || (r == 0 && m->parent <= parent))
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low > 0) {
                const Mount *m = &t->mounts[t->by_point[low - 1]];

                if (m->parent == parent && compare_prefix(m->point, path, n) == 0)
                        return m;
        }
        return NULL;
}

/* Follows what is stacked on one point to the topmost. A loop is not in the kernel, but may be in a forged text. */
static void find_tops(MountTable *t) {
        for (size_t i = 0; i < t->n_mounts; i++)
                t->mounts[i].top = UINT32_MAX;
        for (size_t i = 0; i < t->n_mounts; i++) {
                size_t top = i;

                for (size_t steps = 0; steps < t->n_mounts && t->mounts[top].top == UINT32_MAX; steps++) {
                        const Mount *m = &t->mounts[top], *next = mounted_on(t, m->id, m->point, strlen(m->point));

                        if (!next || next == m)
                                break;
                        top = (size_t) (next - t->mounts);
                }
                if (t->mounts[top].top != UINT32_MAX)
                        top = t->mounts[top].top;
                /* All on the way share it, so that a high stack is walked once. */
                for (size_t at = i; at != top && t->mounts[at].top == UINT32_MAX;) {
                        const Mount *m = &t->mounts[at], *next = mounted_on(t, m->id, m->point, strlen(m->point));

                        t->mounts[at].top = (uint32_t) top;
                        if (!next)
                                break;
                        at = (size_t) (next - t->mounts);
                }
                t->mounts[top].top = (uint32_t) top;
        }
}

/* Where the path's next component ends: "/", "/a", "/a/b", … 0 at its end. */
static size_t next_prefix(const char *path, size_t n) {
        if (n == 0)
                return path[0] == '/';
        n += strspn(path + n, "/");
        return path[n] == '\0' ? 0 : n + strcspn(path + n, "/");
}

static bool below_remote(const MountTable *t, const char *path) {
        for (size_t n = 0; (n = next_prefix(path, n)) > 0;) {
                size_t low = 0, high = t->n_remote;

                while (low < high) {
                        size_t middle = low + (high - low) / 2;
                        int r = compare_prefix(t->mounts[t->remote_by_point[middle]].point, path, n);

                        if (r == 0)
                                return true;
                        if (r < 0)
                                low = middle + 1;
                        else
                                high = middle;
                }
        }
        return false;
}

/* Of the sorted index, those that are remote. */
static void collect_remote(MountTable *t) {
        t->n_remote = 0;
        for (size_t i = 0; i < t->n_mounts; i++)
                if (t->mounts[t->by_point[i]].remote)
                        t->remote_by_point[t->n_remote++] = t->by_point[i];
        t->any_remote = t->n_remote > 0;
}

void mount_table_judge_overlays(MountTable *t, const MountTable *where) {
        /* An overlay may lie on an overlay, but on no deeper one: FILESYSTEM_MAX_STACK_DEPTH, include/linux/fs.h. */
        for (size_t round = 0; round < 2 && where->n_remote > 0; round++) {
                bool found = false;

                for (size_t i = 0; i < t->n_mounts; i++) {
                        Mount *m = &t->mounts[i];

                        for (const char *layer = m->layers; layer && *layer && !m->remote; layer += strlen(layer) + 1)
                                m->remote = below_remote(where, layer);
                        found = found || (m->layers && m->remote);
                }
                if (!found)
                        break;
                collect_remote(t);
        }
}

void mount_table_doubt_overlays(MountTable *t, const MountTable *where) {
        for (size_t i = 0; i < t->n_mounts; i++) {
                Mount *m = &t->mounts[i];

                m->doubtful = m->layers && !(where && mount_table_of_device(where, m->dev_major, m->dev_minor));
                t->any_doubtful = t->any_doubtful || m->doubtful;
        }
}

static int build_index(MountTable *t) {
        t->by_id = malloc((t->n_mounts + 1) * sizeof(*t->by_id));
        t->by_point = malloc((t->n_mounts + 1) * sizeof(*t->by_point));
        t->by_device = malloc((t->n_mounts + 1) * sizeof(*t->by_device));
        t->remote_by_point = malloc((t->n_mounts + 1) * sizeof(*t->remote_by_point));
        if (!t->by_id || !t->by_point || !t->by_device || !t->remote_by_point)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_mounts; i++)
                t->by_id[i] = t->by_point[i] = t->by_device[i] = (uint32_t) i;
        if (t->n_mounts > 0) {
                qsort_r(t->by_id, t->n_mounts, sizeof(*t->by_id), compare_id, t->mounts);
                qsort_r(t->by_device, t->n_mounts, sizeof(*t->by_device), compare_device, t->mounts);
                /* The parent of the root mount is not listed; in the initial namespace it is its own parent. */
                for (size_t i = 0; i < t->n_mounts; i++)
                        if (t->mounts[i].parent == t->mounts[i].id || !mount_table_find(t, t->mounts[i].parent))
                                t->mounts[i].parent = MOUNT_NO_PARENT;
                qsort_r(t->by_point, t->n_mounts, sizeof(*t->by_point), compare_point, t->mounts);
        }
        find_tops(t);
        collect_remote(t);
        t->whole = mounted_on(t, MOUNT_NO_PARENT, "/", 1);
        return 0;
}

int mount_table_parse(char *text, MountTable *ret) {
        _cleanup_(mount_table_done) MountTable t = {};
        char *save = NULL;
        int r;

        for (char *line = strtok_r(text, "\n", &save); line && t.n_mounts < MOUNTS_MAX; line = strtok_r(NULL, "\n", &save)) {
                r = parse_line(line, &t);
                if (r < 0)
                        return r;
        }
        r = build_index(&t);
        if (r < 0)
                return r;
        mount_table_judge_overlays(&t, &t);
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

const Mount *mount_table_covering(const MountTable *t, const char *path) {
        const Mount *at = NULL;

        for (size_t n = 0; (n = next_prefix(path, n)) > 0;) {
                const Mount *next = mounted_on(t, at ? at->id : MOUNT_NO_PARENT, path, n);

                if (next)
                        at = &t->mounts[next->top];
        }
        return at;
}

bool mount_table_crosses_remote(const MountTable *t, const char *path) {
        return t->n_remote > 0 && below_remote(t, path);
}

bool mount_root_deleted(const Mount *m) {
        static const char suffix[] = "//deleted";
        size_t n = strlen(m->root);

        return n >= sizeof(suffix) - 1 && streq(m->root + n - (sizeof(suffix) - 1), suffix);
}
