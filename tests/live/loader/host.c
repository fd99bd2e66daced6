/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The process that is looked at: opens libraries in all ways that make a difference to
 * dlclose(), tells what its loader's list is, and waits until its standard input ends.
 *
 *         host DIRECTORY SUFFIX [LIBRARY]
 */

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *directory, *suffix;

static void *must(void *handle) {
        if (!handle) {
                fprintf(stderr, "%s\n", dlerror());
                exit(1);
        }
        return handle;
}

static void *open_library(const char *name, int flags) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s%s.so", directory, name, suffix);
        return must(dlopen(path, flags));
}

static void tell(const struct link_map *l, int namespace) {
        for (; l; l = l->l_next)
                printf("map %d %llx %llx %llx %s\n", namespace, (unsigned long long) (uintptr_t) l,
                       (unsigned long long) l->l_addr, (unsigned long long) (uintptr_t) l->l_ld, l->l_name);
}

/* From any entry to the first one. */
static const struct link_map *head(void *handle) {
        struct link_map *l = NULL;

        if (dlinfo(handle, RTLD_DI_LINKMAP, &l) != 0)
                exit(1);
        while (l->l_prev)
                l = l->l_prev;
        return l;
}

#ifdef __GLIBC__
static pthread_barrier_t entered;

static void *thread_main(void *enter) {
        if (((int (*)(void)) enter)() != 0)
                exit(1);
        pthread_barrier_wait(&entered);
        for (;;)
                pause();
        return NULL;
}

/* A thread that lives on, with a destructor still to run. */
static void outstanding_destructor(void) {
        void *handle = open_library("dtor", RTLD_NOW);
        pthread_t thread;

        pthread_barrier_init(&entered, NULL, 2);
        if (pthread_create(&thread, NULL, thread_main, must(dlsym(handle, "enter"))) != 0)
                exit(1);
        pthread_barrier_wait(&entered);
        dlclose(handle);
}

static void other_namespace(void) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/other%s.so", directory, suffix);
        tell(head(must(dlmopen(LM_ID_NEWLM, path, RTLD_NOW))), 1);
}

static void open_all(void) {
        for (int i = 0; i < 3; i++)
                open_library("thrice", RTLD_NOW);
        open_library("flag", RTLD_NOW);
        dlclose(open_library("flag", RTLD_NOW));
        dlclose(open_library("mode", RTLD_NOW | RTLD_NODELETE));
        open_library("needs", RTLD_NOW);
        open_library("plain", RTLD_NOW | RTLD_GLOBAL);
        open_library("user", RTLD_NOW);
        outstanding_destructor();
        other_namespace();
}
#else
static void open_all(void) {
        for (int i = 0; i < 3; i++)
                dlclose(open_library("thrice", RTLD_NOW));
        open_library("needs", RTLD_NOW);
}
#endif

int main(int argc, char *argv[]) {
        if (argc < 3)
                return 2;
        alarm(120);
        directory = argv[1];
        suffix = argv[2];
        open_all();
        if (argc > 3)
                must(dlopen(argv[3], RTLD_NOW));
        tell(head(must(dlopen(NULL, RTLD_NOW))), 0);
        printf("ready\n");
        fflush(stdout);
        while (getchar() != EOF)
                ;
        _exit(0);
}
