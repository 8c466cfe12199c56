// A library to preload into a process whose disk and clock are to fail on demand. What it does is said by a file that the
// process and dev/faults.py map: see `struct control`. Only calls on files under one folder fail. The same seed gives the
// same choices to the same calls; threads decide which call comes when.
//
// Calls that go to the kernel without the C library, as rustix makes them, are handed back by a filter of system calls.
//
// With a shadow folder it keeps, at every successful sync, a copy of the file as a power cut would leave it.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// What a file is, by its place in the folder.
enum { DATABASE, CLICK_STORE, JOURNAL, SNAPSHOT, OTHER, KINDS };

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
    _Atomic uint64_t handed_back;   // that failed and came by way of the filter of system calls
    _Atomic uint64_t of[KINDS];     // that failed, by what the file is
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

static void hand_back_calls(void);

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
    if (control) hand_back_calls();
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

static int kind_of(const char *path) {
    path += folder_length;
    if (!strncmp(path, "/elido.db", 9)) return DATABASE;
    if (!strncmp(path, "/clicks.db", 10)) return CLICK_STORE;
    if (!strncmp(path, "/journal", 8)) return JOURNAL;
    return strncmp(path, "/edge", 5) ? OTHER : SNAPSHOT;
}

// The error that this call fails with, or 0.
static int fault(const char *path, int may_be_full) {
    control->calls++;
    if (!control->failing) return 0;
    uint64_t random = next_random();
    if (random % (control->one_in ? control->one_in : 1)) return 0;
    control->of[kind_of(path)]++;
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
    return path_of(file, path) ? fault(path, may_be_full) : 0;
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
        if (is_under(path)) FAIL_IF(fault(path, flags & O_CREAT)); \
        return REAL(which, int, const char *, int, ...)(path, flags, mode); \
    }
OPEN_AS(open, OPEN)
OPEN_AS(open64, OPEN64)

int openat64(int base, const char *path, int flags, ...) {
    va_list arguments; va_start(arguments, flags); mode_t mode = mode_of(flags, arguments); va_end(arguments);
    if (is_under(path)) FAIL_IF(fault(path, flags & O_CREAT));
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
    if (is_under(from)) FAIL_IF(fault(from, 1));
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
    if (is_under(path)) FAIL_IF(fault(path, 0));
    return REAL(UNLINK, int, const char *)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (is_under(path)) FAIL_IF(fault(path, 1));
    return REAL(MKDIR, int, const char *, mode_t)(path, mode);
}

#ifdef __x86_64__
// A call that carries this where no call has an argument is one of ours, and goes on to the kernel.
#define OURS 0x6c69646fu

static const int HANDED_BACK[] = { SYS_fallocate, SYS_getdents64, SYS_unlinkat, SYS_rmdir, SYS_flock, SYS_statx };
enum { HANDED_BACK_COUNT = sizeof HANDED_BACK / sizeof *HANDED_BACK };

// The file that a call with a folder and a path within it, or with the folder alone, means.
static int path_at(int base, const char *name, char path[PATH_MAX]) {
    if (name && *name == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && is_under(path);
    if (base < 0 || !path_of(base, path)) return 0;
    size_t end = strlen(path);
    if (name && *name) snprintf(path + end, PATH_MAX - end, "/%s", name);
    return 1;
}

static int fault_of_call(int call, const greg_t *registers) {
    char path[PATH_MAX];
    int file = registers[REG_RDI];
    const char *first = (const char *)registers[REG_RDI], *second = (const char *)registers[REG_RSI];
    if (!control->failing) return 0;
    switch (call) {
    case SYS_fallocate: return path_of(file, path) ? fault(path, 1) : 0;
    case SYS_rmdir: return is_under(first) ? fault(first, 0) : 0;
    case SYS_unlinkat: case SYS_statx: return path_at(file, second, path) ? fault(path, 0) : 0;
    default: return path_of(file, path) ? fault(path, 0) : 0;
    }
}

static void on_call(int signal, siginfo_t *information, void *context) {
    (void)signal;
    int before = errno, call = information->si_syscall;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    int error = fault_of_call(call, registers);
    if (error) {
        control->handed_back++;
        registers[REG_RAX] = -error;
    } else {
        long result = syscall(call, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10], registers[REG_R8], (long)OURS);
        registers[REG_RAX] = result < 0 ? -errno : result;
    }
    errno = before;
}

static void hand_back_calls(void) {
    struct sock_filter program[HANDED_BACK_COUNT + 6];
    int at = 0;
    program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]));
    program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OURS, HANDED_BACK_COUNT + 1, 0);
    program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int call = 0; call < HANDED_BACK_COUNT; call++)
        program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HANDED_BACK[call], HANDED_BACK_COUNT - call, 0);
    program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    struct sock_fprog filter = { .len = at, .filter = program };
    struct sigaction action = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART };
    sigaction(SIGSYS, &action, NULL);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) abort();
}
#else
static void hand_back_calls(void) {}
#endif

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
