// A library to preload into a process whose disk and clock are to fail on demand. What it does is said by a file that the
// process and dev/faults.py map: see `struct control`. Only calls on files under one folder fail. The same seed gives the
// same choices to the same calls; threads decide which call comes when.
//
// With a shadow folder it keeps, at every successful sync, a copy of the file as a power cut would leave it.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    _Atomic uint32_t failing;       // whether calls fail now
    _Atomic uint32_t one_in;        // one call in so many fails
    _Atomic uint64_t state;         // of the generator
    _Atomic int64_t clock_offset;   // what the wall clock is ahead, in microseconds
    _Atomic uint64_t calls;         // on files under the folder
    _Atomic uint64_t no_space;      // that failed with ENOSPC
    _Atomic uint64_t io_errors;     // that failed with EIO
    _Atomic uint64_t short_writes;  // that wrote less than they were given
    _Atomic uint64_t syncs;         // that copied a file to the shadow folder
};

static struct control *control;
static const char *folder, *shadow;
static size_t folder_length;
static pthread_mutex_t shadow_lock = PTHREAD_MUTEX_INITIALIZER;

enum { OPEN, OPEN64, OPENAT64, READ, PREAD64, WRITE, WRITEV, PWRITE64, FSYNC, FDATASYNC, FTRUNCATE64, RENAME, UNLINK, MKDIR,
       CLOCK_GETTIME, GETTIMEOFDAY, TIME, COUNT };
static const char *NAMES[COUNT] = { "open", "open64", "openat64", "read", "pread64", "write", "writev", "pwrite64", "fsync",
    "fdatasync", "ftruncate64", "rename", "unlink", "mkdir", "clock_gettime", "gettimeofday", "time" };
static void *found[COUNT];

static void *real(int which) {
    if (!found[which]) found[which] = dlsym(RTLD_NEXT, NAMES[which]);
    return found[which];
}
#define REAL(which, result, ...) ((result (*)(__VA_ARGS__))real(which))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CONTROL");
    folder = getenv("FAULTS_FOLDER");
    shadow = getenv("FAULTS_SHADOW");
    if (!path || !folder) return;
    folder_length = strlen(folder);
    int file = REAL(OPEN64, int, const char *, int, ...)(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) control = mapped;
    close(file);
}

static int is_under(const char *path) {
    return control && path && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

static int path_of(int file, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_under(path);
}

static uint64_t next_random(void) {
    // splitmix64
    uint64_t x = atomic_fetch_add(&control->state, 0x9e3779b97f4a7c15) + 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

// The error that this call fails with, or 0.
static int fault(int may_be_full) {
    control->calls++;
    if (!control->failing) return 0;
    uint64_t random = next_random();
    if (random % (control->one_in ? control->one_in : 1)) return 0;
    if (may_be_full && (random >> 32) % 2) {
        control->no_space++;
        return ENOSPC;
    }
    control->io_errors++;
    return EIO;
}

static int fault_of(int file, int may_be_full) {
    char path[PATH_MAX];
    if (!control || (!control->failing && !shadow)) return 0;
    return path_of(file, path) ? fault(may_be_full) : 0;
}
#define FAIL_IF(expression) do { int error_ = (expression); if (error_) { errno = error_; return -1; } } while (0)

// Where the copy of a file is kept.
static void shadow_of(const char *path, char copy[PATH_MAX]) {
    snprintf(copy, PATH_MAX, "%s/", shadow);
    size_t end = strlen(copy);
    for (const char *at = path + folder_length + 1; *at && end < PATH_MAX - 4; at++) {
        if (*at == '/') { memcpy(copy + end, "%2F", 3); end += 3; } else copy[end++] = *at;
    }
    copy[end] = 0;
}

// A folder was synced: what was removed from it does not come back.
static void forget_removed(const char *path) {
    char original[PATH_MAX], copy[PATH_MAX];
    size_t length = strlen(path);
    pthread_mutex_lock(&shadow_lock);
    DIR *copies = opendir(shadow);
    for (struct dirent *entry; copies && (entry = readdir(copies));) {
        size_t end = snprintf(original, sizeof original, "%s/", folder);
        for (const char *at = entry->d_name; *at && end < PATH_MAX - 1; at++) {
            int is_slash = !strncmp(at, "%2F", 3);
            original[end++] = is_slash ? '/' : *at;
            at += is_slash ? 2 : 0;
        }
        original[end] = 0;
        int is_within = !strncmp(original, path, length) && original[length] == '/' && !strchr(original + length + 1, '/');
        snprintf(copy, sizeof copy, "%s/%s", shadow, entry->d_name);
        if (is_within && access(original, F_OK)) REAL(UNLINK, int, const char *)(copy);
    }
    if (copies) closedir(copies);
    pthread_mutex_unlock(&shadow_lock);
}

static void keep_copy(int file) {
    char path[PATH_MAX], copy[PATH_MAX], beside[PATH_MAX + 8], bytes[65536];
    struct stat status;
    if (!shadow || !path_of(file, path) || fstat(file, &status)) return;
    if (S_ISDIR(status.st_mode)) forget_removed(path);
    if (!S_ISREG(status.st_mode)) return;
    shadow_of(path, copy);
    snprintf(beside, sizeof beside, "%s.new", copy);
    pthread_mutex_lock(&shadow_lock);
    int source = REAL(OPEN64, int, const char *, int, ...)(path, O_RDONLY | O_CLOEXEC);
    int target = REAL(OPEN64, int, const char *, int, ...)(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t length = 0;
    while (source >= 0 && target >= 0 && (length = REAL(READ, ssize_t, int, void *, size_t)(source, bytes, sizeof bytes)) > 0)
        if (REAL(WRITE, ssize_t, int, const void *, size_t)(target, bytes, length) != length) abort();
    if (source >= 0) close(source);
    if (target >= 0) close(target);
    REAL(RENAME, int, const char *, const char *)(beside, copy);
    control->syncs++;
    pthread_mutex_unlock(&shadow_lock);
}

static mode_t mode_of(int flags, va_list arguments) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0; }

#define OPEN_AS(name, which) \
    int name(const char *path, int flags, ...) { \
        va_list arguments; va_start(arguments, flags); mode_t mode = mode_of(flags, arguments); va_end(arguments); \
        if (is_under(path)) FAIL_IF(fault(flags & O_CREAT)); \
        return REAL(which, int, const char *, int, ...)(path, flags, mode); \
    }
OPEN_AS(open, OPEN)
OPEN_AS(open64, OPEN64)

int openat64(int base, const char *path, int flags, ...) {
    va_list arguments; va_start(arguments, flags); mode_t mode = mode_of(flags, arguments); va_end(arguments);
    if (is_under(path)) FAIL_IF(fault(flags & O_CREAT));
    return REAL(OPENAT64, int, int, const char *, int, ...)(base, path, flags, mode);
}

ssize_t read(int file, void *bytes, size_t length) {
    FAIL_IF(fault_of(file, 0));
    return REAL(READ, ssize_t, int, void *, size_t)(file, bytes, length);
}

ssize_t pread64(int file, void *bytes, size_t length, off_t offset) {
    FAIL_IF(fault_of(file, 0));
    return REAL(PREAD64, ssize_t, int, void *, size_t, off_t)(file, bytes, length, offset);
}

// A write that fails has sometimes written a part.
static size_t part_of(int file, size_t length) {
    char path[PATH_MAX];
    if (length < 2 || !control || !control->failing || !path_of(file, path)) return length;
    if (next_random() % (4ull * (control->one_in ? control->one_in : 1))) return length;
    control->short_writes++;
    return 1 + next_random() % (length - 1);
}

ssize_t write(int file, const void *bytes, size_t length) {
    FAIL_IF(fault_of(file, 1));
    return REAL(WRITE, ssize_t, int, const void *, size_t)(file, bytes, part_of(file, length));
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    FAIL_IF(fault_of(file, 1));
    return REAL(WRITEV, ssize_t, int, const struct iovec *, int)(file, parts, count);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off_t offset) {
    FAIL_IF(fault_of(file, 1));
    return REAL(PWRITE64, ssize_t, int, const void *, size_t, off_t)(file, bytes, part_of(file, length), offset);
}

int fsync(int file) {
    FAIL_IF(fault_of(file, 0));
    int result = REAL(FSYNC, int, int)(file);
    if (!result && control) keep_copy(file);
    return result;
}

int fdatasync(int file) {
    FAIL_IF(fault_of(file, 0));
    int result = REAL(FDATASYNC, int, int)(file);
    if (!result && control) keep_copy(file);
    return result;
}

int ftruncate64(int file, off_t length) {
    FAIL_IF(fault_of(file, 1));
    return REAL(FTRUNCATE64, int, int, off_t)(file, length);
}

int rename(const char *from, const char *to) {
    if (is_under(from)) FAIL_IF(fault(1));
    int result = REAL(RENAME, int, const char *, const char *)(from, to);
    if (!result && shadow && is_under(from)) {
        char old[PATH_MAX], new[PATH_MAX];
        shadow_of(from, old);
        shadow_of(to, new);
        pthread_mutex_lock(&shadow_lock);
        REAL(RENAME, int, const char *, const char *)(old, new);
        pthread_mutex_unlock(&shadow_lock);
    }
    return result;
}

int unlink(const char *path) {
    if (is_under(path)) FAIL_IF(fault(0));
    return REAL(UNLINK, int, const char *)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (is_under(path)) FAIL_IF(fault(1));
    return REAL(MKDIR, int, const char *, mode_t)(path, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(CLOCK_GETTIME, int, clockid_t, struct timespec *)(clock, time);
    if (!result && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t nanoseconds = time->tv_nsec + control->clock_offset % 1000000 * 1000;
        time->tv_sec += control->clock_offset / 1000000 + (nanoseconds < 0 ? -1 : nanoseconds / 1000000000);
        time->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
