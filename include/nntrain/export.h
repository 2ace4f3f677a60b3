/* Marks the symbols of the public interface; all others are hidden. C linkage in C++. */
#ifndef NNTRAIN_EXPORT_H
#define NNTRAIN_EXPORT_H

#if defined(__cplusplus)
#define NNT_LANGUAGE extern "C"
#else
#define NNT_LANGUAGE
#endif

#if defined(__GNUC__)
#define NNT_API NNT_LANGUAGE __attribute__((visibility("default")))
#else
#define NNT_API NNT_LANGUAGE
#endif

#endif
