/* A unit of a network in a pass, and what the kinds of layers have in common. */
#ifndef NNT_LAYERS_UNIT_H
#define NNT_LAYERS_UNIT_H

#include "layers/buffers.h"
#include "layers/layer_kind.h"
#include "layers/network.h"

/* The source of the first unit. */
#define NNT_SAMPLES (-1)
/* Arrays that a kind can keep for a unit. */
#define NNT_UNIT_ARRAYS 4

struct nnt_unit {
  const nnt_layer_kind *kind;
  int layer;
  int source; /* number of the unit that it reads, or NNT_SAMPLES */
  int tensor; /* number of its first parameter in the layout */
  int64_t outputs;
  bool frozen;               /* keeps its parameters in training */
  bool reached;              /* parameters that are trained lie in it or below: it has a gradient */
  nnt_activation activation; /* of its outputs */
  int followers;             /* elementwise units right after it that change its outputs */
  double amount;             /* of dropout */
  /* Memory. In training values stay until the unit's backward pass. */
  nnt_panels values;   /* [capacity, outputs] */
  nnt_panels gradient; /* the same, of the loss; no data where nothing is reached */
  /* f'(z) where it does not follow from the output, with the followers' factors; else NULL. */
  float *auxiliary;
  float *arrays[NNT_UNIT_ARRAYS];
};

/* What a team does together in a pass. */
struct nnt_pass {
  nnt_network *network;
  const nnt_kernels *kernels;
  const nnt_layout *layout;
  const nnt_unit *units; /* of the network */
  const float *parameters;
  int64_t rows;
  float scale;
  const nnt_network_step_call *call; /* NULL: forward alone */
};

/* --- memory --- */

/* The times of a unit, for lifetimes: the passes' steps in order. */
struct nnt_workspace {
  nnt_buffers *buffers;
  const nnt_unit *units; /* of the network */
  int64_t rows;          /* the capacity */
  bool training;
  int forward;  /* when the unit's forward pass runs */
  int prepared; /* when its `prepare` runs */
  int backward; /* when its backward pass runs */
};

/* `floats` floats, used from time `first` to time `last`, to be found in *out. What a thread reads
 * after the last barrier of a pass is used for one time longer: the others are ahead of it. */
void nnt_workspace_take(nnt_workspace *workspace, int64_t floats, int first, int last, float **out);
/* As many as a unit's values have. */
int64_t nnt_workspace_matrix(const nnt_workspace *workspace, const nnt_unit *unit);

/* --- matrices --- */

/* The first `rows` rows of a matrix of the full capacity. */
nnt_panels nnt_first_rows(nnt_panels matrix, int64_t rows);
/* A parameter of the unit: the `index`-th that its kind has added. */
const nnt_tensor *nnt_unit_tensor(const nnt_pass *pass, const nnt_unit *unit, int index);
const float *nnt_unit_parameter(const nnt_pass *pass, const nnt_unit *unit, int index);
/* A unit's outputs in whole panels. */
int64_t nnt_unit_width(const nnt_unit *unit);
/* This thread's panels of a unit's outputs: [*begin, *end). */
void nnt_unit_panels(const nnt_unit *unit, nnt_team team, int64_t *begin, int64_t *end);

/* --- what follows a unit's own work, elementwise --- */

/* Whether backward needs f'(z) kept. */
bool nnt_unit_stores_derivative(const nnt_unit *unit);
/* For a product's epilogue; NULL for identity. */
nnt_epilogue nnt_unit_epilogue(const nnt_pass *pass, const nnt_unit *unit);
/* The followers, as a product's `finish`, after the epilogue; `context` is an nnt_finishing. */
typedef struct nnt_finishing {
  const nnt_pass *pass;
  const nnt_unit *unit;
} nnt_finishing;
bool nnt_unit_finishes(const nnt_pass *pass, const nnt_unit *unit);
void nnt_unit_finish(void *context, float *values, float *auxiliary, int64_t count);
/* Both, on a part of the unit's values: rows and panels. */
void nnt_unit_activate(const nnt_pass *pass, const nnt_unit *unit, nnt_block part);

/* What the gradient of a unit's outputs is to be multiplied with: derive(gradient, auxiliary +
 * offset, count); derive is NULL for 1. */
typedef struct nnt_derivative {
  nnt_epilogue derive;
  float *auxiliary; /* of the shape of the values */
} nnt_derivative;
nnt_derivative nnt_unit_derivative(const nnt_pass *pass, const nnt_unit *unit);

/* --- the order of the backward pass --- */

/* Runs `prepare` of the next unit below `number` that has one. */
void nnt_unit_prepare_below(const nnt_pass *pass, nnt_team team, int64_t number);
/* The unit's number. */
int64_t nnt_unit_number(const nnt_pass *pass, const nnt_unit *unit);

#endif
