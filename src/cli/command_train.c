/* nntrain train */
#include <errno.h>
#include <inttypes.h>
#include <nntrain/train.h>
#include <nntrain/version.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/data_options.h"
#include "cli/keep_options.h"
#include "cli/method_options.h"
#include "cli/progress.h"
#include "cli/train_settings.h"

static const option_spec specs[] = {
    {"data", "FILE[:GROUP][,...]", NULL,
     "training set (HDF5); several files are one data set in this order, and FILE may be a "
     "pattern: "
     "'part-*.h5:train'"},
    {"validation", "FILE[:GROUP][,...]", NULL, "validation set, measured after every epoch"},
    {"limit", "N", NULL,
     "use only the first N samples; with --stratify, of each class its share of N"},
    {"split", "X", NULL,
     "train on this share of the samples, such as 0.9, and validate on the others; which is which "
     "follows from a sample's place in the data set alone, never from --seed"},
    {"fold", "K/N", NULL,
     "cross-validation: cut the data set into N folds, validate on fold K, train on the others"},
    {"stratify", NULL, NULL, "let every part hold every class in its share; needs classes"},
    {"x-name", "NAME", "x", "dataset of the samples"},
    {"y-name", "NAME", "y", "dataset of the targets"},
    {"weight-name", "NAME", NULL,
     "dataset of the training samples' weights, numbers from 0; a batch's loss is the weighted "
     "mean"},
    {"class-weight", "X,X,...", NULL,
     "weight of each class in training, or balanced: samples / (classes * samples of the class)"},
    {"hidden", "N,N,...", NULL, "neurons of each hidden layer; without it there is none"},
    {"activation", "NAME[,...]", "relu",
     "of the hidden layers, one for all or one each: sigmoid, tanh, relu, leaky-relu, gelu, "
     "silu, identity"},
    {"loss", "NAME", "cross-entropy",
     "cross-entropy (classes, softmax), binary-cross-entropy (0 and 1, sigmoid), mse (values, "
     "identity), quadratic (half the squared distance, with the hidden activation on the output), "
     "huber, mae (values, identity), poisson (counts or rates, exp), hinge (classes, scores)"},
    {"init", "NAME", "default",
     "initial weights: default (suited to the activation), xavier-uniform, xavier-normal, "
     "he-uniform, he-normal, lecun-normal, fan-in"},
    {"normalize", "NAME", "auto",
     "inputs: none, range (integer type to [0, 1]), standardize (mean 0, deviation 1, by "
     "feature), auto (range for 8- and 16-bit integers that are not all 0 or 1, else none)"},
    {"init-from", "FILE|DIR", NULL,
     "begin with the weights of this checkpoint (of a directory: its best) and its normalisation; "
     "a "
     "last layer of another size begins anew"},
    {"freeze", "N,N,...", NULL, "layers that keep their weights, from 0"},
    {"optimizer", "NAME", "sgd",
     "sgd, adam, adamw, rmsprop, adagrad, and for large batches lars, lamb; formulas and defaults "
     "of torch.optim unless said otherwise"},
    {"learning-rate", "X", NULL,
     "step size of an update; without it 0.1 (sgd, lars), 0.01 (rmsprop, adagrad) or 0.001"},
    {"momentum", "X", NULL,
     "of sgd, lars and rmsprop, from 0 (none) to below 1; without it 0.9, with rmsprop 0"},
    {"nesterov", NULL, NULL, "Nesterov's momentum, for sgd"},
    {"weight-decay", "X", NULL,
     "L2 coefficient, w <- w - lr (gradient + X w), with adamw and lamb beside the gradient; "
     "biases left alone; without it 0, with adamw 0.01"},
    {"betas", "X,X", NULL,
     "of adam, adamw and lamb: decay of the gradient's mean and of its square's; without it "
     "0.9,0.999"},
    {"alpha", "X", NULL, "of rmsprop: decay of the square's mean; without it 0.99"},
    {"epsilon", "X", NULL,
     "of all but sgd: keeps divisors from 0; without it 1e-8, adagrad 1e-10, lamb 1e-6"},
    {"trust", "X", NULL, "of lars: a layer moves by X times its weights' norm; without it 0.001"},
    {"clip-norm", "X", "0",
     "scale the gradient to a norm of at most X over all parameters; 0: not"},
    {"clip-value", "X", "0",
     "cut every entry of the gradient to [-X, X], after --clip-norm; 0: not"},
    {"l1", "X", "0",
     "L1 coefficient: the gradient plus X sign(w), after clipping; biases left alone"},
    {"max-norm", "X", "0",
     "after an update, scale the weights into each neuron to a norm of at most X; 0: not"},
    {"schedule", "NAME", "constant",
     "learning rate over the run: constant, step, multi-step, exponential, polynomial, cosine, "
     "one-cycle, plateau (falls when the validation, or else train, loss no longer does)"},
    {"warmup", "SPAN", NULL,
     "begin with a learning rate that rises linearly, for a SPAN such as 5epochs or 500steps"},
    {"schedule-every", "SPAN", NULL, "of step: the learning rate times the factor every SPAN"},
    {"milestones", "N,N,...", NULL, "of multi-step: epochs after which it is times the factor"},
    {"schedule-factor", "X", "0.1",
     "of step, multi-step, exponential (after every epoch) and plateau"},
    {"schedule-power", "X", "1", "of polynomial: 1 is a straight line"},
    {"schedule-end", "X", "0", "of polynomial, cosine and plateau: the lowest learning rate"},
    {"schedule-epochs", "N", NULL, "epochs that the schedule spans; without it all of --epochs"},
    {"plateau-patience", "N", "10", "of plateau: epochs without a better loss that it bears"},
    {"plateau-threshold", "X", "1e-4", "of plateau: the share by which a better loss is better"},
    {"scale-learning-rate", "BATCH", NULL,
     "linear scaling: the learning rate is for batches of BATCH samples, use it times "
     "batch-size / BATCH"},
    {"patience", "N", "0",
     "stop when the validation, or else train, loss has not become better for N epochs; best.h5 is "
     "the best; 0: do not"},
    {"min-delta", "X", "0", "of --patience: how much lower a better loss is"},
    {"layer-norm", NULL, NULL, "layer normalisation before the activation of every hidden layer"},
    {"batch-norm", NULL, NULL,
     "batch normalisation there instead, by mean and variance of the whole batch over all ranks; "
     "afterwards by running ones"},
    {"dropout", "P[,...]", NULL,
     "fraction of a hidden layer's outputs that are set to 0 in training, one for all or one each"},
    {"input-dropout", "P", "0", "the same for the inputs, after normalisation"},
    {"label-smoothing", "X", "0",
     "of cross-entropy in training: X of a label is shared by all classes"},
    {"mixup", "ALPHA", NULL,
     "mix training samples in pairs, l of the one and 1 - l of the other with l from Beta(ALPHA, "
     "ALPHA), and their targets alike; 0.2 is common"},
    {"shift", "N", "0",
     "move training images by up to N pixels in each direction; needs x of [samples, height, "
     "width]"},
    {"flip", NULL, NULL, "mirror every second training image, left and right"},
    {"erase", "P", "0", "erase a rectangle of a training image, with this probability"},
    {"noise", "X", "0", "add normal numbers of deviation X to the inputs, after normalisation"},
    {"batch-size", "N", "128", "samples of an update, over all ranks"},
    {"epochs", "N", "10", "passes over the training set, over the whole run"},
    {"seed", "N", "1", "of initial weights and sample order"},
    {"shuffle", "NAME", "auto",
     "order of the samples, another one each epoch: full, windowed (blocks of successive samples "
     "are "
     "shuffled, then the samples of a window of blocks), none, auto (full when resident, windowed "
     "when streaming)"},
    {"shuffle-block", "N", NULL, "samples of a block; without it chosen: 4 KB to 256 KB"},
    {"shuffle-window", "N", NULL,
     "samples of a window; without it as many as fit twice into the memory limit"},
    READING_OPTIONS,
    THREADS_OPTION,
    {"allreduce", "NAME", "auto",
     "how ranks average gradients: auto (in memory that a node's ranks share, messages "
     "between nodes), flat (over all ranks)"},
    {"reduction", "NAME", "exact",
     "how gradients are summed: exact (by a fixed tree: the same bits on any number of ranks, "
     "threads and nodes), fast (in any order)"},
    {"granules", "N", NULL,
     "parts of a batch that the exact sum is made of; as many ranks can share a batch, more are "
     "idle; without it, the largest power of two not above the square root of the batch size "
     "(8 for 128, 32 for 1024)"},
    {"accumulate", "K", "1",
     "save memory: each rank computes its share of a batch in K parts, one after the other; the "
     "result stays the same to the last bit; at most the granules"},
    {"top-k", "K", "0", "also measure top-K accuracy; 0: not"},
    {"output", "DIR", NULL, "directory of the run: checkpoints, metrics.jsonl and config.ini"},
    {"tensorboard", NULL, NULL, "write event files of TensorBoard into the directory, too"},
    {"resume", NULL, NULL,
     "go on from the newest good checkpoint in the directory, or start when "
     "there is none"},
    {"checkpoint-every", "N", "1epochs",
     "how often a checkpoint is written: 500steps, 2epochs, 30s, 10min, 1h; always after the last "
     "epoch, and after one that is the best so far"},
    {"keep", "N", "3", "newest checkpoints kept, beside the best; 0: all"},
    {"time-limit", "TIME", NULL,
     "stop with a checkpoint before this time is over: minutes, H:M:S or D-H:M:S, or none; without "
     "it, the end of the Slurm job (SLURM_JOB_END_TIME) where there is one"},
    {"watchdog", "SECONDS", "600",
     "end the run when no rank has come further for so long, because one was stopped, hangs or can "
     "no longer be reached (see below); 0: wait for ever"},
    {"check-every", "N", "100",
     "steps after which the copies of parameters and optimiser state are compared, also before a "
     "checkpoint (see below); 0: never"},
    {"config", "FILE", NULL, "run file: lines 'option = value'; the command line wins"},
    {"write-config", "FILE", NULL,
     "write a run file of these options, with all defaults and what they are for, and do nothing "
     "else; every run leaves one as config.ini"},
    {"dry-run", NULL, NULL, "say what would be done, and do nothing"},
    {"quiet", NULL, NULL, "print warnings and errors only"},
    {NULL, NULL, NULL, NULL}};

static nnt_status take_layers(const options *parsed, nnt_train_options *train, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status = options_words(parsed, "hidden", NNT_MAX_LAYERS - 1, &words, &count, error);
  train->hidden_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    bool good = parse_int(words[i], &train->hidden[i]);
    if (!good || train->hidden[i] < 1 || train->hidden[i] > NNT_MAX_WIDTH)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a size of a layer\n--hidden %s: '%s'\ngive whole numbers from 1 to "
                        "%" PRId64 ", such as --hidden 512,512",
                        options_text(parsed, "hidden"), words[i], NNT_MAX_WIDTH);
  }
  free(words);
  return status;
}

static nnt_status take_frozen(const options *parsed, nnt_train_options *train, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status = options_words(parsed, "freeze", NNT_MAX_LAYERS, &words, &count, error);
  train->freeze_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    if (!parse_int(words[i], &train->freeze[i]) || train->freeze[i] < 0)
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not the number of a layer\n--freeze %s: '%s'\ngive whole numbers from 0, "
                        "such as --freeze 0,1",
                        options_text(parsed, "freeze"), words[i]);
  }
  free(words);
  return status;
}

static nnt_status take_activations(const options *parsed, nnt_train_options *train,
                                   nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status =
      options_words(parsed, "activation", NNT_MAX_LAYERS - 1, &words, &count, error);
  train->activation_count = (int)count;
  for (int64_t i = 0; i < count && status == NNT_OK; ++i)
    status = nnt_activation_parse(words[i], &train->activations[i], error);
  if (status == NNT_OK && count > 1 && count != train->hidden_count)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "activations do not match the hidden layers\n--activation %s, %d hidden "
                      "layers\ngive one activation for all layers, or one for each",
                      options_text(parsed, "activation"), train->hidden_count);
  free(words);
  return status;
}

static nnt_status take_names(const options *parsed, nnt_train_options *train, nnt_error *error) {
  nnt_status status = nnt_loss_parse(options_text(parsed, "loss"), &train->loss, error);
  if (status == NNT_OK)
    status = nnt_initializer_parse(options_text(parsed, "init"), &train->initializer, error);
  if (status == NNT_OK)
    status =
        nnt_normalization_parse(options_text(parsed, "normalize"), &train->normalization, error);
  const char *allreduce = options_text(parsed, "allreduce");
  bool flat = strcmp(allreduce, "flat") == 0;
  train->allreduce = flat ? NNT_ALLREDUCE_FLAT : NNT_ALLREDUCE_AUTO;
  if (status == NNT_OK && !flat && strcmp(allreduce, "auto") != 0)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "unknown way to average gradients\n--allreduce %s\nchoose one of: auto, flat",
                      allreduce);
  if (status == NNT_OK)
    status = nnt_reduction_parse(options_text(parsed, "reduction"), &train->reduction, error);
  return status;
}

static nnt_status take_numbers(const options *parsed, nnt_train_options *train, nnt_error *error) {
  int64_t seed = 0, top_k = 0;
  nnt_status status = options_int(parsed, "batch-size", 1, INT32_MAX, &train->batch_size, error);
  if (status == NNT_OK) status = options_int(parsed, "epochs", 1, 10000000, &train->epochs, error);
  if (status == NNT_OK) status = options_int(parsed, "seed", 0, INT64_MAX, &seed, error);
  if (status == NNT_OK) status = take_threads(parsed, &train->threads, error);
  if (status == NNT_OK && options_given(parsed, "granules"))
    status = options_int(parsed, "granules", 1, train->batch_size, &train->granules, error);
  if (status == NNT_OK)
    status = options_int(parsed, "accumulate", 1, train->batch_size, &train->accumulate, error);
  if (status == NNT_OK) status = options_int(parsed, "top-k", 0, 1000000, &top_k, error);
  if (status == NNT_OK) status = take_keeping(parsed, train, error);
  if (status == NNT_OK)
    status = options_int(parsed, "check-every", 0, INT64_MAX, &train->check_every, error);
  if (status == NNT_OK)
    status = options_int(parsed, "patience", 0, 10000000, &train->patience, error);
  if (status == NNT_OK)
    status = options_real(parsed, "min-delta", 0.0, 1e30, &train->min_delta, error);
  train->seed = (uint64_t)seed;
  train->top_k = (int)top_k;
  return status;
}

static nnt_status take_flags(const options *parsed, bool with_output, nnt_train_options *train,
                             nnt_error *error) {
  const char *needed = NULL;
  nnt_status status = options_required(parsed, "data", &needed, error);
  train->resume = options_flag(parsed, "resume");
  train->tensorboard = options_flag(parsed, "tensorboard");
  train->dry_run = options_flag(parsed, "dry-run");
  train->output = options_text(parsed, "output");
  train->x_name = options_text(parsed, "x-name");
  train->y_name = options_text(parsed, "y-name");
  train->init_from = options_text(parsed, "init-from");
  if (status == NNT_OK && with_output && !train->dry_run)
    status = options_required(parsed, "output", &needed, error);
  return status;
}

static void print_plan(void *context, const nnt_train_plan *plan) {
  (void)context;
  progress_print_plan(plan);
}

static void print_end(const nnt_train_options *train, const nnt_train_result *result,
                      const progress *state) {
  if (state->quiet || train->dry_run) return;
  if (result->stopped_early)
    printf("stopped early: no better loss for %" PRId64 " epochs\n", train->patience);
  printf("done: %" PRId64 " epochs, best loss %.5f after epoch %" PRId64 ", in %s\n",
         result->epochs, result->best_loss, result->best_epoch, train->output);
  progress_print_times(state);
  printf("digest %s\n", result->digest);
}

nnt_status train_settings_take(const options *parsed, bool with_output, nnt_train_options *train,
                               nnt_error *error) {
  nnt_train_options_default(train);
  nnt_status status = take_layers(parsed, train, error);
  if (status == NNT_OK) status = take_activations(parsed, train, error);
  if (status == NNT_OK) status = take_frozen(parsed, train, error);
  if (status == NNT_OK) status = take_names(parsed, train, error);
  if (status == NNT_OK) status = take_optimizer(parsed, &train->optimizer, error);
  if (status == NNT_OK) status = take_schedule(parsed, &train->schedule, error);
  if (status == NNT_OK) status = take_regularization(parsed, train, error);
  if (status == NNT_OK) status = take_numbers(parsed, train, error);
  if (status == NNT_OK) status = take_flags(parsed, with_output, train, error);
  if (status == NNT_OK) status = take_reading(parsed, &train->reading, error);
  if (status == NNT_OK) status = take_shuffling(parsed, &train->shuffling, error);
  train->data = (nnt_data_place){.path = options_text(parsed, "data")};
  train->validation = (nnt_data_place){.path = options_text(parsed, "validation")};
  train->weighting = (nnt_weighting){.name = options_text(parsed, "weight-name"),
                                     .of_classes = options_text(parsed, "class-weight")};
  if (status == NNT_OK) status = take_selection(parsed, false, &train->selection, error);
  if (status == NNT_OK && train->validation.path != NULL &&
      (train->selection.split > 0.0 || train->selection.folds > 0))
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "options that contradict each other\n--validation with --%s, which takes the "
                      "validation set from --data\nuse one of them",
                      train->selection.folds > 0 ? "fold" : "split");
  return status;
}

/* What --write-config writes, and a run keeps. */
static nnt_status describe_run(const options *parsed, char **out, nnt_error *error) {
  char here[1024], host[256] = "", heading[1700];
  const char *isa = nnt_kernel_isa(error);
  if (isa == NULL) return error->status;
  if (getcwd(here, sizeof here) == NULL) (void)snprintf(here, sizeof here, "an unknown folder");
  (void)gethostname(host, sizeof host - 1);
  (void)snprintf(heading, sizeof heading,
                 "Run file of nntrain %s: nntrain train --config FILE; what the command line gives "
                 "wins. Paths are relative to %s. Written on host %s, %s kernels.",
                 nnt_version(), here, host, isa);
  return options_write(parsed, heading, out, error);
}

static nnt_status write_config(const char *path, const char *text, nnt_error *error) {
  FILE *file = fopen(path, "w");
  bool failed = file == NULL || fputs(text, file) == EOF;
  if (file != NULL && fclose(file) != 0) failed = true;
  if (!failed) return NNT_OK;
  return nnt_fail(error, NNT_BAD_INPUT,
                  "cannot write the run file\n--write-config %s: %s\ncheck the path", path,
                  strerror(errno));
}

static nnt_status run_train(const options *parsed, nnt_comm *comm, nnt_error *error) {
  nnt_train_options train;
  nnt_train_result result;
  const char *config = options_text(parsed, "write-config");
  char *text = NULL;
  nnt_status status = train_settings_take(parsed, config == NULL, &train, error);
  if (status == NNT_OK) status = describe_run(parsed, &text, error);
  train.run_file = text;
  if (status == NNT_OK && config != NULL) {
    if (nnt_comm_rank(comm) == 0) status = write_config(config, text, error);
    status = nnt_comm_agree(comm, status, error);
  } else if (status == NNT_OK) {
    progress state = progress_create(options_flag(parsed, "quiet"));
    nnt_train_events events = progress_events(&state);
    if (train.dry_run) events.plan = print_plan;
    status = nnt_train(comm, &train, &events, &result, error);
    progress_end(&state);
    if (status == NNT_OK && nnt_comm_rank(comm) == 0) print_end(&train, &result, &state);
  }
  free(text);
  return status;
}

const command command_train = {
    .name = "train",
    .summary = "trains a network, on every rank of the job",
    .usage = "--data FILE[:GROUP] --output DIR [options]",
    .details =
        "Examples:\n"
        "  mpirun -np 4 nntrain train --data fashion.h5:train --validation fashion.h5:test \\\n"
        "      --hidden 512,512 --epochs 20 --output run\n"
        "  nntrain train --data houses.h5 --loss mse --normalize standardize --hidden 64 \\\n"
        "      --learning-rate 0.01 --output houses\n"
        "  mpirun -np 4 nntrain train --config run.ini --resume\n\n"
        "--check-every compares the copies by hashes: one a node, or, with --allreduce flat, one a "
        "rank.\nOn a single node the ranks share one copy; they check that they read the same "
        "from it. A\ndifference is broken memory, processors or binaries: the run ends with exit "
        "code 1, names ranks\nand hosts, and keeps the checkpoints before.\n\n"
        "SIGTERM, SIGINT and SIGUSR1, to any of the ranks, end the run after the running step, "
        "with "
        "a\ncheckpoint and exit code 75, and so does the time limit: the same command with "
        "--resume "
        "goes on\nthere, with the same bits in the end. A second SIGINT ends it at once.\n\n"
        "--watchdog: every rank that runs says where it stands, the missing ones are named, one of "
        "the\nothers writes a checkpoint of the last finished step if its parameters are whole, "
        "and "
        "the run\nends with exit code 1. A suspended job does not count, nor do long steps as "
        "such: "
        "give more than\nthe longest takes.\n\n"
        "Exit codes: 0 done, 1 failed while running, 2 bad usage or bad input, 75 stopped, go on "
        "with\n--resume.\n",
    .options = specs,
    .max_positionals = 0,
    .collective = 1,
    .stops = 1,
    .run = run_train};
