/* The page template (page.html, which CMake turns into an array). */
#ifndef NNT_REPORT_PAGE_H
#define NNT_REPORT_PAGE_H

/* Placeholder for the data, as JSON. */
#define NNT_REPORT_MARK "@DATA@"

extern const char nnt_report_page[];

#endif
