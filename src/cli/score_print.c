/* Scores of a classification. */
#include "cli/score_print.h"

#include <inttypes.h>
#include <math.h>
#include <nntrain/text.h>

/* Rows of a table and columns of a confusion matrix, at most; the others are in the JSON. */
#define MOST_ROWS 100
#define MOST_COLUMNS 20
/* Columns that the name of a class takes on a terminal, at most. */
#define NAME_WIDTH 40

static void print_area(FILE *stream, double area) {
  if (isnan(area))
    (void)fprintf(stream, "  %7s", "-");
  else
    (void)fprintf(stream, "  %7.4f", area);
}

static void print_average(FILE *stream, int width, const char *name, const nnt_average *average) {
  (void)fprintf(stream, "%-*s  %9.4f  %7.4f  %7.4f\n", width, name, average->precision,
                average->recall, average->f1);
}

/* A class by its number, and its name where it has one. */
typedef struct label {
  char text[32 + 4 * NAME_WIDTH];
} label;

static label label_of(const nnt_scores *scores, int64_t c) {
  label out;
  const char *name = scores->class_names != NULL ? scores->class_names[c] : "";
  (void)snprintf(out.text, sizeof out.text, "%" PRId64 "%s%.*s", c, name[0] != '\0' ? " " : "",
                 (int)nnt_text_fit(name, NAME_WIDTH), name);
  return out;
}

/* Columns of the widest of the first `count` labels, at least 9. */
static int label_width(const nnt_scores *scores, int64_t count) {
  int width = 9;
  for (int64_t c = 0; c < scores->classes && c < count; ++c) {
    label l = label_of(scores, c);
    int own = nnt_text_width(l.text);
    if (own > width) width = own;
  }
  return width;
}

/* Names are left-aligned, numbers right-aligned. */
static void print_label(FILE *stream, const nnt_scores *scores, int64_t c, int width, bool left) {
  label l = label_of(scores, c);
  int rest = width - nnt_text_width(l.text);
  (void)fprintf(stream, "%*s%s%*s", left ? 0 : rest, "", l.text, left ? rest : 0, "");
}

static void print_confusion(FILE *stream, const nnt_scores *scores) {
  int64_t k = scores->classes;
  if (scores->confusion == NULL || k > MOST_COLUMNS) return;
  int width = label_width(scores, k);
  (void)fprintf(stream, "\nconfusion (rows: true class, columns: predicted)\n%*s", width, "");
  for (int64_t c = 0; c < k; ++c) (void)fprintf(stream, " %7" PRId64, c);
  (void)fputc('\n', stream);
  for (int64_t r = 0; r < k; ++r) {
    print_label(stream, scores, r, width, scores->class_names != NULL);
    for (int64_t c = 0; c < k; ++c)
      (void)fprintf(stream, " %7" PRId64, scores->confusion[r * k + c]);
    (void)fputc('\n', stream);
  }
}

void score_print_table(FILE *stream, const nnt_scores *scores) {
  int width = label_width(scores, MOST_ROWS);
  (void)fprintf(stream, "\n%-*s  %9s  %7s  %7s  %7s  %8s\n", width,
                scores->labels ? "label" : "class", "precision", "recall", "F1", "AUC", "samples");
  for (int64_t c = 0; c < scores->classes && c < MOST_ROWS; ++c) {
    print_label(stream, scores, c, width, true);
    (void)fprintf(stream, "  %9.4f  %7.4f  %7.4f", scores->precision[c], scores->recall[c],
                  scores->f1[c]);
    print_area(stream, scores->auc[c]);
    (void)fprintf(stream, "  %8" PRId64 "\n", scores->support[c]);
  }
  if (scores->classes > MOST_ROWS)
    (void)fprintf(stream, "... and %" PRId64 " more, see --json\n", scores->classes - MOST_ROWS);
  print_average(stream, width, "macro", &scores->macro);
  print_average(stream, width, "weighted", &scores->weighted);
  print_average(stream, width, "micro", &scores->micro);
  if (!isnan(scores->auc_macro))
    (void)fprintf(stream, "AUC, macro average        %.4f\n", scores->auc_macro);
  if (!isnan(scores->exact_match))
    (void)fprintf(stream, "exact match               %.4f\n", scores->exact_match);
  if (!isnan(scores->calibration_error))
    (void)fprintf(stream, "calibration error         %.4f\n", scores->calibration_error);
  print_confusion(stream, scores);
}

static void print_number(FILE *stream, const char *name, double value) {
  if (isfinite(value)) (void)fprintf(stream, ", \"%s\": %.17g", name, value);
}

static void print_reals(FILE *stream, const char *name, const double *values, int64_t count) {
  (void)fprintf(stream, ", \"%s\": [", name);
  for (int64_t i = 0; i < count; ++i) {
    (void)fputs(i > 0 ? ", " : "", stream);
    if (isfinite(values[i]))
      (void)fprintf(stream, "%.17g", values[i]);
    else
      (void)fputs("null", stream);
  }
  (void)fputc(']', stream);
}

static void print_ints(FILE *stream, const int64_t *values, int64_t count) {
  (void)fputc('[', stream);
  for (int64_t i = 0; i < count; ++i)
    (void)fprintf(stream, "%s%" PRId64, i > 0 ? ", " : "", values[i]);
  (void)fputc(']', stream);
}

static void print_json_average(FILE *stream, const char *name, const nnt_average *average) {
  (void)fprintf(stream, ", \"%s\": {\"precision\": %.17g, \"recall\": %.17g, \"f1\": %.17g}", name,
                average->precision, average->recall, average->f1);
}

void score_print_json(FILE *stream, const nnt_scores *scores) {
  int64_t k = scores->classes;
  print_reals(stream, "precision", scores->precision, k);
  print_reals(stream, "recall", scores->recall, k);
  print_reals(stream, "f1", scores->f1, k);
  print_reals(stream, "auc", scores->auc, k);
  (void)fputs(", \"support\": ", stream);
  print_ints(stream, scores->support, k);
  print_json_average(stream, "macro", &scores->macro);
  print_json_average(stream, "weighted", &scores->weighted);
  print_json_average(stream, "micro", &scores->micro);
  print_number(stream, "auc_macro", scores->auc_macro);
  print_number(stream, "exact_match", scores->exact_match);
  print_number(stream, "calibration_error", scores->calibration_error);
  if (scores->confusion == NULL) return;
  (void)fputs(", \"confusion\": [", stream);
  for (int64_t r = 0; r < k; ++r) {
    (void)fputs(r > 0 ? ", " : "", stream);
    print_ints(stream, scores->confusion + r * k, k);
  }
  (void)fputc(']', stream);
}
