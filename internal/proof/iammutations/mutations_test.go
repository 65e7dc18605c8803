package iammutations_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/iammutations"
)

var all = flag.Bool("all", false, "try all mutations, which takes a minute, and not only some")

// some is which of the mutations are tried without -all: every twentieth.
const some = 20

// result has the last lines of the output.
var result string

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the functions log all that a mutation keeps them from
	code := m.Run()
	if result != "" {
		fmt.Print(result)
	}
	os.Exit(code)
}

// survivors are the permissions that no scenario misses, each for a reason that docs/security.md gives.
var survivors = []string{
	"autopeer-accept-eu-west-1: RejectWhatNoPeeringNames without ec2:AccepterVpc",
	"autopeer-accept-us-east-1: RejectWhatNoPeeringNames without ec2:AccepterVpc",
	"autopeer-forward-eu-west-1: TakeOn without aws:SourceAccount",
	"autopeer-forward-us-east-1: TakeOn without aws:SourceAccount",
	"events event-bus/autopeer of 111111111111: autopeer-CallsThatCounterpartsForward without events:detail-type",
	"events event-bus/autopeer of 222222222222: autopeer-CallsThatCounterpartsForward without events:detail-type",
}

// play runs autopeer with the stacks, in a bubble of its own, and returns the first thing that was noticed. The stacks
// are those of a policy in report mode, or not. Change, if not nil, changes EC2's options.
func play(t *testing.T, stacks []cfn.Source, reports bool, change func(*ec2.Options)) (first noticed) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := build(t.Context(), reports, change)
		defer c.Close()
		defer func() {
			r := recover()
			var isNotice bool
			if first, isNotice = r.(noticed); r != nil && !isNotice {
				panic(r)
			}
		}()
		c.deploy(stacks)
		if reports {
			c.workInReportMode()
		} else {
			c.work()
		}
		c.attack()
	})
	return first
}

func TestAsSynthesizedNothingIsMissed(t *testing.T) {
	for _, reports := range []bool{false, true} {
		stacks := synthesize(t, reports)
		for _, callRegion := range []bool{false, true} {
			if first := play(t, stacks, reports, func(o *ec2.Options) {
				o.Switches.CallRegionInVPCKeys = callRegion
			}); first != "" {
				t.Errorf("in report mode %v, with the call's Region in the keys of VPCs %v: %s", reports, callRegion, first)
			}
		}
	}
}

// TestInReportModeRolesOnlyRead looks at every statement of the functions' roles: a mutation can't show that one is
// missing.
func TestInReportModeRolesOnlyRead(t *testing.T) {
	actions := regexp.MustCompile(`"ec2:[A-Za-z*]+"`)
	for _, stack := range synthesize(t, true) {
		found := actions.FindAllString(string(stack.Template), -1)
		if changes := slices.DeleteFunc(found, func(action string) bool {
			return strings.HasPrefix(action, `"ec2:Describe`) || action == `"ec2:GetManagedPrefixListEntries"`
		}); len(changes) > 0 {
			t.Errorf("%s allows %v", stack.Name, changes)
		}
	}
}

func TestEveryPermissionIsMissed(t *testing.T) {
	everyIsMissed(t, false, survivors)
}

// TestEveryPermissionIsMissedInReportMode mutates the roles of the functions: the rest of the stacks is that of the
// mode enforce.
func TestEveryPermissionIsMissedInReportMode(t *testing.T) {
	everyIsMissed(t, true, nil)
}

// ofFunction matches the mutations of the functions' roles.
var ofFunction = regexp.MustCompile(`^autopeer-(accept|connect|disconnect|sweep)-`)

func everyIsMissed(t *testing.T, reports bool, survivors []string) {
	stacks := synthesize(t, reports)
	var mu sync.Mutex
	var unnoticed []string
	count := 0
	t.Run("without", func(t *testing.T) {
		for at, stack := range stacks {
			if strings.Contains(stack.Name, string(three.Account)) {
				continue
			}
			mutations, err := iammutations.Of(stack.Template)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range mutations {
				if !*all && i%some != 0 || reports && !ofFunction.MatchString(m.Name) {
					continue
				}
				count++
				t.Run(m.Name, func(t *testing.T) {
					t.Parallel()
					changed := slices.Clone(stacks)
					changed[at].Template = m.Template
					first := play(t, changed, reports, nil)
					t.Logf("noticed: %s", first)
					if first == "" {
						mu.Lock()
						defer mu.Unlock()
						unnoticed = append(unnoticed, m.Name)
					}
				})
			}
		}
	})
	slices.Sort(unnoticed)
	for _, name := range unnoticed {
		fmt.Println("survives:", name)
	}
	result += fmt.Sprintf("iam: %d mutations, %d survivors, in report mode %t\n", count, len(unnoticed), reports)
	if !*all { // a mutation that wasn't tried counts as surviving where it is expected to
		unnoticed = slices.Compact(slices.Sorted(slices.Values(slices.Concat(unnoticed, survivors))))
	}
	if diff := cmp.Diff(survivors, unnoticed); diff != "" {
		t.Errorf("survivors (-want +got):\n%s", diff)
	}
}

// TestSurvivorsAreExplained looks for the statement and its removed part.
func TestSurvivorsAreExplained(t *testing.T) {
	text, err := os.ReadFile("../../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range survivors {
		_, cut, _ := strings.Cut(name, ": ")
		sid, lacking, _ := strings.Cut(cut, " without ")
		if heading := "**`" + sid + "` without `" + lacking + "`.**"; !strings.Contains(string(text), heading) {
			t.Errorf("docs/security.md doesn't explain %s", heading)
		}
	}
}

// synthesize returns the stacks of the company's policy. Its VPCs get the same ids in every run.
func synthesize(t *testing.T, reports bool) []cfn.Source {
	t.Helper()
	var policy string
	synctest.Test(t, func(t *testing.T) {
		c := build(t.Context(), reports, nil)
		defer c.Close()
		policy = c.policy()
	})
	workshop, err := local.Prepare(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	folder, err := workshop.Synthesize(t.Context(), policyName, []byte(policy),
		local.Settings{"sweepMinutes": sweepInterval.Minutes()})
	if err != nil {
		t.Fatal(err)
	}
	stacks, err := cfn.ReadAssembly(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i := range stacks {
		stacks[i].Template = permissionsOnly(t, stacks[i].Template)
	}
	return stacks
}
