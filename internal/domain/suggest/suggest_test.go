package suggest_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/suggest"
)

func TestFix(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text       string
		candidates []string
		want       string
	}{
		{"markting", []string{"marketing", "finance"}, "did you mean marketing?"},
		{"Finance", []string{"marketing", "finance"}, "did you mean finance?"},
		{"us-est-1", []string{"us-east-1", "us-west-1", "eu-north-1"}, "did you mean us-east-1 or us-west-1?"},
		{"hr", []string{"marketing", "finance"}, "it can be marketing or finance"},
		{"sales", []string{"marketing"}, "it can only be marketing"},
		{"x", []string{"y", "z"}, "it can be y or z"}, // one error makes any other letter of it
	} {
		if got := suggest.Fix(tt.text, tt.candidates); got != tt.want {
			t.Errorf("Fix(%s) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	many := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"}
	for _, tt := range []struct {
		items    []string
		all, any string
	}{
		{nil, "", ""},
		{many[:1], "1", "1"},
		{many[:3], "1, 2 and 3", "1, 2 or 3"},
		{many, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 others", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 or 2 others"},
	} {
		if got := suggest.List(tt.items); got != tt.all {
			t.Errorf("List(%q) = %q, want %q", tt.items, got, tt.all)
		}
		if got := suggest.Alternatives(tt.items); got != tt.any {
			t.Errorf("Alternatives(%q) = %q, want %q", tt.items, got, tt.any)
		}
	}
}
