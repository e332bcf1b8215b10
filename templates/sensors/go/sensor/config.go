package sensor

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// layer holds what one source sets; nil = not set.
type layer struct {
	Color     *string  `json:"color"`
	Emoji     *int     `json:"emoji"`
	RandomOff *bool    `json:"random_off"`
	Interval  *float64 `json:"interval"`
	Paused    *bool    `json:"paused"`
}

// The configuration in force: the fleet's values, then those of flags, then the defaults.
var flags, fleet layer

// version of the applied fleet configuration; 0 = none.
var version int64

// pick returns the value in force, and the letter of its source in X-Sensor-Config.
func pick[T any](fleet, flag *T, fallback T) (T, byte) {
	if fleet != nil {
		return *fleet, 'n'
	}
	if flag != nil {
		return *flag, 'a'
	}
	return fallback, 'd'
}

func color() (string, byte)    { return pick(fleet.Color, flags.Color, "random") }
func emoji() (int, byte)       { return pick(fleet.Emoji, flags.Emoji, -1) }
func randomOff() (bool, byte)  { return pick(fleet.RandomOff, flags.RandomOff, false) }
func paused() (bool, byte)     { return pick(fleet.Paused, flags.Paused, false) }
func seconds() (float64, byte) { return pick(fleet.Interval, flags.Interval, 5) }

func interval() time.Duration {
	s, _ := seconds()
	return time.Duration(math.Floor(s*1000+0.5)) * time.Millisecond
}

func isPaused() bool {
	value, _ := paused()
	return value
}

// report is the value of X-Sensor-Config.
func report() string {
	_, c := color()
	_, e := emoji()
	_, r := randomOff()
	_, i := seconds()
	pause, p := paused()
	number := 0
	if pause {
		number = 1
	}
	return fmt.Sprintf("v=%d;src=%c%c%c%c%c;file=none;interval=%d;paused=%d", version, c, e, r, i, p,
		interval().Milliseconds(), number)
}

// receiveConfig applies the configuration in an answer if it is newer than the one in force.
func receiveConfig(body []byte) bool {
	var parsed struct {
		Config *struct {
			Version int64 `json:"version"`
			layer
		} `json:"config"`
	}
	if json.Unmarshal(body, &parsed) != nil || parsed.Config == nil || parsed.Config.Version <= version {
		return false
	}
	version, fleet = parsed.Config.Version, parsed.Config.layer
	return true
}

// What the sensor was started with.
var (
	proxy          string
	region         = os.Getenv("REGION")
	submissionTime int64
	maxMessages    int
	hostname       = os.Getenv("HOSTNAME")
	jobID          = os.Getenv("BACALHAU_JOB_ID")
	executionID    = os.Getenv("BACALHAU_EXECUTION_ID")
	token          = os.Getenv("SENSOR_TOKEN")
)

// readFlags reads `--name=value`; an empty value counts as not set.
func readFlags() {
	for _, argument := range os.Args[1:] {
		name, value, found := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
		if !found || value == "" {
			continue
		}
		var err error
		switch name {
		case "proxy":
			proxy = strings.TrimRight(value, "/")
		case "region":
			region = value
		case "color":
			flags.Color = &value
		case "emoji":
			flags.Emoji, err = parsed(strconv.Atoi(value))
		case "random-off":
			flags.RandomOff, err = parsed(strconv.ParseBool(value))
		case "interval":
			flags.Interval, err = parsed(strconv.ParseFloat(value, 64))
		case "max-messages":
			maxMessages, err = strconv.Atoi(value)
		case "submission-time":
			submissionTime, err = strconv.ParseInt(value, 10, 64)
		case "config": // This client does not read the node's file.
		default:
			err = fmt.Errorf("unknown flag")
		}
		if err != nil {
			fail(argument + ": " + err.Error())
		}
	}
	if proxy == "" {
		fail("--proxy is missing. Add --proxy=http://HOST:PORT")
	}
	if hostname == "" {
		hostname = executionID
	}
	if region == "" {
		region = "unknown"
	}
}

func parsed[T any](value T, err error) (*T, error) { return &value, err }

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
