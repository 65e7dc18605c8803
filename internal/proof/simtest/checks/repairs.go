package checks

import (
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

// CheckRepair checks that the connection is as the policy wants it after a person's edit, and that the repair was announced
// once. If EC2 refuses another change of the side, such as a DNS option, the announcement of the refusal lists the repair.
func (c *Checker) CheckRepair(id string, edited time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why := c.end(true).CheckConnection(id); why != "" {
		c.report.Fail([]string{id}, "not repaired %v after a person's edit: %s", time.Since(edited), why)
		return
	}
	ids := map[string]bool{}
	for i, o := range c.outcomes {
		isRepair := o.Type == outcome.Repaired || o.Type == outcome.Failed && len(o.Changes) > 0
		if c.announcements[i].At.After(edited) && string(o.Connection) == id && isRepair {
			ids[o.ID] = true
		}
	}
	if len(ids) != 1 {
		c.report.Fail([]string{id}, "%d announcements that autopeer has repaired a person's edit, want one", len(ids))
	}
}
