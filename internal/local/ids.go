package local

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync"
)

// IDs gives ids as EC2 does, and those of a policy to the resources that are made for it.
type IDs struct {
	mu     sync.Mutex
	wanted map[string][]string // by prefix
}

// Want makes the next resources of the kind get these ids. Want fewer than are made, and the others get any.
func (g *IDs) Want(ids ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wanted == nil {
		g.wanted = map[string][]string{}
	}
	for _, id := range ids {
		kind, _, _ := strings.Cut(id, "-")
		g.wanted[kind+"-"] = append(g.wanted[kind+"-"], id)
	}
}

// New returns an id with the prefix, such as "vpc-".
func (g *IDs) New(prefix string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if next := g.wanted[prefix]; len(next) > 0 {
		g.wanted[prefix] = next[1:]
		return next[0]
	}
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails: https://pkg.go.dev/crypto/rand#Read
	return prefix + "0" + hex.EncodeToString(random)
}
