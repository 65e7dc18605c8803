package terraform

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// page is the content of docs/terraform.md that is tried.
type page struct {
	blocks map[string]string // by the name in the comment above the fence
	rows   []row             // of the table of modules
}

// row is one row of the page's table, in Markdown.
type row struct{ module, setting, works string }

// block matches a fenced block under a comment with its name.
var block = regexp.MustCompile("(?s)<!-- ([a-z0-9-]+\\.[a-z]+) -->\n```[a-z]+\n(.*?)```\n")

// tableHead is the first line of the table of modules.
const tableHead = "| configuration | setting | result |\n"

func parsePage(text string) (page, error) {
	p := page{blocks: map[string]string{}}
	for _, found := range block.FindAllStringSubmatch(text, -1) {
		if _, twice := p.blocks[found[1]]; twice {
			return p, fmt.Errorf("two blocks have the name %s", found[1])
		}
		p.blocks[found[1]] = found[2]
	}
	if hcl := strings.Count(text, "```hcl\n"); hcl == 0 || hcl != p.count(".tf") {
		return p, fmt.Errorf("the page has %d blocks in HCL, and %d of them have a name", hcl, p.count(".tf"))
	}
	_, table, found := strings.Cut(text, tableHead)
	if !found {
		return p, errors.New("the page has no table of modules")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 3 {
			return p, fmt.Errorf("a row of the table has %d cells: %s", len(cells), line)
		}
		p.rows = append(p.rows, row{cells[0], cells[1], cells[2]})
	}
	return p, nil
}

func (p page) count(ending string) int {
	n := 0
	for name := range p.blocks {
		if strings.HasSuffix(name, ending) {
			n++
		}
	}
	return n
}
