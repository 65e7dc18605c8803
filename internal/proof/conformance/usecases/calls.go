package usecases

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// callLog keeps the names of the EC2 calls that change something.
type callLog struct {
	next http.RoundTripper

	mu       sync.Mutex
	mutating []string
}

// RoundTrip passes the request on.
func (l *callLog) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := formOf(r)
	if err != nil {
		return nil, err
	}
	if action := form.Get("Action"); action != "" && !strings.HasPrefix(action, "Describe") {
		l.mu.Lock()
		l.mutating = append(l.mutating, action)
		l.mu.Unlock()
	}
	return l.next.RoundTrip(r)
}

// since returns the calls after the first n, sorted, and how many there are by now.
func (l *callLog) since(n int) ([]string, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.mutating[n:])), len(l.mutating)
}

// formOf reads the parameters of an EC2 or STS call and leaves the request as it was.
func formOf(r *http.Request) (url.Values, error) {
	if r.Body == nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return url.ParseQuery(string(body))
}

// replacing replaces the calls that moto can't answer.
type replacing struct {
	next         http.RoundTripper
	replacements *replacements
}

// replacements counts the replaced calls.
type replacements struct{ n atomic.Int64 }

func (m *replacements) count() int { return int(m.n.Load()) }

// RoundTrip names the connections whose ids are filtered by: moto ignores all filters of
// DescribeVpcPeeringConnections, and would answer with every connection that there is.
func (m replacing) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := formOf(r)
	if err != nil {
		return nil, err
	}
	if form.Get("Action") == "DescribeVpcPeeringConnections" && form.Get("Filter.1.Name") == "vpc-peering-connection-id" {
		m.replacements.n.Add(1)
		r = withBody(r, strings.ReplaceAll(form.Encode(), "Filter.1.Value.", "VpcPeeringConnectionId."))
	}
	return m.next.RoundTrip(r)
}

// withBody returns the request with another body. Its signature is wrong then, which moto doesn't look at.
func withBody(r *http.Request, body string) *http.Request {
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return r
}
