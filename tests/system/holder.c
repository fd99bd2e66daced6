/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A service that opens libraries, and then does nothing until it is ended. SIGHUP: it opens them anew, as a reload would. */

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t reload;

static void on_hangup(int number) {
        (void) number;
        reload = 1;
}

int main(int argc, char *argv[]) {
        void *handles[16] = { NULL };
        sigset_t blocked, before;

        signal(SIGHUP, on_hangup);
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGHUP);
        sigprocmask(SIG_BLOCK, &blocked, &before);
        for (;;) {
                for (int i = 1; i < argc && i < 16; i++) {
                        if (handles[i])
                                dlclose(handles[i]);
                        handles[i] = dlopen(argv[i], RTLD_NOW);
                        if (!handles[i]) {
                                fprintf(stderr, "%s\n", dlerror());
                                return 1;
                        }
                }
                reload = 0;
                while (!reload)
                        sigsuspend(&before);
        }
}
