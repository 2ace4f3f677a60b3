/* Ending a process that hangs, and the launcher of its job. */
#include "cli/last_exit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Seconds that the launcher is given to end by itself: Open MPI 4.1 takes 2 to 3 for stopped
 * processes of another host, more on a busy machine. */
#define LAUNCHER_SECONDS 8
/* Shells and the like between the launcher and this process, at most. */
#define GENERATIONS 8
/* File descriptors that may be open. */
#define DESCRIPTORS 4096

/* A process as /proc shows it: "17 (mpirun) S 16 ...". False when there is none. Without stdio and
 * locks, since the child of a process with threads calls it, too. */
static bool look_at(pid_t process, char name[32], pid_t *parent) {
  char path[64], text[128] = "";
  (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  ssize_t length = read(descriptor, text, sizeof text - 1);
  (void)close(descriptor);
  const char *begin = length > 0 ? strchr(text, '(') : NULL, *end = strrchr(text, ')');
  if (begin == NULL || end == NULL || end - begin > 31 || strlen(end) < sizeof ") S ") return false;
  memcpy(name, begin + 1, (size_t)(end - begin - 1));
  name[end - begin - 1] = '\0';
  *parent = (pid_t)strtol(end + 4, NULL, 10);
  return true;
}

/* Whether it is a program of Open MPI that serves a single job. */
static bool is_launcher(const char *name) {
  static const char *const names[] = {"mpirun", "mpiexec", "orterun", "orted"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    if (strcmp(name, names[i]) == 0) return true;
  }
  return false;
}

/* The nearest launcher above this process; 0: none. */
static pid_t find_launcher(void) {
  char name[32];
  pid_t process = getppid(), parent = 0;
  for (int i = 0; i < GENERATIONS && process > 0 && look_at(process, name, &parent); ++i) {
    if (is_launcher(name)) return process;
    process = parent;
  }
  return 0;
}

/* By SIGKILL: told to end, it waits for its daemons. */
static void end_launcher(pid_t launcher) {
  struct timespec left = {.tv_sec = LAUNCHER_SECONDS};
  char name[32];
  pid_t parent = 0;
  while (nanosleep(&left, &left) != 0) continue;
  if (look_at(launcher, name, &parent) && is_launcher(name)) (void)kill(launcher, SIGKILL);
}

_Noreturn void last_exit(bool launcher) {
  pid_t process = launcher ? find_launcher() : 0;
  if (process > 0 && fork() == 0) {
    (void)setsid();
    for (int d = 0; d < DESCRIPTORS; ++d) (void)close(d); /* the launcher waits for their ends */
    end_launcher(process);
  }
  _exit(1);
}
