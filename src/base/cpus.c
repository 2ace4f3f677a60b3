/* Sets of CPUs, and which of them share a core. */
#include "base/cpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void nnt_cpus_add(nnt_cpus *cpus, int cpu) {
  if (cpu >= 0 && cpu < NNT_CPUS_MOST) cpus->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

bool nnt_cpus_has(const nnt_cpus *cpus, int cpu) {
  return cpu >= 0 && cpu < NNT_CPUS_MOST && ((cpus->bits[cpu / 64] >> (cpu % 64)) & 1) != 0;
}

int nnt_cpus_count(const nnt_cpus *cpus) {
  int count = 0;
  for (int cpu = 0; cpu < NNT_CPUS_MOST; ++cpu) count += nnt_cpus_has(cpus, cpu);
  return count;
}

bool nnt_cpus_parse(const char *text, nnt_cpus *out) {
  *out = (nnt_cpus){{0}};
  do {
    char *end = NULL;
    if (*text < '0' || *text > '9') return false;
    long first = strtol(text, &end, 10), last = first;
    if (*end == '-') {
      text = end + 1;
      if (*text < '0' || *text > '9') return false;
      last = strtol(text, &end, 10);
    }
    for (long cpu = first; cpu <= last && cpu < NNT_CPUS_MOST; ++cpu) nnt_cpus_add(out, (int)cpu);
    text = end;
  } while (*text++ == ',');
  return text[-1] == '\0' || text[-1] == '\n';
}

void nnt_cpus_text(const nnt_cpus *cpus, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (int cpu = 0; cpu < NNT_CPUS_MOST; ++cpu) {
    char range[32];
    if (!nnt_cpus_has(cpus, cpu)) continue;
    int last = cpu;
    while (nnt_cpus_has(cpus, last + 1)) ++last;
    const char *comma = used > 0 ? "," : "";
    int length = last > cpu ? snprintf(range, sizeof range, "%s%d-%d", comma, cpu, last)
                            : snprintf(range, sizeof range, "%s%d", comma, cpu);
    if (used + (size_t)length + sizeof ",..." > size) {
      (void)snprintf(text + used, size - used, ",...");
      return;
    }
    memcpy(text + used, range, (size_t)length + 1);
    used += (size_t)length;
    cpu = last;
  }
}

static void add_all(nnt_cpus *out) {
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  *out = (nnt_cpus){{0}};
  for (long cpu = 0; cpu < online || cpu == 0; ++cpu) nnt_cpus_add(out, (int)cpu);
}

/* The list after `key` in a file of /proc or /sys. */
static bool read_list(const char *path, const char *key, nnt_cpus *out) {
  char line[8192];
  bool found = false;
  FILE *file = fopen(path, "r");
  if (file == NULL) return false;
  while (!found && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, key, strlen(key)) != 0) continue;
    const char *list = line + strlen(key);
    found = nnt_cpus_parse(list + strspn(list, " \t"), out);
  }
  (void)fclose(file);
  return found;
}

void nnt_cpus_allowed(nnt_cpus *out) {
  if (!read_list("/proc/self/status", "Cpus_allowed_list:", out)) add_all(out);
}

void nnt_cpus_online(nnt_cpus *out) {
  if (!read_list("/sys/devices/system/cpu/online", "", out)) add_all(out);
}

/* The first CPU on the same core. */
static int core_of(int cpu) {
  char path[128];
  nnt_cpus siblings;
  int core = 0;
  (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                 cpu);
  if (!read_list(path, "", &siblings)) return cpu;
  while (core < cpu && !nnt_cpus_has(&siblings, core)) ++core;
  return core;
}

void nnt_cpus_cores(const nnt_cpus *cpus, nnt_cpus *out) {
  *out = (nnt_cpus){{0}};
  for (int cpu = 0; cpu < NNT_CPUS_MOST; ++cpu) {
    if (nnt_cpus_has(cpus, cpu)) nnt_cpus_add(out, core_of(cpu));
  }
}
