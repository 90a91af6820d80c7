/* Clocks, the deadline and the signals that ask a run to end in order. Not collective. */
#ifndef AFB_CORE_CLOCK_H
#define AFB_CORE_CLOCK_H

/* Seconds since an arbitrary start, monotonic. */
double afb_wall_seconds(void);
/* CPU seconds of this process (all threads). */
double afb_cpu_seconds(void);

/* From here on SIGUSR1 and SIGTERM set a flag in place of ending the process. */
void afb_signals_catch(void);
/* The number of the signal that came, 0 if none. */
int afb_signal_received(void);

#endif
