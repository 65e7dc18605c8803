package queue

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// mappingsPath is where Lambda's API has the event source mappings.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
const mappingsPath = "/2015-03-31/event-source-mappings/"

// Shown is an event source mapping as Lambda's API shows it.
type Shown struct {
	UUID        string
	FunctionARN string
	*Poller
}

// named is a mapping with the time of its last change.
type named struct {
	Shown
	changed time.Time
}

// Show lets callers list and change a mapping. One with the same UUID is replaced.
func (s *Service) Show(m Shown) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hide(m.UUID)
	s.mappings = append(s.mappings, named{m, time.Now()})
}

// Hide takes the mapping away.
func (s *Service) Hide(uuid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hide(uuid)
}

func (s *Service) hide(uuid string) {
	s.mappings = slices.DeleteFunc(s.mappings, func(m named) bool { return m.UUID == uuid })
}

// lambdaError is a refusal of Lambda.
type lambdaError struct {
	status        int
	code, message string
}

func (e *lambdaError) Error() string { return e.code + ": " + e.message }

// ServeMappings answers the calls of Lambda's API by which event source mappings are listed, disabled and enabled.
func (s *Service) ServeMappings(w http.ResponseWriter, r *http.Request) {
	call := apicall.From(r.Context())
	call.Params = nil // of a form, which this isn't
	uuid, isMapping := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/")+"/", mappingsPath)
	uuid = strings.TrimSuffix(uuid, "/")
	var answer any
	var refusal *lambdaError
	status := http.StatusOK
	switch {
	case isMapping && uuid == "" && r.Method == http.MethodGet:
		call.Action = "ListEventSourceMappings"
		answer, refusal = s.listMappings(call, r.URL.Query().Get("FunctionName"), r.URL.Query().Get("EventSourceArn"))
	case isMapping && r.Method == http.MethodGet:
		call.Action = "GetEventSourceMapping"
		answer, refusal = s.getMapping(call, uuid)
	case isMapping && uuid != "" && r.Method == http.MethodPut:
		call.Action, call.Mutating, status = "UpdateEventSourceMapping", true, http.StatusAccepted
		answer, refusal = s.updateMapping(call, uuid, r)
	default:
		refusal = &lambdaError{http.StatusNotFound, "UnknownOperationException",
			"The embedded cloud has no such call of Lambda."}
	}
	w.Header().Set("Content-Type", "application/json")
	if refusal != nil {
		call.ErrorCode = refusal.code
		w.Header().Set("X-Amzn-Errortype", refusal.code)
		status, answer = refusal.status, map[string]string{"Type": "User", "Message": refusal.message}
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the caller may have gone, which is its own affair
}

type shownMapping struct {
	UUID                           string
	EventSourceMappingARN          string `json:"EventSourceMappingArn"`
	EventSourceARN                 string `json:"EventSourceArn"`
	FunctionARN                    string `json:"FunctionArn"`
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	FunctionResponseTypes          []string      `json:",omitempty"`
	ScalingConfig                  *shownScaling `json:",omitempty"`
	State, StateTransitionReason   string
	LastModified                   float64 // in seconds
}

type shownScaling struct{ MaximumConcurrency int }

func (m named) arn() string {
	q := m.queue.arn
	return "arn:aws:lambda:" + q.region + ":" + q.account + ":event-source-mapping:" + m.UUID
}

func (m named) show() shownMapping {
	shown := shownMapping{
		UUID: m.UUID, EventSourceMappingARN: m.arn(), EventSourceARN: m.queue.arn.String(), FunctionARN: m.FunctionARN,
		BatchSize: m.mapping.BatchSize, MaximumBatchingWindowInSeconds: int(m.mapping.Window / time.Second),
		State: "Enabled", StateTransitionReason: "USER_INITIATED", LastModified: float64(m.changed.UnixMilli()) / 1000,
	}
	if m.Paused() {
		shown.State = "Disabled"
	}
	if m.mapping.ReportBatchItemFailures {
		shown.FunctionResponseTypes = []string{"ReportBatchItemFailures"}
	}
	if n := m.mapping.MaxConcurrency; n != standardConcurrency {
		shown.ScalingConfig = &shownScaling{n}
	}
	return shown
}

// belongsTo reports whether the mapping is of the function, which may be named by its name or ARN, and in the caller's
// account and Region.
func (m named) belongsTo(call *apicall.Call, function string) bool {
	name := m.FunctionARN[strings.LastIndex(m.FunctionARN, ":")+1:]
	return m.queue.arn.account == call.Account && m.queue.arn.region == call.Region &&
		(function == "" || function[strings.LastIndex(function, ":")+1:] == name)
}

type listedMappings struct{ EventSourceMappings []shownMapping }

// listMappings shows no mappings of a function that isn't there.
func (s *Service) listMappings(call *apicall.Call, function, source string) (listedMappings, *lambdaError) {
	if err := s.allowLambda(call, "*", nil); err != nil {
		return listedMappings{}, err
	}
	shown := []shownMapping{}
	for _, m := range s.allMappings() {
		if m.belongsTo(call, function) && (source == "" || source == m.queue.arn.String()) {
			shown = append(shown, m.show())
		}
	}
	return listedMappings{shown}, nil
}

func (s *Service) allMappings() []named {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.mappings)
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.UUID, b.UUID) })
	return all
}

func (s *Service) findMapping(call *apicall.Call, uuid string) (named, *lambdaError) {
	all := s.allMappings()
	i := slices.IndexFunc(all, func(m named) bool { return m.UUID == uuid && m.belongsTo(call, "") })
	if i < 0 {
		return named{}, &lambdaError{http.StatusNotFound, "ResourceNotFoundException",
			"The resource you requested does not exist."}
	}
	return all[i], s.allowLambda(call, all[i].arn(), iam.Keys{"lambda:FunctionArn": {all[i].FunctionARN}})
}

func (s *Service) getMapping(call *apicall.Call, uuid string) (any, *lambdaError) {
	m, err := s.findMapping(call, uuid)
	if err != nil {
		return nil, err
	}
	return m.show(), nil
}

// updateMapping disables a mapping or enables it. It answers with the state in between, which lasts up to a minute on
// AWS and no longer than the call here.
func (s *Service) updateMapping(call *apicall.Call, uuid string, r *http.Request) (any, *lambdaError) {
	m, refusal := s.findMapping(call, uuid)
	if refusal != nil {
		return nil, refusal
	}
	var in struct{ Enabled *bool }
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err := body.Decode(&in); err != nil {
		return nil, &lambdaError{http.StatusBadRequest, "InvalidParameterValueException",
			"The embedded cloud changes Enabled alone: " + err.Error()}
	}
	shown := m.show()
	if in.Enabled == nil || *in.Enabled != m.Paused() {
		return shown, nil
	}
	if shown.State = "Enabling"; *in.Enabled {
		m.Resume()
	} else {
		shown.State = "Disabling"
		m.Pause()
	}
	s.Show(m.Shown) // with the time of the change
	return shown, nil
}

func (s *Service) allowLambda(call *apicall.Call, resource string, keys iam.Keys) *lambdaError {
	err := s.iam.Authorize(iam.Request{
		Principal: iam.Principal{Account: call.Account, ARN: call.ARN}, Action: "lambda:" + call.Action, Resource: resource,
		Owner: call.Account,
		Keys:  keys,
	}, iam.Policy{})
	if err != nil {
		return &lambdaError{http.StatusForbidden, "AccessDeniedException", err.Error()}
	}
	return nil
}
