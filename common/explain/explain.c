/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sys/stat.h>

#include "elf/elf-symbols.h"
#include "explain/advice.h"
#include "explain/explain.h"
#include "explain/pin.h"
#include "judge/content-compare.h"
#include "judge/ignore.h"
#include "judge/loader-facts.h"

#define ENVIRON_MAX (256u << 10)
#define PRELOAD_FILE_MAX 4096
/* Findings of one process; further ones are counted as unknown. */
#define FINDINGS_MAX 1024

static bool is_finding(const Observation *j) {
        return j->verdict.state != STATE_CURRENT && j->verdict.state != STATE_IGNORED && j->verdict.state != STATE_UNKNOWN;
}

/* In the environment as of execve(2), unless the program has overwritten it. NULL: not set, or no memory. */
static char *environ_find(const char *text, size_t size, const char *name) {
        size_t n = strlen(name);

        for (size_t at = 0; at < size; at += strlen(text + at) + 1)
                if (strncmp(text + at, name, n) == 0 && text[at + n] == '=')
                        return strdup(text + at + n + 1);
        return NULL;
}

/* /etc/ld.so.preload, as the process sees it: ld.so(8). NULL: could not be read. */
static char *read_preload_file(const Examination *x) {
        _cleanup_close_ int fd = -EBADF;
        char *text;
        FileIdentity i;
        ssize_t n;

        fd = mount_view_open_file(&x->view->view, x->ctx->scan->proc_fd, "/etc/ld.so.preload", x->ctx->options.remote_file_systems, &i);
        text = fd >= 0 ? malloc(PRELOAD_FILE_MAX + 1) : NULL;
        n = text ? pread(fd, text, PRELOAD_FILE_MAX, 0) : -1;
        if (n < 0) {
                free(text);
                return NULL;
        }
        text[n] = '\0';
        for (char *c = text; *c; c++)
                if (*c == '\n')
                        *c = ' ';
        return text;
}

/* Appends a list, which it frees; NULL: none. Lack of memory drops entries. */
static void add_list(char **list, char *take_more) {
        _cleanup_free_ char *front = *list, *more = take_more;

        *list = front && more ? strdup_format("%s:%s", front, more) : front ? TAKE_PTR(front) : TAKE_PTR(more);
}

static void read_environment(const Examination *x, char **ret_preload, char **ret_audit) {
        const ElfFile *exe = x->executable != EXAMINE_NO_INDEX ? examination_elf(x, x->executable) : NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;

        if (exe && !strdup_to(ret_audit, exe->audit))
                *ret_audit = NULL;
        sweep_context_beacon(x->ctx, x->process, NULL);
        if (process_read_file(x->process, "environ", ENVIRON_MAX, &text, &size) >= 0) {
                add_list(ret_preload, environ_find(text, size, "LD_PRELOAD"));
                add_list(ret_audit, environ_find(text, size, "LD_AUDIT"));
        }
        add_list(ret_preload, read_preload_file(x));
}

static bool is_musl(const Examination *x) {
        const ElfFile *exe = x->executable != EXAMINE_NO_INDEX ? examination_elf(x, x->executable) : NULL;

        if (exe && exe->interpreter)
                return strstr(exe->interpreter, "/ld-musl-") != NULL;
        return x->interpreter != EXAMINE_NO_INDEX &&
                strncmp(base_name(examination_path(x, x->interpreter)), "ld-musl-", 8) == 0;
}

/* How often a file is mapped executable: each loader namespace has a copy of its own. */
static size_t count_copies(const MappingList *l, size_t mapping) {
        uint64_t offset = 0;
        size_t n = 0;

        for (size_t i = l->mappings[mapping].first_vma; i < l->n_vmas; i++)
                if (l->vmas[i].mapping == mapping && l->vmas[i].flags & VMA_EXECUTE) {
                        if (n == 0)
                                offset = l->vmas[i].offset;
                        n += l->vmas[i].offset == offset;
                }
        return n;
}

/*
 * Is everything that the loader loaded in the list? From glibc 2.35 on the list covers all
 * namespaces (r_version 2 once there are several). Before, it never does: up to 2.33 the
 * version is in the name of libc; with any version, a second copy of libc shows a namespace
 * that is not listed, and so does an audit module, which need not be linked with libc.
 */
static void judge_list(const Examination *x, PinContext *c) {
        size_t copies = 0;
        bool old = false;

        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                const char *name = base_name(examination_path(x, i));
                bool numbered = fnmatch("libc-2*.so*", name, 0) == 0;

                if (numbered || fnmatch("libc.so*", name, 0) == 0)
                        copies += count_copies(x->maps, i);
                old = old || numbered;
        }
        c->namespaces_missing = x->loader.list.version < 2 && (copies > 1 || (c->audit && c->audit[0] != '\0'));
        c->list_is_whole = x->loader.list_read && x->loader.list.complete && !c->namespaces_missing &&
                (x->loader.list.version >= 2 || !old);
}

static const ElfSymbols *symbols_of(void *userdata, size_t index) {
        Examination *x = userdata;
        ElfEntry *e = x->observed[index].elf;
        _cleanup_close_ int fd = -EBADF;

        if (!e)
                return NULL;
        if (!e->symbols_read)
                fd = examination_open_mapped(x, index);
        return e->symbols_read || fd >= 0 ? elf_entry_symbols(e, fd) : NULL;
}

/* The caller frees. NULL: no memory. */
static PinObject *make_objects(Examination *x) {
        PinObject *objects = calloc(x->maps->n_mappings ?: 1, sizeof(*objects));

        for (size_t i = 0; objects && i < x->maps->n_mappings; i++) {
                const Observation *j = &x->observed[i];

                objects[i] = (PinObject){
                        .path = examination_path(x, i),
                        .elf = examination_elf(x, i),
                        .map = j->link != EXAMINE_NO_INDEX ? &x->loader.list.maps[j->link] : NULL,
                        .executable = i == x->executable,
                        .interpreter = i == x->interpreter,
                };
        }
        return objects;
}

/* The inode of a mapping, without its build-id. */
static FileId mapped_id(const Examination *x, size_t mapping) {
        const Mapping *m = &x->maps->mappings[mapping];
        const Observation *j = &x->observed[mapping];
        FileId id = { .dev_major = m->dev_major, .dev_minor = m->dev_minor, .inode = m->inode, .known = true };

        if (j->mapped_known)
                file_identity_to_file_id(&j->mapped, &id);
        return id;
}

static int set_mapped_id(Examination *x, size_t mapping, FileId *ret) {
        ElfImage image;
        int r;

        *ret = mapped_id(x, mapping);
        r = content_read_image(x, mapping, &image);
        if (r <= 0)
                return r;
        ret->build_id_length = image.build_id_length;
        memcpy(ret->build_id, image.build_id, image.build_id_length);
        return 0;
}

static bool same_inode(const FileId *a, const FileId *b) {
        return a->known && b->known && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->inode == b->inode;
}

/* Did `other` replace `mapping`: is it the file that has its path now, or that its l_name leads to? */
static bool took_place(const Examination *x, size_t mapping, size_t other) {
        const Observation *j = &x->observed[mapping], *o = &x->observed[other];
        FileId mine = mapped_id(x, mapping), id = mapped_id(x, other);

        if (o->verdict.state == STATE_IGNORED)
                return false;
        if (same_inode(&id, &j->disk) && !same_inode(&id, &mine))
                return true;
        return j->successor && o->verdict.state == STATE_CURRENT && streq(j->successor, examination_path(x, other));
}

/* By inode: another library of the same soname may be bundled with the program. */
static bool both_generations(const Examination *x, size_t mapping) {
        for (size_t i = 0; i < x->maps->n_mappings; i++)
                if (i != mapping && took_place(x, mapping, i))
                        return true;
        return false;
}

/* A path that no system call accepts is of no use: then the loader knows the file by another name. */
static const char *shown_path(const Examination *x, size_t mapping) {
        const char *path = examination_path(x, mapping), *loader_name = x->observed[mapping].loader_name;

        return strlen(path) >= PATH_MAX && loader_name ? loader_name : path;
}

static uint32_t linked_runtimes(const Observation *j) {
        return (j->elf && j->elf->elf.go ? RUNTIME_GO : 0) | (j->elf && j->elf->elf.rust ? RUNTIME_RUST : 0);
}

static int make_finding(Examination *x, const PinGraph *graph, const Finding *process, size_t mapping,
                        Finding **ret) {
        Observation *j = &x->observed[mapping];
        _cleanup_(finding_done) Finding f = {};
        int r;

        r = finding_copy(process, &f);
        if (r < 0)
                return r;
        f.state = j->verdict.state;
        f.flags = j->verdict.flags | (both_generations(x, mapping) ? FLAG_BOTH_GENERATIONS : 0);
        f.data_only = !(x->maps->mappings[mapping].flags & VMA_EXECUTE);
        f.disk = j->disk;
        f.successor = TAKE_PTR(j->successor);
        r = set_mapped_id(x, mapping, &f.mapped);
        if (r < 0)
                return r;
        if (!strdup_to(&f.path, shown_path(x, mapping)) || !strdup_to(&f.loader_name, j->loader_name))
                return -ENOMEM;
        r = pins_explain(graph, mapping, &f.pins, &f.n_pins, &f.runtimes);
        if (r < 0)
                return r;
        f.runtimes |= linked_runtimes(j);
        r = advice_give(&f);
        if (r < 0)
                return r;
        *ret = finding_new(&f);
        return *ret ? 0 : -ENOMEM;
}

/* The link count of task/ is the number of threads plus 2 (fs/proc/base.c, proc_task_getattr()). */
static bool has_one_thread(const Process *p) {
        struct stat st;

        return fstatat(p->fd, "task", &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_nlink == 3;
}

/* What all findings of the process have in common. exe: without " (deleted)"; NULL: as the link says. */
static int describe(SweepContext *ctx, const Process *p, const char *exe, Finding *ret) {
        _cleanup_(finding_done) Finding f = { .pid = p->pid, .start_time = p->start_time };
        int r;

        sweep_context_beacon(ctx, p, NULL);
        r = process_describe(p, &ctx->group, &f);
        if (r < 0)
                return r;
        f.one_thread = has_one_thread(p);
        if (exe ? !strdup_to(&f.exe, exe) : process_read_link(p, "exe", &f.exe) == -ENOMEM)
                return -ENOMEM;
        *ret = f;
        f = (Finding){};
        return 0;
}

static bool unit_is_ignored(const SweepOptions *options, const Finding *f) {
        return ignore_globs_match(options->ignore_units, f->unit) || ignore_globs_match(options->ignore_units, f->user_unit);
}

static int make_findings(Examination *x, size_t n, ProcessResult *s, ProcessIssues *t) {
        _cleanup_(finding_done) Finding process = {};
        _cleanup_free_ PinObject *objects = NULL;
        _cleanup_free_ char *preload = NULL, *audit = NULL;
        _cleanup_(pin_graph_freep) PinGraph *graph = NULL;
        PinContext context;
        int r;

        r = loader_facts_read(x);
        for (size_t i = 0; r >= 0 && i < x->maps->n_mappings; i++)
                if (is_finding(&x->observed[i]))
                        r = examination_read_elf(x, i);
        if (r >= 0)
                r = describe(x->ctx, x->process,
                             x->executable != EXAMINE_NO_INDEX ? x->observed[x->executable].path : NULL, &process);
        if (r < 0)
                return r;
        if (unit_is_ignored(&x->ctx->options, &process)) {
                s->ignored += (uint32_t) n;
                return 0;
        }
        objects = make_objects(x);
        if (!objects)
                return -ENOMEM;
        read_environment(x, &preload, &audit);
        context = (PinContext){
                .objects = objects,
                .n_objects = x->maps->n_mappings,
                .list = x->loader.list_read ? &x->loader.list : NULL,
                .map_object = x->link_mapping,
                .musl = is_musl(x),
                .no_loader = x->no_loader,
                .preload = preload,
                .audit = audit,
                .symbols = symbols_of,
                .userdata = x,
        };
        judge_list(x, &context);
        r = pin_graph_new(&context, &graph);
        if (r < 0)
                return r;
        t->findings = calloc(n, sizeof(*t->findings));
        if (!t->findings)
                return -ENOMEM;
        for (size_t i = 0; i < x->maps->n_mappings && t->n_findings < n; i++) {
                if (!is_finding(&x->observed[i]))
                        continue;
                r = make_finding(x, graph, &process, i, &t->findings[t->n_findings]);
                if (r < 0)
                        return r;
                t->n_findings++;
        }
        return 0;
}

/* Is the file of an earlier finding still mapped, and current now? */
static bool is_current_again(const Examination *x, const Finding *old) {
        for (size_t k = 0; k < x->maps->n_mappings; k++) {
                const Observation *j = &x->observed[k];

                if (j->verdict.state == STATE_CURRENT && j->mapped_known &&
                    file_identity_has(&j->mapped, old->mapped.dev_major, old->mapped.dev_minor, old->mapped.inode))
                        return true;
        }
        return false;
}

/*
 * Earlier findings whose file is still mapped, but no longer stale. The previous snapshot has them even if they could not be
 * judged since; without one, the per-process cache has those of the last examination.
 */
static int add_recovered(const Examination *x, ProcessIssues *t) {
        const ProcessIssues *last = x->before ? process_result_issues(&x->before->result) : NULL;
        const Snapshot *previous = x->ctx->options.previous;
        Finding *const *before = last ? last->findings : NULL;
        size_t n = last ? last->n_findings : 0;

        if (previous)
                n = snapshot_process_findings(previous, x->process->pid, &before);
        if (n == 0)
                return 0;
        t->recovered = calloc(n, sizeof(*t->recovered));
        if (!t->recovered)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (before[i]->start_time == x->process->start_time && is_current_again(x, before[i]))
                        t->recovered[t->n_recovered++] = (Finding){
                                .pid = before[i]->pid,
                                .start_time = before[i]->start_time,
                                .mapped = before[i]->mapped,
                        };
        return 0;
}

/* A file that was modified once stays so for this process, whatever it contains later. */
static int add_modified(const Examination *x, ProcessIssues *t) {
        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                if (x->observed[i].verdict.state != STATE_MODIFIED || x->observed[i].disk_path == PATH_NONE)
                        continue;
                if (!t->modified)
                        t->modified = calloc(x->maps->n_mappings, sizeof(*t->modified));
                if (!t->modified)
                        return -ENOMEM;
                t->modified[t->n_modified++] = (ModifiedMapping){
                        .path = x->observed[i].disk_path,
                        .start = x->maps->mappings[i].start,
                };
        }
        return 0;
}

/* Moves t into the result, unless it is empty. Returns 0 or -ENOMEM. */
static int result_take_issues(ProcessResult *s, ProcessIssues *t) {
        if (t->n_findings + t->n_modified + t->n_recovered == 0 && !process_issues_have_unknown(t))
                return 0;
        s->issues = malloc(sizeof(*s->issues));
        if (!s->issues)
                return -ENOMEM;
        *s->issues = *t;
        *t = (ProcessIssues){};
        return 0;
}

static bool is_misprinted(const Examination *x, size_t mapping) {
        const Mapping *m = &x->maps->mappings[mapping];
        const Observation *j = &x->observed[mapping];

        return j->mapped_known && !file_identity_has(&j->mapped, m->dev_major, m->dev_minor, m->inode);
}

/* Lists the unknown mappings, up to a limit. Returns 0 or -ENOMEM. */
static int list_unknown(const Examination *x, ProcessIssues *t) {
        if (!process_issues_have_unknown(t))
                return 0;
        t->unknown = calloc(UNKNOWN_PROCESS_MAX, sizeof(*t->unknown));
        if (!t->unknown)
                return -ENOMEM;
        for (size_t i = 0; i < x->maps->n_mappings && t->n_unknown < UNKNOWN_PROCESS_MAX; i++) {
                const Observation *j = &x->observed[i];
                UnknownMapping u = { .pid = x->process->pid, .start_time = x->process->start_time, .reason = j->verdict.unknown };
                const Mapping *m = &x->maps->mappings[i];

                if (j->verdict.state != STATE_UNKNOWN)
                        continue;
                u.dev_major = j->mapped_known ? j->mapped.dev_major : m->dev_major;
                u.dev_minor = j->mapped_known ? j->mapped.dev_minor : m->dev_minor;
                u.inode = j->mapped_known ? j->mapped.inode : m->inode;
                if (!strdup_to(&u.comm, x->process->comm) || !strdup_to(&u.path, shown_path(x, i))) {
                        unknown_mapping_done(&u);
                        return -ENOMEM;
                }
                t->unknown[t->n_unknown++] = u;
        }
        return 0;
}

int explain_process(Examination *x, ProcessResult *ret) {
        _cleanup_(process_issues_done) ProcessIssues t = {};
        _cleanup_(process_result_done) ProcessResult s = {};
        size_t n = 0;
        int r;

        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                const Verdict *v = &x->observed[i].verdict;

                if (!examination_counts(x, i))
                        continue;
                s.mappings++;
                s.unexecuted = s.unexecuted || !(x->maps->mappings[i].flags & VMA_EXECUTE);
                s.misprinted = s.misprinted || is_misprinted(x, i);
                if (v->state == STATE_IGNORED)
                        s.ignored++;
                else if (v->state == STATE_UNKNOWN)
                        t.unknown_by[v->unknown]++;
                else if (v->state != STATE_CURRENT && ++n > FINDINGS_MAX) {
                        n = FINDINGS_MAX;
                        t.unknown_by[UNKNOWN_OTHER]++;
                }
        }
        if (x->maps->cut)
                t.unknown_by[UNKNOWN_OTHER]++;
        r = list_unknown(x, &t);
        if (r >= 0 && n > 0)
                r = make_findings(x, n, &s, &t);
        if (r >= 0)
                r = add_recovered(x, &t);
        if (r >= 0)
                r = add_modified(x, &t);
        if (r >= 0)
                r = result_take_issues(&s, &t);
        if (r >= 0)
                r = lookup_cache_add_set(&x->ctx->scan->lookups, x->paths, x->n_paths, &s.set);
        if (r < 0)
                return r;
        *ret = s;
        s = (ProcessResult){};
        return 0;
}

/* --- the findings of a fork sibling --- */

/* The finding, as one of the described process. */
static int copy_finding(const Finding *example, const Finding *process, Finding **ret) {
        _cleanup_(finding_done) Finding f = {};
        int r;

        r = finding_copy(example, &f);
        if (r < 0)
                return r;
        f.pid = process->pid;
        f.start_time = process->start_time;
        f.uid = process->uid;
        f.one_thread = process->one_thread;
        if (!strdup_to(&f.comm, process->comm) || !strdup_to(&f.exe, process->exe) || !strdup_to(&f.unit, process->unit) ||
            !strdup_to(&f.user_unit, process->user_unit) || !strdup_to(&f.container, process->container))
                return -ENOMEM;
        r = advice_give(&f);
        if (r < 0)
                return r;
        *ret = finding_new(&f);
        return *ret ? 0 : -ENOMEM;
}

static int copy_findings(const ProcessIssues *example, const Finding *process, ProcessIssues *t) {
        int r;

        t->findings = calloc(example->n_findings, sizeof(*t->findings));
        if (!t->findings)
                return -ENOMEM;
        for (; t->n_findings < example->n_findings; t->n_findings++) {
                r = copy_finding(example->findings[t->n_findings], process, &t->findings[t->n_findings]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int explain_again(SweepContext *ctx, const Process *p, const ProcessResult *example, ProcessResult *ret) {
        _cleanup_(finding_done) Finding process = {};
        _cleanup_(process_result_done) ProcessResult s = {
                .mappings = example->mappings,
                .ignored = example->ignored,
                .set = example->set,
        };
        const ProcessIssues *issues = process_result_issues(example);
        _cleanup_(process_issues_done) ProcessIssues t = {};
        int r = 0;

        if (issues->n_findings > 0) {
                r = describe(ctx, p, issues->findings[0]->exe, &process);
                if (r >= 0)
                        r = copy_findings(issues, &process, &t);
        }
        if (r < 0)
                return r;
        if (issues->n_modified > 0) {
                t.modified = calloc(issues->n_modified, sizeof(*t.modified));
                if (!t.modified)
                        return -ENOMEM;
                memcpy(t.modified, issues->modified, issues->n_modified * sizeof(*t.modified));
                t.n_modified = issues->n_modified;
        }
        r = result_take_issues(&s, &t);
        if (r < 0)
                return r;
        *ret = s;
        s = (ProcessResult){};
        return 0;
}
