#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

// The next weaker source decides what is not set.
enum { DEFAULT, FLAG, FLEET, LAYERS };
enum { UNSET = INT_MIN, BAD = INT_MIN + 1 };

static const char *const NAMES[FIELDS] = {"color", "emoji", "random_off", "interval", "paused"};
static int layers[LAYERS][FIELDS] = {
    {RANDOM, RANDOM, 0, 5000, 0}, {UNSET, UNSET, UNSET, UNSET, UNSET}, {UNSET, UNSET, UNSET, UNSET, UNSET}};

const char *proxy = "", *region = "", *hostname = "", *job_id = "", *execution_id = "", *token = "";
int64_t submission_time;
unsigned max_messages;
int64_t version;

static int source_of(int field) {
  int layer = FLEET;
  while (layers[layer][field] == UNSET) layer--;
  return layer;
}

int config_value(int field) { return layers[source_of(field)][field]; }

int config_report(char *to, size_t size) {
  char sources[FIELDS + 1] = {0};
  for (int field = 0; field < FIELDS; field++) sources[field] = "dan"[source_of(field)];
  return snprintf(to, size, "v=%lld;src=%s;file=none;interval=%d;paused=%d", (long long)version, sources,
                  config_value(INTERVAL), config_value(PAUSED));
}

static int is(const char *value, const char *word) { return strcmp(value, word) == 0; }

static int parse_field(int field, const char *value) {
  char *end;
  if ((field == COLOR || field == EMOJI) && (is(value, "random") || is(value, "-1"))) return RANDOM;
  if (field == COLOR) {
    long rgb = strtol(value + 1, &end, 16);
    return value[0] == '#' && strlen(value) == 7 && !*end ? (int)rgb : BAD;
  }
  if (field == EMOJI) {
    long index = strtol(value, &end, 10);
    return *value && !*end && index >= 0 && index < 16 ? (int)index : BAD;
  }
  if (field == INTERVAL) {
    double seconds = strtod(value, &end);
    return *value && !*end && seconds >= 0.05 && seconds <= 86400 ? (int)(seconds * 1000 + 0.5) : BAD;
  }
  if (is(value, "true") || is(value, "1")) return 1;
  return is(value, "false") || is(value, "0") ? 0 : BAD;
}

static void refuse(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void read_flag(const char *argument) {
  const char *value = strchr(argument, '=');
  if (strncmp(argument, "--", 2) || !value) refuse(argument, "not a flag. Write --flag=value");
  size_t length = value++ - argument - 2;
  char name[32] = {0};
  if (length < sizeof name) memcpy(name, argument + 2, length);
  if (!*value) return;
  if (is(name, "proxy")) proxy = value;
  else if (is(name, "region")) region = value;
  else if (is(name, "submission-time")) submission_time = atoll(value);
  else if (is(name, "max-messages")) max_messages = atoi(value);
  else if (is(name, "config")) return;  // This client does not read the node's file.
  else {
    for (char *at = name; *at; at++) if (*at == '-') *at = '_';
    for (int field = 0; field < FIELDS; field++) {
      if (!is(name, NAMES[field])) continue;
      layers[FLAG][field] = parse_field(field, value);
      if (layers[FLAG][field] == BAD) refuse(argument, "invalid value");
      return;
    }
    refuse(argument, "unknown flag");
  }
}

static const char *environment(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && *value ? value : otherwise;
}

void config_start(int argc, char **argv) {
  for (int i = 1; i < argc; i++) read_flag(argv[i]);
  if (!*proxy) refuse("--proxy", "missing. Add --proxy=http://HOST:PORT");
  job_id = environment("BACALHAU_JOB_ID", "");
  execution_id = environment("BACALHAU_EXECUTION_ID", "");
  hostname = environment("HOSTNAME", execution_id);
  token = environment("SENSOR_TOKEN", "");
  if (!*region) region = environment("REGION", "unknown");
}

// The value of a member of the configuration in an answer, as text without quotes; 0 when it is not there.
static int member(const char *config, const char *name, char *to, size_t size) {
  char quoted[40];
  snprintf(quoted, sizeof quoted, "\"%s\":", name);
  const char *at = strstr(config, quoted);
  if (!at) return 0;
  at += strlen(quoted);
  at += *at == '"';
  size_t length = strcspn(at, "\",}");
  if (!at[length] || length >= size) return 0;
  memcpy(to, at, length);
  to[length] = 0;
  return 1;
}

int config_receive(const char *answer) {
  char value[32];
  // The last member of an answer; without its end it was cut off, and comes again.
  const char *config = strstr(answer, "\"config\":{");
  if (!config || !strstr(config, "}}")) return 0;
  if (!member(config, "version", value, sizeof value) || atoll(value) <= version) return 0;
  version = atoll(value);
  for (int field = 0; field < FIELDS; field++) {
    int parsed = member(config, NAMES[field], value, sizeof value) ? parse_field(field, value) : UNSET;
    layers[FLEET][field] = parsed == BAD ? UNSET : parsed;
  }
  return 1;
}
