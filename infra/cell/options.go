package cell

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Options are the operator's choices, the same for all cells: the context in cdk.json, or -c of the CDK's
// command line.
type Options struct {
	Prefix              string // of every name, and the name of the event bus
	LogRetentionDays    int
	AlarmEmail          string // subscribed to alarms; empty: no subscription
	AlarmTopic          string // the name of an SNS topic that every cell has; empty: each stack makes its own
	Organization        string // lets the whole organization send events; empty: the counterparts' accounts
	Trail               bool   // make the CloudTrail trail without which there are no events
	ReservedConcurrency int    // of each function; 0 reserves nothing
	PermissionsBoundary string // the name of a managed policy that every account has
	SweepInterval       time.Duration
}

// option reads one key of the context. Values from the command line are strings, from cdk.json also
// numbers and booleans.
type option struct {
	fallback, want string
	form           interface{ MatchString(s string) bool }
	set            func(*Options, string)
}

// prefixForm is the form of the prefix. Every account has an event bus named default. CloudTrail refuses a trail's
// name with two dashes in a row. The longest rule names contain an account and a Region, and EventBridge allows 64
// characters: a longer Region than today's is compared with the quota.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
type prefixForm struct{}

var prefixWords = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// MatchString reports whether s can be a prefix.
func (prefixForm) MatchString(s string) bool {
	return len(s) <= 14 && s != string(wiring.DefaultBus) && prefixWords.MatchString(s)
}

var options = map[string]option{
	"prefix": {wiring.DefaultPrefix, "1 to 14 of a-z, 0-9 and single dashes between them, a letter first, and not default",
		prefixForm{},
		func(o *Options, s string) { o.Prefix = s }},
	"logRetentionDays": {"90", "a number of days that CloudWatch Logs supports, such as 30, 90 or 365",
		regexp.MustCompile(`^(1|3|5|7|14|30|60|90|120|150|180|365|400|545|731|1096|1827|2192|2557|2922|3288|3653)$`),
		func(o *Options, s string) { o.LogRetentionDays = number(s) }},
	"alarmEmail": {"", "an e-mail address", regexp.MustCompile(`^([^@\s]+@[^@\s]+)?$`),
		func(o *Options, s string) { o.AlarmEmail = s }},
	"alarmTopic": {"", "the name of an SNS topic, not its ARN", regexp.MustCompile(`^[A-Za-z0-9_-]{0,256}$`),
		func(o *Options, s string) { o.AlarmTopic = s }},
	"organization": {"", "an organization's id, o-…", regexp.MustCompile(`^(o-[a-z0-9]{10,32})?$`),
		func(o *Options, s string) { o.Organization = s }},
	"trail": {"false", "true or false", regexp.MustCompile(`^(true|false)$`),
		func(o *Options, s string) { o.Trail = s == "true" }},
	// The event source mapping needs as many environments as it may use.
	"reservedConcurrency": {"0", fmt.Sprintf("0 for none, or %d to 999; Lambda keeps %d of an account's quota unreserved",
		wiring.MaxConcurrency, unreserved), regexp.MustCompile(`^(0|[2-9]|[1-9][0-9]{1,2})$`),
		func(o *Options, s string) { o.ReservedConcurrency = number(s) }},
	"permissionsBoundary": {"", "the name of a managed policy, not its ARN",
		regexp.MustCompile(`^[A-Za-z0-9+=,.@_/-]{0,512}$`),
		func(o *Options, s string) { o.PermissionsBoundary = s }},
	// The second look at a sweep's findings follows after five minutes, so a shorter interval would find nothing more.
	"sweepMinutes": {fmt.Sprint(wiring.DefaultSweepInterval.Minutes()), "a whole number of minutes, 5 to 1440",
		regexp.MustCompile(`^([5-9]|[1-9][0-9]{1,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)$`),
		func(o *Options, s string) { o.SweepInterval = time.Duration(number(s)) * time.Minute }},
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // the form permits only digits
	return n
}

// IsOption reports whether the context has a meaning for the key.
func IsOption(key string) bool {
	_, known := options[key]
	return known
}

// OptionNames returns the keys of the context that have a meaning, sorted.
func OptionNames() []string { return slices.Sorted(maps.Keys(options)) }

// ParseOptions reads the options from the context. get returns nil for a missing key. The error lists all invalid
// options.
func ParseOptions(get func(key string) any) (Options, error) {
	var o Options
	var faults []string
	for key, opt := range options {
		value := opt.fallback
		if v := get(key); v != nil {
			value = fmt.Sprint(v)
		}
		if !opt.form.MatchString(value) {
			faults = append(faults, fmt.Sprintf("context %s is %q; it must be %s", key, value, opt.want))
			continue
		}
		opt.set(&o, value)
	}
	if o.AlarmEmail != "" && o.AlarmTopic != "" {
		faults = append(faults,
			"context has alarmEmail and alarmTopic; an existing topic has its own subscribers, so give one of them")
	}
	return o, joined(faults)
}

func joined(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return errors.New(strings.Join(faults, "\n"))
}
