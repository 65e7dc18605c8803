package terraform

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Terraform is an installed Terraform with AWS's provider.
type Terraform struct {
	folder    string // a working directory that is initialized
	providers string // its folder of providers
	lock      []byte // its dependency lock file
}

// mirrors are the places of filesystem mirrors: Terraform's own, and those of software that isn't a part of the system.
var mirrors = []string{
	"/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/*", "/opt/terraform/*",
}

const (
	providerHost = "registry.terraform.io"
	provider     = "hashicorp/aws"
)

// initializing is the longest time of `terraform init`. Without a network it may try for minutes.
const initializing = 90 * time.Second

// Find initializes a working directory with AWS's provider, from a filesystem mirror if there is one, and otherwise as
// Terraform is configured. The reason is not empty if Terraform or the provider is missing. Close removes the
// directory.
func Find(ctx context.Context) (t *Terraform, reason string, err error) {
	if _, err := exec.LookPath("terraform"); err != nil {
		return nil, "because the program terraform is missing", nil
	}
	folder, err := os.MkdirTemp("", "autopeer-terraform-")
	if err != nil {
		return nil, "", err
	}
	t = &Terraform{folder: folder, providers: filepath.Join(folder, ".terraform", "providers")}
	versions := "terraform {\n  required_providers {\n    aws = { source = \"" + provider + "\" }\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(folder, "versions.tf"), []byte(versions), 0o600); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, initializing)
	defer cancel()
	args := []string{"init", "-no-color"}
	if m := mirror(); m != "" {
		args = append(args, "-plugin-dir="+m)
	}
	if out, err := t.command(ctx, folder, "", args...).CombinedOutput(); err != nil {
		t.Close()
		return nil, "because AWS's provider is missing: " + lastLine(out), nil
	}
	t.lock, err = os.ReadFile(filepath.Join(folder, ".terraform.lock.hcl"))
	return t, "", err
}

// Close removes the working directory.
func (t *Terraform) Close() { _ = os.RemoveAll(t.folder) }

// mirror returns a filesystem mirror with the provider, and "" if there is none.
func mirror() string {
	places := mirrors
	if home, err := os.UserHomeDir(); err == nil {
		places = append([]string{filepath.Join(home, ".terraform.d", "plugins")}, places...)
	}
	for _, place := range places {
		found, _ := filepath.Glob(filepath.Join(place, providerHost, provider, "*")) // fails only for a bad pattern
		if len(found) > 0 {
			return strings.TrimSuffix(filepath.Dir(found[0]), filepath.Join("/", providerHost, provider))
		}
	}
	return ""
}

// command is a call of Terraform in a folder. The endpoint of AWS is an option of the environment, as for the AWS CLI.
func (t *Terraform) command(ctx context.Context, folder, endpoint string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "terraform", args...)
	cmd.Dir, cmd.Env = folder, environment(endpoint)
	return cmd
}

// environment has nothing of the machine's own configuration of AWS.
func environment(endpoint string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color", "CHECKPOINT_DISABLE=1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	if file := os.Getenv("TF_CLI_CONFIG_FILE"); file != "" {
		if _, err := os.Stat(file); err == nil {
			env = append(env, "TF_CLI_CONFIG_FILE="+file)
		}
	}
	if endpoint != "" {
		env = append(env, "AWS_ENDPOINT_URL="+endpoint)
	}
	return env
}

// lastLine returns the last line of Terraform's output that has words, without its frame.
func lastLine(out []byte) string {
	lines := strings.FieldsFunc(string(bytes.TrimSpace(out)), func(r rune) bool { return r == '\n' })
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.Trim(lines[i], "│╷╵ "); line != "" {
			return line
		}
	}
	return fmt.Sprintf("%d bytes of output", len(out))
}
