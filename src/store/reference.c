#include "store/reference.h"

#include "store/store.h"

static void write_type(FILE *out, const afb_column *column)
{
  static const char *const name[] = {"int32", "int64", "uint64", "float32", "float64", "string", "byte"};
  fprintf(out, "%s", name[column->type]);
  if (column->type == AFB_STRING)
    fprintf(out, ", %d bytes", column->length);
  else if (column->length > 1)
    fprintf(out, " [%d]", column->length);
}

/* A bar would end the cell. */
static void write_text(FILE *out, const char *text)
{
  for (; *text; text++) {
    if (*text == '|')
      fputc('\\', out);
    fputc(*text, out);
  }
}

static void write_table(FILE *out, const afb_table_schema *table)
{
  fprintf(out, "\n## %s\n\n%s.\n\n| column | type | unit | meaning | since |\n|---|---|---|---|---|\n", table->name, table->description);
  for (int c = 0; c < table->n_columns; c++) {
    const afb_column *column = &table->column[c];
    fprintf(out, "| `/%s/%s` | ", table->name, column->name);
    write_type(out, column);
    fprintf(out, " | %s | ", column->unit);
    write_text(out, column->description);
    fprintf(out, "%s | %d |\n", column->legend ? "; attribute `legend`" : "", column->since ? column->since : 1);
  }
}

afb_status afb_store_reference(FILE *out)
{
  fprintf(out, "# Tables of the result file\n\n"
               "Made by `aufbau list store --markdown` from the tables in `src/store/schema.c`; schema version %d.\n\n"
               "What the file is and how it is read is told in store.md. One row of `/runs/...` is a run; a column is a dataset, all columns of a\n"
               "table have the same length. Missing: NaN of real numbers, -1 of numbers of rows, the empty string. Unit 1: a number, an index or a\n"
               "text. An enumerated column says in its attribute `legend` what its numbers mean. Since: the first schema version that has the\n"
               "column; files of older versions are read as if it held what is missing. Text: UTF-8, ended or filled up with zero bytes.\n",
          AFB_SCHEMA_VERSION);
  for (int t = 0; t < AFB_N_TABLES; t++)
    write_table(out, afb_store_schema((afb_table)t));
  return fflush(out) != 0 || ferror(out) ? AFB_FAIL(AFB_E_IO, "cannot write (disk full?)") : AFB_OK;
}
