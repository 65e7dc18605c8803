package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// outputs has the writer of each format. Text goes to stderr unless the file is valid; the other formats go to stdout.
var outputs = map[string]func(stdout, stderr io.Writer, c checked) error{
	"text": reportText, "json": reportJSON, "sarif": reportSARIF, "github": reportGitHub,
}

func reportText(stdout, stderr io.Writer, c checked) error {
	for _, f := range c.findings {
		fmt.Fprintln(stderr, f)
	}
	if c.mistakes() > 0 {
		stdout = stderr
	}
	_, err := fmt.Fprintln(stdout, c.summary())
	return err
}

// severity returns the level of SARIF and the workflow command of GitHub, which have the same names.
func (f finding) severity() string {
	if f.isWarning {
		return "warning"
	}
	return "error"
}

type jsonReport struct {
	File     string        `json:"file"`
	Valid    bool          `json:"valid"`
	Mistakes int           `json:"mistakes"`
	Warnings int           `json:"warnings"`
	Findings []jsonFinding `json:"findings"`
}

type jsonFinding struct {
	Severity string          `json:"severity"` // error or warning
	Code     policyfile.Code `json:"code"`
	Line     int             `json:"line"`
	Column   int             `json:"column"`
	Problem  string          `json:"problem"`
	Fix      string          `json:"fix"`
}

func reportJSON(stdout, _ io.Writer, c checked) error {
	report := jsonReport{c.file, c.mistakes() == 0, c.mistakes(), c.warnings(), []jsonFinding{}}
	for _, f := range c.findings {
		report.Findings = append(report.Findings, jsonFinding{f.severity(), f.Code, f.Line, f.Column, f.Problem, f.Fix})
	}
	return writeJSON(stdout, report)
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// reportGitHub writes workflow commands, which GitHub shows beside the lines of a pull request, and the summary.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func reportGitHub(stdout, _ io.Writer, c checked) error {
	for _, f := range c.findings {
		fmt.Fprintf(stdout, "::%s file=%s,line=%d,col=%d,title=%s::%s\n",
			f.severity(), githubProperty(filepath.ToSlash(f.File)),
			f.Line, f.Column, githubProperty("autopeer "+string(f.Code)), githubData(f.Problem+"; "+f.Fix))
	}
	// the prefix keeps a file name from being read as a command
	_, err := fmt.Fprintln(stdout, "autopeer: "+githubData(c.summary()))
	return err
}

// githubData escapes the message of a workflow command.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// githubProperty escapes the value of a property of a workflow command, which ends at a colon or a comma.
func githubProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubData(s))
}

// The parts of SARIF that the report has.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               policyfile.Code    `json:"id"`
		ShortDescription sarifText          `json:"shortDescription"`
		Configuration    sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    policyfile.Code `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysicalLocation `json:"physicalLocation"`
	}
	sarifPhysicalLocation struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

func reportSARIF(stdout, _ io.Writer, c checked) error {
	kinds := policyfile.Kinds()
	driver := sarifDriver{Name: "autopeer"}
	for _, k := range kinds {
		level := finding{isWarning: k.IsWarning}.severity()
		driver.Rules = append(driver.Rules, sarifRule{k.Code, sarifText{k.Description}, sarifConfiguration{level}})
	}
	// The YAML parser counts characters, not bytes.
	run := sarifRun{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	for _, f := range c.findings {
		rule := slices.IndexFunc(kinds, func(k policyfile.Kind) bool { return k.Code == f.Code })
		place := sarifPhysicalLocation{sarifArtifact{fileURI(f.File)}, sarifRegion{f.Line, f.Column}}
		run.Results = append(run.Results, sarifResult{
			f.Code, rule, f.severity(), sarifText{f.Problem + "; " + f.Fix}, []sarifLocation{{place}},
		})
	}
	const schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	return writeJSON(stdout, sarifLog{schema, "2.1.0", []sarifRun{run}})
}

// fileURI returns the reference to a file: relative names stay relative, to the folder of the repository in code
// scanning.
func fileURI(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
