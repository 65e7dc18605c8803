package checks

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
)

// IsDue reports whether autopeer has to repair the connection after a person's edit: nothing on its sides explains the
// difference, and no quota is set, by which another side may get the room.
func (c *Checker) IsDue(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	isUnlimited := c.quotas == (oracle.Quotas{}) && len(c.journal.Policy.Limits) == 0
	return isUnlimited && c.journal.Connections[id] != nil && c.end(true).CheckConnection(id) != ""
}

// CheckRepair checks that the connection is as the policy wants it after a person's edit, and that the repair was
// announced once. If EC2 has refused another change of a side since then, that was in the way.
func (c *Checker) CheckRepair(id string, edited time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	repairs := map[string]bool{}
	for i, o := range c.outcomes {
		switch {
		case string(o.Connection) != id || !c.announcements[i].At.After(edited):
		case o.Type == outcome.Failed && o.Reason.Code == "refused", slices.ContainsFunc(o.Notes, oracle.IsOfRefusal):
			return
		case o.Type == outcome.Repaired:
			repairs[o.ID] = true
		}
	}
	if why := c.end(true).CheckConnection(id); why != "" {
		c.report.Fail([]string{id}, "not repaired %v after a person's edit: %s", time.Since(edited), why)
	} else if len(repairs) != 1 {
		c.report.Fail([]string{id}, "%d announcements that autopeer has repaired a person's edit, want one", len(repairs))
	}
}
