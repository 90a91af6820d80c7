/* Moments as texts, "2025-01-31T12:00:00Z". Not collective. */
#ifndef AFB_REPORT_MOMENT_H
#define AFB_REPORT_MOMENT_H

enum { AFB_MOMENT = 32 };

/* Seconds since 1970 UTC; NaN: the text is no such moment. */
double afb_moment_of(const char *text);
/* Into the buffer, which is returned; "" for NaN. */
char *afb_moment_text(double seconds, char buffer[AFB_MOMENT]);
/* The clock of this host. */
double afb_moment_now(void);

#endif
