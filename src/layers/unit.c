/* What the kinds of layers have in common. */
#include "layers/unit.h"

#include "base/partition.h"
#include "net/activation_table.h"

void nnt_workspace_take(nnt_workspace *workspace, int64_t floats, int first, int last,
                        float **out) {
  nnt_buffers_add(workspace->buffers, floats, first, last, out);
}

int64_t nnt_workspace_matrix(const nnt_workspace *workspace, const nnt_unit *unit) {
  return nnt_panels_floats(workspace->rows, unit->outputs);
}

nnt_panels nnt_first_rows(nnt_panels matrix, int64_t rows) {
  matrix.rows = rows;
  return matrix;
}

const nnt_tensor *nnt_unit_tensor(const nnt_pass *pass, const nnt_unit *unit, int index) {
  return &pass->layout->tensors[unit->tensor + index];
}

const float *nnt_unit_parameter(const nnt_pass *pass, const nnt_unit *unit, int index) {
  return pass->parameters + nnt_unit_tensor(pass, unit, index)->offset;
}

int64_t nnt_unit_width(const nnt_unit *unit) {
  return nnt_panel_count(unit->outputs) * NNT_PANEL;
}

void nnt_unit_panels(const nnt_unit *unit, nnt_team team, int64_t *begin, int64_t *end) {
  int64_t panels = nnt_panel_count(unit->outputs);
  *begin = nnt_partition_begin(panels, team.threads, team.thread);
  *end = nnt_partition_begin(panels, team.threads, team.thread + 1);
}

bool nnt_unit_stores_derivative(const nnt_unit *unit) {
  return unit->followers > 0 || nnt_activation_row_of(unit->activation)->stores_derivative;
}

nnt_epilogue nnt_unit_epilogue(const nnt_pass *pass, const nnt_unit *unit) {
  if (unit->activation == NNT_IDENTITY) return NULL;
  return pass->kernels->activation->activate[unit->activation];
}

bool nnt_unit_finishes(const nnt_pass *pass, const nnt_unit *unit) {
  return unit->followers > 0 && (pass->call != NULL || !unit[1].kind->training_only);
}

void nnt_unit_finish(void *context, float *values, float *auxiliary, int64_t count) {
  const nnt_finishing *finishing = context;
  const nnt_unit *unit = finishing->unit;
  const nnt_activation_kernels *kernels = finishing->pass->kernels->activation;
  if (auxiliary != NULL && !nnt_activation_row_of(unit->activation)->stores_derivative) {
    for (int64_t i = 0; i < count; ++i) auxiliary[i] = 1.0F;
    kernels->derive[unit->activation](auxiliary, values, count);
  }
  for (int f = 1; f <= unit->followers; ++f)
    unit[f].kind->finish(finishing->pass, &unit[f], unit, values, auxiliary, count);
}

void nnt_unit_activate(const nnt_pass *pass, const nnt_unit *unit, nnt_block part) {
  int64_t count = (part.row_end - part.row_begin) * NNT_PANEL;
  nnt_epilogue activate = nnt_unit_epilogue(pass, unit);
  nnt_finishing finishing = {pass, unit};
  for (int64_t panel = part.column_begin; panel < part.column_end && count > 0; ++panel) {
    float *values = nnt_panels_at(&unit->values, part.row_begin, panel * NNT_PANEL);
    float *auxiliary = unit->auxiliary;
    if (auxiliary != NULL) auxiliary += values - unit->values.data;
    if (activate != NULL) activate(values, auxiliary, count);
    if (nnt_unit_finishes(pass, unit)) nnt_unit_finish(&finishing, values, auxiliary, count);
  }
}

nnt_derivative nnt_unit_derivative(const nnt_pass *pass, const nnt_unit *unit) {
  const nnt_activation_kernels *kernels = pass->kernels->activation;
  if (nnt_unit_stores_derivative(unit))
    return (nnt_derivative){kernels->derive_stored, unit->auxiliary};
  if (unit->activation == NNT_IDENTITY) return (nnt_derivative){NULL, unit->values.data};
  return (nnt_derivative){kernels->derive[unit->activation], unit->values.data};
}

int64_t nnt_unit_number(const nnt_pass *pass, const nnt_unit *unit) {
  return unit - pass->units;
}

void nnt_unit_prepare_below(const nnt_pass *pass, nnt_team team, int64_t number) {
  while (number > 0 && pass->units[number - 1].kind->prepare == NULL) --number;
  if (number > 0) pass->units[number - 1].kind->prepare(pass, team, &pass->units[number - 1]);
}
