package sensor

import (
	"strings"
	"unsafe"
)

const (
	methodGet  = 0
	methodPost = 1
)

//go:wasmimport wasi:http/requests http_request
//go:noescape
func httpRequest(method uint32, url unsafe.Pointer, urlLength uint32, headers unsafe.Pointer, headersLength uint32,
	body unsafe.Pointer, bodyLength uint32, answerHeaders, answerHeadersLength, answerBody, answerBodyLength,
	status unsafe.Pointer) uint32

// The host silently cuts off what is longer.
var headerBuffer [1024]byte
var bodyBuffer [4096]byte

type answer struct {
	// Result of the call: 0 = there is an answer, 1 = the URL is invalid, 2 = network, 3 = timeout, 4 = not allowed.
	result  uint32
	status  uint32
	headers string
	body    []byte
}

// request blocks until there is an answer, for up to 30 s on a Bacalhau node.
func request(method uint32, url, headers string, body []byte) answer {
	headersLength, bodyLength, status := uint32(len(headerBuffer)), uint32(len(bodyBuffer)), uint32(0)
	result := httpRequest(method, unsafe.Pointer(unsafe.StringData(url)), uint32(len(url)),
		unsafe.Pointer(unsafe.StringData(headers)), uint32(len(headers)),
		unsafe.Pointer(unsafe.SliceData(body)), uint32(len(body)),
		unsafe.Pointer(&headerBuffer), unsafe.Pointer(&headersLength),
		unsafe.Pointer(&bodyBuffer), unsafe.Pointer(&bodyLength), unsafe.Pointer(&status))
	if result != 0 {
		return answer{result: result}
	}
	return answer{0, status, string(headerBuffer[:headersLength]), bodyBuffer[:bodyLength]}
}

// header returns the value of a header; headers are lines of `Name: value`.
func (a answer) header(name string) string {
	for _, line := range strings.Split(a.headers, "\n") {
		if key, value, found := strings.Cut(line, ":"); found && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
