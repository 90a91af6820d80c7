/* Whether a page is well-formed: tags nested and closed, attributes quoted, no stray & or <, nothing that XML cannot hold. */
#ifndef AFB_TESTS_REPORT_MARKUP_H
#define AFB_TESTS_REPORT_MARKUP_H

#include <stdio.h>
#include <string.h>

enum { MARKUP_DEPTH = 64, MARKUP_NAME = 32 };

static inline const char *markup_entity(const char *at)
{
  static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strncmp(at, known[i], strlen(known[i])) == 0)
      return at + strlen(known[i]);
  return NULL;
}

/* Behind the '>' of the tag that begins at `at`; NULL when it is none. *empty: it ends in "/>". */
static inline const char *markup_tag(const char *at, char name[MARKUP_NAME], int *closing, int *empty)
{
  size_t n;
  at++;
  *closing = *at == '/';
  at += *closing;
  n = strcspn(at, " />\n");
  if (n == 0 || n >= MARKUP_NAME)
    return NULL;
  memcpy(name, at, n);
  name[n] = '\0';
  for (at += n; *at && *at != '>' && *at != '/'; ) {
    at += strspn(at, " \n");
    if (*at == '>' || *at == '/')
      break;
    at += strcspn(at, "=> \n");
    if (at[0] != '=' || at[1] != '"')
      return NULL;
    for (at += 2; *at != '"';)
      if (!*at || *at == '<' || (*at == '&' && !(at = markup_entity(at))))
        return NULL;
      else if (*at != '&' && *at != '"')
        at++;
    at++;
  }
  *empty = *at == '/';
  at += *empty;
  return *at == '>' ? at + 1 : NULL;
}

/* NULL when it is, else where it is not. */
static inline const char *markup_mistake(const char *text)
{
  char open[MARKUP_DEPTH][MARKUP_NAME], name[MARKUP_NAME];
  int depth = 0, closing, empty;
  const char *at = text;
  while (*at) {
    const char *next = at + 1;
    if (strncmp(at, "<!DOCTYPE html>", 15) == 0)
      next = at + 15;
    else if (strncmp(at, "<!--", 4) == 0) {
      const char *end = strstr(at, "-->");
      next = end ? end + 3 : NULL;
    } else if (*at == '<') {
      next = markup_tag(at, name, &closing, &empty);
      if (next && closing && (depth == 0 || strcmp(open[--depth], name) != 0))
        return at;
      if (next && !closing && !empty && depth < MARKUP_DEPTH)
        strcpy(open[depth++], name);
    } else if (*at == '&')
      next = markup_entity(at);
    else if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t')
      return at;
    if (!next)
      return at;
    at = next;
  }
  return depth == 0 ? NULL : at;
}

#endif
