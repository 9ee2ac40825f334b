/*
 * A disk that loses power. Preloaded into a process, it keeps in the directory that DISK_KEPT names what of the files
 * below DISK_ROOT would be there after a power failure, and no more: of a file what it held at its last fsync or fdatasync
 * and what was written to it with O_DSYNC, of a directory the names that it had at its last fsync. Files are named by their
 * inodes there: f and the number holds bytes, d and the number lines of "inode name".
 *
 * DISK_SYNC_MS is how long a sync takes, so that who does not wait for it is found out.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { path_max = 4096, block = 1 << 16 };
typedef ssize_t (*write_t)(int, const void *, size_t, off64_t);

/* Whether the file lies below the root, and which one it is. */
static int is_kept(int fd, struct stat *file) {
  const char *root = getenv("DISK_ROOT");
  char link[64], path[path_max];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (root == NULL || length < 0 || fstat(fd, file) != 0) return 0;
  path[length] = 0;
  return strncmp(path, root, strlen(root)) == 0;
}

static void kept_path(char *path, char kind, ino_t inode, const char *end) {
  snprintf(path, path_max, "%s/%c%lu%s", getenv("DISK_KEPT"), kind, (unsigned long)inode, end);
}

static void keep_bytes(int fd, int out) {
  char bytes[block], path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int in = open(path, O_RDONLY | O_CLOEXEC);
  for (ssize_t length; (length = read(in, bytes, block)) > 0;) if (write(out, bytes, length) != length) abort();
  close(in);
}

static void keep_names(int fd, int out) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  DIR *directory = opendir(path);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    dprintf(out, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
  }
  closedir(directory);
}

/* A kill leaves what was kept before or what is kept now. */
static void keep(int fd) {
  struct stat file;
  char path[path_max], unfinished[path_max], end[32];
  if (!is_kept(fd, &file)) return;
  if (getenv("DISK_SYNC_MS") != NULL) usleep(1000 * atoi(getenv("DISK_SYNC_MS")));
  int is_directory = S_ISDIR(file.st_mode);
  snprintf(end, sizeof end, ".%ld", syscall(SYS_gettid));
  kept_path(path, is_directory ? 'd' : 'f', file.st_ino, "");
  kept_path(unfinished, is_directory ? 'd' : 'f', file.st_ino, end);
  int out = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) abort();
  if (is_directory) keep_names(fd, out);
  else keep_bytes(fd, out);
  close(out);
  if (rename(unfinished, path) != 0) abort();
}

int fsync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int result = real(fd);
  if (result == 0) keep(fd);
  return result;
}

int fdatasync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = real(fd);
  if (result == 0) keep(fd);
  return result;
}

static ssize_t keep_written(int fd, const void *bytes, ssize_t length, off64_t offset) {
  struct stat file;
  char path[path_max];
  int flags = fcntl(fd, F_GETFL);
  if (length <= 0 || (flags & O_DSYNC) == 0 || !is_kept(fd, &file)) return length;
  kept_path(path, 'f', file.st_ino, "");
  int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  write_t real = (write_t)dlsym(RTLD_NEXT, "pwrite64");
  if (out < 0 || real(out, bytes, length, offset) != length) abort();
  close(out);
  return length;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  write_t real = (write_t)dlsym(RTLD_NEXT, "pwrite64");
  return keep_written(fd, bytes, real(fd, bytes, length, offset), offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite64(fd, bytes, length, offset);
}
