package main

import "my-sensor/sensor"

func main() {
	sensor.Run(func(values sensor.Values) {
		values["temperature"] = 20 + sensor.Random.Float64()
	})
}
