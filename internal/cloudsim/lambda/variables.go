package lambda

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	standardMemory = 128
	layerRoot      = "/opt"
)

// reserved are the variables that Lambda sets and a function's own may not:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
// The endpoint is among them here, for a template that names AWS's own would leave the embedded cloud.
func (c Config) reserved(runtimeAPI string, who Credentials) map[string]string {
	all := map[string]string{
		"AWS_ACCESS_KEY_ID": who.AccessKeyID, "AWS_SECRET_ACCESS_KEY": who.SecretAccessKey,
		"AWS_SESSION_TOKEN": who.SessionToken,
		"AWS_REGION":        c.Region, "AWS_DEFAULT_REGION": c.Region, "AWS_ENDPOINT_URL": c.Endpoint,
		"AWS_LAMBDA_RUNTIME_API": runtimeAPI, "LAMBDA_TASK_ROOT": c.Code, "_HANDLER": "bootstrap",
		"AWS_LAMBDA_FUNCTION_NAME": c.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(cmp.Or(c.MemorySize, standardMemory)),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + c.Name,
		"AWS_LAMBDA_LOG_FORMAT":           "Text",
	}
	if c.JSONLogs {
		all["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
	}
	return all
}

// checkEnvironment makes Lambda's own refusal.
func (c Config) checkEnvironment() error {
	reserved := c.reserved("", Credentials{})
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		if _, taken := reserved[name]; taken {
			return fmt.Errorf("environment variable %s is reserved", name)
		}
	}
	return nil
}

// Variables returns the environment variables that a new process of the function gets, with credentials of its own.
// Another implementation of Lambda's runtime, which adds the address of its Runtime API, runs the function with them.
func (f *Function) Variables() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]string{}
	for _, v := range f.variables("", f.config.credentials()) {
		name, value, _ := strings.Cut(v, "=")
		all[name] = value
	}
	delete(all, "AWS_LAMBDA_RUNTIME_API")
	return all
}

// variables returns a process's whole environment: nothing of this process's own, which may have real credentials in
// it.
func (f *Function) variables(runtimeAPI string, who Credentials) []string {
	all := map[string]string{"LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": ":UTC"}
	for name, value := range f.config.Environment {
		all[name] = f.local(value)
	}
	maps.Copy(all, f.config.reserved(runtimeAPI, who))
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

func (c Config) credentials() Credentials {
	if c.Credentials == nil {
		return Credentials{}
	}
	return c.Credentials()
}

// local makes a path below /opt one below the folder with the layers: a process without a root of its own
// can't be given a file at /opt.
func (f *Function) local(value string) string {
	if rest, below := strings.CutPrefix(value, layerRoot+"/"); below && f.opt != "" {
		return filepath.Join(f.opt, rest)
	}
	return value
}
