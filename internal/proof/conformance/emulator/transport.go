package emulator

import (
	"bytes"
	"io"
	"net/http"
)

// Transport sends a request's headers and its body in one piece. From the SDK's own reader net/http sends them apart,
// and an emulator that answers before the body has left ends the connection.
type Transport struct{}

// RoundTrip sends the request.
func (Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return http.DefaultTransport.RoundTrip(r)
}
