/* nntrain: distributed data-parallel training of feed-forward networks. The whole library. */
#ifndef NNTRAIN_NNTRAIN_H
#define NNTRAIN_NNTRAIN_H

#include <nntrain/bench.h>
#include <nntrain/comm.h>
#include <nntrain/convert.h>
#include <nntrain/evaluate.h>
#include <nntrain/file.h>
#include <nntrain/inspect.h>
#include <nntrain/log.h>
#include <nntrain/methods.h>
#include <nntrain/model.h>
#include <nntrain/onnx.h>
#include <nntrain/parallel.h>
#include <nntrain/report.h>
#include <nntrain/scores.h>
#include <nntrain/selection.h>
#include <nntrain/status.h>
#include <nntrain/stop.h>
#include <nntrain/streaming.h>
#include <nntrain/text.h>
#include <nntrain/train.h>
#include <nntrain/verify.h>
#include <nntrain/version.h>

#endif
