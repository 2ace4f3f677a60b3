/* In place of npz.c where libzip was not found. */
#include <nntrain/convert.h>
#include <string.h>

nnt_status nnt_convert_npz(const nnt_convert_npz_options *options, nnt_convert_result *result,
                           nnt_error *error) {
  memset(result, 0, sizeof *result);
  return nnt_fail(error, NNT_BAD_USAGE,
                  "this build reads no NPZ files\n%s\nbuild with libzip (libzip-dev), or save the "
                  "arrays with numpy.save, each in a file of its own",
                  options->path);
}
