/* Marks the symbols of the public interface; everything else is hidden. */
#ifndef NNTRAIN_EXPORT_H
#define NNTRAIN_EXPORT_H

#if defined(__GNUC__)
#define NNT_API __attribute__((visibility("default")))
#else
#define NNT_API
#endif

#endif
