/* How a format of structures is read: shared by the files that know one format each and by structures.c. Not collective.
 *
 * All files one after the other are one stream of bytes; every rank has a contiguous slice of it, in parts that belong to one
 * file each. A format first *walks* through a part, from frame to frame without looking at the atoms, and notes for
 * every frame what is known of it and how its rows are to be read. Where the walk leaves a part in the middle of a file, the state
 * goes to the next rank, which walks on. The rows are read afterwards, by all ranks at the same time. */
#ifndef AFB_MATERIALS_READER_H
#define AFB_MATERIALS_READER_H

#include "materials/lines.h"
#include "materials/number.h"
#include "materials/structures.h"

typedef struct afb_format afb_format;

/* The part of a file that is this rank's. */
typedef struct {
  int file;
  const afb_format *format;
  int64_t begin, end, size;    /* bytes of the file, and its size */
  afb_lines lines;
  int64_t first_line;          /* number of its first line, from 1 */
  int64_t *mark, n_marks;      /* lines that hold nothing but one integer, counted from 0 in the part; where the format wants them */
} afb_part;

/* A kind of atom that the file counts or numbers. */
typedef struct {
  char name[AFB_SPECIES_NAME];
  int64_t count;
} afb_type;

typedef enum {
  AFB_SPECIES_NAMED,           /* the word is the name */
  AFB_SPECIES_TAGGED,          /* the word begins with the letters of the name: Si1, si */
  AFB_SPECIES_CHARGE,          /* nuclear charge */
  AFB_SPECIES_NUMBERED,        /* number of the type, from 1 */
  AFB_SPECIES_COUNTED          /* rows are in the order of the types, type[i].count of each */
} afb_species_form;

/* How the rows of a frame are read. */
typedef struct {
  int64_t frame;               /* on this rank, from 0; -1: the last one of the rank before */
  int part;
  int64_t first_line, n_rows;
  int fewest, most;            /* words in a row; most = 0: any */
  int species, position, force;   /* columns, from 0; -1: none */
  afb_species_form form;
  int first_type, n_types;     /* in the reader's list */
  int transformed;             /* position = (what is read - origin) · axes */
  double origin[3], axes[3][3];
  int copies[3];               /* each atom stands once for each cell of a supercell; zeros as ones */
  const char *position_text, *species_text, *force_text;   /* JSON: where the arrays are */
} afb_layout;

/* Plain data: it travels from rank to rank. */
typedef struct {
  int file;
  int64_t line;                /* number of the line that the walk goes on with */
  int step;                    /* the format's own count; 0 at the beginning of the file */
  int ended;                   /* nothing more is wanted from this file */
  int64_t n_frames;            /* of the file so far */
  afb_frame frame;             /* the last one */
  afb_layout layout;
  int n_types;
  afb_type type[AFB_MAX_SPECIES];
  double scale[3];             /* POSCAR: of the three axes; the volume, negative, in the first */
  int style, section;          /* LAMMPS */
  double low[3], high[3], tilt[3];
  double angles[3];            /* OLCAO */
  int fractional, repeat[3];
} afb_walk;

/* What is wrong with a frame, or with its file. */
typedef struct {
  int file;
  int64_t line, frame;         /* frame: on this rank, as in afb_layout; after reading: of the collection */
  char what[232];
} afb_problem;

typedef struct {
  int skip_bad;
  char **path;
  int n_parts;
  afb_part *part;
  int64_t n_frames, n_layouts, n_problems, frame_capacity, layout_capacity, problem_capacity, type_capacity;
  afb_frame *frame;            /* those that began on this rank */
  afb_layout *layout;          /* of these, and of the one that goes on from the rank before */
  afb_problem *problem;
  int n_types;
  afb_type *type;
  int n_species;
  char species[AFB_MAX_SPECIES][AFB_SPECIES_NAME];   /* in the order in which they were met */
  int64_t n_atoms;
  double *position, *force;
  int32_t *kind;
  afb_status status;           /* failures of the machine: memory, files */
} afb_reader;

struct afb_format {
  const char *name;
  int whole;                   /* a file is never divided among ranks */
  int marks;                   /* the part's marks are wanted */
  /* Walks on through the part until its end. */
  void (*walk)(afb_reader *reader, afb_part *part, afb_walk *walk);
  /* The file ends with the part: what is not complete is a problem. */
  void (*end)(afb_reader *reader, afb_part *part, afb_walk *walk);
  /* Reads the atoms of a frame to atom `at` and on; NULL: rows with columns. */
  void (*atoms)(afb_reader *reader, const afb_layout *layout, int64_t at);
};

extern const afb_format afb_format_extxyz, afb_format_lammps, afb_format_poscar, afb_format_skl, afb_format_structure,
  afb_format_json;

/* The format of a file: by the name asked for, else by the file's name, else by its first bytes (`head`, ended by a zero byte). NULL: none.
 * head = NULL: by its name alone. */
const afb_format *afb_format_find(const char *name);
const afb_format *afb_format_guess(const char *path, const char *head);

/* Names of the formats for a message, "a, b, c", in `text`; returns it. */
const char *afb_format_names(char *text, size_t size);
/* Formats as numbers that are the same on all ranks. */
int afb_format_number(const afb_format *format);
const afb_format *afb_format_numbered(int number);

/* The part's line of number `line`; only for lines of the part. */
const char *afb_part_line(const afb_part *part, int64_t line);
/* Number of the first line behind the part. */
int64_t afb_part_end(const afb_part *part);

/* Begins the frame's record: energy and stress not given, name and group empty, `line`. */
void afb_walk_begin_frame(afb_walk *walk, int64_t line);
/* Notes walk->frame with walk->layout and walk->type as the next frame. */
void afb_reader_add_frame(afb_reader *reader, const afb_part *part, afb_walk *walk);
/* Something is wrong: with the last frame of the walk; or, `fresh`, with one of which nothing is known and which is added
 * here. */
void afb_reader_problem(afb_reader *reader, const afb_part *part, afb_walk *walk, int fresh, int64_t line, const char *format,
                        ...) __attribute__((format(printf, 6, 7)));
/* The last frame of the walk has no more than n_rows rows. All that are rows are read, also those of a frame that is wrong: which mistake is
 * its first then does not depend on who finds what. */
void afb_reader_cut_rows(afb_reader *reader, afb_walk *walk, int64_t n_rows);
/* The same as afb_reader_problem for a row. */
void afb_reader_row_problem(afb_reader *reader, const afb_layout *layout, int64_t line, const char *format, ...)
  __attribute__((format(printf, 4, 5)));

/* Number of a species on this rank; -1: the name is too long or there are too many (the reader's status tells). */
int afb_reader_species(afb_reader *reader, const char *name, size_t length);

/* Notes walk->layout for frame number `frame` of this rank; -1: the last of the rank before. */
void afb_reader_add_layout(afb_reader *reader, const afb_part *part, const afb_walk *walk, int64_t frame);
/* Atoms of a layout's frame that are on this rank. */
int64_t afb_reader_layout_atoms(const afb_reader *reader, const afb_layout *layout);

/* Reads the rows of all frames on this rank into the reader's arrays, which have room for all of them. */
void afb_reader_rows(afb_reader *reader);

/* Goes on line by line until the part's end or the end of the walk; `step` looks at the line walk->line, which is the next one by then, and
 * may go further. */
void afb_walk_lines(afb_reader *reader, afb_part *part, afb_walk *walk,
                    void (*step)(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text));
/* For the end of a file that holds one frame: says so when rows are missing. */
void afb_walk_check_rows(afb_reader *reader, afb_part *part, afb_walk *walk);
/* Exactly n finite numbers on the line; what stands behind them is left alone. */
int afb_read_numbers(const char *at, int n, double *x);

/* Volume of a cell [3][3], with its sign. */
double afb_cell_volume(const double *cell);

/* A line for a message: at most 40 characters of it, in a buffer of 64 bytes; returns it. */
const char *afb_line_excerpt(const char *line, char *buffer);

#endif
