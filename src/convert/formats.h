/* What the file of an input format provides to nnt_convert. To add a format:
 *
 *   1. src/convert/NAME.c defines `const nnt_format nnt_NAME_format`, with the functions below;
 *   2. NNT_CONVERT_FORMATS in include/nntrain/convert.h gets its row.
 *
 * Recognition, the checks of options, messages and the help of `nntrain convert` follow from the
 * row. Formats of arrays parse their headers and leave the rest to array_pair.h; text formats write
 * their samples with sample_writer.h. Numbers are parsed in the C locale, which nnt_convert sets.
 * An option that no format has yet is a field of nnt_convert_options, and is added to the check in
 * formats.c and to the options of the command. */
#ifndef NNT_CONVERT_FORMATS_H
#define NNT_CONVERT_FORMATS_H

#include <nntrain/convert.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct nnt_format {
  /* Whether a file of this format begins so: its first `size` bytes, up to 16 KiB, followed by a
   * zero. NULL for the last row, which accepts any file. */
  bool (*recognise)(const char *bytes, size_t size);
  /* Writes the data set, whole or not at all. The options have as many files as the row says, and
   * none that it does not take; *result is all zeros. */
  nnt_status (*convert)(const nnt_convert_options *options, nnt_convert_result *result,
                        nnt_error *error);
} nnt_format;

#define NNT_DECLARE_FORMAT(name, title, files, options, help) \
  extern const nnt_format nnt_##name##_format;
NNT_CONVERT_FORMATS(NNT_DECLARE_FORMAT)
#undef NNT_DECLARE_FORMAT

#endif
