package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// TestUsageErrors: the error for wrong arguments and flags is one line with a fix.
func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"check a b":        "check takes at most one file; see autopeer check --help",
		"diff policy.yaml": "diff needs two files, OLD and NEW; see autopeer diff --help",
		"test":             "test needs one file; see autopeer test --help",
		"demo a":           "demo takes no arguments; name a scenario with --scenario; see autopeer demo --help",
		"local a":          "local takes no arguments; name a policy with --policy; see autopeer local --help",
		"version a":        "version takes no arguments; see autopeer version --help",
		"explain marketing finance": "explain takes no arguments; write --from marketing --to finance; " +
			"see autopeer explain --help",
		"explain --from marketing":      "--to is missing; name the accepter",
		"explain --to marketing":        "--from is missing; name the requester",
		"explain --to":                  "--to has no value; see autopeer explain --help",
		"nosuch":                        "unknown command \"nosuch\"; see autopeer --help",
		"chekc a":                       "unknown command \"chekc\"; did you mean check?",
		"--nosuch":                      "unknown flag --nosuch; see autopeer --help",
		"check --nosuch":                "unknown flag --nosuch; see autopeer check --help",
		"check -x":                      "unknown flag -x; see autopeer check --help",
		"check --strict=x":              `invalid strict "x"; want true or false`,
		"local --port x":                `invalid port "x"; want 0 to 65535`,
		"local --port 99999":            `invalid port "99999"; want 0 to 65535`,
		"test --output xml policy.yaml": `unknown output "xml": want text or json`,
	} {
		stdout, stderr, code := run(t, strings.Fields(args)...)
		if code != 1 || stdout+stderr != "autopeer: "+want+"\n" {
			t.Errorf("autopeer %s: exit %d\n%s%swant\n%s", args, code, stdout, stderr, want)
		}
	}
}

// TestHelpWithoutArguments: the command alone prints its help.
func TestHelpWithoutArguments(t *testing.T) {
	t.Parallel()
	if stdout, _, code := run(t); code != 0 || !strings.Contains(stdout, "Available Commands:") {
		t.Errorf("autopeer: exit %d\n%s", code, stdout)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	port := listener.Addr().(*net.TCPAddr).Port
	_, again := (&net.ListenConfig{}).Listen(t.Context(), "tcp", listener.Addr().String())
	want := fmt.Sprintf("port %d is in use; choose another with --port, or with PORT= of make", port)
	if err := portError(port, again); err == nil || err.Error() != want {
		t.Errorf("portError() = %v, want %s", err, want)
	}
}
