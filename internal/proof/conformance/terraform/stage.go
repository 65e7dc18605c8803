package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// stage is a cloud with the cells of a policy, and a working directory of Terraform.
type stage struct {
	*sandbox.Sandbox
	terraform *Terraform
	page      page
	folder    string
	calls     *watched
	server    *httptest.Server
}

// moment is how long a connection stays in each state that it passes.
const moment = 100 * time.Millisecond

func (t *Terraform) stage(ctx context.Context, p page, tr trial) (*stage, error) {
	s := &stage{terraform: t, page: p, Sandbox: sandbox.New(func(o *ec2.Options) {
		o.Delays = ec2.Delays{Initiating: moment, Provisioning: moment, Deleting: moment}
	})}
	s.calls = &watched{cloud: s.Cloud}
	s.server = httptest.NewServer(s.calls)
	return s, errors.Join(s.deploy(ctx, tr.policy), s.prepare(), s.write(tr.files...))
}

func (s *stage) deploy(ctx context.Context, policy string) error {
	text, found := s.page.blocks[policy]
	if !found {
		data, err := os.ReadFile(filepath.Join(modules, policy, "policy.yaml"))
		if err != nil {
			return err
		}
		text = string(data)
	}
	return s.Deploy(ctx, text, nil)
}

// prepare makes a working directory that is initialized, without another copy of the provider.
func (s *stage) prepare() error {
	var err error
	if s.folder, err = os.MkdirTemp("", "autopeer-terraform-"); err != nil {
		return err
	}
	settings := filepath.Join(s.folder, ".terraform")
	return errors.Join(
		os.Mkdir(settings, 0o700),
		os.Symlink(s.terraform.providers, filepath.Join(settings, "providers")),
		os.WriteFile(filepath.Join(s.folder, ".terraform.lock.hcl"), s.terraform.lock, 0o600),
	)
}

func (s *stage) close() {
	s.server.Close()
	s.Close()
	_ = os.RemoveAll(s.folder)
}

// write adds blocks of the page and folders of testdata to the configuration.
func (s *stage) write(files ...string) error {
	for _, name := range files {
		if text, found := s.page.blocks[name]; found {
			if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
				return err
			}
			continue
		}
		if err := os.CopyFS(s.folder, os.DirFS(filepath.Join(modules, name))); err != nil {
			return err
		}
	}
	return nil
}

// edit replaces a text in all files of the configuration.
func (s *stage) edit(from, to string) error {
	files, err := filepath.Glob(filepath.Join(s.folder, "*.tf"))
	if err != nil {
		return err
	}
	found := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if changed := strings.ReplaceAll(string(text), from, to); changed != string(text) {
			found = true
			if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("no file has %q", from)
	}
	return nil
}

// run calls Terraform and returns its output and its exit code.
func (s *stage) run(ctx context.Context, args ...string) (string, int, error) {
	cmd := s.terraform.command(ctx, s.folder, s.server.URL, args...)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		return string(out), exit.ExitCode(), nil
	}
	return string(out), 0, err
}

// called returns an error if no call of Terraform reached the cloud.
func (s *stage) called() error {
	if len(s.calls.made()) == 0 {
		return errors.New("Terraform made no call")
	}
	return nil
}

// made returns the names of the calls, sorted.
func (w *watched) made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.actions))
}
