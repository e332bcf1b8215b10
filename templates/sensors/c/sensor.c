#include "sensor.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "http.h"

// The oldest reading is dropped when the ring is full.
enum { CAPACITY = 1024, MAX_VALUES = 16, BATCH = 32 };
enum { RETRY_MS = 2000, MAX_RETRY_AFTER_S = 30, CATCH_UP_MS = 60000, FLUSH_MS = 20000, QUIET_MS = 10000 };

typedef struct {
  int64_t time;
  unsigned icon, color, values;
  const char *names[MAX_VALUES];
  double numbers[MAX_VALUES];
} reading;

static const char *const ICONS[] = {"🚀", "📡", "🤖", "👽", "🌟", "🔥", "🌈", "🌊",
                                    "🌳", "🌻", "🦊", "🐳", "🦉", "🦋", "💎", "🔔"};

static reading ring[CAPACITY];
static reading *current;
static unsigned taken, waiting;
static int64_t due, not_before, last_answer;
static int owed = 1, failing, superseded;
// Readings to send one by one, because the proxy refused an array.
static unsigned one_by_one;
static unsigned failures, rejections, changes;
static uint64_t random_state;
static unsigned random_color, place;

static int64_t milliseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int64_t now(void) { return milliseconds(CLOCK_MONOTONIC); }

static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

double sensor_random(void) { return (next_random() >> 11) * 0x1p-53; }

static uint64_t hash(const char *text, uint64_t start) {
  for (; *text; text++) start = (start ^ (unsigned char)*text) * 0x100000001b3;
  return start;
}

// Keeps the node's disk free: 20 lines of a kind, then one at each doubling of their count.
static void log_rarely(unsigned count, const char *format, ...) {
  if (count > 20 && (count & (count - 1))) return;
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
}

void sensor_value(const char *name, double value) {
  if (!isfinite(value) || current->values == MAX_VALUES) return;
  current->names[current->values] = name;
  current->numbers[current->values++] = value;
}

// Requests. What is written does not fit only when a name of the node is absurdly long; the proxy refuses it then.
static char headers[1200], body[65536], url[1024];
static size_t length;

static void put(const char *format, ...) {
  va_list values;
  va_start(values, format);
  length += vsnprintf(body + length, sizeof body - length, format, values);
  va_end(values);
  if (length >= sizeof body) length = sizeof body - 1;
}

static void put_reading(unsigned sequence) {
  const reading *one = &ring[sequence % CAPACITY];
  time_t seconds = one->time / 1000;
  char date[24];
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", gmtime(&seconds));
  put("{\"job_id\":\"%s\",\"execution_id\":\"%s\",\"icon_name\":\"%s\",\"timestamp\":\"%s.%03dZ\",", job_id, execution_id,
      ICONS[one->icon], date, (int)(one->time % 1000));
  put("\"color\":\"#%06x\",\"sequence\":%u,\"region\":\"%s\",\"job_submission_time\":%" PRId64 ",\"hostname\":\"%s\"",
      one->color, sequence, region, submission_time, hostname);
  for (unsigned i = 0; i < one->values; i++)
    put("%s\"%s\":%.15g", i ? "," : ",\"values\":{", one->names[i], one->numbers[i]);
  put(one->values ? "}}" : "}");
}

static void put_readings(unsigned count) {
  unsigned first = taken - waiting + 1;
  length = 0;
  if (count > 1) put("[");
  for (unsigned i = 0; i < count; i++) {
    if (i) put(",");
    put_reading(first + i);
  }
  if (count > 1) put("]");
}

static void write_headers(void) {
  int end = snprintf(headers, sizeof headers, "Content-Type: application/json\nX-Sensor-Config: ");
  end += config_report(headers + end, sizeof headers - end);
  if (*token) snprintf(headers + end, sizeof headers - end, "\nAuthorization: Bearer %s", token);
}

static int completed(void) { return max_messages && taken >= max_messages; }
static int taking(void) { return !completed() && (owed || !config_value(PAUSED)); }

static void keep(int64_t time) {
  current = &ring[++taken % CAPACITY];
  if (waiting < CAPACITY) waiting++;
  int emoji = config_value(EMOJI), color = config_value(COLOR);
  unsigned chosen = config_value(RANDOM_OFF) ? place : (unsigned)(next_random() >> 11);
  *current = (reading){.time = time, .icon = (emoji == RANDOM ? chosen : (unsigned)emoji) % 16,
                       .color = color == RANDOM ? random_color : (unsigned)color};
}

static void take_due(void (*measure)(void)) {
  int64_t at = now(), interval = config_value(INTERVAL);
  if (at - due > (interval > CATCH_UP_MS ? interval : CATCH_UP_MS)) due = at;
  while (due <= at && taking()) {
    keep(milliseconds(CLOCK_REALTIME) - (at - due));
    measure();
    owed = 0;
    // The second reading comes after a random part of the interval: sensors that start together spread out.
    due += taken == 1 ? 1 + (int64_t)(sensor_random() * interval) : interval;
  }
}

// Takes one reading soon, so that a change of the configuration is reported.
static void bring_forward(void) {
  int64_t left = due > now() ? (due - now()) / 2 : 0, half = config_value(INTERVAL) / 2;
  if (left > half) left = half;
  due = now() + (left > 1000 ? 1000 : left);
  owed = 1;
}

// Whether a status is about the proxy or the network, not about the reading.
static int must_retry(unsigned status) {
  return status < 200 || (status >= 300 && status < 400) || status >= 500 || status == 401 || status == 403 ||
         status == 408 || status == 429;
}

static void retry_later(unsigned result) {
  const char *header = strstr(http_headers, "Retry-After: ");
  int seconds = 0;
  if (header) sscanf(header, "Retry-After: %d", &seconds);
  if (seconds > MAX_RETRY_AFTER_S) seconds = MAX_RETRY_AFTER_S;
  not_before = now() + (seconds * 1000 > RETRY_MS ? seconds * 1000 : RETRY_MS) + (int64_t)(sensor_random() * 500);
  if (!failing)
    log_rarely(++failures, "delivery failed: result %u, status %u. Readings are kept; retrying\n", result, http_status);
  failing = 1;
}

// Does what an answer asks for. `count`: readings in the request.
static void received(unsigned result, unsigned count) {
  if (result || must_retry(http_status)) {
    if (!result && http_status >= 500 && count > 1) one_by_one = count;
    retry_later(result);
    return;
  }
  if (http_status >= 400 && count > 1) {
    // A refused array does not show which of its readings is bad.
    one_by_one = count;
    return;
  }
  if ((http_status >= 400 && count) || http_status == 207)
    log_rarely(++rejections, "rejected with %u, dropped: %s\n", http_status, http_body);
  waiting -= count;
  if (one_by_one) one_by_one--;
  last_answer = now();
  not_before = 0;
  if (failing) log_rarely(failures, "proxy reachable again; %u readings waiting\n", waiting);
  failing = 0;
  superseded = !strncmp(http_body, "{\"status\":\"superseded\"", 22);
  if (config_receive(http_body)) {
    log_rarely(++changes, "fleet configuration %" PRId64 " applied\n", version);
    bring_forward();
  }
}

// When there is something to send or to ask.
static int64_t next_delivery(void) { return waiting || failing ? not_before : last_answer + QUIET_MS; }

static void deliver(void) {
  if (now() < next_delivery()) return;
  write_headers();
  if (!waiting) {
    snprintf(url, sizeof url, "%s/config/effective?region=%s&hostname=%s&version=%" PRId64, proxy, region, hostname,
             version);
    received(http_request(HTTP_GET, url, headers, ""), 0);
    return;
  }
  unsigned count = failing || one_by_one ? 1 : waiting > BATCH ? BATCH : waiting;
  put_readings(count);
  snprintf(url, sizeof url, "%s/send", proxy);
  received(http_request(HTTP_POST, url, headers, body), count);
}

static void sleep_towards(int64_t deadline) {
  // A cancelled execution stops only between two sleeps.
  int64_t left = deadline - now();
  if (left > 1000) left = 1000;
  if (left <= 0) return;
  struct timespec time = {left / 1000, left % 1000 * 1000000};
  nanosleep(&time, NULL);
}

int sensor_run(int argc, char **argv, void (*measure)(void)) {
  config_start(argc, argv);
  uint64_t identity = hash(hostname, 0xcbf29ce484222325);
  place = identity % 16;
  random_state = (hash(execution_id, identity) ^ now() ^ milliseconds(CLOCK_REALTIME) << 20) | 1;
  random_color = (next_random() & 0xbfbfbf) + 0x404040;
  printf("sensor %s on %s sends to %s every %d ms\n", execution_id, hostname, proxy, config_value(INTERVAL));
  fflush(stdout);
  due = last_answer = now();
  int64_t end = INT64_MAX;
  while (now() < end) {
    take_due(measure);
    deliver();
    if (superseded) {
      puts("exiting: superseded by a newer submission of this job on this node");
      return 0;
    }
    if (completed()) {
      if (!waiting) break;
      if (end == INT64_MAX) end = now() + FLUSH_MS;
    }
    int64_t next = next_delivery();
    sleep_towards(taking() && due < next ? due : next);
  }
  printf("%u readings taken, %u not delivered\n", taken, waiting);
  return 0;
}
