/* The table of the options of `nntrain train`, by group. */
#include "cli/train_options.h"

#include <stddef.h>

#include "cli/data_options.h"

const option_spec train_options[] = {
    /* --- data --- */
    {"data", "FILE[:GROUP][,...]", NULL, GROUP_DATA | FIRST_SCREEN,
     "training set (HDF5); several files form one data set in this order, and FILE may be a "
     "pattern: 'part-*.h5:train'"},
    {"validation", "FILE[:GROUP][,...]", NULL, GROUP_DATA | FIRST_SCREEN,
     "validation set, evaluated after every epoch"},
    {"split", "X", NULL, GROUP_DATA,
     "train on this fraction of the samples, such as 0.9, and validate on the rest; which is which "
     "depends on a sample's position in the data set alone, never on --seed"},
    {"fold", "K/N", NULL, GROUP_DATA,
     "N-fold cross-validation: validate on fold K, train on the others"},
    {"stratify", NULL, NULL, GROUP_DATA,
     "keep the proportions of the classes in every part; needs classes"},
    {"limit", "N", NULL, GROUP_DATA,
     "use only the first N samples; with --stratify, N in the proportions of the classes"},
    {"x-name", "NAME", "x", GROUP_DATA, "HDF5 dataset of the samples"},
    {"y-name", "NAME", "y", GROUP_DATA, "HDF5 dataset of the targets"},
    {"weight-name", "NAME", NULL, GROUP_DATA,
     "HDF5 dataset of the training samples' weights, none below 0; the loss of a batch is the "
     "weighted mean"},
    {"class-weight", "X,X,...|balanced", NULL, GROUP_DATA,
     "weight of each class in training; balanced is samples / (classes * samples of the class)"},
    {"normalize", "NAME", "auto", GROUP_DATA,
     "input normalisation: {normalizations}; range scales the range of an integer type to [0, 1], "
     "standardize gives each feature mean 0 and standard deviation 1, auto is range for 8- and "
     "16-bit integers that are not all 0 or 1, else none"},
    {"shuffle", "auto|full|windowed|none", "auto", GROUP_DATA,
     "order of the samples, a new one in every epoch; windowed shuffles blocks of consecutive "
     "samples, then the samples within a window of blocks; auto is full when the data set is "
     "resident, windowed when it streams"},
    {"shuffle-block", "N", NULL, GROUP_DATA, "samples per block (default 4 KB to 256 KB of them)"},
    {"shuffle-window", "N", NULL, GROUP_DATA,
     "samples per window (default as many as fit twice into the memory limit)"},
    READING_OPTIONS,
    /* --- network --- */
    {"hidden", "N,N,...", NULL, GROUP_NETWORK | FIRST_SCREEN,
     "neurons of each hidden layer (default no hidden layer)"},
    {"activation", "NAME[,...]", "relu", GROUP_NETWORK | FIRST_SCREEN,
     "activation of the hidden layers, one for all or one per layer: {activations}"},
    {"loss", "NAME", "cross-entropy", GROUP_NETWORK | FIRST_SCREEN,
     "loss function: {losses}; cross-entropy (softmax on the outputs) and hinge take classes, "
     "binary-cross-entropy (sigmoid) targets of 0 and 1, poisson (exp) counts or rates, the others "
     "values; quadratic is half the squared distance, with the hidden activation on the outputs"},
    {"norm", "NAME", "none", GROUP_NETWORK,
     "normalisation before the activation of every hidden layer: {norms}; batch is synchronised: "
     "mean and variance are those of the whole batch over all ranks; evaluation uses running "
     "averages"},
    {"layer-norm", NULL, NULL, GROUP_NETWORK, "the same as --norm layer"},
    {"batch-norm", NULL, NULL, GROUP_NETWORK, "the same as --norm batch"},
    {"init", "NAME", "default", GROUP_NETWORK,
     "initial weights: {initializers}; default suits the activation"},
    {"init-from", "FILE|DIR", NULL, GROUP_NETWORK,
     "start from the weights and the normalisation of this checkpoint (of a run's directory: the "
     "best one); a last layer of another size is initialised anew"},
    {"freeze", "N,N,...", NULL, GROUP_NETWORK, "layers that keep their weights, counted from 0"},
    /* --- training --- */
    {"optimizer", "NAME", "sgd", GROUP_TRAINING | FIRST_SCREEN,
     "optimiser: {optimizers}; lars and lamb are for large batches; formulas and defaults are "
     "those of "
     "torch.optim unless said otherwise"},
    {"learning-rate", "X", NULL, GROUP_TRAINING | FIRST_SCREEN,
     "step size of an update, default {defaults of learning-rate}"},
    {"batch-size", "N", "128", GROUP_TRAINING | FIRST_SCREEN,
     "samples per update, over all ranks together"},
    {"epochs", "N", "10", GROUP_TRAINING | FIRST_SCREEN,
     "passes over the training set, those before --resume included"},
    {"seed", "N", "1", GROUP_TRAINING,
     "seed of all random numbers: initial weights, sample order, dropout, augmentation"},
    {"momentum", "X", NULL, GROUP_TRAINING,
     "momentum, from 0 (none) to below 1; default {defaults of momentum}"},
    {"nesterov", NULL, NULL, GROUP_TRAINING, "Nesterov momentum, for {takers of nesterov}"},
    {"betas", "X,X", NULL, GROUP_TRAINING,
     "for {takers of betas}: decay rates of the moving averages of the gradient and its square "
     "(default 0.9,0.999)"},
    {"alpha", "X", NULL, GROUP_TRAINING,
     "decay rate of the moving average of the squared gradient; default {defaults of alpha}"},
    {"epsilon", "X", NULL, GROUP_TRAINING,
     "added to denominators, for numerical stability; default {defaults of epsilon}"},
    {"trust", "X", NULL, GROUP_TRAINING,
     "trust coefficient of the layers' learning rates; default {defaults of trust}"},
    {"clip-norm", "X", "0", GROUP_TRAINING,
     "scale the gradient to a norm of at most X over all parameters; 0 disables"},
    {"clip-value", "X", "0", GROUP_TRAINING,
     "clamp every element of the gradient to [-X, X], after --clip-norm; 0 disables"},
    {"schedule", "NAME", "constant", GROUP_TRAINING,
     "learning-rate schedule: {schedules}; plateau reduces it when the validation (without one: "
     "training) loss stops improving"},
    {"warmup", "SPAN", NULL, GROUP_TRAINING,
     "raise the learning rate linearly over the first SPAN, such as 5epochs or 500steps"},
    {"schedule-every", "SPAN", NULL, GROUP_TRAINING,
     "for step: multiply the learning rate by --schedule-factor after every SPAN"},
    {"milestones", "N,N,...", NULL, GROUP_TRAINING,
     "for multi-step: epochs after which it is multiplied by --schedule-factor"},
    {"schedule-factor", "X", "0.1", GROUP_TRAINING,
     "for step, multi-step, exponential (after every epoch) and plateau"},
    {"schedule-power", "X", "1", GROUP_TRAINING, "exponent of polynomial; 1 is linear"},
    {"schedule-end", "X", "0", GROUP_TRAINING,
     "lowest learning rate, for polynomial, cosine and plateau"},
    {"schedule-epochs", "N", NULL, GROUP_TRAINING,
     "length of polynomial, cosine and one-cycle in epochs (default --epochs)"},
    {"plateau-patience", "N", "10", GROUP_TRAINING,
     "for plateau: epochs without improvement before the rate is reduced"},
    {"plateau-threshold", "X", "1e-4", GROUP_TRAINING,
     "for plateau: least relative improvement that counts"},
    {"scale-learning-rate", "BATCH", NULL, GROUP_TRAINING,
     "linear scaling rule: --learning-rate is for batches of BATCH samples, and is multiplied by "
     "batch size / BATCH"},
    /* --- regularisation --- */
    {"weight-decay", "X", NULL, GROUP_REGULARIZATION,
     "L2 coefficient, w <- w - lr (gradient + X w), decoupled from the gradient in adamw and lamb; "
     "biases do not decay; default {defaults of weight-decay}"},
    {"l1", "X", "0", GROUP_REGULARIZATION,
     "L1 coefficient: X sign(w) is added to the gradient after clipping, biases excepted; 0 "
     "disables"},
    {"max-norm", "X", "0", GROUP_REGULARIZATION,
     "after an update, scale the weights into each neuron to a norm of at most X; 0 disables"},
    {"dropout", "P[,...]", NULL, GROUP_REGULARIZATION,
     "fraction of a hidden layer's outputs that is set to 0 in training, one for all or one per "
     "layer"},
    {"input-dropout", "P", "0", GROUP_REGULARIZATION,
     "the same for the inputs, after normalisation"},
    {"label-smoothing", "X", "0", GROUP_REGULARIZATION,
     "for cross-entropy, in training: fraction of a label that is spread over all classes"},
    {"patience", "N", "0", GROUP_REGULARIZATION,
     "early stopping: epochs without improvement of the validation (without one: training) loss "
     "before the run stops; best.h5 is the best epoch; 0 disables"},
    {"min-delta", "X", "0", GROUP_REGULARIZATION,
     "for --patience: least improvement of the loss that counts"},
    {"mixup", "ALPHA", NULL, GROUP_REGULARIZATION,
     "mix training samples and their targets in pairs, with weights l and 1 - l, l from "
     "Beta(ALPHA, ALPHA); 0.2 is common"},
    {"shift", "N", "0", GROUP_REGULARIZATION,
     "translate training images by up to N pixels in each direction; needs x of [samples, height, "
     "width]; 0 disables"},
    {"flip", NULL, NULL, GROUP_REGULARIZATION,
     "mirror training images, left and right, with probability 1/2"},
    {"erase", "P", "0", GROUP_REGULARIZATION,
     "probability of erasing a rectangle of a training image"},
    {"noise", "X", "0", GROUP_REGULARIZATION,
     "add Gaussian noise of standard deviation X to the inputs, after normalisation"},
    /* --- output --- */
    {"output", "DIR", NULL, GROUP_OUTPUT | FIRST_SCREEN,
     "directory of the run: checkpoints, metrics.jsonl, config.ini"},
    {"checkpoint-every", "INTERVAL", "1epochs", GROUP_OUTPUT,
     "interval between checkpoints: 500steps, 2epochs, 30s, 10min, 1h; one is always written after "
     "the "
     "last epoch, and after one that is the best so far"},
    {"keep", "N", "3", GROUP_OUTPUT, "newest checkpoints kept, besides the best one; 0 keeps all"},
    {"top-k", "K", "0", GROUP_OUTPUT, "also measure top-K accuracy; 0 disables"},
    {"tensorboard", NULL, NULL, GROUP_OUTPUT,
     "also write TensorBoard event files into the directory"},
    {"quiet", NULL, NULL, GROUP_OUTPUT | CALL_ONLY, "print warnings and errors only"},
    /* --- running --- */
    {"resume", NULL, NULL, GROUP_RUNNING | FIRST_SCREEN | CALL_ONLY,
     "continue from the newest good checkpoint in --output, or start where there is none"},
    {"config", "FILE", NULL, GROUP_RUNNING | FIRST_SCREEN | CALL_ONLY,
     "run file of lines 'option = value'; the command line wins"},
    {"write-config", "FILE", NULL, GROUP_RUNNING | CALL_ONLY,
     "write a run file of these options, with all defaults and descriptions, and do nothing else; "
     "every run leaves one as config.ini"},
    {"dry-run", NULL, NULL, GROUP_RUNNING | CALL_ONLY,
     "print the plan (parameters, memory, steps, ranks) and do nothing else"},
    THREADS_OPTION,
    {"allreduce", "auto|flat", "auto", GROUP_RUNNING,
     "how ranks average gradients: auto (shared memory within a node, messages between nodes), "
     "flat (each rank as if on a node of its own)"},
    {"reduction", "exact|fast", "exact", GROUP_RUNNING,
     "how gradients are summed: exact (fixed-order tree reduction, bitwise reproducible on any "
     "number of ranks, threads and nodes), fast (in any order)"},
    {"granules", "N", NULL, GROUP_RUNNING,
     "leaves of the exact reduction tree, and the most ranks that can share a batch (default the "
     "largest power of two not above the square root of the batch size: 8 for 128, 32 for 1024)"},
    {"accumulate", "K", "1", GROUP_RUNNING,
     "gradient accumulation: each rank computes its share of a batch in K parts, one after the "
     "other, which saves memory; bitwise the same result; at most --granules"},
    {"time-limit", "TIME", NULL, GROUP_RUNNING,
     "stop with a checkpoint before this time has passed: minutes, H:M:S, D-H:M:S, or none "
     "(default the end of the Slurm job, SLURM_JOB_END_TIME, where there is one)"},
    {"watchdog", "SECONDS", "600", GROUP_RUNNING,
     "end the run when no rank makes progress for so long, because one was stopped, hangs or "
     "cannot be reached; 0 disables"},
    {"check-every", "N", "100", GROUP_RUNNING,
     "steps between comparisons of the copies of parameters and optimiser state, which are also "
     "compared before a checkpoint; 0 disables"},
    {NULL, NULL, NULL, 0, NULL}};
