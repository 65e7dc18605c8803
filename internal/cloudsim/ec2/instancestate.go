package ec2

import (
	"net/netip"
	"strconv"
	"time"
)

// These calls answer with the state on the way, and the instance is in the wanted one for the next call:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html

// stopInstances stops all instances or, if one can't be stopped, none.
func stopInstances(r *request) ([]node, error) {
	hibernates, err := r.bool("Hibernate")
	if err != nil {
		return nil, err
	}
	all, err := r.instances(func(i *instance) error {
		switch {
		case i.terminated:
			return i.notFor("stopped")
		case i.options.keepsRunning && !i.stopped:
			const text = "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again."
			return notPermitted(text, i.id)
		case hibernates && !i.options.hibernates:
			return refuse("UnsupportedHibernationConfiguration", "The instance '%s' is not configured for hibernation.", i.id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []node{listOf("instancesSet", all, func(i *instance) []node {
		if i.stopped {
			return i.change("stopped", "stopped")
		}
		i.stop(r.now)
		return i.change("stopping", "running")
	})}, nil
}

func startInstances(r *request) ([]node, error) {
	all, err := r.instances(func(i *instance) error {
		if i.terminated {
			return i.notFor("started")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []node{listOf("instancesSet", all, func(i *instance) []node {
		if !i.stopped {
			return i.change("running", "running")
		}
		i.restart(r.now)
		return i.change("pending", "stopped")
	})}, nil
}

// rebootInstances changes nothing here: an instance keeps its addresses. AWS ignores a reboot of a terminated instance.
func rebootInstances(r *request) ([]node, error) {
	_, err := r.instances(func(*instance) error { return nil })
	return done(), err
}

// instances returns those that the request names, or the first error of check.
func (r *request) instances(check func(*instance) error) ([]*instance, error) {
	ids := r.list("InstanceId")
	if len(ids) == 0 {
		return nil, missing("InstanceId")
	}
	var all []*instance
	for _, id := range ids {
		i, err := lookUp(typeInstance, id, r.cell.instances)
		if err == nil {
			err = check(i)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

func (i *instance) notFor(state string) *refusal {
	return refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", i.id, state)
}

var stateCodes = map[string]int{
	"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80,
}

func (i *instance) stateCode() string { return strconv.Itoa(stateCodes[i.state()]) }

func (i *instance) change(current, previous string) []node {
	return []node{leaf("instanceId", i.id), stateNode("currentState", current), stateNode("previousState", previous)}
}

func stateNode(name, state string) node {
	return group(name, leaf("code", stateCodes[state]), leaf("name", state))
}

// stop releases the public address that EC2 gave the instance. Elastic IP addresses and private ones stay:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
func (i *instance) stop(now time.Time) {
	i.stopped, i.options.stoppedAt = true, now
	i.options.public = netip.Addr{}
}

// restart gives the instance another public address, unless it has an elastic IP address or several interfaces.
func (i *instance) restart(now time.Time) {
	i.stopped, i.options.since = false, now
	i.options.starts++
	if i.options.wantsPublic && len(i.faces) == 1 && len(i.faces[0].bound()) == 0 {
		i.options.public = i.derivedPublic()
	}
}

// showStop shows who stopped or terminated the instance.
func (i *instance) showStop() []node {
	if i.runs() {
		return nil
	}
	return []node{
		leaf("reason", i.stopReason()[0]),
		group("stateReason", leaf("code", shutdownCode), leaf("message", shutdownCode+": User initiated shutdown")),
	}
}

const shutdownCode = "Client.UserInitiatedShutdown"

// stopCode is the code of the reason why the instance doesn't run, nil if it does.
func (i *instance) stopCode() []string {
	if i.runs() {
		return nil
	}
	return []string{shutdownCode}
}

func (i *instance) stopReason() []string {
	if i.runs() {
		return nil
	}
	return []string{"User initiated (" + i.options.stoppedAt.UTC().Format("2006-01-02 15:04:05") + " GMT)"}
}
