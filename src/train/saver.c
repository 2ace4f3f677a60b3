/* Writing checkpoints while the training goes on. */
#include "train/saver.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/message.h"
#include "train/run_directory.h"

/* An encoded checkpoint. */
typedef struct encoded {
  void *bytes; /* NULL: none */
  size_t size;
  nnt_train_state state;
} encoded;

struct nnt_saver {
  nnt_saver_plan plan;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool busy, ending; /* under the mutex, and the next */
  double longest;
  /* The thread's while it is busy, else the caller's. */
  nnt_checkpoint copy;
  int64_t history_capacity;
  bool best;
  encoded current;
  encoded unwritten; /* a best one that could not be written */
  nnt_status status; /* of the last */
  nnt_error error;
  double began;
  char good[NNT_CHECKPOINT_NAME]; /* the last that was written */
  atomic_bool to_report;
};

static void clear(encoded *what) {
  nnt_memory_free(&what->bytes);
}

static nnt_status encode(nnt_saver *saver) {
  encoded *out = &saver->current;
  out->state = saver->copy.state;
  nnt_reader_hold(saver->plan.reader);
  nnt_status status = nnt_checkpoint_encode(&saver->copy, &out->bytes, &out->size, &saver->error);
  nnt_reader_release(saver->plan.reader);
  return status;
}

static nnt_status store(nnt_saver *saver, const encoded *what) {
  return nnt_run_directory_store(saver->plan.output, &what->state, what->bytes, what->size,
                                 saver->plan.keep, &saver->error);
}

/* A best one that failed comes first: then last.h5 and best.h5 are right in the end. */
static void work(nnt_saver *saver) {
  if (saver->status == NNT_OK && saver->current.bytes == NULL) saver->status = encode(saver);
  if (saver->unwritten.bytes != NULL && store(saver, &saver->unwritten) == NNT_OK)
    clear(&saver->unwritten);
  if (saver->status == NNT_OK) saver->status = store(saver, &saver->current);
  if (saver->status == NNT_OK) {
    nnt_run_directory_file_name(&saver->current.state, saver->good);
  } else if (saver->best && saver->current.bytes != NULL) {
    clear(&saver->unwritten);
    saver->unwritten = saver->current;
    saver->current.bytes = NULL;
  }
  clear(&saver->current);
}

static void *run(void *context) {
  nnt_saver *saver = context;
  pthread_mutex_lock(&saver->mutex);
  while (saver->busy || !saver->ending) {
    if (!saver->busy) {
      pthread_cond_wait(&saver->changed, &saver->mutex);
      continue;
    }
    pthread_mutex_unlock(&saver->mutex);
    work(saver);
    nnt_memory_return_unused();
    pthread_mutex_lock(&saver->mutex);
    double seconds = nnt_clock_seconds() - saver->began;
    if (seconds > saver->longest) saver->longest = seconds;
    if (saver->status != NNT_OK) atomic_store(&saver->to_report, true);
    saver->busy = false;
    pthread_cond_broadcast(&saver->changed);
  }
  pthread_mutex_unlock(&saver->mutex);
  return NULL;
}

static void wait_until_idle(nnt_saver *saver) {
  pthread_mutex_lock(&saver->mutex);
  while (saver->busy) pthread_cond_wait(&saver->changed, &saver->mutex);
  pthread_mutex_unlock(&saver->mutex);
}

static nnt_status allocate(nnt_saver *saver, nnt_error *error) {
  size_t bytes = (size_t)nnt_layout_of(saver->plan.model).floats * sizeof(float);
  void *memory = NULL;
  nnt_status status = nnt_memory_allocate(bytes, "a copy of the parameters", &memory, error);
  saver->copy = (nnt_checkpoint){
      .model = *saver->plan.model, .optimizer = saver->plan.optimizer, .parameters = memory};
  /* Encoding only reads; the field is not const for the checkpoints that own theirs. */
  saver->copy.run_file = (char *)(uintptr_t)saver->plan.run_file;
  for (int i = 0; i < saver->plan.slots && status == NNT_OK; ++i) {
    status = nnt_memory_allocate(bytes, "a copy of the optimiser's state", &memory, error);
    saver->copy.slots[i] = memory;
  }
  return status;
}

static nnt_status start_thread(nnt_saver *saver, nnt_error *error) {
  sigset_t all, before;
  /* Signals are for the thread that trains. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&saver->thread, NULL, run, saver);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed == 0) return NNT_OK;
  return nnt_fail(error, NNT_OUT_OF_MEMORY,
                  "cannot start the thread that writes checkpoints\n%s\nraise the limit of "
                  "processes (ulimit -u)",
                  strerror(failed));
}

static void free_saver(nnt_saver *saver) {
  clear(&saver->current);
  clear(&saver->unwritten);
  free(saver->copy.parameters);
  for (int i = 0; i < NNT_OPTIMIZER_SLOTS; ++i) free(saver->copy.slots[i]);
  free(saver->copy.history);
  pthread_cond_destroy(&saver->changed);
  pthread_mutex_destroy(&saver->mutex);
  free(saver);
}

nnt_status nnt_saver_create(const nnt_saver_plan *plan, nnt_saver **out, nnt_error *error) {
  *out = NULL;
  nnt_saver *saver = calloc(1, sizeof *saver);
  if (saver == NULL) return nnt_fail_memory(error, sizeof *saver, "writing checkpoints");
  saver->plan = *plan;
  if (plan->from != NULL) nnt_run_directory_file_name(plan->from, saver->good);
  pthread_mutex_init(&saver->mutex, NULL);
  pthread_cond_init(&saver->changed, NULL);
  nnt_status status = allocate(saver, error);
  if (status == NNT_OK) status = start_thread(saver, error);
  if (status != NNT_OK) {
    free_saver(saver);
    return status;
  }
  *out = saver;
  return NNT_OK;
}

void nnt_saver_destroy(nnt_saver **saver) {
  nnt_saver *ending = *saver;
  if (ending == NULL) return;
  pthread_mutex_lock(&ending->mutex);
  ending->ending = true;
  pthread_cond_broadcast(&ending->changed);
  pthread_mutex_unlock(&ending->mutex);
  pthread_join(ending->thread, NULL);
  free_saver(ending);
  *saver = NULL;
}

static nnt_status copy_history(nnt_saver *saver, const nnt_history_entry *history, int64_t count) {
  nnt_checkpoint *copy = &saver->copy;
  if (count > saver->history_capacity) {
    size_t bytes = (size_t)(2 * count) * sizeof *history;
    nnt_history_entry *larger = realloc(copy->history, bytes);
    if (larger == NULL) return nnt_fail_memory(&saver->error, bytes, "a copy of the history");
    copy->history = larger;
    saver->history_capacity = 2 * count;
  }
  if (count > 0) memcpy(copy->history, history, (size_t)count * sizeof *history);
  copy->history_count = count;
  return NNT_OK;
}

void nnt_saver_submit(nnt_saver *saver, const nnt_train_state *state,
                      const nnt_history_entry *history, const float *parameters,
                      const float *const slots[NNT_OPTIMIZER_SLOTS], bool best) {
  size_t bytes = (size_t)nnt_layout_of(saver->plan.model).floats * sizeof(float);
  wait_until_idle(saver);
  nnt_saver_report(saver);
  saver->began = nnt_clock_seconds();
  saver->best = best;
  saver->copy.state = *state;
  memcpy(saver->copy.parameters, parameters, bytes);
  for (int i = 0; i < saver->plan.slots; ++i) memcpy(saver->copy.slots[i], slots[i], bytes);
  saver->status = copy_history(saver, history, state->epoch);
  if (saver->status == NNT_OK && saver->plan.at_once) saver->status = encode(saver);
  pthread_mutex_lock(&saver->mutex);
  saver->busy = true;
  pthread_cond_broadcast(&saver->changed);
  pthread_mutex_unlock(&saver->mutex);
}

void nnt_saver_report(nnt_saver *saver) {
  if (!atomic_exchange(&saver->to_report, false)) return;
  nnt_message(saver->plan.log, NNT_LOG_WARNING,
              "no checkpoint was written: %s: %s; training goes on, %s%s", saver->error.what,
              saver->error.where,
              saver->good[0] != '\0' ? "the last good one is " : "there is none", saver->good);
}

nnt_status nnt_saver_finish(nnt_saver *saver, nnt_error *error) {
  wait_until_idle(saver);
  if (saver->status == NNT_OK && saver->unwritten.bytes == NULL) return NNT_OK;
  *error = saver->error;
  return error->status;
}

bool nnt_saver_rests_within(nnt_saver *saver, double seconds) {
  const struct timespec nap = {.tv_nsec = 5000000};
  double until = nnt_clock_seconds() + seconds;
  pthread_mutex_lock(&saver->mutex);
  while (saver->busy && nnt_clock_seconds() < until) {
    pthread_mutex_unlock(&saver->mutex);
    (void)nanosleep(&nap, NULL);
    pthread_mutex_lock(&saver->mutex);
  }
  bool rests = !saver->busy;
  pthread_mutex_unlock(&saver->mutex);
  return rests;
}

double nnt_saver_longest(nnt_saver *saver) {
  pthread_mutex_lock(&saver->mutex);
  double longest = saver->longest;
  pthread_mutex_unlock(&saver->mutex);
  return longest;
}
