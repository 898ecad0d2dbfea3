/* A disk that fails: loaded before the C library, it counts what a process does to files below one folder, and spoils it
   from one point on. It does nothing until it is armed. Python, SQLite and Rust all come by here. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { UNARMED, FULL, FAILING, SHORT, KILLED };
enum act { WRITE, TAKE, SYNC, NAME, REMOVE }; /* TAKE: whatever takes up space besides a write */

static enum kind kind;
static long point;
static atomic_long count;
static char root[PATH_MAX];

void arm_disk(int new_kind, long new_point, const char *new_root) {
    strncpy(root, new_root, sizeof root - 1);
    point = new_point;
    kind = new_kind;
}

long count_disk(void) { return atomic_load(&count); }

static int is_below(const char *path) { return strncmp(path, root, strlen(root)) == 0; }

static int is_ours(int handle, const char *path) { /* a handle alone, a path, or a path that starts at a folder's handle */
    char link[64], place[PATH_MAX] = "";
    if (kind == UNARMED) return 0;
    if (path && path[0] == '/') return is_below(path);
    if (path && handle == AT_FDCWD) return getcwd(place, sizeof place) && is_below(place);
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    return readlink(link, place, sizeof place - 1) > 0 && is_below(place);
}

/* 0: do it; an error number: fail with it; -1: write half. A process that is to be killed is killed here, unless it writes. */
static int spoiled(enum act act) {
    if (kind == SHORT && act != WRITE) return 0;
    if (kind != KILLED && act == REMOVE) return 0;
    long now = atomic_fetch_add(&count, 1) + 1;
    if (kind == FULL && now > point) return act == WRITE || act == TAKE ? ENOSPC : 0; /* it stays full */
    if (now != point) return 0;
    if (kind == KILLED && act != WRITE) kill(getpid(), SIGKILL);
    return kind == FULL ? ENOSPC : kind == FAILING ? EIO : -1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define SPOILED(act, ours) int wrong = (ours) ? spoiled(act) : 0; if (wrong > 0) { errno = wrong; return -1; }
#define HALF(call) { ssize_t done = (call); if (kind == KILLED) kill(getpid(), SIGKILL); return done; }

ssize_t write(int handle, const void *bytes, size_t size) {
    REAL(write);
    SPOILED(WRITE, is_ours(handle, NULL));
    if (wrong) HALF(real(handle, bytes, size > 1 ? size / 2 : size));
    return real(handle, bytes, size);
}

ssize_t pwrite(int handle, const void *bytes, size_t size, off_t at) {
    REAL(pwrite);
    SPOILED(WRITE, is_ours(handle, NULL));
    if (wrong) HALF(real(handle, bytes, size > 1 ? size / 2 : size, at));
    return real(handle, bytes, size, at);
}

ssize_t pwrite64(int handle, const void *bytes, size_t size, off64_t at) {
    REAL(pwrite64);
    SPOILED(WRITE, is_ours(handle, NULL));
    if (wrong) HALF(real(handle, bytes, size > 1 ? size / 2 : size, at));
    return real(handle, bytes, size, at);
}

ssize_t writev(int handle, const struct iovec *parts, int number) {
    REAL(writev);
    SPOILED(WRITE, is_ours(handle, NULL));
    if (wrong) HALF(real(handle, parts, number > 1 ? number / 2 : number));
    return real(handle, parts, number);
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t size) {
    REAL(sendfile64);
    SPOILED(WRITE, is_ours(out, NULL));
    if (wrong) HALF(real(out, in, at, size > 1 ? size / 2 : size));
    return real(out, in, at, size);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    REAL(copy_file_range);
    SPOILED(WRITE, is_ours(out, NULL));
    if (wrong) HALF(real(in, from, out, to, size > 1 ? size / 2 : size, flags));
    return real(in, from, out, to, size, flags);
}

#define OPEN(name, folder, head, ...) \
    int name head { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = va_arg(more, mode_t); \
        va_end(more); \
        SPOILED(TAKE, flags & (O_CREAT | O_TRUNC) && is_ours(folder, path)); \
        return real(__VA_ARGS__, mode); \
    }
OPEN(open, AT_FDCWD, (const char *path, int flags, ...), path, flags)
OPEN(open64, AT_FDCWD, (const char *path, int flags, ...), path, flags)
OPEN(openat, folder, (int folder, const char *path, int flags, ...), folder, path, flags)
OPEN(openat64, folder, (int folder, const char *path, int flags, ...), folder, path, flags)

#define ACT(name, act, ours, head, ...) \
    int name head { \
        REAL(name); \
        SPOILED(act, ours); \
        return real(__VA_ARGS__); \
    }
ACT(mkdir, TAKE, is_ours(AT_FDCWD, path), (const char *path, mode_t mode), path, mode)
ACT(mkdirat, TAKE, is_ours(folder, path), (int folder, const char *path, mode_t mode), folder, path, mode)
ACT(ftruncate, TAKE, is_ours(handle, NULL), (int handle, off_t size), handle, size)
ACT(ftruncate64, TAKE, is_ours(handle, NULL), (int handle, off64_t size), handle, size)
#define ASK(name) \
    int name(int handle) { /* is not done: only a loss of power would show it, and it is slow */ \
        SPOILED(SYNC, is_ours(handle, NULL)); \
        return 0; \
    }
ASK(fsync)
ASK(fdatasync)
ACT(rename, NAME, is_ours(AT_FDCWD, to), (const char *from, const char *to), from, to)
ACT(renameat, NAME, is_ours(into, to), (int out, const char *from, int into, const char *to), out, from, into, to)
ACT(renameat2, NAME, is_ours(into, to), (int out, const char *from, int into, const char *to, unsigned flags), out, from, into, to, flags)
ACT(link, NAME, is_ours(AT_FDCWD, to), (const char *from, const char *to), from, to)
ACT(linkat, NAME, is_ours(into, to), (int out, const char *from, int into, const char *to, int flags), out, from, into, to, flags)
ACT(symlink, NAME, is_ours(AT_FDCWD, to), (const char *from, const char *to), from, to)
ACT(unlink, REMOVE, is_ours(AT_FDCWD, path), (const char *path), path)
ACT(unlinkat, REMOVE, is_ours(folder, path), (int folder, const char *path, int flags), folder, path, flags)
ACT(rmdir, REMOVE, is_ours(AT_FDCWD, path), (const char *path), path)
