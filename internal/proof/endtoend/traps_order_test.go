package endtoend_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// backwards reverses all lists in EC2's answers to autopeer. AWS promises no order.
func backwards(t *sandboxtest.T) (remove func()) {
	return t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
		if !strings.HasPrefix(c.Action, "Describe") || !strings.Contains(c.ARN, ":assumed-role/autopeer-") {
			return nil
		}
		form := url.Values{}
		for name, value := range c.Params {
			form.Set(name, value)
		}
		r := httptest.NewRequestWithContext(apicall.With(t.Ctx, &c), http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		t.Cloud.EC2.ServeHTTP(answer, r)
		return &cloudsim.Failure{Answer: reversed(t, answer.Body.Bytes())}
	})
}

type element struct {
	XMLName  xml.Name
	Inner    string    `xml:",innerxml"`
	Children []element `xml:",any"`
}

// reversed turns round the sets of an answer.
func reversed(t *sandboxtest.T, answer []byte) string {
	var root element
	if err := xml.Unmarshal(answer, &root); err != nil {
		t.Errorf("read %q: %v", answer, err)
	}
	var inner string
	for _, set := range root.Children {
		if len(set.Children) > 1 {
			slices.Reverse(set.Children)
			set.Inner = ""
			for _, item := range set.Children {
				set.Inner += item.text()
			}
		}
		inner += set.text()
	}
	root.Inner = inner
	return root.text()
}

func (e element) text() string {
	return "<" + e.XMLName.Local + ">" + e.Inner + "</" + e.XMLName.Local + ">"
}
