package terraform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// apply makes the configuration, and waits until autopeer has reacted to it.
func apply() step {
	return step{name: "apply", do: func(ctx context.Context, s *stage) error {
		return errors.Join(s.succeed(ctx, "apply", "-auto-approve"), s.SettleWithoutDelays(ctx))
	}}
}

// refused is an apply that fails with a text.
func refused(text string) step {
	return step{name: "apply is refused", do: func(ctx context.Context, s *stage) error {
		out, code, err := s.run(ctx, "apply", "-auto-approve")
		if err == nil && (code == 0 || !strings.Contains(out, text)) {
			err = fmt.Errorf("exit code %d without %q:\n%s", code, text, tail(out))
		}
		return errors.Join(err, s.SettleWithoutDelays(ctx))
	}}
}

// Exit codes of `terraform plan -detailed-exitcode`.
const (
	noChanges = 0
	changes   = 2
)

// unchanged is a plan without changes.
func unchanged() step {
	return step{name: "No changes", do: func(ctx context.Context, s *stage) error {
		out, code, err := s.run(ctx, "plan", "-detailed-exitcode")
		if err == nil && code != noChanges {
			err = fmt.Errorf("exit code %d:\n%s", code, tail(out))
		}
		return err
	}}
}

// changed is a plan that has all of the texts, once the configuration is edited.
func changed(from, to string, texts ...string) step {
	return step{name: "changes without " + from, do: func(ctx context.Context, s *stage) error {
		if from != "" {
			if err := s.edit(from, to); err != nil {
				return err
			}
		}
		out, code, err := s.run(ctx, "plan", "-detailed-exitcode")
		if err == nil && code != changes {
			err = fmt.Errorf("exit code %d:\n%s", code, tail(out))
		}
		for _, text := range texts {
			if err == nil && !strings.Contains(out, text) {
				err = fmt.Errorf("the plan doesn't have %q:\n%s", text, tail(out))
			}
		}
		return err
	}}
}

// edited changes the configuration.
func edited(from, to string) step {
	return step{name: "edit", do: func(_ context.Context, s *stage) error { return s.edit(from, to) }}
}

// add writes another block of the page into the configuration.
func add(name string) step {
	return step{name: "add " + name, block: name, do: func(_ context.Context, s *stage) error { return s.write(name) }}
}

// without removes a file from the configuration.
func without(name string) step {
	return step{name: "without " + name, do: func(_ context.Context, s *stage) error {
		return os.Remove(filepath.Join(s.folder, name))
	}}
}

// commands runs a block of commands of the page.
func commands(name string) step {
	return step{name: name, block: name, do: func(ctx context.Context, s *stage) error {
		cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", s.page.blocks[name])
		cmd.Dir, cmd.Env = s.folder, environment(s.server.URL)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w:\n%s", err, tail(string(out)))
		}
		return err
	}}
}

// connected checks that autopeer has connected the sides in that many cells, each with routes to one connection.
func connected(cells int) step {
	return step{name: "connected by autopeer", do: func(_ context.Context, s *stage) error {
		found := map[peering.Cell]bool{}
		for _, o := range s.Announcements() {
			switch o.Type {
			case outcome.Connected:
				found[o.Cell] = true
			case outcome.Conflicting, outcome.Failed, outcome.Denied:
				return fmt.Errorf("%s: %s", o.Type, o.Reason.Sentence)
			}
		}
		if len(found) != cells {
			return fmt.Errorf("%d cells have connected their sides, want %d", len(found), cells)
		}
		return nil
	}}
}

// repaired checks that autopeer has restored a route or a rule.
func repaired() step {
	return step{name: "repaired by autopeer", do: func(_ context.Context, s *stage) error {
		for _, o := range s.Announcements() {
			if o.Type == outcome.Repaired {
				return nil
			}
		}
		return errors.New("nothing was repaired")
	}}
}

// destroy removes everything, and checks that no message is left in a dead-letter queue.
func destroy() step {
	return step{name: "destroy", do: func(ctx context.Context, s *stage) error {
		if err := errors.Join(s.succeed(ctx, "destroy", "-auto-approve"), s.SettleWithoutDelays(ctx)); err != nil {
			return err
		}
		dead, err := s.DeadLetters(ctx)
		if err == nil && dead != 0 {
			err = fmt.Errorf("%d messages are in dead-letter queues", dead)
		}
		return err
	}}
}

// get installs the modules of the configuration.
func get() step {
	return step{name: "get", do: func(ctx context.Context, s *stage) error { return s.succeed(ctx, "get") }}
}

// showing marks a step as the one that shows a row of the page's table.
func (st step) showing(module, setting, works string) step {
	st.shows = row{module, setting, works}
	return st
}

func (s *stage) succeed(ctx context.Context, args ...string) error {
	out, code, err := s.run(ctx, args...)
	if err == nil && code != 0 {
		err = fmt.Errorf("terraform %s in %s: exit code %d:\n%s", args[0], filepath.Base(s.folder), code, tail(out))
	}
	return err
}

// tail returns the errors in an output, and its end if it has none.
func tail(out string) string {
	if _, errs, found := strings.Cut(out, "\nError: "); found {
		out = errs
	}
	const most = 3000
	out = strings.TrimSpace(out)
	if len(out) > most {
		out = "…" + out[len(out)-most:]
	}
	return out
}

// redeployed replaces the policy by another one of the page.
func redeployed(policy string) step {
	return step{name: "deploy " + policy, block: policy, do: func(ctx context.Context, s *stage) error {
		return errors.Join(s.Redeploy(ctx, s.page.blocks[policy], nil), s.SettleWithoutDelays(ctx))
	}}
}

// forget removes a resource from the state.
func forget(address string) step {
	return step{name: "forget " + address, do: func(ctx context.Context, s *stage) error {
		out, code, err := s.run(ctx, "state", "rm", address)
		if err == nil && code != 0 {
			err = fmt.Errorf("exit code %d:\n%s", code, tail(out))
		}
		return err
	}}
}
