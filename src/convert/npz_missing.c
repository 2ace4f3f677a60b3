/* In place of npz.c in a build without libzip. */
#include "convert/formats.h"
#include "convert/npz.h"

static nnt_status convert(const nnt_convert_options *options, nnt_convert_result *result,
                          nnt_error *error) {
  (void)result;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "this build reads no NPZ files\n%s\nbuild with libzip (libzip-dev), or save the "
                  "arrays with numpy.save, each in a file of its own",
                  options->input);
}

const nnt_format nnt_npz_format = {.recognise = nnt_npz_recognise, .convert = convert};
