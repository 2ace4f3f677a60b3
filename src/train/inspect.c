/* nnt_inspect: the contents of a checkpoint or data file. */
#include <inttypes.h>
#include <nntrain/inspect.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/partition.h"
#include "data/sample_order.h"
#include "hdf5/h5.h"
#include "layers/layer_kind.h"
#include "net/layout.h"
#include "record/run_directory.h"

/* Where the lines go. */
typedef struct printer {
  nnt_line line;
  void *context;
  nnt_h5 *file;
} printer;

__attribute__((format(printf, 2, 3))) static void print(const printer *to, const char *format,
                                                        ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  to->line(to->context, text);
}

static void print_names(const printer *to, char *const *names, int64_t count) {
  char list[400] = "";
  for (int64_t i = 0; i < count; ++i) {
    size_t used = strlen(list);
    (void)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  print(to, "class names    %s", list);
}

/* A layer: what it is, and the names of its tensors. */
static void print_layer(const printer *to, const nnt_layout *layout, int l) {
  const nnt_layer *layer = &layout->layers[l];
  char norm[64] = "", names[256] = "";
  if (layer->norm != NNT_NORM_NONE)
    (void)snprintf(norm, sizeof norm, "%s norm, ", nnt_norm_name(layer->norm));
  for (int i = layout->first_tensor[l]; i < layout->first_tensor[l + 1]; ++i) {
    size_t used = strlen(names);
    (void)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                   layout->tensors[i].name);
  }
  print(to, "layer %-8d %" PRId64 " -> %" PRId64 ", %s%s%s: %s", l, layer->inputs, layer->outputs,
        norm, nnt_activation_name(layer->activation), layer->frozen ? ", frozen" : "", names);
}

static nnt_status print_checkpoint(const printer *to, const nnt_checkpoint *checkpoint,
                                   nnt_error *error) {
  const nnt_model *model = &checkpoint->model;
  const nnt_train_state *state = &checkpoint->state;
  nnt_layout layout = nnt_layout_of(model);
  char shape[256], digest[65];
  nnt_status status = nnt_layout_digest(&layout, checkpoint->parameters, digest, error);
  if (status != NNT_OK) return status;
  nnt_model_shape_text(model, shape, sizeof shape);
  print(to, "checkpoint     %s, %" PRId64 " parameters", shape, nnt_model_parameters(model));
  for (int l = 0; l < model->layer_count; ++l) print_layer(to, &layout, l);
  print(to, "loss           %s", nnt_loss_name(model->loss));
  print(to, "normalisation  %s", nnt_normalization_name(model->normalization));
  if (model->class_names != NULL) print_names(to, model->class_names, model->class_name_count);
  print(to, "trained        %" PRId64 " epochs, %" PRId64 " steps, seed %" PRIu64, state->epoch,
        state->step, state->seed);
  if (state->epoch_step > 0)
    print(to, "next epoch     %" PRId64 " of %" PRId64 " steps done", state->epoch_step,
          nnt_ceil_div(state->samples, state->batch_size));
  print(to, "batch size     %" PRId64 " of %" PRId64 " samples", state->batch_size, state->samples);
  if (state->selection[0] != '\0') print(to, "selection      %s", state->selection);
  if (state->shuffling.kind == NNT_SHUFFLE_WINDOWED)
    print(to, "shuffle        windowed, blocks of %" PRId64 ", windows of %" PRId64 " samples",
          state->shuffling.block, state->shuffling.window);
  else
    print(to, "shuffle        %s", nnt_shuffle_name(state->shuffling.kind));
  print(to, "optimiser      %s, learning rate %g, momentum %g%s, weight decay %g",
        nnt_optimizer_name(checkpoint->optimizer.kind), checkpoint->optimizer.learning_rate,
        checkpoint->optimizer.momentum, checkpoint->optimizer.nesterov ? " (nesterov)" : "",
        checkpoint->optimizer.weight_decay);
  print(to, "best           epoch %" PRId64 ", loss %.6g", state->best_epoch, state->best_loss);
  print(to, "digest         %s", digest);
  return NNT_OK;
}

static nnt_status print_dataset(void *context, const char *path, const nnt_h5_dataset *dataset,
                                nnt_error *error) {
  static const char *const kinds[] = {"integer", "float", "other"};
  const printer *to = context;
  char dims[160] = "";
  (void)error;
  for (int i = 0; i < dataset->rank; ++i) {
    size_t used = strlen(dims);
    (void)snprintf(dims + used, sizeof dims - used, "%s%" PRId64, i > 0 ? ", " : "",
                   dataset->dims[i]);
  }
  bool is_unsigned = dataset->kind == NNT_H5_INTEGER && !dataset->is_signed;
  char chunks[64] = "";
  if (dataset->chunk_rows > 0)
    (void)snprintf(chunks, sizeof chunks, ", chunks of %" PRId64 " rows", dataset->chunk_rows);
  print(to, "%-24s [%s] %s%s of %zu bits%s", path, dims, is_unsigned ? "unsigned " : "",
        kinds[dataset->kind], 8 * dataset->element_bytes, chunks);
  return NNT_OK;
}

static nnt_status inspect_data(const char *path, printer *to, nnt_error *error) {
  nnt_status status = nnt_h5_open(path, &to->file, error);
  if (status == NNT_OK) {
    print(to, "data file");
    status = nnt_h5_visit(to->file, "/", print_dataset, to, error);
  }
  nnt_h5_destroy(&to->file);
  return status;
}

/* A run directory, or a file with the signature of a checkpoint. */
static bool names_checkpoint(const char *path) {
  struct stat what;
  char start[64];
  if (stat(path, &what) == 0 && S_ISDIR(what.st_mode)) return true;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  size_t size = fread(start, 1, sizeof start, file);
  (void)fclose(file);
  return nnt_checkpoint_recognize(start, size);
}

nnt_status nnt_inspect(const char *path, nnt_line line, void *context, nnt_error *error) {
  printer to = {.line = line, .context = context};
  nnt_checkpoint *checkpoint = NULL;
  if (!names_checkpoint(path)) return inspect_data(path, &to, error);
  nnt_status status = nnt_run_directory_open_local(path, &checkpoint, error);
  if (status == NNT_OK) status = print_checkpoint(&to, checkpoint, error);
  nnt_checkpoint_destroy(&checkpoint);
  return status;
}

nnt_status nnt_inspect_digest(const char *path, char digest[65], nnt_error *error) {
  nnt_checkpoint *checkpoint = NULL;
  nnt_status status = nnt_run_directory_open_local(path, &checkpoint, error);
  if (status == NNT_OK) {
    nnt_layout layout = nnt_layout_of(&checkpoint->model);
    status = nnt_layout_digest(&layout, checkpoint->parameters, digest, error);
  }
  nnt_checkpoint_destroy(&checkpoint);
  return status;
}

nnt_status nnt_inspect_run_file(const char *path, char **out, nnt_error *error) {
  nnt_checkpoint *checkpoint = NULL;
  *out = NULL;
  nnt_status status = nnt_run_directory_open_local(path, &checkpoint, error);
  if (status != NNT_OK) return status;
  *out = checkpoint->run_file;
  checkpoint->run_file = NULL;
  nnt_checkpoint_destroy(&checkpoint);
  if (*out != NULL) return NNT_OK;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "the checkpoint contains no run file\n%s: written by an older nntrain, or by "
                  "another program with the library\n'nntrain inspect %s' shows its settings",
                  path, path);
}
