/* Single values of an input: text in, typed value and canonical text out. Not collective. */
#ifndef AFB_CONFIG_VALUE_H
#define AFB_CONFIG_VALUE_H

#include "config/schema.h"

enum { AFB_VALUE_LENGTH = 256 };

/* The number of the word of the row, -1 when it is none of them. */
int afb_value_word(const afb_key *key, const char *text);

/* Reads an INTEGER, NUMBER, HALF or BOOLEAN (the row's only scalar form besides WORD) into *field. Returns 1, and the
 * canonical text; or 0, and why not (without the name of the key). */
int afb_value_read(const afb_key *key, const char *text, void *field, char canonical[AFB_VALUE_LENGTH],
                   char why[AFB_VALUE_LENGTH]);

/* The shortest decimal text that reads back to the same number. */
char *afb_value_format(double value, char buffer[AFB_VALUE_LENGTH]);

#endif
