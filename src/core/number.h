/* Whole numbers at the beginning of a text. Not collective. */
#ifndef AFB_CORE_NUMBER_H
#define AFB_CORE_NUMBER_H

/* The decimal number, with its sign, that follows the blanks at the beginning of `text`: into *value; returns where it ends. NULL, and *value
 * stays: there is none, or an int does not hold it. */
const char *afb_number_int(const char *text, int *value);

#endif
