/* The page (page.html, which CMake makes an array of): what stands before and after the data. */
#ifndef NNT_REPORT_PAGE_H
#define NNT_REPORT_PAGE_H

/* Where the data go, as JSON. */
#define NNT_REPORT_MARK "@DATA@"

extern const char nnt_report_page[];

#endif
