// Package sensor takes readings on time, keeps them until the proxy has accepted them, and follows the configuration of
// the fleet. It speaks docs/protocol.md of wasm-sensors.
package sensor

import (
	"fmt"
	"hash/fnv"
	"math/rand"
	"time"
)

// Values is what was measured for one reading: at most 16 finite numbers. A name has lower-case letters, digits and _,
// begins with a letter, and has at most 32 characters.
type Values map[string]float64

// Random has other numbers in each sensor; Bacalhau gives every execution the same random bytes.
var Random *rand.Rand

type reading struct {
	JobID             string `json:"job_id"`
	ExecutionID       string `json:"execution_id"`
	IconName          string `json:"icon_name"`
	Timestamp         string `json:"timestamp"`
	Color             string `json:"color"`
	Sequence          int    `json:"sequence"`
	Region            string `json:"region"`
	JobSubmissionTime int64  `json:"job_submission_time"`
	Hostname          string `json:"hostname"`
	Values            Values `json:"values,omitempty"`
}

const (
	// The oldest reading is dropped when the ring is full.
	capacity = 4096
	// After a longer gap the host slept: there are no readings to catch up on.
	catchUp = time.Minute
	// How long the last readings may take until they are delivered.
	flush = 20 * time.Second
)

var icons = []rune("🚀📡🤖👽🌟🔥🌈🌊🌳🌻🦊🐳🦉🦋💎🔔")

var (
	ring        []reading
	taken       int
	due         time.Time
	owed        = true
	randomColor string
	placeHash   uint64
	changes     int
)

// Run calls measure for each reading, when it is due, until the job is stopped.
func Run(measure func(values Values)) {
	readFlags()
	place := fnv.New64a()
	place.Write([]byte(hostname))
	placeHash = place.Sum64()
	place.Write([]byte(executionID))
	Random = rand.New(rand.NewSource(int64(place.Sum64()) ^ time.Now().UnixNano()))
	randomColor = fmt.Sprintf("#%06x", Random.Intn(1<<24)&0xbfbfbf+0x404040)
	fmt.Printf("sensor %s on %s sends to %s every %s\n", executionID, hostname, proxy, interval())
	due = time.Now()
	lastAnswer = due
	end := time.Time{}
	for end.IsZero() || time.Now().Before(end) {
		takeDue(measure)
		deliver()
		if superseded {
			fmt.Println("exiting: superseded by a newer submission of this job on this node")
			return
		}
		if completed() {
			if len(ring) == 0 {
				break
			}
			if end.IsZero() {
				end = time.Now().Add(flush)
			}
		}
		next := nextDelivery()
		if taking() && due.Before(next) {
			next = due
		}
		// A cancelled execution stops only between two sleeps.
		time.Sleep(min(time.Until(next), time.Second))
	}
	fmt.Printf("%d readings taken, %d not delivered\n", taken, len(ring))
}

// completed tells whether all of --max-messages were taken.
func completed() bool { return maxMessages > 0 && taken >= maxMessages }

func taking() bool { return !completed() && (owed || !isPaused()) }

func takeDue(measure func(Values)) {
	at := time.Now()
	if at.Sub(due) > max(catchUp, interval()) {
		due = at
	}
	for !due.After(at) && taking() {
		values := Values{}
		measure(values)
		keep(due, values)
		owed = false
		if taken == 1 {
			// Sensors that start together spread out.
			due = due.Add(time.Duration(Random.Int63n(int64(interval()))) + 1)
		} else {
			due = due.Add(interval())
		}
	}
}

func keep(at time.Time, values Values) {
	taken++
	if len(ring) == capacity {
		ring = ring[1:]
	}
	look, _ := color()
	if look == "random" {
		look = randomColor
	}
	ring = append(ring, reading{jobID, executionID, icon(), at.UTC().Format("2006-01-02T15:04:05.000Z"), look, taken, region,
		submissionTime, hostname, values})
}

func icon() string {
	index, _ := emoji()
	if off, _ := randomOff(); index < 0 && off {
		index = int(placeHash % uint64(len(icons)))
	} else if index < 0 {
		index = Random.Intn(len(icons))
	}
	return string(icons[index%len(icons)])
}

// bringForward takes one reading soon, so that a change of the configuration is reported.
func bringForward() {
	left := min(max(time.Until(due), 0)/2, interval()/2, time.Second)
	due = time.Now().Add(left)
	owed = true
	changes++
	logRarely(changes, fmt.Sprintf("fleet configuration %d applied", version))
}
