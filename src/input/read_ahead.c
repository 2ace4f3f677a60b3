/* Reading ahead while the rank trains. */
#include "input/read_ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

struct nnt_read_ahead {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  nnt_read_job *first; /* the current job; the others are queued after it */
  bool working;        /* on a piece, without the mutex */
  bool paused;
  bool ending;
  uint32_t pieces; /* done */
};

/* Runs one piece of the first job; the mutex is held on entry and return. */
static void work(nnt_read_ahead *reader) {
  nnt_read_job *job = reader->first;
  bool more = false;
  reader->working = true;
  pthread_mutex_unlock(&reader->mutex);
  nnt_status status = job->piece(job->context, &more, &job->error);
  pthread_mutex_lock(&reader->mutex);
  reader->working = false;
  ++reader->pieces;
  bool done = status != NNT_OK || !more;
  if (done) {
    job->status = status;
    job->done = true;
    reader->first = job->next;
  }
  /* Signalling after every piece would cost more than a small piece. */
  if (done || reader->paused) pthread_cond_broadcast(&reader->changed);
}

static void *run(void *context) {
  nnt_read_ahead *reader = context;
  pthread_mutex_lock(&reader->mutex);
  while (!reader->ending) {
    if (reader->first != NULL && !reader->paused)
      work(reader);
    else
      pthread_cond_wait(&reader->changed, &reader->mutex);
  }
  pthread_mutex_unlock(&reader->mutex);
  return NULL;
}

nnt_status nnt_read_ahead_create(nnt_read_ahead **out, nnt_error *error) {
  sigset_t all, before;
  *out = NULL;
  nnt_read_ahead *reader = calloc(1, sizeof *reader);
  if (reader == NULL) return nnt_fail_memory(error, sizeof *reader, "reading ahead");
  pthread_mutex_init(&reader->mutex, NULL);
  pthread_cond_init(&reader->changed, NULL);
  /* Signals are handled by the training thread. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&reader->thread, NULL, run, reader);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed != 0) {
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->mutex);
    free(reader);
    return nnt_fail(error, NNT_OUT_OF_MEMORY,
                    "cannot start the read-ahead thread\n%s\nraise the process limit (ulimit -u), "
                    "or use --data-mode resident",
                    strerror(failed));
  }
  *out = reader;
  return NNT_OK;
}

void nnt_read_ahead_destroy(nnt_read_ahead **reader) {
  nnt_read_ahead *ending = *reader;
  if (ending == NULL) return;
  pthread_mutex_lock(&ending->mutex);
  ending->ending = true;
  pthread_cond_broadcast(&ending->changed);
  pthread_mutex_unlock(&ending->mutex);
  pthread_join(ending->thread, NULL);
  pthread_cond_destroy(&ending->changed);
  pthread_mutex_destroy(&ending->mutex);
  free(ending);
  *reader = NULL;
}

void nnt_read_ahead_submit(nnt_read_ahead *reader, nnt_read_job *job) {
  job->done = false;
  job->next = NULL;
  pthread_mutex_lock(&reader->mutex);
  nnt_read_job **end = &reader->first;
  while (*end != NULL) end = &(*end)->next;
  *end = job;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->mutex);
}

nnt_status nnt_read_ahead_wait(nnt_read_ahead *reader, nnt_read_job *job, nnt_error *error) {
  pthread_mutex_lock(&reader->mutex);
  while (!job->done) pthread_cond_wait(&reader->changed, &reader->mutex);
  pthread_mutex_unlock(&reader->mutex);
  if (job->status != NNT_OK && error != NULL) *error = job->error;
  return job->status;
}

void nnt_read_ahead_pause(nnt_read_ahead *reader) {
  if (reader == NULL) return;
  pthread_mutex_lock(&reader->mutex);
  reader->paused = true;
  while (reader->working) pthread_cond_wait(&reader->changed, &reader->mutex);
  pthread_mutex_unlock(&reader->mutex);
}

bool nnt_read_ahead_pause_within(nnt_read_ahead *reader, double seconds) {
  const struct timespec nap = {.tv_nsec = 5000000};
  double until = nnt_clock_seconds() + seconds;
  if (reader == NULL) return true;
  pthread_mutex_lock(&reader->mutex);
  reader->paused = true;
  while (reader->working && nnt_clock_seconds() < until) {
    pthread_mutex_unlock(&reader->mutex);
    (void)nanosleep(&nap, NULL);
    pthread_mutex_lock(&reader->mutex);
  }
  bool idle = !reader->working;
  pthread_mutex_unlock(&reader->mutex);
  return idle;
}

uint32_t nnt_read_ahead_pieces(nnt_read_ahead *reader, bool *working) {
  *working = false;
  if (reader == NULL) return 0;
  pthread_mutex_lock(&reader->mutex);
  uint32_t pieces = reader->pieces;
  *working = reader->working;
  pthread_mutex_unlock(&reader->mutex);
  return pieces;
}

void nnt_read_ahead_resume(nnt_read_ahead *reader) {
  if (reader == NULL) return;
  pthread_mutex_lock(&reader->mutex);
  reader->paused = false;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->mutex);
}
