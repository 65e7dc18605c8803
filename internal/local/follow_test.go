package local_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/local"
)

// TestFollow writes a file as editors do: in place, by a rename over it, and after its removal.
func TestFollow(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "zero")
	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(ended)
		local.Follow(ctx, file, []byte("zero"), time.Millisecond, func(content []byte) { changes <- string(content) })
	}()
	wait := func(want string) {
		t.Helper()
		select {
		case got := <-changes:
			if got != want {
				t.Errorf("content = %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q isn't found", want)
		}
	}
	write(file, "one")
	wait("one")
	write(file+".new", "two")
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	wait("two")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	write(file, "two") // as before
	time.Sleep(20 * time.Millisecond)
	write(file, "")
	time.Sleep(20 * time.Millisecond)
	write(file, "three")
	wait("three")
	cancel()
	<-ended
	if len(changes) > 0 {
		t.Errorf("one more content: %q", <-changes)
	}
}
