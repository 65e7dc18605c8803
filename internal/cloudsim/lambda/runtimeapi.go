package lambda

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

// maxResponse limits the size of a function's response, in bytes:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxResponse = 6*1024*1024 + 100

// runtimeAPI is the API of one environment: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (e *environment) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	const root = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+root+"invocation/next", e.next)
	mux.HandleFunc("POST "+root+"invocation/{id}/response", e.response)
	mux.HandleFunc("POST "+root+"invocation/{id}/error", e.failure)
	mux.HandleFunc("POST "+root+"init/error", e.initFailure)
	return mux
}

// next holds the request until there is an event. A process that asks again instead of answering waits for
// its own timeout.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case i := <-e.work:
		e.mu.Lock()
		e.current = i
		e.mu.Unlock()
		c := e.config
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+c.Region+":"+c.Account+":function:"+c.Name)
		_, _ = w.Write(i.payload) // a process that is gone is noticed by its end
	}
}

// response takes any bytes: it is the invoker who finds that they are no answer.
func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "Runtime.TruncatedResponse", err.Error())
		return
	}
	if len(body) > maxResponse {
		tooLarge := &Error{"Function.ResponseSizeTooLarge",
			"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}
		if e.answer(w, r, answer{err: tooLarge}) {
			refuse(w, http.StatusRequestEntityTooLarge, tooLarge.Type, tooLarge.Message)
		}
		return
	}
	if e.answer(w, r, answer{body: body}) {
		accept(w)
	}
}

func (e *environment) failure(w http.ResponseWriter, r *http.Request) {
	if e.answer(w, r, answer{err: readError(r, "Runtime.UnknownReason")}) {
		accept(w)
	}
}

// initFailure is kept until the process ends, as it does next.
func (e *environment) initFailure(w http.ResponseWriter, r *http.Request) {
	err := readError(r, "Runtime.InitError")
	e.mu.Lock()
	e.initError = err
	e.mu.Unlock()
	accept(w)
}

// answer gives the invocation its answer. It refuses one for anything else than the event that the process has.
func (e *environment) answer(w http.ResponseWriter, r *http.Request, a answer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.current
	if i == nil || i.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return false
	}
	e.current = nil
	i.answer <- a
	return true
}

// readError takes the type from the body or, as small runtimes send it, from the header.
func readError(r *http.Request, fallback string) *Error {
	var body struct{ ErrorType, ErrorMessage string }
	data, err := io.ReadAll(io.LimitReader(r.Body, maxResponse))
	if err == nil && json.Unmarshal(data, &body) != nil {
		body.ErrorMessage = string(data)
	}
	return &Error{cmp.Or(body.ErrorType, r.Header.Get("Lambda-Runtime-Function-Error-Type"), fallback), body.ErrorMessage}
}

func accept(w http.ResponseWriter) {
	write(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func refuse(w http.ResponseWriter, status int, errorType, message string) {
	write(w, status, map[string]string{"errorType": errorType, "errorMessage": message})
}

func write(w http.ResponseWriter, status int, body map[string]string) {
	data, _ := json.Marshal(body) // strings can always be encoded
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a process that is gone is noticed by its end
}
