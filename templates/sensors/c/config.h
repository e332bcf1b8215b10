// How the sensor was started, and the configuration in force.
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>
#include <stdio.h>

enum { COLOR, EMOJI, RANDOM_OFF, INTERVAL, PAUSED, FIELDS };
// A colour or an icon that the sensor chooses.
enum { RANDOM = -1 };

extern const char *proxy, *region, *hostname, *job_id, *execution_id, *token;
extern int64_t submission_time;
extern unsigned max_messages;
// Version of the applied fleet configuration; 0 = none.
extern int64_t version;

// Reads `--name=value` and the environment; exits with 1 when something is invalid.
void config_start(int argc, char **argv);

// The value in force: colour 0xrrggbb or RANDOM, icon's index or RANDOM, interval in milliseconds, booleans 0 or 1.
int config_value(int field);

// Writes the value of X-Sensor-Config.
int config_report(char *to, size_t size);

// Applies the configuration in an answer if it is newer than the one in force; returns whether it was.
int config_receive(const char *answer);

#endif
