package world

import (
	"time"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// Deploy draws a policy and deploys it in place of the one that is deployed. Events on buses and in functions may be lost
// then. The old policy holds until the old functions have ended.
func (w *World) Deploy() {
	var p *plainpolicy.Policy
	w.observer.Look(func(l *ledger.Ledger) {
		d := draft{Source: w.Source, Ledger: l, sites: w.sites}
		p = d.draw()
	})
	w.deploy(p)
}

// isValid reports whether the policy is a valid policy file.
func isValid(p *plainpolicy.Policy) bool {
	_, err := policyfile.Parse("policy.yaml", []byte(p.YAML()))
	return err == nil
}

// deploy deploys the policy in place of the one that is deployed.
func (w *World) deploy(p *plainpolicy.Policy) {
	if w.sandbox.Cells != nil {
		if err := local.Undeploy(w.ctx, w.sandbox.Cloud, w.policy, w.sandbox.Cells); err != nil {
			w.report.Fail(nil, "undeploy the policy: %v", err)
		}
	}
	w.observer.Enter(ledger.Deployment(time.Now(), p))
	var err error
	if w.policy, err = policyfile.Parse("policy.yaml", []byte(p.YAML())); err == nil {
		err = w.sandbox.Deploy(w.ctx, p.YAML(), w.observer.Announced)
	}
	if err != nil {
		w.report.Fail(nil, "deploy the policy: %v\n%s", err, p.YAML())
	}
	w.observer.Deployed()
	w.faults.Deployed()
}
