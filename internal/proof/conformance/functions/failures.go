package functions

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// garbage is a message that no function can read. Every function ignores unrelated.
const (
	garbage   = "garbage"
	unrelated = `{"source":"aws.s3","detail-type":"Object Created","account":"111111111111","detail":{}}`
)

// failInPart has each function of the accepter's cell handle its work in one batch with a message that it can't read.
func (s *stage) failInPart() error {
	for _, f := range function.All {
		s.cellOf(s.at(f)).Mappings[f].Pause()
	}
	id := s.requester.Ask(s.marketing, s.finance, "a request beside garbage")
	if err := s.batch(function.Accept); err != nil {
		return err
	}
	if err := s.checkStatus(id); err != nil {
		return err
	}
	if err := s.batch(function.Connect); err != nil {
		return err
	}
	if err := s.checkState("connect connects beside garbage", s.connected(id)...); err != nil {
		return err
	}
	s.accepter.DeleteRoute(s.finance.Table, "10.10.0.0/16")
	if err := s.batch(function.Sweep); err != nil {
		return err
	}
	if err := s.checkState("sweep sweeps beside garbage", s.connected(id)...); err != nil {
		return err
	}
	s.requester.Delete(id)
	if err := s.batch(function.Disconnect); err != nil {
		return err
	}
	return s.checkState("disconnect disconnects beside garbage")
}

// at returns the function in the accepter's cell.
func (s *stage) at(f function.Name) place { return place{s.finance.Cell, f} }

// batch adds garbage to the message that waits in a paused function's queue, resumes the function, and checks that only
// the garbage failed and stayed in the queue. It ends without that message.
func (s *stage) batch(f function.Name) error {
	if err := s.err(); err != nil {
		return err
	}
	if err := s.Deliver(s.ctx, s.finance.Cell, f, garbage); err != nil {
		return err
	}
	if err := s.until(s.at(f), func(visible, _ int) bool { return visible >= 2 }); err != nil {
		return fmt.Errorf("%s: the messages of a batch: %w", f, err)
	}
	e := s.environments[s.at(f)]
	before := e.invocations()
	s.cellOf(s.at(f)).Mappings[f].Resume()
	if err := s.until(s.at(f), func(visible, hidden int) bool {
		return visible == 0 && hidden <= 1 && e.invocations() > before
	}); err != nil {
		return fmt.Errorf("%s: the end of a batch: %w", f, err)
	}
	a := e.answerAt(before)
	s.j.Check(slices.Equal(a.failed(), a.ids(garbage)), string(f)+" reports the one failed message of a batch",
		a.ids(garbage), a.body)
	s.checkQueue(s.at(f), string(f)+"'s failed message alone stays in its queue", 0, 1)
	if err := s.purge(s.at(f)); err != nil {
		return err
	}
	return s.rest()
}

// ids returns the ids of the messages of the event with a body.
func (a answer) ids(body string) []string {
	var event struct {
		Records []struct{ MessageID, Body string }
	}
	_ = json.Unmarshal([]byte(a.event), &event) // without it the check of the ids fails
	var ids []string
	for _, r := range event.Records {
		if r.Body == body {
			ids = append(ids, r.MessageID)
		}
	}
	return ids
}

func (s *stage) queueOf(p place) (*sqs.Client, *string) {
	c := s.cellOf(p)
	return sqs.NewFromConfig(local.Config(s.Cloud, c.Cell, string(c.Account))),
		aws.String(c.Stack.QueueURLs[wiring.DefaultPrefix+"-"+string(p.function)])
}

// messages returns the number of messages that can be received, and of those that are hidden.
func (s *stage) messages(p place) (visible, hidden int, err error) {
	client, url := s.queueOf(p)
	out, err := client.GetQueueAttributes(s.ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"},
	})
	if err != nil {
		return 0, 0, err
	}
	counts := out.Attributes["ApproximateNumberOfMessages"] + " " + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
	_, err = fmt.Sscan(counts, &visible, &hidden)
	return visible, hidden, err
}

func (s *stage) until(p place, holds func(visible, hidden int) bool) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		visible, hidden, err := s.messages(p)
		switch {
		case err != nil:
			return err
		case holds(visible, hidden):
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("the queue has %d messages and %d hidden ones", visible, hidden)
		}
	}
}

func (s *stage) checkQueue(p place, name string, visible, hidden int) {
	v, h, err := s.messages(p)
	s.j.Check(err == nil && v == visible && h == hidden, name,
		fmt.Sprintf("%d visible, %d hidden", visible, hidden), fmt.Sprintf("%d visible, %d hidden, %v", v, h, err))
}

func (s *stage) purge(p place) error {
	client, url := s.queueOf(p)
	_, err := client.PurgeQueue(s.ctx, &sqs.PurgeQueueInput{QueueUrl: url})
	return err
}

// panics runs binaries with planted panics, and then the real ones on the messages that a panic has left.
func (s *stage) panics() error {
	folder, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	if err := plant(s.ctx, folder); err != nil {
		return err
	}
	for _, f := range function.All {
		if err := s.panicsOf(f, folder); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
	}
	return nil
}

// panicsOf uses the queue of the requester's cell: SQS lets a queue be purged once a minute.
func (s *stage) panicsOf(f function.Name, folder string) error {
	p := place{s.marketing.Cell, f}
	e, err := s.start(p, folder, nil)
	if err != nil {
		return err
	}
	s.others = append(s.others, e)
	body := sandbox.Event("DeleteVpcPeeringConnection", p.cell, panicConnection, s.marketing, s.finance)
	_, err = e.Invoke(s.ctx, sqsEvent(unrelated, body))
	s.j.Check(err == nil && slices.Equal(e.last().failed(), []string{"2"}),
		string(f)+" contains the panic of a use case in its message", "2", e.last().body)
	if err := s.invoke(p, e); err != nil {
		return err
	}
	before := e.invocations()
	if err := s.Deliver(s.ctx, p.cell, f, panicBody); err != nil {
		return err
	}
	if err := s.until(p, func(int, int) bool { return e.invocations() > before }); err != nil {
		return err
	}
	var r response
	decoded := json.Unmarshal([]byte(e.last().body), &r)
	s.j.Check(decoded == nil && r.ErrorType != "" && strings.Contains(r.ErrorMessage, "planted"),
		string(f)+" reports a panic outside of the use case with its type", "a function error", e.last().body)
	s.checkQueue(p, string(f)+"'s message is still in the queue after the panic", 0, 1)
	_, err = e.Invoke(s.ctx, sqsEvent(unrelated))
	s.j.Check(err == nil && len(e.last().failed()) == 0, string(f)+" is started again after a panic",
		"a result", e.last().body)
	if err := s.purge(p); err != nil {
		return err
	}
	return s.invoke(p, s.environments[p])
}

// shortTimeout is a function's timeout in seconds that leaves two for its work.
const shortTimeout = 5

// runOutOfTime blocks the calls of a service, and checks that each function ends by itself with an answer.
func (s *stage) runOutOfTime() error {
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	blocked := &http.Server{
		ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}),
	}
	go func() { _ = blocked.Serve(listener) }() // ends when it is closed
	defer func() { _ = blocked.Close() }()
	url := "http://" + listener.Addr().String()
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, f := range function.All {
		work := s.environments[s.at(f)].worked()
		for service, event := range map[string][]byte{"EC2": []byte(work), "SQS": sqsEvent(garbage)} {
			wait.Go(func() {
				a, err := s.blocked(f, map[string]string{"AWS_ENDPOINT_URL_" + service: url}, event)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					errs = append(errs, err)
					return
				}
				inTime := a.functionError() == nil && len(a.failed()) > 0 && a.took < shortTimeout*time.Second
				s.j.Check(inTime, fmt.Sprintf("%s answers before its timeout while %s doesn't", f, service), "failed messages",
					fmt.Sprintf("%s after %v", a.body, a.took))
			})
		}
	}
	wait.Wait()
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

func (s *stage) blocked(f function.Name, change map[string]string, event []byte) (answer, error) {
	change["AWS_LAMBDA_FUNCTION_TIMEOUT"] = fmt.Sprint(shortTimeout)
	e, err := s.start(s.at(f), host, change)
	if err != nil {
		return answer{}, err
	}
	defer e.close()
	_, err = e.Invoke(s.ctx, event)
	if e.invocations() == 0 {
		return answer{}, err
	}
	return e.last(), nil
}

// failToStart starts each function with a wrong variable.
func (s *stage) failToStart() error {
	for _, f := range function.All {
		e, err := s.start(s.at(f), host, map[string]string{"AUTOPEER_ACCOUNT": "12"})
		if err != nil {
			return err
		}
		s.others = append(s.others, e)
		_, err = e.Invoke(s.ctx, sqsEvent(unrelated))
		log := strings.Join(e.output.lines(), "\n")
		named := strings.Contains(log, `"cold start failed"`) && strings.Contains(log, "AUTOPEER_ACCOUNT")
		s.j.Check(err != nil && named, string(f)+" doesn't start with a wrong variable, and names it",
			"an error of the start", log)
	}
	return nil
}

// checkLogs checks every line that the binaries have written, and that the runbook's queries find their fields.
func (s *stage) checkLogs() error {
	wanted, err := queriedFields(runbook)
	if err != nil {
		return err
	}
	var all []string
	for _, f := range function.All {
		lines, faults := s.linesOf(f)
		all = append(all, lines...)
		s.j.Check(len(lines) > 0 && len(faults) == 0,
			fmt.Sprintf("each of %s's %d lines is JSON with a level, a time and a message", f, len(lines)), "no other",
			strings.Join(faults, "\n"))
	}
	for _, field := range wanted {
		has := slices.ContainsFunc(all, func(line string) bool {
			keys, err := keysOf(line)
			return err == nil && slices.Contains(keys, field)
		})
		s.j.Check(has, "the logs have the field "+field+" of the runbook's queries", "a line with it", "none")
	}
	return nil
}

func (s *stage) linesOf(f function.Name) (lines, faults []string) {
	for p, e := range s.environments {
		if p.function == f {
			lines = append(lines, e.output.lines()...)
		}
	}
	for _, line := range lines {
		if why := fault(line); why != "" {
			faults = append(faults, why+": "+line)
		}
	}
	return lines, faults
}
