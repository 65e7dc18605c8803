package cloudsim

import (
	"errors"
	"net/http"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// Failure is an answer that a service doesn't give by itself.
type Failure struct {
	Code    string
	Message string
	Status  int  // zero means 400
	After   bool // the call has its effect, and its answer is lost
	Drop    bool // the connection ends without an answer
	// Answer, if not empty, is the body of a successful answer that is given instead of an error, such as an
	// outdated reading.
	Answer string
}

// ErrDropped is the error of a client in the same process whose connection was dropped.
var ErrDropped = errors.New("connection dropped by the embedded cloud")

type injector struct{ decide func(apicall.Call) *Failure }

// Inject calls decide before each call is served; the client receives the failure that decide returns. The call has its
// caller, service, time and action, and the parameters of an EC2 call. Several goroutines may call decide concurrently.
// Calling remove ends it.
func (c *Cloud) Inject(decide func(apicall.Call) *Failure) (remove func()) {
	added := &injector{decide}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.injectors = append(c.injectors, added)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.injectors = slices.DeleteFunc(slices.Clone(c.injectors), func(i *injector) bool { return i == added })
	}
}

// injected asks without holding the lock, so that decide may use the cloud.
func (c *Cloud) injected(call apicall.Call) *Failure {
	c.mu.Lock()
	injectors := c.injectors
	c.mu.Unlock()
	for _, i := range injectors {
		if f := i.decide(call); f != nil {
			return f
		}
	}
	return nil
}

func (f Failure) status() int {
	if f.Status == 0 {
		return http.StatusBadRequest
	}
	return f.Status
}
