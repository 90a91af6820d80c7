#include "config/mistakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_WIDTH = 160, MESSAGE_LENGTH = 1024 };

static char *copy_text(const char *text, size_t size)
{
  char *copy = malloc(size + 1);
  if (copy) {
    memcpy(copy, text, size);
    copy[size] = '\0';
  }
  return copy;
}

void afb_mistakes_clear(afb_mistakes *mistakes)
{
  for (int i = 0; i < mistakes->n_sources; i++) {
    free(mistakes->source[i].name);
    free(mistakes->source[i].text);
  }
  for (int i = 0; i < mistakes->n; i++)
    free(mistakes->mistake[i].message);
  free(mistakes->source);
  free(mistakes->mistake);
  *mistakes = (afb_mistakes){0};
}

int afb_mistakes_add_source(afb_mistakes *mistakes, const char *name, const char *text, size_t size)
{
  size_t n = (size_t)mistakes->n_sources + 1;
  afb_source *grown = realloc(mistakes->source, n * sizeof *grown);
  if (grown)
    mistakes->source = grown;
  afb_source source = {copy_text(name, strlen(name)), copy_text(text, size), size};
  if (!grown || !source.name || !source.text) {
    free(source.name);
    free(source.text);
    mistakes->out_of_memory = 1;
    return -1;
  }
  grown[mistakes->n_sources] = source;
  return mistakes->n_sources++;
}

void afb_mistakes_vadd(afb_mistakes *mistakes, afb_place place, const char *format, va_list args)
{
  if (mistakes->n == mistakes->capacity) {
    int capacity = 2 * mistakes->capacity + 8;
    afb_mistake *grown = realloc(mistakes->mistake, (size_t)capacity * sizeof *grown);
    if (!grown) {
      mistakes->out_of_memory = 1;
      return;
    }
    mistakes->mistake = grown;
    mistakes->capacity = capacity;
  }
  char text[MESSAGE_LENGTH];
  vsnprintf(text, sizeof text, format, args);
  char *message = copy_text(text, strlen(text));
  if (!message) {
    mistakes->out_of_memory = 1;
    return;
  }
  mistakes->mistake[mistakes->n++] = (afb_mistake){place, message};
}

void afb_mistakes_add(afb_mistakes *mistakes, afb_place place, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  afb_mistakes_vadd(mistakes, place, format, args);
  va_end(args);
}

static size_t line_start(const afb_source *source, size_t offset)
{
  while (offset > 0 && source->text[offset - 1] != '\n')
    offset--;
  return offset;
}

static int is_character_start(char c) { return ((unsigned char)c & 0xC0) != 0x80; }

void afb_place_locate(const afb_mistakes *mistakes, afb_place place, int *line, int *column)
{
  const afb_source *source = &mistakes->source[place.source];
  size_t offset = place.offset < source->size ? place.offset : source->size;
  *line = 1;
  *column = 1;
  for (size_t i = 0; i < offset; i++)
    *line += source->text[i] == '\n';
  for (size_t i = line_start(source, offset); i < offset; i++)
    *column += is_character_start(source->text[i]);
}

/* The line of a place and a caret below it; tabs are kept so that the caret stands below its character. */
static int write_line(const afb_source *source, size_t offset, char *out, size_t size)
{
  if (offset > source->size)
    offset = source->size;
  size_t start = line_start(source, offset), end = offset;
  while (end < source->size && source->text[end] != '\n' && source->text[end] != '\r')
    end++;
  if (offset - start > SHOWN_WIDTH / 2)
    start = offset - SHOWN_WIDTH / 2;
  while (start < offset && !is_character_start(source->text[start]))
    start++;
  if (end - start > SHOWN_WIDTH)
    end = start + SHOWN_WIDTH;
  char caret[SHOWN_WIDTH + 2];
  size_t n = 0;
  for (size_t i = start; i < offset; i++)
    if (is_character_start(source->text[i]))
      caret[n++] = source->text[i] == '\t' ? '\t' : ' ';
  caret[n++] = '^';
  caret[n] = '\0';
  return snprintf(out, size, "\n  %.*s\n  %s", (int)(end - start), source->text + start, caret);
}

static int write_mistake(const afb_mistakes *mistakes, const afb_mistake *mistake, char *out, size_t size)
{
  if (mistake->place.source < 0)
    return snprintf(out, size, "%s", mistake->message);
  const afb_source *source = &mistakes->source[mistake->place.source];
  int line, column;
  afb_place_locate(mistakes, mistake->place, &line, &column);
  int used = snprintf(out, size, "%s:%d:%d: %s", source->name, line, column, mistake->message);
  if (used < 0 || (size_t)used >= size)
    return used;
  return used + write_line(source, mistake->place.offset, out + used, size - (size_t)used);
}

static int by_place(const void *a, const void *b)
{
  const afb_mistake *x = *(const afb_mistake *const *)a, *y = *(const afb_mistake *const *)b;
  if (x->place.source != y->place.source)
    return x->place.source < y->place.source ? -1 : 1;
  if (x->place.offset != y->place.offset)
    return x->place.offset < y->place.offset ? -1 : 1;
  return x < y ? -1 : x > y;
}

afb_status afb_mistakes_verdict(const afb_mistakes *mistakes)
{
  if (mistakes->out_of_memory)
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory to read the input");
  if (mistakes->n == 0)
    return AFB_OK;
  const afb_mistake **order = malloc((size_t)mistakes->n * sizeof *order);
  if (!order)
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory to report the mistakes of the input");
  for (int i = 0; i < mistakes->n; i++)
    order[i] = &mistakes->mistake[i];
  qsort(order, (size_t)mistakes->n, sizeof *order, by_place);
  char text[AFB_ERROR_LENGTH], one[AFB_ERROR_LENGTH];
  size_t used = 0, room = sizeof text - 64;
  int shown = 0;
  for (; shown < mistakes->n; shown++) {
    int length = write_mistake(mistakes, order[shown], one, sizeof one);
    if (length < 0 || used + (size_t)length + 1 >= room)
      break;
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", shown ? "\n" : "", one);
  }
  if (shown < mistakes->n)
    snprintf(text + used, sizeof text - used, "%s%d more mistakes", shown ? "\n... and " : "", mistakes->n - shown);
  free(order);
  return AFB_FAIL(AFB_E_INPUT, "%s", text);
}
