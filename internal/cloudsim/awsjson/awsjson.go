// Package awsjson implements the server side of AWS's JSON protocol: the action in X-Amz-Target, JSON bodies for input
// and output, errors by their type. See https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html.
package awsjson

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// Error is a refusal with the code that AWS gives it.
type Error struct {
	Code    string
	Message string
	Status  int // zero means 400
	// QueryCode goes into x-amzn-query-error, for clients that know the codes of the older query protocol.
	QueryCode string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Action answers one call.
type Action struct {
	Mutating bool
	serve    func(ctx context.Context, body []byte) (any, error)
}

// Read is an action that changes nothing.
func Read[In, Out any](f func(context.Context, In) (Out, error)) Action {
	return Action{serve: typed(f)}
}

// Write is an action that changes something.
func Write[In, Out any](f func(context.Context, In) (Out, error)) Action {
	return Action{Mutating: true, serve: typed(f)}
}

func typed[In, Out any](f func(context.Context, In) (Out, error)) func(context.Context, []byte) (any, error) {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return nil, &Error{Code: "SerializationException", Message: err.Error()}
			}
		}
		return f(ctx, in)
	}
}

// Service answers the actions of one AWS service.
type Service struct {
	Version string // of the protocol: 1.0 or 1.1
	Actions map[string]Action
	// Allow, if not nil, is asked before an action is served; its error is the answer.
	Allow func(ctx context.Context, action string, body []byte) error
}

// ActionName reads the name of the action out of a request's X-Amz-Target, AmazonSQS.SendMessage.
func ActionName(header http.Header) string {
	_, name, _ := strings.Cut(header.Get("X-Amz-Target"), ".")
	return name
}

func (s Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := apicall.From(r.Context())
	call.Action = ActionName(r.Header)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		WriteError(w, s.Version, &Error{Code: "SerializationException", Message: err.Error()})
		return
	}
	action, known := s.Actions[call.Action]
	if !known {
		call.ErrorCode = "UnknownOperationException"
		WriteError(w, s.Version, &Error{
			Code: call.ErrorCode, Message: "The embedded cloud has no action " + call.Action + ".",
		})
		return
	}
	call.Mutating = action.Mutating
	out, err := s.serve(r.Context(), action, body)
	if err != nil {
		refusal := AsError(err)
		call.ErrorCode = refusal.Code
		WriteError(w, s.Version, refusal)
		return
	}
	write(w, s.Version, http.StatusOK, out)
}

func (s Service) serve(ctx context.Context, a Action, body []byte) (any, error) {
	if s.Allow != nil {
		if err := s.Allow(ctx, apicall.From(ctx).Action, body); err != nil {
			return nil, err
		}
	}
	return a.serve(ctx, body)
}

// AsError converts any error to one that can be sent. An error that isn't an Error is a defect of the embedded cloud.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
}

// WriteError sends the refusal.
func WriteError(w http.ResponseWriter, version string, e *Error) {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if e.QueryCode != "" {
		w.Header().Set("X-Amzn-Query-Error", e.QueryCode+";Sender")
	}
	write(w, version, status, map[string]string{"__type": e.Code, "message": e.Message})
}

func write(w http.ResponseWriter, version string, status int, out any) {
	body, err := json.Marshal(out)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-"+version)
	w.Header().Set("X-Amzn-Requestid", apicall.UUID())
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have gone, which is its own affair
}
