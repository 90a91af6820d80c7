#include "report/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/progress.h"

static const char *const STYLE[] = {
  ":root{color-scheme:light dark;--bg:#fff;--ink:#1b1f24;--mute:#5c6670;--line:#d9dee3;--soft:#f4f6f8;--accent:#1f5fa8;"
  "--o0:#2a6fb5;--o1:#35a38f;--o2:#cf3f4f;--o3:#e08a1e;--o4:#8a5bb5;--o5:#8b949e;--o6:#c4599f;--even:#2a6fb5;--odd:#d0662b}\n",
  "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--ink:#e4e8ec;--mute:#9aa5b0;--line:#343b43;--soft:#1d2228;--accent:#7db4ee;"
  "--o0:#5a9fe0;--o1:#4fc4ae;--o2:#f0616f;--o3:#f0a648;--o4:#b48be0;--o5:#87919c;--o6:#e68cc6;--even:#6cb0f0;--odd:#f09a5e}}\n",
  "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\n",
  "body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\n",
  "main{max-width:72rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}\n",
  "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem;overflow-wrap:anywhere}h2{font-size:1.25rem;margin:0 0 .25rem}"
  "h3{font-size:1rem;margin:1.25rem 0 .25rem}\n",
  "section{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}p{margin:.25rem 0 .75rem;max-width:46rem}\n",
  ".about,.lead,footer,figcaption{color:var(--mute);font-size:.9rem}.lead{font-size:1rem;overflow-wrap:anywhere}a{color:var(--accent)}\n",
  "nav{margin:.75rem 0 0;font-size:.9rem;display:flex;flex-wrap:wrap;gap:.15rem .9rem}nav a{text-decoration:none}\n",
  ".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.8rem,1fr));gap:.5rem;margin:1.25rem 0}\n",
  ".tile{background:var(--soft);border-radius:.5rem;padding:.55rem .6rem}.tile b{display:block;font-size:1.25rem;line-height:1.2;"
  "font-weight:600;white-space:nowrap}.tile span{color:var(--mute);font-size:.85rem}\n",
  ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1.25rem 2rem;align-items:start}\n",
  ".small{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.75rem}\n",
  ".middle{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:1rem}\n",
  "figure{margin:0;min-width:0}svg{display:block;width:100%;height:auto;overflow:visible}\n",
  ".wide{overflow-x:auto}.tall{max-height:32rem;overflow:auto}\n",
  "table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}th,td{padding:.18rem .55rem .18rem 0;text-align:right;"
  "white-space:nowrap;border-bottom:1px solid var(--line)}th{font-weight:600;color:var(--mute)}th:first-child,td:first-child,.l{text-align:left}"
  "thead th{position:sticky;top:0;background:var(--bg)}td.w{white-space:normal;min-width:14rem;text-align:left}td.bar{width:6rem;min-width:4rem;padding-right:0}\n",
  ".strip{display:flex;height:.7rem;border-radius:2px;overflow:hidden;background:var(--soft)}.strip i{display:block}.strip.thick{height:1.1rem}\n",
  ".key{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem;color:var(--mute);margin:.4rem 0 .6rem;list-style:none;padding:0}"
  ".key i{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.35rem;vertical-align:-1px}\n",
  "pre{background:var(--soft);padding:.8rem;border-radius:.5rem;overflow-x:auto;font-size:.8rem;line-height:1.4}details{margin:.5rem 0}"
  "summary{cursor:pointer;color:var(--accent)}\n",
  ".t{font-size:13px;font-weight:600;fill:var(--ink)}.m{font-size:11px;fill:var(--mute)}.s{font-size:11px;fill:var(--ink)}"
  ".g{stroke:var(--line);fill:none}.a{stroke:var(--mute);fill:none}.e{stroke:var(--mute);fill:none;stroke-opacity:.5}.x{text-anchor:middle}.z{text-anchor:end}\n",
  ".o0{--c:var(--o0)}.o1{--c:var(--o1)}.o2{--c:var(--o2)}.o3{--c:var(--o3)}.o4{--c:var(--o4)}.o5{--c:var(--o5)}.o6{--c:var(--o6)}"
  ".even{--c:var(--even)}.odd{--c:var(--odd)}.f{fill:var(--c)}.k{stroke:var(--c);fill:none}.b{background:var(--c)}\n",
  ".graph{max-width:46rem;margin:0 auto}.timeline{max-width:60rem;margin:0}.thin{stroke-width:.6}.bold{stroke-width:2}.h{paint-order:stroke;stroke:var(--bg);stroke-width:4px}"
  ".dots{fill:none;stroke-linecap:round;stroke-width:7}.dots.large{stroke-width:10}.small .g,.small .e{stroke-width:1.5}"
  ".dot{display:inline-block;width:.6rem;height:.6rem;border-radius:50%;margin-right:.4rem}\n",
  ".line{stroke-width:1.8;stroke-linejoin:round}.dashed{stroke-dasharray:4 3}.see{fill-opacity:.8}.level{stroke-width:1.6}.band{fill:var(--mute);"
  "fill-opacity:.13}.dots.point{stroke:var(--o0);stroke-width:3}.pe{color:var(--even)}.po{color:var(--odd)}\n",
  ".p0{--c:#b7a27a}.p1{--c:var(--line)}.p2{--c:#9db4c0}.small figcaption{font-size:.8rem;white-space:nowrap}.idle{stroke:var(--soft)}.train,.validate{stroke:var(--ink);stroke-width:10;stroke-opacity:.75}.validate{stroke-opacity:.35}"
  ".facts th{padding-right:1rem;vertical-align:top}\n",
  ".two{columns:27rem 2;column-gap:2.5rem}.two figure{break-inside:avoid;padding-bottom:1.25rem}.two h3{margin-top:0}.two+.grid,.grid+.two{margin-top:1rem}\n",
  "@media(max-width:40rem){main{padding:1rem .9rem 2rem}.graph .m{font-size:20px}.middle{grid-template-columns:repeat(auto-fill,minmax(10rem,1fr))}"
  "table{font-size:.78rem}th,td{padding-right:.4rem}td.bar{width:2.6rem;min-width:2.6rem}.measures td:first-child{white-space:normal}}\n",
  "@media print{:root{color-scheme:light}body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}.tall{max-height:none;overflow:visible}"
  "section{break-inside:auto}table{font-size:8pt}td,th{white-space:normal}td.w{min-width:0}.wide{overflow:visible}figure,tr,.tile{break-inside:avoid}h2,h3{break-after:avoid}.b,.tile,.strip{print-color-adjust:exact;"
  "-webkit-print-color-adjust:exact}}\n"};

/* Bytes of the valid UTF-8 character at `at` that XML can hold; 0: there is none. */
static int character(const unsigned char *at)
{
  static const unsigned least[5] = {0, 0, 0x80, 0x800, 0x10000};
  if (at[0] < 0x80)
    return at[0] >= 0x20 || at[0] == '\n' || at[0] == '\t' ? at[0] != 0x7f : 0;
  int n = at[0] >= 0xf8 ? 0 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
  unsigned code = n ? at[0] & (0xffU >> (n + 1)) : 0;
  for (int i = 1; i < n; i++) {
    if ((at[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (at[i] & 0x3fU);
  }
  int wrong = code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || (code >= 0x80 && code <= 0x9f) || (code | 1) == 0xffff;
  return wrong ? 0 : n;
}

void afb_html_text(FILE *out, const char *text)
{
  const unsigned char *at = (const unsigned char *)text;
  while (*at) {
    int n = character(at);
    switch (n ? *at : 0) {
    case '&': fputs("&amp;", out); break;
    case '<': fputs("&lt;", out); break;
    case '>': fputs("&gt;", out); break;
    case '"': fputs("&quot;", out); break;
    case '\'': fputs("&#39;", out); break;
    case 0: fputs("\xef\xbf\xbd", out); break;
    default: fwrite(at, 1, (size_t)n, out);
    }
    at += n ? n : 1;
  }
}

void afb_html_begin(FILE *out, const char *title, const char *line)
{
  fputs(AFB_HTML_BEGINNING "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>", out);
  afb_html_text(out, title);
  fputs("</title>\n<style>\n", out);
  for (size_t i = 0; i < sizeof STYLE / sizeof *STYLE; i++)
    fputs(STYLE[i], out);
  fputs("</style>\n</head>\n<body>\n<main>\n<h1>", out);
  afb_html_text(out, title);
  fputs("</h1>\n", out);
  if (line) {
    fputs("<p class=\"lead\">", out);
    afb_html_text(out, line);
    fputs("</p>\n", out);
  }
}

void afb_html_end(FILE *out, const char *line)
{
  fputs("<footer><p>", out);
  afb_html_text(out, line);
  fputs("</p></footer>\n</main>\n</body>\n</html>\n", out);
}

void afb_html_section(FILE *out, const char *id, const char *title, const char *about)
{
  fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
  if (about)
    fprintf(out, "<p class=\"about\">%s</p>\n", about);
}

void afb_html_section_end(FILE *out) { fputs("</section>\n", out); }

void afb_html_tile(FILE *out, const char *value, const char *name)
{
  fprintf(out, "<div class=\"tile\"><b>%s</b><span>%s</span></div>\n", value, name);
}

char *afb_html_count(int64_t n, char *buffer)
{
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%" PRId64, n), used = 0;
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0 && length > 4 && digits[i - 1] != '-')
      used += snprintf(buffer + used, AFB_HTML_NUMBER - (size_t)used, "\xe2\x80\xaf");
    buffer[used++] = digits[i];
  }
  buffer[used] = '\0';
  return buffer;
}

char *afb_html_percent(double part, double of, char *buffer)
{
  if (of > 0)
    snprintf(buffer, AFB_HTML_NUMBER, "%.1f\xe2\x80\xaf%%", 100.0 * part / of);
  else
    strcpy(buffer, "\xe2\x80\x93");
  return buffer;
}

char *afb_html_value(double value, char *buffer)
{
  if (isnan(value))
    strcpy(buffer, "\xe2\x80\x93");
  else
    snprintf(buffer, AFB_HTML_NUMBER, "%.3g", value);
  return buffer;
}

char *afb_html_seconds(double seconds, char *buffer)
{
  if (seconds < 10)
    snprintf(buffer, AFB_HTML_NUMBER, "%.2g\xe2\x80\xafs", seconds);
  else
    afb_duration(seconds, buffer);
  return buffer;
}

void afb_html_svg(FILE *out, int width, int height, const char *label)
{
  fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", width, height);
  afb_html_text(out, label);
  fputs("\">\n", out);
}
