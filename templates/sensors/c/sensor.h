// Takes readings on time, keeps them until the proxy has accepted them, and follows the configuration of the fleet. It
// speaks docs/protocol.md of wasm-sensors.
#ifndef SENSOR_H
#define SENSOR_H

// Calls `measure` for each reading, when it is due, until the job is stopped. Returns the exit code.
int sensor_run(int argc, char **argv, void (*measure)(void));

// Adds a value to the reading that is being measured: at most 16, finite. A name is a literal of lower-case letters,
// digits and _, begins with a letter, and has at most 32 characters.
void sensor_value(const char *name, double value);

// From 0 up to, not including, 1; others in each sensor. Bacalhau gives every execution the same random bytes.
double sensor_random(void);

#endif
