/* The declarative description of an input file. From one table come parsing and checking (config/input.h), the input
 * reference and the templates (config/reference.h). Not collective.
 *
 * A schema is a table of keys. The row of a section stands before the rows of its members. A row says where in the
 * typed struct of the input its value goes; the macros below make the compiler check that the field has the type that
 * the form needs. Values arrive in the unit of the row. What is absent and has no default:
 * INTEGER 0, NUMBER NaN, HALF -1, STRING NULL, STRINGS {-1, 0, NULL}, INTEGERS {0, NULL}, NAMED {0, NULL, NULL}, a section
 * or union -1. The members of a NAMED section have the path "section.*.member", and their fields are offsets in a row of its
 * array; in messages and for afb_config_mistake the name stands in place of the star. */
#ifndef AFB_CONFIG_SCHEMA_H
#define AFB_CONFIG_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

/* The forms that a value may have. Those of one row may be or-ed: WORD | MAP and WORD | STRINGS are unions. */
enum {
  AFB_FORM_INTEGER = 1,    /* int64_t */
  AFB_FORM_NUMBER = 2,     /* double; a unit may follow where the row has one: 3 min */
  AFB_FORM_HALF = 4,       /* int, twice the value: 1/2, 3/2, 2 */
  AFB_FORM_STRING = 8,     /* const char * */
  AFB_FORM_WORD = 16,      /* int, number of the word in `words`; with MAP, the number of words when it is a map */
  AFB_FORM_BOOLEAN = 32,   /* int, 0 or 1 */
  AFB_FORM_STRINGS = 64,   /* afb_strings; one string stands for a list of one */
  AFB_FORM_MAP = 128,      /* the section's int is 1 when the section is given (unless also WORD) */
  AFB_FORM_NAMED = 256,    /* afb_named: a section whose keys are names chosen by the user, each a section of its own */
  AFB_FORM_INTEGERS = 512, /* afb_integers; lists in a list are joined: [[4, 4], [3, 2]] */
  AFB_FORM_NUMBERS = 1024  /* afb_numbers; a single number stands for a list of one */
};

enum {
  AFB_KEY_REQUIRED = 1,
  AFB_KEY_UNIT = 2,        /* a number without its unit is a mistake */
  AFB_KEY_RESOURCE = 4,    /* what a run may spend or where it writes: not part of the identity of an input */
  AFB_KEY_ABOVE_MIN = 8,   /* the minimum itself is not allowed */
  AFB_KEY_USUAL = 16       /* stands in the template with its example, though it is not required in every case */
};

typedef struct {
  int word;                /* the number of the word given in place of a list, otherwise -1 */
  int n;
  const char **item;
} afb_strings;

typedef struct {
  int n;
  int64_t *item;
} afb_integers;

typedef struct {
  int n;
  double *item;
} afb_numbers;

typedef struct {
  int n;
  const char **name;       /* [n] in the order of the text */
  void *row;               /* [n] structs of the size given in the key's `row_size` */
} afb_named;

typedef struct {
  const char *path;        /* "atom.nucleus" */
  unsigned forms;
  size_t field;            /* offset in the input's struct; AFB_NO_FIELD for a section that is only a frame */
  size_t row_size;         /* of NAMED */
  unsigned flags;
  double min, max;         /* of INTEGER, NUMBER and HALF (the value, not twice it); both 0: any */
  const char *unit;        /* of NUMBER, NULL: none */
  const char *words;       /* of WORD: "fermi|point" */
  const char *fallback;    /* default, as YAML; NULL: none. "{}": an absent section has its members' defaults */
  const char *example;     /* for the template, where there is no default */
  const char *help;
} afb_key;

typedef struct {
  const char *name;        /* the command: "atom" */
  const char *summary;
  size_t size;             /* of the input's struct */
  int n_keys;
  const afb_key *key;
} afb_schema;

#define AFB_NO_FIELD ((size_t)-1)
#define AFB_FIELD(type, S, member) (offsetof(S, member) + 0 * sizeof(_Generic(((S *)0)->member, type: 0))) /* NOLINT(bugprone-macro-parentheses): a type */

/* Units that may follow a number. A value in `from`, in `to`: value * factor. Returns 0 when `from` is no unit, -1 when
 * it is one of another kind. */
int afb_unit_factor(const char *from, const char *to, double *factor);
/* Units of the same kind as `unit`, in a NULL-terminated list of at most `size` entries, its end included; returns the
 * number of units. */
int afb_unit_list(const char *unit, const char **list, int size);

/* The row at a path; NULL when there is none. */
const afb_key *afb_schema_find(const afb_schema *schema, const char *path);
/* Whether `key` is a direct member of the section `path` ("": top level). */
int afb_key_is_member(const afb_key *key, const char *path);
/* What follows the last point of a path. */
const char *afb_key_leaf(const afb_key *key);

/* The words of a row, into a NULL-terminated list that lives in `buffer`; at most `size` entries, its end included. */
enum { AFB_WORDS_LENGTH = 128, AFB_MAX_WORDS = 16 };
int afb_key_words(const afb_key *key, char buffer[AFB_WORDS_LENGTH], const char *list[AFB_MAX_WORDS]);

/* "a whole number from 1 to 15", "fermi, point or a section": what the row accepts, for messages and documentation. */
enum { AFB_DESCRIPTION_LENGTH = 256 };
char *afb_key_describe(const afb_key *key, char buffer[AFB_DESCRIPTION_LENGTH]);

#endif
