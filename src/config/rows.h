/* Rows that inputs share. For the tables of config/inputs_*.c only. */
#ifndef AFB_CONFIG_ROWS_H
#define AFB_CONFIG_ROWS_H

#include <math.h>

#include "config/inputs.h"

#define AFB_AT(type, S, member) .field = AFB_FIELD(type, S, member)

#define AFB_ROWS_OPTIMISE(S, prefix)                                                                                  \
  {.path = prefix "optimise", .forms = AFB_FORM_WORD | AFB_FORM_MAP, AFB_AT(int, S, optimise),                        \
   .words = "all|average", .fallback = "{}",                                                                          \
   .help = "levels whose weighted energy (weights 2J+1) is made stationary: the lowest `levels` of every J and "      \
           "parity, all, or average, the mean over all CSFs (EAL)"},                                                  \
  {.path = prefix "optimise.levels", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, levels), .min = 1, .max = 1000,    \
   .fallback = "3", .help = "number of lowest levels of every block of J and parity"}

#define AFB_ROWS_LIMITS(S, prefix)                                                                                    \
  {.path = prefix "limits", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .fallback = "{}",                           \
   .help = "limits of one calculation; one that reaches a limit ends there, and its outcome says so"},                \
  {.path = prefix "limits.iterations", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, limits.iterations), .min = 1,    \
   .max = 100000, .fallback = "600", .help = "iterations, all schemes together"},                                     \
  {.path = prefix "limits.cpu_time", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, limits.cpu_seconds), .min = 0,       \
   .max = INFINITY, .flags = AFB_KEY_UNIT | AFB_KEY_ABOVE_MIN, .unit = "s", .fallback = AFB_LIMIT_CPU_TIME,           \
   .help = "CPU time on one rank"},                                                                                   \
  {.path = prefix "limits.memory", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, limits.memory), .min = 0,              \
   .max = INFINITY, .flags = AFB_KEY_UNIT | AFB_KEY_ABOVE_MIN | AFB_KEY_RESOURCE, .unit = "B", .example = "2 GB",     \
   .help = "memory that one rank may be predicted to need; without it, its share of 80 % of the machine's"},          \
  {.path = prefix "limits.csf", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, limits.csf), .min = 1, .max = 10000000, \
   .fallback = "50000", .help = "configuration state functions"}

#endif
