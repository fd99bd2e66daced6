/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "scan/scan.h"
#include "sweep/fast-path.h"
#include "sweep/sibling-cache.h"

/* Of a file without build-id, this much is hashed. */
#define BASELINE_BYTES_MAX (1u << 20)

/* The device of the kernel's internal tmpfs: that of a memfd. Without one, no mapping has it. */
static void read_shm_device(Scan *scan) {
        _cleanup_close_ int fd = memfd_create("stalelib", MFD_CLOEXEC);
        FileIdentity i;

        scan->shm_major = scan->shm_minor = UINT32_MAX;
        if (fd >= 0 && file_identity_read(fd, "", &i) >= 0) {
                scan->shm_major = i.dev_major;
                scan->shm_minor = i.dev_minor;
        }
}

Scan *scan_new(void) {
        _cleanup_(scan_freep) Scan *scan = calloc(1, sizeof(*scan));
        long ticks = sysconf(_SC_CLK_TCK);

        if (!scan)
                return NULL;
        scan->proc_fd = -EBADF;
        scan->page_guard = PAGE_GUARD_NULL;
        scan->ticks_per_sec = ticks > 0 ? (uint64_t) ticks : 100;
        elf_cache_init(&scan->elfs);
        if (lookup_cache_init(&scan->lookups) < 0)
                return NULL;
        read_shm_device(scan);
        return TAKE_PTR(scan);
}

void scan_rest(Scan *scan) {
        fast_path_done(&scan->fast_path);
        sibling_cache_done(&scan->siblings);
        exec_time_cache_done(&scan->exec_times);
        mapping_list_done(&scan->maps);
        process_group_done(&scan->group);
        scan->memory = memory_free(scan->memory);
        page_guard_done(&scan->page_guard);
}

Scan *scan_free(Scan *scan) {
        if (!scan)
                return NULL;
        scan_rest(scan);
        for (size_t i = 0; i < scan->n_records; i++)
                process_record_free(scan->records[i]);
        free(scan->records);
        for (size_t i = 0; i < scan->n_views; i++) {
                mount_view_done(&scan->views[i]->view);
                free(scan->views[i]);
        }
        free(scan->views);
        free(scan->members);
        for (size_t i = 0; i < scan->n_watched; i++)
                free(scan->watched[i]);
        free(scan->watched);
        elf_cache_done(&scan->elfs);
        lookup_cache_done(&scan->lookups);
        fd_close(scan->proc_fd);
        free(scan);
        return NULL;
}

static bool view_is_open(const CachedView *v) {
        return v->view.root_fd >= 0;
}

const Mount *scan_find_mount(const Scan *scan, const CachedView *view, uint64_t mount_id) {
        const Mount *m = mount_id > 0 ? mount_table_find(&view->view.mounts, mount_id) : NULL;

        for (size_t i = 0; !m && mount_id > 0 && i < scan->n_views; i++)
                if (view_is_open(scan->views[i]))
                        m = mount_table_find(&scan->views[i]->view.mounts, mount_id);
        return m;
}

bool scan_device_answers(const Scan *scan, const SweepOptions *options, const CachedView *view, uint32_t dev_major,
                         uint32_t dev_minor) {
        const Mount *m;

        for (size_t i = 0; i < options->n_skip_devices; i++)
                if (options->skip_devices[i].dev_major == dev_major && options->skip_devices[i].dev_minor == dev_minor)
                        return false;
        if (options->remote_file_systems)
                return true;
        m = mount_table_of_device(&view->view.mounts, dev_major, dev_minor);
        for (size_t i = 0; !m && i < scan->n_views; i++)
                if (view_is_open(scan->views[i]))
                        m = mount_table_of_device(&scan->views[i]->view.mounts, dev_major, dev_minor);
        if (m)
                return mount_answers(m);
        return dev_major != 0 || (dev_major == scan->shm_major && dev_minor == scan->shm_minor);
}

/* What its own mountinfo does not tell: which layers its overlays have, and what its root lies on. */
static void settle_view(const Scan *scan, const Process *p, MountView *v) {
        static const SweepOptions none;
        const CachedView *host = scan->host_view;
        const Mount *m;

        if (p->pid == getpid()) /* this program came from there, and runs */
                return;
        if (host)
                mount_table_judge_overlays(&v->mounts, &host->view.mounts);
        if (v->own_users)
                mount_table_doubt_overlays(&v->mounts, host ? &host->view.mounts : NULL);
        if (v->root.mount_id > 0 ? mount_table_find(&v->mounts, v->root.mount_id) != NULL : v->mounts.whole)
                return;
        m = host ? scan_find_mount(scan, host, v->root.mount_id) : NULL;
        v->root_remote = m ? !mount_answers(m) :
                host ? !scan_device_answers(scan, &none, host, v->root.dev_major, v->root.dev_minor) : v->root.dev_major == 0;
}

int scan_view(Scan *scan, const Process *p, CachedView **ret) {
        CachedView *known = NULL;
        uint64_t namespace;
        FileIdentity root;
        MountView fresh;
        int r;

        r = mount_view_identify(p, &root, &namespace);
        if (r < 0)
                return r;
        for (size_t i = 0; i < scan->n_views && !known; i++)
                if (mount_view_is(&scan->views[i]->view, &root, namespace))
                        known = scan->views[i];
        if (known && view_is_open(known)) {
                *ret = known;
                return 0;
        }

        r = mount_view_open(p, &fresh);
        if (r < 0)
                return r;
        if (known && known->view.namespace != fresh.namespace) /* the number of its mount is used again */
                known = NULL;
        if (!known) {
                if (!GROW(scan->views, scan->allocated_views, scan->n_views + 1))
                        goto no_memory;
                known = calloc(1, sizeof(*known));
                if (!known)
                        goto no_memory;
                known->view = MOUNT_VIEW_NULL;
                known->serial = ++scan->next_serial;
                scan->views[scan->n_views++] = known;
        }
        mount_view_done(&known->view);
        known->view = fresh;
        settle_view(scan, p, &known->view);
        known->used = scan->sweep;
        *ret = known;
        return 0;

no_memory:
        mount_view_done(&fresh);
        return -ENOMEM;
}

CachedView *scan_open_view(Scan *scan, uint32_t serial) {
        for (size_t i = 0; i < scan->n_views; i++)
                if (scan->views[i]->serial == serial)
                        return view_is_open(scan->views[i]) ? scan->views[i] : NULL;
        return NULL;
}

/* --- processes by namespace --- */

/* So many are tried of a namespace, and so many namespaces are opened for the sake of one mount. */
#define MEMBERS_TRIED_MAX 16
#define NAMESPACES_OPEN_MAX 256

static int compare_members(const void *a, const void *b) {
        const NamespaceMember *x = a, *y = b;

        if (x->namespace != y->namespace)
                return x->namespace < y->namespace ? -1 : 1;
        return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* All that may be read. Lack of memory only costs evidence. */
static void read_members(Scan *scan) {
        _cleanup_(process_list_done) ProcessList list = {};

        if (scan->members_read)
                return;
        scan->members_read = true;
        if (process_list_read(scan->proc_fd, &list) < 0)
                return;
        for (size_t i = 0; i < list.n_pids; i++) {
                _cleanup_(process_done) Process p = PROCESS_NULL;
                uint64_t namespace;

                if (process_open_directory(scan->proc_fd, list.pids[i], &p) < 0 || mount_view_read_namespace(&p, &namespace) < 0)
                        continue;
                if (!GROW(scan->members, scan->allocated_members, scan->n_members + 1))
                        break;
                scan->members[scan->n_members++] = (NamespaceMember){ namespace, list.pids[i] };
        }
        if (scan->n_members > 0)
                qsort(scan->members, scan->n_members, sizeof(*scan->members), compare_members);
}

static size_t first_member(const Scan *scan, uint64_t namespace) {
        size_t low = 0, high = scan->n_members;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (scan->members[middle].namespace < namespace)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* The view of a process of this namespace; NULL: gone, another one by now, may not be read. */
static CachedView *open_member(Scan *scan, const NamespaceMember *m) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        CachedView *view;

        if (process_open_directory(scan->proc_fd, m->pid, &p) < 0 || scan_view(scan, &p, &view) < 0 ||
            view->view.namespace != m->namespace)
                return NULL;
        view->used = scan->sweep;
        return view;
}

/* From the namespace's own root: that lists all of its mounts. */
static bool is_whole(const CachedView *v) {
        return v->view.mounts.whole && streq(v->view.root_path, "/");
}

CachedView *scan_whole_view(Scan *scan, uint64_t namespace) {
        for (size_t i = 0; i < scan->n_views; i++)
                if (view_is_open(scan->views[i]) && scan->views[i]->view.namespace == namespace && is_whole(scan->views[i]))
                        return scan->views[i];
        read_members(scan);
        for (size_t i = first_member(scan, namespace), tried = 0;
             i < scan->n_members && scan->members[i].namespace == namespace && tried < MEMBERS_TRIED_MAX; i++, tried++) {
                CachedView *v = open_member(scan, &scan->members[i]);

                if (v && is_whole(v))
                        return v;
        }
        return NULL;
}

/* One view of each namespace, from its own root where a process has that. Returns whether none was left out. */
static bool open_namespaces(Scan *scan) {
        size_t opened = 0;

        read_members(scan);
        for (size_t i = 0; i < scan->n_members; i++) {
                if (i > 0 && scan->members[i].namespace == scan->members[i - 1].namespace)
                        continue;
                if (opened++ >= NAMESPACES_OPEN_MAX)
                        return false;
                scan_whole_view(scan, scan->members[i].namespace);
        }
        return true;
}

bool scan_open_namespaces(Scan *scan) {
        if (scan->namespaces_read)
                return false;
        scan->namespaces_read = true;
        scan->namespaces_whole = open_namespaces(scan);
        return true;
}

static CachedView *find_view_with_mount(const Scan *scan, uint64_t mount_id, const char *name, const CachedView *except) {
        for (size_t i = 0; i < scan->n_views; i++) {
                CachedView *v = scan->views[i];

                if (v != except && view_is_open(v) && mount_table_find(&v->view.mounts, mount_id) && mount_view_path(&v->view, name))
                        return v;
        }
        return NULL;
}

CachedView *scan_view_with_mount(Scan *scan, uint64_t mount_id, const char *name, const CachedView *except, bool *ret_all) {
        CachedView *v = find_view_with_mount(scan, mount_id, name, except);

        *ret_all = true;
        if (v)
                return v;
        if (scan_open_namespaces(scan))
                v = find_view_with_mount(scan, mount_id, name, except);
        *ret_all = scan->namespaces_whole;
        return v;
}

/* Their names and mounts are kept, their roots are not; views that no sweep needed any more are forgotten. */
void scan_close_views(Scan *scan) {
        size_t kept = 0;

        for (size_t i = 0; i < scan->n_views; i++) {
                CachedView *v = scan->views[i];

                mount_view_close(&v->view);
                if (v->used == scan->sweep) {
                        scan->views[kept++] = v;
                        continue;
                }
                mount_view_done(&v->view);
                free(v);
        }
        scan->n_views = kept;
        free(scan->members);
        scan->members = NULL;
        scan->n_members = scan->allocated_members = 0;
        scan->members_read = scan->namespaces_read = false;
        scan->host_view = NULL;
        page_guard_done(&scan->page_guard);
}

int scan_start_nsec(Scan *scan, const Process *p, int64_t *ret) {
        uint64_t ticks;
        int r;

        r = exec_time_read(&scan->exec_times, scan->proc_fd, p, &ticks);
        if (r < 0)
                return r;
        *ret = scan->boot_nsec + (int64_t) (ticks * (1000000000u / scan->ticks_per_sec));
        return 0;
}

int scan_memory(Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p) {
        if (!scan->memory)
                scan->memory = memory_new(-EBADF);
        if (!scan->memory)
                return -ENOMEM;
        page_guard_done(&scan->page_guard);
        scan->page_guard = (PageGuard){ .scan = scan, .options = options, .view = view, .process = p,
                                        .maps_fd = -EBADF, .pages_fd = -EBADF };
        memory_guard(scan->memory, page_guard_allows, &scan->page_guard);
        memory_attach(scan->memory, -EBADF);
        return 0;
}

static bool may_hang(const Scan *scan, const Mapping *m) {
        const Mount *ours = scan->host_view ?
                mount_table_of_device(&scan->host_view->view.mounts, m->dev_major, m->dev_minor) : NULL;

        return ours ? ours->remote : m->dev_major == 0;
}

void scan_beacon(const Scan *scan, const SweepOptions *options, const Process *p, const Mapping *m) {
        volatile SweepBeacon *b = options->beacon;

        if (!b)
                return;
        if (m && !may_hang(scan, m))
                m = NULL;
        b->on_file = 0;
        b->pid = p ? p->pid : 0;
        b->start_time = p ? p->start_time : 0;
        b->owner = p ? p->owner : 0;
        b->dev_major = m ? m->dev_major : 0;
        b->dev_minor = m ? m->dev_minor : 0;
        b->on_file = m != NULL;
}

/* A hash of what the file holds: its build-id, else its beginning. 0: could not be read. */
static uint64_t read_content(Scan *scan, const CachedView *view, const SweepOptions *options, const Path *p) {
        _cleanup_(elf_file_done) ElfFile elf = {};
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *bytes = NULL;
        FileIdentity i;
        ssize_t n;

        fd = mount_view_open_file(&view->view, scan->proc_fd, p->name, options->remote_file_systems, &i);
        if (fd < 0 || !file_identity_untouched(&i, &p->identity))
                return 0;
        if (elf_file_read(fd, &elf) >= 0 && elf.build_id_length > 0)
                return hash_bytes(&scan->lookups.key, elf.build_id, elf.build_id_length) | 1;
        bytes = malloc(BASELINE_BYTES_MAX);
        n = bytes ? pread(fd, bytes, BASELINE_BYTES_MAX, 0) : -1;
        return n < 0 ? 0 : hash_bytes(&scan->lookups.key, bytes, (size_t) n) | 1;
}

/* Remembers what a mapped file holds, and sees when that has changed under the same inode. */
static void compare_content(Scan *scan, const SweepOptions *options, const CachedView *view, Path *p,
                            const FileIdentity *before) {
        bool same_file = before && file_identity_equal(before, &p->identity);
        uint64_t content;

        if (!S_ISREG(p->identity.mode) || (p->content != 0 && same_file && file_identity_untouched(before, &p->identity)))
                return;
        if (p->content == 0) {
                if (scan->baselines_left == 0)
                        return;
                scan->baselines_left--;
        }
        content = read_content(scan, view, options, p);
        if (content != 0 && p->content != 0 && same_file && content != p->content)
                p->modified = scan->sweep;
        p->content = content;
}

static int watched_compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Remembers a directory (with its view); false: it was known, or memory is short. */
static bool watch_is_new(Scan *scan, uint32_t serial, const char *directory, size_t n) {
        char *key, **place;
        size_t at;

        if (asprintf(&key, "%u:%.*s", serial, (int) n, directory) < 0)
                return false;
        if ((scan->n_watched > 0 &&
             bsearch(&key, scan->watched, scan->n_watched, sizeof(*scan->watched), watched_compare)) ||
            !GROW(scan->watched, scan->allocated_watched, scan->n_watched + 1)) {
                free(key);
                return false;
        }
        for (at = scan->n_watched; at > 0 && strcmp(scan->watched[at - 1], key) > 0; at--)
                ;
        place = &scan->watched[at];
        memmove(place + 1, place, (scan->n_watched - at) * sizeof(*place));
        *place = key;
        scan->n_watched++;
        return true;
}

/* Tells of the last component in its directory, and, once for each directory, of the components that lead there. */
static void tell_watcher(Scan *scan, const SweepOptions *options, const CachedView *view, const char *name) {
        _cleanup_free_ char *path = strdup(name);

        while (path) {
                _cleanup_close_ int fd = -EBADF;
                char *slash = strrchr(path, '/');
                FileIdentity i;

                if (!slash || slash[1] == '\0')
                        return;
                *slash = '\0';
                if (mount_view_lookup(&view->view, *path ? path : "/", options->remote_file_systems, &fd, &i) >= 0 &&
                    S_ISDIR(i.mode))
                        options->watch(options->userdata, fd, slash + 1);
                if (*path == '\0' || !watch_is_new(scan, view->serial, path, strlen(path)))
                        return;
        }
}

static bool is_skipped(const SweepOptions *options, const CachedView *view, const char *name) {
        const Mount *m;

        if (options->n_skip_devices == 0)
                return false;
        m = mount_table_covering(&view->view.mounts, name);
        for (size_t i = 0; m && i < options->n_skip_devices; i++)
                if (m->dev_major == options->skip_devices[i].dev_major &&
                    m->dev_minor == options->skip_devices[i].dev_minor)
                        return true;
        return false;
}

static void look_up(Scan *scan, const SweepOptions *options, const CachedView *view, uint32_t path, bool mapped) {
        Path *p = &scan->lookups.paths[path];
        bool first = p->looked == 0;
        FileIdentity before = p->identity, now;
        int r;

        if (is_skipped(options, view, p->name))
                r = -ETIMEDOUT;
        else
                r = mount_view_lookup(&view->view, p->name, options->remote_file_systems, NULL, &now);
        path_answer(p, scan->sweep, r, &now);
        p->mapped = p->mapped || mapped;
        if (options->watch && (first || p->changed == scan->sweep))
                tell_watcher(scan, options, view, p->name);
        if ((p->content != 0 || scan->baselines_left > 0) && p->mapped && r >= 0)
                compare_content(scan, options, view, p, first ? NULL : &before);
}

int scan_look_up(Scan *scan, const SweepOptions *options, const CachedView *view, const char *name, bool mapped,
                 uint32_t *ret) {
        int r;

        r = lookup_cache_add(&scan->lookups, view->serial, name, ret);
        if (r < 0)
                return r;
        if (scan->lookups.paths[*ret].looked != scan->sweep)
                look_up(scan, options, view, *ret, mapped);
        return 0;
}

void scan_refresh(Scan *scan, const SweepOptions *options, const CachedView *view, uint32_t path) {
        if (scan->lookups.paths[path].looked != scan->sweep)
                look_up(scan, options, view, path, scan->lookups.paths[path].mapped);
}
