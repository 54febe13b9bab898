/* A disk that fails: the n-th of the calls that write to a file of the store gives an error, and, when it is full, all
   calls after it too. Preloaded into a process (LD_PRELOAD), which arms it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int left = -1; /* calls until and with the failing one; 0: it has come; -1: none fails */
static int error;     /* what it fails with */

void failing_disk_arm(int calls, int number) { left = calls; error = number; }
int failing_disk_left(void) { return left; }

static int fails(int descriptor) {
    char link[64], path[4096];
    if (left < 0 || (left == 0 && error != ENOSPC)) return 0; /* broken for a moment, full for good */
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, "store.sqlite") || strstr(path, ".lock")) return 0;
    if (left > 0 && --left > 0) return 0;
    errno = error;
    return 1;
}

#define PASS(type, name, parameters, arguments)                              \
    type name parameters {                                                   \
        static type (*real) parameters;                                      \
        if (!real) real = (type (*) parameters) dlsym(RTLD_NEXT, #name);     \
        if (fails(descriptor)) return -1;                                    \
        return real arguments;                                               \
    }

PASS(ssize_t, write, (int descriptor, const void *data, size_t size), (descriptor, data, size))
PASS(ssize_t, pwrite, (int descriptor, const void *data, size_t size, off_t at), (descriptor, data, size, at))
PASS(ssize_t, pwrite64, (int descriptor, const void *data, size_t size, off64_t at), (descriptor, data, size, at))
PASS(int, fsync, (int descriptor), (descriptor))
PASS(int, fdatasync, (int descriptor), (descriptor))
PASS(int, ftruncate, (int descriptor, off_t size), (descriptor, size))
PASS(int, ftruncate64, (int descriptor, off64_t size), (descriptor, size))
