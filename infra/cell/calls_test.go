package cell_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/function"
)

// TestRolesAllowTheCallsThatTheFunctionsMake follows the code, from the interface of each use case through
// ec2net to the client of EC2, so that a new call without its permission is noticed here and not in AWS.
func TestRolesAllowTheCallsThatTheFunctionsMake(t *testing.T) {
	network, planner := load(t, "aws/ec2net"), load(t, "domain/plan")
	plans := map[string]string{"connect": "Connect", "disconnect": "Disconnect"}
	template := stack(t, company, finance)
	for _, f := range function.All {
		function := string(f)
		t.Run(function, func(t *testing.T) {
			calls := map[string]bool{}
			for _, method := range methodsOf(t, function, "Network") {
				network.calls(method, calls, nil)
			}
			if entry := plans[function]; entry != "" {
				for change := range planner.changes(entry) {
					network.calls(network.applied(change), calls, nil)
				}
			}
			var want []string
			for call := range calls {
				want = append(want, "ec2:"+call)
			}
			// A call that creates with tags needs this too; its TagSpecifications show that.
			// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
			if calls["AuthorizeSecurityGroupIngress"] {
				want = append(want, "ec2:CreateTags")
			}
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), allowed(roleOf(t, template, function), "ec2:")); diff != "" {
				t.Errorf("EC2 actions (-the code calls +the role allows):\n%s", diff)
			}
		})
	}
}

// TestOnlyTheFunctionThatSendsMaySend: a function whose main imports internal/aws/queues sends messages, and no other
// may.
func TestOnlyTheFunctionThatSendsMaySend(t *testing.T) {
	template := stack(t, company, finance)
	calls := map[string]bool{}
	load(t, "aws/queues").calls("SendLater", calls, nil)
	if !calls["SendMessageBatch"] || len(calls) != 1 { // for which SQS asks the permission to SendMessage
		t.Errorf("queues calls %v", calls)
	}
	for _, f := range function.All {
		main, err := os.ReadFile(filepath.Join("../../functions", string(f), "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		sends := slices.Contains(allowed(roleOf(t, template, string(f)), "sqs:"), "sqs:SendMessage")
		if imports := bytes.Contains(main, []byte("internal/aws/queues")); sends != imports {
			t.Errorf("%s imports the queues: %v, and may send: %v", f, imports, sends)
		}
	}
}

func allowed(r role, service string) []string {
	var actions []string
	for _, g := range r {
		for _, action := range g.Action {
			if strings.HasPrefix(action, service) {
				actions = append(actions, action)
			}
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// source is the functions and interfaces of one package, by name.
type source struct {
	functions  map[string]*ast.FuncDecl
	interfaces map[string]*ast.InterfaceType
}

func load(t *testing.T, name string) source {
	t.Helper()
	files, err := filepath.Glob("../../internal/" + name + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of %s: %v", name, err)
	}
	s := source{map[string]*ast.FuncDecl{}, map[string]*ast.InterfaceType{}}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				s.functions[n.Name.Name] = n
			case *ast.TypeSpec:
				if i, ok := n.Type.(*ast.InterfaceType); ok {
					s.interfaces[n.Name.Name] = i
				}
			}
			return true
		})
	}
	return s
}

// methodsOf returns the methods of a package's interface, with those of the reads that internal/observe shares. It
// leaves out other embedded interfaces: the calls of Apply depend on the change.
func methodsOf(t *testing.T, name, of string) []string {
	t.Helper()
	var methods []string
	for _, field := range load(t, name).interfaces[of].Methods.List {
		for _, method := range field.Names {
			methods = append(methods, method.Name)
		}
		if embedded, ok := field.Type.(*ast.SelectorExpr); ok && embedded.X.(*ast.Ident).Name == "observe" {
			methods = append(methods, methodsOf(t, "observe", embedded.Sel.Name)...)
		}
	}
	return methods
}

// calls collects a function's calls to EC2's client, its own or through its package's functions.
func (s source) calls(function string, into map[string]bool, seen []string) {
	decl := s.functions[function]
	if decl == nil || slices.Contains(seen, function) {
		return
	}
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			call, inner := clientCall(selector)
			if call != "" {
				into[call] = true
			}
			s.calls(inner, into, append(seen, function))
		}
		return true
	})
}

// clientCall returns the EC2 call that n.client.X or ec2.NewXPaginator makes, or else the name of the
// function that may be one of the package.
func clientCall(selector *ast.SelectorExpr) (call, inner string) {
	name := selector.Sel.Name
	if of, ok := selector.X.(*ast.SelectorExpr); ok && of.Sel.Name == "client" && name != "Options" {
		return name, ""
	}
	// a field of the answer, o throughout, which may have a function's name
	if of, ok := selector.X.(*ast.Ident); ok && of.Name == "o" {
		return "", ""
	}
	if paged, ok := strings.CutSuffix(name, "Paginator"); ok {
		return strings.TrimPrefix(paged, "New"), ""
	}
	return "", name
}

// changes returns the types of change that a planner makes, itself or through its package's functions.
func (s source) changes(function string) map[string]bool {
	types, seen := map[string]bool{}, map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		decl := s.functions[name]
		if decl == nil || seen[name] {
			return
		}
		seen[name] = true
		ast.Inspect(decl.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if changeType, ok := n.Type.(*ast.Ident); ok {
					types[changeType.Name] = true
				}
			case *ast.Ident:
				visit(n.Name)
			}
			return true
		})
	}
	visit(function)
	return types
}

// applied returns the function that Apply calls for a type of change, or nothing.
func (s source) applied(changeType string) string {
	var function string
	ast.Inspect(s.functions["Apply"].Body, func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok || len(c.List) == 0 {
			return true
		}
		if of, ok := c.List[0].(*ast.SelectorExpr); !ok || of.Sel.Name != changeType {
			return true
		}
		ast.Inspect(c, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && function == "" {
				if method, ok := call.Fun.(*ast.SelectorExpr); ok {
					function = method.Sel.Name
				}
			}
			return true
		})
		return false
	})
	return function
}
