package queue

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
)

// moveTask is a redrive: it moves the messages of a dead-letter queue. The service's lock guards it.
type moveTask struct {
	id            string
	source        arn
	destination   arn // the zero arn for the queue that each message comes from
	perSecond     int // zero moves all at once
	status        string
	moved, toMove int
	reason        string // of a failure
	started       time.Time
	cancel        context.CancelFunc
}

// The states of a task.
const (
	taskRunning    = "RUNNING"
	taskCompleted  = "COMPLETED"
	taskCancelling = "CANCELLING"
	taskCancelled  = "CANCELLED"
	taskFailed     = "FAILED"
)

// fastest is the highest rate that a caller may ask for.
const fastest = 500

type startMoveInput struct {
	SourceARN      string `json:"SourceArn"`
	DestinationARN string `json:"DestinationArn"`
	PerSecond      *int   `json:"MaxNumberOfMessagesPerSecond"`
}

type startMoveOutput struct{ TaskHandle string }

// startMove begins to move the messages that are visible. The refusals are those of LocalStack's recordings,
// test_sqs_move_task.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func (s *Service) startMove(ctx context.Context, in startMoveInput) (startMoveOutput, error) {
	call := apicall.From(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.openSource(call, in.SourceARN)
	if err != nil {
		return startMoveOutput{}, err
	}
	t := &moveTask{id: apicall.UUID(), source: source.arn, status: taskRunning, started: time.Now()}
	if t.destination, err = s.destination(call, source, in.DestinationARN); err != nil {
		return startMoveOutput{}, err
	}
	if n := in.PerSecond; n != nil {
		if *n < 1 || *n > fastest {
			return startMoveOutput{},
				invalidParameter(fmt.Sprintf("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid.", *n))
		}
		t.perSecond = *n
	}
	if slices.ContainsFunc(s.tasks, func(o *moveTask) bool { return o.source == t.source && o.isActive() }) {
		return startMoveOutput{}, invalidParameter(
			"There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	source.expire(t.started)
	t.toMove, _, _ = source.count(t.started)
	s.tasks = append(s.tasks, t)
	ctx, t.cancel = context.WithCancel(s.lifetime)
	s.moving.Go(func() { s.move(ctx, t) })
	return startMoveOutput{t.handle()}, nil
}

// openSource finds the queue whose messages are moved. The caller needs the permissions to receive and delete them for
// all calls of tasks. Callers hold the lock.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func (s *Service) openSource(call *apicall.Call, sourceARN string) (*queue, error) {
	if sourceARN == "" {
		return nil, missingParameter("SourceArn")
	}
	name, _ := parseARN(sourceARN)
	q := s.queues[name]
	if q == nil || name.region != call.Region {
		return nil, noResource("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	for _, action := range []string{call.Action, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		if err := s.permitsAction(call, action, q); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// destination returns the queue that the caller names, or the zero arn for the queues that the messages come from. The
// caller needs the permission to send to them. Callers hold the lock.
func (s *Service) destination(call *apicall.Call, source *queue, named string) (arn, error) {
	origins := s.origins(source)
	if len(origins) == 0 {
		return arn{}, invalidParameter("Source queue must be configured as a Dead Letter Queue.")
	}
	name, _ := parseARN(named)
	if named != "" {
		origins = []*queue{s.queues[name]}
	}
	for _, q := range origins {
		if q == nil || q.arn.region != call.Region {
			return arn{}, noResource("The resource that you specified for the DestinationArn parameter doesn't exist.")
		}
		if err := s.permitsAction(call, "SendMessage", q); err != nil {
			return arn{}, err
		}
	}
	return name, nil
}

// origins returns the queues whose dead-letter queue it is. Callers hold the lock.
func (s *Service) origins(deadLetters *queue) []*queue {
	var all []*queue
	for _, q := range s.queues {
		if q.redrive.after > 0 && q.redrive.target == deadLetters.arn {
			all = append(all, q)
		}
	}
	return all
}

func (s *Service) permitsAction(call *apicall.Call, action string, q *queue) error {
	as := *call
	as.Action = action
	if err := s.permits(&as, q); err != nil {
		return accessDenied(err)
	}
	return nil
}

func noResource(message string) *awsjson.Error {
	const code = "ResourceNotFoundException"
	return &awsjson.Error{Code: "com.amazonaws.sqs#" + code, Message: message, Status: 404, QueryCode: code}
}

func (t *moveTask) isActive() bool { return t.status == taskRunning || t.status == taskCancelling }

// move takes the messages one by one, at the rate of the task, until none is left.
func (s *Service) move(ctx context.Context, t *moveTask) {
	defer t.cancel()
	for {
		if t.perSecond > 0 {
			sleep(ctx, nil, time.Second/time.Duration(t.perSecond))
		}
		s.mu.Lock()
		t.status, t.reason = s.moveNext(ctx, t)
		ended := !t.isActive()
		s.mu.Unlock()
		s.changed.Notify()
		if ended {
			return
		}
	}
}

// moveNext moves the oldest visible message and returns the state of the task. Callers hold the lock.
func (s *Service) moveNext(ctx context.Context, t *moveTask) (status, reason string) {
	const noQueueAnymore = queryPrefix + "NonExistentQueue" // recorded
	if ctx.Err() != nil {
		return taskCancelled, ""
	}
	now := time.Now()
	from := s.queues[t.source]
	if from == nil {
		return taskFailed, noQueueAnymore
	}
	from.expire(now)
	i := slices.IndexFunc(from.messages, func(m *message) bool { return m.visible(now) })
	if i < 0 || t.moved == t.toMove {
		return taskCompleted, ""
	}
	m := from.messages[i]
	name := t.destination
	if name == (arn{}) {
		if name, _ = parseARN(m.deadLetterOf); name == (arn{}) {
			return taskFailed, "CouldNotDetermineMessageSource"
		}
	}
	to := s.queues[name]
	if to == nil {
		return taskFailed, noQueueAnymore
	}
	from.drop(func(o *message) bool { return o == m })
	// a new message, with an id and a time of its own
	s.put(to, m.body, m.attributes, m.sender, to.seconds("DelaySeconds"))
	t.moved++
	return t.status, ""
}

// taskHandle is the content of a handle, which is encoded.
type taskHandle struct {
	Task   string `json:"taskId"`
	Source string `json:"sourceArn"`
}

func (t *moveTask) handle() string {
	text, _ := json.Marshal(taskHandle{t.id, t.source.String()}) // two strings can be encoded
	return base64.StdEncoding.EncodeToString(text)
}

type listMovesInput struct {
	SourceARN  string `json:"SourceArn"`
	MaxResults *int
}

type listMovesOutput struct{ Results []shownTask }

type shownTask struct {
	TaskHandle     string `json:",omitempty"` // while it runs
	Status         string
	SourceARN      string `json:"SourceArn"`
	DestinationARN string `json:"DestinationArn,omitempty"`
	PerSecond      int    `json:"MaxNumberOfMessagesPerSecond,omitempty"`
	Moved          int    `json:"ApproximateNumberOfMessagesMoved"`
	ToMove         int    `json:"ApproximateNumberOfMessagesToMove"`
	FailureReason  string `json:",omitempty"`
	Started        int64  `json:"StartedTimestamp"` // in milliseconds
}

// listMoves shows the latest tasks of a queue, the newest first.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html
func (s *Service) listMoves(ctx context.Context, in listMovesInput) (listMovesOutput, error) {
	const most = 10
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.openSource(apicall.From(ctx), in.SourceARN)
	if err != nil {
		return listMovesOutput{}, err
	}
	count := 1
	if in.MaxResults != nil {
		count = *in.MaxResults
	}
	if count < 1 || count > most {
		return listMovesOutput{}, invalidParameter("Value " + strconv.Itoa(count) + " for parameter MaxResults is invalid.")
	}
	shown := []shownTask{}
	for _, t := range slices.Backward(s.tasks) {
		if t.source == q.arn && len(shown) < count {
			shown = append(shown, t.show())
		}
	}
	return listMovesOutput{shown}, nil
}

func (t *moveTask) show() shownTask {
	shown := shownTask{
		Status: t.status, SourceARN: t.source.String(), PerSecond: t.perSecond, Moved: t.moved, ToMove: t.toMove,
		FailureReason: t.reason, Started: t.started.UnixMilli(),
	}
	if t.destination != (arn{}) {
		shown.DestinationARN = t.destination.String()
	}
	if t.status == taskRunning {
		shown.TaskHandle = t.handle()
	}
	return shown
}

type cancelMoveInput struct{ TaskHandle string }

type cancelMoveOutput struct {
	Moved int `json:"ApproximateNumberOfMessagesMoved"`
}

// cancelMove ends a task that runs. The messages that it has moved stay where they are.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
func (s *Service) cancelMove(ctx context.Context, in cancelMoveInput) (cancelMoveOutput, error) {
	if in.TaskHandle == "" {
		return cancelMoveOutput{}, missingParameter("TaskHandle")
	}
	var named taskHandle
	text, err := base64.StdEncoding.DecodeString(in.TaskHandle)
	if err != nil || json.Unmarshal(text, &named) != nil || named.Source == "" {
		return cancelMoveOutput{}, invalidParameter("Value for parameter TaskHandle is invalid.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.openSource(apicall.From(ctx), named.Source)
	if err != nil {
		return cancelMoveOutput{}, err
	}
	i := slices.IndexFunc(s.tasks, func(t *moveTask) bool { return t.id == named.Task && t.source == q.arn })
	if i < 0 {
		return cancelMoveOutput{}, noResource("Task does not exist.")
	}
	t := s.tasks[i]
	if t.status != taskRunning { // documented without the code of the refusal
		return cancelMoveOutput{}, refuse("UnsupportedOperation", "A task can be canceled only while it is running.")
	}
	t.status = taskCancelling
	t.cancel()
	return cancelMoveOutput{t.moved}, nil
}
