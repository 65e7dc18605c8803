package events

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

type nameInput struct{ Name string }

type busOutput struct {
	EventBusARN string `json:"EventBusArn"`
}

type empty struct{}

func (s *Service) createEventBus(ctx context.Context, in nameInput) (busOutput, error) {
	c := cellOf(apicall.From(ctx).Caller)
	if err := refuseViolations(busNames.violations(in.Name, "name")); err != nil {
		return busOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := busName{c, in.Name}
	if s.bus(name) != nil {
		return busOutput{}, refuse("ResourceAlreadyExistsException", "Event bus "+in.Name+" already exists.")
	}
	if len(s.busesOf(c)) >= maxBuses {
		return busOutput{}, tooMany()
	}
	s.buses[name] = newBus(name)
	return busOutput{name.arn()}, nil
}

// deleteEventBus succeeds for a bus that doesn't exist, as EventBridge does.
func (s *Service) deleteEventBus(ctx context.Context, in nameInput) (empty, error) {
	name := resolveBus(in.Name, apicall.From(ctx).Caller)
	if name.name == defaultBus {
		return empty{}, invalid("Cannot delete event bus default.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.buses, name)
	return empty{}, nil
}

// busDescription has its times in seconds. No call of this cloud modifies a bus after its creation.
type busDescription struct {
	ARN              string `json:"Arn"`
	Name             string
	CreationTime     float64
	LastModifiedTime float64
	Policy           string `json:",omitempty"`
}

// describeBus shows the policy as the text that was put, not as it is understood.
func describeBus(b *bus) busDescription {
	created := float64(b.created.UnixMilli()) / 1000
	return busDescription{b.name.arn(), b.name.name, created, created, b.document}
}

func (s *Service) describeEventBus(ctx context.Context, in nameInput) (busDescription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.ownBus(ctx, in.Name)
	if err != nil {
		return busDescription{}, err
	}
	return describeBus(b), nil
}

// ownBus finds the bus that a caller administers: one of its own account and region. Callers hold the lock.
func (s *Service) ownBus(ctx context.Context, nameOrARN string) (*bus, error) {
	caller := apicall.From(ctx).Caller
	name := resolveBus(nameOrARN, caller)
	if name.cell != cellOf(caller) {
		return nil, refuse("AccessDeniedException",
			"The embedded cloud lets an account administer only its own event buses of the region called.")
	}
	b := s.bus(name)
	if b == nil {
		return nil, noBus(name.name)
	}
	return b, nil
}

type listBusesInput struct {
	NamePrefix string
	paging
}

type listBusesOutput struct {
	EventBuses []busDescription
	NextToken  string `json:",omitempty"`
}

func (s *Service) listEventBuses(ctx context.Context, in listBusesInput) (listBusesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []busDescription
	for _, b := range s.busesOf(cellOf(apicall.From(ctx).Caller)) {
		if strings.HasPrefix(b.name.name, in.NamePrefix) {
			list = append(list, describeBus(b))
		}
	}
	list, next, err := page(list, in.paging)
	return listBusesOutput{list, next}, err
}

type putPermissionInput struct {
	EventBusName string
	Action       string
	Principal    string
	StatementID  string `json:"StatementId"`
	Condition    *struct{ Type, Key, Value string }
	Policy       string
}

// putPermission sets a whole policy, or adds the statement of one account or organization to the policy.
func (s *Service) putPermission(ctx context.Context, in putPermissionInput) (empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.ownBus(ctx, in.EventBusName)
	if err != nil {
		return empty{}, err
	}
	if in.Policy != "" {
		return empty{}, b.setPolicy(in.Policy)
	}
	if in.StatementID == "" || in.Principal == "" || in.Action != "events:PutEvents" {
		return empty{},
			invalid("Parameters StatementId, Principal and the Action events:PutEvents are required without a Policy.")
	}
	statements := without(b.statements(), in.StatementID)
	return empty{}, b.setStatements(append(statements, in.statement(b.name.arn())))
}

// statement is the document that the simple form of PutPermission stands for:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
func (in putPermissionInput) statement(busARN string) map[string]any {
	var who any = "*"
	if in.Principal != "*" {
		who = map[string]any{"AWS": "arn:aws:iam::" + in.Principal + ":root"}
	}
	statement := map[string]any{
		"Sid": in.StatementID, "Effect": "Allow", "Principal": who, "Action": in.Action, "Resource": busARN,
	}
	if c := in.Condition; c != nil {
		statement["Condition"] = map[string]any{c.Type: map[string]any{c.Key: c.Value}}
	}
	return statement
}

type removePermissionInput struct {
	EventBusName         string
	StatementID          string `json:"StatementId"`
	RemoveAllPermissions bool
}

func (s *Service) removePermission(ctx context.Context, in removePermissionInput) (empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.ownBus(ctx, in.EventBusName)
	if err != nil {
		return empty{}, err
	}
	if in.RemoveAllPermissions {
		return empty{}, b.setPolicy("")
	}
	before := b.statements()
	after := without(before, in.StatementID)
	if len(after) == len(before) {
		return empty{}, refuse("ResourceNotFoundException", "Statement with the provided id does not exist.")
	}
	return empty{}, b.setStatements(after)
}

// statements gives back those of the policy, which setPolicy has checked.
func (b *bus) statements() []map[string]any {
	var document struct{ Statement json.RawMessage }
	var many []map[string]any
	_ = json.Unmarshal([]byte(b.document), &document)
	if json.Unmarshal(document.Statement, &many) == nil {
		return many
	}
	var one map[string]any
	if json.Unmarshal(document.Statement, &one) == nil {
		return []map[string]any{one}
	}
	return nil
}

// setStatements leaves no policy at all rather than one without statements, as EventBridge does.
func (b *bus) setStatements(statements []map[string]any) error {
	if len(statements) == 0 {
		return b.setPolicy("")
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return err
	}
	return b.setPolicy(string(document))
}

// without compares with the statement ids of a document that may have been put as a whole, and may have none.
func without(statements []map[string]any, id string) []map[string]any {
	return slices.DeleteFunc(slices.Clone(statements), func(s map[string]any) bool { return s["Sid"] == id })
}
