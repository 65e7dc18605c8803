package faults_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/faults"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

// Go's scheduler decides which of two identical calls of one instant is first. A run can be repeated only if both take
// the same time.
func TestIdenticalCallsOfOneInstantTakeTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := faults.New(1, report.New(1), noObserver{})
		first := took(i, 3)
		if first[0] != first[1] || first[1] != first[2] {
			t.Errorf("identical calls of one instant take %v", first)
		}
		if later := took(i, 1); later[0] == first[0] {
			t.Errorf("the same call takes %v at another instant, too", later[0])
		}
	})
}

// took returns how long each of as many identical calls takes that begin now.
func took(i *faults.Injector, calls int) []time.Duration {
	began := time.Now()
	all := make([]time.Duration, calls)
	var running sync.WaitGroup
	for n := range all {
		running.Go(func() {
			i.Fail(apicall.Call{Action: "DescribeRouteTables"}, "connect")
			all[n] = time.Since(began)
		})
	}
	running.Wait()
	return all
}

// noObserver ignores all calls.
type noObserver struct{}

func (noObserver) Called(faults.Call)                 {}
func (noObserver) Failed(faults.Call, faults.Fault)   {}
func (noObserver) Answered(faults.Call)               {}
func (noObserver) Killed(peering.Cell, function.Name) {}
func (noObserver) LostEvent([]string)                 {}
