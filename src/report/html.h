/* Pages of HTML that need nothing else: no network, no scripts; light and dark by the reader's preference. They are well-formed XML, too.
 * Not collective: one rank writes. */
#ifndef AFB_REPORT_HTML_H
#define AFB_REPORT_HTML_H

#include <stdint.h>
#include <stdio.h>

/* What every page begins with; the rest of the head follows. */
#define AFB_HTML_BEGINNING "<!DOCTYPE html>\n<!-- Aufbau: report -->\n"

/* Text from outside: & < > " ' escaped; what XML cannot hold (control characters, wrong UTF-8) becomes U+FFFD. */
void afb_html_text(FILE *out, const char *text);

/* Head with the style, up to <main> and the title. `title` and `line` (below it; NULL: none) are escaped. */
void afb_html_begin(FILE *out, const char *title, const char *line);
void afb_html_end(FILE *out, const char *line);

/* <section> with a heading, and, unless NULL, a paragraph that says what is seen; `about` is HTML. */
void afb_html_section(FILE *out, const char *id, const char *title, const char *about);
void afb_html_section_end(FILE *out);

/* A key number: tiles stand side by side between <div class="tiles"> and </div>. `value` and `name` are HTML. */
void afb_html_tile(FILE *out, const char *value, const char *name);

/* "20 000" with narrow spaces; into a buffer of AFB_HTML_NUMBER bytes, which is returned. */
enum { AFB_HTML_NUMBER = 48 };
char *afb_html_count(int64_t n, char *buffer);
/* "51.5 %"; "–" of nothing. */
char *afb_html_percent(double part, double of, char *buffer);
/* "0.35 s", "3 min 05 s". */
char *afb_html_seconds(double seconds, char *buffer);
/* Three digits; "–" for NaN. */
char *afb_html_value(double value, char *buffer);

/* Begins <svg> of a drawing of width x height, whose text for those who cannot see it is `label` (escaped). */
void afb_html_svg(FILE *out, int width, int height, const char *label);

#endif
