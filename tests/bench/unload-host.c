/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A program in C that needs nothing but the C library: loads a library, closes it, and
 * looks whether it is still mapped. Exit: 0 unloaded, 1 still there, 2 could not be
 * loaded, 3 was there before.
 */

#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define UNLOAD_HOST_STATUS 40

static bool is_mapped(const struct stat *st) {
        FILE *f = fopen("/proc/self/maps", "re");
        char line[8192];
        bool found = false;

        while (f && fgets(line, sizeof(line), f)) {
                unsigned dev_major, dev_minor;
                uint64_t inode;

                if (sscanf(line, "%*x-%*x %*s %*x %x:%x %" SCNu64, &dev_major, &dev_minor, &inode) == 3 &&
                    inode == st->st_ino && dev_major == major(st->st_dev) && dev_minor == minor(st->st_dev))
                        found = true;
        }
        if (f)
                fclose(f);
        return found;
}

int main(int argc, char *argv[]) {
        struct stat st;
        void *handle;

        alarm(20);
        if (argc < 2 || stat(argv[1], &st) < 0)
                return UNLOAD_HOST_STATUS + 2;
        if (is_mapped(&st))
                return UNLOAD_HOST_STATUS + 3;
        handle = dlopen(argv[1], (getenv("LAZY") ? RTLD_LAZY : RTLD_NOW) | RTLD_LOCAL);
        if (!handle)
                return UNLOAD_HOST_STATUS + 2;
        dlclose(handle);
        /* Destructors have run: what the library leaves at exit is not of interest. */
        _exit(UNLOAD_HOST_STATUS + is_mapped(&st));
}
