// Bacalhau's wasi:http/requests.
#ifndef HTTP_H
#define HTTP_H

enum { HTTP_GET = 0, HTTP_POST = 1 };

// The last answer, as C strings; the host silently cuts off what is longer.
extern char http_headers[1024];
extern char http_body[4096];
// 0 = no answer.
extern unsigned http_status;

// Blocks until there is an answer, for up to 30 s on a Bacalhau node. Returns 0, or why there is none: 1 = the URL is
// invalid, 2 = network, 3 = timeout, 4 = not allowed.
unsigned http_request(unsigned method, const char *url, const char *headers, const char *body);

#endif
