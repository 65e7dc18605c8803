package cdkjson_test

import (
	"testing"

	"github.com/autopeer/autopeer/infra/cdkjson"
)

func TestNodeWarning(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v18.19.1\n": "Node.js 18 is end of life; install 22 or 24",
		"v20.20.2\n": "Node.js 20 is end of life; install 22 or 24",
		"v22.0.0\n":  "",
		"v24.1.0\n":  "",
		"v100.0.0\n": "",
		"":           "",
		"unknown":    "",
	} {
		if got := cdkjson.NodeWarning(version); got != want {
			t.Errorf("NodeWarning(%q) = %q, want %q", version, got, want)
		}
	}
}
