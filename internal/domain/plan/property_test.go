package plan_test

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// everything returns all sentences of a plan.
func everything(p plan.Plan) []string {
	all := sentences(p)
	for _, s := range p.Shortages {
		all = append(all, "shortage: "+s.String())
	}
	for _, s := range p.State {
		all = append(all, "state: "+s.Sentence+" "+s.Key)
	}
	return all
}

// stateSentences returns the sentences of the state of a plan.
func stateSentences(p plan.Plan) []string {
	var all []string
	for _, fact := range p.State {
		all = append(all, fact.Sentence)
	}
	return all
}

// TestKeysDifferWhereSentencesDo: an announcement's id is made of keys, so that two of them are equal only where
// the sentences are.
func TestKeysDifferWhereSentencesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plan.Connect(drawSide(t))
		sentenceOf := map[string]string{}
		for _, f := range p.State {
			if before, again := sentenceOf[f.Key]; again && before != f.Sentence || f.Key == "" {
				t.Fatalf("key %q stands for %q and %q", f.Key, before, f.Sentence)
			}
			sentenceOf[f.Key] = f.Sentence
		}
		for _, c := range p.Changes() {
			if before, again := sentenceOf[c.Key()]; again && before != c.String() || c.Key() == "" {
				t.Fatalf("key %q stands for %q and %q", c.Key(), before, c)
			}
			sentenceOf[c.Key()] = c.String()
		}
	})
}

// TestACarriedOutPlanLeavesNothingToDo, and has the same state once more: from that the announcement's id is made.
func TestACarriedOutPlanLeavesNothingToDo(t *testing.T) {
	changed, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		all++
		if p.IsObstructed() {
			return
		}
		if len(p.Changes()) > 1 {
			changed++
		}
		again := plan.Connect(carryOut(t, s, p))
		p.Steps = nil
		if diff := cmp.Diff(everything(p), everything(again)); diff != "" {
			t.Fatalf("a second plan differs (-first +second):\n%s", diff)
		}
	})
	if all >= 1000 && changed < all/4 {
		t.Errorf("of %d sides %d are changed; the others are too narrow", all, changed)
	}
}

func TestTheOrderOfInputIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		random := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		if diff := cmp.Diff(everything(plan.Connect(s)), everything(plan.Connect(shuffled(random, s)))); diff != "" {
			t.Fatalf("another order, another plan:\n%s", diff)
		}
	})
}

// shuffled has everything that EC2 lists in another order.
func shuffled(random *rand.Rand, s plan.Side) plan.Side {
	s = withPeerBlocks(s, shuffle(random, peerBlocks(s)))
	s.Tables, s.Subnets, s.Groups = shuffle(random, s.Tables), shuffle(random, s.Subnets), shuffle(random, s.Groups)
	s.Ours, s.Old = shuffle(random, s.Ours), shuffle(random, s.Old)
	for i := range s.Tables {
		s.Tables[i].Routes, s.Tables[i].Subnets = shuffle(random, s.Tables[i].Routes), shuffle(random, s.Tables[i].Subnets)
	}
	for i := range s.Groups {
		s.Groups[i].Ingress = shuffle(random, s.Groups[i].Ingress)
	}
	return s
}

func shuffle[T any](random *rand.Rand, all []T) []T {
	all = slices.Clone(all)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// TestDisconnectAfterConnectRestoresTheStart, except for obstructing leftovers of dead connections.
func TestDisconnectAfterConnectRestoresTheStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := withoutOurs(t, drawSide(t))
		p := plan.Connect(s)
		after := carryOut(t, s, p)
		remains := plan.Remains{Connection: via, Tables: after.Tables, Rules: after.Ours}
		gone := carryOut(t, after, plan.Disconnect(remains))
		if diff := cmp.Diff(inventory(withoutReplaced(s, p)), inventory(gone)); diff != "" {
			t.Fatalf("not as at the start (-want +got):\n%s", diff)
		}
		if again := plan.Disconnect(plan.Remains{Connection: via, Tables: gone.Tables,
			Rules: gone.Ours}); len(again.Changes()) > 0 {
			t.Fatalf("a removal is planned again: %v", sentences(again))
		}
	})
}

// withoutOurs is the side before the connection was there.
func withoutOurs(t *rapid.T, s plan.Side) plan.Side {
	return carryOut(t, s, plan.Disconnect(plan.Remains{Connection: via, Tables: s.Tables, Rules: s.Ours}))
}

// withoutReplaced is the side without the leftovers of the dead whose place the plan takes.
func withoutReplaced(s plan.Side, p plan.Plan) plan.Side {
	s = copied(s)
	for _, c := range p.Changes() {
		switch c := c.(type) {
		case plan.ReplaceRoute:
			for i := range s.Tables {
				s.Tables[i].Routes = slices.DeleteFunc(s.Tables[i].Routes, func(r peering.Route) bool {
					return s.Tables[i].ID == c.Table && r.Destination == c.Destination && isLeft(r)
				})
			}
		case plan.Revoke:
			for i, g := range s.Groups {
				revoked := slices.DeleteFunc(slices.Clone(s.Old), func(r peering.IngressRule) bool {
					return !slices.Contains(c.Rules, r.ID)
				})
				s.Groups[i].Ingress = slices.DeleteFunc(s.Groups[i].Ingress, func(p peering.Permission) bool {
					return isAmong(revoked, g.ID, p)
				})
			}
		}
	}
	return s
}
