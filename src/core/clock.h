/* Clocks, the deadline and the signals that ask a run to end in order. Not collective. */
#ifndef AFB_CORE_CLOCK_H
#define AFB_CORE_CLOCK_H

/* Seconds since an arbitrary start, monotonic. */
double afb_wall_seconds(void);
/* CPU seconds of this process (all threads). */
double afb_cpu_seconds(void);

/* What the CPU time of a process is spent on; for `aufbau bench`. WAIT: in MPI, where a rank spins until the others have come. */
typedef enum { AFB_PHASE_OTHER, AFB_PHASE_ANGULAR, AFB_PHASE_COULOMB, AFB_PHASE_ORBITAL, AFB_PHASE_CI, AFB_PHASE_WAIT, AFB_N_PHASES } afb_phase;
/* From here on CPU time counts for `phase`; returns the phase before, for the caller to come back to. Some 0.3 us. */
afb_phase afb_phase_enter(afb_phase phase);
/* CPU seconds by phase since the start of the process. */
void afb_phase_seconds(double seconds[AFB_N_PHASES]);
/* Wall seconds in AFB_PHASE_WAIT since the start of the process, whole waits only. */
double afb_phase_waited(void);

/* From here on SIGUSR1 and SIGTERM set a flag in place of ending the process. */
void afb_signals_catch(void);
/* The number of the signal that came, 0 if none. */
int afb_signal_received(void);

#endif
