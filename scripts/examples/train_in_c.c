/* Training inside a program of one's own: a simulation on all ranks, and a network that learns to
 * stand in for it.
 *
 *   cmake --install build --prefix ~/nntrain
 *   export PKG_CONFIG_PATH=~/nntrain/lib/pkgconfig
 *   cc train_in_c.c -o train_in_c $(pkg-config --cflags --libs nntrain) -lm \
 *       -Wl,-rpath,$(pkg-config --variable=libdir nntrain)
 *   mpirun -np 2 ./train_in_c
 *
 * Everything that it makes lies in ./surrogate; started again it goes on from what is there. */
#include <math.h>
#include <mpi.h>
#include <nntrain/nntrain.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SAMPLES = 4000 };

/* Milliseconds in which a mixture heats itself by 400 K, by one reaction: the integral of dT over
 * the rate at which T rises. Temperature in K, pressure in bar. */
static double ignition_delay(double temperature, double pressure, double fuel) {
  const double heat = 2000.0; /* K for all of the fuel */
  double delay = 0.0;
  for (int k = 0; k < 400; k++) {
    const double risen = k + 0.5;
    const double left = fuel - risen / heat;
    delay += 1.0 / (heat * 1.0e5 * pressure * left * exp(-15000.0 / (temperature + risen)));
  }
  return delay;
}

/* The i-th number of a sequence that fills [low, high] evenly. */
static double spread(int i, double step, double low, double high) {
  return low + (high - low) * fmod(i * step, 1.0);
}

/* This rank's share of the simulations, as a table and then as a data set. */
static nnt_status simulate(int rank, int size, nnt_error *error) {
  char table[64], part[64];
  nnt_convert_result result;
  snprintf(table, sizeof table, "surrogate/part-%03d-of-%03d.csv", rank, size);
  snprintf(part, sizeof part, "surrogate/part-%03d-of-%03d.h5", rank, size);
  (void)mkdir("surrogate", 0777); /* when that fails, so does fopen */
  FILE *file = fopen(table, "w");
  if (file == NULL)
    return nnt_fail(error, NNT_IO_ERROR, "cannot write\n%s\nwork in a folder of your own", table);
  fprintf(file, "temperature,pressure,fuel,log_delay\n");
  for (int i = SAMPLES * rank / size; i < SAMPLES * (rank + 1) / size; i++) {
    const double temperature = spread(i, 0.8191725134, 900.0, 1400.0);
    const double pressure = spread(i, 0.6710436067, 1.0, 40.0);
    const double fuel = spread(i, 0.5497004779, 0.5, 1.0);
    fprintf(file, "%.4f,%.5f,%.6f,%.6f\n", temperature, pressure, fuel,
            log10(ignition_delay(temperature, pressure, fuel)));
  }
  if (fclose(file) != 0)
    return nnt_fail(error, NNT_IO_ERROR, "cannot write\n%s\nmake room on the disk", table);
  const nnt_convert_options options = {
      .input = table, .target = "log_delay", .output = {.path = part, .force = true}};
  return nnt_convert(&options, &result, error);
}

static void print_epoch(void *context, const nnt_epoch_event *event) {
  (void)context;
  if (event->epoch % 10 == 0)
    printf("epoch %2d: loss %.5f, validation R2 %.4f\n", (int)event->epoch, event->train_loss,
           event->validation.r2);
}

/* A tenth of the samples is set aside, to choose the best epoch. */
static const nnt_selection selection = {.split = 0.9, .part = NNT_PART_VALIDATION};

static nnt_status train(nnt_comm *comm, const char *data, nnt_error *error) {
  nnt_train_options options;
  nnt_train_result result;
  const nnt_train_events events = {.epoch = print_epoch};
  nnt_train_options_default(&options);
  nnt_optimizer_settings_default(NNT_ADAM, &options.optimizer);
  options.data.path = data;
  options.selection = selection;
  options.hidden_count = 2;
  options.hidden[0] = options.hidden[1] = 32;
  options.loss = NNT_MSE;
  options.normalization = NNT_NORMALIZE_STANDARDIZE;
  options.optimizer.learning_rate = 0.005;
  options.epochs = 40;
  options.output = "surrogate/run";
  options.resume = true;
  nnt_status status = nnt_train(comm, &options, &events, &result, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0) printf("digest %s\n", result.digest);
  return status;
}

static nnt_status evaluate(nnt_comm *comm, const char *data, nnt_error *error) {
  nnt_metrics metrics;
  const nnt_evaluate_options options = {
      .checkpoint = "surrogate/run", .data = {.path = data}, .selection = selection};
  nnt_status status = nnt_evaluate(comm, &options, &metrics, NULL, error);
  if (status == NNT_OK && nnt_comm_rank(comm) == 0)
    printf("%d samples set aside: R2 %.4f, mean error %.4f of a decade\n", (int)metrics.samples,
           metrics.r2, metrics.mae);
  return status;
}

int main(int argc, char **argv) {
  int provided = 0, rank = 0, size = 1;
  char data[64];
  nnt_comm *comm = NULL;
  nnt_error error;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  nnt_status status = nnt_comm_create(MPI_COMM_WORLD, &comm, &error);
  /* Each rank works by itself: what one of them meets, all learn. */
  if (status == NNT_OK) status = nnt_comm_agree(comm, simulate(rank, size, &error), &error);
  snprintf(data, sizeof data, "surrogate/part-*-of-%03d.h5", size);
  if (status == NNT_OK) status = train(comm, data, &error);
  if (status == NNT_OK) status = evaluate(comm, data, &error);
  if (status != NNT_OK && rank == 0)
    fprintf(stderr, "%s: %s; %s\n", error.what, error.where, error.remedy);
  nnt_comm_destroy(&comm);
  MPI_Finalize();
  return nnt_status_exit_code(status);
}
