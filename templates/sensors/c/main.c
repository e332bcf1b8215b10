#include "sensor.h"

static void measure(void) {
  sensor_value("temperature", 20 + sensor_random());
}

int main(int argc, char **argv) {
  return sensor_run(argc, argv, measure);
}
