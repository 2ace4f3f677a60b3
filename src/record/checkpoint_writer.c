/* Asynchronous checkpointing. */
#include "record/checkpoint_writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/message.h"
#include "layers/layer_kind.h"
#include "record/run_directory.h"

/* An encoded checkpoint. */
typedef struct encoded {
  void *bytes; /* NULL: none */
  size_t size;
  nnt_train_state state;
} encoded;

struct nnt_checkpoint_writer {
  nnt_checkpoint_writer_plan plan;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool busy, ending; /* guarded by the mutex, as the next field */
  double longest;
  /* Owned by the thread while it is busy, else by the caller. */
  nnt_checkpoint copy;
  int64_t history_capacity;
  bool best;
  encoded current;
  encoded unwritten; /* a best checkpoint that could not be written */
  nnt_status status; /* of the last checkpoint */
  nnt_error error;
  double began;
  char good[NNT_CHECKPOINT_NAME]; /* the last one written */
  atomic_bool to_report;
};

static void clear(encoded *what) {
  nnt_memory_free(&what->bytes);
}

static nnt_status encode(nnt_checkpoint_writer *writer) {
  encoded *out = &writer->current;
  out->state = writer->copy.state;
  nnt_read_ahead_pause(writer->plan.reader);
  nnt_status status = nnt_checkpoint_encode(&writer->copy, &out->bytes, &out->size, &writer->error);
  nnt_read_ahead_resume(writer->plan.reader);
  return status;
}

static nnt_status store(nnt_checkpoint_writer *writer, const encoded *what) {
  return nnt_run_directory_store(writer->plan.output, &what->state, what->bytes, what->size,
                                 writer->plan.keep, &writer->error);
}

/* A failed best checkpoint is retried first, so that last.h5 and best.h5 end up right. */
static void work(nnt_checkpoint_writer *writer) {
  if (writer->status == NNT_OK && writer->current.bytes == NULL) writer->status = encode(writer);
  if (writer->unwritten.bytes != NULL && store(writer, &writer->unwritten) == NNT_OK)
    clear(&writer->unwritten);
  if (writer->status == NNT_OK) writer->status = store(writer, &writer->current);
  if (writer->status == NNT_OK) {
    nnt_run_directory_file_name(&writer->current.state, writer->good);
  } else if (writer->best && writer->current.bytes != NULL) {
    clear(&writer->unwritten);
    writer->unwritten = writer->current;
    writer->current.bytes = NULL;
  }
  clear(&writer->current);
}

static void *run(void *context) {
  nnt_checkpoint_writer *writer = context;
  pthread_mutex_lock(&writer->mutex);
  while (writer->busy || !writer->ending) {
    if (!writer->busy) {
      pthread_cond_wait(&writer->changed, &writer->mutex);
      continue;
    }
    pthread_mutex_unlock(&writer->mutex);
    work(writer);
    nnt_memory_return_unused();
    pthread_mutex_lock(&writer->mutex);
    double seconds = nnt_clock_seconds() - writer->began;
    if (seconds > writer->longest) writer->longest = seconds;
    if (writer->status != NNT_OK) atomic_store(&writer->to_report, true);
    writer->busy = false;
    pthread_cond_broadcast(&writer->changed);
  }
  pthread_mutex_unlock(&writer->mutex);
  return NULL;
}

static void wait_until_idle(nnt_checkpoint_writer *writer) {
  pthread_mutex_lock(&writer->mutex);
  while (writer->busy) pthread_cond_wait(&writer->changed, &writer->mutex);
  pthread_mutex_unlock(&writer->mutex);
}

static nnt_status allocate(nnt_checkpoint_writer *writer, nnt_error *error) {
  size_t bytes = (size_t)nnt_layout_of(writer->plan.model).floats * sizeof(float);
  void *memory = NULL;
  nnt_status status = nnt_memory_allocate(bytes, "a copy of the parameters", &memory, error);
  writer->copy = (nnt_checkpoint){
      .model = *writer->plan.model, .optimizer = writer->plan.optimizer, .parameters = memory};
  /* Encoding only reads; the field is not const for the checkpoints that own theirs. */
  writer->copy.run_file = (char *)(uintptr_t)writer->plan.run_file;
  for (int i = 0; i < writer->plan.slots && status == NNT_OK; ++i) {
    status = nnt_memory_allocate(bytes, "a copy of the optimiser's state", &memory, error);
    writer->copy.slots[i] = memory;
  }
  return status;
}

static nnt_status start_thread(nnt_checkpoint_writer *writer, nnt_error *error) {
  sigset_t all, before;
  /* Signals are handled by the training thread. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&writer->thread, NULL, run, writer);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed == 0) return NNT_OK;
  return nnt_fail(error, NNT_OUT_OF_MEMORY,
                  "cannot start the checkpoint thread\n%s\nraise the process limit (ulimit -u)",
                  strerror(failed));
}

static void free_writer(nnt_checkpoint_writer *writer) {
  clear(&writer->current);
  clear(&writer->unwritten);
  free(writer->copy.parameters);
  for (int i = 0; i < NNT_OPTIMIZER_SLOTS; ++i) free(writer->copy.slots[i]);
  free(writer->copy.history);
  pthread_cond_destroy(&writer->changed);
  pthread_mutex_destroy(&writer->mutex);
  free(writer);
}

nnt_status nnt_checkpoint_writer_create(const nnt_checkpoint_writer_plan *plan,
                                        nnt_checkpoint_writer **out, nnt_error *error) {
  *out = NULL;
  nnt_checkpoint_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) return nnt_fail_memory(error, sizeof *writer, "writing checkpoints");
  writer->plan = *plan;
  if (plan->from != NULL) nnt_run_directory_file_name(plan->from, writer->good);
  pthread_mutex_init(&writer->mutex, NULL);
  pthread_cond_init(&writer->changed, NULL);
  nnt_status status = allocate(writer, error);
  if (status == NNT_OK) status = start_thread(writer, error);
  if (status != NNT_OK) {
    free_writer(writer);
    return status;
  }
  *out = writer;
  return NNT_OK;
}

void nnt_checkpoint_writer_destroy(nnt_checkpoint_writer **writer) {
  nnt_checkpoint_writer *ending = *writer;
  if (ending == NULL) return;
  pthread_mutex_lock(&ending->mutex);
  ending->ending = true;
  pthread_cond_broadcast(&ending->changed);
  pthread_mutex_unlock(&ending->mutex);
  pthread_join(ending->thread, NULL);
  free_writer(ending);
  *writer = NULL;
}

static nnt_status copy_history(nnt_checkpoint_writer *writer, const nnt_history_entry *history,
                               int64_t count) {
  nnt_checkpoint *copy = &writer->copy;
  if (count > writer->history_capacity) {
    size_t bytes = (size_t)(2 * count) * sizeof *history;
    nnt_history_entry *larger = realloc(copy->history, bytes);
    if (larger == NULL) return nnt_fail_memory(&writer->error, bytes, "a copy of the history");
    copy->history = larger;
    writer->history_capacity = 2 * count;
  }
  if (count > 0) memcpy(copy->history, history, (size_t)count * sizeof *history);
  copy->history_count = count;
  return NNT_OK;
}

void nnt_checkpoint_writer_submit(nnt_checkpoint_writer *writer, const nnt_train_state *state,
                                  const nnt_history_entry *history, const float *parameters,
                                  const float *const slots[NNT_OPTIMIZER_SLOTS], bool best) {
  size_t bytes = (size_t)nnt_layout_of(writer->plan.model).floats * sizeof(float);
  wait_until_idle(writer);
  nnt_checkpoint_writer_report(writer);
  writer->began = nnt_clock_seconds();
  writer->best = best;
  writer->copy.state = *state;
  memcpy(writer->copy.parameters, parameters, bytes);
  for (int i = 0; i < writer->plan.slots; ++i) memcpy(writer->copy.slots[i], slots[i], bytes);
  writer->status = copy_history(writer, history, state->epoch);
  if (writer->status == NNT_OK && writer->plan.at_once) writer->status = encode(writer);
  pthread_mutex_lock(&writer->mutex);
  writer->busy = true;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->mutex);
}

void nnt_checkpoint_writer_report(nnt_checkpoint_writer *writer) {
  if (!atomic_exchange(&writer->to_report, false)) return;
  nnt_message(writer->plan.log, NNT_LOG_WARNING,
              "no checkpoint was written: %s: %s; training continues, %s%s", writer->error.what,
              writer->error.where,
              writer->good[0] != '\0' ? "the last good one is " : "there is none", writer->good);
}

nnt_status nnt_checkpoint_writer_finish(nnt_checkpoint_writer *writer, nnt_error *error) {
  wait_until_idle(writer);
  if (writer->status == NNT_OK && writer->unwritten.bytes == NULL) return NNT_OK;
  *error = writer->error;
  return error->status;
}

bool nnt_checkpoint_writer_idle_within(nnt_checkpoint_writer *writer, double seconds) {
  const struct timespec nap = {.tv_nsec = 5000000};
  double until = nnt_clock_seconds() + seconds;
  pthread_mutex_lock(&writer->mutex);
  while (writer->busy && nnt_clock_seconds() < until) {
    pthread_mutex_unlock(&writer->mutex);
    (void)nanosleep(&nap, NULL);
    pthread_mutex_lock(&writer->mutex);
  }
  bool idle = !writer->busy;
  pthread_mutex_unlock(&writer->mutex);
  return idle;
}

double nnt_checkpoint_writer_longest(nnt_checkpoint_writer *writer) {
  pthread_mutex_lock(&writer->mutex);
  double longest = writer->longest;
  pthread_mutex_unlock(&writer->mutex);
  return longest;
}
