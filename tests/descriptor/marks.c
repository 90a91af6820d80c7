#include "tests/descriptor/marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/descriptor/snap_files.h"

int write_between_marks(const char *path, const char *name, const char *text)
{
  char begin[80], end[80];
  snprintf(begin, sizeof begin, "<!-- %s begin -->\n", name);
  snprintf(end, sizeof end, "<!-- %s end -->", name);
  char *old = read_text(path), *from = old ? strstr(old, begin) : NULL, *to = from ? strstr(from, end) : NULL;
  FILE *file = to ? fopen(path, "w") : NULL;
  int bad = !file;
  if (file) {
    from += strlen(begin);
    bad = fprintf(file, "%.*s%s%s", (int)(from - old), old, text, to) < 0;
    bad |= fclose(file) != 0;
  }
  free(old);
  return bad;
}

const char *machine_class(void)
{
  static char text[80];
  const char *processor = "another processor";
#if defined(__x86_64__)
  processor = __builtin_cpu_supports("avx512f") ? "x86-64 with AVX-512" : __builtin_cpu_supports("avx2") ? "x86-64 with AVX2" : "x86-64";
#elif defined(__aarch64__)
  processor = "aarch64";
#endif
  snprintf(text, sizeof text, "%s, %ld cores", processor, sysconf(_SC_NPROCESSORS_ONLN));
  return text;
}
