package pattern_test

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
)

const peeringRequest = `{
	"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "account": "111111111111",
	"region": "us-east-1", "resources": [],
	"detail": {
		"eventName": "CreateVpcPeeringConnection", "sourceIPAddress": "10.0.0.7", "readOnly": false, "sessionIssuer": null,
		"responseElements": {"vpcPeeringConnection": {
			"accepterVpcInfo": {"ownerId": "222222222222"}, "expirationTime": 1623742676000, "tagSet": {},
			"requesterVpcInfo": {"cidrBlockSet": {"items": [{"cidrBlock": "10.1.0.0/16", "state": "old"},
			{"cidrBlock": "10.2.0.0/16", "state": "new"}]}}
		}}
	}
}`

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		pattern string
		event   string
		want    bool
	}{
		{"a request for one accepter matches by its nested owner",
			`{"source":["aws.ec2"],` +
				`"detail":{"responseElements":{"vpcPeeringConnection":{"accepterVpcInfo":{"ownerId":["222222222222"]}}}}}`,
			peeringRequest, true},
		{"a request for another accepter doesn't",
			`{"detail":{"responseElements":{"vpcPeeringConnection":{"accepterVpcInfo":{"ownerId":["333333333333"]}}}}}`,
			peeringRequest, false},
		{"a successful call has no errorCode", `{"detail":{"errorCode":[{"exists":false}]}}`, peeringRequest, true},
		{"a failed call is left out by exists false", `{"detail":{"errorCode":[{"exists":false}]}}`,
			`{"detail":{"errorCode":"Client.DryRunOperation"}}`, false},
		{"every field of the pattern must match", `{"source":["aws.ec2"],"account":["222222222222"]}`, peeringRequest, false},
		{"one value of a list is enough",
			`{"detail":{"eventName":["AcceptVpcPeeringConnection","CreateVpcPeeringConnection"]}}`, peeringRequest, true},
		{"a field that the event lacks doesn't match", `{"detail":{"state":["pending"]}}`, peeringRequest, false},
		{"strings are compared with their case", `{"source":["AWS.EC2"]}`, peeringRequest, false},
		{"a string is not a number", `{"x":["1"]}`, `{"x":1}`, false},
		{"numbers are compared by value (recorded: number_comparison_float)", `{"x":[300]}`, `{"x":300.0}`, true},
		{"numbers in scientific notation too", `{"x":[3.0e2]}`, `{"x":300}`, true},
		{"numbers beyond the range are compared as they are spelled", `{"x":[6000000000]}`, `{"x":6.0e9}`, false},
		{"anything-but a number of another spelling", `{"x":[{"anything-but":[300]}]}`, `{"x":300.0}`, false},
		{"a number equals itself", `{"x":[300]}`, `{"x":300}`, true},
		{"booleans are values", `{"detail":{"readOnly":[false]}}`, peeringRequest, true},
		{"null matches null", `{"detail":{"sessionIssuer":[null]}}`, peeringRequest, true},
		{"null doesn't match an absent field", `{"detail":{"responseElements":[null]}}`, `{"detail":{}}`, false},
		{"the empty string isn't null", `{"x":[""]}`, `{"x":null}`, false},
		{"the empty string matches itself", `{"x":[""]}`, `{"x":""}`, true},

		{"an array of the event matches by any element", `{"resources":["b","c"]}`, `{"resources":["a","b"]}`, true},
		{"arrays without a common element don't match", `{"resources":["c"]}`, `{"resources":["a","b"]}`, false},
		{"an object inside an array matches",
			`{"detail":{"responseElements":{"vpcPeeringConnection":{` +
				`"requesterVpcInfo":{"cidrBlockSet":{"items":{"cidrBlock":["10.2.0.0/16"]}}}}}}}`, peeringRequest, true},
		{"fields of different elements don't make up one",
			`{"detail":{"responseElements":{"vpcPeeringConnection":{` +
				`"requesterVpcInfo":{"cidrBlockSet":{"items":{"cidrBlock":["10.2.0.0/16"],"state":["old"]}}}}}}}`,
			peeringRequest, false},

		{"prefix", `{"time":[{"prefix":"2017-10-02"}]}`, `{"time":"2017-10-02T18:43:48Z"}`, true},
		{"another prefix", `{"time":[{"prefix":"2017-10-02"}]}`, `{"time":"2017-10-03T18:43:48Z"}`, false},
		{"prefix of a number", `{"x":[{"prefix":"1"}]}`, `{"x":12}`, false},
		{"prefix in any case", `{"service":[{"prefix":{"equals-ignore-case":"EventB"}}]}`, `{"service":"eventbridge"}`, true},
		{"prefix in lower case with its case", `{"service":[{"prefix":"EventB"}]}`, `{"service":"eventbridge"}`, false},
		{"suffix", `{"file":[{"suffix":".png"}]}`, `{"file":"a.png"}`, true},
		{"another suffix", `{"file":[{"suffix":".png"}]}`, `{"file":"a.PNG"}`, false},
		{"suffix in any case", `{"file":[{"suffix":{"equals-ignore-case":".png"}}]}`, `{"file":"a.PNG"}`, true},
		{"equals-ignore-case", `{"x":[{"equals-ignore-case":"ALICE"}]}`, `{"x":"alice"}`, true},
		{"equals-ignore-case is about the whole value", `{"x":[{"equals-ignore-case":"ALICE"}]}`, `{"x":"alices"}`, false},

		{"anything-but a value", `{"state":[{"anything-but":"initializing"}]}`, `{"state":"running"}`, true},
		{"anything-but the value itself", `{"state":[{"anything-but":"initializing"}]}`, `{"state":"initializing"}`, false},
		{"anything-but wants the field", `{"state":[{"anything-but":"initializing"}]}`, `{}`, false},
		{"anything-but a list", `{"state":[{"anything-but":["stopped","overloaded"]}]}`, `{"state":"overloaded"}`, false},
		{"anything-but numbers", `{"limit":[{"anything-but":[100,200]}]}`, `{"limit":300}`, true},
		{"anything-but a number of the list", `{"limit":[{"anything-but":[100,200]}]}`, `{"limit":200}`, false},
		{"anything-but a prefix", `{"region":[{"anything-but":{"prefix":"us-"}}]}`, `{"region":"eu-west-1"}`, true},
		{"anything-but prefixes", `{"state":[{"anything-but":{"prefix":["init","stop"]}}]}`, `{"state":"stopped"}`, false},
		{"anything-but a suffix", `{"file":[{"anything-but":{"suffix":".txt"}}]}`, `{"file":"a.txt"}`, false},
		{"anything-but suffixes", `{"file":[{"anything-but":{"suffix":[".txt",".rtf"]}}]}`, `{"file":"a.png"}`, true},
		{"anything-but in any case", `{"state":[{"anything-but":{"equals-ignore-case":["initializing","stopped"]}}]}`,
			`{"state":"STOPPED"}`, false},
		{"anything-but a wildcard", `{"path":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"path":"/usr/lib/x"}`, false},
		{"anything-but wildcards", `{"path":[{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}]}`,
			`{"path":"/usr/share/x"}`, true},

		{"exists true on a leaf", `{"detail":{"eventName":[{"exists":true}]}}`, peeringRequest, true},
		{"exists true on null", `{"x":[{"exists":true}]}`, `{"x":null}`, true},
		{"exists doesn't see intermediate nodes", `{"detail":[{"exists":true}]}`, peeringRequest, false},
		{"exists false where the parent is absent too", `{"detail":{"a":{"b":[{"exists":false}]}}}`, `{"x":1}`, true},
		{"exists false or a value", `{"x":[{"exists":false},"a"]}`, `{"x":"a"}`, true},

		{"wildcard", `{"file":[{"wildcard":"dir/*.png"}]}`, `{"file":"dir/a.png"}`, true},
		{"wildcard elsewhere", `{"file":[{"wildcard":"dir/*.png"}]}`, `{"file":"other/a.png"}`, false},
		{"wildcard matches nothing too", `{"file":[{"wildcard":"dir/*.png"}]}`, `{"file":"dir/.png"}`, true},
		{"wildcards don't share characters", `{"file":[{"wildcard":"ab*ba"}]}`, `{"file":"aba"}`, false},
		{"several wildcards", `{"arn":[{"wildcard":"arn:*:event-bus/*"}]}`,
			`{"arn":"arn:aws:events:us-east-1:1:event-bus/x"}`, true},
		{"escaped asterisk is literal", `{"x":[{"wildcard":"a\\**"}]}`, `{"x":"a*b"}`, true},
		{"escaped asterisk is no wildcard", `{"x":[{"wildcard":"a\\*"}]}`, `{"x":"ab"}`, false},

		{"numeric range", `{"c":[{"numeric":[">",0,"<=",5]}]}`, `{"c":5}`, true},
		{"numeric out of range", `{"c":[{"numeric":[">",0,"<=",5]}]}`, `{"c":0}`, false},
		{"numeric equality is about the value", `{"x":[{"numeric":["=",3.018e2]}]}`, `{"x":301.8}`, true},
		{"numeric less", `{"d":[{"numeric":["<",10]}]}`, `{"d":10}`, false},
		{"numeric greater or equal", `{"d":[{"numeric":[">=",10]}]}`, `{"d":10}`, true},
		{"numeric isn't about strings", `{"d":[{"numeric":["<",10]}]}`, `{"d":"5"}`, false},

		{"cidr holds the address", `{"detail":{"sourceIPAddress":[{"cidr":"10.0.0.0/24"}]}}`, peeringRequest, true},
		{"cidr holds another address", `{"ip":[{"cidr":"10.0.0.0/24"}]}`, `{"ip":"10.0.1.1"}`, false},
		{"cidr knows IPv6", `{"ip":[{"cidr":"2001:db8::/32"}]}`, `{"ip":"2001:db8::1"}`, true},
		{"cidr and a value that is no address", `{"ip":[{"cidr":"10.0.0.0/24"}]}`, `{"ip":"console.amazonaws.com"}`, false},

		{"$or takes the second alternative", `{"detail":{"$or":[{"eventName":["X"]},{"readOnly":[false]}]}}`,
			peeringRequest, true},
		{"$or without a matching alternative", `{"detail":{"$or":[{"eventName":["X"]},{"readOnly":[true]}]}}`,
			peeringRequest, false},
		{"$or and the fields beside it", `{"source":["aws.s3"],"$or":[{"region":["us-east-1"]},{"region":["eu-west-1"]}]}`,
			peeringRequest, false},
		{"a field may be called $or", `{"$or":["a"]}`, `{"$or":"a"}`, true},
		{"of a field given twice the last counts", `{"x":["a"],"x":["b"]}`, `{"x":"a"}`, false},
		{"an event that is no object matches nothing", `{"x":[{"exists":false}]}`, `[]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := pattern.Parse([]byte(tt.pattern))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match([]byte(tt.event)); got != tt.want {
				t.Errorf("Match() = %v, want %v\npattern %s\nevent %s", got, tt.want, tt.pattern, tt.event)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	manyChoices := `{` + strings.TrimSuffix(strings.Repeat(`"x":{"$or":[{"a":["1"]},{"b":["1"]}],`, 10), ",") +
		strings.Repeat("}", 11)
	tests := []struct{ name, pattern, want string }{
		{"not JSON", `{`, "unexpected EOF"},
		{"not an object", `["a"]`, "cannot unmarshal"},
		{"null", `null`, "not null"},
		{"text after the pattern", `{"a":["b"]} x`, "unexpected text"},
		{"an empty pattern", `{}`, "empty objects"},
		{"an empty object", `{"detail":{}}`, "detail: empty objects"},
		{"an empty array", `{"detail":{"state":[]}}`, "detail.state: empty arrays"},
		{"a bare value", `{"detail":{"state":"x"}}`, "detail.state: must be an object or an array"},
		{"an array inside an array", `{"a":[["b"]]}`, "a: an array can't be inside"},
		{"an unknown operator", `{"detail":{"state":[{"prefx":"a"}]}}`, `detail.state: "prefx" is not an operator`},
		{"two operators in one object", `{"a":[{"prefix":"a","suffix":"b"}]}`,
			"a: an operator is an object with exactly one key"},
		{"a prefix that is a number", `{"a":[{"prefix":1}]}`, "a: prefix must be a string"},
		{"a prefix with another operator", `{"a":[{"prefix":{"suffix":"x"}}]}`,
			"a: prefix must be a string or equals-ignore-case"},
		{"equals-ignore-case of equals-ignore-case", `{"a":[{"equals-ignore-case":{"equals-ignore-case":"x"}}]}`,
			"must be a string"},
		{"exists with a string", `{"a":[{"exists":"true"}]}`, "a: exists must be true or false"},
		{"a complex wildcard (recorded: content_wildcard_complex)",
			`{"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}`, "rule is too complex"},
		{"complex wildcards together", `{"a":[{"wildcard":"*a*a*a"},{"anything-but":{"wildcard":["b*a*a*a","*a*ab*"]}}]}`,
			"rule is too complex"},
		{"a malformed block", `{"a":[{"cidr":"10.0.0.0"}]}`, "a: cidr must be an address block"},
		{"a mixed anything-but", `{"a":[{"anything-but":["x",1]}]}`, "a: anything-but must be"},
		{"an empty anything-but", `{"a":[{"anything-but":[]}]}`, "a: anything-but must be"},
		{"anything-but with numeric", `{"a":[{"anything-but":{"numeric":["<",1]}}]}`, `can't be combined with "numeric"`},
		{"anything-but with an empty list of prefixes", `{"a":[{"anything-but":{"prefix":[]}}]}`,
			"must not be an empty list"},
		{"anything-but with a number for a suffix", `{"a":[{"anything-but":{"suffix":[1]}}]}`, "suffix must be a string"},
		{"consecutive wildcards", `{"a":[{"wildcard":"a**"}]}`, "consecutive"},
		{"an unknown escape", `{"a":[{"wildcard":"a\\b"}]}`, "can only escape"},
		{"a backslash at the end", `{"a":[{"wildcard":"a\\"}]}`, "can only escape"},
		{"numeric without a number", `{"a":[{"numeric":["<"]}]}`, "one or two comparisons"},
		{"numeric with an unknown comparison", `{"a":[{"numeric":["!=",1]}]}`, "one of = <"},
		{"numeric with a string", `{"a":[{"numeric":["<","1"]}]}`, "bound must be a number"},
		{"numeric beyond its bounds", `{"a":[{"numeric":["<",5000000001]}]}`, "5.0e9"},
		{"a range the wrong way round", `{"a":[{"numeric":["<",1,">",0]}]}`, "range must go"},
		{"a mistake inside $or", `{"$or":[{"a":["b"]},{"c":"d"}]}`, "$or.c: must be an object or an array"},
		{"too many combinations", manyChoices, "1000 rule combinations"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := pattern.Parse([]byte(tt.pattern))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%s) = %v, want an error with %q", tt.pattern, err, tt.want)
			}
		})
	}
}

// TestWildcardsThatAreNotTooComplex has LocalStack's validated templates content_wildcard_repeating and
// content_wildcard_nonrepeating, and patterns at the limit.
func TestWildcardsThatAreNotTooComplex(t *testing.T) {
	t.Parallel()
	for _, wildcard := range []string{"/Users/*/dir/dir/dir/dir/dir/doc.txt", "/Users/*/doc.txt", "*:*:*:*:event-bus/*",
		"aaaaaaaaaaaaaaa*", "*aaaaaaaaa"} {
		if _, err := pattern.Parse([]byte(`{"a":[{"wildcard":"` + wildcard + `"}]}`)); err != nil {
			t.Error(err)
		}
	}
	if _, err := pattern.Parse([]byte(`{"a":[{"wildcard":"*aaaaaaaaaa"}]}`)); err == nil {
		t.Error("a pattern beyond the limit is accepted")
	}
}

// FuzzMatch looks for panics, and for patterns that match and don't match the same event.
func FuzzMatch(f *testing.F) {
	f.Add(`{"detail":{"eventName":[{"prefix":"Create"},{"anything-but":["a"]}]}}`, peeringRequest)
	f.Add(`{"$or":[{"a":[{"numeric":[">",0,"<",5]}]},{"b":[{"wildcard":"*x*"}]}]}`, `{"a":3,"b":["x"]}`)
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			return
		}
		if first, second := p.Match([]byte(event)), p.Match([]byte(event)); first != second {
			t.Errorf("Match(%s) of %s = %v, then %v", event, text, first, second)
		}
	})
}
