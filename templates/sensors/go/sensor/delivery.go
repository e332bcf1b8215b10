package sensor

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	batch         = 32
	retryTime     = 2 * time.Second
	maxRetryAfter = 30
	// A sensor without an answer for this long asks for its configuration.
	quietTime = 10 * time.Second
)

var (
	notBefore  time.Time
	lastAnswer time.Time
	failing    bool
	// Readings to send one by one, because the proxy refused an array.
	oneByOne   int
	superseded bool
	failures   int
	rejections int
)

// nextDelivery is when there is something to send or to ask.
func nextDelivery() time.Time {
	if len(ring) > 0 || failing {
		return notBefore
	}
	return lastAnswer.Add(quietTime)
}

// deliver makes one request, if one is due.
func deliver() {
	if time.Now().Before(nextDelivery()) {
		return
	}
	headers := "Content-Type: application/json\nX-Sensor-Config: " + report()
	if token != "" {
		headers += "\nAuthorization: Bearer " + token
	}
	if len(ring) == 0 {
		query := url.Values{"region": {region}, "hostname": {hostname}, "version": {fmt.Sprint(version)}}
		received(request(methodGet, proxy+"/config/effective?"+query.Encode(), headers, nil), 0)
		return
	}
	count := min(len(ring), batch)
	if failing || oneByOne > 0 {
		count = 1
	}
	var body []byte
	if count == 1 {
		body, _ = json.Marshal(ring[0])
	} else {
		body, _ = json.Marshal(ring[:count])
	}
	received(request(methodPost, proxy+"/send", headers, body), count)
}

// received does what the answer asks for (docs/protocol.md of wasm-sensors). `count`: readings in the request.
func received(a answer, count int) {
	if a.result != 0 || mustRetry(a.status) {
		if a.status >= 500 && count > 1 {
			oneByOne = count
		}
		retryLater(a)
		return
	}
	if a.status >= 400 && count > 1 {
		// A refused array does not show which of its readings is bad.
		oneByOne = count
		return
	}
	if (a.status >= 400 && count > 0) || a.status == 207 {
		rejections++
		logRarely(rejections, fmt.Sprintf("rejected with %d, dropped: %s", a.status, a.body))
	}
	ring = ring[count:]
	oneByOne = max(oneByOne-1, 0)
	lastAnswer, notBefore = time.Now(), time.Time{}
	if failing {
		failing = false
		logRarely(failures, fmt.Sprintf("proxy reachable again; %d readings waiting", len(ring)))
	}
	superseded = strings.HasPrefix(string(a.body), `{"status":"superseded"`)
	if receiveConfig(a.body) {
		bringForward()
	}
}

// mustRetry tells whether a status is about the proxy or the network, not about the reading.
func mustRetry(status uint32) bool {
	switch status {
	case 401, 403, 408, 429:
		return true
	}
	return status < 200 || status >= 500 || (status >= 300 && status < 400)
}

func retryLater(a answer) {
	asked, _ := strconv.Atoi(a.header("Retry-After"))
	wait := max(retryTime, time.Duration(min(asked, maxRetryAfter))*time.Second)
	notBefore = time.Now().Add(wait + time.Duration(Random.Intn(500))*time.Millisecond)
	if failing {
		return
	}
	failing = true
	failures++
	logRarely(failures, fmt.Sprintf("delivery failed: result %d, status %d. Readings are kept; retrying", a.result, a.status))
}

// logRarely keeps the node's disk free: 20 lines of a kind, then one at each doubling of their count.
func logRarely(count int, line string) {
	if count <= 20 || count&(count-1) == 0 {
		fmt.Fprintln(os.Stderr, line)
	}
}
