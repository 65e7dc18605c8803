package patterns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// askRuler runs AskRuler.java with the jars, and returns the answers in the order of the cases.
func askRuler(ctx context.Context, jars string, cases []Case) ([]Answer, error) {
	var questions, announced bytes.Buffer
	for _, c := range cases {
		line, err := json.Marshal(map[string]string{"pattern": c.Pattern, "event": c.Event})
		if err != nil {
			return nil, err
		}
		questions.Write(append(line, '\n'))
	}
	java := exec.CommandContext(ctx, "java", "-cp", jars+"/*", "internal/proof/conformance/patterns/AskRuler.java")
	java.Stdin, java.Stderr = &questions, &announced
	out, err := java.Output()
	if err != nil {
		return nil, fmt.Errorf("run AskRuler.java: %w\n%s", err, announced.String())
	}
	fields := strings.Fields(string(out))
	if len(fields) != len(cases) {
		return nil, fmt.Errorf("it has %d answers to %d questions", len(fields), len(cases))
	}
	answers := make([]Answer, len(fields))
	for i, field := range fields {
		answers[i] = Answer(field)
	}
	return answers, nil
}
