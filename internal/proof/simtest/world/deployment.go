package world

import (
	"time"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// Deploy draws a policy and deploys it in place of the one that is deployed. Events on buses and in functions may be
// lost then.
func (w *World) Deploy() {
	var p *plainpolicy.Policy
	w.observer.Look(func(l *ledger.Ledger) {
		d := draft{Source: w.Source, Ledger: l, sites: w.sites}
		p = d.draw()
		d.drawMeshes(p, w.named)
	})
	w.consent(p)
	w.drawModes(p)
	w.deploy(p)
}

// drawModes has some peerings only reported. Which departments a VPC may belong to has to be certain, so that autopeer
// knows the mode of a connection whose blocks EC2 doesn't show. The draws have names, so that the other draws of the
// seed stay the same.
func (w *World) drawModes(p *plainpolicy.Policy) {
	for i, e := range p.Peerings {
		p.Peerings[i].Report = p.IsNamed(e.A) && p.IsNamed(e.B) && w.named.Next("mode", e.A, e.B).Chance(20)
	}
}

// isValid reports whether the policy is a valid policy file.
func isValid(p *plainpolicy.Policy) bool {
	_, err := policyfile.Parse("policy.yaml", []byte(p.YAML()))
	return err == nil
}

// deploy deploys the policy in place of the one that is deployed, which holds until the functions with it have ended.
func (w *World) deploy(p *plainpolicy.Policy) {
	var replaced *plainpolicy.Policy
	w.observer.Look(func(l *ledger.Ledger) { replaced = l.Policy })
	ended := w.endFunctions()
	w.observer.Enter(ledger.Deployment(time.Now(), p))
	w.sandbox.Fate = w.sandbox.FateOf(time.Now())
	var err error
	if w.policy, err = policyfile.Parse("policy.yaml", []byte(p.YAML())); err == nil {
		err = w.sandbox.Deploy(w.ctx, p.YAML(), w.observer.Announced)
	}
	if err != nil {
		w.report.Fail(nil, "deploy the policy: %v\n%s", err, p.YAML())
	}
	if ended == nil {
		w.observer.Deployed(replaced)
		return
	}
	go func() {
		ended()
		w.observer.Deployed(replaced)
	}()
}

// endFunctions ends the functions that are deployed. In half of all cases it only gives them no more events, and
// returns a function that blocks until they have ended. That is drawn by a name, so that the other draws of the seed
// stay the same.
func (w *World) endFunctions() (ended func()) {
	if w.sandbox.Cells == nil {
		return nil
	}
	var err error
	if d := w.named.Next("supersede"); d.Chance(50) {
		w.wakeFunctions(d)
		ended, err = local.Supersede(w.ctx, w.sandbox.Cloud, w.policy, w.sandbox.Cells)
	} else {
		err = local.Undeploy(w.ctx, w.sandbox.Cloud, w.policy, w.sandbox.Cells)
	}
	if err != nil {
		w.report.Fail(nil, "undeploy the policy: %v", err)
	}
	return ended
}

// wakeFunctions repeats the events of a connection, so that functions are at work. A new request would wake them as
// well, but the order of calls for several requests at one instant is up to Go's scheduler.
func (w *World) wakeFunctions(d random.Source) {
	usual := w.Source
	w.Source = d
	defer func() { w.Source = usual }()
	found := w.connections(ledger.Pending, ledger.Active)
	if len(found) == 0 {
		return
	}
	c := random.Pick(d, found...)
	if look(w, func(l *ledger.Ledger) []bool { return []bool{l.Policy.IsDeployed(c.Accepter.Cell)} })[0] {
		w.RepeatEvents(c.Accepter.Cell, c)
		time.Sleep(d.Duration(time.Millisecond, 100*time.Millisecond))
	}
}
