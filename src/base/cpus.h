/* Sets of CPUs, and which of them share a core: Linux's /proc/self/status and /sys. */
#ifndef NNT_BASE_CPUS_H
#define NNT_BASE_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most CPUs of a machine; further ones are ignored. */
#define NNT_CPUS_MOST 2048

/* Plain data, so it can be sent between ranks. */
typedef struct nnt_cpus {
  uint64_t bits[NNT_CPUS_MOST / 64];
} nnt_cpus;

void nnt_cpus_add(nnt_cpus *cpus, int cpu);
bool nnt_cpus_has(const nnt_cpus *cpus, int cpu);
int nnt_cpus_count(const nnt_cpus *cpus);
/* Parses Linux's list format, "0-3,8"; false for anything else, with what was parsed so far. */
bool nnt_cpus_parse(const char *text, nnt_cpus *out);
/* The inverse; truncated with ",..." when the buffer is too small. */
void nnt_cpus_text(const nnt_cpus *cpus, char *text, size_t size);

/* The CPUs that the calling thread may run on; all of them where the system does not say. */
void nnt_cpus_allowed(nnt_cpus *out);
/* The CPUs that are online. */
void nnt_cpus_online(nnt_cpus *out);
/* Each CPU's core, represented by its first CPU (hardware threads are CPUs too). */
void nnt_cpus_cores(const nnt_cpus *cpus, nnt_cpus *out);

#endif
