package cloudsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/cloudsim/s3"
)

// answerFloor is the least time that a request takes over a socket. The SDK's transport sends a request's
// headers and body apart; an answer that overtakes the body makes it drop the connection.
const answerFloor = time.Millisecond

// RoundTrip answers in the caller's goroutine, without a socket, and so also inside a testing/synctest bubble.
func (c *Cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	a := c.answer(r, body)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if a.dropped {
		return nil, ErrDropped
	}
	return a.response(r), nil
}

// ServeHTTP answers over a socket.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	body, err := readBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := c.answer(r, body)
	if a.dropped {
		drop(w)
		return
	}
	time.Sleep(answerFloor - time.Since(started))
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // the client may have gone, which is its own affair
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	return body, nil
}

func drop(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = connection.Close()
	}
}

// answer serves one request and logs the call.
func (c *Cloud) answer(r *http.Request, body []byte) *answer {
	call := &apicall.Call{At: time.Now(), Plaintext: r.URL.Scheme == "http"}
	refusal := c.identify(r.Header, call)
	s := c.service(call.Service)
	describe(call, r, body)
	if refusal == nil {
		refusal = c.injected(*call)
	}
	if refusal == nil {
		refusal = c.travel(call)
	}
	a := newAnswer()
	if refusal == nil || refusal.After {
		in := r.Clone(iam.With(apicall.With(r.Context(), call), c.IAM))
		in.Body = io.NopCloser(bytes.NewReader(body))
		in.ContentLength = int64(len(body))
		s.handler.ServeHTTP(a, in)
	}
	if refusal != nil {
		a = newAnswer()
		a.dropped = refusal.Drop
		call.ErrorCode = refusal.Code
		if refusal.Answer != "" {
			a.body.WriteString(refusal.Answer)
		} else {
			s.refuse(a, *refusal)
		}
	}
	c.log(*call)
	return a
}

// describe reads the action and the parameters before the service does, for injected failures. EC2, STS and
// CloudFormation have the action among the parameters of a form, S3 in the method and the path, the others in a header.
func describe(call *apicall.Call, r *http.Request, body []byte) {
	if action := awsjson.ActionName(r.Header); action != "" {
		call.Action = action
		return
	}
	if call.Service == "s3" {
		call.Action = s3.Action(r)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form) == 0 {
		form = r.URL.Query()
	}
	call.Action = form.Get("Action")
	call.Params = make(map[string]string, len(form))
	for name := range form {
		call.Params[name] = form.Get(name)
	}
}

// answer is an http.ResponseWriter that keeps the response.
type answer struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	dropped bool
}

func newAnswer() *answer { return &answer{header: http.Header{}, status: http.StatusOK} }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r,
	}
}
