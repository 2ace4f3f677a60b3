/* replay FILE_OR_FOLDER...: hands each file to the fuzz target that it is linked with. */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static int replay_file(const char *path) {
  FILE *stream = fopen(path, "rb");
  REQUIRE(stream != NULL);
  REQUIRE(fseek(stream, 0, SEEK_END) == 0);
  long size = ftell(stream);
  REQUIRE(size >= 0);
  rewind(stream);
  uint8_t *data = malloc((size_t)size + 1);
  REQUIRE(data != NULL);
  REQUIRE(fread(data, 1, (size_t)size, stream) == (size_t)size);
  (void)fclose(stream);
  printf("%s\n", path);
  (void)fflush(stdout);
  (void)fuzz_one(data, (size_t)size);
  free(data);
  return 1;
}

static int replay(const char *path) {
  struct stat info;
  REQUIRE(stat(path, &info) == 0);
  if (!S_ISDIR(info.st_mode)) return replay_file(path);
  int count = 0;
  DIR *folder = opendir(path);
  REQUIRE(folder != NULL);
  for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    char name[4096];
    if (entry->d_name[0] == '.') continue;
    (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    count += replay(name);
  }
  (void)closedir(folder);
  return count;
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; ++i) count += replay(argv[i]);
  printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}
