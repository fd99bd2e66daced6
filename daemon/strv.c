/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strv.h"

char **strv_free(char **l) {
        for (char **s = l; s && *s; s++)
                free(*s);
        free(l);
        return NULL;
}

size_t strv_length(char *const *l) {
        size_t n = 0;

        while (l && l[n])
                n++;
        return n;
}

int strv_add(char ***l, const char *s) {
        size_t n = strv_length(*l);
        char *copy = strdup(s);
        char **longer;

        if (!copy)
                return -ENOMEM;

        longer = reallocarray(*l, n + 2, sizeof(*longer));
        if (!longer) {
                free(copy);
                return -ENOMEM;
        }
        longer[n] = copy;
        longer[n + 1] = NULL;
        *l = longer;
        return 0;
}

int strv_copy(char *const *l, char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;

        for (size_t i = 0; l && l[i]; i++)
                if (strv_add(&copy, l[i]) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(copy);
        return 0;
}
