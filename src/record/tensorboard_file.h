/* TensorBoard's event files: a run's metrics, one scalar per tag and epoch.
 *
 * A file is a sequence of records: length (uint64), its checksum, data, their checksum; a checksum
 * is CRC-32C, rotated by 15 bits, plus a constant (TensorFlow, tensorflow/core/lib/io/
 * record_writer.cc). The data are a tensorflow.Event as a protocol buffer
 * (tensorflow/core/util/event.proto, framework/summary.proto). Local, for one rank. */
#ifndef NNT_RECORD_TENSORBOARD_FILE_H
#define NNT_RECORD_TENSORBOARD_FILE_H

#include <nntrain/status.h>
#include <nntrain/train.h>

typedef struct nnt_tensorboard_file nnt_tensorboard_file;

/* Creates a new file in the directory. Readers then discard what earlier files of the directory
 * contain for steps after `step`. */
nnt_status nnt_tensorboard_file_create(const char *directory, int64_t step,
                                       nnt_tensorboard_file **out, nnt_error *error) NNT_MUST_CHECK;
/* Appends the scalars of an epoch, at its last update; non-finite values are omitted. */
nnt_status nnt_tensorboard_file_append(nnt_tensorboard_file *file, const nnt_epoch_event *epoch,
                                       nnt_error *error) NNT_MUST_CHECK;
/* *file may be NULL. */
void nnt_tensorboard_file_destroy(nnt_tensorboard_file **file);

#endif
