/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library with thread-local storage, and a destructor for each thread that called enter(), as C++ does it. */

extern void *__dso_handle __attribute__((visibility("hidden")));
int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *dso_handle);
int enter(void);

static __thread int object;

static void destroy(void *o) {
        *(int *) o = 0;
}

int enter(void) {
        object = 1;
        return __cxa_thread_atexit_impl(destroy, &object, &__dso_handle);
}
