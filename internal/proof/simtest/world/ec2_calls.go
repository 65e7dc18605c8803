package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

// api makes the EC2 calls of people.
type api struct {
	ctx    context.Context // of the test
	cloud  http.RoundTripper
	report *report.Report
}

// ask makes one EC2 call with the cell's account. It does without the SDK, because people need no retries and
// thousands of runs need the time. Params are names and values by turns.
func (a *api) ask(cell peering.Cell, action string, params ...string) (answer string, err error) {
	form := url.Values{"Action": {action}, "Version": {"2016-11-15"}}
	for pair := range slices.Chunk(params, 2) {
		form.Set(pair[0], pair[1])
	}
	host := "https://ec2." + string(cell.Region) + ".amazonaws.com/"
	request, err := http.NewRequestWithContext(a.ctx, http.MethodPost, host, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("%s: %w", action, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization",
		fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20000101/%s/ec2/aws4_request, SignedHeaders=host, Signature=any",
			cell.Account, cell.Region))
	response, err := a.cloud.RoundTrip(request)
	if err != nil {
		return "", fmt.Errorf("%s: %w", action, err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", fmt.Errorf("%s: %w", action, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", refusal(element(string(body), "Code"))
	}
	return string(body), nil
}

// refusal is the error code of a call that EC2 has refused. Calls of people may be.
type refusal string

func (r refusal) Error() string { return string(r) }

// element returns the text of the first XML element of that name.
func element(body, name string) string {
	_, rest, found := strings.Cut(body, "<"+name+">")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "</"+name+">")
	return value
}

// must makes a call that EC2 can't refuse. If it does, the run has failed.
func (a *api) must(cell peering.Cell, action string, params ...string) string {
	answer, err := a.ask(cell, action, params...)
	if err != nil {
		a.report.Fail(nil, "build the world: %s: %v", action, err)
	}
	return answer
}

// tagged returns the parameters of CreateTags. Pairs are keys and values by turns.
func tagged(id string, pairs ...string) []string {
	params := []string{"ResourceId.1", id}
	n := 0
	for pair := range slices.Chunk(pairs, 2) {
		n++
		params = append(params, "Tag."+strconv.Itoa(n)+".Key", pair[0], "Tag."+strconv.Itoa(n)+".Value", pair[1])
	}
	return params
}

// act makes a call that may be refused.
func (a *api) act(cell peering.Cell, action string, params ...string) {
	_, _ = a.ask(cell, action, params...) // the ledger follows the record, and a refusal changes nothing
}
