#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>

/* What the module decides; knows nothing of the hub. */
typedef struct
{
    double threshold;
    unsigned long received;
    unsigned long forwarded;
} filter_t;

/* Begins with the default threshold. */
void filter_init(filter_t* filter);

/*
 * Takes over the desired properties in a JSON document: a complete twin with `desired` in it, or a patch. A threshold
 * of null is the default again, as is one that is missing from a complete twin.
 */
void filter_apply(filter_t* filter, const char* document, size_t size);

/* Returns the document to forward, to be freed by the caller; NULL to drop the message. */
char* filter_handle(filter_t* filter, const char* body, size_t size);

/* Returns the counters as a JSON document, to be freed by the caller; NULL if memory is short. */
char* filter_status(const filter_t* filter);

/* Returns the answer to a method that is not there, to be freed by the caller; NULL if memory is short. */
char* filter_refusal(const char* method);

/* Returns what to report as a JSON document, to be freed by the caller; NULL if memory is short. */
char* filter_report(const filter_t* filter);

#endif
