/* A fast 64-bit hash of floats' bits.
 *
 * The floats are cut into chunks. A chunk goes word by word into lanes, each step a multiplication
 * and a shift (after MurmurHash3's and SplitMix64's mixers), one-to-one in both the lane and the
 * word; the chunks' hashes depend on their places and are added up, so that their order is free. */
#include "net/fingerprint.h"

#include <string.h>

#include "base/partition.h"

#define CHUNK 8192
#define LANES 8
#define STRIDE (2 * LANES)
#define MULTIPLIER UINT64_C(0xbf58476d1ce4e5b9)
#define INCREMENT UINT64_C(0x9e3779b97f4a7c15)
/* Chunks for which another thread pays. */
#define CHUNKS_A_THREAD 8

static inline uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * MULTIPLIER;
  return hash ^ (hash >> 29);
}

static uint64_t hash_chunk(uint64_t seed, const float *values, int64_t count) {
  uint64_t lanes[LANES], words[LANES];
  int64_t done = 0;
  for (int j = 0; j < LANES; ++j) lanes[j] = seed + (uint64_t)j * INCREMENT;
  for (; done + STRIDE <= count; done += STRIDE) {
    memcpy(words, values + done, sizeof words);
    for (int j = 0; j < LANES; ++j) lanes[j] = mix(lanes[j], words[j]);
  }
  memset(words, 0, sizeof words);
  memcpy(words, values + done, (size_t)(count - done) * sizeof *values);
  uint64_t hash = (uint64_t)count;
  for (int j = 0; j < LANES; ++j) hash = mix(hash, mix(lanes[j], words[j]));
  return hash;
}

static int team_for(int64_t chunks, int threads) {
  return (int)nnt_max_i64(1, nnt_min_i64(threads, chunks / CHUNKS_A_THREAD));
}

uint64_t nnt_fingerprint(uint64_t seed, const float *values, int64_t count, int threads) {
  int64_t chunks = nnt_ceil_div(count, CHUNK);
  uint64_t sum = 0;
#pragma omp parallel for num_threads(team_for(chunks, threads)) reduction(+ : sum) schedule(static)
  for (int64_t i = 0; i < chunks; ++i) {
    uint64_t place = mix(seed, (uint64_t)i + INCREMENT);
    sum += hash_chunk(place, values + i * CHUNK, nnt_min_i64(CHUNK, count - i * CHUNK));
  }
  return mix(sum, (uint64_t)count);
}
