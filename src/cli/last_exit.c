/* Ending a process that hangs, and the launcher of its job. */
#include "cli/last_exit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Seconds that the launcher has to end by itself. */
#define LAUNCHER_SECONDS 4
/* Descriptors that may be open. */
#define DESCRIPTORS 4096

/* Whether the process is one of Open MPI's that serves a single job. */
static bool is_launcher(pid_t process) {
  static const char *const names[] = {"mpirun\n", "mpiexec\n", "orterun\n", "orted\n"};
  char path[64], name[64] = "";
  (void)snprintf(path, sizeof path, "/proc/%ld/comm", (long)process);
  FILE *file = fopen(path, "r");
  if (file == NULL) return false;
  if (fgets(name, sizeof name, file) == NULL) name[0] = '\0';
  (void)fclose(file);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    if (strcmp(name, names[i]) == 0) return true;
  }
  return false;
}

static void sleep_seconds(time_t seconds) {
  struct timespec left = {.tv_sec = seconds};
  while (nanosleep(&left, &left) != 0) continue;
}

/* It waits for its daemons, also when it is told to end. */
static void end_launcher(pid_t launcher) {
  sleep_seconds(LAUNCHER_SECONDS);
  if (is_launcher(launcher)) (void)kill(launcher, SIGKILL);
}

_Noreturn void last_exit(bool launcher) {
  pid_t parent = getppid();
  if (launcher && is_launcher(parent) && fork() == 0) {
    (void)setsid();
    for (int d = 0; d < DESCRIPTORS; ++d) (void)close(d); /* the launcher waits for their ends */
    end_launcher(parent);
  }
  _exit(1);
}
