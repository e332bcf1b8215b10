#include "http.h"

#include <string.h>

__attribute__((import_module("wasi:http/requests"), import_name("http_request"))) unsigned host_http_request(
    unsigned method, const char *url, unsigned url_length, const char *headers, unsigned headers_length,
    const char *body, unsigned body_length, char *answer_headers, unsigned *answer_headers_length, char *answer_body,
    unsigned *answer_body_length, unsigned *status);

char http_headers[1024];
char http_body[4096];
unsigned http_status;

unsigned http_request(unsigned method, const char *url, const char *headers, const char *body) {
  unsigned headers_length = sizeof http_headers - 1, body_length = sizeof http_body - 1, status = 0;
  unsigned result = host_http_request(method, url, strlen(url), headers, strlen(headers), body, strlen(body),
                                      http_headers, &headers_length, http_body, &body_length, &status);
  http_headers[result ? 0 : headers_length] = 0;
  http_body[result ? 0 : body_length] = 0;
  http_status = result ? 0 : status;
  return result;
}
