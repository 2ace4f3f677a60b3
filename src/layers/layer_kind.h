/* What a kind of layer provides, and how a model becomes a list of units of these kinds.
 *
 * A layer of a model (net/model.h) is made of units: its matrix product (dense), what stands
 * between that and the activation (nnt_norm), and what changes its outputs in training (dropout).
 * A unit reads the output of the unit before it, its source, or the samples. Units run in order in
 * the forward pass, and in reverse in the backward pass, each on all threads of a team, in one
 * parallel region; the pass has a barrier between two units.
 *
 * A kind is one file that defines one constant nnt_layer_kind. What it must keep to:
 *  - forward reads the source's values and writes the unit's; it applies the unit's activation, and
 *    the elementwise units that follow it, to each piece while that is in the cache (layers/unit.h)
 *  - backward finds d loss / d values before the activation in the unit's gradient, writes the
 *    gradients of the unit's parameters and, where the source is reached, d loss / d values of the
 *    source, before the source's activation, and ends in a barrier behind that; what a thread does
 *    after it uses memory that lives for one time longer (nnt_workspace_take)
 *  - bits may depend on neither the number of threads nor that of ranks: sums over rows go by
 *    granules (kernels/microkernel.h)
 * Functions that do nothing are NULL. */
#ifndef NNT_LAYERS_LAYER_KIND_H
#define NNT_LAYERS_LAYER_KIND_H

#include "kernels/gemm.h"
#include "net/layout.h"
#include "net/model.h"

typedef struct nnt_pass nnt_pass;
typedef struct nnt_unit nnt_unit;
typedef struct nnt_workspace nnt_workspace;

typedef struct nnt_layer_kind {
  /* Adds the parameters of such a unit of layer `layer`. */
  void (*parameters)(nnt_layout *layout, int layer);
  /* Asks for the memory of the unit beside values and gradient (layers/unit.h). */
  void (*workspace)(nnt_workspace *workspace, nnt_unit *unit);

  void (*forward)(const nnt_pass *pass, nnt_team team, const nnt_unit *unit);
  void (*backward)(const nnt_pass *pass, nnt_team team, const nnt_unit *unit);
  /* What can be done for the unit's backward pass while the one above is in its own. */
  void (*prepare)(const nnt_pass *pass, nnt_team team, const nnt_unit *unit);
  /* The part of a rank without rows: messages that all ranks take part in. On one thread. */
  void (*forward_idle)(const nnt_pass *pass, const nnt_unit *unit);
  void (*backward_idle)(const nnt_pass *pass, const nnt_unit *unit);

  /* Elementwise kinds have this in place of forward and backward: changes `count` values of
   * `host`, the unit whose output this one changes, and multiplies its derivatives accordingly. */
  void (*finish)(const nnt_pass *pass, const nnt_unit *unit, const nnt_unit *host, float *values,
                 float *derivatives, int64_t count);

  /* Floats of a node of the reduction tree of which all ranks see each other's in the middle of a
   * step (nnt_whole_batch); NULL: the kind has no need of the whole batch. */
  int64_t (*gathered)(const nnt_layer *layer);

  bool in_place;      /* values and gradient are the source's */
  bool training_only; /* not a part of the network in evaluation */

  /* The unit in other programs: operators of ONNX, as in nntrain/activations.h, with names of the
   * unit's tensors for operands, and a class of torch.nn; onnx is "" and pytorch NULL where nothing
   * is left of it. */
  const char *onnx;
  const char *pytorch;
} nnt_layer_kind;

/* All kinds. Every layer begins with a dense one. */
extern const nnt_layer_kind nnt_dense_kind, nnt_dropout_kind;
#define NNT_DECLARE_KIND(NAME, name, kind) extern const nnt_layer_kind nnt_##kind##_kind;
NNT_NORMS(NNT_DECLARE_KIND)
#undef NNT_DECLARE_KIND
/* What stands between a layer's product and its activation; NULL for NNT_NORM_NONE. */
const nnt_layer_kind *nnt_norm_kind(nnt_norm norm);

/* Units of all layers, at most. */
#define NNT_MAX_UNITS (3 * NNT_MAX_LAYERS)

/* The units of a model, in order: kinds, layers, sources and parameters (numbered as in the layout)
 * are set, and what training reaches. Returns their number, at most NNT_MAX_UNITS. */
int nnt_units_of(const nnt_model *model, nnt_unit *units);

/* The layout of all units' parameters, one bucket a layer. The model must outlive it. */
nnt_layout nnt_layout_of(const nnt_model *model);
/* Elements of all parameters, frozen ones included, without statistics and padding. */
int64_t nnt_model_parameters(const nnt_model *model);

#endif
