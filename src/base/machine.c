/* Available memory: Linux's /proc/meminfo, control groups (Slurm limits jobs with them) and
 * /dev/shm; elsewhere the physical memory. */
#include "base/machine.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/partition.h"

#define PATH_BYTES 4096

int64_t nnt_machine_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page > 0 ? (int64_t)pages * page : INT64_MAX;
}

/* MemAvailable of /proc/meminfo, which includes reclaimable page cache. */
static int64_t kernel_available(void) {
  char line[256];
  int64_t kilobytes = -1;
  FILE *file = fopen("/proc/meminfo", "r");
  if (file == NULL) return nnt_machine_memory();
  while (kilobytes < 0 && fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "MemAvailable: %" SCNd64, &kilobytes) != 1) kilobytes = -1;
  }
  (void)fclose(file);
  return kilobytes >= 0 ? kilobytes * 1024 : nnt_machine_memory();
}

/* The number in a file of a control group; -1 when there is none ("max" is not a number). */
static int64_t read_number(const char *folder, const char *name) {
  char path[PATH_BYTES + 64];
  int64_t value = -1;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (file == NULL) return -1;
  if (fscanf(file, "%" SCNd64, &value) != 1) value = -1;
  (void)fclose(file);
  return value;
}

/* Bytes of page cache charged to a group, which the kernel reclaims under memory pressure. */
static int64_t read_cached(const char *folder, const char *prefix) {
  char path[PATH_BYTES + 64], name[64];
  int64_t value = 0, sum = 0;
  size_t skip = strlen(prefix);
  (void)snprintf(path, sizeof path, "%s/memory.stat", folder);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  while (fscanf(file, "%63s %" SCNd64, name, &value) == 2) {
    if (strncmp(name, prefix, skip) != 0) continue;
    if (strcmp(name + skip, "inactive_file") == 0 || strcmp(name + skip, "active_file") == 0)
      sum += value;
  }
  (void)fclose(file);
  return sum;
}

/* The files of one version of control groups. */
typedef struct group_files {
  const char *root, *limit, *used;
  const char *prefix; /* of the lines of memory.stat that include descendant groups */
} group_files;

static const group_files version_1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                      "memory.usage_in_bytes", "total_"};
static const group_files version_2 = {"/sys/fs/cgroup", "memory.max", "memory.current", ""};

/* What the limits of a group and its ancestors leave. */
static int64_t group_available(const group_files *files, const char *group) {
  char folder[PATH_BYTES];
  int64_t least = INT64_MAX;
  int length = snprintf(folder, sizeof folder, "%s%s", files->root, group);
  if (length < 0 || (size_t)length >= sizeof folder) return least;
  while (strlen(folder) >= strlen(files->root)) {
    int64_t most = read_number(folder, files->limit), used = read_number(folder, files->used);
    if (most >= 0 && used >= 0) {
      int64_t in_use = nnt_max_i64(used - read_cached(folder, files->prefix), 0);
      least = nnt_min_i64(least, nnt_max_i64(most - in_use, 0));
    }
    *strrchr(folder, '/') = '\0';
  }
  return least;
}

/* Over the groups of this process: "0::/path" (version 2), "9:memory:/path" (version 1). */
static int64_t groups_available(void) {
  char line[PATH_BYTES];
  int64_t least = INT64_MAX;
  FILE *file = fopen("/proc/self/cgroup", "r");
  if (file == NULL) return least;
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) continue;
    *group++ = '\0';
    if (strcmp(group, "/") == 0) group[0] = '\0';
    if (controllers[1] == '\0')
      least = nnt_min_i64(least, group_available(&version_2, group));
    else if (strcmp(controllers + 1, "memory") == 0)
      least = nnt_min_i64(least, group_available(&version_1, group));
  }
  (void)fclose(file);
  return least;
}

int64_t nnt_machine_available(void) {
  return nnt_min_i64(kernel_available(), groups_available());
}

int64_t nnt_machine_shareable(void) {
  struct statvfs shared;
  if (statvfs("/dev/shm", &shared) != 0) return INT64_MAX;
  return (int64_t)shared.f_bavail * (int64_t)shared.f_frsize;
}
