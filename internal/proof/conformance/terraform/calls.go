package terraform

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// watched serves the embedded cloud and keeps the errors that it answers.
type watched struct {
	cloud http.Handler

	mu      sync.Mutex
	refused []refusal
	actions map[string]int
}

// refusal is an error that a call got.
type refusal struct{ action, code, message string }

func (r refusal) String() string { return fmt.Sprintf("%s: %s: %s", r.action, r.code, r.message) }

func (w *watched) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	kept := &answer{ResponseWriter: out}
	w.cloud.ServeHTTP(kept, r)
	form, _ := url.ParseQuery(string(body)) // a request in JSON has no action here
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.actions == nil {
		w.actions = map[string]int{}
	}
	w.actions[form.Get("Action")]++
	if kept.status >= http.StatusBadRequest {
		code, message := kept.reason()
		w.refused = append(w.refused, refusal{form.Get("Action"), code, message})
	}
}

// unexpected returns the errors, each once, but those whose code the trial expects. A resource that is gone or isn't
// there yet is how the provider waits.
func (w *watched) unexpected(expected []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.refused {
		if strings.HasSuffix(r.code, ".NotFound") || slices.Contains(expected, r.code) {
			continue
		}
		all = append(all, r.String())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// answer keeps the body of an error.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status >= http.StatusBadRequest {
		a.body.Write(b)
	}
	return a.ResponseWriter.Write(b)
}

// reason reads the code and the message of EC2's and of STS's errors.
func (a *answer) reason() (code, message string) {
	var e struct {
		EC2 struct{ Code, Message string } `xml:"Errors>Error"`
		STS struct{ Code, Message string } `xml:"Error"`
	}
	if err := xml.Unmarshal(a.body.Bytes(), &e); err != nil {
		return http.StatusText(a.status), a.body.String()
	}
	if e.EC2.Code != "" {
		return e.EC2.Code, e.EC2.Message
	}
	return e.STS.Code, e.STS.Message
}
