/* Messages to the user. Results go to standard output by way of `report`; everything else goes here,
 * to standard error, from rank 0 only unless the level is AFB_LOG_ERROR. Not collective. */
#ifndef AFB_CORE_LOG_H
#define AFB_CORE_LOG_H

typedef enum { AFB_LOG_ERROR, AFB_LOG_WARNING, AFB_LOG_INFO, AFB_LOG_TRACE, AFB_LOG_DEBUG } afb_log_level;

/* `rank` is this process's rank in MPI_COMM_WORLD. Default: AFB_LOG_INFO, rank 0. */
void afb_log_setup(afb_log_level level, int rank);
/* Whether a message of this level would be written: guards the making of expensive text. */
int afb_log_enabled(afb_log_level level);
void afb_log(afb_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
